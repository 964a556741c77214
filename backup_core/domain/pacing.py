"""Pacing: how calls share budgets that refill, so that a herd is spread and no token of a budget is wasted.

Azure meters each kind of call. It says how much is left with each answer, and refuses with "try again after" when
nothing is. Two things know of it. A `Pace` is what all processes share about a subscription (a row of the state store):
whoever enqueues a herd gives each start its place by it, so that none finds out only when it runs that it must come
back. A `Budget` is one process's own estimate of one meter, the last guard: who finds it empty gets a place at the end
of its line, as many seconds away as the meter needs to refill that far.

Times are seconds: of any steady clock for a Budget, since 1970 for a Pace. Leaves to others: keeping the budgets
(adapters/meters.py) and the shared row (workflows/pacing.py).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from backup_core.domain.resource_ids import plain_location

WINDOW = 180.0  # seconds over which the disk provider counts
_TAKEN_UP_AFTER = 1.0  # a message that is visible waits a moment for a host to look
_AFTER_A_WINDOW = 5.0  # it begins with the first call, which arrives a little after its start was due
# What each meter holds, and what comes back each second. ARM's front door, for each subscription: documented, but for
# the refill of reads (remembered). The disk provider's policies: calls within a window, as recorded.
FRONT_DOOR: Mapping[str, tuple[float, float]] = {"reads": (250, 25), "writes": (200, 10), "deletes": (200, 10)}
POLICIES: Mapping[str, float] = {
    "HighCostSnapshotCreateHydrate": 1_000,
    "HighCostDiskHydrate": 1_000,
    "CreateUpdateDisks": 1_000,
    "DeleteDisks": 3_000,
    "LowCostGet": 15_000,
    "HighCostGet": 240,
    "GetOperation": 50_000,
    "CostManagement": 240,  # not known: its refusals tell
}
# The provider counts in each region of a subscription; the meter that a snapshot's region has is named with it.
SNAPSHOTS = "HighCostSnapshotCreateHydrate"
# A backup reads its disk, writes its snapshot and reads how that ended; no other meter is short before these. So reads
# bind a herd of up to about 500 (125 at once, 12.5 a second), writes a larger one (200 and 10), and the provider what
# is beyond 1,000 in one region: each thousand waits for its window.
OF_A_START: Mapping[str, float] = {"reads": 2, "writes": 1}  # and one of its region's
OF_A_RESTORE: Mapping[str, float] = {"reads": 2, "writes": 1}
# How much of a front door's bucket, and of what refills it, starts are promised: restores and requests need some too.
# What is spared of the bucket of writes is more than go without a place (workflows/pacing.py).
# The second read of a start comes with its first look, when as much has come back as is spared of the writes.
_PROMISED: Mapping[str, tuple[float, float]] = {"reads": (1.0, 0.98), "writes": (0.94, 0.99)}
# How many of a herd begin each second in one subscription, before its writes are used up.
STARTS_A_SECOND = FRONT_DOOR["reads"][1] * _PROMISED["reads"][1] / OF_A_START["reads"]
BELIEVED_AHEAD = 7_200.0  # what is promised further ahead was written by a clock that went wrong
BELIEVED_FOR = 7 * 86_400.0  # a size that Azure told once and does not tell again


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """`level` tokens at `at`, of at most `size`; `refill` come back each second. Nothing goes before `held_until`.

    `line_end` is when the token comes that the last in line was promised. `in_flight` calls have not been answered.
    """

    size: float
    refill: float
    level: float
    at: float
    held_until: float = 0.0
    line_end: float = 0.0
    in_flight: int = 0

    @classmethod
    def full(cls, *, size: float, refill: float, at: float) -> Budget:
        return cls(size=size, refill=refill, level=size, at=at)

    def is_full(self, now: float) -> bool:
        """Whether nothing is owed to anybody, nor to Azure."""
        budget = _refilled(self, now)
        return budget.level >= budget.size and not budget.in_flight and max(budget.held_until, budget.line_end) <= now

    def ask(self, now: float) -> tuple[Budget, float]:
        """Take a token: the wait is 0. Or, when there is none, a place in line: the wait is the seconds until then."""
        budget = _refilled(self, now)
        if now >= budget.held_until and budget.level >= 1:
            return replace(budget, level=budget.level - 1, in_flight=budget.in_flight + 1), 0.0
        return _queued(budget, now)

    def spare(self, now: float, *, left: float = 0.0) -> tuple[Budget, float]:
        """Take a token that nobody waits for, if `left` more are there: the wait is 0. Or, when there is none, the
        seconds until there may be one: no place in line, for nobody can say whether the caller returns."""
        budget = _refilled(self, now)
        earned_at = now + max(0.0, left + 1 - budget.level) / budget.refill
        free_at = max(earned_at, budget.held_until, budget.line_end)
        if free_at > now:
            return self, free_at - now
        return replace(budget, level=budget.level - 1, in_flight=budget.in_flight + 1), 0.0

    def answered(self, now: float, remaining: float | None) -> Budget:
        """A call came back; `remaining` is what Azure says is left, None when it did not say."""
        budget = replace(_refilled(self, now), in_flight=max(0, self.in_flight - 1))
        if remaining is None:
            return budget
        # Calls under way are not in Azure's count yet. A bucket may prove larger than documented.
        left = max(0.0, remaining - budget.in_flight)
        return replace(budget, level=left, size=max(budget.size, remaining))

    def refused(self, now: float, retry_after: float) -> tuple[Budget, float]:
        """Azure refused the call: the bucket is empty. Answers the refused call's own place in line.

        Nobody goes before `retry_after` has passed; the tokens that come meanwhile are there for those who then go.
        """
        return _queued(self.emptied(now, retry_after), now)

    def emptied(self, now: float, retry_after: float) -> Budget:
        """As `refused`, for a call that gets no place in line."""
        return replace(
            self,
            level=0.0,
            at=now,
            in_flight=max(0, self.in_flight - 1),
            held_until=max(self.held_until, now + retry_after),
        )


def _queued(budget: Budget, now: float) -> tuple[Budget, float]:
    """A place at the end of the line, where the next token comes that nobody was promised."""
    next_token = now + max(0.0, 1 - budget.level) / budget.refill
    place = max(next_token, budget.line_end + 1 / budget.refill)
    return replace(budget, line_end=place), max(place, budget.held_until) - now


def _refilled(budget: Budget, now: float) -> Budget:
    earned = max(0.0, now - budget.at) * budget.refill
    return replace(budget, level=min(budget.size, budget.level + earned), at=max(budget.at, now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one meter gives to starts: `size` at once. What was spent comes back at `refill` a second; or, without one,
    all of it when the window ends that the first call opened. `left` is as of `at`, for a window as of its beginning.
    """

    size: float
    refill: float = 0.0
    left: float
    at: float
    held_until: float = 0.0
    learned_at: float = 0.0  # when Azure told the size; 0 when it is as documented or recorded

    def earliest(self, cost: float, now: float) -> float:
        """When so much can be spent at once."""
        now = max(now, self.held_until)
        known = self._at(now)
        if known.left >= cost and not known.ends(now):
            return now
        if not self.refill:
            return self.at + WINDOW + _AFTER_A_WINDOW
        return max(now, known.at) + (cost - known.left) / self.refill

    def spent(self, cost: float, at: float) -> Allowance:
        known = self._at(at)
        return replace(known, left=known.left - cost)

    def until_taken_up(self, now: float) -> Allowance:
        """When a herd begins: what is full does not refill before the first of it is taken up."""
        known = self._at(now)
        return replace(known, at=max(known.at, now + _TAKEN_UP_AFTER)) if known.left >= self.size else known

    def is_forgotten(self, now: float) -> bool:
        """Whether it is as one of which nothing is known: a window that ended long ago."""
        return not self.refill and not self.learned_at and now > max(self.held_until, self.at + 2 * WINDOW)

    def _at(self, now: float) -> Allowance:
        if not self.refill:
            is_open = self.left < self.size and (now < self.at + WINDOW or self.ends(now))
            return self if is_open else replace(self, left=self.size, at=now)
        earned = max(0.0, now - self.at) * self.refill
        return replace(self, left=min(self.size, self.left + earned), at=max(self.at, now))

    def ends(self, now: float) -> bool:
        """Whether a window of which much was spent is about to end: a call would go into the one or the other."""
        ends_at = self.at + WINDOW
        return not self.refill and self.left < self.size / 2 and ends_at <= now < ends_at + _AFTER_A_WINDOW


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What Azure told a process of one meter of a subscription and the others should know: nothing goes through it for
    `held_seconds`; or its size, when that is not what was known."""

    subscription: str
    meter: str
    held_seconds: float = 0.0
    size: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """One row for each subscription: what starts may take of its meters, and when the last that was promised a place
    begins. Whoever changes it does so as it was read, so that no token is promised twice."""

    subscription: str
    end: float = 0.0
    meters: Mapping[str, Allowance] = field(default_factory=dict)

    def places(self, regions: Sequence[str], *, now: float, until: float) -> tuple[Pace, list[float | None]]:
        """When each start of a disk in these regions may begin: in their order, behind those that were promised a place
        before; but none waits for another region's window. None where that would be after `until`."""
        places: list[float | None] = [None] * len(regions)
        waiting = defaultdict[str, deque[int]](deque)
        for number, region in enumerate(regions):
            waiting[in_region(SNAPSHOTS, region)].append(number)
        meters = {name: self._meter(name, now) for name in (*OF_A_START, *waiting)}
        line_end = self.line_end(now)
        if now > line_end:
            meters |= {name: meters[name].until_taken_up(now) for name in OF_A_START}
            meters["reads"] = _begun_gently(meters["reads"], meters["writes"], len(regions))
        at = end = max(now, line_end)
        while waiting:
            opens = {name: meters[name].earliest(1, at) for name in waiting}
            at = max(min(opens.values()), *(meters[name].earliest(cost, at) for name, cost in OF_A_START.items()))
            if at > until:
                break
            name = min((name for name in waiting if opens[name] <= at), key=lambda each: waiting[each][0])
            places[waiting[name].popleft()] = end = at
            meters |= {each: meters[each].spent(cost, at) for each, cost in {**OF_A_START, name: 1}.items()}
            if not waiting[name]:
                del waiting[name]
        if all(place is None for place in places):
            return self, places
        lasting = {name: each for name, each in {**self.meters, **meters}.items() if not each.is_forgotten(now)}
        return replace(self, end=end, meters=lasting), places

    def line_end(self, now: float) -> float:
        """When the last start begins that was promised a place; in the past when none waits."""
        return self.end if self.end <= now + BELIEVED_AHEAD else now

    def spent(self, costs: Mapping[str, float], *, now: float) -> Pace:
        """After calls that stand in no line, since somebody waits for them: who comes next comes later."""
        spent = {name: self._meter(name, now).spent(cost, now) for name, cost in costs.items()}
        return replace(self, meters={**self.meters, **spent})

    def told(self, news: News, *, now: float) -> Pace:
        """As it is when there is nothing new in what was told."""
        meter = known = self._meter(news.meter, now)
        if news.size is not None and news.size != known.size:
            more = max(0.0, news.size - known.size)
            meter = replace(known, size=news.size, left=min(known.left + more, news.size), learned_at=now)
        held_until = now + news.held_seconds
        if held_until > known.held_until + 1:
            meter = replace(meter, held_until=held_until)
            if not meter.refill:  # the window ends then
                meter = replace(meter, left=0.0, at=held_until - WINDOW - _AFTER_A_WINDOW)
        return self if meter == known else replace(self, meters={**self.meters, news.meter: meter})

    def _meter(self, name: str, now: float) -> Allowance:
        known = self.meters.get(name)
        if known is None or (known.learned_at and now - known.learned_at > BELIEVED_FOR):
            return _full(name, now)
        return known if max(known.at, known.held_until) <= now + BELIEVED_AHEAD else _full(name, now)


def _begun_gently(reads: Allowance, writes: Allowance, count: int) -> Allowance:
    """Reads without what a herd may spare at its beginning, since its writes take longer anyway: then a herd that is
    taken up late, by hosts that start with it, does not come as more than the bucket holds."""
    seconds = (count - writes.left) / writes.refill
    if seconds <= 0:
        return reads
    needed = OF_A_START["reads"] * count - reads.refill * seconds
    return replace(reads, left=min(reads.left, max(OF_A_START["reads"], needed)))


def in_region(policy: str, region: str) -> str:
    """The name of a policy's meter in a region, however that is written; without one that of all regions."""
    return f"{policy} {plain_location(region)}".strip()


def known_size(meter: str) -> float:
    """What a meter holds, as documented or recorded."""
    return FRONT_DOOR[meter][0] if meter in FRONT_DOOR else POLICIES[meter.partition(" ")[0]]


def is_of_a_start(meter: str) -> bool:
    return meter in OF_A_START or meter.partition(" ")[0] == SNAPSHOTS


def _full(name: str, now: float) -> Allowance:
    if name not in FRONT_DOOR:
        return Allowance(size=known_size(name), left=known_size(name), at=now)
    (size, refill), (of_size, of_refill) = FRONT_DOOR[name], _PROMISED.get(name, (1.0, 1.0))
    return Allowance(size=size * of_size, refill=refill * of_refill, left=size * of_size, at=now)
