"""The three proofs that every workflow must pass, told once.

A scenario drives a platform from a prepared state to its end; `check` looks at what is left once the platform had time
to mend itself.

1. every step run twice;
2. a failure at every port call in turn: as an error before it, an error after it, and the death of the host after it;
3. every message lost in turn, and every message doubled in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backup_core.domain.errors import CloudUnavailable
from tests.workflows.platform import HostDied, Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`prepare` builds the world, `act` is what trouble may strike, `check` what must hold once all has settled."""

    prepare: Callable[[], Platform]
    act: Callable[[Platform], None]
    check: Callable[[Platform], None]

    def run(self, platform: Platform) -> Platform:
        self.act(platform)
        platform.world.faults.clear()
        platform.settle()
        self.check(platform)
        return platform


def prove_steps_run_twice(scenario: Scenario) -> None:
    platform = scenario.prepare()
    platform.twice = True
    scenario.run(platform)
    assert not platform.failures, platform.failures


# What may strike at a call, and whether after its work is done. Each has a test of its own: all in one take minutes on
# a busy machine, and a test is allowed five.
TROUBLES: dict[str, tuple[type[BaseException], bool]] = {
    "no answer": (CloudUnavailable, False),
    "answer lost": (CloudUnavailable, True),
    "death before": (HostDied, False),
    "death after": (HostDied, True),
}


def prove_failures_everywhere(scenario: Scenario, trouble: str) -> int:
    """Answers how many failures were tried, for a proof of nothing is no proof."""
    (error, after), prepared = TROUBLES[trouble], scenario.prepare()
    calls = _calls_of(scenario, prepared.copy())
    for nth in range(calls):
        platform = prepared.copy()
        platform.world.faults.fail_nth(nth, error(trouble), after=after)
        try:
            scenario.run(platform)
        except AssertionError as failed:
            call = platform.world.faults.calls[-1:]
            raise AssertionError(f"call {nth} of {calls}, {trouble}: {call}") from failed
    return calls


def _calls_of(scenario: Scenario, platform: Platform) -> int:
    before, platform.every_tick = len(platform.world.faults.calls), True  # as while a failure is planned
    scenario.act(platform)
    return len(platform.world.faults.calls) - before


def prove_messages_lost_and_doubled(scenario: Scenario) -> int:
    """Answers how many messages were tried."""
    prepared = scenario.prepare()
    sent = _sent_by(scenario, prepared.copy())
    for nth in range(sent):
        for change in (_lose, _double):
            platform = prepared.copy()
            _change_nth(platform, nth, change)
            try:
                scenario.run(platform)
            except AssertionError as failed:
                raise AssertionError(f"message {nth} of {sent}, {change.__name__}") from failed
    return sent


def _sent_by(scenario: Scenario, platform: Platform) -> int:
    before = len(platform.world.queue.sent)
    scenario.act(platform)
    return len(platform.world.queue.sent) - before


def _change_nth(platform: Platform, nth: int, change: Callable[[Platform], None]) -> None:
    """Strike the nth message from now, the moment it is sent."""
    queue = platform.world.queue
    send, target = queue._put, len(queue.sent) + nth

    def put(*args: object, **kwargs: object) -> None:
        send(*args, **kwargs)  # type: ignore[arg-type]
        if len(queue.sent) == target + 1:
            queue._put = send  # type: ignore[method-assign]
            change(platform)

    queue._put = put  # type: ignore[method-assign]


def _lose(platform: Platform) -> None:
    newest = max(platform.world.queue.waiting(), key=lambda envelope: envelope.number)
    platform.world.queue.delete(newest)


def _double(platform: Platform) -> None:
    newest = max(platform.world.queue.waiting(), key=lambda envelope: envelope.number)
    platform.world.queue.duplicate(newest)
