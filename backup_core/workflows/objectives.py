"""Recovery-point objectives looked after: a row on the agenda for each instance that is in trouble, and for no other.

Such a row is due when its instance would breach. It is written when protection begins, when a backup fails, is put off
or does not end, and by the reconciler for whatever slipped through; a healthy instance has none and costs nothing. A
row that comes due is looked at once: it goes when the instance is well, and moves when it is not.

Leaves to others: what an objective is (domain/objective.py); recovery, which the backup that brings it tells itself.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.alert import Alert, Cause, alert_id
from backup_core.domain.errors import BackupError
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import JobError
from backup_core.domain.objective import IN_TROUBLE, ObjectiveState, Standing, marks_of, standing_of
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Ports, Replace, StateConflict, Stored
from backup_core.workflows import outbox
from backup_core.workflows.alerts import Alerted, fire

log = logging.getLogger("diskbackup.objectives")

CHECK_LIMIT = 2000  # rows one check looks at; the rest waits for the next
TOGETHER = 30  # alerts of one transaction: three rows each, of a hundred that it takes
CHECKED_EVERY = timedelta(hours=24)  # while a breach lasts: as often as its alert is told again
SLOW_ROUNDS = 10  # rounds of a step after which its backup counts as in trouble: about five minutes of looks


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveSummary:
    """`checked` rows were due; `breached` instances are over their objective."""

    checked: int
    breached: int
    limited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Breach:
    row: AgendaRow
    stored: Stored[BackupInstance]
    standing: Standing


def is_in_trouble(instance: BackupInstance, now: datetime) -> bool:
    """Whether somebody must look at it when it would breach. Until protection is configured there is nothing to look
    at: that step writes the row."""
    return instance.takes_scheduled_backups and standing_of(instance, now).state in IN_TROUBLE


def objective_row(vault: VaultKey, instance: BackupInstance) -> AgendaRow:
    """Due when `instance` breaches its objective, at the full second after."""
    breaches_at = marks_of(instance).breaches_at
    full = breaches_at.replace(microsecond=0)
    due_at = full if full == breaches_at else full + timedelta(seconds=1)
    return AgendaRow(kind=AgendaKind.OBJECTIVE, due_at=due_at, vault=vault, instance_name=instance.name)


def check_objective_later(ports: Ports, vault: VaultKey, instance: BackupInstance) -> None:
    """See to it that an instance in trouble is looked at when it would breach. Before the change that tells of the
    trouble is committed: a row too many goes by itself. Raises CloudUnavailable."""
    if any(opened.cause == Cause.RPO for opened in instance.alerts):
        return  # it has breached, and has its row
    row, name = objective_row(vault, instance), f"objective {vault.partition} {instance.name.lower()}"
    if ports.memory.recall(name) == row.due_at > ports.clock.now():
        return
    ports.store.schedule([row])
    ports.memory.note(name, row.due_at)


def check_objectives(ports: Ports) -> ObjectiveSummary:
    """Look at the instances whose row is due. Costs what is near its limit: a read each, and a thirtieth of a
    transaction for each breach. All that breach at once are told at once, as one digest."""
    rows = ports.store.due(AgendaKind.OBJECTIVE, until=ports.clock.now(), limit=CHECK_LIMIT)
    by_vault: dict[VaultKey, list[AgendaRow]] = defaultdict(list)
    for row in rows:
        by_vault[row.vault].append(row)
    breached, kept = 0, list[AgendaRow]()
    for vault, of_vault in by_vault.items():
        breaches = list(_check(ports, of_vault, kept))
        breached += len(breaches)
        _tell(ports, vault, breaches, kept)
    if rows:
        ports.store.schedule(kept, instead_of=rows)
        log.info("objectives.checked rows=%d breached=%d", len(rows), breached)
    limited = len(rows) == CHECK_LIMIT
    if limited:
        log.warning("objectives.limited limit=%d", CHECK_LIMIT)
    return ObjectiveSummary(checked=len(rows), breached=breached, limited=limited)


def _check(ports: Ports, rows: Iterable[AgendaRow], kept: list[AgendaRow]) -> Iterator[_Breach]:
    """The breaches among the rows of a vault, each instance once. What is in trouble still has its next row in
    `kept`."""
    seen: set[str] = set()
    for row in rows:
        stored = _instance(ports, row)
        if stored is None or row.instance_name.lower() in seen:
            continue
        seen.add(row.instance_name.lower())
        standing = standing_of(stored.value, ports.clock.now())
        if standing.state is ObjectiveState.BREACHED:
            yield _Breach(row=row, stored=stored, standing=standing)
        elif is_in_trouble(stored.value, ports.clock.now()):
            kept.append(objective_row(row.vault, stored.value))


def _instance(ports: Ports, row: AgendaRow) -> Stored[BackupInstance] | None:
    try:
        return ports.store.get(BackupInstance, row.vault, row.instance_name)
    except BackupError as error:
        if error.transient:
            raise
        log.error("objective.unreadable instance=%s vault=%s %s", row.instance_name, row.vault.resource_id, error)
        return None


def _tell(ports: Ports, vault: VaultKey, breaches: Sequence[_Breach], kept: list[AgendaRow]) -> None:
    """Raise the alerts of one vault. What changed meanwhile keeps its row for the next check. All are on their way to
    their digest before this ends, lest it leaves without some of them."""
    for start in range(0, len(breaches), TOGETHER):
        batch, now = breaches[start : start + TOGETHER], ports.clock.now()
        whole = _commit(ports, vault, batch)
        for each in batch:
            is_told = whole or _commit(ports, vault, [each])
            kept.append(replace(each.row, due_at=_look_again_at(each, now)) if is_told else each.row)
    if breaches:
        _deliver(ports, vault)


def _look_again_at(breach: _Breach, now: datetime) -> datetime:
    """A day after it was told of: two checks at once, of which one tells, put one row on the agenda."""
    opened = next((each for each in breach.stored.value.alerts if each.cause == Cause.RPO), None)
    again_at = opened.told_at + CHECKED_EVERY if opened is not None else now
    return (again_at if again_at > now else now + CHECKED_EVERY).replace(microsecond=0)


def _commit(ports: Ports, vault: VaultKey, batch: Sequence[_Breach]) -> bool:
    fired = [(each.stored, _alerted(ports, vault, each)) for each in batch]
    news = [(stored, alerted) for stored, alerted in fired if alerted.events]
    changes = [change for stored, alerted in news for change in (Replace(stored, alerted.instance), *alerted.changes)]
    events = [event for _, alerted in news for event in alerted.events]
    try:
        outbox.commit(ports, vault, changes, events)
    except StateConflict:
        return False
    return True


def _alerted(ports: Ports, vault: VaultKey, breach: _Breach) -> Alerted:
    instance, standing = breach.stored.value, breach.standing
    last = _last_error(ports, vault, instance)
    error = JobError(
        code=Cause.RPO,
        message=f"{standing.reason} {last.message}" if last else standing.reason,
        recommended_action=last.recommended_action if last else "Look at the instance's newest jobs; back it up now.",
    )
    return fire(ports, vault, instance, Cause.RPO, error=error)


def _last_error(ports: Ports, vault: VaultKey, instance: BackupInstance) -> JobError | None:
    """What the newest other alert of the instance tells."""
    opened = next((each for each in reversed(instance.alerts) if each.cause != Cause.RPO), None)
    if opened is None:
        return None
    key = alert_id(vault.partition, instance.name, opened.cause, opened.raised_at)
    stored = ports.store.get(Alert, vault, key)
    return stored.value.error if stored else None


def _deliver(ports: Ports, vault: VaultKey) -> None:
    try:
        outbox.deliver(ports, vault)
    except BackupError as error:
        log.warning("objectives.undelivered vault=%s code=%s; the outbox is looked at again", vault.name, error.code)
