"""Guards, mappings and unlocks as rows: whatever comes between two writes, what is guarded stays guarded, and what is
no longer guarded was told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache

import pytest

from backup_core.domain.errors import BackupError, NotFound, ResourceInUse
from backup_core.domain.events import Event
from backup_core.domain.guard import (
    UNLOCKED_FOR,
    Critical,
    GuardLocked,
    ResourceGuard,
    Unlock,
    guard_id,
    proxy_id,
)
from backup_core.domain.resource_ids import GroupId
from backup_core.domain.vault import Vault
from backup_core.ports import Ports, StateConflict, every
from backup_core.workflows import catalogue
from backup_core.workflows.guards import (
    ask_leave,
    delete_guard,
    find_mapping,
    get_guard,
    list_guards,
    map_guard,
    put_guard,
    tag_guard,
    unlock,
    unmap_guard,
)
from backup_core.workflows.rebuild import ensure_vault
from backup_core.workflows.vaults import delete_vault, put_vault
from tests.builders import NOW, SUBSCRIPTION, VAULT, vault
from tests.workflows.platform import HostDied, Platform
from tests.workflows.proofs import TROUBLES
from tests.workflows.scenes import events
from tests.workflows.test_vault_going import WatchedStore, interleaved

ADA, BEN, EVE = "ada", "ben", "eve"
GROUP = GroupId(subscription=SUBSCRIPTION, group="security-rg")
GUARD_ID = guard_id(GROUP, "guard-1")
INSTANCE = f"{VAULT.resource_id}/backupInstances/disk-1"
GUARD = ResourceGuard(
    subscription=SUBSCRIPTION, group=GROUP.group, name="guard-1", location="westeurope", created_at=NOW
)


def bare() -> Platform:
    """A guard that guards no vault."""
    platform = Platform()
    put_guard(platform.world.ports, GUARD, [], BEN)
    return platform


def mapped() -> Platform:
    platform = bare()
    map_guard(platform.world.ports, VAULT, GUARD_ID, ADA)
    return platform


def unlocked() -> Platform:
    platform = mapped()
    unlock(platform.world.ports, VAULT, [(Critical.UNMAP, proxy_id(VAULT))], BEN)
    return platform


def map_(ports: Ports) -> None:
    map_guard(ports, VAULT, GUARD_ID, ADA)


def unmap(ports: Ports) -> None:
    unmap_guard(ports, VAULT, ADA)


def unlock_deletion(ports: Ports) -> None:
    unlock(ports, VAULT, [(Critical.DELETE_INSTANCE, INSTANCE)], BEN)


def weaken(ports: Ports) -> None:
    put_guard(ports, GUARD, [Critical.STOP.value], BEN)


def remove_guard(ports: Ports) -> None:
    delete_guard(ports, GROUP, "guard-1")


def remove_vault(ports: Ports) -> None:
    delete_vault(ports, VAULT)


def told(platform: Platform, name: str) -> list[Event]:
    platform.run(minutes=1)
    return events(platform, f"ResourceGuard.{name}")


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(GuardLocked) as error:
        act()
    return error.value.message


# ---------------------------------------------------------------- what is kept


def test_guards_are_listed_by_their_group_alone() -> None:
    ports = bare().world.ports
    for group in ("security-rg2", "security"):
        put_guard(ports, replace(GUARD, group=group), [], BEN)
    assert [each.value.group for each in list_guards(ports, SUBSCRIPTION, "security-rg").items] == ["security-rg"]
    assert len(list_guards(ports, SUBSCRIPTION).items) == 3
    assert tag_guard(ports, GROUP, "GUARD-1", {"a": "b"}).tags == {"a": "b"}


def test_a_guard_that_is_mapped_again_is_mapped_as_before() -> None:
    platform = mapped()
    before = find_mapping(platform.world.ports, VAULT)
    platform.run(minutes=1)
    again, _ = map_guard(platform.world.ports, VAULT, GUARD_ID.upper(), EVE)
    assert again == before
    assert len(told(platform, "Mapped")) == 1


def test_another_guard_takes_the_leave_of_unmapping() -> None:
    platform = mapped()
    ports, other = platform.world.ports, guard_id(GROUP, "guard-2")
    put_guard(ports, replace(GUARD, name="guard-2"), [], ADA)
    refused(lambda: map_guard(ports, VAULT, other, ADA))
    unlock(ports, VAULT, [(Critical.UNMAP, proxy_id(VAULT))], BEN)
    mapping, _ = map_guard(ports, VAULT, other, ADA)
    assert mapping.guard_id == other
    assert (len(told(platform, "Unmapped")), len(told(platform, "Mapped"))) == (1, 2)


def test_unlocks_that_are_over_are_cleared_away() -> None:
    platform = unlocked()
    ports = platform.world.ports
    platform.world.clock.advance(seconds=UNLOCKED_FOR.total_seconds())
    unlock_deletion(ports)
    assert [each.value.operation for each in every(ports, Unlock, VAULT)] == [Critical.DELETE_INSTANCE]


def test_an_unlock_given_again_lasts_again() -> None:
    platform = unlocked()
    ports = platform.world.ports
    platform.run(minutes=29)
    unlock(ports, VAULT, [(Critical.UNMAP, proxy_id(VAULT))], BEN)
    platform.run(minutes=29)
    assert unmap_guard(ports, VAULT, ADA)


def test_an_unlock_is_for_one_operation_on_one_resource() -> None:
    platform = mapped()
    unlock_deletion(platform.world.ports)
    refused(lambda: ask_leave(platform.world.ports, VAULT, Critical.DELETE_INSTANCE, f"{INSTANCE}2", ADA))
    refused(lambda: ask_leave(platform.world.ports, VAULT, Critical.STOP, INSTANCE, ADA))
    ask_leave(platform.world.ports, VAULT, Critical.DELETE_INSTANCE, INSTANCE, ADA)


def test_the_app_itself_needs_nobodys_leave() -> None:
    ask_leave(mapped().world.ports, VAULT, Critical.STOP, INSTANCE, None)


def test_a_use_is_told_once_however_often_it_is_tried() -> None:
    platform = mapped()
    unlock_deletion(platform.world.ports)
    for _ in range(3):
        ask_leave(platform.world.ports, VAULT, Critical.DELETE_INSTANCE, INSTANCE, ADA)
    assert len(told(platform, "UnlockUsed")) == 1
    assert "used by somebody else" in refused(
        lambda: ask_leave(platform.world.ports, VAULT, Critical.DELETE_INSTANCE, INSTANCE, EVE)
    )


def test_a_guarded_vault_is_not_deleted_and_one_made_anew_is_guarded_still() -> None:
    platform = mapped()
    with pytest.raises(ResourceInUse, match="resource guard"):
        delete_vault(platform.world.ports, VAULT)
    assert not catalogue.get_vault(platform.world.ports, VAULT).closing
    platform.remove(Vault)
    put_vault(platform.world.ports, vault())
    assert "not unlocked" in refused(lambda: unmap_guard(platform.world.ports, VAULT, ADA))


def test_a_vault_that_had_to_be_written_anew_is_told_with_the_guard_that_is_left() -> None:
    platform = mapped()
    platform.remove(Vault)
    ensure_vault(platform.world.ports, VAULT, "westeurope")
    ensure_vault(platform.world.ports, VAULT, "westeurope")
    platform.run(minutes=1)
    assert [event.content["resourceGuardId"] for event in events(platform, "Vault.Rebuilt")] == [GUARD_ID]


# ---------------------------------------------------------------- two at once


@pytest.mark.parametrize(("first", "second"), [(map_, remove_guard), (remove_guard, map_)])
def test_a_guard_that_is_deleted_while_it_is_mapped_guards_or_is_gone(
    first: Callable[[Ports], None], second: Callable[[Ports], None]
) -> None:
    for platform in interleaved(first, second, bare):
        ports = platform.world.ports
        if find_mapping(ports, VAULT) is not None:
            assert not get_guard(ports, GROUP, "guard-1").closing
        else:
            with pytest.raises(NotFound):
                get_guard(ports, GROUP, "guard-1")


@pytest.mark.parametrize(("first", "second"), [(map_, remove_vault), (remove_vault, map_)])
def test_a_vault_that_is_deleted_while_a_guard_is_mapped_to_it_has_a_guard_or_is_gone(
    first: Callable[[Ports], None], second: Callable[[Ports], None]
) -> None:
    for platform in interleaved(first, second, bare):
        stored = platform.world.store.get(Vault, VAULT)
        is_mapped = find_mapping(platform.world.ports, VAULT) is not None
        assert is_mapped == (stored is not None)
        assert stored is None or not stored.value.closing


def test_of_two_who_use_an_unlock_at_once_one_is_told_no() -> None:
    def prepare() -> Platform:
        platform = mapped()
        unlock_deletion(platform.world.ports)
        return platform

    for nth in range(20):
        platform, used = prepare(), list[str]()

        def use(who: str, ports: Ports, used: list[str] = used) -> None:
            with suppress(GuardLocked):
                ask_leave(ports, VAULT, Critical.DELETE_INSTANCE, INSTANCE, who)
                used.append(who)

        ports = platform.world.ports
        watched = WatchedStore(platform.world.store, nth, lambda ports=ports, use=use: use(EVE, ports))
        use(ADA, replace(ports, store=watched))  # type: ignore[arg-type]
        if not watched.was_reached:
            return
        assert len(used) == 1
    raise AssertionError("there were more calls than were tried")


# ---------------------------------------------------------------- trouble at every call

ACTS: dict[str, tuple[Callable[[], Platform], Callable[[Ports], None], Callable[[Platform], object], str]] = {
    "map": (bare, map_, lambda platform: find_mapping(platform.world.ports, VAULT) is not None, "Mapped"),
    "unmap": (unlocked, unmap, lambda platform: find_mapping(platform.world.ports, VAULT) is None, "Unmapped"),
    "unlock": (mapped, unlock_deletion, lambda platform: any(every(platform.world.ports, Unlock, VAULT)), "Unlocked"),
    "weaken": (mapped, weaken, lambda platform: get_guard(platform.world.ports, GROUP, "guard-1").excluded, "Weakened"),
}


@cache
def calls_of(name: str) -> int:
    prepare, act, _, _ = ACTS[name]
    platform = prepare()
    before = len(platform.world.faults.calls)
    act(platform.world.ports)
    return len(platform.world.faults.calls) - before


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", ACTS)
def test_what_was_done_was_told_and_what_was_not_can_be_asked_for_again(name: str, trouble: str) -> None:
    prepare, act, is_done, event = ACTS[name]
    error, after = TROUBLES[trouble]
    assert calls_of(name) > 2
    for nth in range(calls_of(name)):
        platform = prepare()
        platform.world.faults.fail_nth(nth, error(trouble), after=after)
        with suppress(BackupError, HostDied, StateConflict):
            act(platform.world.ports)
        platform.world.faults.clear()
        if is_done(platform):
            assert told(platform, event), f"call {nth}"
        else:
            act(platform.world.ports)
        assert is_done(platform), f"call {nth}"
        assert told(platform, event), f"call {nth}"
