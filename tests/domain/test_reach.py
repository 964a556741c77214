"""Which ids lie in a closed scope, however they are spelled, and which only look like it."""

from __future__ import annotations

import pytest

from backup_core.domain.reach import Author, closed_to, folded, is_within, mentions, names_closed
from backup_core.domain.resource_ids import DISK, parse_group_id, parse_resource_id
from backup_core.settings import AccessScope

SUBSCRIPTION = "/subscriptions/11111111-1111-4111-8111-111111111111"
GROUP = f"{SUBSCRIPTION}/resourceGroups/closed"
CLOSED = (GROUP.lower(),)


@pytest.mark.parametrize(
    "spelled",
    [
        GROUP,
        GROUP.upper(),
        f"{GROUP}/",
        f"{GROUP}//providers/x",
        GROUP.replace("closed", "c%6Cosed"),
        GROUP.replace("closed", "c%256Cosed"),
        GROUP.replace("closed", "cl\uff4fsed"),
        GROUP.replace("closed", "clo\u017fed"),
        GROUP.replace("/", "\\"),
        f"{SUBSCRIPTION}/resourceGroups/open/../closed",
        f"{GROUP}.",
        f" {GROUP} ",
    ],
)
def test_a_spelling_of_what_is_closed_is_closed(spelled: str) -> None:
    assert is_within(spelled, CLOSED)
    assert names_closed(spelled, CLOSED)


@pytest.mark.parametrize(
    "other", [SUBSCRIPTION, f"{GROUP}2", f"{GROUP}-2/providers/x", f"{SUBSCRIPTION}/closed", "", "/"]
)
def test_what_lies_around_or_beside_it_is_open(other: str) -> None:
    assert not is_within(other, CLOSED)


def test_a_path_that_is_empty_closes_everything() -> None:
    assert all(is_within(each, ("",)) for each in (GROUP, SUBSCRIPTION, "/", ""))


def test_folding_twice_is_folding_once() -> None:
    for text in (GROUP, "a/../../b", "%252e%252e/x", "/./", ""):
        assert folded(folded(text)) == folded(text)


def test_ids_are_found_in_sentences_and_behind_each_other() -> None:
    assert names_closed(f"disk '{GROUP}/providers/x/y' is gone.", CLOSED)
    assert names_closed(f"see {GROUP}.", CLOSED)
    assert names_closed(f"{SUBSCRIPTION}/resourceGroups/open{GROUP}", CLOSED)
    assert not names_closed("closed", CLOSED)
    assert not names_closed(GROUP, ())


def test_a_mention_tells_its_place() -> None:
    value = {"a": [{"b": GROUP}], "tags": {GROUP: "x"}, "n": 7, "none": None}
    assert [(each.place, each.text) for each in mentions(value)] == [("a[0].b", GROUP), (f"tags.{GROUP}", GROUP)]


def test_scopes_add_up_and_full_access_is_closed_to_nothing() -> None:
    scopes = [
        AccessScope(path=GROUP.lower(), object_ids=frozenset({"a"})),
        AccessScope(path="/x", object_ids=frozenset()),
    ]
    assert closed_to(["a"], scopes) == ("/x",)
    assert Author(object_id="b", groups=("a",)).closed(scopes) == ("/x",)
    assert Author(has_full_access=True).closed(scopes) == ()


@pytest.mark.parametrize("bad", ["..", ".", "...", "closed\n", "a b", "a%2Fb"])
def test_a_segment_that_a_url_would_read_otherwise_is_no_name(bad: str) -> None:
    with pytest.raises(ValueError, match="form"):
        parse_group_id(f"{SUBSCRIPTION}/resourceGroups/{bad}/")
    for text in (f"{SUBSCRIPTION}/resourceGroups/{bad}/providers/{DISK}/d", f"{GROUP}/providers/{DISK}/{bad}/"):
        with pytest.raises(ValueError, match="form"):
            parse_resource_id(text, DISK)
