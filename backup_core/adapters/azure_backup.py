"""Azure Disk Backup itself, as far as a vault is moved in from there: plain calls of its REST API.

Its own SDK would do the same, and costs 3.6 MB and a fifth of a second of every cold start that touches it. The calls
share identity, connections and budgets with those of the disk provider (compute.py). Leaves to others: what the JSON
means (domain/origin.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backup_core.adapters.azure_errors import Absent, Call, CallKind
from backup_core.adapters.compute import ArmDiskCloud
from backup_core.domain.origin import (
    OriginInstance,
    OriginPoint,
    OriginPolicy,
    OriginVault,
    read_instance,
    read_point,
    read_policy,
    read_vault,
)


class ArmBackup:
    """See ports.AzureBackup. `arm` makes the calls. Thread-safe."""

    def __init__(self, arm: ArmDiskCloud) -> None:
        self._arm = arm

    def acting_as(self, identity: str) -> ArmBackup:
        return ArmBackup(self._arm.acting_as(identity))

    def find_vault(self, vault_id: str) -> OriginVault | None:
        raw = self._find(vault_id, vault_id)
        return None if raw is None else read_vault(raw)

    def list_policies(self, vault_id: str) -> Iterator[OriginPolicy]:
        return map(read_policy, self._list(vault_id, f"{vault_id}/backupPolicies"))

    def list_instances(self, vault_id: str) -> Iterator[OriginInstance]:
        return map(read_instance, self._list(vault_id, f"{vault_id}/backupInstances"))

    def find_instance(self, instance_id: str) -> OriginInstance | None:
        raw = self._find(_vault_of(instance_id), instance_id)
        return None if raw is None else read_instance(raw)

    def list_points(self, instance_id: str) -> Iterator[OriginPoint]:
        return map(read_point, self._list(_vault_of(instance_id), f"{instance_id}/recoveryPoints"))

    def find_point(self, instance_id: str, name: str) -> OriginPoint | None:
        raw = self._find(_vault_of(instance_id), f"{instance_id}/recoveryPoints/{name}")
        return None if raw is None else read_point(raw)

    def stop_protection(self, instance_id: str) -> None:
        self._change(instance_id, "POST", "/stopProtection")

    def resume_protection(self, instance_id: str) -> None:
        self._change(instance_id, "POST", "/resumeProtection")

    def delete_instance(self, instance_id: str) -> None:
        self._change(instance_id, "DELETE")

    def _change(self, instance_id: str, method: str, action: str = "") -> None:
        call = Call(kind=CallKind.CHANGE_ORIGIN, target=_vault_of(instance_id))
        self._arm.read(call, self._arm.url(call.kind, f"{instance_id}{action}"), method=method)

    def _find(self, vault_id: str, path: str) -> Any:
        call = Call(kind=CallKind.FIND_ORIGIN, target=vault_id)
        try:
            return self._arm.read(call, self._arm.url(call.kind, path)).json()
        except Absent:
            return None

    def _list(self, vault_id: str, path: str) -> list[Any]:
        return self._arm.values(Call(kind=CallKind.LIST_ORIGIN, target=vault_id), path)


def _vault_of(resource_id: str) -> str:
    """Where the role is missing that a refusal speaks of."""
    return "/".join(resource_id.split("/")[:9])
