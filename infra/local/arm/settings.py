"""What can be set in the simulator, with its defaults: durations, sizes of buckets, limits, prices.

Changed at run time through the control API; each default says in COVERAGE.md what it rests on.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

SPANS = (
    "snapshot_seconds",
    "disk_seconds",
    "update_seconds",
    "delete_seconds",
    "access_seconds",
    "group_delete_seconds",
    "azure_backup_seconds",
)


def _policies() -> dict[str, tuple[int, int]]:
    return {
        "HighCostSnapshotCreateHydrate": (1_000, 8_000),
        "CreateUpdateDisks": (3_000, 25_000),
        "HighCostDiskHydrate": (1_000, 8_000),
        "DeleteDisks": (3_000, 24_000),
        "LowCostGet": (15_000, 120_000),
        "HighCostGet": (240, 1_920),
        "GetOperation": (50_000, 400_000),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Pairs are (shortest, longest) seconds; policies are (calls per 3 minutes, calls per 30 minutes)."""

    time_scale: float = 1.0
    snapshot_seconds: tuple[float, float] = (1.0, 1.6)
    disk_seconds: tuple[float, float] = (1.0, 2.0)
    update_seconds: tuple[float, float] = (0.3, 0.6)
    delete_seconds: tuple[float, float] = (0.5, 1.0)
    access_seconds: tuple[float, float] = (0.1, 0.3)
    group_delete_seconds: tuple[float, float] = (2.0, 4.0)
    azure_backup_seconds: tuple[float, float] = (40.0, 160.0)
    background_copy_seconds: float = 25.0
    role_propagation_seconds: float = 5.0
    page_size: int = 200
    retry_after_on_accept: int | None = 2
    failed_change_shows: bool = False
    failed_is_made_anew: bool = True
    signature_lets_poll: bool = True
    disk_access_must_be_readable: bool = True

    reads_bucket: int = 250
    reads_per_second: float = 25.0
    writes_bucket: int = 200
    writes_per_second: float = 10.0
    deletes_bucket: int = 200
    deletes_per_second: float = 10.0
    global_factor: int = 15
    policies: dict[str, tuple[int, int]] = field(default_factory=_policies)

    incremental_snapshots_per_disk: int = 500
    snapshots_per_window: int = 7
    snapshot_window_seconds: float = 300.0
    pending_snapshots_per_disk: int = 3
    snapshots_per_region: int = 75_000
    disks_per_region: int = 50_000
    sas_per_family: int = 5
    disks_at_once_per_snapshot: int = 5
    instant_access_disks: int = 15
    background_copies_per_subscription: int = 50
    copy_starts_per_region: int = 100
    immutability_days_at_most: int = 90

    price_per_gib_month: float = 0.05
    cost_known_after_days: int = 1

    def changed(self, wishes: dict[str, Any]) -> Settings:
        """A copy with `wishes` applied. ValueError names what is unknown or of the wrong shape."""
        known = {entry.name for entry in fields(self)}
        unknown = sorted(set(wishes) - known)
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(unknown)}")
        return replace(self, **{name: self._shaped(name, value) for name, value in wishes.items()})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def _shaped(self, name: str, value: Any) -> Any:
        if name in SPANS:
            return _pair(name, value)
        if name == "policies":
            if set(value) - set(self.policies):
                raise ValueError(f"unknown policies: {', '.join(sorted(set(value) - set(self.policies)))}")
            return {**self.policies, **{policy: _pair(policy, limits) for policy, limits in value.items()}}
        present = getattr(self, name)
        if isinstance(present, bool) != isinstance(value, bool) or not isinstance(value, int | float | None):
            raise ValueError(f"{name} cannot be {value!r}")
        return value


def _pair(name: str, value: Any) -> tuple[Any, Any]:
    if isinstance(value, int | float):
        return (value, value)
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(isinstance(v, int | float) for v in value):
        raise ValueError(f"{name} needs one number or two, not {value!r}")
    return (value[0], value[1])
