"""Azure's compute clients, one for each subscription lately called, over one pool of connections.

A client is for one subscription, and ids in requests name whatever their callers like: so only so many are kept, and
none owns a connection. Leaves to others: what is called (compute.py).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.mgmt.compute import ComputeManagementClient

KEPT = 32  # clients; who has more subscriptions in use at once pays some milliseconds for making one anew
CONNECTIONS = 32  # as many as the app has threads
_CONNECTION_SECONDS = 5
_READ_SECONDS = 20


class ComputeClients:
    """Thread-safe. See ArmDiskCloud for the arguments."""

    def __init__(
        self, *, endpoint: str, scope: str, credential: TokenCredential, per_call_policies: Sequence[Any] = ()
    ) -> None:
        self._endpoint = endpoint
        self._scope = scope
        self._credential = credential
        self._extra_policies = tuple(per_call_policies)
        self._kept: OrderedDict[str, ComputeManagementClient] = OrderedDict()
        self._transport: Any = None
        self._lock = threading.Lock()

    def of(self, subscription: str) -> ComputeManagementClient:
        with self._lock:
            client = self._kept.pop(subscription, None) or self._made(subscription)
            self._kept[subscription] = client
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)  # who is at work with it goes on: it has nothing to close
            return client

    def transport(self) -> Any:
        """The connections themselves, for calls that carry no token."""
        with self._lock:
            return self._opened()

    def _opened(self) -> Any:
        if self._transport is None:
            self._transport = _shared_transport()
        return self._transport

    def _made(self, subscription: str) -> ComputeManagementClient:
        from azure.mgmt.compute import ComputeManagementClient

        return ComputeManagementClient(
            self._credential,
            subscription,
            base_url=self._endpoint,
            credential_scopes=[self._scope],
            policies=self._pipeline(),
            transport=self._opened(),
        )

    def _pipeline(self) -> list[Any]:
        """The SDK's own steps but for three: retries and the registration of providers sleep, and a redirect could
        carry the token elsewhere."""
        from azure.core.pipeline import policies
        from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

        return [
            *self._extra_policies,
            policies.RequestIdPolicy(),
            policies.HeadersPolicy(),
            policies.UserAgentPolicy(base_user_agent="disk-backup"),
            policies.ContentDecodePolicy(),
            ARMChallengeAuthenticationPolicy(self._credential, self._scope),
            policies.CustomHookPolicy(),
        ]


def _shared_transport() -> Any:
    """As the SDK makes it, but with room for all threads and without a jar for cookies."""
    from http.cookiejar import DefaultCookiePolicy

    from azure.core.pipeline.transport import RequestsTransport

    transport = RequestsTransport(connection_timeout=_CONNECTION_SECONDS, read_timeout=_READ_SECONDS)
    transport.open()
    session = transport.session
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.get_adapter("https://").init_poolmanager(connections=2, maxsize=CONNECTIONS)
    return transport
