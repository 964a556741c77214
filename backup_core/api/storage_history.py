"""How much is held, day by day: of a vault, or of all that the caller may see. Ours; Azure Backup has none.

Sums tell of whole vaults, as those of health do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.reports import read_period
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.storage_day import CURRENCY, SUPPOSED, Holding, StorageDay, together
from backup_core.ports import Ports
from backup_core.workflows import catalogue
from backup_core.workflows.storage_days import storage_days

ROWS = 20_000  # that one answer adds up: a year of fifty vaults


def of_vault(ports: Ports, call: Call) -> Answer:
    vault = catalogue.get_vault(ports, call.vault).key
    return _answer(ports, call, lambda key: key == vault)


def of_all(ports: Ports, call: Call) -> Answer:
    return _answer(ports, call, call.may_see)


def _answer(ports: Ports, call: Call, is_told: Callable[[VaultKey], bool]) -> Answer:
    first, last = _read(call, ports.clock.now().date())
    by_day: defaultdict[str, dict[VaultKey, Holding]] = defaultdict(dict)
    for row in _bounded(storage_days(ports, first, last)):
        if is_told(row.vault):
            by_day[row.day][row.vault] = row.holding
    _complete_today(by_day, ports.clock.now().date())
    body = {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "currency": CURRENCY,
        "value": [_render(day, by_day[day]) for day in sorted(by_day)],
        "assumptions": list(SUPPOSED),
    }
    return Answer(status=200, body=body)


def _read(call: Call, today: date) -> tuple[date, date]:
    """Raises InvalidInput that names every fault."""
    faults: list[Fault] = []
    begin, end = read_period(call, datetime.combine(today, time.min, UTC), faults)
    if begin > end:
        faults.append(Fault(target="from", message="must not be after the end of the period"))
    if faults:
        raise InvalidInput(faults)
    return begin.date(), min(end.date(), today)


def _bounded(rows: Iterator[StorageDay]) -> Iterator[StorageDay]:
    for number, row in enumerate(rows):
        if number == ROWS:
            message = f"the period holds more than {ROWS:,} days of vaults; ask for a shorter one"
            raise InvalidInput([Fault(target="from", message=message, code="ReportTooLarge")])
        yield row


def _complete_today(by_day: Mapping[str, dict[VaultKey, Holding]], today: date) -> None:
    """A vault that is not counted yet today is as it was yesterday: no trend ends in a fall that is none."""
    yesterday = by_day.get((today - timedelta(days=1)).isoformat(), {})
    now = by_day.get(today.isoformat())
    if now:
        now.update({vault: held for vault, held in yesterday.items() if vault not in now})


def _render(day: str, holdings: Mapping[VaultKey, Holding]) -> dict[str, Any]:
    held = together(holdings.values())
    return {
        "day": day,
        "vaults": len(holdings),
        "backupInstances": held.instances,
        "recoveryPoints": held.points,
        **render_held(held),
        "recoveryPointCopies": held.copies,
        "estimatedCopiesGib": round(held.copies_gib, 3),
        "estimatedCopiesMonthlyCost": _cost(held.copies_monthly_cost),
    }


def _cost(cost: float | None) -> float | None:
    return None if cost is None else round(cost, 4)


def render_held(held: Holding | None) -> dict[str, float | None]:
    """The estimate alone; nulls where there is none."""
    return {
        "estimatedGib": None if held is None else round(held.gib, 3),
        "estimatedMonthlyCost": _cost(held.monthly_cost) if held is not None else None,
    }
