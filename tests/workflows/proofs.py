"""The three proofs that every workflow must pass, told once.

A scenario drives a platform from a prepared state to its end; `check` looks at what is left once the platform had time
to mend itself.

1. every step run twice;
2. a failure at every port call in turn: as an error before it, an error after it, and the death of the host after it;
3. every message lost in turn, and every message doubled in turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from backup_core.domain.errors import CloudUnavailable
from tests.workflows.platform import HostDied, Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`prepare` builds the world, `act` is what trouble may strike, `check` what must hold once all has settled."""

    prepare: Callable[[], Platform]
    act: Callable[[Platform], None]
    check: Callable[[Platform], None]
    with_quiet_ticks: bool = False  # try failures in ticks that find nothing, too

    def run(self, platform: Platform) -> Platform:
        with silence():
            self.act(platform)
            platform.world.faults.clear()
            platform.settle()
            self.check(platform)
        return platform


@contextmanager
def silence() -> Iterator[None]:
    """What is logged nobody reads here, and pytest keeps every line of it with its traceback."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def unchecked(platform: Platform) -> Platform:
    """Records are kept as they are: what their rows and events hold, the same run without trouble has checked."""
    platform.world.store.checked = platform.world.events.checked = False
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
    error, after = TROUBLES[trouble]
    tried = [
        each
        for each in moments(scenario.prepare(), scenario.act, with_quiet_ticks=scenario.with_quiet_ticks)
        if _tells_something(each, trouble)
    ]
    for moment in tried:
        platform = moment.platform()
        platform.world.faults.fail_nth(moment.nth, error(trouble), after=after)
        try:
            replace(scenario, act=moment.rest).run(platform)
        except AssertionError as failed:
            call = platform.world.faults.calls[-1:]
            raise AssertionError(f"{moment.call} as call {moment.number}, {trouble}: {call}") from failed
    return len(tried)


def _tells_something(moment: Moment, trouble: str) -> bool:
    """Whether no other trouble at another call leaves the same behind. After a call that only reads, all is as before
    it; and a host that dies before a call died after the one before, unless there was none in its function."""
    _, after = TROUBLES[trouble]
    return moment.call not in READS if after else moment.is_first or trouble != "death before"


# What changes nothing: whether it fails before or after its work is done is the same.
READS = frozenset(
    (
        *("store.get", "store.page", "store.glance", "store.vaults", "store.due", "store.agenda", "audit.page"),
        *("cloud.get_disk", "cloud.find_disk", "cloud.find_snapshot", "cloud.list_snapshots", "cloud.list_disks"),
        "cloud.list_all_snapshots",
        *("cloud.get_operation", "cloud.find_group", "cloud.locks_at", "cloud.permissions_at", "cloud.usage"),
        "cloud.offered_disks",
        *("azure_backup.find_vault", "azure_backup.find_instance", "azure_backup.find_point"),
        *("azure_backup.list_policies", "azure_backup.list_instances", "azure_backup.list_points"),
    )
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A port call within an act. `platform` makes one that stands at the second before it, `rest` leads from there to
    the act's end, and the call is its `nth` from there."""

    number: int
    call: str
    nth: int
    is_first: bool  # of its function
    rest: Callable[[Platform], None]
    before: Platform

    def platform(self) -> Platform:
        return unchecked(self.before.copy())


def moments(prepared: Platform, act: Callable[[Platform], None], *, with_quiet_ticks: bool = False) -> list[Moment]:
    """Every port call of an act that ends in a run; those of ticks that find nothing only on request."""
    seconds: list[tuple[int, Platform, Callable[[Platform], None]]] = [(0, prepared, act)]
    acting, runs = prepared.copy(), [prepared.world.clock.now()]
    acting.begun, log = [], acting.world.faults.calls
    before = len(log)

    def note(platform: Platform, until: datetime) -> None:
        if until != runs[-1]:  # what comes before the last run cannot be gone on with from within
            runs.append(until)
            seconds[1:] = []
        copy = platform.copy()
        copy.before_second, copy.every_tick = _nothing, False
        seconds.append((len(log) - before, copy, lambda platform: platform.run_until(until)))

    acting.every_tick, acting.before_second = True, note  # every tick, as while a failure is planned
    act(acting)
    assert acting.world.clock.now() == runs[-1], "an act ends in a run"
    begun = {at - before: what for at, what in acting.begun}
    found: list[Moment] = []
    for (start, copy, rest), (end, *_) in pairwise([*seconds, (len(log) - before, prepared, act)]):
        calls = log[before + start : before + end]
        functions = [what for at, what in begun.items() if start <= at < end]
        if with_quiet_ticks or functions != ["tick"] or not _is_quiet(calls):
            found += [
                Moment(start + nth, call, nth, start + nth in begun, rest, copy) for nth, call in enumerate(calls)
            ]
    return found


def _is_quiet(calls: Sequence[str]) -> bool:
    """Whether a tick noted itself and did nothing else. One is as good as another then, whatever it comes between."""
    return calls.count("store.commit") == 1 and set(calls) <= _OF_A_QUIET_TICK


_OF_A_QUIET_TICK = {"store.get", "store.page", "store.due", "store.schedule", "store.commit"} | {
    *("queue.read_mark", "queue.leave_mark", "queue.poisoned")
}


def _nothing(platform: Platform, until: datetime) -> None:
    """What is done before a second that nobody looks at."""


def prove_messages_lost_and_doubled(scenario: Scenario) -> int:
    """Answers how many messages were tried."""
    prepared = scenario.prepare()
    sent = _sent_by(scenario, prepared.copy())
    for nth in range(sent):
        for change in (_lose, _double):
            platform = unchecked(prepared.copy())
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
