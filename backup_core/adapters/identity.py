"""The credential that the app shows to Azure: its managed identity, or on a developer's machine whoever is signed in.

azure-identity itself reads the identity endpoint that the platform announces.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


@cache
def credential(client_id: str | None = None, *, has_managed_identity: bool) -> TokenCredential:
    """One credential per identity, so that its tokens are fetched once. `client_id` names a user-assigned identity."""
    from azure.identity import DefaultAzureCredential, ManagedIdentityCredential

    if has_managed_identity:
        return ManagedIdentityCredential(client_id=client_id)
    return DefaultAzureCredential(managed_identity_client_id=client_id)
