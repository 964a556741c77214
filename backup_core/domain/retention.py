"""Which recovery points may go and why the others stay: a pure decision with reasons. In doubt, a point stays.

A point goes when its expiry date is reached and nothing speaks against it. These speak against it:
- no expiry date, no retention tag, or dates that cannot be true: nobody knows how long it was to be kept;
- a legal hold (domain/hold.py), a restore that reads its snapshot now, or Azure's own immutability of the snapshot
  (domain/binding.py);
- being the newest good point of a protected disk, however long ago it expired (documented: backup overview, faq);
- stopped protection or soft deletion of its instance: both keep everything (domain/instance.py).

The mark EXPIRING changes none of this: the rules are asked again between the mark and the deletion, and a point that
was held, or is needed, since the mark stays. A marked point is needed, too, when no good point is newer: the good one
that let it expire was lost since, and the marked one's snapshot may still be whole. It goes once a newer good point
exists. Beside it, the newest point that is certainly good stays as well. A point whose deletion was refused is not as
certain as one that nobody tried to delete, and does not take its place.

A LOST point (its snapshot is gone, not by us) follows the same dates: until then its record tells of the loss.

Leaves to others: marking, deleting, and when to try again (workflows/retention.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from backup_core.domain.hold import Hold, ends_of, standing
from backup_core.domain.recovery_point import PointState, RecoveryPoint, is_ours, read_label
from backup_core.domain.resource_ids import VaultKey

RESTORE_CHECKED_EVERY = timedelta(minutes=5)  # how often an expired point is looked at while restores read it
HELD_CHECKED_EVERY = timedelta(
    hours=6
)  # and while it is held with its instance or vault, of which nobody tells the end


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    point: RecoveryPoint
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`is_needed`: it stays whatever its dates say, until a newer one comes."""

    point: RecoveryPoint
    because: tuple[str, ...]
    is_needed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionDecision:
    """Every point once, in the order given, with all the reasons that hold."""

    expired: tuple[Expired, ...]
    kept: tuple[Kept, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionVerdict:
    allowed: bool
    because: str


def decide_retention(
    points: Sequence[RecoveryPoint],
    *,
    now: datetime,
    protected: bool,
    keep_all: bool = False,
    discard_all: bool = False,
    held: Sequence[Hold] = (),
    of: Iterable[RecoveryPoint] | None = None,
) -> RetentionDecision:
    """Divide all points of one instance. Raises ValueError when they are of several: the newest of each must stay.

    `protected`: the newest good point stays even when expired. `keep_all`: every point stays. `discard_all`: the
    instance is being deleted, expiry dates do not count; holds and running restores still do. `held`: holds that stand
    on the instance or its vault: every point stays. `of`: decide of these only, among all `points`.
    """
    _check_one_instance(points)
    needed = _needed(points) if protected else {}
    expired: list[Expired] = []
    kept: list[Kept] = []
    for point in points if of is None else of:
        against = _reasons_to_keep(point, now, needed, discard_all=discard_all)
        against = (*map(str, held), *against)
        if keep_all:
            against = ("protection is stopped or the instance soft-deleted: nothing expires", *against)
        if against:
            kept.append(Kept(point=point, because=against, is_needed=point.point_id in needed))
        else:
            expired.append(Expired(point=point, because=tuple(_reasons_to_go(point, discard_all=discard_all))))
    return RetentionDecision(expired=tuple(expired), kept=tuple(kept))


def going(
    points: Sequence[RecoveryPoint],
    *,
    now: datetime,
    protected: bool,
    keep_all: bool = False,
    discard_all: bool = False,
    held: Sequence[Hold] = (),
) -> frozenset[str]:
    """The ids of those that `decide_retention` finds expired, by the same rules: what most who ask want to know."""
    _check_one_instance(points)
    if keep_all or held:
        return frozenset()
    open_to = points if discard_all else [point for point in points if not _is_promised(point, now)]
    if not open_to:
        return frozenset()
    needed = _needed(points) if protected else {}
    return frozenset(
        point.point_id for point in open_to if not _reasons_to_keep(point, now, needed, discard_all=discard_all)
    )


def successor(points: Sequence[RecoveryPoint], expired: RecoveryPoint) -> RecoveryPoint | None:
    """The newer point for whose sake a protected disk can do without `expired`, the most certain first; None when there
    is none. Its snapshot must be there when the other goes."""
    newest = _newest(points)
    found = (newest.certain, newest.good, newest.left)
    return next((point for point in found if point is not None and point.created_at > expired.created_at), None)


def may_delete_snapshot(point: RecoveryPoint, tags: Mapping[str, str], *, vault: VaultKey) -> DeletionVerdict:
    """Whether the snapshot with these tags may be deleted as `point`'s: they must name vault, instance and point."""
    against = next(_reasons_not_to_delete(point, tags, vault), None)
    if against is not None:
        return DeletionVerdict(allowed=False, because=against)
    return DeletionVerdict(allowed=True, because="its tags name this vault, backup instance and recovery point")


def next_expiry_at(
    points: Sequence[RecoveryPoint], *, now: datetime, protected: bool, held: Sequence[Hold] = ()
) -> datetime | None:
    """When a point can expire next, in the past if one has; None when none will unless something else changes. While
    all are `held`, when to look whether they still are.

    Points that are held until nobody knows when and those needed as newest do not count: whoever clears the hold, or a
    newer point, must set a new date.
    """
    _check_one_instance(points)
    needed = _needed(points) if protected else {}
    due_at: datetime | None = None
    for point in reversed(points):  # oldest first: what expires soonest is met early, and spares a look at the others
        if due_at is not None and (point.expires_at is None or _is_promised(point, due_at)):
            continue
        at = _due_at(point, now) if point.point_id not in needed else None
        due_at = at if due_at is None or (at is not None and at < due_at) else due_at
    return due_at if due_at is None or not held else max(due_at, held_until(held, now))


def held_until(held: Sequence[Hold], now: datetime) -> datetime:
    """When to look again at what is held: when the last hold ends, or in a while."""
    return ends_of(held) or now + HELD_CHECKED_EVERY


def _due_at(point: RecoveryPoint, now: datetime) -> datetime | None:
    may_expire_at = None if _doubts(point) else point.may_expire_at(now)
    if may_expire_at is None or point.copying:  # whose copy lets go of it sets a new date
        return None
    free_at = max(may_expire_at, point.immutable_until or may_expire_at)
    return max(free_at, now + RESTORE_CHECKED_EVERY) if point.restoring else free_at


def _reasons_to_keep(
    point: RecoveryPoint, now: datetime, needed: Mapping[str, str], *, discard_all: bool
) -> tuple[str, ...]:
    against = _needs(point, now)
    if point.point_id in needed:
        against += (needed[point.point_id],)
    if discard_all:
        return against
    against += _copied(point)
    doubts = _doubts(point)
    if not doubts and point.expires_at is not None and now < point.expires_at:
        return (*against, f"{point.tag_name}: expires at {_text(point.expires_at)}")
    return against + doubts


def _is_promised(point: RecoveryPoint, now: datetime) -> bool:
    """Whether its date alone keeps it, whatever else is asked."""
    return point.expires_at is not None and point.expires_at.tzinfo is not None and now < point.expires_at


def _needs(point: RecoveryPoint, now: datetime) -> tuple[str, ...]:
    """What outweighs even the deletion of the instance."""
    held = tuple(map(str, standing(point.holds, now)))
    if point.immutable_until is not None and now < point.immutable_until:
        held = (*held, f"Azure keeps its snapshot immutable until {_text(point.immutable_until)}")
    return (*held, f"being restored by {', '.join(point.restoring)}") if point.restoring else held


def _copied(point: RecoveryPoint) -> tuple[str, ...]:
    """A copy is made of its snapshot, or the next one is told from it (domain/copying.py)."""
    return tuple(f"needed for the next copy to {lane.partition(':')[2]}" for lane in point.copying)


def _doubts(point: RecoveryPoint) -> tuple[str, ...]:
    doubts = () if point.tag_name else ("no retention tag",)
    if point.expires_at is None:
        return (*doubts, "no expiry date")
    if point.created_at.tzinfo is None or point.expires_at.tzinfo is None:
        return (*doubts, "unreadable dates: no UTC offset")
    if point.expires_at <= point.created_at:
        return (*doubts, "unreadable dates: would have expired before it was created")
    return doubts


def _reasons_to_go(point: RecoveryPoint, *, discard_all: bool) -> Iterator[str]:
    if discard_all:
        yield "the backup instance is being deleted"
    elif point.expires_at is not None:
        yield f"{point.tag_name}: expired at {_text(point.expires_at)}"
    if point.state is PointState.EXPIRING:
        yield "its deletion was begun"
    if point.state is PointState.LOST:
        yield "its snapshot was lost"


def _needed(points: Iterable[RecoveryPoint]) -> dict[str, str]:
    """The points that stay whatever their dates say, by id, with the reason."""
    newest = _newest(points)
    reasons = (
        (newest.left, "newest point: its deletion was begun, and no newer good point is left"),
        (newest.certain, "newest point that nobody tried to delete"),
        (newest.good, "newest good point of a protected disk"),
    )
    return {point.point_id: because for point, because in reasons if point is not None}


@dataclass(slots=True)
class _Newest:
    """The newest point whose snapshot may be there, the newest good one, and the newest that nobody tried to delete."""

    left: RecoveryPoint | None = None
    good: RecoveryPoint | None = None
    certain: RecoveryPoint | None = None


def _newest(points: Iterable[RecoveryPoint]) -> _Newest:
    """By creation; of two at one instant the one whose id sorts first, as everywhere. Each step of an expiry asks this
    of all points of its instance, which come newest first: most are passed over at the first comparison."""
    newest = _Newest()
    for point in points:
        if point.created_at.tzinfo is None or point.state is PointState.LOST:
            continue
        if newest.certain is not None and point.created_at < newest.certain.created_at:
            continue  # what is certain is good and left, too
        if _is_newer(point, newest.left):
            newest.left = point
        if point.is_good and _is_newer(point, newest.good):
            newest.good = point
        if point.is_good and point.expiry_blocked is None and _is_newer(point, newest.certain):
            newest.certain = point
    return newest


def _is_newer(point: RecoveryPoint, known: RecoveryPoint | None) -> bool:
    return known is None or (known.created_at, point.point_id) < (point.created_at, known.point_id)


def _reasons_not_to_delete(point: RecoveryPoint, tags: Mapping[str, str], vault: VaultKey) -> Iterator[str]:
    if not is_ours(tags):
        yield "it does not carry our ownership tag"
        return
    label = read_label(tags)
    if label is None:
        yield "its ownership tags are incomplete or unreadable"
        return
    if label.vault != vault:
        yield f"its tags name another vault, {label.vault.resource_id}"
    if label.instance_name.lower() != point.instance_name.lower():
        yield f"its tags name another backup instance, {label.instance_name}"
    if label.point_id != point.point_id:
        yield f"its tags name another recovery point, {label.point_id}"


def _check_one_instance(points: Sequence[RecoveryPoint]) -> None:
    names = {name.lower() for name in {point.instance_name for point in points}}
    if len(names) > 1:
        raise ValueError(f"points of one backup instance are needed, not of {', '.join(sorted(names))}")


@lru_cache(maxsize=1024)
def _text(instant: datetime) -> str:
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
