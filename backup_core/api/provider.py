"""What the resource provider says of itself: its operations, and which features it supports."""

from __future__ import annotations

from backup_core.api.access import action_of
from backup_core.api.call import Answer, Call
from backup_core.api.routes import ROUTES
from backup_core.api.wire import body_of
from backup_core.domain.reading import raise_faults
from backup_core.domain.resource_ids import DISK
from backup_core.ports import Ports

PROVIDER = "Microsoft.DataProtection"
DATA_SOURCE = "DataSourceType"
FEATURE_REQUEST = "FeatureValidationRequest"


def list_operations(ports: Ports, call: Call) -> Answer:
    """Every action that a role can grant here, once each."""
    del ports, call
    actions = {action_of(route, method) for route in ROUTES for method in route.endpoints}
    ours = sorted(action for action in actions if action.startswith(f"{PROVIDER}/"))
    return Answer(status=200, body={"value": [_operation(action) for action in ours], "nextLink": None})


def _operation(action: str) -> dict[str, object]:
    *_, resource, verb = action.split("/")
    display = {
        "provider": PROVIDER,
        "resource": resource,
        "operation": f"{verb} {resource}",
        "description": f"Allows {verb} of {resource} at the scope that it is granted for.",
    }
    return {"name": action, "isDataAction": False, "display": display, "origin": "user", "properties": None}


def check_feature_support(ports: Ports, call: Call) -> Answer:
    """Managed disks are supported, other kinds of data sources are not. Without a name: what is supported."""
    del ports
    node = body_of(call)
    node.choice("objectType", (FEATURE_REQUEST,), required=True)
    node.choice("featureType", (DATA_SOURCE,), required=True)
    name = node.text("featureName") or DISK
    raise_faults(node)
    status = "GenerallyAvailable" if name.lower() == DISK.lower() else "NotSupported"
    feature = {"featureName": name, "supportStatus": status, "exposureControlledFeatures": []}
    body = {"objectType": "FeatureValidationResponse", "featureType": DATA_SOURCE, "features": [feature]}
    return Answer(status=200, body=body)
