"""A simulated clock with what is to happen on it: the next event is done, and the clock moves to the one after.

What an event does takes no time of its own. Who wants it to last moves the clock on while it does (`Azure.spend`), and
puts what follows onto the timeline at the instant that it then is: the next event sets the clock to its own.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

from tests.fakes import FakeClock

Event = Callable[[], None]


class Timeline:
    """Events of one instant are done in the order in which they were put there."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self._events: list[tuple[datetime, int, Event]] = []
        self._numbers = itertools.count()

    def at(self, when: datetime, event: Event) -> None:
        heapq.heappush(self._events, (when, next(self._numbers), event))

    def after(self, seconds: float, event: Event) -> None:
        self.at(self.clock.now() + timedelta(seconds=seconds), event)

    def run(self, until: datetime, *, unless: Callable[[], bool] = lambda: False) -> None:
        """Do what is due until then, or until `unless` says that it is enough: it is asked after each event."""
        while self._events and self._events[0][0] <= until and not unless():
            when, _, event = heapq.heappop(self._events)
            self.clock.set(when)
            event()
        if not unless():
            self.clock.set(until)
