"""Which copies a disk has and will have in each region, for an estimate of their cost; and what they keep at home."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_core.domain.copying import KeptCopy
from backup_core.domain.cost import GIB, Churn, CopyLifetime, Use, transferred_gib
from backup_core.domain.forecast import Lifetime
from backup_core.workflows.copy_rules import delete_rule
from backup_core.workflows.cost import RegionCopies, copies_of_instance, copies_to_come, longer_at_home
from backup_core.workflows.lifecycle import stop_protection
from tests.builders import NOW, VAULT, policy
from tests.workflows.platform import Platform
from tests.workflows.scenes import DAY, HOUR, SLOT, go_to, protected
from tests.workflows.test_copying import copied, rule

NIGHTLY = policy("policy-1", intervals=("R/2026-01-01T02:00:00+00:00/P1D",), retention="P7D")
USE = Use(size_bytes=0, used_bytes=100 * GIB, churn=Churn(used_bytes=100 * GIB, changed_bytes=GIB))


def region(*taken: int, whole: int = 0) -> RegionCopies:
    """Copies of points so many days from now, of which the first `whole` are there."""
    copies = tuple(
        CopyLifetime(lifetime=Lifetime(taken_at=NOW + day * DAY, goes_at=None), is_to_come=number >= whole)
        for number, day in enumerate(taken)
    )
    return RegionCopies(location="northeurope", rule_name="north", copies=copies)


def test_a_rule_copies_what_has_its_tags_and_keeps_it_as_long_as_it_says() -> None:
    (found,) = copies_to_come([rule(policy="Policy-1", retention="P3D")], NIGHTLY, NOW, NOW + 10 * DAY)
    taken = [copy.lifetime.taken_at for copy in found.copies]
    assert (found.location, found.rule_name, len(taken)) == ("northeurope", "north", 10)
    first, *_, last = (copy.lifetime for copy in found.copies)
    assert first.goes_at == first.taken_at + 3 * DAY
    assert last.goes_at is None, "nothing newer is known to come"
    other = rule(policy="policy-1", kept=(KeptCopy(tag_name="Weekly", retention="P1Y"),))
    assert copies_to_come([rule(policy="policy-2")], NIGHTLY, NOW, NOW + DAY) == ()
    assert copies_to_come([other], NIGHTLY, NOW, NOW + DAY)[0].copies == ()


def test_the_first_copy_is_transferred_whole_and_each_other_one_as_it_differs_from_the_one_before() -> None:
    churn = USE.churn
    found = transferred_gib(region(0, 1, 3).copies, USE)
    changed = (churn.between(DAY) + churn.between(2 * DAY)) / GIB
    assert found.estimate == pytest.approx(100 + changed)
    assert (found.least, found.most) == (100.0, 300.0)
    there = transferred_gib(region(0, 1, 3, whole=2).copies, USE)
    assert there.estimate == pytest.approx(churn.between(2 * DAY) / GIB)
    assert transferred_gib((), USE).most == 0.0


def test_a_snapshot_stays_at_home_until_the_copy_after_its_own_is_whole() -> None:
    points = [Lifetime(taken_at=NOW + day * DAY, goes_at=NOW + (day + 2) * DAY) for day in range(15)]
    weekly = region(0, 7, 14)
    found = longer_at_home(points, [weekly], 4 * HOUR)
    assert found[0].goes_at == NOW + 7 * DAY + 4 * HOUR
    assert found[1] == points[1], "it is not copied"
    assert found[7].goes_at == NOW + 14 * DAY + 4 * HOUR
    assert found[14].goes_at is None, "the copy after it is not known yet"
    assert longer_at_home(points, [], 4 * HOUR) == points


def test_copies_slower_than_backups_keep_ever_more_at_home() -> None:
    points = [Lifetime(taken_at=NOW + hour * HOUR, goes_at=NOW + (hour + 1) * HOUR) for hour in range(10)]
    copies = tuple(CopyLifetime(lifetime=each, is_to_come=True) for each in points)
    found = longer_at_home(points, [RegionCopies(location="x", rule_name="x", copies=copies)], 3 * HOUR)
    assert [each.goes_at for each in found[:3]] == [NOW + hours * HOUR for hours in (6, 9, 12)]


def with_a_copy_that_waits() -> Platform:
    platform = copied(protected())
    platform.run(minutes=20)
    platform.world.cloud.region_copy_time = timedelta(hours=5)
    go_to(platform, SLOT + HOUR, minutes=5)
    return platform


def found_for(platform: Platform) -> tuple[RegionCopies, ...]:
    until = platform.world.clock.now() + 5 * HOUR
    return copies_of_instance(platform.world.ports, VAULT, platform.instance(), platform.instance().policy, until)


def test_of_a_protected_disk_the_copies_that_exist_are_owed_and_come_are_told() -> None:
    (found,) = found_for(with_a_copy_that_waits())
    assert [copy.is_to_come for copy in found.copies] == [False, True, *[True] * 5]
    assert found.copies[0].lifetime.goes_at == found.copies[0].lifetime.taken_at + 30 * DAY


def test_without_a_rule_or_backups_what_exists_is_told() -> None:
    platform = with_a_copy_that_waits()
    delete_rule(platform.world.ports, VAULT, "north")
    (found,) = found_for(platform)
    assert (found.location, found.rule_name, len(found.copies)) == ("northeurope", "", 2)
    stop_protection(platform.world.ports, VAULT, "disk-1")
    (stays,) = found_for(platform)
    assert {copy.lifetime.goes_at for copy in stays.copies} == {None}


def test_a_disk_without_copies_tells_of_no_region() -> None:
    assert found_for(protected()) == ()
