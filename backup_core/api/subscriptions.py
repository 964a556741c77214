"""What a client asks for after signing in, when this API is its whole cloud: the tenant, and the subscriptions that
hold vaults."""

from __future__ import annotations

from backup_core.api.call import Answer, Call
from backup_core.ports import Ports
from backup_core.workflows import catalogue


def list_all(ports: Ports, call: Call) -> Answer:
    """Those in which the caller may see a vault. Names are ids: only Azure knows the others."""
    found = {key.subscription.lower() for key in catalogue.list_vault_keys(ports) if call.may_see(key)}
    return Answer(status=200, body={"value": [_subscription(each) for each in sorted(found)]})


def list_tenants(ports: Ports, call: Call) -> Answer:
    """The tenant of the app's identity, which is the one whose tokens are taken; none while that cannot be told."""
    del call
    tenant = catalogue.find_identity(ports).tenant_id
    return Answer(status=200, body={"value": [_tenant(tenant)] if tenant else []})


def _tenant(tenant: str) -> dict[str, object]:
    return {"id": f"/tenants/{tenant}", "tenantId": tenant, "tenantCategory": "Home"}


def _subscription(subscription: str) -> dict[str, object]:
    return {
        "id": f"/subscriptions/{subscription}",
        "authorizationSource": "RoleBased",
        "subscriptionId": subscription,
        "displayName": subscription,
        "state": "Enabled",
    }
