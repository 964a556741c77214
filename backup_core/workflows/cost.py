"""When recovery points come and go, for an estimate of what they cost; and what Azure has billed for them, which each
process asks at most once a day for an instance. Records are read, nothing is changed.

Leaves to others: what points hold together (domain/cost.py), and what that costs (api/cost.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

from backup_core.domain.copying import CopyRule, CopyState, PointCopy
from backup_core.domain.cost import CopyLifetime
from backup_core.domain.durations import parse_duration
from backup_core.domain.forecast import ForecastPoint, Lifetime, forecast_points, lifetimes
from backup_core.domain.hold import all_holds, standing
from backup_core.domain.instance import BackupInstance
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.recovery_point import TAG_PREFIX, PointState
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.surroundings import BilledDay
from backup_core.ports import Ports
from backup_core.workflows.catalogue import find_vault
from backup_core.workflows.copying import read_copies
from backup_core.workflows.once_a_day import A_DAY
from backup_core.workflows.previews import explained, points_of

BILLED_DAYS = 30
_EARLIEST, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def points_of_instance(
    ports: Ports, vault: VaultKey, instance: BackupInstance, policy: BackupPolicy, until: datetime
) -> tuple[Lifetime, ...]:
    """Of the points that exist and of those to come, oldest first, as if the instance followed `policy` from now on.
    One that takes no backups gets no more."""
    told = explained(ports, vault, instance, points_of(ports, vault, instance), policy)
    there = [
        Lifetime(taken_at=each.point.created_at, goes_at=each.decided_at)
        for each in told
        if each.point.state is not PointState.LOST
    ]
    now, last = ports.clock.now(), instance.last_success_slot
    to_come = points_to_come(policy, now, until, last_success_slot=last) if instance.state.will_be_backed_up else ()
    return (*sorted(there, key=lambda point: point.taken_at), *to_come)


def points_to_come(
    policy: BackupPolicy, after: datetime, until: datetime, *, last_success_slot: datetime | None = None
) -> tuple[Lifetime, ...]:
    """Of all points that a policy takes in that time, if every backup succeeds."""
    points = forecast_points(policy, after, until, last_success_slot=last_success_slot)
    return tuple(lifetimes((point.slot, point.expires_at) for point in points))


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionCopies:
    """The copies of a disk in a region, oldest first: those that exist and those to come. `rule_name` is "" where no
    rule copies there any more."""

    location: str
    rule_name: str
    copies: tuple[CopyLifetime, ...]


def copies_to_come(
    rules: Iterable[CopyRule], policy: BackupPolicy, after: datetime, until: datetime
) -> tuple[RegionCopies, ...]:
    """Of all that a policy takes in that time, if every backup and every copy succeeds."""
    points = list(forecast_points(policy, after, until))
    return tuple(_region(rule.location, rule.name, (), _wanted(rule, points)) for rule in _of(rules, policy))


def copies_of_instance(
    ports: Ports, vault: VaultKey, instance: BackupInstance, policy: BackupPolicy, until: datetime
) -> tuple[RegionCopies, ...]:
    """Of the copies that exist, are owed, and come, as if the instance followed `policy` from now on, by the rules for
    a policy of that name."""
    settings, now = find_vault(ports, vault), ports.clock.now()
    rules = {rule.lane: rule for rule in _of(settings.copy_rules if settings is not None else (), policy)}
    stays = instance.keeps_all_points or bool(standing(all_holds(instance, settings), now))
    there: dict[str, list[PointCopy]] = {}
    for stored in read_copies(ports, vault, instance.name):
        if stored.value.state is not CopyState.LOST:
            there.setdefault(stored.value.lane, []).append(stored.value)
    last = instance.last_success_slot
    comes = instance.state.will_be_backed_up
    points = list(forecast_points(policy, now, until, last_success_slot=last)) if comes else []
    found = []
    for lane in sorted({*rules, *there}):
        rule, known = rules.get(lane), sorted(there.get(lane, ()), key=lambda copy: copy.point_at)
        location = rule.location if rule is not None else known[0].location
        wanted = _wanted(rule, points) if rule is not None else ()
        found.append(_region(location, rule.name if rule is not None else "", known, wanted, stays=stays))
    return tuple(found)


def _of(rules: Iterable[CopyRule], policy: BackupPolicy) -> Iterator[CopyRule]:
    return (rule for rule in rules if rule.is_of(policy.name))


def _wanted(rule: CopyRule, points: Iterable[ForecastPoint]) -> tuple[tuple[datetime, datetime], ...]:
    """When each copy's point is taken, and when the copy expires."""
    kept = {each.tag_name.casefold(): parse_duration(each.retention) for each in rule.kept}
    told = ((point.slot, kept.get(point.tag_name.casefold())) for point in points)
    return tuple((slot, length.after(slot)) for slot, length in told if length is not None)


def _region(
    location: str,
    rule_name: str,
    there: Sequence[PointCopy],
    wanted: Sequence[tuple[datetime, datetime]],
    *,
    stays: bool = False,
) -> RegionCopies:
    dates: list[tuple[datetime, datetime | None]] = [
        (copy.point_at, None if stays else copy.expires_at) for copy in there
    ]
    are_whole = [not copy.is_wanted for copy in there] + [False] * len(wanted)
    ordered = lifetimes([*dates, *wanted])
    copies = (CopyLifetime(lifetime=each, is_to_come=not whole) for each, whole in zip(ordered, are_whole, strict=True))
    return RegionCopies(location=location, rule_name=rule_name, copies=tuple(copies))


def longer_at_home(points: Sequence[Lifetime], regions: Iterable[RegionCopies], lasting: timedelta) -> list[Lifetime]:
    """The points at home, each that is copied at least until its next copy is whole: that one is told from its
    snapshot. Copies are supposed to be made one after the other, each `lasting` so long."""
    needed: dict[datetime, datetime] = {}
    for region in regions:
        ordered = [copy.lifetime.taken_at for copy in region.copies]
        whole = list(accumulate(ordered, lambda before, at: max(before, at) + lasting, initial=_EARLIEST))
        for at, next_whole in zip(ordered, [*whole[2:], _NEVER], strict=False):
            needed[at] = max(next_whole, needed.get(at, next_whole))
    return [_until(point, needed.get(point.taken_at)) for point in points]


def _until(point: Lifetime, needed: datetime | None) -> Lifetime:
    if needed is None or point.goes_at is None:
        return point
    return Lifetime(taken_at=point.taken_at, goes_at=None if needed is _NEVER else max(point.goes_at, needed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """From `first` to `last`, as far as Azure knew when it was asked."""

    first: date
    last: date
    days: tuple[BilledDay, ...]
    asked_at: datetime


def billed_for(ports: Ports, vault: VaultKey, instance: BackupInstance) -> Billed:
    """For the instance's snapshots in its snapshot resource group, on the last full days. Raises what the cloud does;
    an error is asked again."""
    now, name = ports.clock.now(), f"billed {vault.partition} {instance.name.lower()}"
    known = ports.memory.kept(name, Billed, now=now)
    if known is None:
        last = now.date() - timedelta(days=1)
        first = last - timedelta(days=BILLED_DAYS - 1)
        tags = {f"{TAG_PREFIX}vault": vault.resource_id, f"{TAG_PREFIX}instance": instance.name}
        days = ports.cloud.billed(instance.snapshot_group_id, tags, first, last)
        known = Billed(first=first, last=last, days=days, asked_at=now)
        ports.memory.keep(name, known, until=now + A_DAY)
    return known
