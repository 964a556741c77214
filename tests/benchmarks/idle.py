"""What a host that runs every function asks of storage in a minute in which nothing is due.

The local host polls, renews and keeps statuses as the real one does. What the app's own ticks ask is counted beside it.
"""

from __future__ import annotations

import time
from pathlib import Path

from infra.local.demo.clients import sleep_until
from tests.benchmarks.counting import AzuriteLog, shown
from tests.benchmarks.figures import Figure
from tests.benchmarks.scene import local_target, slots_ahead

MINUTES = 2
HOST_AT_MOST = 80


def measure() -> list[Figure]:
    """Counted from full minute to full minute, once the listeners have come to rest."""
    with local_target(azurite_log=True) as scene:
        log = AzuriteLog(Path(scene.target.log_dir.parent / "azurite-debug.log"))
        sleep_until(slots_ahead(1, lead_seconds=20)[0])
        log.take()
        time.sleep(60 * MINUTES)
        app, host = log.take()
    return [
        Figure(
            name="idle host's own storage requests a minute",
            value=host.total() / MINUTES,
            at_most=HOST_AT_MOST,
            note=shown(host, MINUTES),
        ),
        Figure(name="idle app's storage requests a minute", value=app.total() / MINUTES, note=shown(app, MINUTES)),
    ]
