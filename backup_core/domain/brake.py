"""The deletion brake: when recovery points of many disks of a vault are about to go early within an hour, the rest
waits until a second person says go on.

*Early* is what goes otherwise than by plain expiry: with its backup instance, because its deletion was asked for, or
because somebody cleared the hold, or resumed the protection, that had kept it beyond its date. What is counted are the
backup instances that lose points so, or copies of them in other regions: their share of those in the vault that have
points. A disk counts once an hour, however much of it goes. Counted is before anything goes.

What the brake stops is a *batch*. Nothing that goes early goes until somebody who caused none of it lets the batch go
(`GoOn`), all who caused it took it back, or the brake is off. Plain expiry and backups go on meanwhile.

Leaves to others: keeping the count (workflows/brake.py), the share and when a greater one counts (domain/vault.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from backup_core.domain.copying import PointCopy
from backup_core.domain.errors import BackupError
from backup_core.domain.hold import all_holds
from backup_core.domain.instance import BackupInstance, BrakeMark, ProtectionState
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.vault import BRAKE_OFF, SHARE_PERCENT, Vault

WITHIN = timedelta(hours=1)
_TOGETHER = timedelta(minutes=5)  # counts of so long are kept as one, and for as much longer
_CLOCKS_APART = timedelta(minutes=1)  # what one host counted, another sees for the whole hour
GOES_ON_FOR = timedelta(hours=24)
GO_ONS_KEPT = 10
LONGEST_REASON = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Early:
    """What of a backup instance is about to go early: ids of points and of copies; `whole`: the instance goes with
    them. `causes` are the object ids of those because of whom; whom nobody knows, is not among them."""

    points: frozenset[str] = frozenset()
    whole: bool = False
    causes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """`instances` that began to lose points in the few minutes from `at` on."""

    at: datetime
    instances: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What the brake stopped and still waits: `instances`, and `points` of them, with copies. `name` tells it from
    others."""

    name: str
    since: datetime
    instances: int = 0
    points: int = 0
    causes: tuple[str, ...] = ()
    said: str = ""  # why it was stopped

    @property
    def batch_id(self) -> str:
        """Another one as soon as more waits, or less: whoever lets it go has seen what it is."""
        return f"{self.name}-{self.instances}-{self.points}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOn:
    """Somebody lets a batch go: what was in it then, until `until`."""

    batch: Batch
    by: str
    by_name: str
    reason: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Brake:
    """One row for a vault, from the first deletion on that is not plain expiry. `total` are the vault's instances with
    points, as counted at `total_at`; 0 while nobody had to know."""

    counts: tuple[Count, ...] = ()
    total: int = 0
    total_at: datetime | None = None
    batch: Batch | None = None
    go_ons: tuple[GoOn, ...] = ()

    def counted(self, now: datetime) -> int:
        """Instances that lost points early within the last hour, or a few minutes more."""
        return sum(count.instances for count in self.counts if _is_within(count, now))

    def needs_total(self, unbraked: int, now: datetime) -> bool:
        """Whether the next one takes to know how many instances there are: as they were an hour ago at most."""
        is_old = self.total_at is None or now >= self.total_at + WITHIN
        return self.batch is None and is_old and self.counted(now) >= unbraked

    def limit(self, share_percent: float, unbraked: int) -> int:
        """How many instances may lose points early within an hour."""
        return max(unbraked, int(self.total * share_percent / 100))

    def lets_go(self, name: str, now: datetime) -> bool:
        """Whether somebody let that batch go, and it still may."""
        return any(each.batch.name == name and now < each.until for each in self.go_ons)


Going = RecoveryPoint | PointCopy


def early_of(instance: BackupInstance, vault: Vault | None, going: Iterable[Going], now: datetime) -> Early:
    """What of the points and copies that are about to go goes otherwise than by plain expiry."""
    if instance.is_deleted or instance.state is ProtectionState.DELETING:
        ids = frozenset(_id(each) for each in going)
        return Early(points=ids, whole=bool(ids), causes=_known([instance.deleted_by] if ids else []))
    found = {_id(each): list(_causes(each, instance, vault, now)) for each in going}
    early = {point_id: by for point_id, by in found.items() if by}
    return Early(points=frozenset(early), causes=_known(each for by in early.values() for each in by))


def _id(each: Going) -> str:
    return each.copy_id if isinstance(each, PointCopy) else each.point_id


def _causes(each: Going, instance: BackupInstance, vault: Vault | None, now: datetime) -> Iterator[str]:
    """Because of whom it goes now, "" where nobody knows; none for plain expiry. No copy is deleted by itself."""
    expiry = each.expires_at
    if isinstance(each, RecoveryPoint):
        if each.promised_until is not None and now < each.promised_until:
            yield each.released_by
        expiry = each.promised_until or expiry
    if expiry is None:
        return
    for hold in all_holds(each, instance, vault):
        if hold.ends_at is not None and expiry < hold.ends_at <= now:
            yield hold.cleared_by
    if instance.resumed_at is not None and expiry < instance.resumed_at:
        yield instance.resumed_by


def _known(ids: Iterable[str]) -> frozenset[str]:
    return frozenset(each for each in ids if each)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Brake and mark as they are to be written, and the points that wait. `begins`: with them the brake begins to
    stop."""

    brake: Brake
    mark: BrakeMark | None
    stopped: frozenset[str] = frozenset()
    begins: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """An instance that asks: `mark` is what its row has of the brake, `revision` its own; `batch_name` one that nobody
    had yet, for the case that it begins a batch."""

    early: Early
    mark: BrakeMark | None
    revision: int
    batch_name: str


def judge(brake: Brake, asking: Asking, *, share_percent: float, unbraked: int, now: datetime) -> Judged:
    """Whether what goes early may go: counted, if it was not yet, or stopped."""
    early, mark = asking.early, asking.mark
    if not early.points:
        return _at_rest(brake, mark)
    rest = early.points - _let_go(brake, asking, now)
    if not rest or _is_counted(asking, now):
        return Judged(brake=brake, mark=mark and replace(mark, waits=False))
    if share_percent >= BRAKE_OFF:
        return _counted(_without(brake, mark), asking, now)
    if brake.batch is None and brake.counted(now) < brake.limit(share_percent, unbraked):
        return _counted(brake, asking, now)
    return _stopped(brake, asking, rest, _why(brake, share_percent, unbraked, now), now)


def _let_go(brake: Brake, asking: Asking, now: datetime) -> frozenset[str]:
    """What somebody has let go with the batch that it waited in."""
    mark = asking.mark
    if mark is None or not brake.lets_go(mark.batch_name, now):
        return frozenset()
    if asking.early.whole:
        return asking.early.points if mark.whole and mark.revision == asking.revision else frozenset()
    return asking.early.points & frozenset(mark.points)


def _is_counted(asking: Asking, now: datetime) -> bool:
    """Whether the instance was counted within the hour, or goes as a whole and was counted as that."""
    mark = asking.mark
    if mark is None or mark.counted_at is None:
        return False
    if asking.early.whole:
        return mark.whole and mark.revision == asking.revision
    return now < mark.counted_at + WITHIN


def _counted(brake: Brake, asking: Asking, now: datetime) -> Judged:
    at = now.replace(second=0, microsecond=0) - timedelta(minutes=now.minute % (_TOGETHER // timedelta(minutes=1)))
    counts = {count.at: count.instances for count in brake.counts if _is_within(count, now)}
    counts[at] = counts.get(at, 0) + 1
    mark = BrakeMark(counted_at=now, whole=asking.early.whole, revision=asking.revision)
    kept = tuple(Count(at=each, instances=number) for each, number in sorted(counts.items()))
    return Judged(brake=replace(brake, counts=kept), mark=mark)


def _is_within(count: Count, now: datetime) -> bool:
    return now < count.at + WITHIN + _TOGETHER + _CLOCKS_APART


def _stopped(brake: Brake, asking: Asking, rest: frozenset[str], why: str, now: datetime) -> Judged:
    others = _without(brake, asking.mark)
    begins = brake.batch is None
    batch = others.batch or (brake.batch and replace(brake.batch, instances=0, points=0))
    batch = batch or Batch(name=asking.batch_name, since=now, said=why)
    batch = replace(
        batch,
        instances=batch.instances + 1,
        points=batch.points + len(rest),
        causes=tuple(sorted({*batch.causes, *asking.early.causes})),
    )
    mark = BrakeMark(
        batch_name=batch.name,
        waits=True,
        whole=asking.early.whole,
        revision=asking.revision,
        points=tuple(sorted(rest)),
    )
    return Judged(brake=replace(brake, batch=batch), mark=mark, stopped=rest, begins=begins)


def _at_rest(brake: Brake, mark: BrakeMark | None) -> Judged:
    """Nothing is about to go early: what waited was taken back, or has gone."""
    return Judged(brake=_without(brake, mark), mark=None if mark is not None and mark.waits else mark)


def _without(brake: Brake, mark: BrakeMark | None) -> Brake:
    """The brake once an instance has left its batch: it stops nothing more when that was the last."""
    batch = brake.batch
    if batch is None or mark is None or not mark.waits or mark.batch_name != batch.name:
        return brake
    left = replace(batch, instances=batch.instances - 1, points=batch.points - len(mark.points))
    return replace(brake, batch=left if left.instances > 0 else None)


def _why(brake: Brake, share_percent: float, unbraked: int, now: datetime) -> str:
    """What its alerts say of it, as long as it lasts."""
    if brake.batch is not None:
        return brake.batch.said
    return (
        f"recovery points of {brake.counted(now)} backup instances of the vault were let go within an hour, otherwise "
        f"than by expiry, and of {brake.limit(share_percent, unbraked)} at most they may be ({share_percent:g} % of "
        f"those that have any, {unbraked} in any case)"
    )


class SecondPersonNeeded(BackupError):
    """Who caused deletions wants to let them go."""

    code = "UserErrorSecondPersonNeeded"
    is_user_error = True
    recommended_action = (
        "Have another contributor, who caused none of these deletions, look at them and say go on; or take the "
        "deletions back."
    )


def let_go(brake: Brake, *, by: str, by_name: str, reason: str, now: datetime) -> Brake:
    """The brake once `by`, an object id, has let its batch go. Raises SecondPersonNeeded; ValueError without
    a batch."""
    batch = brake.batch
    if batch is None:
        raise ValueError("there is no batch to let go")
    if by.lower() in {each.lower() for each in batch.causes}:
        raise SecondPersonNeeded(
            f"'{by}' caused deletions of batch '{batch.batch_id}', and who lets them go has to be another person."
        )
    said = GoOn(batch=batch, by=by, by_name=by_name, reason=reason, at=now, until=now + GOES_ON_FOR)
    return replace(brake, batch=None, go_ons=(*brake.go_ons, said)[-GO_ONS_KEPT:])


def share_of(vault: Vault | None) -> float:
    """The share in force, in percent."""
    return SHARE_PERCENT if vault is None else vault.brake_share_percent
