"""Our Bicep against the resource types that Azure publishes: the data that the Bicep compiler checks against.

The data is not part of this project; where it is missing these tests fail. `make infra` says so and goes on without.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.infra.bicep import project
from tests.infra.published_types import PublishedTypes, faults_of
from tests.infra.seeding import assert_found, seeded

pytestmark = pytest.mark.conformance

DATA = Path(__file__).resolve().parents[3] / "shared" / "specs" / "azure-types"
UNPUBLISHED = {
    "Microsoft.Compute/diskEncryptionSets@2024-03-02": "the data has none of Microsoft.Compute; the set is only named, "
    "as what a role is assigned on"
}


@cache
def types() -> PublishedTypes:
    assert DATA.exists(), f"{DATA} is missing: no resource can be checked"
    return PublishedTypes.read(DATA)


def faults(path: str, old: str, new: str) -> list[str]:
    return faults_of(seeded(path, old, new), types(), UNPUBLISHED)


def test_every_resource_is_as_azure_publishes_it():
    assert faults_of(project(), types(), UNPUBLISHED) == []


def test_the_types_that_matter_were_among_them():
    checked = Counter(each.type for _, each in project().resources if not each.is_existing)
    assert {"Microsoft.Web/sites", "Microsoft.Storage/storageAccounts", "Microsoft.EventGrid/topics"} <= checked.keys()
    assert sum(checked.values()) >= 30


def test_every_exemption_is_needed():
    without = faults_of(project(), types(), {})
    assert len(without) == len(UNPUBLISHED)
    assert all(any(name in fault for fault in without) for name in UNPUBLISHED)


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        # an unknown property, or one in the wrong place
        ("modules/storage.bicep", "minimumTlsVersion:", "minTlsVersion:", "properties.minTlsVersion is unknown"),
        ("modules/app.bicep", "maximumInstanceCount: max", "maxInstanceCount: max", "maxInstanceCount is unknown"),
        ("modules/events.bicep", "  properties: {", "  disableLocalAuth: true\n  properties: {", "is unknown"),
        ("modules/network.bicep", "delegations:", "delegation:", "delegation is unknown"),
        # a wrong case
        ("modules/monitoring.bicep", "Application_Type:", "application_Type:", "is written Application_Type"),
        ("modules/alerts.bicep", "allOf:", "allof:", "is written allOf"),
        # a version or type that is not published
        ("modules/app.bicep", "serverfarms@2024-04-01", "serverfarms@2024-04-02", "not published; versions are 2024"),
        ("modules/events.bicep", "EventGrid/topics@", "EventGrid/topic@", "Microsoft.EventGrid/topic@"),
        ("modules/storage.bicep", "'queueServices'", "'queueService'", "queueService@2023-05-01 is not published"),
        # read-only
        ("modules/events.bicep", "disableLocalAuth: true", "endpoint: 'x'", "endpoint is read-only"),
        # a wrong kind
        ("modules/storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: 'false'", "string, not bool"),
        ("modules/app.bicep", "instanceMemoryMB: instanceMemoryMB", "instanceMemoryMB: planName", "string, not int"),
        ("modules/alerts.bicep", "threshold: 0", "threshold: '0'", "string, not int"),
        ("modules/alerts.bicep", "scopes: [workspaceId]", "scopes: workspaceId", "string, not array"),
        ("modules/app.bicep", "DISKBACKUP_ARM_ENDPOINT: environment().resourceManager", "A: 1", "int, not string"),
        # a value outside an enumeration, also behind a choice, a variable or a parameter
        ("modules/storage.bicep", "kind: 'StorageV2'", "kind: 'StorageV3'", "'StorageV3' is none of"),
        ("modules/storage.bicep", "isPrivate ? 'Disabled'", "isPrivate ? 'Off'", "'Off' is none of"),
        ("modules/storage.bicep", "'Standard_GZRS'", "'Standard_XRS'", "'Standard_XRS' is none of"),
        ("modules/app.bicep", "name: 'python'", "name: 'pyton'", "'pyton' is none of"),
        # alternatives
        ("modules/resource-events-delivery.bicep", "'StorageQueue'", "'StorageQueues'", "is none of AzureFunction"),
        ("modules/resource-events-delivery.bicep", "queueName: queueName", "queue: queueName", "queue is unknown"),
        ("modules/resource-events-delivery.bicep", "'StringIn'", "'StringsIn'", "is none of BoolEquals"),
        ("modules/app.bicep", "name: 'appsettings'", "name: 'appsetting'", "is none of appsettings"),
        # something required that is missing
        ("modules/storage.bicep", "  kind: 'StorageV2'\n", "", "kind is missing"),
        ("modules/alerts.bicep", "        emailAddress: email\n", "", "emailAddress is missing"),
        # something that is read and is not there
        ("modules/storage.bicep", "= account.name", "= account.properties.name", "is no property of"),
        ("modules/app.bicep", "primaryEndpoints.queue", "primaryEndpoints.queues", "is no property of"),
        # a wrong scope
        ("modules/identity.bicep", "param name", "targetScope = 'subscription'\nparam name", "to a subscription"),
    ],
)
def test_a_seeded_fault_is_found(path, old, new, words):
    assert_found(faults(path, old, new), path, words)
