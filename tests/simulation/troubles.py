"""What an interleaving of tests/workflows leaves out: points that expire within it, restores, holds and restore tests,
a region that does not answer for six hours, tables that are lost or go back in time, and a second installation of equal
names over the same disk and groups. Some seeds have more (ingredients.py). A run is a seed.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from backup_core.adapters.azure_errors import Answer, Call, CallKind, error_for
from backup_core.domain import copying
from backup_core.domain.agenda import AgendaKind, AgendaRow
from backup_core.domain.alert import Alert, AlertState, Cause
from backup_core.domain.copying import PointCopy
from backup_core.domain.errors import BackupError, CloudUnavailable, SnapshotHeld, Throttled
from backup_core.domain.hold import POINT, ends_of, standing
from backup_core.domain.installation import Installation
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import Job
from backup_core.domain.messages import Knock, Sendable
from backup_core.domain.recovery_point import HOLD_TAG, RecoveryPoint, held_by_tag
from backup_core.domain.resource_ids import ANYWHERE, GroupId
from backup_core.domain.restore import RestoreRequest
from backup_core.domain.restore_test_plan import PointChoice, RestoreTestPlace, RestoreTestPlaces, RestoreTestPlan
from backup_core.domain.vault import Promises, Vault
from backup_core.ports import Memory, Ports, StateConflict, every
from backup_core.workflows.brake import find_brake, say_go_on
from backup_core.workflows.holds import Place, clear_hold, holds_at, set_hold
from backup_core.workflows.knocking import BEFORE
from backup_core.workflows.lifecycle import stop_protection, undelete_instance
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.rebuild import rebuild_catalogue
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.restore import request_restore
from backup_core.workflows.restore_test_plans import delete_plan, put_plan, run_now
from backup_core.workflows.set_back import go_on
from backup_core.workflows.vaults import put_policy, put_vault
from tests.builders import SNAPSHOT_GROUP, TARGET_GROUP, VAULT, disk_id, hold, policy, vault
from tests.fakes import START, OtherClock, World
from tests.invariants import Due, Endings, Ledger
from tests.simulation.ingredients import (
    AWAY_GROUPS,
    HOME_GROUPS,
    SECOND_DISK,
    SECOND_RETENTION,
    SECOND_SCHEDULE,
    Copies,
    Disks,
    Ingredient,
)
from tests.workflows.interleavings import NAME, SCHEDULES, Interleaving
from tests.workflows.platform import Platform, request

KINDS = ("", "outage", "lost", "set back", "two")
OURS, OTHERS = "ours", "others"
CLOCKS = (timedelta(0), timedelta(seconds=15), timedelta(seconds=-15))  # of the hosts, from the true time
APART = max(CLOCKS)
KINDS_OF_ROWS = (AgendaKind.BACKUP, AgendaKind.WATCH, AgendaKind.OBJECTIVE)  # a point that is kept may expire one day
ROWS_COME_DUE_WITHIN = 4  # rounds: a row may be put off once or twice by what is looked at
RETENTION = "PT8M"
PLACES = (Place(vault=VAULT), Place(vault=VAULT, instance=NAME))
PROMISES = Promises(weakening_delay=timedelta(minutes=4))
BRAKED = replace(PROMISES, unbraked_instances=0)  # all that goes early waits until somebody says go on
GOES_BACK = 300  # seconds
OUTAGE = timedelta(hours=6)
HALF_AN_HOUR = timedelta(minutes=30)
SELDOM = ("R/2026-03-01T00:00:00+00:00/PT30M",)  # the schedule in an outage: it is about its end
SENT_AT_MOST = 60  # messages of one kind for one thing in half an hour of an outage
KNOCKS_AT_MOST = 31 * len(BEFORE)  # likewise: before each minute in which a backup is due or waits


def run(seed: int, kind: str) -> list[str]:
    """Every fault that the seed shows, the same each time: ids that are drawn by lot are drawn by the seed."""
    drawn, kept, at_once = random.Random(seed), uuid.uuid4, copying.AT_ONCE
    uuid.uuid4 = lambda: uuid.UUID(int=drawn.getrandbits(128), version=4)
    copying.AT_ONCE = 1  # so that two disks wait for each other, as thousands do where there are a hundred tickets
    try:
        return Troubled(seed, kind=kind).run()
    finally:
        uuid.uuid4, copying.AT_ONCE = kept, at_once


def _errand(message: Sendable) -> str:
    """What a message is for, whichever of many it is."""
    names = ("kind", "instance_name", "point_id", "copy_id")
    return " ".join(str(getattr(message, name, "")) for name in names)


@dataclass
class Hosts(World):
    """Each step, tick and request is done by one of several hosts, with a memory and a clock of its own. Who only looks
    on is none of them: what is looked at must not change what happens."""

    random: random.Random = field(default_factory=random.Random)
    memories: tuple[Memory, ...] = field(default_factory=lambda: tuple(Memory() for _ in CLOCKS))

    @property
    def ports(self) -> Ports:
        if self.faults.are_paused:
            return super().ports
        host = self.random.randrange(len(CLOCKS))
        clock = OtherClock(self.clock, CLOCKS[host])
        return replace(super().ports, clock=clock, memory=self.memories[host])


@dataclass(slots=True)
class Troubled(Interleaving):
    """`kind` is what happens beside the troubles of each run: one of KINDS. Of eight seeds one after another, each two
    differ in what else there is: a deletion brake, copies in another region, a machine with a second disk."""

    kind: str = ""
    names: tuple[str, ...] = (NAME,)
    second_due: Due = field(default_factory=Due)  # of the second disk
    ingredients: tuple[Ingredient, ...] = ()
    down: tuple[GroupId, ...] = ()  # groups of which nothing answers
    ledger: Ledger = field(init=False)
    other: Platform | None = None
    judged_from: datetime | None = None  # slots before it may have lost their records with the tables
    tables: Any = None
    incident_at: int = 0  # seconds

    def __post_init__(self) -> None:
        Interleaving.__post_init__(self)
        world = self.platform.world
        self._set_policy(SCHEDULES[0])
        is_braked = self.seed % 2 == 1
        world.promises = BRAKED if is_braked else PROMISES
        # What rows and events hold as JSON costs a third, and is the same in all; tables that go back are read from it.
        world.events.checked = self.seed % 8 == 0
        world.store.checked = world.events.checked or self.kind == "set back"
        self.ledger = Ledger(worlds={OURS: world}, acting=OURS, clocks_apart=APART, braked=OURS if is_braked else "")
        world.cloud.guard = self._guard
        if self.seed % 8 >= 4:
            self.names = (NAME, SECOND_DISK)
            self.ingredients += (Disks(self),)
        if self.seed % 4 >= 2 or self.kind == "outage":
            self.ingredients += (Copies(self),)
        self.incident_at = self.random.randint(600, 1200)
        if self.kind == "two":
            self.other = self._other_installation()

    def _guard(self, call: str, target: str) -> None:
        """Nothing of a region that is down answers; what gets there the ledger sees."""
        if any(f"{target.lower()}/".startswith(f"{group.key}/") for group in self.down):
            raise CloudUnavailable("The region does not answer.", target=target)
        self.ledger.see(call, target)

    @property
    def are_tables_whole(self) -> bool:
        return self.kind not in ("lost", "set back")

    def _new_platform(self) -> Platform:
        return Platform(world=Hosts(random=random.Random(self.seed)))

    def _other_installation(self) -> Platform:
        first = self.platform.world
        world = World(clock=first.clock)
        world.cloud = first.cloud
        other = Platform(world=world)
        self.ledger.worlds[OTHERS] = world
        self.ledger.acting = OTHERS
        with first.faults.paused():
            put_policy(world.ports, VAULT, policy(f"policy-{NAME}", intervals=SCHEDULES[1], retention=RETENTION))
            configure_instance(world.ports, VAULT, request(NAME))
            for each in self.ingredients:
                each.have_too(world.ports)
        self.ledger.acting = OURS
        return other

    def _note_due(self) -> None:
        """A slot counts if it is due to all hosts, whose clocks reach it one after another."""
        now = self.platform.world.clock.now()
        for name, due in self._dues():
            self._note_due_of(name, due)
            for generation, slot in list(due.slots):
                if now <= slot + APART and not self._takes(name, generation, slot):
                    due.slots.discard((generation, slot))

    def _dues(self) -> Iterator[tuple[str, Due]]:
        yield NAME, self.due
        if SECOND_DISK in self.names:
            yield SECOND_DISK, self.second_due

    def _takes(self, name: str, generation: str, slot: datetime) -> bool:
        if not self.platform.has_instance(name):
            return False
        instance = self.platform.instance(name)
        is_in_time = instance.due_from is not None and instance.due_from <= slot
        return is_in_time and instance.generation == generation and instance.takes_scheduled_backups

    # What happens.

    def _second(self) -> None:
        Interleaving._second(self)
        world = self.platform.world
        if world.clock.now().second % 5 == 0:
            self.ledger.note_promises()
            for each in self.ingredients:
                each.note()
        if self.other is not None:
            self._second_of_other(self.other)
        self.incident_at -= 1
        if self.kind == "set back" and 0 <= self.incident_at <= GOES_BACK:
            self.ticks_stand_still = 0  # without a tick in between, nothing would tell the two times apart
        if self.kind == "set back" and self.incident_at == GOES_BACK and not self._has_begun():
            # A copy of before the first snapshot knows no installation: what was made since is reported as foreign,
            # until an operator says that it is ours (catalogue/rebuild, takeOver).
            self.incident_at += 1
        if self.kind == "set back" and self.incident_at == GOES_BACK:
            self.tables = world.store.copy()
        if self.incident_at == 0:
            happens = {"lost": self._lose_tables, "set back": self._go_back, "outage": self._lose_region}
            happens.get(self.kind, lambda: None)()

    def _has_begun(self) -> bool:
        world = self.platform.world
        with world.faults.paused():
            return world.store.get(Installation, ANYWHERE) is not None

    def _second_of_other(self, other: Platform) -> None:
        """It ticks in the same second, and meets none of our troubles."""
        self.ledger.acting = OTHERS
        with self.platform.world.faults.paused():
            other.fire_timers()
            other.deliver()
            if other.world.clock.now().second == 50 and other.world.clock.now().minute % 10 == 0:
                self._ask(lambda: reconcile(other.world.ports))
        self.ledger.acting = OURS

    def _lose_tables(self) -> None:
        """All are gone; an operator rebuilds them from the snapshots and protects the disk anew."""
        world = self.platform.world
        self.ledger.note_promises()
        self._forget_holds_without_a_tag()
        with world.faults.paused():
            world.store.forget_everything()
            rebuild_catalogue(
                world.ports, [SNAPSHOT_GROUP, *(group for each in self.ingredients for group in each.groups)]
            )
            if world.store.get(Vault, VAULT) is None:  # no snapshot was left to tell of it
                put_vault(world.ports, vault())
            self._set_policy(SCHEDULES[0])
            self._ask(lambda: configure_instance(world.ports, VAULT, request(NAME)))
            for each in self.ingredients:
                each.rebuild()
        self.endings = Endings()
        self.judged_from = world.clock.now() + timedelta(minutes=1)

    def _go_back(self) -> None:
        """The tables are those of five minutes ago. An operator reconciles after a while, and says go on."""
        world = self.platform.world
        self.ledger.note_promises()
        self._forget_holds_without_a_tag()
        world.store.go_back(self.tables)
        self.endings = Endings()
        self.judged_from = world.clock.now() + timedelta(minutes=1)
        self.ledger.frozen = True
        world.faults.clear()
        for _ in range(240):
            self._note_due()
            Interleaving._second(self)
        with world.faults.paused():
            self._ask(lambda: reconcile(world.ports))
            self._ask(lambda: go_on(world.ports))
            for each in self.ingredients:
                each.rebuild()
        self.ledger.frozen = False

    def _lose_region(self) -> None:
        """Nothing of the region at home, or of that with the copies, answers for six hours. Schedules are slow then,
        and other troubles go on. What is being copied stands still, or breaks."""
        clock, cloud = self.platform.world.clock, self.platform.world.cloud
        began, under_way = clock.now(), cloud._snapshots.copying()
        for each in under_way:
            each.copied_at += OUTAGE + HALF_AN_HOUR  # beyond the last slot below
        for name in self.names:
            self._set_policy(SELDOM, name)
        self.down = self.random.choice((HOME_GROUPS, AWAY_GROUPS))
        while clock.now() < began + OUTAGE:
            self.random.choice(self._troubles())()
            self._set_policy(SELDOM)
            self._plan_tests(60)
            self._note_due()  # what was taken back at the slot's own instant does not count
            slot = clock.now() + HALF_AN_HOUR - (clock.now() - START) % HALF_AN_HOUR
            sent = len(self.platform.world.queue.sent)
            self.platform.run_until(slot - timedelta(seconds=1))
            self.faults += self._storms(self.platform.world.queue.sent[sent:])
            self.ledger.note_promises()
            self._note_due()
            self.platform.run(seconds=1)
            self.faults += self.endings.look(self.platform.jobs())
        for each in under_way:
            each.broken = self.random.random() < 0.5
        self.down = ()
        for name, intervals in zip(self.names, (SCHEDULES[0], SECOND_SCHEDULE), strict=False):
            self._set_policy(intervals, name)

    def _storms(self, sent: Iterable[Sendable]) -> Iterator[str]:
        """Invariant 12. Of messages for a turn of a job one goes on, and a copy may be looked at every few seconds."""
        errands = (_errand(message) for message in sent if not hasattr(message, "turn"))
        for errand, count in Counter(errands).items():
            if count > (KNOCKS_AT_MOST if errand == _errand(Knock()) else SENT_AT_MOST):
                yield f"{count} messages within half an hour: {errand}"

    def _set_policy(self, intervals: tuple[str, ...], name: str = NAME) -> None:
        with self.platform.world.faults.paused():
            self._ask(lambda: self._put_policy(intervals, name))

    def _put_policy(self, intervals: tuple[str, ...], name: str = NAME) -> None:
        retention = RETENTION if name == NAME else SECOND_RETENTION
        changed = policy(f"policy-{name}", intervals=intervals, retention=retention)
        put_policy(self.platform.world.ports, VAULT, changed)

    def _reschedule(self) -> None:
        intervals = self.random.choice(SCHEDULES)
        self._ask(lambda: self._put_policy(intervals))

    def _restore(self) -> None:
        """Of any point, as it may be."""
        points = self.platform.points(NAME)
        if points:
            chosen = self.random.choice(points)
            self._ask(lambda: self._ask_for_a_disk(chosen.point_id))

    def _ask_for_a_disk(self, point_id: str | None) -> Job:
        """None: of the newest point."""
        target = disk_id(f"restored-{self.random.randint(0, 10**6)}", TARGET_GROUP)
        wish = RestoreRequest(point_id=point_id, target_disk_id=target, location="westeurope")
        return request_restore(self.platform.world.ports, VAULT, NAME, wish)

    def _plan_tests(self, minutes: int = 0) -> None:
        """Restore tests of whatever is there, as often as every few minutes."""
        wanted = self._plan(minutes or self.random.choice((3, 10, 60)))
        self._ask(lambda: put_plan(self.platform.world.ports, VAULT, wanted))

    def _plan(self, minutes: int) -> RestoreTestPlan:
        return RestoreTestPlan(
            name="tests",
            intervals=(f"R/2026-03-02T12:00:00+00:00/PT{minutes}M",),
            target_group_id=TARGET_GROUP.text,
            seed="",
            choice=self.random.choice(list(PointChoice)),
            window_days=1,
            tests_per_run=len(self.names),
            enabled=self.random.random() < 0.8,
        )

    def _test_now(self) -> None:
        self._ask(lambda: run_now(self.platform.world.ports, VAULT, "tests"))

    def _hold(self) -> None:
        """Who is told that a point is held relies on it; who is told no, or that a deletion is under way, does not."""
        points, ports = self.platform.points(NAME), self.platform.world.ports
        if not points:
            return
        chosen = self.random.choice(points)
        wanted = hold(name=self.random.choice(("case-1", "case-2")), set_at=ports.clock.now())

        def ask() -> None:
            set_hold(ports, Place(vault=VAULT, instance=NAME, point=chosen.point_id), wanted)
            self.ledger.held[chosen.snapshot_id.lower()] = None

        self._ask(ask)

    def _hold_all(self) -> None:
        """The disk's instance, or its vault. The invariants ask the records whether that holds."""
        ports, place = self.platform.world.ports, self.random.choice(PLACES)
        wanted = hold(name="case-3", scope="instance" if place.instance else "vault", set_at=ports.clock.now())
        self._ask(lambda: set_hold(ports, place, wanted))

    def _clear_hold_on_all(self) -> None:
        ports, place = self.platform.world.ports, self.random.choice(PLACES)
        self._ask(lambda: clear_hold(ports, place, "case-3"))

    def _clear_hold(self) -> None:
        ports = self.platform.world.ports
        held = [point for point in self.platform.points(NAME) if standing(point.holds, ports.clock.now())]
        if not held:
            return
        chosen = self.random.choice(held)
        name = self.random.choice(chosen.holds).name
        self._ask(lambda: clear_hold(ports, Place(vault=VAULT, instance=NAME, point=chosen.point_id), name))
        left = [each for each in self.platform.points(NAME) if each.point_id == chosen.point_id]
        if left and chosen.snapshot_id.lower() in self.ledger.held:
            self.ledger.held[chosen.snapshot_id.lower()] = ends_of(standing(left[0].holds, ports.clock.now()))

    def _let_go(self) -> None:
        """Of what is on its way out: its deletion waits for the end of the last hold, as it should, and so would all.
        Tags of holds that went with the tables are taken off; what they kept is tried again after half an hour."""
        if not self._is_going():
            return
        ports = self.platform.world.ports
        places = [*PLACES, *(replace(PLACES[1], point=each.point_id) for each in self.platform.points(NAME))]
        for place in places:
            for found in holds_at(ports, place):
                clear_hold(ports, place, found.name)
        now = ports.clock.now()
        recorded = {each.snapshot_id.lower() for each in self.platform.points(NAME) if standing(each.holds, now)}
        ends_at = {each: now + PROMISES.weakening_delay if each in recorded else now for each in self.ledger.held}
        self.ledger.held = {each: until or ends_at[each] for each, until in self.ledger.held.items()}
        cloud = self.platform.world.cloud
        for each in cloud.snapshot_ids():
            tags = (cloud.shown(each) or {}).get("tags", {})
            cloud.retag(each, {name: value for name, value in tags.items() if name != HOLD_TAG})
        self.platform.run(minutes=36)
        if self._is_going():  # of a vault's hold that stood, the next look is half a day later
            self.platform.run(hours=12)

    def _is_going(self) -> bool:
        return self.platform.has_instance(NAME) and self.platform.instance(NAME).state is ProtectionState.DELETING

    def _forget_holds_without_a_tag(self) -> None:
        """What only the lost tables knew: a tag may tell of its instance's hold, and not yet of the point's own."""
        cloud = self.platform.world.cloud
        shown = {each: cloud.shown(each) for each in self.ledger.held}
        claims = {each: held_by_tag(raw["tags"]) for each, raw in shown.items() if raw is not None}
        tagged = {each for each, found in claims.items() if any(claim.scope == POINT for claim in found)}
        self.ledger.held = {each: until for each, until in self.ledger.held.items() if each in tagged}

    def _say_go_on(self) -> None:
        """A second person, who looks at what waits first."""
        ports = self.platform.world.ports

        def ask() -> None:
            batch = find_brake(ports, VAULT).batch
            if batch is not None:
                said = {"by": "another", "by_name": "", "reason": "it is meant"}
                say_go_on(ports, VAULT, batch.batch_id, **said)

        self._ask(ask)

    def _let_all_go(self) -> None:
        """What waits is looked at again within half an hour; a hold that ends meanwhile may let something else wait."""
        for _ in range(3):
            if find_brake(self.platform.world.ports, VAULT).batch is None:
                return
            self._say_go_on()
            self.platform.run(minutes=33)

    def _lock(self) -> None:
        locks = self.platform.world.cloud.locks
        locks ^= {SNAPSHOT_GROUP.key}

    def _reconcile(self) -> None:
        self._ask(lambda: reconcile(self.platform.world.ports))

    def _out_of_order(self) -> None:
        """What waits is seen in another order."""
        queue = self.platform.world.queue
        waiting = queue.waiting()
        instants = [each.visible_at for each in waiting]
        self.random.shuffle(instants)
        for envelope, visible_at in zip(waiting, instants, strict=True):
            queue.hide(envelope, visible_at)

    def _lag(self) -> None:
        self.platform.world.cloud.read_lag = timedelta(seconds=self.random.choice((0, 2, 5, 20)))

    def _throttle_without_a_word(self) -> None:
        """A 429 that does not say when to come back."""
        name, kind = self.random.choice(
            (("start_snapshot", CallKind.START_SNAPSHOT), ("delete_snapshot", CallKind.DELETE_SNAPSHOT))
        )
        error = error_for(Call(kind=kind, target=SNAPSHOT_GROUP.text), Answer(status=429, code="OperationNotAllowed"))
        self.platform.world.faults.fail(f"cloud.{name}", error, times=self.random.randint(1, 6))

    def _delete_and_anew(self) -> None:
        Interleaving._delete_and_anew(self)
        for each in self.ingredients:
            each.note_deleted()

    def ask(self, request: Callable[[], object]) -> None:
        self._ask(request)

    def must(self, request: Callable[[], object]) -> None:
        """As `ask`, with nothing in the way: a run whose requests are all refused would show nothing."""
        try:
            request()
        except (BackupError, StateConflict) as error:
            self.faults.append(f"nothing is in the way, and a request is refused: {error!r}")

    def pass_a_second(self) -> None:
        self._note_due()
        self._second()

    def fail(self, call: str) -> None:
        """The next few calls of that name."""
        passing = (CloudUnavailable("503"), Throttled("later", retry_after_seconds=self.random.choice((1, 20, 70))))
        after = self.random.random() < 0.5
        error = passing[0] if after else self.random.choice(passing)
        self.platform.world.faults.fail(call, error, times=self.random.randint(1, 4), after=after)

    def _troubles(self) -> tuple[Callable[[], None], ...]:
        more = (self._restore, self._restore, self._lock, self._reconcile, self._hold, self._clear_hold)
        tests = (self._plan_tests, self._plan_tests, self._test_now)
        on_all = (self._hold_all, self._clear_hold_on_all, self._clear_hold_on_all)
        return (
            *Interleaving._troubles(self),
            *more,
            *tests,
            *on_all,
            self._say_go_on,
            self._out_of_order,
            self._lag,
            self._throttle_without_a_word,
            *(trouble for each in self.ingredients for trouble in each.troubles()),
        )

    # What is left.

    def _calm_down(self) -> None:
        """First all goes well for a while: what is still open then has no cause any more."""
        self._end_troubles()
        self._go_well()
        self.faults += self._open_alerts()
        for each in self.ingredients:
            each.calm_down()
        Interleaving._calm_down(self)
        self.platform.run(minutes=1)  # the last reconciler's events leave a few seconds after it
        if self.other is not None:
            self._calm_other(self.other)

    def _calm_other(self, other: Platform) -> None:
        """It has stood still since the troubles ended, and looks after what is its own."""
        ports, self.ledger.acting = other.world.ports, OTHERS
        self.must(lambda: stop_protection(ports, VAULT, NAME))
        for _ in range(3):
            other.run(minutes=12)
            self.must(lambda: reconcile(ports))
        self.ledger.acting = OURS

    def _go_well(self) -> None:
        """Backups and a restore that succeed, with what was lost in the troubles found before and after."""
        world = self.platform.world
        self._let_go()
        self._let_all_go()
        self._ask(lambda: undelete_instance(world.ports, VAULT, NAME))
        self._resume()
        self.must(lambda: configure_instance(world.ports, VAULT, request(NAME)))
        self.must(lambda: self._put_policy(SCHEDULES[-1]))
        self.platform.run(seconds=1)
        self._note_due()  # what is taken back at the slot's own instant does not count
        for _ in range(2):
            self.platform.run(minutes=12)
            self.must(lambda: reconcile(world.ports))
        self.must(lambda: self._put_policy(SELDOM))
        self.must(lambda: self._ask_for_a_disk(None))
        self.platform.run(minutes=5)
        self._end_tests()
        for each in self.ingredients:
            each.go_well()
        self._let_all_go()

    def _end_tests(self) -> None:
        """A test that passes ends what earlier ones alerted of. What was given up, or could not be cleared up, is
        looked at every hour: once to delete it, once to see it gone."""
        ports = self.platform.world.ports
        for _ in range(3):
            if self._places():
                self.platform.run(minutes=65)
        # Of the newest, which is whole: one that went in a time the tables do not know of stays until it expires.
        wanted = replace(self._plan(60), choice=PointChoice.NEWEST)
        self.must(lambda: put_plan(ports, VAULT, wanted))
        self.must(lambda: run_now(ports, VAULT, "tests"))
        self.platform.run(minutes=6 * len(self.names))  # one after another
        self.must(lambda: delete_plan(ports, VAULT, "tests"))
        self.platform.run(minutes=6)

    def _places(self) -> tuple[RestoreTestPlace, ...]:
        world = self.platform.world
        with world.faults.paused():
            stored = world.store.get(RestoreTestPlaces, VAULT)
        return stored.value.places if stored else ()

    def _left_by_tests(self) -> Iterator[str]:
        """Invariant 8. Of a disk whose row went with the tables, nobody knows."""
        if not self.are_tables_whole:
            return
        cloud = self.platform.world.cloud
        cloud._settle_disks()
        yield from (f"a restore test left {each}" for each in cloud.disk_ids() if "/diskbackup-test-" in each)
        yield from (f"the data of {each} can still be read" for each in cloud.open_access())
        yield from (f"{each} still has a place" for each in self._places())

    def _end_troubles(self) -> None:
        Interleaving._end_troubles(self)
        cloud = self.platform.world.cloud
        cloud.locks.clear()
        cloud.read_lag = timedelta(0)
        for each in self.ingredients:
            each.end_troubles()

    def _open_alerts(self) -> Iterator[str]:
        """Invariant 7."""
        world = self.platform.world
        if self._tells_of_a_lost_hold():
            return
        for name in filter(self.platform.has_instance, self.names):
            opened = self.platform.instance(name).alerts
            yield from (f"alert {each.cause} is still open on {name}" for each in opened)
        with world.faults.paused():
            rows = [stored.value for stored in every(world.ports, Alert, VAULT)]
        yield from (f"alert {each.cause} is {each.state.value}" for each in rows if each.state is AlertState.FIRED)

    def _tells_of_a_lost_hold(self) -> bool:
        """Whether all alerts are of snapshots whose hold went with the tables: its cause is there."""
        told = {f"{cause}.{SnapshotHeld.code}" for cause in (Cause.EXPIRY, Cause.COPY_EXPIRY)}
        opened = self.platform.instance(NAME).alerts if self.platform.has_instance(NAME) else ()
        return self.kind == "set back" and bool(opened) and all(each.cause in told for each in opened)

    def _judge(self) -> list[str]:
        for _, due in self._dues():
            due.slots = {each for each in due.slots if self.judged_from is None or each[1] >= self.judged_from}
        waiting = [f"a message waits for ever: {each.message}" for each in self.platform.world.queue.waiting()]
        faults = [
            *Interleaving._judge(self),
            *self._faults_of_slots(SECOND_DISK, self.second_due),
            *self.ledger.faults,
            *self.ledger.faults_of_points(OURS),
            *waiting,
        ]
        ours = [fault for each in self.ingredients for fault in each.faults()]
        return [*faults, *self._left_by_tests(), *self._still_read(), *ours, *self._rows_for_ever()]

    def _still_read(self) -> Iterator[str]:
        """Points and copies that are kept for restores which have ended."""
        for name in filter(self.platform.has_instance, self.names):
            kept: list[RecoveryPoint | PointCopy] = [*self.platform.points(name), *self.platform.copies(name)]
            for each in kept:
                yield from (f"{each.snapshot_id} is still read by {job_id}" for job_id in each.restoring)

    def _rows_for_ever(self) -> list[str]:
        """Rows of the agenda that are still there once all have come due. Of a stopped disk, no row makes another."""
        clock = self.platform.world.clock
        for _ in range(ROWS_COME_DUE_WITHIN):
            if rows := self._rows():
                clock.set(max(clock.now(), *(row.due_at for row in rows)))
                self.platform.run(minutes=2)
        return [f"a row of the agenda waits for ever: {row}" for row in self._rows()]

    def _rows(self) -> list[AgendaRow]:
        return [row for kind in KINDS_OF_ROWS for row in self.platform.agenda(kind)]
