"""What the compiler would let pass: roles, hardening, and whose resource groups a deployment touches."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pytest

from backup_core.domain import permissions
from backup_core.domain.permissions import Need
from tests.infra import rules
from tests.infra.bicep import Project, project, text_of
from tests.infra.seeding import assert_found, seeded

# Azure's built-in roles: their ids, from Azure's documentation, and what they may be assigned on here.
IDS: Mapping[str, str] = {
    "Backup Reader": "a795c7a0-d4a2-40c1-ae25-d81f01202912",
    "Compute Usage Reader": "5f5ac09d-3f0c-4d77-8b0a-6a2f4d1c9e21",  # our own, which access.bicep makes
    "Cost Management Reader": "72fafb9e-0641-4937-9268-a91bfd8191a3",
    "Disk Backup Reader": "3e5e47e6-65f7-47ef-90b5-e5dd4d455f24",
    "Disk Restore Operator": "b50d9833-a0cb-478e-945f-707fcc997c13",
    "Disk Restore Tester": "6c1e7a52-93c4-4a7e-9d3b-0f4a1b8c5e27",  # our own, which access.bicep makes
    "Disk Snapshot Contributor": "7efff54f-a5b4-42b5-a1c5-5411624893ce",
    "Disk Swap Operator": "6d1f3c52-7f0e-4b0c-9a53-0c9e8b1a7d44",  # our own, which access.bicep makes
    "EventGrid Data Sender": "d5a91429-5739-47e2-a06b-3470a27159e7",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "Snapshot Immutability Writer": "2f6e0c5b-9c0a-4f57-8a55-4b1f6d7f3c18",  # our own, which access.bicep makes
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Storage Queue Data Message Sender": "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
}
# What only a feature needs: the parameter of access.bicep that switches it on. Without it the app goes on.
FEATURES: Mapping[str, str] = {
    "Snapshot Immutability Writer": "bindSnapshots",
    "Disk Swap Operator": "swapGroups",
    "Cost Management Reader": "readsBilling",
    "Disk Restore Tester": "restoreTestGroups",
    "Backup Reader": "azureVaultGroups",
    "Compute Usage Reader": "surroundingSubscriptions",
}
ACCOUNT = ("Microsoft.Storage/storageAccounts",)
SCOPES: Mapping[str, Sequence[str]] = {
    "Disk Backup Reader": ("subscription", "resourceGroup"),
    "Disk Snapshot Contributor": ("resourceGroup",),
    "Disk Restore Operator": ("resourceGroup",),
    "Disk Restore Tester": ("resourceGroup",),
    "Snapshot Immutability Writer": ("resourceGroup",),
    "Disk Swap Operator": ("resourceGroup",),
    "Cost Management Reader": ("resourceGroup",),
    "Backup Reader": ("resourceGroup",),
    "Compute Usage Reader": ("subscription",),
    "Reader": ("Microsoft.Compute/diskEncryptionSets",),
    "EventGrid Data Sender": ("Microsoft.EventGrid/topics",),
    "Monitoring Metrics Publisher": ("Microsoft.Insights/components",),
    "Storage Blob Data Owner": ACCOUNT,
    "Storage Queue Data Contributor": ACCOUNT,
    "Storage Queue Data Message Sender": ("Microsoft.Storage/storageAccounts/queueServices/queues",),
    "Storage Table Data Contributor": ACCOUNT,
}


def role_faults(project: Project) -> list[str]:
    return rules.role_faults(project, IDS, SCOPES)


def test_every_role_has_its_id_and_its_scope():
    assert role_faults(project()) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        ("roles.json", "3e5e47e6-65f7", "3e5e47e6-65f8", "Disk Backup Reader is 3e5e47e6-65f7"),
        ("roles.json", "Disk Snapshot Contributor", "Disk Snapshots Contributor", "unknown"),
        ("modules/events.bicep", "roles['EventGrid Data Sender']", "'d5a91429'", "not named in roles.json"),
        (
            "modules/events.bicep",
            "roles['EventGrid Data Sender']",
            "roles['EventGrid Sender']",
            "not named in roles.json",
        ),
        ("modules/storage.bicep", "'Storage Blob Data Owner'", "'Reader'", "Reader on a Microsoft.Storage"),
        ("modules/storage.bicep", "roles[role]", "'8e3af657-a8ff-443c-a75c-2fe8c4bcb635'", "not named in roles.json"),
        (
            "modules/resource-events-sender.bicep",
            "scope: account::queues::events",
            "scope: account",
            "Sender on a Microsoft.Storage/storageAccounts",
        ),
        ("modules/monitoring.bicep", "  scope: insights\n", "", "Publisher on a resourceGroup"),
        ("access/subscription.bicep", "'Disk Backup Reader'", "'Disk Snapshot Contributor'", "on a subscription"),
        ("access/group.bicep", "'Disk Restore Operator'", "'Reader'", "Reader on a resourceGroup"),
        ("access/group.bicep", "    principalType: 'ServicePrincipal'\n", "", "ServicePrincipal"),
        ("access/group.bicep", "  'Disk Restore Operator'\n", "", "nobody is given Disk Restore Operator"),
    ],
)
def test_a_seeded_wrong_role_is_found(path, old, new, words):
    assert_found(role_faults(seeded(path, old, new)), words)


def test_access_grants_the_roles_that_the_code_says_it_needs():
    needed = {each.role for each in vars(permissions).values() if isinstance(each, Need)}
    granted = {name for name, scopes in SCOPES.items() if not any("/" in scope for scope in scopes)} | {"Reader"}
    assert granted == needed | FEATURES.keys()


def test_a_feature_s_role_is_given_where_the_feature_is_switched_on_and_nowhere_else():
    access = project().files["access.bicep"]
    modules = text_of(access.root).split("\nmodule ")[1:]
    for role, switch in FEATURES.items():
        default = access.parameters[switch].default
        assert default is not None
        assert text_of(default) in ("false", "[]"), f"{switch} is off unless somebody says so"
        (module,) = [text for text in modules if f"role: '{role}'" in text]
        (loop,) = re.findall(r"for \w+ in (.*): {$", module, re.MULTILINE)
        assert re.match(rf"\(?{switch}\b", loop), f"{role} is given for each of {loop}"
    set_anyway = {
        name for each in project().parameter_files.values() for name in each.values if name in FEATURES.values()
    }
    assert set_anyway == set(), "the samples switch nothing on"


def test_what_can_be_closed_is_closed():
    assert rules.hardening_faults(project()) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        ("modules/storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true", "allowSharedKeyAccess"),
        ("modules/storage.bicep", "    allowSharedKeyAccess: false\n", "", "not to nothing"),
        ("modules/storage.bicep", "'TLS1_2'", "isPrivate ? 'TLS1_2' : 'TLS1_0'", "'TLS1_0'"),
        ("modules/storage.bicep", "publicAccess: 'None'", "publicAccess: 'Blob'", "publicAccess"),
        ("modules/events.bicep", "disableLocalAuth: true", "disableLocalAuth: false", "disableLocalAuth"),
        ("modules/monitoring.bicep", "    DisableLocalAuth: true\n", "", "DisableLocalAuth"),
        ("modules/app.bicep", "httpsOnly: true", "httpsOnly: isPrivate", "httpsOnly"),
        ("modules/app.bicep", "allow: false", "allow: true", "allow"),
        ("modules/events.bicep", "Microsoft.EventGrid/topics@", "Microsoft.EventGrid/domains@", "nothing was checked"),
    ],
)
def test_a_seeded_open_door_is_found(path, old, new, words):
    assert_found(rules.hardening_faults(seeded(path, old, new)), words)


def test_what_azd_deploys_touches_no_group_that_it_does_not_make():
    assert rules.foreign_group_faults(project()) == []


def test_granting_access_does_touch_such_groups_and_is_therefore_apart():
    assert rules.foreign_group_faults(project(), "access.bicep")


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("main.bicep", "name: 'events'\n  scope: group", "name: 'events'\n  scope: resourceGroup('disk-snapshots')"),
        ("main.bicep", "storageGroupName: group.name", "storageGroupName: 'disk-snapshots'"),
        (
            "modules/resource-events.bicep",
            "name: 'topic'\n  scope: group",
            "name: 'topic'\n  scope: resourceGroup(storageSubscriptionId, 'production')",
        ),
    ],
)
def test_a_seeded_foreign_group_is_found(path, old, new):
    assert_found(rules.foreign_group_faults(seeded(path, old, new)), "does not make")
