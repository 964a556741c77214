"""The queues of the fakes as hosts receive from them: each by itself, what became visible first in front."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from datetime import datetime, timedelta

from tests.fakes import Envelope, FakeClock, FakeQueue, Faults


class Queues(FakeQueue):
    """Costs what is received, however many messages wait. An entry of a heap whose message is gone, or was hidden
    meanwhile, is dropped when it comes to the front."""

    def __init__(self, clock: FakeClock, faults: Faults | None = None) -> None:
        super().__init__(clock, faults)
        self._heaps: defaultdict[str, list[tuple[datetime, int]]] = defaultdict(list)
        self._counts: Counter[str] = Counter()

    def receive(self, queue: str, most: int, *, hold: timedelta) -> list[Envelope]:
        """Visible messages, which are hidden for as long as `hold`."""
        found: list[Envelope] = []
        while len(found) < most and (front := self._front(queue)) is not None and front.visible_at <= self._clock.now():
            found.append(front)
            self.hide(front, self._clock.now() + hold)
        return found

    def has_visible(self, queue: str) -> bool:
        front = self._front(queue)
        return front is not None and front.visible_at <= self._clock.now()

    def count(self, queue: str) -> int:
        """All messages, hidden ones too."""
        return self._counts[queue]

    def hide(self, envelope: Envelope, until: datetime) -> None:
        super().hide(envelope, until)
        if envelope.number in self._envelopes:
            heapq.heappush(self._heaps[envelope.queue], (until, envelope.number))

    def delete(self, envelope: Envelope) -> None:
        if envelope.number in self._envelopes:
            self._counts[envelope.queue] -= 1
        super().delete(envelope)

    def _put(self, queue: str, text: str, visible_at: datetime) -> None:
        super()._put(queue, text, visible_at)
        newest = next(reversed(self._envelopes))
        heapq.heappush(self._heaps[queue], (visible_at, newest))
        self._counts[queue] += 1

    def _front(self, queue: str) -> Envelope | None:
        heap = self._heaps[queue]
        while heap:
            visible_at, number = heap[0]
            envelope = self._envelopes.get(number)
            if envelope is not None and envelope.visible_at == visible_at:
                return envelope
            heapq.heappop(heap)
        return None
