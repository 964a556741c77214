"""The forecast of Azure's limits for a subscription and region: records are read, the region's usage is asked.

Read page by page: kept are counts by day, and of the disks that reach a limit when they do. Forecasts are made once for
all disks that follow the same policy and were backed up at the same slot. Of more points than POINTS, or vaults than
VAULTS, those beyond are not counted, which the forecast says.

Leaves to others: what is counted (domain/quota_forecast.py), and who may see which disk (api/quota_forecast.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import NoReturn

from backup_core.domain.copying import CopyRule, CopyState, lane_key
from backup_core.domain.disk_skus import BACKGROUND_COPY_SKUS
from backup_core.domain.errors import BackupError, Fault, InvalidInput, PermissionMissing
from backup_core.domain.forecast import ForecastPoint
from backup_core.domain.health import CopyGlance, InstanceGlance
from backup_core.domain.permissions import READ_USAGE
from backup_core.domain.policy import SCHEDULED_POINTS_LIMIT, BackupPolicy
from backup_core.domain.previews import Existing, LimitMet, limits_met, outlook
from backup_core.domain.quota_forecast import (
    LaneLoad,
    Reached,
    WorstMinute,
    chain_behind,
    copies_reached,
    days_from,
    lane_load,
    region_reached,
    starts_by_minute,
    to_be_copied,
    to_come,
    to_remain,
    worst_minute,
    writes_reached,
)
from backup_core.domain.resource_ids import VaultKey, plain_location
from backup_core.domain.surroundings import SNAPSHOT_COUNTERS, Usage
from backup_core.ports import Ports, every, pages
from backup_core.workflows.acting import as_identity, identities_of
from backup_core.workflows.catalogue import find_vault
from backup_core.workflows.previews import existing

INSTANCES_A_PAGE = 500
INSTANCES = 20_000
VAULTS = 200
POINTS = 400_000
RECKONED_AT_MOST = 200_000  # slots, of all policies and last backups together: what is kept of them is 250 bytes each
REDUNDANCIES = ("Standard_LRS", "Standard_ZRS")  # what Azure makes of a first snapshot, as the region has zones


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`location` as regions are named in ids: small letters, no blanks."""

    subscription: str
    location: str

    def holds(self, glance: InstanceGlance) -> bool:
        return self.is_of(glance) and plain_location(glance.location) == self.location

    def is_of(self, glance: InstanceGlance) -> bool:
        return glance.subscription == self.subscription.lower()

    @property
    def lane(self) -> str:
        """As where copies of other regions go to."""
        return lane_key(self.subscription, self.location)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A policy as it is to be, and how many disks more are to follow it."""

    vault: VaultKey
    policy: BackupPolicy
    more_disks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskReached:
    """A disk that meets one of its own limits."""

    vault: VaultKey
    name: str
    met: LimitMet


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaForecast:
    """`disks` are those that meet a limit, the first to meet one first. `region` is by redundancy, and counts what is
    copied there from other regions: `copied` are there now or owed, and `lane` is how it keeps up with them. `unknown`
    says in words what was not counted."""

    begin: datetime
    end: datetime
    instances: int
    points: int
    disks: tuple[DiskReached, ...]
    region: Mapping[str, tuple[Usage | None, Reached]]
    writes: Reached
    worst: WorstMinute
    copies: Reached
    copied: int
    lane: LaneLoad
    unknown: tuple[str, ...]


def forecast_quotas(
    ports: Ports,
    place: Place,
    vaults: Iterable[VaultKey],
    span: timedelta,
    *,
    copies_last: timedelta,
    change: Change | None = None,
) -> QuotaForecast:
    """Raises InvalidInput for more than can be reckoned."""
    begin = ports.clock.now()
    gathered = _Gathering(begin=begin, span=span, place=place, change=change)
    told = list(islice(vaults, VAULTS + 1))
    if len(told) > VAULTS:
        gathered.unknown.append(f"The disks of vaults beyond the first {VAULTS} were not counted.")
    for vault in told[:VAULTS]:
        _read_vault(ports, vault, gathered)
    if change is not None and change.more_disks:
        gathered.follow(change.policy, None, change.more_disks, sku="")
        gathered.add_met(change.vault, "", change.policy, None, Existing())
        for rule in _rules_to(ports, place, change.vault):
            gathered.follow_copies(rule, change.policy, None, change.more_disks)
    gathered.reckon(copies_last)
    usage = _usage(ports, place, told[:VAULTS], gathered.unknown)
    region = {
        kind: (seen := usage.get(SNAPSHOT_COUNTERS[kind]), region_reached(gathered.counts, gathered.days, seen))
        for kind in REDUNDANCIES
    }
    minutes = starts_by_minute(gathered.starts)
    return QuotaForecast(
        begin=begin,
        end=begin + span,
        instances=gathered.instances,
        points=gathered.points,
        disks=tuple(sorted(gathered.met, key=lambda each: (each.met.on, each.vault.partition, each.name))),
        region=region,
        writes=writes_reached(minutes),
        worst=worst_minute(minutes, place.location),
        copies=copies_reached(gathered.copied, copies_last),
        copied=gathered.copies,
        lane=lane_load(gathered.lane_starts, copies_last, gathered.behind),
        unknown=tuple(gathered.unknown),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What is to come of a policy: its points, and the most of them at one time."""

    points: tuple[ForecastPoint, ...]
    most: int


@dataclass(slots=True, kw_only=True)
class _Gathering:
    """What adds up as vaults are read. `followers` counts the disks by what their points to come depend on, and
    `copied_by` those of which copies come by a rule."""

    begin: datetime
    span: timedelta
    place: Place
    change: Change | None
    instances: int = 0
    points: int = 0
    reckoned: int = 0
    days: tuple[datetime, ...] = ()
    counts: list[int] = field(default_factory=list)
    followers: Counter[tuple[int, datetime | None, bool, bool]] = field(default_factory=Counter)
    policies: dict[int, BackupPolicy] = field(default_factory=dict)
    outlooks: dict[tuple[int, datetime | None], _Seen] = field(default_factory=dict)
    met: list[DiskReached] = field(default_factory=list)
    starts: Counter[datetime] = field(default_factory=Counter)
    copied: Counter[datetime] = field(default_factory=Counter)
    unknown: list[str] = field(default_factory=list)
    copies: int = 0
    copied_by: Counter[tuple[CopyRule, int, datetime | None]] = field(default_factory=Counter)
    lane_starts: Counter[datetime] = field(default_factory=Counter)
    behind: list[datetime | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.days = days_from(self.begin, self.span.days + 1)
        self.counts = [0] * len(self.days)

    def follow(
        self, policy: BackupPolicy, last: datetime | None, disks: int, *, sku: str, is_here: bool = True
    ) -> None:
        self.policies[id(policy)] = policy
        self.followers[(id(policy), _told_by(policy, last), sku in BACKGROUND_COPY_SKUS, is_here)] += disks

    def follow_copies(self, rule: CopyRule, policy: BackupPolicy, last: datetime | None, disks: int) -> None:
        if rule.is_of(policy.name):
            self.policies[id(policy)] = policy
            self.copied_by[(rule, id(policy), _told_by(policy, last))] += disks

    def add_copies(self, expiries: Sequence[datetime | None]) -> None:
        self.copies += len(expiries)
        self._add(to_remain(expiries, self.days), 1)

    def seen(self, policy: BackupPolicy, last: datetime | None) -> _Seen:
        key = (id(policy), _told_by(policy, last))
        if key not in self.outlooks:
            self.reckoned += policy.schedule.max_slots_in(int(self.span.total_seconds()))
            if self.reckoned > RECKONED_AT_MOST:
                _refuse(f"more than {RECKONED_AT_MOST:,} slots would have to be reckoned; ask for fewer days")
            made = outlook(policy, self.begin, [self.days[-1]], last)
            self.outlooks[key] = _Seen(points=made.points, most=made.most)
        return self.outlooks[key]

    def add_existing(self, there: Existing) -> None:
        self.points += len(there.scheduled) + len(there.on_demand)
        self._add(to_remain(there.all, self.days), 1)

    def add_met(self, vault: VaultKey, name: str, policy: BackupPolicy, last: datetime | None, there: Existing) -> None:
        seen = self.seen(policy, last)
        if seen.most + len(there.scheduled) + len(there.on_demand) > SCHEDULED_POINTS_LIMIT:
            found = limits_met(seen.points, there)
            self.met += [DiskReached(vault=vault, name=name, met=each) for each in found if each.on is not None]

    def reckon(self, copies_last: timedelta) -> None:
        """Count what is to come, once for all disks of which the same comes."""
        for (rule, policy, last), disks in self.copied_by.items():
            wanted = to_be_copied(self.seen(self.policies[policy], last).points, rule)
            self._add(to_come(wanted, self.days), disks)
            self.behind.append(chain_behind(wanted, copies_last))
            for point in wanted:
                self.lane_starts[point.slot] += disks
        for (policy, last, is_copied, is_here), disks in self.followers.items():
            seen = self.seen(self.policies[policy], last)
            if is_here:
                self._add(to_come(seen.points, self.days), disks)
            for point in seen.points:
                self.starts[point.slot] += disks
                if is_copied:
                    self.copied[point.slot] += disks

    def _add(self, counts: Iterable[int], times: int) -> None:
        self.counts = [known + times * more for known, more in zip(self.counts, counts, strict=True)]


def _told_by(policy: BackupPolicy, last: datetime | None) -> datetime | None:
    """The slot of the last backup, where the tags of those to come depend on it."""
    return last if len(policy.criteria) > 1 else None


def _read_vault(ports: Ports, vault: VaultKey, gathered: _Gathering) -> None:
    policies = {stored.value.name.casefold(): stored.value for stored in every(ports, BackupPolicy, vault)}
    change, is_cut = gathered.change, False
    if change is not None and change.vault == vault:
        policies[change.policy.name.casefold()] = change.policy
    rules, keeping = _rules_to(ports, gathered.place, vault), set[str]()
    for everyone in _pages(ports, vault):
        for glance in everyone if rules else ():
            policy = policies.get(glance.policy_name.casefold())
            if policy is not None and glance.marks.state.will_be_backed_up:
                for rule in rules:
                    gathered.follow_copies(rule, policy, glance.last_success_slot, 1)
        keeping |= {glance.name.lower() for glance in everyone if glance.marks.state.keeps_all_points}
        glances = [glance for glance in everyone if gathered.place.is_of(glance)]
        gathered.instances += sum(map(gathered.place.holds, glances))
        if gathered.instances > INSTANCES:
            _refuse(f"more than {INSTANCES:,} disks are protected there")
        here = [glance for glance in glances if gathered.place.holds(glance)]
        is_cut = is_cut or gathered.points >= POINTS
        there = {} if is_cut or not here else existing(ports, vault, [glance.name for glance in here])
        for glance in glances:
            policy = policies.get(glance.policy_name.casefold())
            if policy is not None and glance.marks.state.will_be_backed_up:
                is_here = gathered.place.holds(glance)
                gathered.follow(policy, glance.last_success_slot, 1, sku=glance.disk_sku, is_here=is_here)
        for glance in here:
            left = _left(glance, there.get(glance.name.lower(), Existing()))
            gathered.add_existing(left)
            policy = policies.get(glance.policy_name.casefold())
            if policy is not None and glance.marks.state.will_be_backed_up:
                gathered.add_met(vault, glance.name, policy, glance.last_success_slot, left)
    _read_copies(ports, vault, gathered, keeping)
    if is_cut:
        gathered.unknown.append(f"Of vault '{vault.name}' recovery points beyond {POINTS:,} in all were not counted.")


def _pages(ports: Ports, vault: VaultKey) -> Iterator[Sequence[InstanceGlance]]:
    """All instances: those whose snapshots lie in the subscription share its writes, whatever their region, and of all
    others copies may come."""
    for page in pages(lambda token: ports.store.glance(InstanceGlance, vault, token=token, limit=INSTANCES_A_PAGE)):
        yield page.items


def _rules_to(ports: Ports, place: Place, vault: VaultKey) -> Sequence[CopyRule]:
    settings = find_vault(ports, vault)
    return [rule for rule in settings.copy_rules if rule.lane == place.lane] if settings is not None else []


def _read_copies(ports: Ports, vault: VaultKey, gathered: _Gathering, keeping: Collection[str]) -> None:
    """The copies that the vault keeps in the place; of the instances in `keeping` they stay."""
    for page in pages(lambda token: ports.store.glance(CopyGlance, vault, token=token)):
        there = [copy for copy in page.items if copy.lane == gathered.place.lane and copy.state is not CopyState.LOST]
        gathered.add_copies([None if copy.instance_name.lower() in keeping else copy.expires_at for copy in there])
        if gathered.copies > POINTS:
            gathered.unknown.append(f"Of vault '{vault.name}' copies beyond {POINTS:,} in all were not counted.")
            return


def _left(glance: InstanceGlance, there: Existing) -> Existing:
    """The points as they expire: of stopped protection they do not."""
    if not glance.marks.state.keeps_all_points:
        return there
    return Existing(scheduled=[None] * len(there.scheduled), on_demand=[None] * len(there.on_demand))


def _usage(ports: Ports, place: Place, vaults: list[VaultKey], unknown: list[str]) -> Mapping[str, Usage]:
    """What Azure counts in the region, asked as any of the vaults' identities; nothing where none may ask."""
    because = "no vault is there that could be asked as"
    for identity in identities_of(ports, vaults):
        try:
            return as_identity(ports, identity).cloud.usage(place.subscription, place.location)
        except PermissionMissing:
            because = f"the app's identity may not {READ_USAGE} at /subscriptions/{place.subscription}"
        except BackupError as error:
            because = f"{error.code}: {error.message}"
    unknown.append(
        f"How many snapshots of others there are in {place.location}, and the limit that Azure has set there, is not "
        f"known ({because}); the limit is taken to be the usual one, and ours are counted alone."
    )
    return {}


def _refuse(what: str) -> NoReturn:
    raise InvalidInput([Fault(target="days", message=what)])
