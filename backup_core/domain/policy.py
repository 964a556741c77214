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
from backup_core.domain.reading import Node, find_word, node_of
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
_A_NAME = "a name of 1 to 64 letters, digits, spaces and _ . - ( )"
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
        root = node_of(properties, "properties", faults)
        root.choice("objectType", ("BackupPolicy",), required=True)
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


def does_less(before: BackupPolicy, after: BackupPolicy, now: datetime) -> bool:
    """Whether `after` keeps anything for less long than `before`, or takes fewer backups: ever, or in the month to
    come, as of a schedule that begins late. By one slot two schedules of one interval may differ."""
    month = timedelta(days=30)
    old, new = (each.schedule.max_slots_in(int(month.total_seconds())) for each in (before, after))
    coming, then = (each.schedule.count_between(now, now + month) for each in (before, after))
    return bool(shortened_rules(before, after)) or new < old or then < coming - 1


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
    """A tagging criterion as read: None, or a name of "", where it could not be."""

    path: str
    name: str
    priority: int | None
    is_default: bool | None
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Backup:
    path: str
    name: str
    schedule: Schedule | None
    tags: tuple[_Tag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Retention:
    path: str
    name: str
    duration: Duration | None
    is_default: bool | None


def _read_datasource_types(root: Node) -> None:
    kinds = root.items("datasourceTypes", required=True)
    if kinds and (len(kinds) > 1 or str(kinds[0]).lower() != _DISKS.lower()):
        root.fault("datasourceTypes", f"must be [{_DISKS!r}], not {kinds!r:.80}")


def _read_rules(root: Node) -> tuple[list[_Backup], list[_Retention], list[Mapping[str, Any]]]:
    """The rules that could be told by their kind, and the JSON of each as it will be answered."""
    backups: list[_Backup] = []
    retentions: list[_Retention] = []
    wires: list[Mapping[str, Any]] = []
    for node in root.children("policyRules", required=True):
        kind = node.choice("objectType", (BACKUP_RULE, RETENTION_RULE), required=True)
        if kind == BACKUP_RULE:
            backup, wire = _read_backup_rule(node)
            backups.append(backup)
            wires.append(wire)
        elif kind == RETENTION_RULE:
            retention, wire = _read_retention_rule(node)
            retentions.append(retention)
            wires.append(wire)
    return backups, retentions, wires


def _read_backup_rule(node: Node) -> tuple[_Backup, Mapping[str, Any]]:
    parameters = node.child("backupParameters", required=True)
    parameters.choice("objectType", ("AzureBackupParams",), required=True)
    parameters.choice("backupType", ("Incremental",), required=True)
    _read_store(node, "dataStore")
    trigger = node.child("trigger", required=True)
    trigger.choice("objectType", ("ScheduleBasedTriggerContext",), required=True)
    schedule, schedule_wire = _read_schedule(trigger.child("schedule", required=True))
    tags, tag_wires = _read_all(_read_tag, trigger.children("taggingCriteria", required=True))
    name = node.name("name", NAME, _A_NAME)
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


def _read_schedule(node: Node) -> tuple[Schedule | None, Mapping[str, Any]]:
    intervals = node.items("repeatingTimeIntervals", required=True)
    # Empty is absent, and answered as it came (reported: Terraform's provider sends "", and compares). Faulty is noted
    # already; the intervals may have faults of their own.
    wire = {"repeatingTimeIntervals": intervals} | ({"timeZone": node.raw("timeZone")} if node.has("timeZone") else {})
    time_zone = node.text("timeZone") or "UTC"
    if len(intervals) > INTERVALS_LIMIT:
        node.fault("repeatingTimeIntervals", f"has {len(intervals)} entries; at most {INTERVALS_LIMIT} are allowed")
    if not 0 < len(intervals) <= INTERVALS_LIMIT:
        return None, wire
    try:
        return Schedule.parse(intervals, time_zone), wire
    except ScheduleFaults as error:
        for index, message in error.faults:
            node.fault("timeZone" if index is None else f"repeatingTimeIntervals[{index}]", message)
        return None, wire


def _read_tag(node: Node) -> tuple[_Tag, Mapping[str, Any]]:
    label = node.child("tagInfo", required=True)
    name = label.name("tagName", NAME, _A_NAME)
    priority, is_default = node.number("taggingPriority", required=True), node.flag("isDefault", required=True)
    scopes: list[str] = []
    criteria_wires = []
    noted = len(node.faults)
    for criterion in node.children("criteria"):
        words, wire = _read_criterion(criterion)
        scopes += words
        criteria_wires.append(wire)
    if is_default and scopes:
        node.fault("criteria", "the default tag takes what no other tag does; it has no criteria of its own")
    if is_default is False and not scopes and len(node.faults) == noted:
        node.fault("criteria", f"a tag that is not the default needs one of {', '.join(ABSOLUTE_CRITERIA)}")
    wire = {
        "tagInfo": {"tagName": name, "id": label.name("id", TAG_ID, _A_NAME, required=False) or f"{name}_"},
        "taggingPriority": priority,
        "isDefault": is_default,
    } | ({"criteria": criteria_wires} if node.has("criteria") else {})
    return _Tag(path=node.path, name=name, priority=priority, is_default=is_default, scopes=tuple(scopes)), wire


def _read_criterion(node: Node) -> tuple[list[str], Mapping[str, Any]]:
    """The scopes, and the JSON as it will be answered: lists that came empty come back so."""
    node.choice("objectType", ("ScheduleBasedBackupCriteria",), required=True)
    empty = [key for key in RELATIVE_CRITERIA if node.has(key) and not node.items(key)]
    for key in RELATIVE_CRITERIA:
        if node.has(key) and key not in empty:
            node.fault(key, "is not offered for disks; use absoluteCriteria")
    words = [find_word(word, ABSOLUTE_CRITERIA) or word for word in node.items("absoluteCriteria")]
    for index, word in enumerate(words):
        if word not in ABSOLUTE_CRITERIA:
            node.fault(f"absoluteCriteria[{index}]", f"must be one of {', '.join(ABSOLUTE_CRITERIA)}, not {word!r:.80}")
    lists = {"absoluteCriteria": words} if node.has("absoluteCriteria") else {}
    return words, {**lists, **{key: [] for key in empty}, "objectType": "ScheduleBasedBackupCriteria"}


def _read_retention_rule(node: Node) -> tuple[_Retention, Mapping[str, Any]]:
    cycles, cycle_wires = _read_all(_read_lifecycle, node.children("lifecycles", required=True))
    if len(cycles) > 1:
        node.fault("lifecycles", f"has {len(cycles)} entries; disks have one, in the OperationalStore")
    name, is_default = node.name("name", NAME, _A_NAME), node.flag("isDefault") or False
    wire = {"lifecycles": cycle_wires, "isDefault": is_default, "name": name, "objectType": RETENTION_RULE}
    duration = cycles[0] if cycles else None
    return _Retention(path=node.path, name=name, duration=duration, is_default=is_default), wire


def _read_lifecycle(node: Node) -> tuple[Duration | None, Mapping[str, Any]]:
    option = node.child("deleteAfter", required=True)
    option.choice("objectType", ("AbsoluteDeleteOption",), required=True)
    duration = option.parsed("duration", parse_retention, required=True)
    _read_store(node, "sourceDataStore")
    copies = node.items("targetDataStoreCopySettings")
    if copies:
        node.fault(
            "targetDataStoreCopySettings",
            "disks are kept in the OperationalStore only; copies in other regions are made by copyRules of the vault",
        )
    copies_wire: dict[str, Any] = {"targetDataStoreCopySettings": []} if node.has("targetDataStoreCopySettings") else {}
    wire = (
        {"deleteAfter": {"objectType": "AbsoluteDeleteOption", "duration": option.raw("duration")}}
        | copies_wire
        | {"sourceDataStore": _STORE_WIRE}
    )
    return duration, wire


def parse_retention(text: str) -> Duration:
    """How long something is kept. Raises ValueError that says what is wrong."""
    duration = parse_duration(text)
    if duration.approximate_seconds < SHORTEST_RETENTION_SECONDS:
        raise ValueError(f"{text!r} is shorter than the shortest retention, PT1M")
    return duration


def _read_store(parent: Node, key: str) -> None:
    store = parent.child(key, required=True)
    store.choice("objectType", ("DataStoreInfoBase",), required=True)
    store.choice("dataStoreType", ("OperationalStore",), required=True)


def _read_all(
    read: Callable[[Node], tuple[T, Mapping[str, Any]]], nodes: Sequence[Node]
) -> tuple[list[T], list[Mapping[str, Any]]]:
    pairs = [read(node) for node in nodes]
    return [value for value, _ in pairs], [wire for _, wire in pairs]


# --- What no part can see alone. ---


def _check_names(root: Node, backups: Sequence[_Backup], retentions: Sequence[_Retention]) -> None:
    rules = root.raw("policyRules")
    if isinstance(rules, list) and rules:
        if len(backups) != 1:
            root.fault("policyRules", f"has {len(backups)} rules of type {BACKUP_RULE}; exactly one is needed")
        defaults = [rule for rule in retentions if rule.is_default]
        if len(defaults) != 1:
            message = f"has {len(defaults)} default rules of type {RETENTION_RULE}; exactly one is needed"
            root.fault("policyRules", message)
    names = [(rule.path, rule.name) for rule in backups] + [(rule.path, rule.name) for rule in retentions]
    _check_unique(root, [(f"{path}.name", name) for path, name in names], "the name")


def _check_tags(root: Node, backup: _Backup, retentions: Sequence[_Retention]) -> None:
    tags = backup.tags
    defaults = [tag for tag in tags if tag.is_default]
    if tags and len(defaults) != 1:
        root.faults.append(
            Fault(
                target=f"{backup.path}.trigger.taggingCriteria",
                message=f"has {len(defaults)} default tags; exactly one is needed",
            )
        )
    _check_unique(root, [(f"{tag.path}.tagInfo.tagName", tag.name) for tag in tags], "the tag")
    _check_unique(root, [(f"{tag.path}.taggingPriority", tag.priority) for tag in tags], "the priority")
    _check_pairs(root, tags, retentions)


def _check_pairs(root: Node, tags: Sequence[_Tag], retentions: Sequence[_Retention]) -> None:
    """Each tag has its retention rule and each rule its tag. Not looked at while a name is unreadable."""
    if "" in {tag.name for tag in tags} | {rule.name for rule in retentions}:
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


def _check_unique(root: Node, named: Sequence[tuple[str, str | int | None]], what: str) -> None:
    first: dict[str, str] = {}
    for path, value in named:
        if value not in ("", None) and first.setdefault(_key(value), path) != path:
            root.faults.append(Fault(target=path, message=f"{what} {value!r} is taken by {first[_key(value)]}"))


def _assemble(
    name: str, backup: _Backup, retentions: Sequence[_Retention], wires: Sequence[Mapping[str, Any]]
) -> BackupPolicy:
    """The policy of rules without faults."""
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
    assert tag.priority is not None, "a missing priority is a fault"
    return TagCriterion(tag_name=tag.name, priority=tag.priority, scopes=tag.scopes)


def _retention_rule(rule: _Retention) -> RetentionRule:
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


def _key(value: object) -> str:
    return str(value).casefold()
