"""What Terraform's azurerm provider sends and reads for vaults, policies and instances of disks: accepted, ended in the
states that it waits for, and read back to the values that were configured, so that the next plan is empty."""

from __future__ import annotations

import json
import os
import re
import subprocess
import textwrap
from datetime import timedelta
from pathlib import Path

import pytest

from backup_core.domain.surroundings import Identity
from backup_core.workflows.rebuild import rebuild_catalogue
from tests.api.azurerm import Case, Fault, Provider, cases, differences
from tests.api.bodies import GROUP_PATH, INSTANCE_PATH, POLICY_PATH, backup_body, instance_body, policy_body
from tests.api.front import BASE, Front, session
from tests.builders import SNAPSHOT_GROUP, SUBSCRIPTION, VAULT, disk_id
from tests.fakes import FAKE_PRINCIPAL, FAKE_TENANT
from tests.workflows.platform import Platform

USER = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/backup"
)
USER_PRINCIPAL = "55555555-5555-4555-8555-555555555555"
VAULT_ID = f"{GROUP_PATH}/backupVaults/tf-hard"
NAMES = {
    "subscription": SUBSCRIPTION,
    "vault_group": VAULT.group,
    "vault_id": VAULT_ID,
    "snapshot_group": SNAPSHOT_GROUP.group,
    "disk_id": disk_id(),
    "disk_name": "disk-1",
    "user_identity": USER,
    "user_principal_id": USER_PRINCIPAL,
    "principal_id": FAKE_PRINCIPAL,
    "tenant_id": FAKE_TENANT,
}
VAULTS, POLICIES, INSTANCES = (cases(kind, **NAMES) for kind in ("vaults", "policies", "instances"))


def named(found: list[Case]) -> list[str]:
    return [each.case for each in found]


def path_of(case: Case) -> str:
    if case in VAULTS:
        return f"{GROUP_PATH}/backupVaults/{case.name}"
    return f"{VAULT_ID}/{'backupPolicies' if case in POLICIES else 'backupInstances'}/{case.name}"


@pytest.fixture
def provider(front: Front, platform: Platform) -> Provider:
    held = Identity(principal_id=USER_PRINCIPAL, client_id="client", tenant_id=FAKE_TENANT)
    platform.world.cloud.user_identities[USER.lower()] = held
    return Provider(session(front), BASE, lambda seconds: platform.run(seconds=seconds))


@pytest.fixture
def protected(provider: Provider) -> str:
    """A vault without soft delete, every policy and a protected disk, all by the provider; the instance's path."""
    vault = next(each for each in VAULTS if each.name == "tf-hard")
    for case in (vault, *POLICIES, INSTANCES[0]):
        provider.create(path_of(case), case.request)
    return path_of(INSTANCES[0])


def test_a_vault_that_was_made_without_storage_settings_is_imported_without_a_replacement(
    provider: Provider, front: Front
) -> None:
    path = f"{GROUP_PATH}/backupVaults/made-by-hand"
    assert front.put(path, {"location": "westeurope", "properties": {}}).status < 300
    state = provider.found(path)
    assert (state["datastore_type"], state["redundancy"]) == ("OperationalStore", "LocallyRedundant")


@pytest.mark.parametrize("case", VAULTS, ids=named(VAULTS))
def test_a_vault_is_created_and_read_back_as_configured(provider: Provider, case: Case) -> None:
    state = provider.create(path_of(case), case.request)
    assert differences(case, state) == {}
    assert provider.read(path_of(case)) == state, "what an import finds"
    with pytest.raises(Fault, match="already exists"):
        provider.create(path_of(case), case.request)
    assert differences(case, provider.update(path_of(case), case.request)) == {}, "an apply that changes nothing"
    provider.delete(path_of(case))
    assert provider.read(path_of(case)) is None


# The provider replaces a vault whose redundancy changes; all else it writes over what is there.
IN_PLACE = [each for each in VAULTS[1:] if each.configuration["redundancy"] == VAULTS[0].configuration["redundancy"]]


@pytest.mark.parametrize("case", IN_PLACE, ids=named(IN_PLACE))
def test_a_vault_is_updated_in_place(provider: Provider, case: Case) -> None:
    plain = VAULTS[0]
    provider.create(path_of(plain), plain.request)
    assert differences(case, provider.update(path_of(plain), case.request)) == {}


@pytest.mark.parametrize("case", POLICIES, ids=named(POLICIES))
def test_a_policy_is_created_and_read_back_as_configured(provider: Provider, protected: str, case: Case) -> None:
    path = path_of(case)
    assert differences(case, provider.found(path)) == {}
    if case.name != "tf-four-hourly":
        provider.delete(path)
        assert provider.read(path) is None
        provider.delete(path)


def test_a_policy_in_use_is_not_deleted_so_that_its_replacement_must_come_first(
    provider: Provider, protected: str
) -> None:
    used, other = POLICIES[0], POLICIES[1]
    with pytest.raises(Fault, match="409"):
        provider.delete(path_of(used))
    provider.update(protected, INSTANCES[1].request)
    provider.delete(path_of(used))
    with pytest.raises(Fault, match="409"):
        provider.delete(path_of(other))


def test_an_instance_is_created_moved_to_another_policy_imported_and_deleted(
    provider: Provider, front: Front, protected: str
) -> None:
    created, moved = INSTANCES
    state = provider.found(protected)
    assert differences(created, state) == {}
    assert differences(created, provider.update(protected, created.request)) == {}, "an apply that changes nothing"
    assert differences(moved, provider.update(protected, moved.request)) == {}
    assert provider.read(protected) == state | {"backup_policy_id": moved.configuration["backup_policy_id"]}
    assert set(provider.looked) <= {"ConfiguringProtection", "ProtectionConfigured"}
    assert front.get(protected).json["properties"]["objectType"] == "BackupInstance", "sent as an empty text"
    provider.delete(protected)
    assert provider.read(protected) is None
    provider.delete(protected)


def test_an_instance_that_another_client_wrote_is_imported_with_its_disks_region(
    provider: Provider, front: Front, platform: Platform
) -> None:
    """The provider replaces an instance whose location it reads as another than the configured one."""
    body = instance_body()
    del body["properties"]["dataSourceInfo"]["resourceLocation"]
    front.put(POLICY_PATH, policy_body())
    front.put(INSTANCE_PATH, body)
    platform.run(seconds=2)
    assert provider.found(INSTANCE_PATH)["location"] == "westeurope"


def test_why_a_disk_could_not_be_protected_ends_the_apply(
    provider: Provider, platform: Platform, protected: str
) -> None:
    provider.delete(protected)
    platform.world.cloud.remove_disk(disk_id())
    with pytest.raises(Fault, match="UserErrorManagedDiskNotFound"):
        provider.create(protected, INSTANCES[0].request)


def test_what_weakens_a_vault_shows_as_a_difference_until_it_counts_and_applying_again_does_not_put_it_off(
    provider: Provider, front: Front, platform: Platform, protected: str
) -> None:
    soft, hard = VAULTS[0].request, next(each for each in VAULTS if each.name == "tf-hard")
    provider.update(VAULT_ID, soft)
    front.post(f"{protected}/backup", backup_body("BackupIntervals"))
    platform.run(minutes=10)
    assert differences(hard, provider.update(VAULT_ID, hard.request)) == {"soft_delete": ("Off", "On")}
    waits = front.get(VAULT_ID).json["properties"]["pendingWeakening"]
    platform.run(minutes=60)
    provider.update(VAULT_ID, hard.request)
    assert front.get(VAULT_ID).json["properties"]["pendingWeakening"] == waits
    platform.world.clock.advance(timedelta(hours=23))
    assert differences(hard, provider.found(VAULT_ID)) == {}


@pytest.mark.parametrize("sent", ["", None])
def test_the_kind_of_an_instance_may_be_left_out_and_no_other_is_taken(front: Front, sent: str | None) -> None:
    front.put(POLICY_PATH, policy_body())
    assert front.put(INSTANCE_PATH, instance_body(objectType="BackupInstances")).status == 400
    assert front.put(INSTANCE_PATH, instance_body(objectType=sent)).status == 201


def test_an_instance_that_was_written_back_from_its_snapshots_is_read_like_any_other(
    provider: Provider, front: Front, platform: Platform, protected: str
) -> None:
    front.post(f"{protected}/backup", backup_body("BackupIntervals"))
    platform.run(minutes=10)
    before = provider.found(protected)
    platform.world.store.forget_everything()
    rebuild_catalogue(platform.world.ports, [SNAPSHOT_GROUP])
    assert provider.read(protected) == before | {"protection_state": "ProtectionStopped"}


# ---------------------------------------------------------------- what docs/use-with-terraform.md says

PAGE = (Path(__file__).parents[2] / "docs" / "use-with-terraform.md").read_text()
_LINES = re.MULTILINE | re.DOTALL


@pytest.mark.parametrize(
    ("kind", "proven"), [("vault", VAULTS), ("policy_disk", POLICIES), ("instance_disk", INSTANCES)]
)
def test_a_documented_resource_has_attributes_that_are_proven(kind: str, proven: list[Case]) -> None:
    (block,) = re.findall(rf'^resource "azurerm_data_protection_backup_{kind}" .*?^}}$', PAGE, _LINES)
    written = set(re.findall(r"^  (\w+) +[={]", block, re.MULTILINE)) - {"provider", "name", "lifecycle"}
    assert written
    assert written <= set(proven[0].configuration)


def test_the_documented_commands_describe_azure_s_cloud_with_the_app_s_address(tmp_path: Path) -> None:
    """Run as they stand there, with an answer of Azure's shape in the place of Azure's."""
    (script,) = [text for text in re.findall(r"^ *```sh\n(.*?)^ *```$", PAGE, _LINES) if "curl" in text]
    azure = {"name": "AzureCloud", "resourceManager": "https://management.azure.com/", "suffixes": {"storage": "x"}}
    stand_in = tmp_path / "curl"
    stand_in.write_text(f"#!/bin/sh\ncat <<'EOF'\n{json.dumps(azure)}\nEOF\n")
    stand_in.chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-eu", "-c", textwrap.dedent(script)], cwd=tmp_path, env=path, check=True)
    made = json.loads((tmp_path / "endpoints").read_text())
    assert made == azure | {"name": "DiskBackup", "resourceManager": "https://backup.contoso.com"}


@pytest.mark.parametrize(
    ("action", "state"), [("stopProtection", "ProtectionStopped"), ("suspendBackups", "BackupsSuspended")]
)
def test_an_apply_leaves_stopped_what_is_stopped_and_says_so(
    provider: Provider, protected: str, front: Front, platform: Platform, action: str, state: str
) -> None:
    """Another policy is taken, and nothing begins to be backed up, or to expire, for it."""
    assert front.post(f"{protected}/{action}", {}).status == 202
    platform.run(seconds=5)
    request = json.loads(json.dumps(INSTANCES[0].request))
    policy = request["properties"]["policyInfo"]
    policy["policyId"] = next(path_of(each) for each in POLICIES if path_of(each) != policy["policyId"])
    with pytest.raises(Fault, match=f"unexpected state '{state}'"):
        provider.update(protected, request)
    shown = front.get(protected).json["properties"]
    assert (shown["currentProtectionState"], shown["policyInfo"]["policyId"]) == (state, policy["policyId"])
    assert front.get(f"{VAULT_ID}/backupJobs").json["value"][0]["properties"]["status"] == "Completed"
    assert front.post(f"{protected}/resumeProtection", {}).status == 202
    platform.run(seconds=5)
    assert front.get(protected).json["properties"]["currentProtectionState"] == "ProtectionConfigured"
