"""Retention: what may go, what stays and why. Golden tables in tests/golden/retention; properties over any points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup_core.domain.hold import Hold
from backup_core.domain.recovery_point import OWNER_TAG, TAG_PREFIX, PointState, RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.retention import (
    HELD_CHECKED_EVERY,
    RESTORE_CHECKED_EVERY,
    RetentionDecision,
    decide_retention,
    going,
    may_delete_snapshot,
    next_expiry_at,
)
from tests.builders import NOW, OTHER_SUBSCRIPTION, VAULT, hold, point
from tests.workflows.scenes import label_of

GOLDEN = Path(__file__).parent.parent / "golden" / "retention"


def ids(decision: RetentionDecision) -> tuple[set[str], set[str]]:
    return {one.point.point_id for one in decision.expired}, {one.point.point_id for one in decision.kept}


# --- Golden tables ---
#
# A file: `#` comments; `now`, `protected` and `deleting` lines; then one line to a point, `|` between its columns:
# name | created | expires or - | tag or - | state and remarks (hold=..., restoring=...) | outcome: reason; reason
# and at last `next look` with the instant or `never`. The test writes the whole file anew and compares.


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.txt")), ids=lambda path: path.stem)
def test_points_are_kept_and_expired_as_in_the_golden_table(path: Path) -> None:
    assert rendered(path.read_text(encoding="utf-8")) == path.read_text(encoding="utf-8")


def test_there_are_golden_tables() -> None:
    assert len(list(GOLDEN.glob("*.txt"))) >= 8


def rendered(text: str) -> str:
    lines = text.splitlines()
    settings_ = dict(line.split(": ", 1) for line in lines if line.startswith(("now: ", "protected: ", "deleting: ")))
    rows = {index: [cell.strip() for cell in line.split("|")] for index, line in enumerate(lines) if "|" in line}
    names = {cells[0]: read_point(cells) for cells in rows.values()}
    points = sorted(names.values(), key=lambda one: one.point_id)
    now, protected = instant(settings_["now"]), settings_["protected"] == "yes"
    decision = decide_retention(points, now=now, protected=protected, discard_all=settings_["deleting"] == "yes")
    outcome = {one.point.point_id: f"expired: {'; '.join(one.because)}" for one in decision.expired}
    outcome |= {one.point.point_id: f"kept: {'; '.join(one.because)}" for one in decision.kept}
    for index, cells in rows.items():
        stem = lines[index].rsplit("|", 1)[0]
        lines[index] = f"{stem}| {outcome[names[cells[0]].point_id]}"
    look = next_expiry_at(points, now=now, protected=protected)
    look_text = f"next look: {look:%Y-%m-%d %H:%M}" if look else "next look: never"
    return "\n".join(look_text if line.startswith("next look: ") else line for line in lines) + "\n"


def read_point(cells: list[str]) -> RecoveryPoint:
    _, created, expires, tag, state, _ = cells
    word, *remarks = state.split(", ")
    changes: dict[str, Any] = {"state": PointState(word)}
    for remark in remarks:
        name, value = remark.split("=", 1)
        special: dict[str, Any] = {"restoring": {"restoring": (value,)}, "hold": {"holds": (hold(value),)}}
        changes |= special.get(name, {name: value})
    expires_at = None if expires == "-" else instant(expires)
    return point(at=instant(created), expires_at=expires_at, tag_name="" if tag == "-" else tag, **changes)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- Properties ---

HELD = st.sampled_from([(), (), (hold("audit", scope="vault"),)])

STATES = st.sampled_from([PointState.COMPLETED] * 4 + [PointState.EXPIRING, PointState.LOST])


@st.composite
def points_of_one_instance(draw: st.DrawFn) -> list[RecoveryPoint]:
    hours = draw(st.lists(st.integers(0, 400), unique=True, max_size=12))
    found = []
    for age in hours:
        created = NOW - timedelta(hours=age)
        retention = draw(st.sampled_from([None, 1, 24, 100, 168, 500]))
        changes: dict[str, Any] = {
            "expires_at": created + timedelta(hours=retention) if retention else None,
            "tag_name": draw(st.sampled_from(["Default", "Default", "Daily", ""])),
            "state": draw(STATES),
            "holds": draw(st.sampled_from([(), (), (), (hold("audit"),)])),
            "restoring": draw(st.sampled_from([(), (), (), ("job-1",)])),
        }
        found.append(point(at=created, **changes))
    return sorted(found, key=lambda one: one.point_id)


ANY_POINTS = points_of_one_instance()


@given(ANY_POINTS, st.booleans(), st.booleans())
def test_every_point_is_decided_once_with_a_reason(
    points: list[RecoveryPoint], protected: bool, discard_all: bool
) -> None:
    decision = decide_retention(points, now=NOW, protected=protected, discard_all=discard_all)
    expired, kept = ids(decision)
    assert not expired & kept
    assert expired | kept == {one.point_id for one in points}
    assert all(one.because for one in (*decision.expired, *decision.kept))


@given(ANY_POINTS, st.booleans(), st.booleans(), st.booleans(), HELD)
def test_who_asks_for_less_is_told_the_same(
    points: list[RecoveryPoint], protected: bool, keep_all: bool, discard_all: bool, held: tuple[Hold, ...]
) -> None:
    terms: dict[str, Any] = {"now": NOW, "protected": protected, "keep_all": keep_all, "discard_all": discard_all}
    terms["held"] = held
    decision = decide_retention(points, **terms)
    assert going(points, **terms) == {item.point.point_id for item in decision.expired}
    alone = [decide_retention(points, **terms, of=[one]) for one in points]
    assert [item for each in alone for item in each.expired] == list(decision.expired)
    assert [item for each in alone for item in each.kept] == list(decision.kept)


@given(ANY_POINTS, st.booleans())
def test_the_newest_good_point_of_a_protected_disk_never_goes(points: list[RecoveryPoint], discard_all: bool) -> None:
    good = [one for one in points if one.is_good]
    expired, _ = ids(decide_retention(points, now=NOW, protected=True, discard_all=discard_all))
    assert not good or max(good, key=lambda one: one.created_at).point_id not in expired


@given(ANY_POINTS, st.booleans(), st.booleans())
def test_nothing_goes_that_is_held_or_being_restored_nor_before_its_time_or_without_tag_unless_all_is_discarded(
    points: list[RecoveryPoint], protected: bool, discard_all: bool
) -> None:
    for one in decide_retention(points, now=NOW, protected=protected, discard_all=discard_all).expired:
        assert not one.point.holds
        assert not one.point.restoring
        assert discard_all or (one.point.tag_name and one.point.expires_at <= NOW)


@given(ANY_POINTS, st.booleans())
def test_deciding_again_after_marking_or_after_deleting_changes_nothing(
    points: list[RecoveryPoint], protected: bool
) -> None:
    expired, kept = ids(decide_retention(points, now=NOW, protected=protected))
    marked = [replace(one, state=marked_state(one)) if one.point_id in expired else one for one in points]
    assert ids(decide_retention(marked, now=NOW, protected=protected)) == (expired, kept)
    left = [one for one in points if one.point_id in kept]
    assert ids(decide_retention(left, now=NOW, protected=protected)) == (set(), kept)


def marked_state(one: RecoveryPoint) -> PointState:
    return one.state if one.state is PointState.LOST else PointState.EXPIRING


@given(ANY_POINTS, st.booleans(), st.integers(0, 1000))
def test_what_is_kept_longer_was_kept_before(points: list[RecoveryPoint], protected: bool, hours: int) -> None:
    now, _ = ids(decide_retention(points, now=NOW, protected=protected))
    later, _ = ids(decide_retention(points, now=NOW + timedelta(hours=hours), protected=protected))
    assert now <= later


@given(ANY_POINTS, st.booleans(), st.booleans())
def test_what_is_held_with_its_instance_or_vault_stays_whatever_becomes_of_them(
    points: list[RecoveryPoint], protected: bool, discard_all: bool
) -> None:
    audit = hold("audit", scope="vault")
    decision = decide_retention(points, now=NOW, protected=protected, discard_all=discard_all, held=[audit])
    assert not decision.expired
    assert all("held with its vault (case-1): audit" in one.because for one in decision.kept)


@given(ANY_POINTS, st.booleans(), st.sampled_from([None, NOW + timedelta(hours=1), NOW + timedelta(days=30)]))
def test_what_is_held_so_is_looked_at_when_that_ends_or_in_a_while(
    points: list[RecoveryPoint], protected: bool, ends_at: datetime | None
) -> None:
    free = next_expiry_at(points, now=NOW, protected=protected)
    look = next_expiry_at(points, now=NOW, protected=protected, held=[hold(scope="vault", ends_at=ends_at)])
    assert look == (None if free is None else max(free, ends_at or NOW + HELD_CHECKED_EVERY))


@given(ANY_POINTS, st.booleans())
@settings(max_examples=200)
def test_the_next_look_is_when_the_next_point_can_go(points: list[RecoveryPoint], protected: bool) -> None:
    free = [replace(one, restoring=()) for one in points]
    look = next_expiry_at(free, now=NOW, protected=protected)
    far = NOW + timedelta(days=10_000)
    if look is None:
        assert not decide_retention(free, now=far, protected=protected).expired
        return
    assert decide_retention(free, now=look, protected=protected).expired
    assert not decide_retention(free, now=look - timedelta(seconds=1), protected=protected).expired


@st.composite
def troubled_points(draw: st.DrawFn) -> list[RecoveryPoint]:
    """Of one instance, in any order: of one instant, with dates that cannot be true, refused, bound, or copied."""
    found = []
    for number in range(draw(st.integers(0, 8))):
        created = NOW - timedelta(hours=draw(st.integers(0, 5)))
        expires = draw(st.sampled_from([None, *(NOW + timedelta(hours=hours) for hours in range(-6, 7))]))
        naive = draw(st.sampled_from([None, None, None, None, "created", "expires"]))
        changes: dict[str, Any] = {
            "point_id": f"{draw(st.integers(0, 9))}{number:031x}",
            "created_at": created.replace(tzinfo=None) if naive == "created" else created,
            "expires_at": expires.replace(tzinfo=None) if naive == "expires" and expires else expires,
            "tag_name": draw(st.sampled_from(["Default", "Default", ""])),
            "state": draw(STATES),
            "holds": draw(st.sampled_from([(), (), (hold(),), (hold(ends_at=NOW + timedelta(hours=2)),)])),
            "restoring": draw(st.sampled_from([(), (), ("job-1",)])),
            "copying": draw(st.sampled_from([(), (), ("sub:northeurope",)])),
            "immutable_until": draw(st.sampled_from([None, None, NOW + timedelta(hours=3)])),
            "expiry_blocked": draw(st.sampled_from([None, None, "a lock"])),
        }
        found.append(point(at=created, **changes))
    return draw(st.permutations(found))


@given(troubled_points())
@settings(max_examples=300)
def test_what_a_protected_disk_needs_is_the_newest_of_those_left_of_the_good_and_of_the_certain(
    points: list[RecoveryPoint],
) -> None:
    def newest(of: list[RecoveryPoint]) -> set[str]:
        dated = [one for one in of if one.created_at.tzinfo is not None]
        latest = max((one.created_at for one in dated), default=None)
        return {min((one.point_id for one in dated if one.created_at == latest), default="")} - {""}

    left = [one for one in points if one.state is not PointState.LOST]
    good = [one for one in left if one.is_good]
    certain = [one for one in good if one.expiry_blocked is None]
    kept = decide_retention(points, now=NOW, protected=True).kept
    assert {one.point.point_id for one in kept if one.is_needed} == newest(left) | newest(good) | newest(certain)


@given(troubled_points(), st.booleans())
@settings(max_examples=300)
def test_the_next_look_at_all_is_the_soonest_of_the_looks_at_each(points: list[RecoveryPoint], protected: bool) -> None:
    decision = decide_retention(points, now=NOW, protected=protected)
    needed = {one.point.point_id for one in decision.kept if one.is_needed}
    each = [next_expiry_at([one], now=NOW, protected=False) for one in points if one.point_id not in needed]
    soonest = min((look for look in each if look is not None), default=None)
    assert next_expiry_at(points, now=NOW, protected=protected) == soonest


@given(ANY_POINTS)
def test_the_order_of_the_points_does_not_matter(points: list[RecoveryPoint]) -> None:
    forward = ids(decide_retention(points, now=NOW, protected=True))
    assert ids(decide_retention(points[::-1], now=NOW, protected=True)) == forward


# --- Single rules ---


def test_a_point_goes_at_the_very_instant_of_its_expiry() -> None:
    old, new = point(at=NOW - timedelta(days=7)), point(at=NOW)
    assert ids(decide_retention([new, old], now=NOW, protected=True))[0] == {old.point_id}
    just_before = NOW - timedelta(microseconds=1)
    assert ids(decide_retention([new, old], now=just_before, protected=True))[0] == set()


def test_of_two_newest_points_of_one_instant_exactly_one_stays() -> None:
    created = NOW - timedelta(days=30)
    twins = [point(at=created, point_id=letter * 32) for letter in "ab"]
    assert ids(decide_retention(twins, now=NOW, protected=True)) == ({"b" * 32}, {"a" * 32})
    assert ids(decide_retention(twins[::-1], now=NOW, protected=True)) == ({"b" * 32}, {"a" * 32})


@pytest.mark.parametrize(
    ("created", "expires", "says"),
    [
        (datetime(2020, 1, 1), datetime(2020, 1, 8, tzinfo=UTC), "no UTC offset"),
        (datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 8), "no UTC offset"),
        (datetime(2020, 1, 8, tzinfo=UTC), datetime(2020, 1, 8, tzinfo=UTC), "before it was created"),
        (datetime(2020, 1, 8, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC), "before it was created"),
    ],
)
def test_a_point_with_dates_that_cannot_be_true_stays(created: datetime, expires: datetime, says: str) -> None:
    strange = replace(point(at=NOW - timedelta(days=90)), created_at=created, expires_at=expires)
    decision = decide_retention([point(at=NOW), strange], now=NOW, protected=True)
    reasons = {one.point.point_id: one.because for one in decision.kept}
    assert any(says in reason for reason in reasons[strange.point_id])
    assert next_expiry_at([strange], now=NOW, protected=False) is None


def test_points_of_several_instances_are_refused() -> None:
    strangers = [point("instance-1"), point("instance-2")]
    for ask in (decide_retention, next_expiry_at):
        with pytest.raises(ValueError, match="instance-1, instance-2"):
            ask(strangers, now=NOW, protected=True)
    one_twice_spelt = [point("Instance-1"), point("instance-1", at=NOW - timedelta(days=1))]
    assert len(decide_retention(one_twice_spelt, now=NOW, protected=True).kept) == 2


def test_without_points_there_is_nothing_to_decide() -> None:
    assert decide_retention([], now=NOW, protected=True) == RetentionDecision(expired=(), kept=())
    assert next_expiry_at([], now=NOW, protected=True) is None


def test_an_expired_point_is_looked_at_again_while_a_restore_reads_it() -> None:
    read = point(at=NOW - timedelta(days=30), restoring=("job-1",))
    assert next_expiry_at([point(at=NOW), read], now=NOW, protected=True) == NOW + RESTORE_CHECKED_EVERY


# --- The snapshot's own word ---


def tags_of(one: RecoveryPoint, **changes: Any) -> dict[str, str]:
    return label_of(one, **changes).tags()


def test_a_snapshot_that_names_vault_instance_and_point_may_go() -> None:
    one = point()
    verdict = may_delete_snapshot(one, {**tags_of(one), "team": "storage"}, vault=VAULT)
    assert verdict.allowed
    shouting = VaultKey(subscription=VAULT.subscription.upper(), group=VAULT.group.upper(), name=VAULT.name.upper())
    assert may_delete_snapshot(one, tags_of(one, instance_name="INSTANCE-1"), vault=shouting).allowed


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        (lambda one: {}, "does not carry our ownership tag"),
        (lambda one: {**tags_of(one), OWNER_TAG: "someone"}, "does not carry our ownership tag"),
        (lambda one: {OWNER_TAG: "diskbackup/1"}, "incomplete or unreadable"),
        (lambda one: {**tags_of(one), f"{TAG_PREFIX}vault": "vault-1"}, "incomplete or unreadable"),
        (lambda one: {**tags_of(one), f"{TAG_PREFIX}retention": "a week"}, "incomplete or unreadable"),
        (
            lambda one: tags_of(one, vault=replace(VAULT, subscription=OTHER_SUBSCRIPTION)),
            "name another vault, /subscriptions/22222222",
        ),
        (lambda one: tags_of(one, vault=replace(VAULT, name="vault-2")), "name another vault"),
        (lambda one: tags_of(one, instance_name="instance-2"), "name another backup instance, instance-2"),
        (lambda one: tags_of(one, point_id="f" * 32), "name another recovery point"),
    ],
)
def test_a_snapshot_that_is_not_this_points_stays(tags: Callable[[RecoveryPoint], dict[str, str]], says: str) -> None:
    one = point()
    verdict = may_delete_snapshot(one, tags(one), vault=VAULT)
    assert not verdict.allowed
    assert says in verdict.because
