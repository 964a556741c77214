"""The shared row of a subscription's budgets (domain/pacing.py): written by whoever enqueues a herd and by whoever met
a refusal, read by dispatch. Two transactions for a herd and tick, however large it is and however many hosts there are;
none for a few starts.

It only spares turns: no trouble with it keeps a tick, a request or a step from its work, and behind it stand the meters
of each process (adapters/meters.py).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from backup_core.domain.errors import BackupError, RecordCorrupt, Throttled
from backup_core.domain.instance import BackupInstance
from backup_core.domain.pacing import Pace, is_of_a_start
from backup_core.domain.resource_ids import ANYWHERE, parse_group_id
from backup_core.ports import Insert, Ports, Put, Replace, until_committed

log = logging.getLogger("diskbackup.pacing")

SPARE = 10  # starts or requests at once that need no place: less than what is left of each budget beside a herd
HANDFUL = 3
_HANDFUL_KEPT = timedelta(seconds=5)
_REFILLED_AFTER = timedelta(seconds=20)  # an empty bucket of writes is full again


def places(ports: Ports, subscription: str, regions: Sequence[str], *, until: datetime) -> list[datetime | None]:
    """When each start of a disk in these regions may begin; None where that would be after `until`. What is promised to
    the caller nobody else gets, whether it is used or not. One read, one write; neither for a few."""
    now = ports.clock.now()
    if len(regions) <= SPARE:
        return [now] * len(regions)
    found: list[float | None] = []

    def promised(pace: Pace) -> Pace:
        changed, found[:] = pace.places(regions, now=now.timestamp(), until=until.timestamp())
        return changed

    if not _change(ports, subscription, promised) and not found:
        promised(Pace(subscription=subscription))
    return [None if at is None else now + timedelta(seconds=at - now.timestamp()) for at in found]


def is_herd_waiting(ports: Ports, subscription: str) -> bool:
    """Whether starts wait for places that they were promised. One read."""
    stored, now = ports.store.get(Pace, ANYWHERE, subscription.lower()), ports.clock.now().timestamp()
    return stored is not None and stored.value.line_end(now) > now


def in_line(ports: Ports, error: BackupError, instance: BackupInstance) -> BackupError:
    """`error`, if it says that a scheduled start found no budget, with the wait until its place at the end of the line:
    sooner it would only take the place of one that was promised it. Taken by the handful, for others come after it."""
    if not isinstance(error, Throttled):
        return error
    subscription, region = parse_group_id(instance.snapshot_group_id).subscription, instance.disk_location
    name, now = f"places {subscription} {region}".lower(), ports.clock.now()
    held: list[float] = list(ports.memory.kept(name, tuple, now=now) or ())

    def promised(pace: Pace) -> Pace:
        changed, found = pace.places([region] * HANDFUL, now=now.timestamp(), until=math.inf)
        held[:] = [at for at in found if at is not None]
        return changed

    if not held and not _change(ports, subscription, promised):
        return error
    ports.memory.keep(name, tuple(held[1:]), until=now + _HANDFUL_KEPT)
    wait = held[0] - now.timestamp() if held else 0.0
    return Throttled(error.message, retry_after_seconds=max(error.retry_after_seconds, wait))


def count_request(ports: Ports, subscription: str, costs: Mapping[str, float]) -> None:
    """Somebody waits for calls that dispatch did not plan. They stand in no line; of many at once the next herd must
    know, so every tenth of this process tells."""
    name, now = f"requests {subscription}".lower(), ports.clock.now()
    count = 1 + (ports.memory.kept(name, int, now=now) or 0)
    ports.memory.keep(name, count % SPARE, until=now + _REFILLED_AFTER)
    if count >= SPARE:
        spent = {meter: cost * count for meter, cost in costs.items()}
        _change(ports, subscription, lambda pace: pace.spent(spent, now=now.timestamp()))


def tell(ports: Ports) -> None:
    """Share what Azure's answers told this process lately, if it is news to the others."""
    for news in ports.cloud.news():
        if is_of_a_start(news.meter):
            log.info("pace.told subscription=%s meter=%s held=%.0fs", news.subscription, news.meter, news.held_seconds)
            _change(ports, news.subscription, partial(Pace.told, news=news, now=ports.clock.now().timestamp()))


def _change(ports: Ports, subscription: str, change: Callable[[Pace], Pace]) -> bool:
    """Apply `change` to the row as it stands; False when it could not be had. Of two at once, one reads again."""
    attempt = partial(_change_once, ports, Pace(subscription=subscription.lower()), change)
    try:
        until_committed(f"The pace of subscription '{subscription}'", attempt)
    except BackupError as error:
        log.warning("pace.unshared subscription=%s code=%s", subscription, error.code)
        return False
    return True


def _change_once(ports: Ports, new: Pace, change: Callable[[Pace], Pace]) -> None:
    try:
        stored = ports.store.get(Pace, ANYWHERE, new.subscription)
    except RecordCorrupt:
        ports.store.commit(ANYWHERE, [Put(change(new))])
        return
    known = stored.value if stored is not None else new
    changed = change(known)
    if changed != known:
        ports.store.commit(ANYWHERE, [Insert(changed) if stored is None else Replace(stored, changed)])
