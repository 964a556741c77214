"""The deletion brake: what goes early goes for a few disks an hour; the rest waits until a second person says go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from backup_core.domain.agenda import expiry_row
from backup_core.domain.alert import Cause
from backup_core.domain.brake import GoOn, SecondPersonNeeded
from backup_core.domain.errors import ResourceInUse
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.vault import Promises
from backup_core.ports import StateConflict, Stored
from backup_core.workflows.brake import ask_brake, find_brake, say_go_on
from backup_core.workflows.health import health_of
from backup_core.workflows.holds import Place, clear_hold, set_hold
from backup_core.workflows.lifecycle import delete_instance, stop_protection, undelete_instance
from backup_core.workflows.protection import configure_instance, resume_protection
from backup_core.workflows.releasing import keep_point, release_point
from backup_core.workflows.vaults import patch_vault, put_vault
from tests.builders import VAULT, hold, vault, vault_properties
from tests.workflows.platform import Platform, request
from tests.workflows.scenes import DAILY_AT_NOON, HOUR, SLOT, add_point, backed_up, change_instance, events, go_to

THIEF, OWNER, OTHER = "thief", "owner", "other"
DISKS = tuple(f"disk-{number}" for number in range(8))
SOFTLY = vault_properties(soft_delete="On", days=14)


def vault_of(*names: str, soft: bool = False) -> Platform:
    """Disks with a point each, in a vault of which points of three may go early within an hour."""
    platform = backed_up(*names or DISKS, **DAILY_AT_NOON)
    if soft:
        put_vault(platform.world.ports, vault(properties=SOFTLY))
    return platform


def delete(platform: Platform, names: Sequence[str], by: str = THIEF) -> None:
    for name in names:
        delete_instance(platform.world.ports, VAULT, name, by=by)


def there(platform: Platform, names: Sequence[str] = DISKS) -> list[str]:
    """The disks that still have a point."""
    return [name for name in names if platform.points(name)]


def expiring(platform: Platform, at: datetime) -> None:
    """Each disk has a point, older than its newest, that expires at `at`, and the agenda knows."""
    for name in DISKS:
        add_point(platform, SLOT - HOUR, name=name, expires_at=at)
        platform.world.store.schedule([expiry_row(VAULT, name, at)])
        change_instance(platform, name, expiry_due_at=at)


def add_older_points(platform: Platform, names: Sequence[str], count: int) -> None:
    for name in names:
        for hours in range(1, count + 1):
            add_point(platform, SLOT - hours * HOUR, name=name, expires_at=SLOT + timedelta(days=30))


def go_on(platform: Platform, by: str = OWNER) -> GoOn:
    ports = platform.world.ports
    batch = find_brake(ports, VAULT).batch
    assert batch is not None, "nothing waits"
    return say_go_on(ports, VAULT, batch.batch_id, by=by, by_name=by, reason="they are meant to go")


def share(platform: Platform, percent: float) -> None:
    settings = {"securitySettings": {"deletionBrakeSettings": {"sharePercent": percent}}}
    patch_vault(platform.world.ports, VAULT, tags=None, identity=None, settings=settings, by=THIEF)


def is_stopped(platform: Platform) -> bool:
    return find_brake(platform.world.ports, VAULT).batch is not None


# ---------------------------------------------------------------- what is stopped


def test_what_is_deleted_with_its_instances_stops_after_a_few() -> None:
    platform = vault_of()
    delete(platform, DISKS)
    platform.run(minutes=5)
    assert len(there(platform)) == 5
    assert len(platform.world.cloud.removed) == 3
    platform.run(hours=30)
    assert len(there(platform)) == 5, "time alone lets nothing go"
    batch = find_brake(platform.world.ports, VAULT).batch
    assert (batch.instances, batch.points, batch.causes) == (5, 5, (THIEF,))
    assert [each.content["causedBy"] for each in events(platform, "Deletions.Stopped")] == [[THIEF]]


def test_a_share_of_a_large_vault_may_go() -> None:
    names = tuple(f"disk-{number}" for number in range(50))
    platform = vault_of(*names)
    delete(platform, names[:20])
    platform.run(minutes=5)
    assert len(there(platform, names)) == 45
    assert find_brake(platform.world.ports, VAULT).total == 50


def test_what_is_purged_can_be_undeleted_as_long_as_it_waits() -> None:
    platform = vault_of(soft=True)
    delete(platform, DISKS)
    go_to(platform, SLOT + timedelta(days=14, minutes=1), minutes=10)
    left = there(platform)
    assert len(left) == 5
    assert all(platform.instance(name).state is ProtectionState.SOFT_DELETED for name in left)
    for name in left:
        undelete_instance(platform.world.ports, VAULT, name)
    platform.run(minutes=40)
    assert not is_stopped(platform), "all that waited was taken back"
    assert all(not platform.instance(name).alerts for name in left)
    assert there(platform) == left


def test_points_that_are_deleted_one_by_one_count_by_their_disk() -> None:
    platform = vault_of()
    add_older_points(platform, DISKS, 3)
    for name in DISKS:
        for point in platform.points(name)[1:]:
            release_point(platform.world.ports, VAULT, name, point.point_id, by=THIEF)
    platform.run(minutes=5)
    assert sorted(len(platform.points(name)) for name in DISKS) == [1] * 3 + [4] * 5
    waiting = [name for name in DISKS if len(platform.points(name)) == 4]
    for name in waiting:
        for point in platform.points(name)[1:]:
            keep_point(platform.world.ports, VAULT, name, point.point_id)
    platform.run(minutes=40)
    assert not is_stopped(platform)


def test_what_a_cleared_hold_had_kept_beyond_its_date_is_no_plain_expiry() -> None:
    platform = vault_of()
    expiring(platform, SLOT + HOUR)
    ports, place = platform.world.ports, Place(vault=VAULT)
    set_hold(ports, place, hold(scope="vault"))
    platform.run(hours=2)
    clear_hold(ports, place, "case-1", by=THIEF)
    platform.run(hours=32)
    assert len([name for name in DISKS if len(platform.points(name)) == 3]) == 5
    assert find_brake(ports, VAULT).batch.causes == (THIEF,)


def test_what_stopped_protection_had_kept_beyond_its_date_is_no_plain_expiry_when_somebody_resumes_it() -> None:
    platform = vault_of()
    ports = platform.world.ports
    expiring(platform, SLOT + HOUR)
    for name in DISKS:
        stop_protection(ports, VAULT, name)
    platform.run(hours=2)
    for name in DISKS[:6]:
        resume_protection(ports, VAULT, name, by=THIEF)
    for name in DISKS[6:]:
        configure_instance(ports, VAULT, request(name), by=OTHER)
    platform.run(minutes=10)
    assert len([name for name in DISKS if len(platform.points(name)) == 2]) == 5
    assert set(find_brake(ports, VAULT).batch.causes) <= {THIEF, OTHER}


def test_plain_expiry_asks_nothing_and_goes_on_beside_what_waits() -> None:
    platform = vault_of()
    expiring(platform, SLOT + HOUR)
    platform.run(hours=2)
    assert all(len(platform.points(name)) == 1 for name in DISKS)
    assert find_brake(platform.world.ports, VAULT).counts == ()
    kept = [add_point(platform, SLOT - 2 * HOUR, name=name, expires_at=SLOT + timedelta(days=9)) for name in DISKS]
    expiring(platform, SLOT + 3 * HOUR)
    for each in kept:
        release_point(platform.world.ports, VAULT, each.instance_name, each.point_id, by=THIEF)
    platform.run(minutes=10)
    assert is_stopped(platform)
    platform.run(hours=2)
    assert sorted(len(platform.points(name)) for name in DISKS) == [1] * 3 + [2] * 5
    platform.run(hours=22)
    assert all(platform.instance(name).newest_slot == SLOT + timedelta(days=1) for name in DISKS), "backups go on"


def test_what_the_app_itself_ends_counts_for_nothing() -> None:
    """A disk that was away for a while is protected again by the app."""
    platform = vault_of()
    ports = platform.world.ports
    expiring(platform, SLOT + HOUR)
    for name in DISKS:
        stop_protection(ports, VAULT, name)
    platform.run(hours=2)
    for name in DISKS:
        resume_protection(ports, VAULT, name)
    platform.run(minutes=10)
    assert all(len(platform.points(name)) == 1 for name in DISKS)


def test_within_the_hour_a_disk_counts_once_and_later_again() -> None:
    platform = vault_of()
    add_older_points(platform, DISKS[:3], 3)
    for _ in range(2):
        for name in DISKS[:3]:
            release_point(platform.world.ports, VAULT, name, platform.points(name)[-1].point_id, by=THIEF)
        platform.run(minutes=20)
    assert [count.instances for count in find_brake(platform.world.ports, VAULT).counts] == [3]
    platform.run(minutes=80)
    assert find_brake(platform.world.ports, VAULT).counted(platform.world.clock.now()) == 0
    delete(platform, DISKS[3:6])
    platform.run(minutes=5)
    assert len(there(platform)) == 5
    assert not is_stopped(platform)


@pytest.mark.parametrize("apart", [-30, 30])
def test_hosts_whose_clocks_are_apart_never_let_more_go_within_an_hour(apart: int) -> None:
    platform = vault_of()
    delete(platform, DISKS[:3])
    platform.run(minutes=5)
    platform.world.clock.advance(minutes=54, seconds=30 + apart)
    delete(platform, DISKS[3:])
    platform.run(seconds=25)
    assert len(there(platform)) == 5


def test_hosts_that_delete_side_by_side_stay_within_the_share_together() -> None:
    """Each has read the same before another writes."""
    platform = vault_of()
    ports = platform.world.ports
    for name in DISKS:
        change_instance(platform, name, state=ProtectionState.DELETING, deleted_by=THIEF)
    first, *others = [platform.stored(BackupInstance, name) for name in DISKS]
    store, began = ports.store, iter(others)

    class Beside:
        """Lets the next host in between each look at the brake and the write that follows."""

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        def get(self, record: type, *key: object) -> object:
            found = store.get(record, *key)
            if record.__name__ == "Brake":
                for stored in began:
                    allowed.append(_asks(platform, stored))
                    break
            return found

    allowed: list[bool] = []
    beside = replace(ports, store=Beside())
    try:
        allowed.append(not ask_brake(beside, VAULT, first, None, platform.points(DISKS[0])).stopped)
    except StateConflict:
        allowed.append(False)  # it comes again
    allowed += [_asks(platform, stored) for stored in began]
    assert allowed.count(True) == 3


def _asks(platform: Platform, stored: Stored[BackupInstance]) -> bool:
    asked = ask_brake(platform.world.ports, VAULT, stored, None, platform.points(stored.value.name))
    return not asked.stopped


# ---------------------------------------------------------------- go on


def test_a_second_person_lets_it_go_and_all_that_waited_goes() -> None:
    platform = vault_of()
    delete(platform, DISKS)
    platform.run(minutes=5)
    said = go_on(platform)
    assert (said.batch.instances, said.by, said.until - said.at) == (5, OWNER, timedelta(hours=24))
    platform.run(minutes=35)
    assert there(platform) == []
    assert not any(platform.has_instance(name) for name in DISKS)
    assert [each.content["callerId"] for each in events(platform, "Deletions.LetGo")] == [OWNER]


def test_who_caused_any_of_it_is_no_second_person() -> None:
    platform = vault_of()
    delete(platform, DISKS[:7])
    delete(platform, DISKS[7:], by=OTHER)
    platform.run(minutes=5)
    for by in (THIEF, OTHER, THIEF.upper()):
        with pytest.raises(SecondPersonNeeded):
            go_on(platform, by)
    platform.run(hours=2)
    assert len(there(platform)) == 5
    go_on(platform)


def test_what_comes_after_the_go_on_is_not_of_that_batch() -> None:
    platform = vault_of()
    delete(platform, DISKS[:6])
    platform.run(minutes=5)
    go_on(platform)
    delete(platform, DISKS[6:])
    platform.run(minutes=35)
    assert there(platform) == list(DISKS[6:])
    assert is_stopped(platform)
    with pytest.raises(SecondPersonNeeded):
        go_on(platform, THIEF)


def test_more_points_of_a_disk_in_the_batch_are_not_of_the_batch() -> None:
    platform = vault_of()
    add_older_points(platform, DISKS, 2)
    for name in DISKS:
        release_point(platform.world.ports, VAULT, name, platform.points(name)[-1].point_id, by=THIEF)
    platform.run(minutes=5)
    waiting = [name for name in DISKS if len(platform.points(name)) == 3]
    go_on(platform)
    for name in waiting:
        release_point(platform.world.ports, VAULT, name, platform.points(name)[1].point_id, by=THIEF)
    platform.run(minutes=40)
    assert all(len(platform.points(name)) == 2 for name in waiting), "one goes by the go-on, the other waits"
    assert is_stopped(platform)


def test_who_lets_a_batch_go_has_seen_all_of_it() -> None:
    platform = vault_of()
    ports = platform.world.ports
    delete(platform, DISKS[:6])
    platform.run(minutes=5)
    seen = find_brake(ports, VAULT).batch
    delete(platform, DISKS[6:])
    platform.run(minutes=5)
    with pytest.raises(ResourceInUse, match="does not wait"):
        say_go_on(ports, VAULT, seen.batch_id, by=OWNER, by_name="", reason="they are meant to go")
    said = go_on(platform)
    again = say_go_on(ports, VAULT, said.batch.batch_id, by=OWNER, by_name="", reason="an answer was lost")
    assert again == said
    with pytest.raises(ResourceInUse, match="is none"):
        say_go_on(ports, VAULT, said.batch.batch_id, by=OTHER, by_name="", reason="late")


def test_a_go_on_is_over_after_a_day() -> None:
    platform = vault_of()
    delete(platform, DISKS)
    platform.run(minutes=5)
    go_on(platform)
    platform.world.clock.advance(hours=24, minutes=1)
    platform.run(minutes=5)
    assert len(there(platform)) == 2, "three are counted anew"
    assert is_stopped(platform)


# ---------------------------------------------------------------- seen, set, and off


def test_each_instance_that_waits_has_an_alert_that_ends_with_it() -> None:
    platform = vault_of()
    delete(platform, DISKS)
    platform.run(minutes=5)
    left = there(platform)
    for name in left:
        (alert,) = platform.instance(name).alerts
        assert alert.cause == Cause.BRAKE
    assert health_of(platform.world.ports, [VAULT]).braked == 5
    go_on(platform)
    platform.run(minutes=35)
    (resolved,) = [each for each in events(platform, "Alert.Resolved") if each.content["cause"] == Cause.BRAKE]
    assert sorted(resolved.content["affectedItems"]) == left
    assert health_of(platform.world.ports, [VAULT]).braked == 0


def test_a_greater_share_counts_only_later_and_a_smaller_one_at_once() -> None:
    platform = vault_of()
    share(platform, 100)
    delete(platform, DISKS)
    platform.run(minutes=5)
    assert len(there(platform)) == 5
    assert events(platform, "Vault.Weakened")
    platform.run(hours=25)
    assert there(platform) == [], "without a second person there is the slow way"
    assert not is_stopped(platform)


def test_a_deployment_may_have_every_early_deletion_wait() -> None:
    platform = vault_of()
    platform.world.promises = Promises(unbraked_instances=0)
    delete(platform, DISKS[:1])
    platform.run(minutes=5)
    assert there(platform) == list(DISKS)
    go_on(platform)
    platform.run(minutes=35)
    assert there(platform) == list(DISKS[1:])


def test_a_soft_deletion_that_is_taken_back_and_asked_for_again_is_counted_again() -> None:
    platform = vault_of(soft=True)
    platform.world.promises = Promises(unbraked_instances=1)
    ports = platform.world.ports
    delete(platform, DISKS[:1])
    assert _asks(platform, platform.stored(BackupInstance, DISKS[0])), "as a host that dies then"
    undelete_instance(ports, VAULT, DISKS[0])
    delete(platform, DISKS[:1])
    assert not _asks(platform, platform.stored(BackupInstance, DISKS[0]))
