"""What one caller, or one instance, may take of what all share: numbers that the settings choose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`on_demand_a_day` backups on demand of one instance within 24 hours."""

    on_demand_a_day: int = 10  # Azure's own limit (documented)
