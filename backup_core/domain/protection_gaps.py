"""What is lost if nothing is done: disks that nothing backs up, objectives that a policy cannot keep, last copies.

Leaves to others: reading what exists (workflows/protection_gaps.py), and who may see it (api/protection_gaps.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from backup_core.domain.disk import Disk
from backup_core.domain.errors import DiskNotFound
from backup_core.domain.health import InstanceGlance
from backup_core.domain.instance import ProtectionState
from backup_core.domain.objective import length_text, longest_gap
from backup_core.domain.policy import BackupPolicy

_LEAVING = (ProtectionState.DELETING, ProtectionState.SOFT_DELETED)
_NOT_BACKED_UP = {
    ProtectionState.STOPPED: "its protection is stopped: its recovery points stay, and no more are taken",
    ProtectionState.SUSPENDED: "its backups are suspended: its recovery points expire, and no more are taken",
    ProtectionState.ERROR: "it could not be protected as asked",
}


class GapKind(Enum):
    OBJECTIVE_MISSED = "ObjectiveMissed"
    ONLY_POINT = "OnlyRecoveryPoint"
    DISK_GONE = "DiskGone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    kind: GapKind
    because: str


def why_unprotected(state: ProtectionState | None) -> str | None:
    """Why nothing backs a disk up, by the state of the instance that holds it, None: there is none. None when it is
    backed up."""
    if state is None:
        return "no backup instance protects it"
    return None if state.will_be_backed_up else _NOT_BACKED_UP.get(state, "its backup instance is being deleted")


def gaps_of(glance: InstanceGlance, policy: BackupPolicy | None, points: int, year: int) -> Iterator[Gap]:
    """What is missing of an instance that has so many good points. `year` is that whose calendar counts."""
    marks = glance.marks
    if marks.state in _LEAVING:
        return
    if policy is not None and marks.state.will_be_backed_up:
        gap = longest_gap(policy.schedule, year)
        if marks.objective < gap:
            yield Gap(kind=GapKind.OBJECTIVE_MISSED, because=_missed(marks.objective, gap, policy.name))
    if points == 1:
        yield Gap(kind=GapKind.ONLY_POINT, because="its newest recovery point is the only one")
    if points and marks.trouble == DiskNotFound.code:
        yield Gap(kind=GapKind.DISK_GONE, because=f"the disk is gone: all that is left of it is {_counted(points)}")


def last_ownership_change(disk: Disk) -> str:
    """When the disk was last attached or detached, or its machine started or deallocated, in ARM's own words; "" where
    that is not known. When it was last written to ARM does not tell."""
    properties = disk.raw.get("properties") or {}
    return next((str(each or "") for name, each in properties.items() if name.lower() == _OWNERSHIP), "")


_OWNERSHIP = "lastownershipupdatetime"


def _missed(objective: timedelta, gap: timedelta, policy: str) -> str:
    return (
        f"the objective is {length_text(objective)}, and the slots of policy '{policy}' lie up to {length_text(gap)} "
        "apart: shorten its interval, or choose another policy"
    )


def _counted(points: int) -> str:
    return "one recovery point" if points == 1 else f"{points} recovery points"
