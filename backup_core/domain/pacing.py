"""Pacing: how calls share a budget that refills, so that a herd comes back spread and no token of the budget is wasted.

Azure meters each kind of call with a token bucket. It says how much is left with each answer, and refuses with
"try again after" when nothing is. `Budget` is one process's estimate of such a bucket. Who finds it empty is not merely
sent away but gets a place in line: one at the end of it, as many seconds away as the bucket needs to refill that far.
The bucket is shared with processes that know nothing of each other; the count in each answer tells what they took.

Times are seconds of any steady clock. Leaves to others: keeping the budgets (adapters/meters.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace


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
