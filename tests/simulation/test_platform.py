"""The simulated platform is as documented: who is started, what is billed, what becomes of a message."""

from __future__ import annotations

import random
from datetime import timedelta
from types import SimpleNamespace

import pytest

from backup_core.adapters.azure_errors import CallKind
from infra.local.arm.wire import ArmError
from tests.fakes import START, FakeClock, World
from tests.simulation import herd
from tests.simulation.azure import Azure, HostDied, Process
from tests.simulation.platform import Bill, Group, Host, Plan, Platform
from tests.simulation.queues import Queues
from tests.simulation.scene import SLOT, jobs, new_platform, protect, subscriptions
from tests.simulation.timeline import Timeline

HOLD = timedelta(minutes=10)


def test_events_come_by_their_time_and_then_by_their_turn():
    timeline, seen = Timeline(FakeClock()), list[tuple[str, float]]()

    def see(name: str) -> None:
        seen.append((name, (timeline.clock.now() - START).total_seconds()))

    timeline.after(2, lambda: see("late"))
    timeline.after(1, lambda: (see("first"), timeline.after(1, lambda: see("put there meanwhile"))))
    timeline.after(1, lambda: see("second"))
    timeline.after(9, lambda: see("too late"))
    timeline.run(START + timedelta(seconds=5))
    assert seen == [("first", 1), ("second", 1), ("late", 2), ("put there meanwhile", 2)]
    assert timeline.clock.now() == START + timedelta(seconds=5)


def test_a_received_message_is_hidden_until_its_hold_is_over():
    clock = FakeClock()
    queues = Queues(clock)
    for text in ("a", "b", "c"):
        queues.put_text("q", text)
    assert [each.text for each in queues.receive("q", 2, hold=HOLD)] == ["a", "b"]
    assert [each.text for each in queues.receive("q", 2, hold=HOLD)] == ["c"]
    assert not queues.has_visible("q")
    assert queues.count("q") == 3, "hidden ones count"
    clock.advance(HOLD)
    again = queues.receive("q", 9, hold=HOLD)
    assert [each.text for each in again] == ["a", "b", "c"]
    queues.delete(again[0])
    assert queues.count("q") == 2


def test_queues_are_received_from_each_by_itself():
    queues = Queues(FakeClock())
    queues.put_text("q", "a")
    assert queues.receive("other", 9, hold=HOLD) == []
    assert queues.has_visible("q")


def _host(**plan: int) -> Host:
    """A host that runs nothing yet, on a platform that stands still."""
    return Host(_queue_group(new_platform(Plan(**plan))))


def _queue_group(platform: Platform) -> Group:
    return next(each for each in platform.groups if each.function.queue)


@pytest.mark.parametrize(
    ("stretches", "billed"),
    [
        ([(0, 0.2)], 1.0),
        ([(0, 1.21)], 1.3),
        ([(0, 3), (1, 4)], 4.0),
        ([(0, 0.2), (0.5, 0.7)], 1.0),
        ([(0, 0.2), (2, 2.2)], 2.0),
        ([(0, 0.2), (0.9, 2.5)], 2.5),
    ],
    ids=[
        "a second at least",
        "each begun tenth",
        "together once",
        "within one second",
        "two stretches",
        "no time twice",
    ],
)
def test_a_host_is_billed_by_stretches_of_activity(stretches: list[tuple[float, float]], billed: float):
    host = _host()
    timeline, began = host.platform.timeline, host.platform.timeline.clock.now()
    for start, end in stretches:
        timeline.at(began + timedelta(seconds=start), lambda: host._begin(timeline.clock.now()))
        timeline.at(began + timedelta(seconds=end), lambda: host._end(False, lambda failed: None))
    timeline.run(began + timedelta(seconds=9))
    assert host.platform.bill.seconds == pytest.approx(billed)


def test_a_quarter_of_a_core_takes_four_times_as_long():
    def lasted(memory_mb: int) -> timedelta:
        host = _host(memory_mb=memory_mb)
        began = host.platform.timeline.clock.now()
        for _ in range(10):
            host.run(None, lambda failed: None)
        return host._busy_until - began

    assert lasted(512) == 4 * lasted(2048)


def test_hidden_messages_count_as_soon_as_one_is_visible():
    platform = new_platform(Plan(most_hosts=50))
    group = _queue_group(platform)
    for _ in range(160):
        platform.queues.put_text(group.function.queue, "x")
    for envelope in platform.queues.waiting():
        platform.queues.hide(envelope, platform.timeline.clock.now() + HOLD)
    group._scale()
    assert platform.living(group) == []
    platform.queues.put_text(group.function.queue, "x")
    group._scale()
    assert len(platform.living(group)) == 11


def test_a_message_that_fails_five_times_goes_to_poison():
    platform = new_platform(Plan())
    group = _queue_group(platform)
    platform.queues.put_text(group.function.queue, "no message of ours")
    platform.start()
    platform.run(SLOT + timedelta(minutes=3))
    (poisoned,) = platform.poisoned
    assert poisoned.text == "no message of ours"
    assert platform.tries[poisoned.number] == 5


def test_a_refused_call_is_told_as_azure_does():
    azure = Azure(World(), random.Random(0))
    left = [_writes_left(azure) for _ in range(azure.settings.writes_bucket)]
    assert (left[0], left[-1]) == (199, 0)
    with pytest.raises(ArmError) as refusal:
        _writes_left(azure)
    assert (refusal.value.status, refusal.value.headers["Retry-After"]) == (429, "1")
    assert [call.refused for call in azure.calls[-2:]] == [False, True]


def _writes_left(azure: Azure) -> int:
    headers = azure.admit(CallKind.START_SNAPSHOT, "subscription", "westeurope")
    return int(headers["x-ms-ratelimit-remaining-subscription-writes"])


def test_a_host_dies_before_a_call_has_its_effect_or_after():
    """By when it dies: the effect is in the middle of a call."""

    def sent(dies_after: float) -> int:
        world = World()
        process = Process(Azure(world, random.Random(1)), dies_at=world.clock.now() + timedelta(seconds=dies_after))
        with pytest.raises(HostDied):
            process.ports.queue.leave_mark("here")
        return int(world.queue.mark is not None)

    assert (sent(0.0001), sent(0.0035)) == (0, 1)


def test_a_few_disks_are_backed_up_at_their_slot_by_hosts_that_start_cold():
    outcome = herd.run(40)
    assert (outcome.unfinished, outcome.refused) == (0, 0)
    assert outcome.executions >= 2
    (first,) = outcome.first_put.values()
    assert 0 < first < 2  # hosts that were started by the knock


def test_the_same_seed_does_the_same():
    def seen(seed: int) -> object:
        outcome = herd.run(20, seed=seed)
        return outcome.platform.azure.calls, outcome.platform.bill

    assert seen(1) == seen(1)
    assert seen(1) != seen(2)


def test_when_hosts_die_others_finish_their_work():
    seen = SimpleNamespace(died=0)

    def mortal(azure: Azure) -> Process:
        """Every second one lives for twenty seconds."""
        seen.died += 1
        return Process(azure, dies_at=azure.clock.now() + timedelta(seconds=20) if seen.died % 2 else None)

    platform = new_platform(Plan(), new_process=mortal)
    (subscription,) = subscriptions(1)
    protect(platform, subscription, 40)
    platform.start()
    platform.run(SLOT + timedelta(minutes=25))
    assert all(job.is_ended for job in jobs(platform, subscription))
    assert len(platform.azure.world.cloud.taken) == len(set(platform.azure.world.cloud.taken)) == 40
    assert any(host.gone for host in platform.hosts)


def test_a_host_that_listens_in_vain_is_not_billed():
    host = _host()
    host.start_listening()
    host.platform.timeline.run(SLOT + timedelta(minutes=1))
    assert host.platform.azure.transactions["host", "receive"] > 10
    assert host.platform.bill == Bill()
