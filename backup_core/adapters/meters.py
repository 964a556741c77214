"""Azure's meters over our calls, as this process knows them: asked before each call, told of each answer.

Questions, which nobody's backup waits for, have a share of each meter: they take of it only what no work waits for, and
get no place in line.

Two meters count each call: ARM's front door counts reads, writes and deletes of a subscription; the disk provider
counts by policy. An estimate starts with the sizes that are known; the counts in Azure's answers correct it. What other
processes should know of the answers is kept as news until somebody asks for it.
Leaves to others: sizes and arithmetic (domain/pacing.py), and telling the others (workflows/pacing.py).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from backup_core.domain.errors import Throttled
from backup_core.domain.pacing import FRONT_DOOR, WINDOW, Budget, News, in_region, known_size

T = TypeVar("T")

SHARE_OF_QUESTIONS = 0.2
LEFT_FOR_WORK = 0.1  # of a full budget, which no question takes
KEPT = 2_000  # budgets; requests name whatever subscriptions their callers like
_FRONT_DOOR = "x-ms-ratelimit-remaining-subscription"
_PROVIDER = "x-ms-ratelimit-remaining-resource"
_COUNT = re.compile(r";\s*(\d+)")
_COUNT_OF_A_WINDOW = re.compile(r"3Min;\s*(\d+)")
# In the body of a refusal (documented), as JSON in a text in JSON.
_SIZE = re.compile(r"operationGroup\W+(?P<policy>\w+)3Min\b.*?allowedRequestCount\W+(?P<size>\d+)", re.DOTALL)
NEWS_EVERY = 5.0  # seconds between news of one meter; a refusal for less is over before anybody hears of it


@dataclass(frozen=True, slots=True)
class Lane:
    """The meters that a kind of call passes; without `policy` when the disk provider never sees it. The provider counts
    by region: `in_region` where that is known, and the count scarce."""

    front: str
    policy: str | None = None

    @property
    def meters(self) -> tuple[str, ...]:
        return (self.front,) if self.policy is None else (self.front, self.policy)

    def in_region(self, region: str) -> Lane:
        return self if self.policy is None else replace(self, policy=in_region(self.policy, region))


class Meters:
    """Thread-safe. One for all calls of a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._budgets: dict[tuple[str, str], Budget] = {}
        self._shares: dict[tuple[str, str], Budget] = {}
        self._sizes: dict[tuple[str, str], float] = {}  # of policies, where they are not the known ones
        self._news: dict[tuple[str, str], News] = {}
        self._told_at: dict[tuple[str, str], float] = {}

    def enter(self, subscription: str, lane: Lane, *, asks: bool = False) -> None:
        """Take a token of each meter. Raises Throttled when either has none: with a place in line, unless it is a
        question that `asks`."""
        if asks:
            self._enter_with_a_question(subscription, lane)
            return
        with self._lock:
            now = self._clock()
            asked = {name: self._budget(subscription, name, now).ask(now) for name in lane.meters}
            waits = {name: wait for name, (_, wait) in asked.items() if wait > 0}
            for name, (budget, _) in asked.items():
                if not waits or name in waits:  # a token that one meter gives is put back when the other has none
                    self._budgets[subscription, name] = budget
        if waits:
            name, wait = max(waits.items(), key=lambda item: item[1])
            raise Throttled(
                f"The budget '{name}' of subscription {subscription} is used up; the next turn is in {wait:.1f} s.",
                retry_after_seconds=wait,
            )

    def _enter_with_a_question(self, subscription: str, lane: Lane) -> None:
        """Take a token of each meter and of the questions' share of it, or of none."""
        with self._lock:
            now = self._clock()
            known = {name: self._budget(subscription, name, now) for name in lane.meters}
            spared = {name: each.spare(now, left=LEFT_FOR_WORK * each.size) for name, each in known.items()}
            shared = {name: self._share(subscription, name, now).spare(now) for name in lane.meters}
            wait = max(wait for _, wait in (*spared.values(), *shared.values()))
            if wait == 0:
                self._forget_full(now)
                self._budgets |= {(subscription, name): budget for name, (budget, _) in spared.items()}
                self._shares |= {
                    (subscription, name): replace(budget, in_flight=0)  # answers are counted in the budget itself
                    for name, (budget, _) in shared.items()
                }
                return
        raise Throttled(
            f"What questions may take of the calls to subscription {subscription} is used up for {wait:.1f} s; backups "
            "need the rest.",
            retry_after_seconds=wait,
        )

    def answered(self, subscription: str, lane: Lane, headers: Mapping[str, str]) -> None:
        """The call came back, with these headers (none when there was no answer)."""
        counts = _counts(headers, lane)
        with self._lock:
            now = self._clock()
            for name, remaining in counts.items():
                budget = self._budget(subscription, name, now)
                self._budgets[subscription, name] = budget.answered(now, remaining)
            left = _COUNT_OF_A_WINDOW.search(_lowered(headers).get(_PROVIDER, ""))
            if lane.policy is not None and left is not None and int(left[1]) > self._size(subscription, lane.policy):
                self._learn(subscription, lane.policy, now, size=int(left[1]) + 1)

    def refused(
        self,
        subscription: str,
        lane: Lane,
        headers: Mapping[str, str],
        retry_after: float,
        *,
        asks: bool = False,
        body: str = "",
    ) -> float:
        """The call was throttled: the seconds until its own place in line, or if it `asks` until others go on.

        Only the provider's refusals carry the provider's count (recorded).
        """
        refusing = lane.policy if lane.policy and _PROVIDER in _lowered(headers) else lane.front
        with self._lock:
            now = self._clock()
            known = self._budget(subscription, refusing, now)
            budget, wait = (known.emptied(now, retry_after), retry_after) if asks else known.refused(now, retry_after)
            self._budgets[subscription, refusing] = budget
            told = _SIZE.search(body)
            size = float(told["size"]) if told is not None and told["policy"] == refusing.partition(" ")[0] else None
            self._learn(subscription, refusing, now, size=size, held_seconds=retry_after)
            for passing in lane.meters:
                if passing != refusing:
                    self._budgets[subscription, passing] = self._budget(subscription, passing, now).answered(now, None)
        return wait

    def news(self) -> tuple[News, ...]:
        """What others should know, once."""
        with self._lock:
            news, self._news = tuple(self._news.values()), {}
        return news

    def _learn(
        self, subscription: str, name: str, now: float, *, size: float | None = None, held_seconds: float = 0.0
    ) -> None:
        key = (subscription, name)
        is_new = size is not None and size != self._size(subscription, name)
        if size is not None:
            _put(self._sizes, key, size)
        if is_new or (held_seconds >= NEWS_EVERY and now - self._told_at.get(key, now - NEWS_EVERY) >= NEWS_EVERY):
            _put(self._told_at, key, now)
            _put(self._news, key, News(subscription=subscription, meter=name, held_seconds=held_seconds, size=size))

    def _size(self, subscription: str, name: str) -> float:
        return self._sizes.get((subscription, name)) or known_size(name)

    def _budget(self, subscription: str, name: str, now: float) -> Budget:
        size, refill = _rates(name)
        return self._budgets.get((subscription, name)) or Budget.full(size=size, refill=refill, at=now)

    def _forget_full(self, now: float) -> None:
        """A full budget is what one is taken to be that is not known."""
        for budgets in (self._budgets, self._shares):
            if len(budgets) > KEPT:
                known = list(budgets.items())
                budgets.clear()
                budgets |= {key: budget for key, budget in known if not budget.is_full(now)}

    def _share(self, subscription: str, name: str, now: float) -> Budget:
        size, refill = (SHARE_OF_QUESTIONS * whole for whole in _rates(name))
        return self._shares.get((subscription, name)) or Budget.full(size=size, refill=refill, at=now)


def _rates(name: str) -> tuple[float, float]:
    """What a meter holds, and what comes back each second. A policy's window is taken for a bucket: its end is told by
    its refusals."""
    return FRONT_DOOR.get(name) or (known_size(name), known_size(name) / WINDOW)


def _put(values: dict[tuple[str, str], T], key: tuple[str, str], value: T) -> None:
    """Write a value; when there is no room, the one that was first written goes."""
    if len(values) >= KEPT and key not in values:
        del values[next(iter(values))]
    values[key] = value


def _counts(headers: Mapping[str, str], lane: Lane) -> dict[str, float | None]:
    """What Azure says is left, by meter. The smaller count holds: ARM also counts all callers together (global), the
    provider also half an hour."""
    lowered = _lowered(headers)
    named = (lowered.get(f"{_FRONT_DOOR}-{lane.front}"), lowered.get(f"{_FRONT_DOOR}-global-{lane.front}"))
    front = [float(text) for text in named if text is not None and text.isdigit()]
    counts: dict[str, float | None] = {lane.front: min(front, default=None)}
    if lane.policy is not None:
        policy = [float(count) for count in _COUNT.findall(lowered.get(_PROVIDER, ""))]
        counts[lane.policy] = min(policy, default=None)
    return counts


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
