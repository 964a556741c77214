"""The Functions platform on a simulated clock, as the Flex plan runs the app: scale groups, hosts, timers, the bill.

The functions are the app's own, found in its blueprints as the host finds them: nothing here knows a queue or message.
Modelled, each as documented or measured unless it says so: a scale group for each timer and each queue function; the
scaling rule (messages, hidden ones too, by the batch size, rounded up, as soon as one is visible); the queue listener's
batches, threshold and growing pauses; messages that fail five times and go to poison; messages that come back ten
minutes after a host died; a quarter, one or two cores; and the bill by stretches of activity.

Assumed: how often the scale controller looks, how long a cold start takes, when a host that is not needed goes. Not
modelled: the HTTP group, zones, hosts that run several functions, threads (a host never runs more than it has)."""

from __future__ import annotations

import json
import logging
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import azure.functions as func

from backup_core.app import WATCH_LATE_SECONDS, Services
from backup_core.triggers.events import event_blueprint
from backup_core.triggers.queues import queue_blueprint
from backup_core.triggers.timers import timer_blueprint
from backup_core.workflows.job_kinds import watch
from infra.local.host.logs import AppLog, LogLevels, Rows
from infra.local.host.ncrontab import parse_schedule
from tests.fakes import Envelope
from tests.simulation.azure import Azure, HostDied, Process
from tests.simulation.queues import Queues
from tests.simulation.timeline import Timeline

HOST_JSON = json.loads((Path(__file__).parents[2] / "host.json").read_text())
HOLD = timedelta(minutes=10)  # of a message that a host has received
CONTROLLER_EVERY = 10.0  # seconds; assumed
COLD_START = (4.0, 9.0)  # seconds; assumed, the host's and the app's together
IDLE_BEFORE_LEAVING = 60.0  # seconds; assumed
LEASE_SECONDS = 15.0  # until another host takes over the timer of one that died
STEP_CPU_SECONDS = 0.03  # of a core (measured: 55 to 70 ms a backup, which is two steps)
# What a host asks of storage for itself, a minute (measured): its own lock, and the lease and status of its timer.
HOST_REQUESTS, TIMER_REQUESTS = 5, 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the deployment chose, and host.json."""

    memory_mb: int = 512  # as the template deploys
    most_hosts: int = 100
    batch: int = HOST_JSON["extensions"]["queues"]["batchSize"]
    threshold: int = HOST_JSON["extensions"]["queues"]["newBatchThreshold"]
    tries: int = HOST_JSON["extensions"]["queues"]["maxDequeueCount"]
    longest_pause: float = 5.0
    again_after: timedelta = timedelta(seconds=5)

    @property
    def cores(self) -> float:
        return self.memory_mb / 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    name: str
    run: Callable[[Any], Any]
    queue: str = ""
    schedule: str = ""


@dataclass(slots=True)
class Bill:
    executions: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0  # in which an instance was active
    log_rows: int = 0
    log_bytes: int = 0


class Platform:
    """`Platform(azure, plan).start()`, then `run(until)`."""

    def __init__(self, azure: Azure, plan: Plan, *, new_process: Callable[[Azure], Process] = Process) -> None:
        assert isinstance(azure.world.queue, Queues), "hosts receive from queues in order"
        self.azure = azure
        self.plan = plan
        self.queues = azure.world.queue
        self.timeline = Timeline(azure.clock)
        self.new_process: Callable[[], Process] = lambda: new_process(azure)
        self.bill = Bill()
        self.hosts: list[Host] = []
        self.poisoned: list[Envelope] = []
        self.tries: Counter[int] = Counter()
        self.groups = [Group(self, function) for function in functions_of(Services())]
        self.running = ""  # the function whose run is being made
        self._log = AppLog(_Counted(self.bill), lambda: self.running or None)

    def start(self) -> None:
        for group in self.groups:
            group.start()
        self.timeline.after(60, self._minute)

    def run(self, until: datetime, *, unless: Callable[[], bool] = lambda: False) -> None:
        logger = logging.getLogger("diskbackup")
        logger.setLevel(logging.INFO)
        logger.addHandler(self._log)
        try:
            self.timeline.run(until, unless=unless)
        finally:
            logger.removeHandler(self._log)

    def living(self, group: Group | None = None) -> list[Host]:
        return [host for host in self.hosts if not host.gone and group in (None, host.group)]

    def _minute(self) -> None:
        for host in self.living():
            self.azure.count("host", "locks", HOST_REQUESTS + (TIMER_REQUESTS if host.group.function.schedule else 0))
        self.timeline.after(60, self._minute)


class Group:
    """A function and the hosts that run it and nothing else."""

    def __init__(self, platform: Platform, function: Function) -> None:
        self.platform = platform
        self.function = function

    def start(self) -> None:
        if self.function.schedule:
            self._fire_timer(Host(self))
        else:
            self.platform.timeline.after(self.platform.azure.random.uniform(0, CONTROLLER_EVERY), self._scale)

    def _fire_timer(self, host: Host) -> None:
        """At the next instant of its schedule, and again."""
        timeline = self.platform.timeline
        due = parse_schedule(self.function.schedule).next_after(timeline.clock.now())
        timeline.at(due, lambda: host.run(None, lambda failed: self._fire_timer(host)))

    def take_over(self) -> None:
        """The host of a timer has died: another fires it, once the lease is over."""
        if self.function.schedule:
            self.platform.timeline.after(LEASE_SECONDS, lambda: self._fire_timer(Host(self)))

    def _scale(self) -> None:
        platform, plan, queue = self.platform, self.platform.plan, self.function.queue
        hosts = platform.living(self)
        waiting = platform.queues.count(queue) if platform.queues.has_visible(queue) else 0
        wanted = min(plan.most_hosts, math.ceil(waiting / plan.batch))
        for _ in range(wanted - len(hosts)):
            Host(self).start_listening()
        for host in hosts[wanted:]:
            host.leave_when_idle()
        platform.timeline.after(CONTROLLER_EVERY, self._scale)


class Host:
    """One instance. It is `gone` once it died or was no longer needed."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.platform = group.platform
        self.process = self.platform.new_process()
        self.process.runs = group.function.name
        self.function = _named(functions_of(_Services(self)), group.function.name)
        self.gone = False
        self._running = 0
        self._polling = False
        self._empty = 0  # looks at the queue in a row that found nothing
        self._busy_until = self.platform.timeline.clock.now()  # of its cores
        self._idle_since = self._busy_until
        self._active_since: datetime | None = None
        self._billed_until = self._busy_until
        self.platform.hosts.append(self)
        if self.process.dies_at is not None:
            self.platform.timeline.at(self.process.dies_at, self._die)

    def start_listening(self) -> None:
        cold = self.platform.azure.random.uniform(*COLD_START)
        self._polling = True
        self.platform.timeline.after(cold, self._poll)

    def leave_when_idle(self) -> None:
        now = self.platform.timeline.clock.now()
        if not self._running and (now - self._idle_since).total_seconds() >= IDLE_BEFORE_LEAVING:
            self.gone = True

    def run(self, argument: Any, ended: Callable[[bool], None]) -> None:
        """Run the function now; `ended` is told later whether it failed. Of a run that died nobody is told."""
        if self.gone:
            return
        timeline = self.platform.timeline
        now = timeline.clock.now()
        self._begin(now)
        self._busy_until = max(now, self._busy_until) + timedelta(seconds=STEP_CPU_SECONDS / self.platform.plan.cores)
        timeline.at(self._busy_until, lambda: self._make(argument, ended))

    def _make(self, argument: Any, ended: Callable[[bool], None]) -> None:
        if self.gone:
            return
        platform, name, failed = self.platform, self.function.name, False
        platform.bill.executions[name] += 1
        platform.running = name
        try:
            self.function.run(argument)
        except HostDied:
            return
        except Exception as error:
            failed = True
            platform.bill.failures[f"{name}: {error!r:.200}"] += 1
        finally:
            platform.running = ""
        platform.timeline.after(0, lambda: self._end(failed, ended))

    def _end(self, failed: bool, ended: Callable[[bool], None]) -> None:
        if self.gone:
            return
        self._running -= 1
        now = self.platform.timeline.clock.now()
        self._idle_since = now
        if not self._running:
            self._stop(now)
        ended(failed)

    def _die(self) -> None:
        if self.gone:
            return
        self.gone = True
        if self._running:
            self._stop(self.platform.timeline.clock.now())
        self.group.take_over()

    def _begin(self, now: datetime) -> None:
        self._running += 1
        if self._active_since is None:
            self._active_since = max(now, self._billed_until)

    def _stop(self, now: datetime) -> None:
        """A stretch of activity has ended: at least a second of it is billed, then each begun tenth."""
        assert self._active_since is not None
        lasted = (now - self._active_since).total_seconds()
        billed = max(1.0, math.ceil(round(lasted, 6) * 10) / 10) if lasted > 0 else 0.0
        self._billed_until = self._active_since + timedelta(seconds=billed)
        self.platform.bill.seconds += billed
        self._active_since = None

    # The queue's listener.

    def _poll(self) -> None:
        if self.gone:
            return
        platform, plan, queue = self.platform, self.platform.plan, self.group.function.queue
        if self._running > plan.threshold:
            self._polling = False  # the end of a run goes on with it
            return
        platform.azure.count("host", "receive")
        found = platform.queues.receive(queue, plan.batch, hold=HOLD)
        for envelope in found:
            self._take(envelope)
        self._empty = 0 if found else self._empty + 1
        platform.timeline.after(0.02 if found else self._pause(), self._poll)

    def _pause(self) -> float:
        if self._empty <= 1:
            return 0.1
        grown: float = 0.1 + 0.1 * 2 ** min(self._empty - 2, 20) * self.platform.azure.random.uniform(0.8, 1.2)
        return min(grown, self.platform.plan.longest_pause)

    def _take(self, envelope: Envelope) -> None:
        self.platform.tries[envelope.number] += 1
        message = func.QueueMessage(id=str(envelope.number), body=envelope.text)
        self.run(message, lambda failed: self._settle(envelope, failed))

    def _settle(self, envelope: Envelope, failed: bool) -> None:
        platform = self.platform
        platform.azure.count("host", "settle")
        if not failed:
            platform.queues.delete(envelope)
        elif platform.tries[envelope.number] < platform.plan.tries:
            platform.queues.hide(envelope, platform.timeline.clock.now() + platform.plan.again_after)
        else:
            platform.queues.poison(envelope)
            platform.poisoned.append(envelope)
        if not self._polling and self._running <= platform.plan.threshold:
            self._polling = True
            self._poll()


class _Services(Services):
    """What a host's functions share, with the host's ports and the simulated clock."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self._watched = host.platform.azure.seconds()

    def ports(self) -> Any:
        return self._host.process.ports

    def ping(self) -> None:
        """No dead-man service is set."""

    def watch_if_late(self) -> None:
        now = self._host.platform.azure.seconds()
        if now - self._watched > WATCH_LATE_SECONDS:
            self._watched = now
            watch(self.ports())


def functions_of(services: Services) -> list[Function]:
    """The app's timers and queue functions, as its blueprints have them."""
    blueprints = (timer_blueprint(services), queue_blueprint(services), event_blueprint(services))
    return [function for blueprint in blueprints for function in _listed(blueprint)]


def _listed(blueprint: func.Blueprint) -> Iterator[Function]:
    for builder in blueprint._function_builders:
        built = builder.build(None)
        found = built.get_trigger()
        assert found is not None, "the library builds no function without a trigger"
        trigger = found.get_dict_repr()
        name, run = str(built.get_function_name()), built.get_user_function()
        if trigger["type"] == "timerTrigger":
            yield Function(name=name, run=run, schedule=trigger["schedule"])
        elif trigger["type"] == "queueTrigger":
            yield Function(name=name, run=run, queue=trigger["queueName"])


def _named(functions: list[Function], name: str) -> Function:
    return next(function for function in functions if function.name == name)


class _Counted(Rows):
    """What Application Insights would get, by the levels of the host.json that ships."""

    def __init__(self, bill: Bill) -> None:
        super().__init__(LogLevels.read(HOST_JSON["logging"]["logLevel"]), None)
        self._bill = bill

    def keep(self, row: Mapping[str, Any]) -> None:
        self._bill.log_rows += 1
        self._bill.log_bytes += row["bytes"]
