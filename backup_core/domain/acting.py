"""As whom a vault acts, and where it may: the identity that it names, and the bounds that its deployment sets.

A vault acts with one identity: the user-assigned one that it names, else the app's own. Its bounds are a deployment's
setting and not a property of the vault, so that no token of the API loosens them.

Leaves to others: holding identities (adapters), and looking before something is done (workflows/acting.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Protocol

from backup_core.domain.errors import Fault, IdentityNotHeld, OutsideVaultScopes
from backup_core.domain.resource_ids import VaultKey, lies_in

OWN = ""  # the app's own identity


class Place(Enum):
    """What a vault may be bound in, in the words of a refusal."""

    SOURCE = "protect disks"
    SNAPSHOTS = "keep snapshots"
    TARGET = "restore"
    ORIGIN = "import from Azure Backup"


class Bound(Protocol):
    """`path` is a vault, or a group or subscription of vaults; None leaves a place unbound, but for `origins`, which
    then are as bound as `sources`: what may not be protected is not read about either."""

    @property
    def path(self) -> str: ...

    @property
    def sources(self) -> tuple[str, ...] | None: ...

    @property
    def snapshots(self) -> tuple[str, ...] | None: ...

    @property
    def targets(self) -> tuple[str, ...] | None: ...

    @property
    def origins(self) -> tuple[str, ...] | None: ...


def is_outside(bounds: Iterable[Bound], vault: VaultKey, place: Place, resource_id: str) -> bool:
    """Whether any bound that holds for the vault keeps it from a resource. Bounds add up."""
    for bound in bounds:
        allowed = _allowed(bound, place)
        if allowed is None or not lies_in(vault.resource_id, bound.path):
            continue
        if not any(lies_in(resource_id, each) for each in allowed):
            return True
    return False


def _allowed(bound: Bound, place: Place) -> tuple[str, ...] | None:
    return {
        Place.SOURCE: bound.sources,
        Place.SNAPSHOTS: bound.snapshots,
        Place.TARGET: bound.targets,
        Place.ORIGIN: bound.sources if bound.origins is None else bound.origins,
    }[place]


def check_bounds(bounds: Iterable[Bound], vault: VaultKey, asked: Mapping[str, tuple[Place, str]]) -> list[Fault]:
    """Every resource that is asked for outside of the vault's bounds. `asked` is by the fault's target."""
    bounds = tuple(bounds)
    return [
        Fault(target=target, message=outside(vault, place, resource_id), code=OutsideVaultScopes.code)
        for target, (place, resource_id) in asked.items()
        if resource_id and is_outside(bounds, vault, place, resource_id)
    ]


def outside(vault: VaultKey, place: Place, resource_id: str) -> str:
    return f"vault '{vault.name}' may not {place.value} at {resource_id}: its deployment binds it to other scopes"


def acting_identity(identity: Mapping[str, Any] | None) -> str:
    """The user-assigned identity that a vault's `identity` names, OWN for none."""
    return next(iter(_named(identity)), OWN)


def check_acting(identity: Mapping[str, Any] | None, *, held: bool) -> list[Fault]:
    """Whether a vault can act as its `identity` says. `held`: the app holds the identity that it names."""
    named = _named(identity)
    target = "identity.userAssignedIdentities"
    if len(named) > 1:
        message = f"names {len(named)} identities; a vault acts with one"
        return [Fault(target=target, message=message, code="UserErrorVaultIdentityAmbiguous")]
    if named and not held:
        return [Fault(target=target, message=not_held(named[0]), code=IdentityNotHeld.code)]
    return []


def check_choice(wanted: str | None, acts_as: str, target: str) -> list[Fault]:
    """Whether a request that chooses an identity chooses the one that its vault acts with."""
    if wanted is None or wanted.lower() == acts_as.lower():
        return []
    ours = acts_as or "its system-assigned identity, which is the app's own"
    message = f"the vault acts with {ours}; choose that, or none"
    return [Fault(target=target, message=message, code="UserErrorVaultIdentityMismatch")]


def not_held(identity: str) -> str:
    return f"the app does not hold identity '{identity}', so that no vault can act with it"


def _named(identity: Mapping[str, Any] | None) -> list[str]:
    return list((identity or {}).get("userAssignedIdentities") or {})
