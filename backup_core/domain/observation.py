"""What one look shows of something that Azure was asked to make: a backup's snapshot, a restore's disk.

Leaves to others: looking (workflows/turns.py), and what follows (workflows/backup_observation.py, restore.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from backup_core.domain.disk import OperationState
from backup_core.domain.errors import OperationFailed

GIVEN_UP = ("Failed", "Canceled")  # how Azure ends an operation, or leaves what it made
LOOKS_FOR_WHAT_IS_MISSING = 3  # reads may lag behind a write that Azure accepted


class Made(Protocol):
    @property
    def provisioning_state(self) -> str: ...
    @property
    def completion_percent(self) -> float: ...
    @property
    def is_usable(self) -> bool: ...


M = TypeVar("M", bound=Made)


@dataclass(frozen=True, slots=True)
class Running:
    """Azure is at it. `percent` of the copy in the background; None while what is made was not seen yet."""

    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Usable(Generic[M]):
    made: M


@dataclass(frozen=True, slots=True)
class Missing:
    """Its operation has ended, not as failed, and several looks did not find what it was to make."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Azure gave it up. `error.transient`: for a reason that passes, so that it may be asked for anew."""

    error: OperationFailed


def by_operation(operation: OperationState | None, what: str) -> Running | GivenUp | None:
    """None once the operation has ended well or is forgotten: then what it made tells. Until then the operation is
    asked first, for only it knows why something failed."""
    if operation is None or operation.status == "Succeeded":
        return None
    if operation.status not in GIVEN_UP:
        return Running()
    message = f"Azure ended the operation on {what} as {operation.status}: {operation.error_message}"
    return GivenUp(OperationFailed(message, code=operation.error_code or None))


def by_itself(made: M | None, what: str, looks: int) -> Running | Usable[M] | Missing | GivenUp:
    """After `looks` earlier ones."""
    if made is None:
        return Running() if looks < LOOKS_FOR_WHAT_IS_MISSING else Missing()
    if made.provisioning_state in GIVEN_UP:
        return GivenUp(OperationFailed(f"Azure left {what} in state {made.provisioning_state}."))
    return Usable(made) if made.is_usable else Running(percent=int(made.completion_percent))
