"""What came of a check: faults, nothing, or that it could not be made and why. That is never taken for nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    faults: tuple[str, ...] = ()
    not_run: str | None = None
