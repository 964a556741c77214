"""Legal holds: set, cleared, taken back; and what a snapshot's tag claims of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup_core.domain.errors import InvalidInput, ResourceInUse
from backup_core.domain.hold import (
    LONGEST_REASON,
    MORE,
    MOST_HOLDS,
    UNREADABLE,
    Hold,
    HoldLabel,
    ends_of,
    find_hold,
    from_labels,
    read_labels,
    standing,
    strange_holds,
    with_hold,
    without_hold,
    write_labels,
)
from tests.builders import NOW, hold, point

DAY = timedelta(days=1)


def test_a_hold_stands_until_it_was_cleared_and_a_day_has_passed() -> None:
    set_ = with_hold((), hold(), NOW)
    cleared = without_hold(set_, "CASE-1", ends_at=NOW + DAY, by="a-contributor", by_name="C")
    assert (cleared[0].cleared_by, cleared[0].ends_at) == ("a-contributor", NOW + DAY)
    assert standing(cleared, NOW + DAY - timedelta(seconds=1)) == cleared
    assert standing(cleared, NOW + DAY) == ()
    assert find_hold(cleared, "case-1") is not None, "it stays on record"


def test_setting_it_again_takes_back_that_it_was_cleared_and_keeps_who_why_and_since() -> None:
    first = with_hold((), hold(), NOW)
    cleared = without_hold(first, "case-1", ends_at=NOW + DAY, by="a-contributor")
    again = with_hold(cleared, hold(set_by="another", set_at=NOW + timedelta(hours=1)), NOW + timedelta(hours=1))
    assert again == first


def test_clearing_twice_ends_it_no_later_and_by_nobody_else() -> None:
    cleared = without_hold((hold(),), "case-1", ends_at=NOW + DAY, by="first")
    assert without_hold(cleared, "case-1", ends_at=NOW + 2 * DAY, by="second") == cleared


def test_why_something_is_held_is_not_rewritten() -> None:
    with pytest.raises(ResourceInUse, match="another reason: a court asked for it"):
        with_hold((hold(),), hold("for fun"), NOW)


def test_one_that_has_ended_makes_room_for_a_new_one_of_its_name() -> None:
    ended = without_hold((hold(),), "case-1", ends_at=NOW)
    new = hold("another case", set_at=NOW + DAY)
    assert with_hold(ended, new, NOW + DAY) == (new,)


def test_there_are_so_many_at_most_and_those_that_have_ended_go_first() -> None:
    full = tuple(hold(name=f"case-{number}") for number in range(MOST_HOLDS))
    with pytest.raises(ResourceInUse, match=f"at most {MOST_HOLDS}"):
        with_hold(full, hold(name="one-more"), NOW)
    some_ended = without_hold(without_hold(full, "case-3", ends_at=NOW), "case-4", ends_at=NOW - DAY)
    left = {each.name for each in with_hold(some_ended, hold(name="one-more"), NOW)}
    assert left == {each.name for each in full} - {"case-4"} | {"one-more"}


@pytest.mark.parametrize("name", ["", "-a", "a-", "a b", "a/b", "ä", "x" * 33])
@pytest.mark.parametrize("reason", ["", "  ", "x" * (LONGEST_REASON + 1)])
def test_every_fault_is_named(name: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        with_hold((), hold(reason, name=name), NOW)
    assert [fault.target for fault in refusal.value.faults] == ["name", "properties.reason"]


def test_a_held_point_may_expire_when_its_last_hold_ends() -> None:
    expires = NOW + DAY
    cleared = hold(ends_at=NOW + 5 * DAY)
    for holds, expected in (
        ((), expires),
        ((hold(),), None),
        ((cleared,), NOW + 5 * DAY),
        ((cleared, hold(name="b", ends_at=NOW + 7 * DAY)), NOW + 7 * DAY),
        ((cleared, hold(name="b")), None),
        ((hold(ends_at=NOW),), expires),
        ((hold(ends_at=NOW + timedelta(hours=1)),), expires),
    ):
        assert point(expires_at=expires, holds=holds).may_expire_at(NOW) == expected
    assert point(expires_at=None, holds=(cleared,)).may_expire_at(NOW) is None
    assert ends_of(()) is None


# ---------------------------------------------------------------- tags

NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?", fullmatch=True)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)).map(
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)
CLAIMS = st.lists(
    st.builds(
        HoldLabel,
        name=NAMES.filter(lambda name: name not in (MORE, UNREADABLE)),
        reason=st.text(max_size=LONGEST_REASON),
        set_at=INSTANTS,
        set_by=st.uuids().map(str) | st.just(""),
        scope=st.sampled_from(["", "instance", "vault"]),
    ),
    min_size=1,
    max_size=MOST_HOLDS,
)


@given(CLAIMS)
def test_a_tag_tells_of_every_hold_in_as_many_letters_as_arm_takes(claims: list[HoldLabel]) -> None:
    text = write_labels(claims)
    assert 0 < len(text) <= 256
    read = read_labels(text)
    named = [claim for claim in read if claim.name != MORE]
    told = [(claim.name, claim.set_at, claim.scope) for claim in named]
    assert told == [(claim.name, claim.set_at, claim.scope) for claim in claims][: len(named)]
    left = [claim.reason for claim in read if claim.name == MORE]
    assert left == ([f"{len(claims) - len(named)} more holds whose names did not fit into the tag"] if left else [])
    assert len(named) == len(claims) or left
    for each, meant in zip(named, claims, strict=False):
        assert each.reason in ("", meant.reason) or meant.reason.startswith(each.reason.removesuffix("…"))


def test_one_hold_is_told_whole() -> None:
    one = HoldLabel.of(hold("Case 17 at the regional court: keep all of this disk"))
    assert read_labels(write_labels([one])) == (one,)
    assert write_labels([]) == ""
    assert read_labels(" ") == ()


@pytest.mark.parametrize(
    "text",
    ["yes", "true", "{}", "[]", "[1]", '[{"name":7}]', '[{"name":"a b"}]', '[{"name":"a","of":"all"}]', "[" * 250],
)
def test_what_somebody_wrote_by_hand_is_a_hold_that_is_told_in_their_words(text: str) -> None:
    (claim,) = read_labels(text)
    assert (claim.name, claim.reason, claim.set_at) == (UNREADABLE, text, None)


def test_a_claim_counts_unless_a_record_knows_of_its_hold() -> None:
    claim = HoldLabel.of(hold())
    ended = hold(ends_at=NOW + DAY)
    assert strange_holds([claim], [hold()]) == ()
    assert strange_holds([claim], [ended]) == ()
    assert strange_holds([claim], [replace(ended, set_at=NOW + 9 * DAY)]) == (), "a stale tag of an earlier hold"
    assert strange_holds([claim], []) == (claim,)
    assert strange_holds([claim], [hold(name="other")]) == (claim,)
    assert strange_holds([claim], [hold(scope="vault")]) == (claim,), "of another thing"
    newer = replace(claim, set_at=NOW + DAY)
    assert strange_holds([newer], [ended]) == (newer,), "set after the record's own"


@pytest.mark.parametrize("text", ["a court asked for it", '[{"name":"a"},{"more":3}]'])
def test_a_hold_that_was_written_back_from_a_tag_accounts_for_it_until_it_has_ended_and_after(text: str) -> None:
    claims = read_labels(text)
    recorded = from_labels(claims, NOW)
    assert all(isinstance(each, Hold) and each.reason for each in recorded)
    assert strange_holds(claims, recorded) == ()
    assert strange_holds(claims, [replace(each, ends_at=NOW) for each in recorded]) == ()
