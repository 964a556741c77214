"""Protect by tag through the workflows: what is protected, moved, stopped and resumed, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.disk import Disk
from backup_core.domain.errors import (
    CloudUnavailable,
    InvalidInput,
    NotFound,
    PermissionMissing,
    RecordCorrupt,
    ResourceInUse,
    Throttled,
)
from backup_core.domain.instance import ProtectionState
from backup_core.domain.job import JobOperation
from backup_core.domain.protection_rule import RULE_TAG, Action, NoRuleMatches, ProtectionRule, instance_name, rule_key
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Insert
from backup_core.workflows.catalogue import find_protection
from backup_core.workflows.lifecycle import delete_instance, stop_protection
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.run_time import WORK_FOR
from backup_core.workflows.tag_rules import (
    RuleReport,
    apply_all,
    apply_rules_to_disk,
    delete_rule,
    dry_run,
    get_rule,
    list_rules,
    put_rule,
    read_book,
)
from backup_core.workflows.vaults import delete_policy, delete_vault, put_policy, put_vault
from tests.builders import (
    DISK_GROUP,
    OTHER_SUBSCRIPTION,
    SNAPSHOT_GROUP,
    SUBSCRIPTION,
    VAULT,
    disk_id,
    disk_json,
    policy,
    vault,
    vault_properties,
)
from tests.domain.test_protection_rule import rule
from tests.fakes import SlowClock
from tests.workflows.platform import Platform, request
from tests.workflows.scenes import HOURLY, events, jobs, refuse

NAME = instance_name(disk_id())
OTHER = VaultKey(subscription=SUBSCRIPTION, group="other-rg", name="other-vault")
DAY = timedelta(days=1)


def ruled(*rules: ProtectionRule, tags: dict[str, str] | None = None) -> Platform:
    """A vault with policies and rules, and a disk that nobody protects yet."""
    platform = Platform()
    with platform.world.faults.paused():
        for name in ("policy-1", "policy-2"):
            put_policy(platform.world.ports, VAULT, policy(name, **HOURLY))
        for each in rules or (rule(),):
            put_vault(platform.world.ports, vault(key=each.vault))
            put_policy(platform.world.ports, each.vault, policy(each.policy_name, **HOURLY))
            put_rule(platform.world.ports, each)
        platform.lose_messages()
        tag(platform, **({"backup": "daily"} if tags is None else tags))
    return platform


def tag(platform: Platform, name: str = "disk-1", **tags: str) -> Disk:
    return platform.world.cloud.add_disk(disk_json(name, tags=tags))


def protected(**more: Any) -> Platform:
    """The disk protected by a rule."""
    platform = ruled(**more)
    apply(platform)
    platform.run(seconds=3)
    assert state(platform) is ProtectionState.CONFIGURED
    return platform


def apply(platform: Platform, **more: Any) -> RuleReport:
    return apply_all(platform.world.ports, **more)


def state(platform: Platform, name: str = NAME) -> ProtectionState:
    return platform.instance(name).state


def actions(report: RuleReport) -> list[Action]:
    return [decision.action for decision in report.done]


# ---------------------------------------------------------------- protect


def test_a_tagged_disk_is_protected_as_a_hand_would_and_marked_with_its_rule() -> None:
    platform = ruled()
    assert actions(apply(platform)) == [Action.PROTECT]
    platform.run(seconds=3)
    made = platform.instance(NAME)
    assert (made.state, made.policy.name, made.disk_id) == (ProtectionState.CONFIGURED, "policy-1", disk_id())
    assert made.tags == {RULE_TAG: "rule-1"}
    assert made.snapshot_group_id == SNAPSHOT_GROUP.text
    source = made.request["dataSourceInfo"]
    assert (source["resourceID"], source["resourceLocation"]) == (disk_id(), "westeurope")
    platform.run(hours=1)
    assert platform.points(NAME)


@pytest.mark.parametrize("tags", [{}, {"backup": "never"}, {"back": "daily"}])
def test_a_disk_without_the_tag_is_not_protected(tags: dict[str, str]) -> None:
    platform = ruled(tags=tags)
    report = apply(platform)
    assert (report.seen, report.done, report.failed) == (1, [], [])
    assert find_protection(platform.world.ports, disk_id()) is None


def test_a_disk_of_another_subscription_is_not_even_looked_at() -> None:
    platform = ruled(rule(scope=f"/subscriptions/{OTHER_SUBSCRIPTION}", snapshot_group_id="/subscriptions/x"))
    assert apply(platform).seen == 0


def test_applying_again_changes_nothing() -> None:
    platform = protected()
    before = len(platform.world.queue.sent)
    for _ in range(3):
        assert apply(platform).done == []
    assert len(platform.world.queue.sent) == before
    assert len(jobs(platform, JobOperation.CONFIGURE, NAME)) == 1


def test_applying_while_the_disk_is_being_configured_changes_nothing() -> None:
    platform = ruled()
    apply(platform)
    assert apply(platform).done == []
    assert platform.instance(NAME).revision == 1


def test_a_disk_that_a_hand_protects_is_left_to_that_hand() -> None:
    platform = ruled()
    configure_instance(platform.world.ports, VAULT, request(policy_name="policy-2"))
    platform.run(seconds=3)
    assert apply(platform).done == []
    tag(platform)
    assert apply(platform).done == []
    assert state(platform, "disk-1") is ProtectionState.CONFIGURED


def test_nested_scopes_list_each_disk_once() -> None:
    inner = rule("inner", scope=DISK_GROUP.text, priority=5, policy_name="policy-2")
    platform = ruled(rule(), inner)
    assert apply(platform).seen == 1
    assert platform.world.faults.count("cloud.list_disks") == 1
    assert platform.instance(NAME).policy.name == "policy-2", "the inner one comes first"


def test_a_rule_whose_group_is_gone_finds_nothing() -> None:
    platform = ruled(rule(scope=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/gone"))
    report = apply(platform)
    assert (report.seen, report.postponed) == (0, [])


# ---------------------------------------------------------------- move, stop, resume


def test_a_rule_with_another_policy_moves_its_disks() -> None:
    platform = protected()
    put_rule(platform.world.ports, rule(policy_name="policy-2"))
    assert actions(apply(platform)) == [Action.MOVE]
    platform.run(seconds=3)
    made = platform.instance(NAME)
    assert (made.policy.name, made.state, made.revision) == ("policy-2", ProtectionState.CONFIGURED, 2)


def test_another_rule_that_comes_first_takes_the_disk_and_leaves_its_own_mark() -> None:
    platform = protected()
    put_rule(platform.world.ports, rule("rule-0", priority=1, policy_name="policy-2"))
    assert actions(apply(platform)) == [Action.MOVE]
    assert platform.instance(NAME).tags[RULE_TAG] == "rule-0"


def test_an_instance_keeps_its_snapshot_group_whatever_the_rule_says_now() -> None:
    platform = protected()
    put_rule(platform.world.ports, rule(policy_name="policy-2", snapshot_group_id=DISK_GROUP.text))
    assert actions(apply(platform)) == [Action.MOVE]
    assert platform.instance(NAME).snapshot_group_id == SNAPSHOT_GROUP.text


def test_an_untagged_disk_is_stopped_with_its_points_kept_and_says_why() -> None:
    platform = protected()
    platform.run(hours=1)
    points = platform.points(NAME)
    tag(platform)
    assert actions(apply(platform)) == [Action.STOP]
    stopped = platform.instance(NAME)
    assert stopped.state is ProtectionState.STOPPED
    assert (stopped.error.code, "tag 'backup'" in stopped.error.message) == (NoRuleMatches.code, True)
    platform.run(days=9)
    assert platform.points(NAME) == points
    assert len(platform.world.cloud.removed) == 0


def test_a_disk_tagged_again_is_protected_again() -> None:
    platform = protected()
    tag(platform)
    apply(platform)
    tag(platform, backup="daily")
    assert actions(apply(platform)) == [Action.RESUME]
    platform.run(seconds=3)
    assert state(platform) is ProtectionState.CONFIGURED
    assert platform.instance(NAME).error is None


def test_what_a_hand_stopped_is_not_resumed_by_a_rule() -> None:
    platform = protected()
    stop_protection(platform.world.ports, VAULT, NAME)
    for tags in ({"backup": "daily"}, {}, {"backup": "daily"}):
        tag(platform, **tags)
        assert apply(platform).done == []
    assert state(platform) is ProtectionState.STOPPED


def test_an_instance_that_lost_its_mark_is_a_hands_from_then_on() -> None:
    platform = protected()
    configure_instance(platform.world.ports, VAULT, request(NAME, disk_id=disk_id(), policy_name="policy-1"))
    platform.run(seconds=3)
    tag(platform)
    assert apply(platform).done == []
    assert state(platform) is ProtectionState.CONFIGURED


def test_a_deleted_rule_lets_go_of_its_disks_without_listing_any() -> None:
    platform = protected()
    assert delete_rule(platform.world.ports, VAULT, "rule-1")
    listed = platform.world.faults.count("cloud.list_disks")
    assert actions(apply(platform)) == [Action.STOP]
    assert platform.world.faults.count("cloud.list_disks") == listed
    assert state(platform) is ProtectionState.STOPPED


def test_a_rule_that_looks_elsewhere_now_lets_go_of_its_disks() -> None:
    platform = protected()
    put_rule(platform.world.ports, rule(scope=SNAPSHOT_GROUP.text))
    assert actions(apply(platform)) == [Action.STOP]


def test_a_change_of_a_rule_is_applied_by_a_message_within_seconds() -> None:
    platform = ruled()
    put_rule(platform.world.ports, rule(priority=7))
    platform.run(seconds=5)
    assert state(platform) is ProtectionState.CONFIGURED
    put_rule(platform.world.ports, rule(scope=SNAPSHOT_GROUP.text))
    platform.run(seconds=5)
    assert state(platform) is ProtectionState.STOPPED
    put_rule(platform.world.ports, rule())
    platform.run(seconds=5)
    assert state(platform) is ProtectionState.CONFIGURED
    delete_rule(platform.world.ports, VAULT, "rule-1")
    platform.run(seconds=5)
    assert state(platform) is ProtectionState.STOPPED


def test_a_disk_that_is_gone_has_its_protection_stopped_because_of_that() -> None:
    platform = protected()
    platform.world.cloud.remove_disk(disk_id())
    apply(platform)
    assert state(platform) is ProtectionState.CONFIGURED, "a listing and a look at one time are no proof"
    platform.run(minutes=6)
    assert state(platform) is ProtectionState.STOPPED
    assert platform.instance(NAME).error is not None
    platform.run(minutes=1)
    assert len(events(platform, "SourceDisk.Deleted")) == 1
    assert apply(platform).failed == []


def test_a_disk_that_is_back_under_its_name_is_protected_again() -> None:
    platform = protected()
    platform.world.cloud.remove_disk(disk_id())
    apply(platform)
    platform.run(minutes=6)
    tag(platform, backup="daily")
    assert actions(apply(platform)) == [Action.RESUME]


# ---------------------------------------------------------------- what is not known stops nothing


def test_a_rule_that_cannot_be_read_stops_nothing_but_others_protect_on() -> None:
    platform = protected()
    put_rule(platform.world.ports, rule("rule-2", priority=200))
    platform.world.store.corrupt_record(ProtectionRule, VAULT, rule_key(VAULT, "rule-1"))
    tag(platform)
    tag(platform, "disk-2", backup="daily")
    assert actions(apply(platform)) == [Action.PROTECT]
    assert state(platform) is ProtectionState.CONFIGURED


@pytest.mark.parametrize(
    "error",
    [
        PermissionMissing("403", scope="x", role="Disk Backup Reader"),
        Throttled("429", retry_after_seconds=5),
        CloudUnavailable("503"),
    ],
)
def test_a_scope_that_cannot_be_listed_stops_nothing(error: Exception) -> None:
    platform = protected()
    platform.world.cloud.guard = refuse("list_disks", error)
    report = apply(platform)
    assert (report.done, report.failed, len(report.postponed)) == ([], [], 1)
    assert state(platform) is ProtectionState.CONFIGURED


def test_a_disk_that_the_list_does_not_show_is_asked_for_and_one_we_may_not_see_is_left() -> None:
    platform = protected()
    shown = platform.world.cloud.list_disks
    platform.world.cloud.list_disks = lambda scope: iter([])  # type: ignore[method-assign]
    assert apply(platform).done == []
    platform.world.cloud.guard = refuse("get_disk", PermissionMissing("403", scope="x", role="Disk Backup Reader"))
    report = apply(platform)
    assert (report.done, len(report.postponed)) == ([], 1)
    assert state(platform) is ProtectionState.CONFIGURED
    platform.world.cloud.list_disks = shown  # type: ignore[method-assign]


def test_a_conflict_with_another_change_is_left_for_the_next_run() -> None:
    platform = ruled()
    tag(platform, "disk-2", backup="daily")
    platform.world.faults.fail("store.schedule", CloudUnavailable("storage is busy"))
    report = apply(platform)
    assert (len(report.failed), actions(report)) == (1, [Action.PROTECT])
    assert actions(apply(platform)) == [Action.PROTECT]


def test_a_run_begins_no_change_when_its_time_is_up_and_says_that_there_are_more() -> None:
    platform = ruled(tags={})
    for number in range(9):
        tag(platform, f"many-{number}", backup="daily")
    slow = replace(platform.world.ports, clock=SlowClock(platform.world.clock, WORK_FOR / 20))
    report = apply_all(slow)
    assert report.is_limited
    assert 0 < len(report.done) < 9
    rest = apply(platform)
    assert (len(report.done) + len(rest.done), rest.is_limited) == (9, False)


# ---------------------------------------------------------------- what cannot be done is told


def lose_policy(platform: Platform) -> None:
    for rows in platform.world.store._records.values():
        for row in [row for row in rows if "policy-9" in row]:
            del rows[row]


def test_what_a_rule_cannot_do_is_told_once_a_day() -> None:
    platform = ruled(rule(policy_name="policy-9"))
    lose_policy(platform)
    for _ in range(3):
        assert len(apply(platform).failed) == 1
    platform.run(seconds=30)
    (told,) = events(platform, "ProtectionRule.Failed")
    assert told.content["protectionRuleName"] == "rule-1"
    assert "policy-9" in told.content["error"]["message"]
    platform.world.clock.advance(DAY)
    apply(platform)
    platform.run(seconds=30)
    assert len(events(platform, "ProtectionRule.Failed")) == 2


def test_a_soft_deleted_instance_is_not_protected_again_behind_the_back_of_who_deleted_it() -> None:
    platform = protected()
    put_vault(platform.world.ports, vault(properties=vault_properties(soft_delete="On", days=14)))
    delete_instance(platform.world.ports, VAULT, NAME)
    report = apply(platform)
    assert report.done == []
    assert "soft-deleted" in report.failed[0]
    platform.run(minutes=1)
    assert len(events(platform, "ProtectionRule.Failed")) == 1


def test_an_instance_that_is_being_deleted_is_nothing_to_tell_of() -> None:
    platform = protected()
    delete_instance(platform.world.ports, VAULT, NAME)
    assert apply(platform).done == []
    platform.run(seconds=30)
    assert events(platform, "ProtectionRule.Failed") == []


def test_a_disk_that_could_not_be_protected_is_tried_again_once_an_hour() -> None:
    platform = ruled()
    platform.world.cloud.guard = refuse("get_disk", PermissionMissing("403", scope="x", role="Disk Backup Reader"))
    apply(platform)
    platform.run(seconds=3)
    assert state(platform) is ProtectionState.ERROR
    platform.world.cloud.guard = lambda call, target: None
    apply(platform)
    platform.run(seconds=3)
    assert state(platform) is ProtectionState.ERROR, "it was tried a moment ago"
    platform.world.clock.advance(hours=1)
    assert actions(apply(platform)) == [Action.RETRY]
    platform.run(seconds=3)
    assert state(platform) is ProtectionState.CONFIGURED


# ---------------------------------------------------------------- one disk, one scope


def test_one_disk_is_judged_by_all_rules() -> None:
    platform = ruled()
    disk = tag(platform, backup="daily")
    assert apply_rules_to_disk(platform.world.ports, disk).action is Action.PROTECT
    assert apply_rules_to_disk(platform.world.ports, disk).action is Action.LEAVE


def test_trouble_that_may_pass_is_raised_and_not_told_as_a_failure() -> None:
    platform = ruled()
    platform.world.faults.fail("store.schedule", CloudUnavailable("storage is busy"))
    with pytest.raises(CloudUnavailable):
        apply_rules_to_disk(platform.world.ports, tag(platform, backup="daily"))
    assert events(platform, "ProtectionRule.Failed") == []


def test_one_scope_is_applied_alone() -> None:
    elsewhere = rule("rule-2", scope=f"/subscriptions/{OTHER_SUBSCRIPTION}")
    platform = ruled(rule(), elsewhere)
    report = apply(platform, scope=f"/subscriptions/{OTHER_SUBSCRIPTION}")
    assert (report.seen, report.done) == (0, [])
    assert actions(apply(platform, scope=DISK_GROUP.text)) == [Action.PROTECT]


def test_a_run_over_many_disks_reads_as_often_as_for_few() -> None:
    costs = []
    for count in (1, 100):
        platform = ruled(tags={})
        for number in range(count):
            tag(platform, f"idle-{number}")
        before = len(platform.world.faults.calls)
        apply(platform)
        costs.append(len(platform.world.faults.calls) - before)
    assert costs[0] == costs[1]


# ---------------------------------------------------------------- dry run


def test_a_dry_run_tells_what_would_be_done_and_does_nothing() -> None:
    platform = ruled(rule("rule-9", conditions=rule().conditions, scope=SNAPSHOT_GROUP.text))
    before = (len(platform.world.queue.sent), platform.world.faults.count("store.commit"))
    tag(platform, "disk-2")
    run = dry_run(platform.world.ports, rule(enabled=False))
    assert [(each.action, each.disk_id) for each in run.decisions] == [
        (Action.PROTECT, disk_id()),
        (Action.LEAVE, disk_id("disk-2")),
    ]
    assert all(decision.because for decision in run.decisions)
    assert (len(platform.world.queue.sent), platform.world.faults.count("store.commit")) == before
    assert find_protection(platform.world.ports, disk_id()) is None


def test_a_dry_run_of_a_change_tells_what_it_would_let_go_of() -> None:
    platform = protected()
    run = dry_run(platform.world.ports, rule(scope=SNAPSHOT_GROUP.text))
    assert [decision.action for decision in run.decisions] == [Action.STOP]
    run = dry_run(platform.world.ports, rule(policy_name="policy-2"))
    assert [decision.action for decision in run.decisions] == [Action.MOVE]


def test_a_dry_run_and_the_run_agree() -> None:
    platform = protected()
    tag(platform)
    tag(platform, "disk-2", backup="daily")
    told = {(each.disk_id, each.action) for each in dry_run(platform.world.ports, rule()).decisions}
    done = {(each.disk_id, each.action) for each in apply(platform).done}
    assert done == told == {(disk_id(), Action.STOP), (disk_id("disk-2"), Action.PROTECT)}


# ---------------------------------------------------------------- rules as records


def test_rules_of_a_vault_are_listed_by_name_and_those_of_others_are_not() -> None:
    platform = ruled(rule("b"), rule("a"), rule("c", vault=OTHER), rule("d", vault=replace(VAULT, name="vault-10")))
    assert [each.value.name for each in list_rules(platform.world.ports, VAULT).items] == ["a", "b"]
    assert get_rule(platform.world.ports, VAULT, "A").name == "a"


def test_a_rule_that_is_not_there_is_not_found() -> None:
    platform = ruled()
    with pytest.raises(NotFound):
        get_rule(platform.world.ports, VAULT, "rule-2")
    assert delete_rule(platform.world.ports, VAULT, "rule-2") is False
    for call in (
        lambda: list_rules(platform.world.ports, OTHER),
        lambda: put_rule(platform.world.ports, rule(vault=OTHER)),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_rule_needs_its_policy() -> None:
    platform = ruled()
    with pytest.raises(InvalidInput, match="policy-9"):
        put_rule(platform.world.ports, rule(policy_name="policy-9"))


def test_a_rule_of_a_vault_that_is_gone_harms_nobody() -> None:
    platform = ruled()
    orphan = rule("orphan", vault=OTHER, priority=1)
    platform.world.store.commit(OTHER, [Insert(orphan)])
    report = apply(platform)
    assert (report.done, len(report.failed)) == ([], 1)


def test_a_policy_that_a_rule_names_cannot_be_deleted() -> None:
    platform = ruled(rule(), rule("rule-2", vault=OTHER, policy_name="policy-2"))
    with pytest.raises(ResourceInUse, match="rule-1"):
        delete_policy(platform.world.ports, VAULT, "POLICY-1")
    assert delete_policy(platform.world.ports, VAULT, "policy-2"), "another vault's rule names another policy"
    delete_rule(platform.world.ports, VAULT, "rule-1")
    assert delete_policy(platform.world.ports, VAULT, "policy-1")


def test_the_rules_of_a_vault_go_with_it_and_those_of_others_stay() -> None:
    platform = ruled(rule(), rule("rule-2"), rule("rule-3", vault=OTHER))
    assert delete_vault(platform.world.ports, VAULT)
    assert [each.name for each in read_book(platform.world.ports).rules] == ["rule-3"]


def test_a_vault_with_a_rule_that_cannot_be_read_is_not_deleted() -> None:
    platform = ruled()
    platform.world.store.corrupt_record(ProtectionRule, VAULT, rule_key(VAULT, "rule-1"))
    with pytest.raises(RecordCorrupt):
        delete_vault(platform.world.ports, VAULT)
