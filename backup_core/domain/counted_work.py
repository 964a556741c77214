"""What one piece of work costs the control plane when all goes well, as counted. Estimates of cost and the tables of
docs/operations.md both take it from here: write new counts here when they change.

Transactions, executions and calls: `make bench` (part `transactions`), on a machine of two cores with Azurite and the
simulator. Gigabyte-seconds: `make simulate ONLY=cost`, 1,000 hourly disks. Leaves to others: prices (prices.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

COUNTED_ON = "2026-11-29"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """`storage` are transactions of the app; those of the Functions host come on top, by its executions."""

    name: str
    executions: float
    storage: float
    arm: float

    @property
    def host_storage(self) -> float:
        return self.executions * _HOST_STORAGE_OF_A_BACKUP / SCHEDULED_BACKUP.executions


_HOST_STORAGE_OF_A_BACKUP = 4.1  # counted for a scheduled backup
SCHEDULED_BACKUP = Work(name="scheduled backup", executions=2.1, storage=7.3, arm=3.0)
EXPIRED_POINT = Work(name="expired recovery point, one in a round", executions=3.2, storage=17.2, arm=4.0)
EVERY_KIND = (
    SCHEDULED_BACKUP,
    Work(name="backup on demand, its request included", executions=2.1, storage=15.2, arm=3.0),
    EXPIRED_POINT,
    Work(name="restore, its request included", executions=3.4, storage=23.6, arm=5.0),
)
# As they are billed, of a scheduled backup with a point that expires; by the memory of an instance in MB.
GIGABYTE_SECONDS_OF_BOTH: Mapping[int, float] = {512: 0.64, 2048: 2.01}
