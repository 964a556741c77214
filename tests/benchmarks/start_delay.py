"""From the slot to the moment when Azure accepts the snapshot, with 50 disks due in the same minute.

The host's listeners look into an idle queue each five seconds, as host.json says: 48 requests a minute for four queues.
What makes them look more often before a slot is the knock (docs/decisions/0020-few-queues-and-a-knock.md).
"""

from __future__ import annotations

from infra.local.demo.clients import sleep_until
from tests.benchmarks.figures import Figure, spread
from tests.benchmarks.scene import Scene, local_target, policy_at, slots_ahead, wait_for

DISKS = 50
P95_AT_MOST = 2.0


def measure() -> list[Figure]:
    """Two slots: at the first the hosts make their first backup ever, at the second they are at work already."""
    with local_target() as scene:
        slots = slots_ahead(2, lead_seconds=30)  # so that the tick that knocks sees the first
        scene.protect(scene.add_disks(DISKS), policy_at("minutes", slots), first_slot=slots[0])
        sleep_until(slots[-1])
        wait_for(lambda: len(scene.ledger("snapshot.created")) >= DISKS * len(slots), seconds=90)
        return [
            figure
            for place, slot in zip(("first slot of a new host", "next slot"), slots, strict=True)
            for figure in spread(f"start delay, {place}", _delays(scene, slot), "s", p95_at_most=P95_AT_MOST)
        ]


def _delays(scene: Scene, slot: object) -> list[float]:
    created = [entry for entry in scene.ledger("snapshot.created") if entry.slot == slot]
    assert len(created) == DISKS, f"{len(created)} of {DISKS} snapshots for the slot {slot}"
    return [(entry.at - entry.slot).total_seconds() for entry in created if entry.slot is not None]
