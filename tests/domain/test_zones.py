"""Time zones: found by IANA and Windows names, refused with a hint."""

from __future__ import annotations

from zoneinfo import available_timezones

import pytest

from backup_core.domain.zones import WINDOWS_ZONES, find_zone
from tests.cases import every_case


@every_case("name", sorted(WINDOWS_ZONES))
def test_every_windows_zone_is_a_zone_of_the_database(name: str) -> None:
    assert str(find_zone(name)) == WINDOWS_ZONES[name]
    assert WINDOWS_ZONES[name] in available_timezones()


@pytest.mark.parametrize(
    ("name", "iana"),
    [
        ("UTC", "UTC"),
        ("utc", "UTC"),
        ("Coordinated Universal Time", "UTC"),
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("w. europe standard time", "Europe/Berlin"),
        (" Pacific Standard Time ", "America/Los_Angeles"),
        ("UTC+13", "Etc/GMT-13"),
        ("Etc/UTC", "Etc/UTC"),
    ],
)
def test_names_are_found_without_regard_to_case(name: str, iana: str) -> None:
    assert str(find_zone(name)) == iana


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Europe/Berlinn", "Europe/Berlin"),
        ("W Europe Standard Time", "W. Europe Standard Time"),
        ("Pacific Time", "Pacific"),
        ("Amerika/New_York", "America/New_York"),
    ],
)
def test_a_misspelt_zone_is_refused_with_near_misses(name: str, near: str) -> None:
    with pytest.raises(ValueError, match=near):
        find_zone(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "America", "../../etc/passwd", "/etc/passwd", "right/UTC", "posix/UTC", "localtime", "posixrules"),
        *("Factory", "\0", "\ud800", "x" * 5000, "UTC+25", "+02:00"),
    ],
)
def test_what_is_no_places_time_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone"):
        find_zone(name)


@pytest.mark.parametrize("stranger", [None, 1, [], {}, b"UTC"])
def test_what_is_not_text_names_no_zone(stranger: object) -> None:
    with pytest.raises(ValueError, match="is not a time zone"):
        find_zone(stranger)  # type: ignore[arg-type]
