"""One disk, one backup instance, also when two requests come at once or one of them dies half-way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backup_core.domain.errors import CloudUnavailable, InvalidInput
from backup_core.domain.instance import DiskClaim, ProtectionState, disk_key
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Insert
from backup_core.workflows.catalogue import find_protection
from backup_core.workflows.claims import ALREADY, take_claim
from backup_core.workflows.lifecycle import delete_instance, stop_protection
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.vaults import put_policy, put_vault
from tests.builders import SUBSCRIPTION, VAULT, disk_id, policy, vault
from tests.workflows.platform import Platform, request
from tests.workflows.scenes import HOURLY, backed_up, change_instance, protected

DISK = disk_id("disk-1")
OTHER_VAULT = VaultKey(subscription=SUBSCRIPTION, group="other-rg", name="other-vault")
SECOND = replace(request("disk-1"), name="second")


def holder(platform: Platform) -> str | None:
    found = find_protection(platform.world.ports, DISK)
    return None if found is None else found.instance.name


def test_a_disk_that_an_instance_protects_is_refused_to_another() -> None:
    platform = protected()
    with pytest.raises(InvalidInput, match="disk-1") as caught:
        configure_instance(platform.world.ports, VAULT, SECOND)
    assert caught.value.code == ALREADY
    assert not platform.has_instance("second")


def test_a_disk_that_another_vault_protects_is_refused_whatever_the_spelling() -> None:
    platform = protected()
    ports = platform.world.ports
    put_vault(ports, vault(OTHER_VAULT))
    put_policy(ports, OTHER_VAULT, policy("policy-disk-1", **HOURLY))
    with pytest.raises(InvalidInput, match="already"):
        configure_instance(ports, OTHER_VAULT, replace(SECOND, disk_id=DISK.upper()))


def test_a_stopped_instance_holds_its_disk_and_a_deleted_one_lets_it_go() -> None:
    platform = backed_up()
    stop_protection(platform.world.ports, VAULT, "disk-1")
    with pytest.raises(InvalidInput, match="already"):
        configure_instance(platform.world.ports, VAULT, SECOND)
    delete_instance(platform.world.ports, VAULT, "disk-1")
    configure_instance(platform.world.ports, VAULT, SECOND)
    platform.run(minutes=3)
    assert holder(platform) == "second"
    assert platform.instance("second").state is ProtectionState.CONFIGURED


def test_a_claim_whose_request_died_before_its_instance_is_taken_over() -> None:
    platform = Platform()
    ports = platform.world.ports
    claim = DiskClaim(disk_id=DISK, vault=VAULT, instance_name="never-written")
    ports.store.commit(VAULT, [Insert(claim)])
    assert holder(platform) is None
    platform.protect("disk-1")
    assert holder(platform) == "disk-1"


def test_of_two_requests_at_once_exactly_one_protects_the_disk() -> None:
    """The second takes the claim over between the first's claim and its instance: the first is refused in its turn."""
    platform = Platform()
    platform.protect("disk-1")
    change_instance(platform, state=ProtectionState.DELETING)  # lets the claim be taken over, as an absent one would
    take_claim(platform.world.ports, VAULT, "second", DISK)
    change_instance(platform, state=ProtectionState.UPDATING)
    put_policy(platform.world.ports, VAULT, policy("policy-disk-1", **HOURLY))
    assert platform.stored(DiskClaim, disk_key(DISK)).value.instance_name == "second"
    assert holder(platform) is None, "a claim counts only with its instance"


def test_whoever_lost_the_claim_is_refused_when_it_is_configured() -> None:
    platform = Platform()
    ports = platform.world.ports
    platform.protect("disk-1")
    _, job, _ = configure_instance(ports, VAULT, request("disk-1"))
    assert platform.stored(DiskClaim, disk_key(DISK)).value.instance_name == "disk-1"
    before = platform.instance("disk-1")
    change_instance(platform, state=ProtectionState.DELETING)
    configure_instance(ports, VAULT, SECOND)  # takes the claim over
    change_instance(platform, state=before.state)
    platform.run(seconds=5)
    assert platform.instance("second").state is ProtectionState.CONFIGURED
    lost = platform.instance("disk-1")
    assert lost.state is ProtectionState.ERROR
    assert lost.error.code == ALREADY
    assert job.job_id == lost.config_job_id


def test_a_storage_that_does_not_answer_protects_nothing() -> None:
    platform = Platform()
    ports = platform.world.ports
    put_policy(ports, VAULT, policy("policy-disk-1", **HOURLY))
    platform.world.faults.fail("store.commit", CloudUnavailable("no answer"))
    with pytest.raises(CloudUnavailable):
        configure_instance(ports, VAULT, request("disk-1"))
    assert holder(platform) is None
    assert not platform.has_instance("disk-1")


def test_an_id_that_names_no_disk_is_told() -> None:
    with pytest.raises(ValueError, match="disks"):
        find_protection(Platform().world.ports, "/subscriptions/s/resourceGroups/g")


# --- Disks that are not there ---


def claimed_in_vain(platform: Platform) -> None:
    """`second` names disk-1, which nobody has made yet."""
    put_policy(platform.world.ports, VAULT, policy("policy-disk-1", **HOURLY))
    configure_instance(platform.world.ports, VAULT, SECOND)
    platform.run(minutes=30)
    assert platform.instance("second").state is ProtectionState.ERROR


def test_a_disk_that_is_not_there_is_held_no_longer_than_its_configuration_takes() -> None:
    platform = Platform()
    claimed_in_vain(platform)
    platform.protect("disk-1")
    platform.run(minutes=3)
    assert holder(platform) == "disk-1"
    assert platform.instance("disk-1").state is ProtectionState.CONFIGURED


def test_asking_again_for_what_is_not_there_keeps_nobody_out() -> None:
    platform = Platform()
    claimed_in_vain(platform)
    configure_instance(platform.world.ports, VAULT, SECOND)
    platform.protect("disk-1")
    platform.run(minutes=3)
    assert holder(platform) == "disk-1"
    refused = platform.instance("second")
    assert refused.state is ProtectionState.ERROR
    assert refused.error.code == ALREADY
    with pytest.raises(InvalidInput, match="already"):
        configure_instance(platform.world.ports, VAULT, SECOND)


def test_a_protected_disk_that_is_gone_for_a_while_is_still_its_instances() -> None:
    platform = backed_up()
    platform.world.cloud.remove_disk(DISK)
    configure_instance(platform.world.ports, VAULT, request("disk-1"))
    platform.run(minutes=45)
    with pytest.raises(InvalidInput, match="already"):
        configure_instance(platform.world.ports, VAULT, SECOND)
