"""Terraform's azurerm provider, by its stand-in, over HTTPS: it discovers the front door as its cloud, signs in, and
creates, moves, imports and destroys a vault with its policies and a protected disk."""

from __future__ import annotations

import time

import pytest
import requests

from infra.local.demo.clients import Clients, LocalCredential
from infra.local.up import LocalTarget
from tests.api.azurerm import Case, Provider, cases, differences

pytestmark = pytest.mark.local_target

GROUP, DISK_GROUP, DISK, SNAPSHOTS = "terraform", "apps-westeurope", "web01-data", "snapshots-westeurope"


def test_what_terraform_applies_is_there_and_its_next_plan_is_empty(guarded: LocalTarget) -> None:
    provider = signed_in(guarded)
    subscription = guarded.endpoints["subscription_id"]
    Clients(guarded.endpoints).make_group(GROUP)
    groups = f"/subscriptions/{subscription}/resourceGroups"
    vault_id = f"{groups}/{GROUP}/providers/Microsoft.DataProtection/backupVaults/tf-hard"
    names = {
        "subscription": subscription,
        "vault_group": GROUP,
        "vault_id": vault_id,
        "snapshot_group": SNAPSHOTS,
        "disk_id": f"{groups}/{DISK_GROUP}/providers/Microsoft.Compute/disks/{DISK}",
        "disk_name": DISK,
        **dict.fromkeys(("user_identity", "user_principal_id", "principal_id", "tenant_id"), "of other cases"),
    }
    vault = next(each for each in cases("vaults", **names) if each.name == "tf-hard")
    policies, (protected, moved) = cases("policies", **names), cases("instances", **names)
    instance = f"{vault_id}/backupInstances/{protected.name}"

    created(provider, vault_id, vault)
    for policy in policies:
        created(provider, f"{vault_id}/backupPolicies/{policy.name}", policy)
    created(provider, instance, protected)
    assert differences(moved, provider.update(instance, moved.request)) == {}
    assert provider.read(instance.replace("/resourceGroups/", "/resourcegroups/")) is not None

    provider.delete(instance)
    for policy in policies:
        provider.delete(f"{vault_id}/backupPolicies/{policy.name}")
    provider.delete(vault_id)
    assert provider.read(vault_id) is None


def created(provider: Provider, path: str, case: Case) -> None:
    assert differences(case, provider.create(path, case.request)) == {}
    read = provider.read(path)
    assert read is not None
    assert differences(case, read) == {}, "what an import finds"


def signed_in(target: LocalTarget) -> Provider:
    """As `metadata_host` and a managed identity configure it: the cloud first, then a token for its address."""
    session = requests.Session()
    session.verify, session.trust_env = target.endpoints["ca_file"], False
    metadata = session.get(
        f"{target.endpoints['front_door']}/metadata/endpoints", params={"api-version": "2022-09-01"}, timeout=60
    ).json()
    assert metadata["name"]
    assert metadata["microsoftGraphResourceId"]
    base = metadata["resourceManager"].rstrip("/")
    token = LocalCredential(target.endpoints).get_token(f"{base}/.default").token
    session.headers["Authorization"] = f"Bearer {token}"
    return Provider(session, base, lambda seconds: time.sleep(min(seconds, 1.0)))
