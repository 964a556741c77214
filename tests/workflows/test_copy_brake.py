"""Copies in other regions that go early: the deletion brake counts them with their disks, once, and stops them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from backup_core.domain import agenda
from backup_core.domain.agenda import AgendaKind
from backup_core.domain.copying import CopyRule, KeptCopy
from backup_core.domain.instance import ProtectionState
from backup_core.domain.messages import ExpireCopies, ExpirePoints
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.workflows.brake import find_brake
from backup_core.workflows.copy_rules import delete_rule, put_rule
from backup_core.workflows.holds import Place, clear_hold, set_hold
from backup_core.workflows.lifecycle import stop_protection
from backup_core.workflows.protection import resume_protection
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.vaults import put_vault
from tests.builders import VAULT, hold, vault
from tests.workflows.platform import Platform
from tests.workflows.scenes import DAY, HOUR, SLOT, change_copy, change_instance, change_point, go_to, protected, sent
from tests.workflows.test_brake import OWNER, SOFTLY, THIEF, delete, go_on, is_stopped
from tests.workflows.test_copying import COPIES, copies, rule

DISKS = tuple(f"disk-{number}" for number in range(6))
DAILY = ("R/2026-03-01T12:00:00+00:00/P1D",)


def copied(*, retention: str = "P30D", soft: bool = False) -> Platform:
    """Disks with a point and a whole copy each, in a vault of which those of three may go early within an hour."""
    platform = protected(*DISKS, intervals=DAILY, retention="P7D")
    with platform.world.faults.paused():
        platform.world.cloud.region_copy_time = timedelta(seconds=20)
        platform.world.cloud.add_group(COPIES)
        for name in DISKS:
            put_rule(platform.world.ports, VAULT, of(name, retention))
        if soft:
            put_vault(platform.world.ports, vault(properties=SOFTLY))
    platform.run(minutes=5)
    assert all([copy.is_whole for copy in copies(platform, name)] == [True] for name in DISKS)
    return platform


def of(name: str, retention: str) -> CopyRule:
    return rule(f"north-{name}", policy=f"policy-{name}", kept=(KeptCopy(tag_name="Default", retention=retention),))


def lose_points(platform: Platform, names: Sequence[str] = DISKS) -> None:
    """Their snapshots at home were deleted past the app, and their time is over: only copies are left."""
    with platform.world.faults.paused():
        for name in names:
            for point in platform.points(name):
                platform.world.cloud.lose_snapshot(point.snapshot_id)
                platform.remove(RecoveryPoint, name, point.point_id)


def with_copies(platform: Platform) -> list[str]:
    return [name for name in DISKS if copies(platform, name)]


def two_copies(platform: Platform) -> list[str]:
    """A newer one for each, so that the older, whose ids these are, is not kept as the newest."""
    go_to(platform, SLOT + DAY, minutes=5)
    assert all(len(copies(platform, name)) == 2 for name in DISKS)
    return [copies(platform, name)[0].copy_id for name in DISKS]


def with_the_older(platform: Platform, olds: Sequence[str]) -> list[str]:
    return [name for name in DISKS if {copy.copy_id for copy in copies(platform, name)} & set(olds)]


def test_copies_that_go_with_instances_that_have_no_points_any_more_are_stopped_after_a_few() -> None:
    platform = copied()
    lose_points(platform)
    delete(platform, DISKS)
    platform.run(minutes=10)
    assert len(with_copies(platform)) == 3
    platform.run(hours=30)
    assert len(with_copies(platform)) == 3, "time alone lets nothing go"
    batch = find_brake(platform.world.ports, VAULT).batch
    assert (batch.instances, batch.points, batch.causes) == (3, 3, (THIEF,))
    assert all(platform.instance(name).alerts for name in with_copies(platform))
    go_on(platform, by=OWNER)
    platform.run(minutes=45)
    assert with_copies(platform) == []
    assert not any(platform.has_instance(name) for name in DISKS)
    assert not is_stopped(platform)


def test_an_instance_counts_once_with_its_points_and_its_copies() -> None:
    platform = copied()
    delete(platform, DISKS[:3])
    platform.run(minutes=20)
    assert not any(platform.has_instance(name) for name in DISKS[:3])
    assert find_brake(platform.world.ports, VAULT).counted(platform.world.clock.now()) == 3
    assert not is_stopped(platform)


def test_what_is_stopped_with_its_points_keeps_its_copies_and_nobody_looks_again_and_again() -> None:
    platform = copied()
    delete(platform, DISKS)
    platform.run(minutes=20)
    left = with_copies(platform)
    assert len(left) == 3
    assert all(platform.points(name) for name in left)
    batch = find_brake(platform.world.ports, VAULT).batch
    assert (batch.instances, batch.points) == (3, 6), "points and copies"
    before = len(sent(platform, ExpirePoints)) + len(sent(platform, ExpireCopies))
    platform.run(hours=3)
    assert len(sent(platform, ExpirePoints)) + len(sent(platform, ExpireCopies)) - before < 3 * 6 * 4
    go_on(platform, by=OWNER)
    platform.run(minutes=45)
    assert with_copies(platform) == []


def test_a_purge_that_would_only_take_copies_waits_too_and_can_be_undeleted() -> None:
    platform = copied(soft=True)
    lose_points(platform)
    delete(platform, DISKS)
    go_to(platform, SLOT + timedelta(days=14, minutes=1), minutes=20)
    left = with_copies(platform)
    assert len(left) == 3
    assert all(platform.instance(name).state is ProtectionState.SOFT_DELETED for name in left)


def test_plain_expiry_of_copies_asks_the_brake_nothing() -> None:
    platform = copied(retention="P2D")
    two_copies(platform)
    go_to(platform, SLOT + 2 * DAY, minutes=30)
    assert all(SLOT not in {copy.slot for copy in copies(platform, name)} for name in DISKS)
    assert find_brake(platform.world.ports, VAULT).counted(platform.world.clock.now()) == 0
    assert all(platform.instance(name).brake is None for name in DISKS)


def test_copies_that_a_cleared_hold_had_kept_beyond_their_date_are_no_plain_expiry() -> None:
    platform = copied(retention="P2D")
    olds = two_copies(platform)
    ports, place = platform.world.ports, Place(vault=VAULT)
    set_hold(ports, place, hold(scope="vault"))
    go_to(platform, SLOT + 2 * DAY, hours=2)
    clear_hold(ports, place, "case-1", by=THIEF)
    platform.run(hours=32)
    assert len(with_the_older(platform, olds)) == 3
    assert find_brake(ports, VAULT).batch.causes == (THIEF,)


def test_copies_that_stopped_protection_had_kept_are_no_plain_expiry_when_somebody_resumes_it() -> None:
    platform = copied(retention="P2D")
    olds = two_copies(platform)
    for name in DISKS:
        stop_protection(platform.world.ports, VAULT, name)
    go_to(platform, SLOT + 2 * DAY + HOUR, minutes=5)
    for name in DISKS:
        resume_protection(platform.world.ports, VAULT, name, by=THIEF)
    reconcile(platform.world.ports)
    platform.run(hours=3)
    assert len(with_the_older(platform, olds)) == 3
    assert is_stopped(platform)


def test_neither_a_shortened_rule_nor_a_deleted_one_lets_any_copy_go_sooner() -> None:
    platform = copied(retention="P30D")
    two_copies(platform)
    before = {copy.copy_id: copy.expires_at for name in DISKS for copy in copies(platform, name)}
    for name in DISKS:
        put_rule(platform.world.ports, VAULT, of(name, "PT1H"))
        delete_rule(platform.world.ports, VAULT, f"north-{name}")
    go_to(platform, SLOT + 5 * DAY, hours=2)
    there = {copy.copy_id: copy.expires_at for name in DISKS for copy in copies(platform, name)}
    assert before.items() <= there.items()


def test_what_waits_at_home_stays_in_the_batch_when_copies_expire_plainly_beside_it() -> None:
    """Both expiries of an instance ask for all of it: neither takes it out of a batch that the other is in."""
    platform = copied(retention="P2D")
    two_copies(platform)
    with platform.world.faults.paused():
        for name in DISKS:
            (older, _) = platform.points(name)[::-1]
            asked = {"expires_at": SLOT + HOUR, "promised_until": SLOT + 9 * DAY, "released_by": THIEF, "copying": ()}
            change_point(platform, older.point_id, name, **asked)
            change_instance(platform, name, expiry_due_at=platform.world.clock.now())
            platform.world.store.schedule([agenda.expiry_row(VAULT, name, platform.world.clock.now())])
    platform.run(minutes=5)
    batch = find_brake(platform.world.ports, VAULT).batch
    assert batch.instances == 3
    go_to(platform, SLOT + 2 * DAY, minutes=50)
    again = find_brake(platform.world.ports, VAULT).batch
    assert (again.name, again.instances) == (batch.name, 3)
    assert not [row for row in platform.agenda(AgendaKind.EXPIRY) if row.due_at < platform.world.clock.now() - HOUR]


def test_a_copy_in_a_batch_that_somebody_holds_leaves_it() -> None:
    platform = copied()
    lose_points(platform)
    delete(platform, DISKS)
    platform.run(minutes=10)
    assert is_stopped(platform)
    set_hold(platform.world.ports, Place(vault=VAULT), hold(scope="vault"))
    left = with_copies(platform)
    platform.run(minutes=45)
    assert not is_stopped(platform)
    assert with_copies(platform) == left
    for name in left:
        for copy in copies(platform, name):
            change_copy(platform, copy.copy_id, name, expires_at=SLOT)
    platform.run(minutes=45)
    assert with_copies(platform) == left
