"""Events leave through the outbox: recorded with the change that they tell of, delivered after it, in order, at least
once.

Whoever commits a change delivers what its vault has to tell, at most every six seconds for each process; under load
one delivery carries the events of many. Of a herd, whose backups end in many processes, only some deliver: dispatch
says which. A row on the agenda, written before the change, sees to what a dead host or a
silent topic left undelivered. Alerts are set aside for a moment, so that fifty of one cause leave as one digest.
A topic that is down delays events and nothing else: nobody waits for it twice in half a minute.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil

from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.errors import BackupError
from backup_core.domain.events import MOST_ITEMS, Event
from backup_core.domain.messages import DeliverEvents
from backup_core.domain.naming import event_id
from backup_core.domain.outbox import OUTBOX, DigestItem, OutboxEvent, RefusedEvent, digest_group, outbox_key
from backup_core.domain.resource_ids import ANYWHERE, VAULT, VaultKey, parse_resource_id
from backup_core.ports import Change, Insert, Ports, Put, Refusal, Remove, Replace, StateConflict, Stored, every
from backup_core.workflows import announcements

log = logging.getLogger("diskbackup.outbox")

EVENTS = "events"  # the steps that an agenda row of the outbox may name
DIGEST = "digest"
WAKE_AFTER = timedelta(seconds=20)
WAKE_MARGIN = timedelta(seconds=8)  # longer than any commit takes
DELIVER_EVERY = timedelta(seconds=6)
QUIET_AFTER_FAILURE = timedelta(seconds=30)
DIGEST_AFTER = timedelta(seconds=20)
ROUND = 30  # events of one delivery: removed, or moved, in one transaction
ROUNDS = 25  # deliveries of one call: a thousand events
MORE = ROUND + 1  # what a call answers that came to its end before the outbox did
GATHERINGS = 5  # calls before a digest leaves, so that what was told with its first alert is in it
DIGEST_PAGE = 90
LOOK_ONCE_MORE_AFTER = timedelta(minutes=1)  # longer than clocks differ
TOLD_KEPT = timedelta(minutes=15)  # longer than a host may freeze and go on: the platform kills a run of three minutes
OVERDUE_AFTER = timedelta(minutes=2)


def rows_of(events: Sequence[Event], at: datetime) -> list[Change]:
    """The rows that carry `events` in the transaction of their change. An event that says `cause` goes to a digest."""
    return [
        Put(OutboxEvent(key=outbox_key(at, position, event), event=event, cause=str(event.content.get("cause") or "")))
        for position, event in enumerate(events)
    ]


def record(ports: Ports, vault: VaultKey, events: Sequence[Event]) -> None:
    """Events that no change of ours goes with. Raises CloudUnavailable."""
    commit(ports, vault, [], events)


def commit(
    ports: Ports,
    vault: VaultKey,
    changes: Sequence[Change],
    events: Sequence[Event],
    *,
    quiet_until: datetime | None = None,
) -> tuple[str, ...]:
    """Make all changes and record their events, or none; then deliver, but for who is to be quiet: others of its herd
    do (`wake_after`). Answers and raises as StateStore.commit does."""
    now = ports.clock.now()
    rows = rows_of(events, now)
    delivers = bool(rows) and (quiet_until is None or now >= quiet_until)
    if delivers:
        ensure_wake(ports, vault)
    etags = ports.store.commit(vault, [*changes, *rows]) if rows or changes else ()
    if delivers:
        deliver_soon(ports, vault)
    return etags[: len(changes)]


def wake_after(ports: Ports, last: Mapping[VaultKey, datetime]) -> Mapping[VaultKey, datetime]:
    """See to it that what a herd records until its last start has ended is delivered; `last` is when that begins, by
    vault. Answers until when those who record may be quiet. Raises CloudUnavailable."""
    rows = [wake_row(vault, at + WAKE_AFTER) for vault, at in last.items()]
    ports.store.schedule(rows)
    return {row.vault: row.due_at - WAKE_MARGIN for row in rows}


def ensure_wake(ports: Ports, vault: VaultKey) -> None:
    """See to it that somebody looks at the vault's outbox soon after what is about to be committed."""
    now, name = ports.clock.now(), f"wake {vault.partition}"
    due_at = ports.memory.recall(name)
    if due_at is None or due_at - now < WAKE_MARGIN:
        row = wake_row(vault, now + WAKE_AFTER)
        ports.store.schedule([row])
        ports.memory.note(name, row.due_at)


def wake_row(vault: VaultKey, due_at: datetime) -> AgendaRow:
    return AgendaRow(
        kind=AgendaKind.WATCH,
        due_at=due_at.replace(microsecond=0),
        vault=vault,
        instance_name=OUTBOX,
        subject=EVENTS,
        content={"step": EVENTS},
    )


def deliver_soon(ports: Ports, vault: VaultKey) -> None:
    """Deliver, unless this process did a moment ago: then by a message, when that moment is over. Never raises: the
    change is made, and its events are safe.

    What stays gets a wake of its own: the one that stood on the agenda before the change may be over, by the clock of
    another host or because the change took its time.
    """
    now, name = ports.clock.now(), f"deliver {vault.partition}"
    not_before = ports.memory.recall(name)
    if not_before is not None and now < not_before:
        _deliver_later(ports, vault, not_before - now)
        return
    ports.memory.note(name, now + DELIVER_EVERY)
    try:
        deliver_or_wake(ports, vault)
    except BackupError as error:
        log.warning("events.deferred vault=%s code=%s", vault.resource_id, error.code)


def deliver_or_wake(ports: Ports, vault: VaultKey) -> None:
    """Deliver what there is, and see to what stays. Raises CloudUnavailable when the storage does not answer."""
    try:
        left = deliver(ports, vault)
    except BackupError as error:
        log.warning("events.deferred vault=%s code=%s", vault.resource_id, error.code)
        left = MORE
    if left:
        ports.store.schedule([wake_row(vault, _next_round(ports.clock.now()))])


def _next_round(now: datetime) -> datetime:
    """Half a minute or more from now, the same for all who ask at about the same time: their rows are one."""
    rounds = (now + QUIET_AFTER_FAILURE).timestamp() / QUIET_AFTER_FAILURE.total_seconds()
    return datetime.fromtimestamp(ceil(rounds) * QUIET_AFTER_FAILURE.total_seconds(), UTC)


def _deliver_later(ports: Ports, vault: VaultKey, wait: timedelta) -> None:
    """One message for all changes until it is due: it comes after them, by the queue's own clock."""
    now, name = ports.clock.now(), f"deliver later {vault.partition}"
    coming = ports.memory.recall(name)
    if coming is not None and now < coming:
        return
    delay = timedelta(seconds=ceil(wait.total_seconds()))  # queues count in seconds
    try:
        ports.queue.send(DeliverEvents(vault=vault), delay=delay)
    except BackupError as error:
        log.warning("events.deferred vault=%s code=%s", vault.resource_id, error.code)
    else:
        ports.memory.note(name, now + wait)


def deliver(ports: Ports, vault: VaultKey) -> int:
    """Deliver what the vault's outbox holds, oldest first; answers how many events stay, as far as one can tell.

    Two deliveries at once send doubles, never out of order: each begins at the oldest event that is left. Raises
    CloudUnavailable when the storage does not answer.
    """
    for _ in range(ROUNDS):
        page = ports.store.page(OutboxEvent, vault, limit=ROUND)
        if not page.items:
            return 0
        added = _deliver_round(ports, vault, page.items)
        if added is None:
            return len(page.items)
        if page.next_token is None and not added:
            return 0
    return MORE


def _deliver_round(ports: Ports, vault: VaultKey, rows: Sequence[Stored[OutboxEvent]]) -> int | None:
    """Set alerts aside for their digests and give the others to the topic; answers how many events that led to, None
    when the topic took nothing."""
    set_aside = [stored for stored in rows if stored.value.cause]
    for stored in set_aside:
        _set_aside(ports, vault, stored.value)
    _remove(ports, vault, set_aside, [])
    plain = [stored for stored in rows if not stored.value.cause]
    try:
        refusals = ports.events.publish([stored.value.event for stored in plain]) if plain else ()
    except BackupError as error:
        log.warning("events.undelivered vault=%s count=%d code=%s", vault.resource_id, len(plain), error.code)
        quiet_until = ports.clock.now() + QUIET_AFTER_FAILURE
        ports.memory.note(f"deliver {vault.partition}", quiet_until)
        ports.memory.note(f"quiet {vault.partition}", quiet_until)
        return None
    now = ports.clock.now()
    kept = [each for each in (_refused(stored.value, refusals, now) for stored in plain) if each is not None]
    told = [announcements.event_refused(vault, each) for each in kept if each.event.type != announcements.EVENT_REFUSED]
    _remove(ports, vault, plain, [*map(Put, kept), *rows_of(told, now)])
    return len(told)


def _remove(ports: Ports, vault: VaultKey, rows: Sequence[Stored[OutboxEvent]], kept: Sequence[Change]) -> None:
    """Forget what is on its way. What another delivery removed meanwhile is looked at again in the next round."""
    if not rows:
        return
    changes: list[Change] = [*map(Remove, rows), *kept]
    try:
        ports.store.commit(vault, changes)
    except StateConflict:
        log.info("events.delivered_twice vault=%s", vault.resource_id)


def _refused(row: OutboxEvent, refusals: Sequence[Refusal], now: datetime) -> RefusedEvent | None:
    refusal = next((each for each in refusals if each.event.id == row.event.id), None)
    if refusal is None:
        return None
    log.error("event.refused id=%s type=%s code=%s %s", row.event.id, row.event.type, refusal.code, refusal.message)
    return RefusedEvent(key=row.key, event=row.event, code=refusal.code, message=refusal.message[:1000], refused_at=now)


def _set_aside(ports: Ports, vault: VaultKey, row: OutboxEvent) -> None:
    """Put an alert beside the others of its cause. The look at them is on the agenda before it is among them."""
    group = digest_group(vault.subscription, row.event.type, row.cause)
    now = ports.clock.now()
    name = f"digest {group}"
    due_at = ports.memory.recall(name)
    if due_at is None or due_at - now < WAKE_MARGIN:
        due_row = digest_row(vault, group, now + DIGEST_AFTER)
        ports.store.schedule([due_row])
        ports.memory.note(name, due_row.due_at)
    item = DigestItem(group=group, key=f"{row.key}-{vault_mark(vault)}", cause=row.cause, event=row.event)
    try:
        ports.store.commit(vault, [Insert(item)])
    except StateConflict:
        log.info("alert.set_aside_twice id=%s", row.event.id)


def vault_mark(vault: VaultKey) -> str:
    """What tells items of two vaults of a subscription apart that bear one time."""
    return digest_group(vault.subscription, vault.group.lower(), vault.name.lower())[:8]


def digest_row(vault: VaultKey, group: str, due_at: datetime) -> AgendaRow:
    return AgendaRow(
        kind=AgendaKind.WATCH,
        due_at=due_at.replace(microsecond=0),
        vault=vault,
        instance_name=OUTBOX,
        subject=group,
        content={"step": DIGEST, "group": group},
    )


def wake(ports: Ports, row: AgendaRow) -> AgendaRow | None:
    """Do what an agenda row of the outbox says; answers the row that takes its place while something stays."""
    if row.content.get("step") == DIGEST:
        _gather(ports, row.vault)
        return _digest_again(ports, row, send_digests(ports, row.vault, str(row.content["group"])))
    now, quiet_until = ports.clock.now(), ports.memory.recall(f"quiet {row.vault.partition}")
    is_quiet = quiet_until is not None and now < quiet_until
    left = MORE if is_quiet else deliver(ports, row.vault)
    return wake_row(row.vault, _next_round(now)) if left else None


def _digest_again(ports: Ports, row: AgendaRow, digested: DigestRound) -> AgendaRow | None:
    """A row on which other hosts may count goes only after a look that found nothing, and one more later: their clocks
    may be behind, and what they set aside may still have been on its way."""
    was_quiet = bool(row.content.get("was_quiet"))
    is_quiet = not digested.left and not digested.told
    if is_quiet and was_quiet and not digested.kept:
        return None
    delay = QUIET_AFTER_FAILURE if digested.left else TOLD_KEPT if is_quiet and was_quiet else LOOK_ONCE_MORE_AFTER
    return replace(row, due_at=_in(ports, delay), content={**row.content, "was_quiet": not digested.left})


def _in(ports: Ports, delay: timedelta) -> datetime:
    return (ports.clock.now() + delay).replace(microsecond=0)


def _gather(ports: Ports, vault: VaultKey) -> None:
    """Set aside what still waits in the outbox: alerts of one cause that came together leave together."""
    for _ in range(GATHERINGS):
        if deliver(ports, vault) < MORE:
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestRound:
    """What came of a group of alerts: how many were told, wait on, and are kept though they were told."""

    told: int = 0
    left: int = 0
    kept: int = 0


def send_digests(ports: Ports, vault: VaultKey, group: str) -> DigestRound:
    """Tell all alerts of a group in one event. More than MOST_ITEMS need another."""
    items = _items(ports, vault, group)
    fresh = [stored for stored in items if not stored.value.digest][:MOST_ITEMS]
    if fresh:
        identity = digest([stored.value for stored in fresh]).id
        if not _replace(ports, vault, [(stored, replace(stored.value, digest=identity)) for stored in fresh]):
            return DigestRound(left=len(fresh))
        items = _items(ports, vault, group)
    now = ports.clock.now()
    waiting = [stored for stored in items if stored.value.digest and stored.value.told_at is None]
    left = len(items) - len(waiting) - sum(stored.value.told_at is not None for stored in items)
    for identity in dict.fromkeys(stored.value.digest for stored in waiting):
        batch = [stored for stored in waiting if stored.value.digest == identity]
        if not _tell(ports, group, identity, [stored.value for stored in batch]):
            return DigestRound(left=len(waiting) + left)
        if not _replace(ports, vault, [(stored, replace(stored.value, told_at=now)) for stored in batch]):
            log.info("digest.sent_twice group=%s", group)
    kept = [stored for stored in items if stored.value.told_at is not None]
    old = [stored for stored in kept if stored.value.told_at is not None and stored.value.told_at + TOLD_KEPT <= now]
    _replace(ports, vault, [(stored, None) for stored in old])
    return DigestRound(told=len(waiting), left=left, kept=len(kept) - len(old) + len(waiting))


def _items(ports: Ports, vault: VaultKey, group: str) -> list[Stored[DigestItem]]:
    return list(every(ports, DigestItem, vault, group))


def _tell(ports: Ports, group: str, identity: str, items: Sequence[DigestItem]) -> bool:
    try:
        refusals = ports.events.publish([replace(digest(items), id=identity)])
    except BackupError as error:
        log.warning("digest.undelivered group=%s count=%d code=%s", group, len(items), error.code)
        return False
    for refusal in refusals:
        log.error("digest.refused id=%s code=%s %s", refusal.event.id, refusal.code, refusal.message)
    return True


def _replace(ports: Ports, vault: VaultKey, rows: Sequence[tuple[Stored[DigestItem], DigestItem | None]]) -> bool:
    """Write items anew, or remove them (None); False when another changed one first: it looks again later."""
    changes: list[Change] = [Remove(stored) if value is None else Replace(stored, value) for stored, value in rows]
    try:
        for start in range(0, len(changes), DIGEST_PAGE):
            ports.store.commit(vault, changes[start : start + DIGEST_PAGE])
    except StateConflict:
        return False
    return True


def mend(ports: Ports, vaults: Iterable[VaultKey]) -> int:
    """Put rows on the agenda for what has waited long, whatever became of the ones that should have seen to it: for the
    reconciler. Answers how many."""
    now, rows = ports.clock.now(), []
    for vault in vaults:
        page = ports.store.page(OutboxEvent, vault, limit=1)
        if any(stored.value.recorded_at + OVERDUE_AFTER <= now for stored in page.items):
            rows.append(wake_row(vault, now))
    groups: dict[str, str] = {}
    for stored in every(ports, DigestItem, ANYWHERE):
        if stored.value.told_at is None and stored.value.recorded_at + OVERDUE_AFTER <= now:
            groups.setdefault(stored.value.group, stored.value.event.source)
    rows += [digest_row(_vault_of(source), group, now) for group, source in groups.items()]
    ports.store.schedule(rows)
    if rows:
        log.warning("events.overdue count=%d: they are seen to now", len(rows))
    return len(rows)


def _vault_of(source: str) -> VaultKey:
    vault = parse_resource_id(source, VAULT)
    return VaultKey(subscription=vault.subscription, group=vault.group, name=vault.name)


def digest(items: Sequence[DigestItem]) -> Event:
    """One event for many alerts: the first one's words, and all affected items. The same items make the same id."""
    first = items[0].event
    content = {
        **first.content,
        "backupInstanceId": first.content.get("backupInstanceId") if len(items) == 1 else None,
        "dataSourceId": first.content.get("dataSourceId") if len(items) == 1 else None,
        "affectedItems": [name for item in items for name in item.event.content["affectedItems"]],
        "affectedItemCount": sum(int(item.event.content["affectedItemCount"]) for item in items),
        "alertIds": [each for item in items for each in item.event.content["alertIds"]],
    }
    one_vault = len({item.event.source for item in items}) == 1
    source = first.source if one_vault else first.source.partition("/resourceGroups/")[0]
    subject = first.subject if len(items) == 1 else f"alerts/{items[0].cause}"
    identity = event_id(*sorted(item.event.id for item in items)) if len(items) > 1 else first.id
    return replace(first, id=identity, source=source, subject=subject, content=content)
