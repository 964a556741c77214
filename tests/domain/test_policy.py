"""Policies: read as Azure writes them, answered as Azure answers them, refused with every fault named."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup_core.domain.durations import Duration, parse_duration
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.policy import BackupPolicy, check_background_copy, does_less, points_kept_at_most
from backup_core.domain.schedule import Schedule
from backup_core.domain.tagging import TagCriterion, choose_tag
from tests.builders import NOW, policy, policy_properties

RULES = "properties.policyRules"
INTERVALS = f"{RULES}[0].trigger.schedule.repeatingTimeIntervals"
TAGS = {"Daily": ("FirstOfDay", "P30D"), "Weekly": ("FirstOfWeek", "P12W")}
Json = dict[str, Any]


def faults_of(properties: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        BackupPolicy.parse("policy-1", properties)
    said: dict[str, str] = {}
    for fault in caught.value.faults:
        said[fault.target] = f"{said[fault.target]}; {fault.message}" if fault.target in said else fault.message
    return said


def changed(change: Callable[[Json], object], **chosen: Any) -> Json:
    properties = copy.deepcopy(policy_properties(**({"tags": TAGS} | chosen)))
    change(properties)
    return properties


def rule(properties: Json, index: int = 0) -> Json:
    found: Json = properties["policyRules"][index]
    return found


def tag(properties: Json, index: int = 0) -> Json:
    found: Json = rule(properties)["trigger"]["taggingCriteria"][index]
    return found


# --- What is read ---


def test_a_policy_is_read_part_by_part() -> None:
    one = policy(tags=TAGS, intervals=["R/2026-01-01T00:00:00+00:00/PT4H"], time_zone="W. Europe Standard Time")
    assert one.name == "policy-1"
    assert one.backup_rule_name == "BackupHourly"
    assert one.default_tag == "Default"
    assert one.schedule.texts == ("R/2026-01-01T00:00:00+00:00/PT4H",)
    assert one.schedule.time_zone == "W. Europe Standard Time"
    assert str(one.schedule.zone) == "Europe/Berlin"
    assert set(one.criteria) == {
        TagCriterion(tag_name="Daily", priority=25, scopes=("FirstOfDay",)),
        TagCriterion(tag_name="Weekly", priority=20, scopes=("FirstOfWeek",)),
        TagCriterion(tag_name="Default", priority=99),
    }
    kept = {one.name: (one.duration.iso(), one.is_default) for one in one.retention_rules}
    assert kept == {"Daily": ("P30D", False), "Weekly": ("P12W", False), "Default": ("P7D", True)}


def test_a_point_expires_its_tags_retention_after_its_creation() -> None:
    one, created = policy(tags=TAGS), datetime(2026, 3, 1, 8, 0, 12, tzinfo=UTC)
    assert one.expires_at("Default", created) == created + timedelta(days=7)
    assert one.expires_at("weekly", created) == created + timedelta(weeks=12)
    assert one.retention_duration("DAILY") == Duration(days=30)


def test_an_unknown_tag_has_neither_rule_nor_expiry() -> None:
    one = policy(tags=TAGS)
    assert one.retention_of("Monthly") is None
    assert one.retention_duration("Monthly") is None
    assert one.expires_at("", datetime(2026, 3, 1, tzinfo=UTC)) is None


def test_the_answer_has_azures_keys_in_azures_order() -> None:
    answered = policy(tags={"Daily": TAGS["Daily"]}).properties
    assert list(answered) == ["policyRules", "datasourceTypes", "objectType"]
    backup, daily, _ = answered["policyRules"]
    assert list(backup) == ["backupParameters", "trigger", "dataStore", "name", "objectType"]
    assert list(backup["backupParameters"]) == ["backupType", "objectType"]
    assert list(backup["trigger"]) == ["schedule", "taggingCriteria", "objectType"]
    assert list(backup["trigger"]["schedule"]) == ["repeatingTimeIntervals", "timeZone"]
    assert list(backup["trigger"]["taggingCriteria"][0]) == ["tagInfo", "taggingPriority", "isDefault", "criteria"]
    assert backup["trigger"]["taggingCriteria"][0]["criteria"] == [
        {"absoluteCriteria": ["FirstOfDay"], "objectType": "ScheduleBasedBackupCriteria"}
    ]
    assert list(daily) == ["lifecycles", "isDefault", "name", "objectType"]
    assert list(daily["lifecycles"][0]) == ["deleteAfter", "sourceDataStore"]
    assert list(daily["lifecycles"][0]["deleteAfter"]) == ["objectType", "duration"]


def test_what_the_client_left_out_is_not_answered() -> None:
    asked = changed(lambda p: rule(p)["trigger"]["schedule"].pop("timeZone"))
    one = BackupPolicy.parse("policy-1", asked)
    assert "timeZone" not in rule(dict(one.properties))["trigger"]["schedule"]
    assert one.schedule.time_zone == "UTC"


@pytest.mark.parametrize("blank", ["", "  "])
def test_an_empty_time_zone_is_utc_and_answered_as_it_came(blank: str) -> None:
    asked = changed(lambda p: rule(p)["trigger"]["schedule"].update(timeZone=blank))
    one = BackupPolicy.parse("policy-1", asked)
    assert rule(dict(one.properties))["trigger"]["schedule"]["timeZone"] == blank
    assert one.schedule.time_zone == "UTC"
    assert BackupPolicy.parse("policy-1", one.properties) == one


RELATIVE = ("daysOfMonth", "daysOfTheWeek", "monthsOfYear", "scheduleTimes", "weeksOfTheMonth")


@pytest.mark.parametrize("key", RELATIVE)
def test_an_empty_list_of_criteria_that_disks_have_not_is_absent_and_answered_as_it_came(key: str) -> None:
    one = BackupPolicy.parse("policy-1", changed(lambda p: tag(p)["criteria"][0].update({key: []})))
    assert rule(dict(one.properties))["trigger"]["taggingCriteria"][0]["criteria"][0][key] == []
    assert BackupPolicy.parse("policy-1", one.properties) == one
    null = BackupPolicy.parse("policy-1", changed(lambda p: tag(p)["criteria"][0].update({key: None})))
    assert key not in rule(dict(null.properties))["trigger"]["taggingCriteria"][0]["criteria"][0]


@pytest.mark.parametrize(
    "criteria", [[], [{"absoluteCriteria": [], "daysOfTheWeek": [], "objectType": "ScheduleBasedBackupCriteria"}]]
)
def test_the_default_tag_may_say_that_it_has_no_criteria(criteria: list[Any]) -> None:
    one = BackupPolicy.parse("policy-1", changed(lambda p: tag(p, 2).update(criteria=criteria)))
    assert rule(dict(one.properties))["trigger"]["taggingCriteria"][2]["criteria"] == criteria
    assert BackupPolicy.parse("policy-1", one.properties) == one


def test_the_longest_name_of_a_tag_has_an_id_of_its_own_that_is_accepted() -> None:
    longest = "T" * 64
    asked = changed(
        lambda p: (tag(p)["tagInfo"].update(tagName=longest, id=f"{longest}_"), rule(p, 1).update(name=longest))
    )
    one = BackupPolicy.parse("policy-1", asked)
    (info, *_) = [each["tagInfo"] for each in rule(dict(one.properties))["trigger"]["taggingCriteria"]]
    assert info == {"tagName": longest, "id": f"{longest}_"}
    assert BackupPolicy.parse("policy-1", one.properties) == one


@pytest.mark.parametrize("blank", ["", None])
def test_an_empty_id_of_a_tag_is_absent(blank: str | None) -> None:
    one = BackupPolicy.parse("policy-1", changed(lambda p: tag(p)["tagInfo"].update(id=blank)))
    assert rule(dict(one.properties))["trigger"]["taggingCriteria"][0]["tagInfo"]["id"].endswith("_")


def test_an_empty_list_of_copies_is_answered_as_it_came() -> None:
    asked = changed(lambda p: rule(p, 1)["lifecycles"][0].update(targetDataStoreCopySettings=[]))
    answered = rule(dict(BackupPolicy.parse("policy-1", asked).properties), 1)
    assert list(answered["lifecycles"][0]) == ["deleteAfter", "targetDataStoreCopySettings", "sourceDataStore"]


def test_names_and_unknown_keys_of_the_body_are_dropped() -> None:
    asked = changed(lambda p: p.update(name="DiskPolicy1", unheardOf={"x": 1}))
    assert BackupPolicy.parse("policy-1", asked) == policy(tags=TAGS)


def test_the_answer_is_read_as_the_same_policy() -> None:
    one = policy(tags=TAGS, time_zone="Tokyo Standard Time")
    again = BackupPolicy.parse(one.name, json.loads(json.dumps(one.properties)))
    assert again == one
    assert json.dumps(again.properties) == json.dumps(one.properties)


def shouted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.upper(): shouted(member) for key, member in value.items()}
    return [shouted(member) for member in value] if isinstance(value, list) else value


def test_keys_are_read_without_regard_to_case() -> None:
    assert BackupPolicy.parse("policy-1", shouted(policy_properties(tags=TAGS))) == policy(tags=TAGS)


def test_azures_words_are_read_without_regard_to_case_and_answered_in_its_spelling() -> None:
    def lower(p: Json) -> None:
        p.update(objectType="backuppolicy", datasourceTypes=["microsoft.compute/DISKS"])
        rule(p)["backupParameters"]["backupType"] = "incremental"
        tag(p)["criteria"][0]["absoluteCriteria"] = ["firstofday"]

    assert BackupPolicy.parse("policy-1", changed(lower)) == policy(tags=TAGS)


# --- What is refused ---


@pytest.mark.parametrize("stranger", [None, [], "policy", 7, True])
def test_what_is_no_object_is_refused(stranger: object) -> None:
    assert "must be a JSON object" in faults_of(stranger)["properties"]


def test_an_empty_policy_misses_all_its_parts() -> None:
    assert set(faults_of({})) == {"properties.objectType", "properties.datasourceTypes", RULES}


CRITERIA = f"{RULES}[0].trigger.taggingCriteria"


@pytest.mark.parametrize(
    ("change", "target", "says"),
    [
        (lambda p: p.update(objectType="BackupVault"), "properties.objectType", "must be BackupPolicy"),
        (lambda p: p.update(datasourceTypes=[]), "properties.datasourceTypes", "at least one item"),
        (
            lambda p: p.update(datasourceTypes=["Microsoft.Storage/storageAccounts/blobServices"]),
            "properties.datasourceTypes",
            "Microsoft.Compute/disks",
        ),
        (lambda p: p.update(policyRules={}), RULES, "a list"),
        (lambda p: p["policyRules"].append(None), f"{RULES}[4]", "a JSON object"),
        (lambda p: rule(p).update(objectType="AzureRule"), f"{RULES}[0].objectType", "one of AzureBackupRule"),
        (lambda p: p["policyRules"].pop(0), RULES, "0 rules of type AzureBackupRule"),
        (lambda p: p["policyRules"].append(rule(p)), RULES, "2 rules of type AzureBackupRule"),
        (lambda p: p["policyRules"].pop(3), RULES, "0 default rules"),
        (lambda p: p["policyRules"].append(rule(p, 1)), f"{RULES}[4].name", "is taken by properties.policyRules[1]"),
        (lambda p: rule(p).pop("name"), f"{RULES}[0].name", "is required"),
        (lambda p: rule(p).update(name=""), f"{RULES}[0].name", "a name of 1 to 64"),
        (lambda p: rule(p).update(name="a/b"), f"{RULES}[0].name", "a name of 1 to 64"),
        (lambda p: rule(p).pop("backupParameters"), f"{RULES}[0].backupParameters", "is required"),
        (
            lambda p: rule(p)["backupParameters"].update(backupType="Full"),
            f"{RULES}[0].backupParameters.backupType",
            "must be Incremental",
        ),
        (
            lambda p: rule(p)["dataStore"].update(dataStoreType="VaultStore"),
            f"{RULES}[0].dataStore.dataStoreType",
            "must be OperationalStore",
        ),
        (
            lambda p: rule(p)["trigger"].update(objectType="AdhocBasedTriggerContext"),
            f"{RULES}[0].trigger.objectType",
            "must be ScheduleBasedTriggerContext",
        ),
        (lambda p: rule(p)["trigger"].pop("schedule"), f"{RULES}[0].trigger.schedule", "is required"),
        (lambda p: rule(p)["trigger"]["schedule"].update(repeatingTimeIntervals=[]), INTERVALS, "at least one item"),
        (
            lambda p: rule(p)["trigger"]["schedule"].update(repeatingTimeIntervals="R/2026-01-01T00:00:00Z/PT4H"),
            INTERVALS,
            "a list",
        ),
        (
            lambda p: rule(p)["trigger"]["schedule"].update(repeatingTimeIntervals=["R/2026-01-01T00:00:00Z/P1D"] * 25),
            INTERVALS,
            "25 entries; at most 24",
        ),
        (
            lambda p: rule(p)["trigger"]["schedule"].update(timeZone="Middle-earth Standard Time"),
            f"{RULES}[0].trigger.schedule.timeZone",
            "is not a time zone",
        ),
        (lambda p: rule(p)["trigger"]["schedule"].update(timeZone=7), f"{RULES}[0].trigger.schedule.timeZone", "text"),
        (lambda p: rule(p)["trigger"].pop("taggingCriteria"), CRITERIA, "is required"),
        (lambda p: rule(p)["trigger"]["taggingCriteria"].pop(2), CRITERIA, "0 default tags"),
        (lambda p: tag(p).pop("tagInfo"), f"{CRITERIA}[0].tagInfo", "is required"),
        (lambda p: tag(p)["tagInfo"].pop("tagName"), f"{CRITERIA}[0].tagInfo.tagName", "is required"),
        (lambda p: tag(p).pop("taggingPriority"), f"{CRITERIA}[0].taggingPriority", "is required"),
        (lambda p: tag(p).update(taggingPriority=True), f"{CRITERIA}[0].taggingPriority", "a whole number"),
        (lambda p: tag(p).update(taggingPriority="25"), f"{CRITERIA}[0].taggingPriority", "a whole number"),
        (lambda p: tag(p).update(taggingPriority=20), f"{CRITERIA}[1].taggingPriority", "the priority 20 is taken"),
        (lambda p: tag(p).update(isDefault="false"), f"{CRITERIA}[0].isDefault", "true or false"),
        (lambda p: tag(p).pop("isDefault"), f"{CRITERIA}[0].isDefault", "is required"),
        (lambda p: tag(p).pop("criteria"), f"{CRITERIA}[0].criteria", "needs one of AllBackup"),
        (lambda p: tag(p).update(criteria=[]), f"{CRITERIA}[0].criteria", "needs one of AllBackup"),
        (
            lambda p: tag(p)["criteria"][0].update(absoluteCriteria=["FirstOfHour"]),
            f"{CRITERIA}[0].criteria[0].absoluteCriteria[0]",
            "one of AllBackup, FirstOfDay",
        ),
        (
            lambda p: tag(p)["criteria"][0].update(daysOfTheWeek=["Sunday"]),
            f"{CRITERIA}[0].criteria[0].daysOfTheWeek",
            "is not offered for disks",
        ),
        (lambda p: tag(p, 2).update(criteria=tag(p)["criteria"]), f"{CRITERIA}[2].criteria", "no criteria of its own"),
        (
            lambda p: tag(p)["tagInfo"].update(tagName="Weekly"),
            f"{CRITERIA}[1].tagInfo.tagName",
            "the tag 'Weekly' is taken",
        ),
        (
            lambda p: tag(p)["tagInfo"].update(tagName="Monthly"),
            f"{CRITERIA}[0].tagInfo.tagName",
            "no AzureRetentionRule is named 'Monthly'",
        ),
        (lambda p: rule(p, 1).update(name="Hourly"), f"{RULES}[1].name", "no tagging criterion names 'Hourly'"),
        (lambda p: rule(p, 1).update(isDefault=True), f"{RULES}[1].isDefault", "differs from isDefault of the tag"),
        (lambda p: rule(p, 1).update(lifecycles=[]), f"{RULES}[1].lifecycles", "at least one item"),
        (
            lambda p: rule(p, 1)["lifecycles"].append(rule(p, 2)["lifecycles"][0]),
            f"{RULES}[1].lifecycles",
            "2 entries",
        ),
        (
            lambda p: rule(p, 1)["lifecycles"][0]["deleteAfter"].update(objectType="CustomDeleteOption"),
            f"{RULES}[1].lifecycles[0].deleteAfter.objectType",
            "must be AbsoluteDeleteOption",
        ),
        (
            lambda p: rule(p, 1)["lifecycles"][0]["deleteAfter"].update(duration="7 days"),
            f"{RULES}[1].lifecycles[0].deleteAfter.duration",
            "is not a duration",
        ),
        (
            lambda p: rule(p, 1)["lifecycles"][0]["deleteAfter"].update(duration="PT0S"),
            f"{RULES}[1].lifecycles[0].deleteAfter.duration",
            "shorter than the shortest",
        ),
        (
            lambda p: rule(p, 1)["lifecycles"][0]["sourceDataStore"].update(dataStoreType="ArchiveStore"),
            f"{RULES}[1].lifecycles[0].sourceDataStore.dataStoreType",
            "must be OperationalStore",
        ),
        (
            lambda p: rule(p, 1)["lifecycles"][0].update(targetDataStoreCopySettings=[{"dataStore": {}}]),
            f"{RULES}[1].lifecycles[0].targetDataStoreCopySettings",
            "OperationalStore only",
        ),
    ],
)
def test_each_fault_is_named_with_its_path(change: Callable[[Json], object], target: str, says: str) -> None:
    faults = faults_of(changed(change))
    assert says in faults[target], faults


def test_all_faults_are_named_at_once() -> None:
    def spoil(p: Json) -> None:
        rule(p)["backupParameters"]["backupType"] = "Full"
        rule(p)["trigger"]["schedule"]["timeZone"] = "Nowhere"
        rule(p)["trigger"]["schedule"]["repeatingTimeIntervals"].append("x")
        tag(p)["taggingPriority"] = "high"
        rule(p, 3)["lifecycles"][0]["deleteAfter"]["duration"] = "P7"

    assert set(faults_of(changed(spoil))) == {
        f"{RULES}[0].backupParameters.backupType",
        f"{RULES}[0].trigger.schedule.timeZone",
        f"{INTERVALS}[1]",
        f"{CRITERIA}[0].taggingPriority",
        f"{RULES}[3].lifecycles[0].deleteAfter.duration",
    }


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_whatever_replaces_a_part_the_policy_is_read_or_refused_with_reasons(data: st.DataObject) -> None:
    properties = policy_properties(tags=TAGS)
    places = list(_places(properties))
    container, key = data.draw(st.sampled_from(places))
    container[key] = data.draw(JSON_VALUES)
    faults: tuple[Fault, ...] = ()
    try:
        one = BackupPolicy.parse("policy-1", properties)
    except InvalidInput as error:
        faults = error.faults
    else:
        assert BackupPolicy.parse("policy-1", one.properties) == one
        return
    assert faults
    assert all(fault.target.startswith("properties") and fault.message for fault in faults)


def _places(value: Any) -> Any:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield value, key
        yield from _places(member)


# --- Limits ---


def test_more_than_seven_snapshots_in_five_minutes_are_refused() -> None:
    starts = ["00:00:00", "00:00:30", "00:00:45"]
    faults = faults_of(policy_properties(intervals=[f"R/2026-01-01T{at}Z/PT1M" for at in starts], retention="PT5M"))
    assert "up to 15 slots fall within 5 minutes" in faults[INTERVALS]
    assert "at most 7 snapshots" in faults[INTERVALS]


def test_one_backup_a_minute_is_dense_enough_for_azure() -> None:
    one = policy(intervals=["R/2026-01-01T00:00:00Z/PT1M"], retention="PT3M")
    assert one.schedule.max_slots_in(300) == 5


@pytest.mark.parametrize(
    ("interval", "most"),
    [("PT1M", "PT450M"), ("PT1H", "PT450H"), ("PT4H", "P75D"), ("PT12H", "P225D"), ("P1D", "P450D"), ("P1W", "P3150D")],
)
def test_up_to_450_scheduled_points_may_be_kept_and_no_more(interval: str, most: str) -> None:
    intervals = [f"R/2026-01-01T00:00:00Z/{interval}"]
    assert policy(intervals=intervals, retention=most).default_tag == "Default"
    more = Duration(seconds=parse_duration(most).longest_seconds + 60).iso()
    faults = faults_of(policy_properties(intervals=intervals, retention=more))
    message = faults[f"{RULES}[1].lifecycles[0].deleteAfter.duration"]
    assert "up to 451 scheduled recovery points" in message
    assert "at most 450" in message
    assert "shorten the retention" in message


def test_the_points_of_all_tags_count_together() -> None:
    hourly = ["R/2026-01-01T00:00:00Z/PT1H"]
    assert policy(intervals=hourly, retention="P18D", tags={"Daily": ("FirstOfDay", "P30D")})
    faults = faults_of(policy_properties(intervals=hourly, retention="P18D", tags={"Daily": ("FirstOfDay", "P60D")}))
    assert "over all tags" in faults[f"{RULES}[2].lifecycles[0].deleteAfter.duration"]


def test_a_tag_kept_shorter_than_the_default_adds_nothing() -> None:
    one = policy(intervals=["R/2026-01-01T00:00:00Z/PT1H"], retention="PT450H", tags={"Daily": ("FirstOfDay", "P1D")})
    assert one.retention_duration("Daily") == Duration(days=1)


def test_no_tag_has_more_points_than_there_are_slots() -> None:
    one = policy(intervals=["R/2026-01-01T00:00:00Z/P1D"], retention="P7D", tags={"Daily": ("FirstOfDay", "P450D")})
    assert one.retention_duration("Daily") == Duration(days=450)


@given(
    st.sampled_from(["PT4H", "PT6H", "PT12H", "PT36H", "P1D", "P2D", "P1W"]),
    st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Auckland"]),
    st.integers(1, 20),
    st.dictionaries(
        st.sampled_from(["FirstOfDay", "FirstOfWeek", "FirstOfMonth", "FirstOfYear", "AllBackup"]), st.integers(1, 400)
    ),
    st.sets(st.integers(0, 400), max_size=150),
)
@settings(max_examples=60, deadline=None)
def test_never_are_more_points_kept_than_reckoned(
    interval: str, zone: str, default_days: int, kept_days: dict[str, int], failures: set[int]
) -> None:
    """A year of backups, some of which fail, tagged as they would be: what is unexpired never exceeds the bound."""
    criteria = [TagCriterion(tag_name="Default", priority=99)]
    criteria += [TagCriterion(tag_name=scope, priority=days, scopes=(scope,)) for scope, days in kept_days.items()]
    retention = {scope: Duration(days=days) for scope, days in {"Default": default_days, **kept_days}.items()}
    schedule = policy(intervals=[f"R/2026-01-01T02:30:00/{interval}"], time_zone=zone, retention="P1D").schedule
    slots = schedule.slots_between(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC), 2400)
    succeeded = [slot for index, slot in enumerate(slots) if index % 401 not in failures]
    assert most_kept(schedule, succeeded, criteria, retention) <= points_kept_at_most(schedule, criteria, retention)


def most_kept(
    schedule: Schedule, succeeded: Sequence[datetime], criteria: Sequence[TagCriterion], retention: dict[str, Duration]
) -> int:
    last: datetime | None = None
    expiries: list[datetime] = []
    most = 0
    for slot in succeeded:
        expiries.append(retention[choose_tag(criteria, slot, last, schedule.zone).tag_name].after(slot))
        last = slot
        expiries = [expiry for expiry in expiries if expiry > slot]
        most = max(most, len(expiries))
    return most


def test_firsts_of_three_weeks_may_lie_within_nine_days() -> None:
    """All of the first week but its Sunday failed, so that its first success is close to the second week's."""
    criteria = [
        TagCriterion(tag_name="Default", priority=99),
        TagCriterion(tag_name="Weekly", priority=20, scopes=("FirstOfWeek",)),
    ]
    retention = {"Default": Duration(days=1), "Weekly": Duration(days=10)}
    schedule = policy(intervals=["R/2026-03-08T00:00:00Z/PT12H"]).schedule
    slots = schedule.slots_between(datetime(2026, 3, 7, tzinfo=UTC), datetime(2026, 3, 20, tzinfo=UTC), 100)
    assert most_kept(schedule, slots, criteria, retention) == 5
    assert points_kept_at_most(schedule, criteria, retention) == 5


# --- Premium SSD v2 and Ultra ---


@pytest.mark.parametrize("interval", ["PT12H", "P1D", "PT24H", "P1W"])
def test_twelve_hours_and_more_suit_disks_that_are_copied_in_the_background(interval: str) -> None:
    assert check_background_copy(policy(intervals=[f"R/2026-01-01T00:00:00Z/{interval}"])) is None


@pytest.mark.parametrize(
    "intervals",
    [
        ["R/2026-01-01T00:00:00Z/PT11H59M"],
        ["R/2026-01-01T00:00:00Z/PT1M"],
        ["R/2026-01-01T00:00:00Z/P1D", "R/2026-01-01T06:00:00Z/P1D"],
    ],
)
def test_less_than_twelve_hours_does_not(intervals: list[str]) -> None:
    fault = check_background_copy(policy(intervals=intervals, retention="PT5M"))
    assert fault.target == INTERVALS
    assert "PT12H" in fault.message


# --- Standing in for a policy that is lost ---


@pytest.mark.parametrize("retention", [None, "PT3M", "P7D", "P1Y", "P800D", "P30Y", "P900Y"])
def test_a_stand_in_is_a_policy_that_can_be_stored_and_read(retention: str | None) -> None:
    one = BackupPolicy.standing_in("lost-policy", parse_duration(retention) if retention else None)
    assert BackupPolicy.parse("lost-policy", one.properties) == one
    if retention not in (None, "P900Y"):
        assert one.retention_duration("Default") == parse_duration(str(retention))


def test_a_policy_does_less_when_it_keeps_less_or_takes_fewer_backups() -> None:
    hourly = policy(intervals=("R/2026-01-01T00:00:00+00:00/PT1H",), retention="P7D")
    assert not does_less(hourly, hourly, NOW)
    assert not does_less(hourly, policy(intervals=("R/2026-01-01T00:30:00+00:00/PT1H",), retention="P8D"), NOW)
    assert does_less(hourly, policy(intervals=("R/2026-01-01T00:00:00+00:00/PT1H",), retention="P6D"), NOW)
    assert does_less(hourly, policy(intervals=("R/2026-01-01T00:00:00+00:00/PT2H",), retention="P7D"), NOW)


def test_a_schedule_that_begins_in_years_to_come_does_less() -> None:
    hourly = policy(intervals=("R/2026-01-01T00:00:00+00:00/PT1H",), retention="P7D")
    assert does_less(hourly, policy(intervals=("R/2036-01-01T00:00:00+00:00/PT1H",), retention="P7D"), NOW)
