"""What the provider says of itself, and of what it does not offer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.bodies import INSTANCE_PATH, VAULT_PATH
from tests.api.front import Front
from tests.builders import SUBSCRIPTION

PROVIDER = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.DataProtection"
FEATURES = f"{PROVIDER}/locations/westeurope/checkFeatureSupport"


def test_every_operation_is_named_once(front: Front) -> None:
    listed = front.get("/providers/Microsoft.DataProtection/operations").json["value"]
    names = [each["name"] for each in listed]
    assert len(set(names)) == len(names)
    assert "Microsoft.DataProtection/backupVaults/backupInstances/stopProtection/action" in names
    assert "Microsoft.DataProtection/backupVaults/backupPolicies/write" in names
    assert all(name.startswith("Microsoft.DataProtection/") for name in names)


@pytest.mark.parametrize(
    ("name", "status"),
    [("Microsoft.Compute/disks", "GenerallyAvailable"), ("Microsoft.Storage/storageAccounts", "NotSupported")],
)
def test_disks_are_supported_and_nothing_else(front: Front, name: str, status: str) -> None:
    body = {"objectType": "FeatureValidationRequest", "featureType": "DataSourceType", "featureName": name}
    answer = front.post(FEATURES, body).json
    assert answer["objectType"] == "FeatureValidationResponse"
    assert [(each["featureName"], each["supportStatus"]) for each in answer["features"]] == [(name, status)]


@pytest.mark.parametrize("body", [{}, {"objectType": "FeatureValidationRequest"}, {"featureType": "Invalid"}])
def test_a_question_about_a_feature_must_be_whole(front: Front, body: dict[str, Any]) -> None:
    assert front.post(FEATURES, body).status == 400


def test_the_subscriptions_are_those_that_hold_vaults(front: Front) -> None:
    [listed] = front.get("/subscriptions").json["value"]
    assert (listed["id"], listed["state"]) == (f"/subscriptions/{SUBSCRIPTION}", "Enabled")


@pytest.mark.parametrize("path", [f"{INSTANCE_PATH}/rehydrate", f"{INSTANCE_PATH.lower()}/REHYDRATE"])
def test_what_does_not_apply_to_disks_says_so(front: Front, path: str) -> None:
    reply = front.post(path)
    assert (reply.status, reply.error["code"]) == (400, "OperationNotSupported")
    assert "rehydration" in reply.error["message"]


@pytest.mark.parametrize("path", [f"{VAULT_PATH}/nonsense", "/providers/Microsoft.Nonsense/operations"])
def test_what_nobody_knows_is_not_found(front: Front, path: str) -> None:
    reply = front.get(path)
    assert (reply.status, reply.error["code"]) == (404, "InvalidResourceType")
