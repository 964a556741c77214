"""Pacing as arithmetic, and as a herd: processes that share a bucket without knowing of each other."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from dataclasses import dataclass, field

import pytest

from backup_core.domain.pacing import Budget


def budget(**fields: float) -> Budget:
    values = {"size": 200.0, "refill": 10.0, "level": 200.0, "at": 0.0}
    return Budget(**(values | fields))


# One process.


def test_a_full_budget_lets_its_size_through_at_once_and_then_queues():
    one, waits = budget(), []
    for _ in range(203):
        one, wait = one.ask(0.0)
        waits.append(wait)
    assert waits[:200] == [0.0] * 200
    assert waits[200:] == pytest.approx([0.1, 0.2, 0.3])


def test_who_comes_back_in_turn_finds_a_token():
    one = budget(level=0.0)
    one, first = one.ask(0.0)
    one, second = one.ask(0.0)
    assert (first, second) == pytest.approx((0.1, 0.2))
    one, wait = one.ask(first + 0.001)
    assert wait == 0
    one, wait = one.ask(second + 0.001)
    assert wait == 0


def test_a_budget_never_holds_more_than_its_size():
    one, _ = budget(level=5.0).ask(1_000.0)
    assert one.level == 199.0


def test_a_clock_that_stands_or_runs_back_earns_nothing():
    one, _ = budget(level=0.5, at=10.0).ask(9.0)
    assert one.level == 0.5
    assert one.at == 10.0


def test_azures_count_corrects_the_estimate_both_ways():
    one, _ = budget().ask(0.0)
    assert one.answered(0.0, 40).level == 40
    assert budget(level=0.0).answered(0.0, 150).level == 150


def test_calls_under_way_are_not_in_azures_count_yet():
    one = budget()
    for _ in range(5):
        one, _ = one.ask(0.0)
    assert one.answered(0.0, 100).level == 96  # four of five are still on their way
    assert one.answered(0.0, 2).level == 0


def test_an_answer_without_a_count_leaves_the_estimate():
    one, _ = budget(level=10.0).ask(0.0)
    assert one.answered(0.0, None).level == 9.0
    assert one.answered(0.0, None).in_flight == 0


def test_a_bucket_may_prove_larger_than_documented():
    one = budget().answered(0.0, 1_199)
    assert (one.size, one.level) == (1_199, 1_199)


def test_a_refusal_holds_everybody_back_and_gives_places_in_line():
    one, wait = budget().refused(0.0, 5.0)
    assert wait == 5.0
    waits = []
    for _ in range(60):
        one, wait = one.ask(1.0)
        waits.append(wait)
    # Tokens of the five seconds are there when the hold ends; whoever comes after gets one of the later ones.
    assert waits[:38] == [4.0] * 38
    assert waits[-1] == pytest.approx(6.1 - 1.0, abs=1.1)
    assert waits == sorted(waits)


def test_a_long_refusal_is_not_shortened_by_a_later_short_one():
    one, _ = budget().refused(0.0, 300.0)
    one, wait = one.refused(1.0, 2.0)
    assert wait == pytest.approx(299.0)


def test_the_line_is_forgotten_once_it_has_passed():
    one, _ = budget(level=0.0).ask(0.0)
    one, wait = one.ask(100.0)
    assert wait == 0


# A herd.


@dataclass
class Bucket:
    """Azure's side: refuses without taking a token."""

    size: float
    refill: float
    level: float = field(init=False)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.size

    def take(self, now: float) -> int | None:
        """What is left, or None: refused."""
        self.level = min(self.size, self.level + (now - self.at) * self.refill)
        self.at = now
        if self.level < 1:
            return None
        self.level -= 1
        return int(self.level)


@dataclass
class Herd:
    """`calls` due at once, worked off by processes of 16 threads that put refused ones off by whole seconds."""

    calls: int = 300
    processes: int = 2
    size: float = 200
    refill: float = 10
    retry_after: float = 1
    latency: float = 0.05
    tells_count: bool = True
    seed: int = 1
    finished: list[int] = field(default_factory=list)
    refusals: int = 0
    last: float = 0.0

    def run(self) -> Herd:
        self._random = random.Random(self.seed)
        self._bucket = Bucket(self.size, self.refill)
        self._budgets = [budget(size=self.size, level=self.size, refill=self.refill) for _ in range(self.processes)]
        self._free = [16] * self.processes
        self._waiting = list(range(self.calls))
        self._events: list[tuple] = []
        self._order = itertools.count()
        self._take_up(0.0)
        while self._events:
            now, _, act, arguments = heapq.heappop(self._events)
            act(now, *arguments)
            self._take_up(now)
        return self

    def _later(self, at: float, act, *arguments) -> None:
        heapq.heappush(self._events, (at, next(self._order), act, arguments))

    def _take_up(self, now: float) -> None:
        for process in self._random.sample(range(self.processes), self.processes):
            while self._waiting and self._free[process]:
                call = self._waiting.pop(0)
                self._budgets[process], wait = self._budgets[process].ask(now)
                if wait:
                    self._put_off(now, call, wait)
                else:
                    self._free[process] -= 1
                    self._later(now + self.latency / 2, self._arrive, process, call)

    def _arrive(self, now: float, process: int, call: int) -> None:
        self._later(now + self.latency / 2, self._answer, process, call, self._bucket.take(now))

    def _answer(self, now: float, process: int, call: int, left: int | None) -> None:
        self._free[process] += 1
        if left is None:
            self.refusals += 1
            self._budgets[process], wait = self._budgets[process].refused(now, self.retry_after)
            self._put_off(now, call, wait)
        else:
            self._budgets[process] = self._budgets[process].answered(now, left if self.tells_count else None)
            self.finished.append(call)
            self.last = now

    def _put_off(self, now: float, call: int, wait: float) -> None:
        visible_at = now + math.ceil(wait) + self._random.uniform(0, 0.2)  # a queue's delays are whole seconds
        self._later(visible_at, lambda _now, back: self._waiting.append(back), call)

    @property
    def ideal(self) -> float:
        return (self.calls - self.size) / self.refill


@pytest.mark.parametrize(
    "herd",
    [
        Herd(),
        Herd(seed=2, latency=0.3),
        Herd(processes=1),
        Herd(processes=4),
        Herd(calls=1_000, processes=4),
        Herd(tells_count=False),
        Herd(calls=600, size=250, refill=25),
        Herd(retry_after=3),
    ],
    ids=lambda herd: f"{herd.calls} calls, {herd.processes} processes, retry after {herd.retry_after}",
)
def test_a_herd_finishes_within_1_3_times_what_the_bucket_allows_at_best(herd):
    herd.run()
    assert sorted(herd.finished) == list(range(herd.calls))
    assert herd.last <= herd.ideal * 1.3
    assert herd.refusals < herd.calls / 3


def test_one_process_alone_is_never_refused():
    assert Herd(processes=1).run().refusals == 0
