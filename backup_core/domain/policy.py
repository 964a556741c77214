"""A backup policy for disks: when to back up, which tag each backup gets, and how long each tag is kept.

`BackupPolicy.parse` reads Azure's own JSON (recorded: backup-policy create) and names every fault with its path;
`properties` is that JSON as Azure answers it: keys in Azure's order, words in Azure's spelling, unknown keys dropped.
Leaves to others: when slots come (schedule.py), which tag wins (tagging.py), what is deleted (retention.py).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, TypeVar

from backup_core.domain.durations import Duration, parse_duration
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.schedule import INTERVALS_LIMIT, Schedule, ScheduleFaults
from backup_core.domain.tagging import ABSOLUTE_CRITERIA, ALL_BACKUP, TagCriterion

SNAPSHOTS_IN_WINDOW_LIMIT = 7  # of one disk (documented: compute, incremental snapshots)
SNAPSHOTS_WINDOW_SECONDS = 300
SCHEDULED_POINTS_LIMIT = 450  # of one disk: 500 snapshots, 50 of them left for on-demand backups (documented)
BACKGROUND_COPY_GAP = timedelta(hours=12)  # Premium SSD v2 and Ultra: PT12H or P1D (documented, overview 2025-04)
SHORTEST_RETENTION_SECONDS = 60

T = TypeVar("T")
_DAY = 86_400
_TICKS_FROM = datetime(1, 1, 1, tzinfo=UTC)  # of .NET, whose clock Azure's version numbers are read from (recorded)
_DISKS = "Microsoft.Compute/disks"
_STORE_WIRE: Mapping[str, str] = {"dataStoreType": "OperationalStore", "objectType": "DataStoreInfoBase"}
NAME = re.compile(r"[\w(][\w .()\-]{0,63}")
TAG_ID = re.compile(r"[\w(][\w .()\-]{0,64}")  # Azure's own is the tag's name and an underscore
# How long a first-of-period lasts at least on average, and by how much a run of them can be shorter than that.
_PERIOD_SECONDS: Mapping[str, tuple[float, int]] = {
    "FirstOfDay": (_DAY, 3 * 3600),
    "FirstOfWeek": (7 * _DAY, 3 * 3600),
    "FirstOfMonth": (30.436875 * _DAY, 3 * _DAY),
    "FirstOfYear": (365.2425 * _DAY, 2 * _DAY),
}


# Of which periods a backup may be the first: that of a year is also that of a month, of a month or week that of a day.
_KINDS_OF_BACKUP: tuple[tuple[str, ...], ...] = (
    (),
    ("FirstOfDay",),
    ("FirstOfDay", "FirstOfWeek"),
    ("FirstOfDay", "FirstOfMonth"),
    ("FirstOfDay", "FirstOfWeek", "FirstOfMonth"),
    ("FirstOfDay", "FirstOfMonth", "FirstOfYear"),
    ("FirstOfDay", "FirstOfWeek", "FirstOfMonth", "FirstOfYear"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """Keeps the points of the tag that bears its name."""

    name: str
    duration: Duration
    is_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupPolicy:
    """One backup rule, its tags and a retention rule for each. Made by `parse`; `properties` parses to an equal one.

    `changed_at` is when it was written so; None for what an older release wrote. It is no part of what the policy says.
    """

    name: str
    schedule: Schedule
    backup_rule_name: str
    default_tag: str
    criteria: tuple[TagCriterion, ...]
    retention_rules: tuple[RetentionRule, ...]
    properties: Mapping[str, Any]
    changed_at: datetime | None = field(default=None, compare=False)

    @property
    def version(self) -> str:
        """Tells apart what the policy said at different times: when it was written, in ticks of 100 ns; or ""."""
        return "" if self.changed_at is None else str((self.changed_at - _TICKS_FROM) // timedelta(microseconds=1) * 10)

    @classmethod
    def parse(cls, name: str, properties: Mapping[str, Any], *, check_limits: bool = True) -> BackupPolicy:
        """Read a policy's `properties` (keys without regard to case). Raises InvalidInput that names every fault.

        A stored policy was within the limits of its day; it is read back with `check_limits=False`, so that a limit
        that a later release tightens does not make old records unreadable.
        """
        faults: list[Fault] = []
        root = _Node(properties, "properties", faults)
        root.word("objectType", ("BackupPolicy",))
        _read_datasource_types(root)
        backups, retentions, wires = _read_rules(root)
        _check_names(root, backups, retentions)
        for backup in backups:
            _check_tags(root, backup, retentions)
        if faults:
            raise InvalidInput(faults)
        policy = _assemble(name, backups[0], retentions, wires)
        if check_limits:
            faults += _check_limits(policy, backups[0], retentions)
        if faults:
            raise InvalidInput(faults)
        return policy

    @classmethod
    def standing_in(cls, name: str, retention: Duration | None) -> BackupPolicy:
        """A policy for an instance whose own is not known any more: one daily backup, kept as its points were kept.

        Where that would be too many points, or the retention is not known either, a longer interval or a year.
        """
        for interval in ("P1D", "P1W", "P1M", "P1Y"):
            try:
                return cls.parse(name, _stand_in_properties(interval, retention or Duration(years=1)))
            except InvalidInput:
                continue
        return cls.parse(name, _stand_in_properties("P1D", Duration(years=1)))

    def retention_of(self, tag: str) -> RetentionRule | None:
        """The rule that keeps points of `tag` (compared without case), or None when the policy has none."""
        return next((rule for rule in self.retention_rules if rule.name.casefold() == tag.casefold()), None)

    def retention_duration(self, tag: str) -> Duration | None:
        rule = self.retention_of(tag)
        return rule.duration if rule else None

    def expires_at(self, tag: str, created_at: datetime) -> datetime | None:
        """When a point of `tag` created then expires (recorded: creation time + duration); None without a rule."""
        duration = self.retention_duration(tag)
        return duration.after(created_at) if duration else None


def _stand_in_properties(interval: str, retention: Duration) -> Mapping[str, Any]:
    lifecycle = {
        "deleteAfter": {"objectType": "AbsoluteDeleteOption", "duration": retention.iso()},
        "sourceDataStore": _STORE_WIRE,
    }
    trigger = {
        "schedule": {"repeatingTimeIntervals": [f"R/2020-01-01T00:00:00+00:00/{interval}"], "timeZone": "UTC"},
        "taggingCriteria": [{"tagInfo": {"tagName": "Default"}, "taggingPriority": 99, "isDefault": True}],
        "objectType": "ScheduleBasedTriggerContext",
    }
    backup = {
        "backupParameters": {"backupType": "Incremental", "objectType": "AzureBackupParams"},
        "trigger": trigger,
        "dataStore": _STORE_WIRE,
        "name": "BackupDaily",
        "objectType": BACKUP_RULE,
    }
    kept = {"lifecycles": [lifecycle], "isDefault": True, "name": "Default", "objectType": RETENTION_RULE}
    return {"policyRules": [backup, kept], "datasourceTypes": [_DISKS], "objectType": "BackupPolicy"}


def shortened_rules(before: BackupPolicy, after: BackupPolicy) -> list[str]:
    """What `after` keeps for less long than `before`, in words; a tag that is gone falls to the default rule, and the
    backups that no longer get a tag to what they get instead."""
    shorter = []
    for rule in before.retention_rules:
        now = after.retention_of(rule.name) or after.retention_of(after.default_tag)
        if now is not None and _is_shorter(rule.duration, now.duration):
            shorter.append(f"{rule.name}: {rule.duration.iso()} -> {now.duration.iso()}")
    if shorter:
        return shorter
    for firsts in _KINDS_OF_BACKUP:
        old, new = _kept_as(before, firsts), _kept_as(after, firsts)
        if _is_shorter(old.duration, new.duration):
            what = " and ".join(firsts) or "other backups"
            shorter.append(f"{what}: {old.name} {old.duration.iso()} -> {new.name} {new.duration.iso()}")
    return shorter


def _is_shorter(before: Duration, after: Duration) -> bool:
    return after.approximate_seconds < before.approximate_seconds


def _kept_as(policy: BackupPolicy, firsts: Sequence[str]) -> RetentionRule:
    """The rule that keeps a backup that is the first of these periods."""
    ranked = sorted(policy.criteria, key=lambda one: (one.is_default, one.priority))
    met = (one for one in ranked if one.is_default or {ALL_BACKUP, *firsts}.intersection(one.scopes))
    rule = policy.retention_of(next(met).tag_name)
    assert rule is not None, "a tag without a retention rule is a fault"
    return rule


def check_background_copy(policy: BackupPolicy) -> Fault | None:
    """What is wrong with `policy` for a disk whose snapshots are copied in the background (Premium SSD v2, Ultra)."""
    gap = policy.schedule.min_gap
    if gap >= BACKGROUND_COPY_GAP:
        return None
    rules = policy.properties["policyRules"]
    index = next(i for i, rule in enumerate(rules) if rule["objectType"] == BACKUP_RULE)
    return Fault(
        target=f"properties.policyRules[{index}].{_INTERVALS_PATH}",
        message=f"the slots of policy '{policy.name}' can lie as close together as {gap}; Premium SSD v2 and Ultra "
        f"disks need {BACKGROUND_COPY_GAP} from one to the next: use one interval of PT12H, P1D or longer",
    )


def points_kept_at_most(schedule: Schedule, criteria: Sequence[TagCriterion], retention: Mapping[str, Duration]) -> int:
    """An upper bound of the scheduled points that lie unexpired at one time; `retention` is by tag name.

    As long as the default tag is kept, every slot may have a point; beyond that, only the tags that are kept longer,
    one point to a period. A newest point that is kept past its expiry is the only one, so it adds nothing.
    """
    seconds = {tag: duration.longest_seconds for tag, duration in retention.items()}
    default_seconds = next(seconds[one.tag_name] for one in criteria if one.is_default)
    bound = schedule.max_slots_in(default_seconds)
    for criterion in criteria:
        longer = seconds[criterion.tag_name] - default_seconds
        if longer > 0:
            bound += min(schedule.max_slots_in(longer), _periods_in(criterion.scopes, longer))
    return min(bound, schedule.max_slots_in(max(seconds.values())))


def _periods_in(scopes: Sequence[str], seconds: int) -> int:
    if ALL_BACKUP in scopes:
        return sys.maxsize  # as many as there are slots
    return sum(ceil((seconds + drift) / mean) + 1 for mean, drift in (_PERIOD_SECONDS[scope] for scope in scopes))


# --- Reading: every part notes its own faults and goes on. ---

BACKUP_RULE, RETENTION_RULE = "AzureBackupRule", "AzureRetentionRule"
_INTERVALS_PATH = "trigger.schedule.repeatingTimeIntervals"
_DURATION_PATH = "lifecycles[0].deleteAfter.duration"
RELATIVE_CRITERIA = ("daysOfMonth", "daysOfTheWeek", "monthsOfYear", "scheduleTimes", "weeksOfTheMonth")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tag:
    """A tagging criterion as read: None where it could not be."""

    path: str
    name: str | None
    priority: int | None
    is_default: bool | None
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Backup:
    path: str
    name: str | None
    schedule: Schedule | None
    tags: tuple[_Tag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Retention:
    path: str
    name: str | None
    duration: Duration | None
    is_default: bool | None


def _read_datasource_types(root: _Node) -> None:
    kinds = root.items("datasourceTypes")
    if kinds and (len(kinds) > 1 or str(kinds[0]).lower() != _DISKS.lower()):
        root.note("datasourceTypes", f"{kinds!r:.80} was given; [{_DISKS!r}] is expected")


def _read_rules(root: _Node) -> tuple[list[_Backup], list[_Retention], list[Mapping[str, Any]]]:
    """The rules that could be told by their kind, and the JSON of each as it will be answered."""
    backups: list[_Backup] = []
    retentions: list[_Retention] = []
    wires: list[Mapping[str, Any]] = []
    for node in root.nodes("policyRules"):
        kind = node.word("objectType", (BACKUP_RULE, RETENTION_RULE))
        if kind == BACKUP_RULE:
            backup, wire = _read_backup_rule(node)
            backups.append(backup)
            wires.append(wire)
        elif kind == RETENTION_RULE:
            retention, wire = _read_retention_rule(node)
            retentions.append(retention)
            wires.append(wire)
    return backups, retentions, wires


def _read_backup_rule(node: _Node) -> tuple[_Backup, Mapping[str, Any]]:
    parameters = node.node("backupParameters")
    parameters.word("objectType", ("AzureBackupParams",))
    parameters.word("backupType", ("Incremental",))
    _read_store(node, "dataStore")
    trigger = node.node("trigger")
    trigger.word("objectType", ("ScheduleBasedTriggerContext",))
    schedule, schedule_wire = _read_schedule(trigger.node("schedule"))
    tags, tag_wires = _read_all(_read_tag, trigger.nodes("taggingCriteria"))
    name = node.name("name")
    wire = {
        "backupParameters": {"backupType": "Incremental", "objectType": "AzureBackupParams"},
        "trigger": {
            "schedule": schedule_wire,
            "taggingCriteria": tag_wires,
            "objectType": "ScheduleBasedTriggerContext",
        },
        "dataStore": _STORE_WIRE,
        "name": name,
        "objectType": BACKUP_RULE,
    }
    return _Backup(path=node.path, name=name, schedule=schedule, tags=tuple(tags)), wire


def _read_schedule(node: _Node) -> tuple[Schedule | None, Mapping[str, Any]]:
    intervals = node.items("repeatingTimeIntervals")
    asked = node.text("timeZone", "")
    wire = {"repeatingTimeIntervals": intervals} | ({"timeZone": asked} if node.has("timeZone") else {})
    # Empty is absent, and answered as it came (reported: Terraform's provider sends "", and compares). Faulty is noted
    # already; the intervals may have faults of their own.
    time_zone = asked if asked and asked.strip(" ") else "UTC"
    if len(intervals) > INTERVALS_LIMIT:
        node.note("repeatingTimeIntervals", f"{len(intervals)} were given; at most {INTERVALS_LIMIT} are expected")
    if not 0 < len(intervals) <= INTERVALS_LIMIT:
        return None, wire
    try:
        return Schedule.parse(intervals, time_zone), wire
    except ScheduleFaults as error:
        for index, message in error.faults:
            node.note("timeZone" if index is None else f"repeatingTimeIntervals[{index}]", message)
        return None, wire


def _read_tag(node: _Node) -> tuple[_Tag, Mapping[str, Any]]:
    label = node.node("tagInfo")
    name = label.name("tagName")
    priority, is_default = node.number("taggingPriority"), node.flag("isDefault")
    scopes: list[str] = []
    criteria_wires = []
    noted = len(node.faults)
    for criterion in node.nodes("criteria", needed=False):
        words, wire = _read_criterion(criterion)
        scopes += words
        criteria_wires.append(wire)
    if is_default and scopes:
        node.note("criteria", "the default tag takes what no other tag does; it has no criteria of its own")
    if is_default is False and not scopes and len(node.faults) == noted:
        expected = _listed(ABSOLUTE_CRITERIA)
        node.note("criteria", f"is missing or empty; a tag that is not the default needs one of {expected}")
    wire = {
        "tagInfo": {"tagName": name, "id": label.name("id", f"{name}_", form=TAG_ID)},
        "taggingPriority": priority,
        "isDefault": is_default,
    } | ({"criteria": criteria_wires} if node.has("criteria") else {})
    return _Tag(path=node.path, name=name, priority=priority, is_default=is_default, scopes=tuple(scopes)), wire


def _read_criterion(node: _Node) -> tuple[list[str], Mapping[str, Any]]:
    """The scopes, and the JSON as it will be answered: lists that came empty come back so."""
    node.word("objectType", ("ScheduleBasedBackupCriteria",))
    empty = [key for key in RELATIVE_CRITERIA if node.has(key) and not node.items(key, needed=False)]
    for key in RELATIVE_CRITERIA:
        if node.has(key) and key not in empty:
            node.note(key, "is not offered for disks; use absoluteCriteria")
    words = [_find(word, ABSOLUTE_CRITERIA) or word for word in node.items("absoluteCriteria", needed=False)]
    for index, word in enumerate(words):
        if word not in ABSOLUTE_CRITERIA:
            node.note(f"absoluteCriteria[{index}]", _unexpected(word, f"one of {_listed(ABSOLUTE_CRITERIA)}"))
    lists = {"absoluteCriteria": words} if node.has("absoluteCriteria") else {}
    return words, {**lists, **{key: [] for key in empty}, "objectType": "ScheduleBasedBackupCriteria"}


def _read_retention_rule(node: _Node) -> tuple[_Retention, Mapping[str, Any]]:
    cycles, cycle_wires = _read_all(_read_lifecycle, node.nodes("lifecycles"))
    if len(cycles) > 1:
        node.note("lifecycles", f"{len(cycles)} were given; disks have one, in the OperationalStore")
    name, is_default = node.name("name"), node.flag("isDefault", False)
    wire = {"lifecycles": cycle_wires, "isDefault": is_default, "name": name, "objectType": RETENTION_RULE}
    duration = cycles[0] if cycles else None
    return _Retention(path=node.path, name=name, duration=duration, is_default=is_default), wire


def _read_lifecycle(node: _Node) -> tuple[Duration | None, Mapping[str, Any]]:
    option = node.node("deleteAfter")
    option.word("objectType", ("AbsoluteDeleteOption",))
    text = option.text("duration")
    duration = None
    if text is not None:
        duration = _read_duration(option, text)
    _read_store(node, "sourceDataStore")
    copies = node.items("targetDataStoreCopySettings", needed=False)
    if copies:
        node.note("targetDataStoreCopySettings", "disks are kept in the OperationalStore only; nothing is copied on")
    copies_wire: dict[str, Any] = {"targetDataStoreCopySettings": []} if node.has("targetDataStoreCopySettings") else {}
    wire = (
        {"deleteAfter": {"objectType": "AbsoluteDeleteOption", "duration": text}}
        | copies_wire
        | {"sourceDataStore": _STORE_WIRE}
    )
    return duration, wire


def _read_duration(node: _Node, text: str) -> Duration | None:
    try:
        duration = parse_duration(text)
    except ValueError as error:
        node.note("duration", str(error))
        return None
    if duration.approximate_seconds < SHORTEST_RETENTION_SECONDS:
        node.note("duration", f"{text!r} is shorter than the shortest retention, PT1M")
    return duration


def _read_store(parent: _Node, key: str) -> None:
    store = parent.node(key)
    store.word("objectType", ("DataStoreInfoBase",))
    store.word("dataStoreType", ("OperationalStore",))


def _read_all(
    read: Callable[[_Node], tuple[T, Mapping[str, Any]]], nodes: Sequence[_Node]
) -> tuple[list[T], list[Mapping[str, Any]]]:
    pairs = [read(node) for node in nodes]
    return [value for value, _ in pairs], [wire for _, wire in pairs]


# --- What no part can see alone. ---


def _check_names(root: _Node, backups: Sequence[_Backup], retentions: Sequence[_Retention]) -> None:
    if root.count("policyRules"):
        if len(backups) != 1:
            root.note("policyRules", f"{len(backups)} rules of type {BACKUP_RULE}; exactly one is expected")
        defaults = [rule for rule in retentions if rule.is_default]
        if len(defaults) != 1:
            message = f"{len(defaults)} default rules of type {RETENTION_RULE}; exactly one is expected"
            root.note("policyRules", message)
    names = [(rule.path, rule.name) for rule in backups] + [(rule.path, rule.name) for rule in retentions]
    _check_unique(root, [(f"{path}.name", name) for path, name in names], "the name")


def _check_tags(root: _Node, backup: _Backup, retentions: Sequence[_Retention]) -> None:
    tags = backup.tags
    defaults = [tag for tag in tags if tag.is_default]
    if tags and len(defaults) != 1:
        root.faults.append(
            Fault(
                target=f"{backup.path}.trigger.taggingCriteria",
                message=f"{len(defaults)} default tags; exactly one is expected",
            )
        )
    _check_unique(root, [(f"{tag.path}.tagInfo.tagName", tag.name) for tag in tags], "the tag")
    _check_unique(root, [(f"{tag.path}.taggingPriority", tag.priority) for tag in tags], "the priority")
    _check_pairs(root, tags, retentions)


def _check_pairs(root: _Node, tags: Sequence[_Tag], retentions: Sequence[_Retention]) -> None:
    """Each tag has its retention rule and each rule its tag. Not looked at while a name is unreadable."""
    if None in {tag.name for tag in tags} | {rule.name for rule in retentions}:
        return
    by_tag = {_key(tag.name): tag for tag in tags}
    by_rule = {_key(rule.name): rule for rule in retentions}
    for key, tag in by_tag.items():
        rule = by_rule.get(key)
        if rule is None:
            message = f"no {RETENTION_RULE} is named {tag.name!r}; each tag needs one"
            root.faults.append(Fault(target=f"{tag.path}.tagInfo.tagName", message=message))
        elif rule.is_default != tag.is_default:
            message = f"differs from isDefault of the tag {tag.name!r}"
            root.faults.append(Fault(target=f"{rule.path}.isDefault", message=message))
    for key, rule in by_rule.items():
        if key not in by_tag:
            message = f"no tagging criterion names {rule.name!r}; no backup would ever be kept by this rule"
            root.faults.append(Fault(target=f"{rule.path}.name", message=message))


def _check_unique(root: _Node, named: Sequence[tuple[str, str | int | None]], what: str) -> None:
    first: dict[str, str] = {}
    for path, value in named:
        if value is not None and first.setdefault(_key(value), path) != path:
            root.faults.append(Fault(target=path, message=f"{what} {value!r} is taken by {first[_key(value)]}"))


def _assemble(
    name: str, backup: _Backup, retentions: Sequence[_Retention], wires: Sequence[Mapping[str, Any]]
) -> BackupPolicy:
    """The policy of rules without faults."""
    assert backup.name is not None, "a missing name is a fault"
    assert backup.schedule is not None, "a missing schedule is a fault"
    criteria = tuple(_criterion(tag) for tag in backup.tags)
    return BackupPolicy(
        name=name,
        schedule=backup.schedule,
        backup_rule_name=backup.name,
        default_tag=next(criterion.tag_name for criterion in criteria if criterion.is_default),
        criteria=criteria,
        retention_rules=tuple(_retention_rule(rule) for rule in retentions),
        properties={"policyRules": wires, "datasourceTypes": [_DISKS], "objectType": "BackupPolicy"},
    )


def _criterion(tag: _Tag) -> TagCriterion:
    assert tag.name is not None, "a missing tag name is a fault"
    assert tag.priority is not None, "a missing priority is a fault"
    return TagCriterion(tag_name=tag.name, priority=tag.priority, scopes=tag.scopes)


def _retention_rule(rule: _Retention) -> RetentionRule:
    assert rule.name is not None, "a missing name is a fault"
    assert rule.duration is not None, "a missing duration is a fault"
    return RetentionRule(name=rule.name, duration=rule.duration, is_default=bool(rule.is_default))


def _check_limits(policy: BackupPolicy, backup: _Backup, retentions: Sequence[_Retention]) -> Iterator[Fault]:
    dense = policy.schedule.max_slots_in(SNAPSHOTS_WINDOW_SECONDS)
    if dense > SNAPSHOTS_IN_WINDOW_LIMIT:
        yield Fault(
            target=f"{backup.path}.{_INTERVALS_PATH}",
            message=f"up to {dense} slots fall within 5 minutes; Azure takes at most {SNAPSHOTS_IN_WINDOW_LIMIT} "
            "snapshots of a disk in 5 minutes: lengthen the intervals or use fewer of them",
        )
    kept = points_kept_at_most(
        policy.schedule,
        policy.criteria,
        {tag.tag_name: rule.duration for tag in policy.criteria if (rule := policy.retention_of(tag.tag_name))},
    )
    if kept > SCHEDULED_POINTS_LIMIT:
        default = next(rule for rule in retentions if rule.is_default)
        yield Fault(
            target=f"{default.path}.{_DURATION_PATH}",
            message=f"up to {kept} scheduled recovery points of a disk would be kept at once, over all tags; at most "
            f"{SCHEDULED_POINTS_LIMIT} are allowed (Azure keeps 500 snapshots of a disk, 50 are left for on-demand "
            "backups): shorten the retention or lengthen the interval",
        )


# --- JSON with faults. ---


class _Node:
    """A JSON object that is being read: its members by key without case, its path, and the one list of faults.

    What is absent or of the wrong kind is noted once; reading on below it notes nothing more.
    """

    def __init__(self, value: object, path: str, faults: list[Fault], *, noted: bool = False) -> None:
        self.path = path
        self.faults = faults
        self._members: dict[str, Any] | None = None
        if isinstance(value, Mapping):
            self._members = {str(key).lower(): member for key, member in value.items() if member is not None}
        elif not noted:
            faults.append(Fault(target=path, message=_unexpected(value, "a JSON object")))

    def has(self, key: str) -> bool:
        return self._value(key) is not None

    def node(self, key: str) -> _Node:
        found = self._need(key, "a JSON object")
        return _Node(self._value(key), f"{self.path}.{key}", self.faults, noted=not found)

    def nodes(self, key: str, *, needed: bool = True) -> list[_Node]:
        items = self.items(key, needed=needed)
        return [_Node(item, f"{self.path}.{key}[{index}]", self.faults) for index, item in enumerate(items)]

    def items(self, key: str, *, needed: bool = True) -> list[Any]:
        """The list under `key`. When it is needed, at least one item is, too."""
        expected = "a list with at least one item" if needed else "a list"
        if needed and not self._need(key, expected):
            return []
        value = self._value(key)
        if value is not None and (not isinstance(value, list) or (needed and not value)):
            self.note(key, _unexpected(value, expected))
            return []
        return list(value or ())

    def count(self, key: str) -> int:
        value = self._value(key)
        return len(value) if isinstance(value, list) else 0

    def text(self, key: str, default: str | None = None) -> str | None:
        value = self._typed(key, str, "text", default)
        return value if value is None else str(value)

    def name(self, key: str, default: str | None = None, *, form: re.Pattern[str] = NAME) -> str | None:
        """Text of that form. Where there is a default, empty is absent."""
        text = self.text(key, default)
        if default is not None and text is not None and not text.strip(" "):
            return default
        if text is not None and not form.fullmatch(text):
            self.note(key, _unexpected(text, "a name of 1 to 64 letters, digits, spaces and _ . - ( )"))
            return None
        return text

    def word(self, key: str, allowed: Sequence[str]) -> str | None:
        """One of `allowed`, compared without case, in the spelling of `allowed`."""
        expected = _listed(allowed) if len(allowed) == 1 else f"one of {_listed(allowed)}"
        text = self._typed(key, str, expected, None)
        word = _find(text, allowed)
        if text is not None and word is None:
            self.note(key, _unexpected(text, expected))
        return word

    def flag(self, key: str, default: bool | None = None) -> bool | None:
        value = self._typed(key, bool, "true or false", default)
        return value if value is None else bool(value)

    def number(self, key: str) -> int | None:
        value = self._typed(key, int, "a whole number", None)
        return value if value is None else int(value)

    def note(self, key: str, message: str) -> None:
        self.faults.append(Fault(target=f"{self.path}.{key}", message=message))

    def _typed(self, key: str, kind: type, expected: str, default: object) -> Any:
        value = self._value(key)
        if value is None:
            if default is None:
                self._need(key, expected)
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.note(key, _unexpected(value, expected))
            return None
        return value

    def _need(self, key: str, expected: str) -> bool:
        if self._members is not None and not self.has(key):
            self.note(key, f"is missing; {expected} is expected")
        return self.has(key)

    def _value(self, key: str) -> Any:
        return (self._members or {}).get(key.lower())


def _unexpected(value: object, expected: str) -> str:
    return f"{value!r:.80} was given; {expected} is expected"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)


def _find(text: object, allowed: Sequence[str]) -> str | None:
    return next((word for word in allowed if isinstance(text, str) and word.lower() == text.lower()), None)


def _key(value: object) -> str:
    return str(value).casefold()
