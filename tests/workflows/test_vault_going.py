"""A vault or a policy that is deleted while an instance comes to it: one of both gives way, whatever comes between. No
instance stays without the vault by which it can be seen and deleted, or without the policy that it follows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from backup_core.domain.errors import BackupError, ResourceInUse
from backup_core.domain.instance import BackupInstance, DiskClaim, ProtectionState
from backup_core.domain.job import Job
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.vault import Vault
from backup_core.ports import Ports, Replace, StateStore, every
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.vaults import delete_policy, delete_vault, put_policy, put_vault
from tests.builders import VAULT, disk_json, policy, vault
from tests.workflows.platform import HostDied, Platform, request

POLICY = "policy-disk-1"


class WatchedStore:
    """A store that runs `between` ahead of the nth call."""

    def __init__(self, store: StateStore, nth: int, between: Callable[[], object]) -> None:
        self._store, self._left, self._between = store, nth, between

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if self._left == -1:
                self._between()
            return method(*args, **kwargs)

        return call

    @property
    def was_reached(self) -> bool:
        return self._left < 0


def ready() -> Platform:
    platform = Platform()
    platform.world.cloud.add_disk(disk_json("disk-1"))
    put_policy(platform.world.ports, VAULT, policy(POLICY))
    return platform


def asked(act: Callable[[], object]) -> None:
    """A request that may be refused, or whose host may die."""
    with contextlib.suppress(BackupError, HostDied):
        act()


def configure(ports: Ports) -> None:
    configure_instance(ports, VAULT, request("disk-1"))


def remove_vault(ports: Ports) -> None:
    delete_vault(ports, VAULT)


def remove_policy(ports: Ports) -> None:
    delete_policy(ports, VAULT, POLICY)


def interleaved(
    first: Callable[[Ports], None], second: Callable[[Ports], None], prepare: Callable[[], Platform] = ready
) -> list[Platform]:
    """`second` at each call of `first`, as two hosts would."""
    platforms = []
    for nth in range(60):
        platform = prepare()
        ports = platform.world.ports

        def between(ports: Ports = ports) -> None:
            asked(lambda: second(ports))

        watched = WatchedStore(platform.world.store, nth, between)
        asked(lambda ports=ports, watched=watched: first(replace(ports, store=watched)))  # type: ignore[misc]
        platforms.append(platform)
        if not watched.was_reached:
            return platforms
    raise AssertionError("there were more calls than were tried")


def check_whole(platform: Platform) -> None:
    store = platform.world.store
    held = store.get(BackupInstance, VAULT, "disk-1")
    if held is None:
        assert [each for each in every(platform.world.ports, Job, VAULT) if not each.value.is_ended] == []
        return
    assert store.get(Vault, VAULT) is not None, "it can neither be seen nor deleted"
    assert store.get(BackupPolicy, VAULT, POLICY) is not None, "it follows a policy that is not there"
    assert held.value.state is ProtectionState.CONFIGURED


PAIRS = [(configure, remove_vault), (remove_vault, configure), (configure, remove_policy), (remove_policy, configure)]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_one_of_both_gives_way_whatever_comes_between(
    first: Callable[[Ports], None], second: Callable[[Ports], None]
) -> None:
    platforms = interleaved(first, second)
    assert len(platforms) > 4
    for platform in platforms:
        platform.run(minutes=3)
        check_whole(platform)


@pytest.mark.parametrize("last", range(14))
def test_a_host_that_dies_on_the_way_leaves_nothing_that_cannot_be_deleted(last: int) -> None:
    """The vault goes while an instance comes whose host dies at the last of so many calls."""
    for nth in range(last + 1):
        platform = ready()
        ports = platform.world.ports

        def die() -> None:
            raise HostDied

        dying = WatchedStore(platform.world.store, last, die)
        going = WatchedStore(dying, nth, lambda ports=ports: asked(lambda: remove_vault(ports)))  # type: ignore[arg-type, misc]
        asked(lambda ports=ports, going=going: configure(replace(ports, store=going)))  # type: ignore[misc]
        platform.run(minutes=5)
        reconcile(ports)
        platform.run(minutes=5)
        check_whole(platform)


def test_a_vault_that_holds_an_instance_is_open_after_the_refusal() -> None:
    platform = ready()
    platform.protect("disk-1")
    with pytest.raises(ResourceInUse):
        delete_vault(platform.world.ports, VAULT)
    assert not platform.stored(Vault).value.closing


def test_a_vault_whose_deletion_died_takes_nothing_until_it_is_deleted_or_written_again() -> None:
    platform = ready()
    stored = platform.stored(Vault)
    platform.world.store.commit(VAULT, [Replace(stored, replace(stored.value, closing=True))])
    with pytest.raises(ResourceInUse):
        configure(platform.world.ports)
    put_vault(platform.world.ports, vault())
    configure(platform.world.ports)


def test_an_instance_whose_vault_is_gone_gets_it_back_from_the_reconciler() -> None:
    platform = ready()
    platform.protect("disk-1")
    platform.remove(Vault)
    assert reconcile(platform.world.ports).vaults == [VAULT.name]
    check_whole(platform)
    assert [each.value.vault for each in every(platform.world.ports, DiskClaim, VAULT)] == [VAULT]
