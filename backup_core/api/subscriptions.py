"""The subscriptions that hold vaults: what a client asks for after signing in, when this API is its whole cloud."""

from __future__ import annotations

from backup_core.api.call import Answer, Call
from backup_core.ports import Ports
from backup_core.workflows import overview


def list_all(ports: Ports, call: Call) -> Answer:
    """Those in which the caller may see a vault. Names are ids: only Azure knows the others."""
    found = {key.subscription.lower() for key in overview.list_vault_keys(ports) if call.may_see(key)}
    return Answer(status=200, body={"value": [_subscription(each) for each in sorted(found)]})


def _subscription(subscription: str) -> dict[str, object]:
    return {
        "id": f"/subscriptions/{subscription}",
        "authorizationSource": "RoleBased",
        "subscriptionId": subscription,
        "displayName": subscription,
        "state": "Enabled",
    }
