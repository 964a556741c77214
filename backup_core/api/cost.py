"""Estimates of what backups cost: of a policy for a disk like one that is described, and of a protected disk with the
recovery points that it has. Ours; Azure has none.

What Azure tells nobody is asked of the caller: how much of the disk is used, and how much of that changes. Without it
the answer has bounds instead of an estimate. What was billed stands beside it where that is asked for and may be read.
An estimate changes nothing, and says where each of its numbers is from.

Leaves to others: the formula (domain/cost.py), prices (domain/prices.py), which points there are (workflows/cost.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.previews import DAYS, DAYS_AT_MOST, SUPPOSED, check_size, read_dates, read_draft, render_faults
from backup_core.api.questions import answered
from backup_core.api.wire import instant, iso_duration, read_optional_body
from backup_core.domain.continents import share_a_continent
from backup_core.domain.cost import GIB, Between, Churn, Estimate, Use, control_plane, estimate, transferred_gib
from backup_core.domain.counted_work import COUNTED_ON, GIGABYTE_SECONDS_OF_BOTH
from backup_core.domain.durations import parse_duration
from backup_core.domain.errors import BackupError, Fault, InvalidInput
from backup_core.domain.forecast import Lifetime
from backup_core.domain.instance import BackupInstance
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.prices import Meter, Price, find_price
from backup_core.domain.reading import Node, node_of, raise_faults
from backup_core.domain.resource_ids import plain_location
from backup_core.ports import Ports
from backup_core.workflows import catalogue
from backup_core.workflows.cost import (
    Billed,
    RegionCopies,
    billed_for,
    copies_of_instance,
    copies_to_come,
    longer_at_home,
    points_of_instance,
    points_to_come,
)

BYTES_AT_MOST = 64 << 40  # the largest managed disk (documented)
DISKS_AT_MOST = 100_000
PRICE_AT_MOST = 1_000.0  # of a GiB and month, or of a GiB that is transferred
COPY_HOURS, COPY_HOURS_AT_MOST = 4, 168
COPIES_AT_MOST = 100_000  # reckoned, in all regions together
MEMORIES = tuple(GIGABYTE_SECONDS_OF_BOTH)
REDUNDANCIES = (Meter.SNAPSHOTS_ZRS.value, Meter.SNAPSHOTS_LRS.value)  # the first where nothing else is asked for
_CURRENCY = re.compile(r"[A-Z]{3}")
_DOLLARS = "USD"
_DAY = timedelta(days=1)
FORMULA = (
    "bytes held = usedBytes + the sum, over recovery points that exist side by side, of what changed between the two",
    "changed in a gap = usedBytes x (1 - (1 - changedBytes / usedBytes) ^ (gap / changedWithin))",
    "least: nothing changes; most: all that is used changes between any two points",
    "GiB-months: GiB held, each for its part of the calendar's month; cost = GiB-months x price",
    "a point that goes hands the blocks that only it held to the next one, so that gaps are between points that exist",
    "copies in a region hold what as many points would; of each one is transferred what changed since the copy before",
)
_SUPPOSED = (
    *SUPPOSED,
    "What is used of the disk stays as much as it is; writes meet all of it alike.",
    "Snapshots are incremental, and billed as Standard HDD whatever the disk.",
    "A snapshot of a disk with sectors of 4,096 bytes holds 6 MiB even if nothing changed; that is not counted.",
    "A copy begins with its point; the snapshot that the next copy is told from stays at home until that is whole.",
    "Prices are list prices without discount, and nothing is free; the app lies in the region of the snapshots.",
    "Of the control plane, what these backups and their expiry add: not idle ticks, logs, events, private endpoints.",
)


def of_policy(ports: Ports, call: Call) -> Answer:
    """Of the draft in the body, or without one of the stored policy, for disks like the one that is described. Raises
    NotFound."""
    vault, name = catalogue.get_vault(ports, call.vault), call.names["policy"]
    node = node_of(read_optional_body(call))
    disks = node.number("disks", 1, DISKS_AT_MOST) or 1
    asked = _read(ports, node, name, lambda: catalogue.get_policy(ports, call.vault, name), size_bytes=0)
    points = points_to_come(asked.policy, asked.begin, asked.end)
    copies = copies_to_come(vault.copy_rules, asked.policy, asked.begin, asked.end)
    told = {"policyName": asked.policy.name, "backupInstanceId": None, "disks": disks, "billed": None}
    return Answer(status=200, body=told | _render(asked, points, copies, disks, vault.location))


def of_instance(ports: Ports, call: Call) -> Answer:
    """Of the recovery points that a protected disk has and will have, as things are or with the draft in the body in
    place of its policy. Raises NotFound."""
    instance = catalogue.get_instance(ports, call.vault, call.names["instance"])
    node = node_of(read_optional_body(call))
    asks_for_billed = node.flag("includeBilled")
    newest = instance.newest_point
    size = 0 if newest is None else newest.disk_bytes
    asked = _read(ports, node, instance.policy.name, lambda: instance.policy, size_bytes=size)
    points = points_of_instance(ports, call.vault, instance, asked.policy, asked.end)
    copies = copies_of_instance(ports, call.vault, instance, asked.policy, asked.end)
    billed, unknown = _billed(ports, call, instance) if asks_for_billed else (None, ())
    told = {
        "policyName": asked.policy.name,
        "backupInstanceId": f"{call.vault.resource_id}/backupInstances/{instance.name}",
        "disks": 1,
        "billed": billed,
    }
    rest = _render(asked, points, copies, 1, instance.disk_location)
    return Answer(status=200, body=told | rest | {"unknown": [*unknown, *rest["unknown"]]})


def _billed(ports: Ports, call: Call, instance: BackupInstance) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """What Azure has billed, or why that is not known: an estimate is there all the same."""
    vault = catalogue.get_vault(ports, call.vault).key
    try:
        found = answered(ports, call, lambda: billed_for(ports, vault, instance))
    except BackupError as error:
        said = f"{error.code}: {error.message} {error.recommended_action}".strip()
        return None, (f"What Azure has billed is not known: there is the estimate alone. {said}",)
    return _render_billed(found), ()


# ---------------------------------------------------------------- what is sent


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What both questions have in common. `faults` forbid the policy to be written so; `within` is the time for which
    the caller knows how much changes."""

    policy: BackupPolicy
    faults: Sequence[Fault]
    begin: datetime
    end: datetime
    dates: tuple[datetime, ...]
    use: Use
    changed_bytes: int | None
    within: timedelta
    location: str
    redundancy: str
    currency: str
    price: float | None
    copy_price: float | None
    transfer_price: float | None
    copy_lasts: timedelta
    memory_mb: int


def _read(ports: Ports, node: Node, name: str, stored: Callable[[], BackupPolicy], *, size_bytes: int) -> _Asked:
    """Raises InvalidInput, and what `stored` raises, which answers the policy where the body has no draft."""
    begin = ports.clock.now()
    span = timedelta(days=node.number("days", 1, DAYS_AT_MOST) or DAYS)
    dates = read_dates(node, begin, span) or (begin + span,)
    used, changed = (node.number(key, 0, BYTES_AT_MOST) for key in ("usedBytes", "changedBytes"))
    within = node.parsed("changedWithin", _read_within) or _DAY
    location, redundancy = node.location("location"), node.choice("redundancy", REDUNDANCIES)
    currency = node.text("currency") or _DOLLARS
    price, memory = node.decimal("pricePerGibMonth", 0, PRICE_AT_MOST), node.number("memoryMB")
    copy_price, transfer = (
        node.decimal(key, 0, PRICE_AT_MOST) for key in ("copyPricePerGibMonth", "transferPricePerGib")
    )
    copy_hours = node.number("copyHours", 1, COPY_HOURS_AT_MOST) or COPY_HOURS
    draft = read_draft(node, name)
    if draft is None and not node.has("properties"):
        draft = stored(), ()
    if draft is not None:
        check_size(node, draft[0], span)
    for key, fault in _faults(used, changed, size_bytes, currency, memory):
        node.fault(key, fault)
    raise_faults(node)
    assert draft is not None, "what cannot be read is a fault"
    return _Asked(
        policy=draft[0],
        faults=draft[1],
        begin=begin,
        end=begin + span,
        dates=dates,
        use=_use(size_bytes, used, changed, within),
        changed_bytes=changed,
        within=within,
        location=location,
        redundancy=redundancy or REDUNDANCIES[0],
        currency=currency,
        price=price,
        copy_price=copy_price,
        transfer_price=transfer,
        copy_lasts=timedelta(hours=copy_hours),
        memory_mb=MEMORIES[0] if memory is None else memory,
    )


def _faults(
    used: int | None, changed: int | None, size_bytes: int, currency: str, memory: int | None
) -> Iterator[tuple[str, str]]:
    """What no single field shows."""
    if used is None and not size_bytes:
        yield "usedBytes", "is needed: no recovery point tells how large the disk is"
    if used is not None and changed is not None and changed > used:
        yield "changedBytes", f"is {changed}, more than the {used} bytes in use: what is written twice has changed once"
    if not _CURRENCY.fullmatch(currency):
        yield "currency", "must be three capital letters, like USD"
    if memory is not None and memory not in MEMORIES:
        yield "memoryMB", f"must be one of {', '.join(map(str, MEMORIES))}: no other was counted"


def _use(size_bytes: int, used: int | None, changed: int | None, within: timedelta) -> Use:
    if used is None or changed is None:
        return Use(size_bytes=size_bytes, used_bytes=used)
    churn = Churn(used_bytes=used, changed_bytes=changed, within=within)
    return Use(size_bytes=size_bytes, used_bytes=used, churn=churn)


def _read_within(text: str) -> timedelta:
    seconds = parse_duration(text).approximate_seconds
    if not seconds:
        raise ValueError(f"{text!r} is no time at all")
    return timedelta(seconds=seconds)


# ---------------------------------------------------------------- what is answered


def _render(
    asked: _Asked, points: Sequence[Lifetime], copies: Sequence[RegionCopies], disks: int, location: str
) -> dict[str, Any]:
    found = _estimated(asked, points)
    region = asked.location or plain_location(location)
    price = _price(asked, region, asked.price)
    control = _render_control_plane(asked, found, disks, region)
    _check_copies(copies)
    regions = [_render_copies(asked, each, disks, region) for each in copies]
    longer = _estimated(asked, longer_at_home(points, copies, asked.copy_lasts)) if copies else found
    return {
        "recoveryPoints": sum(point.taken_at <= asked.begin for point in points),
        "startTime": instant(found.begin),
        "endTime": instant(found.end),
        "location": region,
        "inputs": list(_render_inputs(asked)),
        **_render_course(asked, found, disks, price),
        "price": price,
        "copies": regions,
        "longerAtHome": _render_held(_gib_months(longer).less(_gib_months(found)).times(disks), price),
        "controlPlane": control,
        "formula": list(FORMULA),
        "assumptions": list(_SUPPOSED),
        "unknown": [*_unknown(asked, region, price, control), *_unknown_of_copies(asked, region, regions)],
        "faults": render_faults(asked.faults),
    }


def _check_copies(copies: Sequence[RegionCopies]) -> None:
    """Raises InvalidInput for more than can be reckoned while somebody waits."""
    count = sum(len(region.copies) for region in copies)
    if count > COPIES_AT_MOST:
        message = f"by the copy rules there would be {count:,} copies, of which {COPIES_AT_MOST:,} are reckoned at most"
        raise InvalidInput([Fault(target="days", message=f"{message}; ask for fewer days")])


def _estimated(asked: _Asked, points: Sequence[Lifetime]) -> Estimate:
    return estimate(points, asked.use, asked.begin, asked.end, dates=asked.dates)


def _gib_months(found: Estimate) -> Between:
    return found.between(lambda course: course.gib_months)


def _render_course(asked: _Asked, found: Estimate, disks: int, price: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "dates": [_render_date(found, number, disks) for number in range(len(asked.dates))],
        "months": [_render_month(found, number, disks, price) for number in range(len(found.least.months))],
        "total": _render_held(_gib_months(found).times(disks), price),
    }


def _render_copies(asked: _Asked, region: RegionCopies, disks: int, home: str) -> dict[str, Any]:
    location = plain_location(region.location)
    found = _estimated(asked, [copy.lifetime for copy in region.copies])
    price = _price(asked, location, asked.copy_price)
    transfer, rate = transferred_gib(region.copies, asked.use).times(disks), _transfer_price(asked, home, location)
    per_gib = rate["perGib"]
    cost = None if per_gib is None else _render_between(transfer.times(per_gib))
    return {
        "copyRuleName": region.rule_name or None,
        "location": location,
        "recoveryPointCopies": sum(not copy.is_to_come for copy in region.copies),
        **_render_course(asked, found, disks, price),
        "price": price,
        "transfer": {"gib": _render_between(transfer), "cost": cost, **rate},
    }


def _transfer_price(asked: _Asked, home: str, location: str) -> dict[str, Any]:
    """Of a GiB that goes from the disk's region to the copies'; nulls where nobody has read it."""
    if asked.transfer_price is not None:
        return {"perGib": asked.transfer_price, "readOn": None, "origin": "given in the request"}
    known = find_price(Meter.TRANSFER, home, asked.currency) if share_a_continent(home, location) else None
    return {"perGib": known.of_one if known else None, **_read_when(known)}


_READ_WITHIN = "Within a continent an operator reads it by `make prices REGIONS={home} CURRENCY={currency}`."


def _unknown_of_copies(asked: _Asked, home: str, regions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for region in regions:
        location = region["location"]
        if region["price"]["perGibMonth"] is None:
            yield (
                f"The price of {asked.redundancy} snapshots in {location}, where copies are kept, nobody has read in "
                f"{asked.currency}: give copyPricePerGibMonth, or have an operator run `make prices REGIONS={location} "
                f"CURRENCY={asked.currency}`."
            )
        if region["transfer"]["perGib"] is None:
            read = _READ_WITHIN if share_a_continent(home, location) else ""
            yield (
                f"No price of the transfer from {home} to {location} is known in {asked.currency}, and its cost is in "
                f"no sum: give transferPricePerGib. {read.format(home=home, currency=asked.currency)}"
            ).strip()


def _render_inputs(asked: _Asked) -> Iterator[Mapping[str, Any]]:
    """Each number that the formula takes, and where it is from."""
    use, given = asked.use, "given in the request"
    if use.used_bytes is None:
        yield {"name": "usedBytes", "value": None, "source": f"not known; at most the disk's {use.size_bytes} bytes"}
    else:
        yield {"name": "usedBytes", "value": use.used_bytes, "source": given}
    yield {
        "name": "changedBytes",
        "value": asked.changed_bytes,
        "source": "not known" if asked.changed_bytes is None else f"{given}, within {iso_duration(asked.within)}",
    }


def _render_date(found: Estimate, number: int, disks: int) -> dict[str, Any]:
    """Points are counted for one disk, as limits are."""
    held = found.least.dates[number]
    gib = found.between(lambda course: course.dates[number].size / GIB).times(disks)
    return {"time": instant(held.at), "recoveryPoints": held.points, "gib": _render_between(gib)}


def _render_month(found: Estimate, number: int, disks: int, price: Mapping[str, Any]) -> dict[str, Any]:
    month = found.least.months[number]
    held = found.between(lambda course: course.months[number].gib_months).times(disks)
    return {"startTime": instant(month.begin), "endTime": instant(month.end), **_render_held(held, price)}


def _render_held(gib_months: Between, price: Mapping[str, Any]) -> dict[str, Any]:
    rate = price["perGibMonth"]
    cost = None if rate is None else _render_between(gib_months.times(rate))
    return {"gibMonths": _render_between(gib_months), "cost": cost}


def _render_between(numbers: Between) -> dict[str, float | None]:
    likely = None if numbers.estimate is None else _rounded(numbers.estimate)
    return {"least": _rounded(numbers.least), "estimate": likely, "most": _rounded(numbers.most)}


def _rounded(number: float) -> float:
    return round(number, 6)


def _render_billed(found: Billed) -> dict[str, Any]:
    return {
        "from": found.first.isoformat(),
        "to": found.last.isoformat(),
        "gibMonths": _rounded(sum(day.gib_months for day in found.days)),
        "cost": _rounded(sum(day.cost for day in found.days)),
        "currency": found.days[-1].currency if found.days else None,
        "days": [
            {"day": day.day.isoformat(), "gibMonths": _rounded(day.gib_months), "cost": _rounded(day.cost)}
            for day in found.days
        ],
        "askedTime": instant(found.asked_at),
    }


def _price(asked: _Asked, region: str, given: float | None) -> dict[str, Any]:
    """Of a GiB and month of snapshots; nulls where nobody has read it."""
    known = find_price(Meter(asked.redundancy), region, asked.currency)
    told = {"redundancy": asked.redundancy, "currency": asked.currency}
    if given is not None:
        return told | {"perGibMonth": given, "readOn": None, "origin": "given in the request"}
    return told | {"perGibMonth": known.of_one if known else None, **_read_when(known)}


def _read_when(price: Price | None) -> dict[str, str | None]:
    return {"readOn": price.read_on if price else None, "origin": price.origin.value if price else None}


def _render_control_plane(asked: _Asked, found: Estimate, disks: int, region: str) -> dict[str, Any]:
    used = control_plane(found.taken * disks, found.gone * disks, memory_mb=asked.memory_mb)
    parts = [
        _render_part(name, count, find_price(meter, region, asked.currency))
        for name, count, meter in (
            ("executions", used.executions, Meter.EXECUTIONS),
            ("gigabyteSeconds", used.gigabyte_seconds, Meter.EXECUTION_TIME),
            ("storageTransactions", used.storage, Meter.TABLE_OPERATIONS),
        )
    ]
    costs = [part["cost"] for part in parts]
    return {
        "backups": found.taken * disks,
        "expiredRecoveryPoints": found.gone * disks,
        "armCalls": round(used.arm),
        "memoryMB": asked.memory_mb,
        "countedOn": COUNTED_ON,
        "parts": parts,
        "currency": asked.currency,
        "cost": None if None in costs else _rounded(sum(costs)),
    }


def _render_part(name: str, count: float, price: Price | None) -> dict[str, Any]:
    return {
        "of": name,
        "count": round(count),
        "price": price.amount if price else None,
        "for": price.units if price else None,
        **_read_when(price),
        "cost": _rounded(count * price.of_one) if price else None,
    }


def _unknown(asked: _Asked, region: str, price: Mapping[str, Any], control: Mapping[str, Any]) -> Iterator[str]:
    """What is missing, and how to get it."""
    within, gap = asked.within, asked.policy.schedule.min_gap
    if asked.use.churn is None:
        yield (
            "Azure tells neither how much of a disk is used nor how much of that changes: there are bounds and no "
            "estimate until usedBytes and changedBytes are given."
        )
    elif within > gap:
        yield (
            f"What changes is known for {iso_duration(within)}, and recovery points may lie {iso_duration(gap)} apart: "
            "of a disk that writes the same blocks again and again they hold more than is estimated. Give what changes "
            "within as short a time."
        )
    if price["perGibMonth"] is None:
        yield (
            f"The price of {asked.redundancy} snapshots in {region} in {asked.currency} nobody has read: give "
            f"pricePerGibMonth, or have an operator run `make prices REGIONS={region} CURRENCY={asked.currency}`."
        )
    missing = [part["of"] for part in control["parts"] if part["price"] is None]
    if missing:
        yield f"Prices of {', '.join(missing)} in {region} in {asked.currency} nobody has read (`make prices`)."
