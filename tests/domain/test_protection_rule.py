"""Protection rules: which disk a rule wants, which of several rules gets it, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backup_core.domain.disk import Disk
from backup_core.domain.errors import DiskNotFound
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.job import JobError
from backup_core.domain.protection_rule import (
    RULE_TAG,
    Action,
    Decision,
    NoRuleMatches,
    ProtectionRule,
    RuleBook,
    TagCondition,
    decide,
    instance_name,
)
from backup_core.domain.resource_ids import VaultKey
from tests.builders import DISK_GROUP, SNAPSHOT_GROUP, SUBSCRIPTION, VAULT, disk_id, disk_json, instance

SCOPE = f"/subscriptions/{SUBSCRIPTION}"
OTHER_VAULT = VaultKey(subscription=SUBSCRIPTION, group="other-rg", name="other-vault")
DAILY = TagCondition(name="backup", values=("daily",))


def rule(name: str = "rule-1", **changes: Any) -> ProtectionRule:
    values: dict[str, Any] = {
        "name": name,
        "vault": VAULT,
        "scope": SCOPE,
        "conditions": (DAILY,),
        "policy_name": "policy-1",
        "snapshot_group_id": SNAPSHOT_GROUP.text,
        "priority": 100,
    }
    return ProtectionRule(**(values | changes))


def disk(**tags: str) -> Disk:
    return Disk(raw=disk_json(tags=tags))


def held(state: ProtectionState = ProtectionState.CONFIGURED, **changes: Any) -> BackupInstance:
    return instance(instance_name(disk_id()), state=state, **({"tags": {RULE_TAG: "rule-1"}} | changes))


def book(*rules: ProtectionRule, complete: bool = True) -> RuleBook:
    return RuleBook(rules=rules, complete=complete)


def judged(seen: Disk, of: BackupInstance | None, *rules: ProtectionRule, complete: bool = True) -> Decision:
    return decide(seen, of, VAULT if of else None, book(*rules, complete=complete))


# ---------------------------------------------------------------- conditions


@pytest.mark.parametrize(
    ("condition", "tags", "holds"),
    [
        (DAILY, {"backup": "daily"}, True),
        (DAILY, {"BackUp": "daily"}, True),
        (DAILY, {"backup": "Daily"}, False),
        (DAILY, {"backup": ""}, False),
        (DAILY, {}, False),
        (DAILY, {"backups": "daily"}, False),
        (TagCondition(name="backup", values=("daily", "hourly")), {"backup": "hourly"}, True),
        (TagCondition(name="backup"), {"backup": ""}, True),
        (TagCondition(name="backup"), {"other": "backup"}, False),
    ],
)
def test_names_of_tags_are_compared_without_case_and_values_with_it(
    condition: TagCondition, tags: dict[str, str], holds: bool
) -> None:
    assert condition.holds(tags) is holds


def test_all_conditions_must_hold_and_no_exclusion() -> None:
    strict = rule(
        conditions=(DAILY, TagCondition(name="env")), excluded_tags=(TagCondition(name="no-backup", values=("yes",)),)
    )
    assert strict.refusal(disk(backup="daily", env="prod")) is None
    assert "tag 'env'" in str(strict.refusal(disk(backup="daily")))
    assert "excluded" in str(strict.refusal(disk(backup="daily", env="prod", **{"no-backup": "yes"})))
    assert strict.refusal(disk(backup="daily", env="prod", **{"no-backup": "no"})) is None


@pytest.mark.parametrize(
    ("excluded", "wanted"),
    [
        (disk_id().upper(), False),
        (DISK_GROUP.text, False),
        (disk_id("disk-10"), True),
        (disk_id("disk"), True),
        (f"{DISK_GROUP.text}-2", True),
    ],
)
def test_a_disk_or_a_group_can_be_excluded_by_its_id(excluded: str, wanted: bool) -> None:
    assert (rule(excluded_ids=(excluded,)).refusal(disk(backup="daily")) is None) is wanted


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        (SCOPE, True),
        (SCOPE.upper(), True),
        (f"{DISK_GROUP.text}/", True),
        (f"{DISK_GROUP.text[:-1]}", False),
        (SNAPSHOT_GROUP.text, False),
        (SCOPE[:-1], False),
    ],
)
def test_a_scope_ends_where_its_name_ends(scope: str, covers: bool) -> None:
    assert rule(scope=scope).covers(disk_id()) is covers


# ---------------------------------------------------------------- a disk that nobody protects


def test_a_disk_that_a_rule_wants_is_protected_under_a_name_that_never_changes() -> None:
    decision = judged(disk(backup="daily"), None, rule())
    assert (decision.action, decision.vault, decision.rule) == (Action.PROTECT, VAULT, rule())
    assert decision.instance_name == judged(Disk(raw=disk_json(tags={"backup": "daily"})), None, rule()).instance_name
    assert "priority 100" in decision.because[-1]


def test_a_disk_that_no_rule_wants_is_left_alone_and_each_rule_says_why() -> None:
    decision = judged(disk(), None, rule(), rule("rule-2", scope=SNAPSHOT_GROUP.text), rule("rule-3", enabled=False))
    assert decision.action is Action.LEAVE
    assert [reason.partition("'")[2].partition("'")[0] for reason in decision.because] == ["rule-1", "rule-3"]
    assert judged(disk(backup="daily"), None).because == ("no rule reaches the disk",)


def test_the_lowest_priority_wins_then_vault_and_name() -> None:
    tagged = disk(backup="daily")
    later = rule("a", priority=200)
    first = rule("z", priority=1, vault=OTHER_VAULT)
    assert judged(tagged, None, later, first).rule == first
    same = [rule("b"), rule("B2"), rule("a"), rule("a", vault=OTHER_VAULT)]
    assert judged(tagged, None, *same).rule == rule("a"), "backup-rg comes before other-rg"


@pytest.mark.parametrize("name", ["disk-1", "_disk", "d" * 80, "a.b_c-d", "___", "(odd)"])
def test_an_instances_name_is_one_that_the_api_takes(name: str) -> None:
    made = instance_name(disk_id(name))
    assert made[0].isalnum()
    assert all(letter.isalnum() or letter in "-_." for letter in made)
    assert len(made) <= 200
    assert made == instance_name(disk_id(name).upper()).lower() or name != name.lower()


def test_disks_of_one_name_in_two_groups_have_two_instances() -> None:
    assert instance_name(disk_id()) != instance_name(disk_id(group=SNAPSHOT_GROUP))


# ---------------------------------------------------------------- a disk that a rule protects


WANTED, UNWANTED, DISABLED = disk(backup="daily"), disk(), rule(enabled=False)
NO_RULE, DISK_GONE = (
    held(ProtectionState.STOPPED, error=JobError.of(error("gone"))) for error in (NoRuleMatches, DiskNotFound)
)


@pytest.mark.parametrize(
    ("seen", "of", "by", "action"),
    [
        pytest.param(WANTED, None, DISABLED, Action.LEAVE, id="a disabled rule protects nothing new"),
        pytest.param(WANTED, held(), DISABLED, Action.LEAVE, id="a disabled rule lets a wanted disk be protected on"),
        pytest.param(UNWANTED, held(), DISABLED, Action.LEAVE, id="a disabled rule stops nothing"),
        pytest.param(WANTED, held(), rule(), Action.LEAVE, id="what stays wanted is left as it is"),
        pytest.param(
            UNWANTED, held(ProtectionState.STOPPED), rule(), Action.LEAVE, id="what is stopped is not stopped again"
        ),
        pytest.param(
            UNWANTED, held(ProtectionState.SUSPENDED), rule(), Action.LEAVE, id="what is suspended is not stopped"
        ),
        pytest.param(WANTED, NO_RULE, rule(), Action.RESUME, id="what a rule stopped is resumed when one wants it"),
        pytest.param(UNWANTED, NO_RULE, rule(), Action.LEAVE, id="what a rule stopped stays so until one wants it"),
        pytest.param(WANTED, DISK_GONE, rule(), Action.RESUME, id="what its disk's loss stopped is resumed"),
        pytest.param(WANTED, held(ProtectionState.ERROR), rule(), Action.RETRY, id="what failed is to be tried again"),
        pytest.param(
            WANTED,
            held(),
            rule(vault=OTHER_VAULT),
            Action.STOP,
            id="another vault's rule of the name wants nothing here",
        ),
    ],
)
def test_what_a_rule_does_with_a_disk(
    seen: Disk, of: BackupInstance | None, by: ProtectionRule, action: Action
) -> None:
    assert judged(seen, of, by).action is action


def test_a_rule_with_another_policy_moves_its_disks() -> None:
    decision = judged(disk(backup="daily"), held(), rule(policy_name="policy-2"))
    assert (decision.action, decision.instance_name, decision.revision) == (Action.MOVE, held().name, held().revision)


def test_another_rule_of_the_vault_takes_over_when_it_comes_first() -> None:
    first = rule("rule-0", priority=1)
    decision = judged(disk(backup="daily"), held(), rule(), first)
    assert (decision.action, decision.rule) == (Action.MOVE, first)


def test_a_rule_of_another_vault_does_not_take_over_but_is_named() -> None:
    first = rule("rule-0", vault=OTHER_VAULT, priority=1)
    decision = judged(disk(backup="daily"), held(), rule(), first)
    assert decision.action is Action.LEAVE
    assert any("comes first" in reason for reason in decision.because)
    assert decision.told_of == {VAULT, OTHER_VAULT}
    later = rule("rule-9", vault=OTHER_VAULT, priority=900)
    assert not any("comes first" in reason for reason in judged(disk(backup="daily"), held(), rule(), later).because)


@pytest.mark.parametrize("state", ["CONFIGURED", "CONFIGURING", "UPDATING", "ERROR"])
def test_a_disk_that_no_rule_wants_any_more_is_stopped(state: str) -> None:
    for rules in ([rule()], [], [rule(scope=SNAPSHOT_GROUP.text)], [rule("rule-2", vault=OTHER_VAULT)]):
        assert judged(disk(), held(ProtectionState[state]), *rules).action is Action.STOP


def test_nothing_is_stopped_while_a_rule_cannot_be_read() -> None:
    decision = judged(disk(), held(), rule(), complete=False)
    assert decision.action is Action.LEAVE
    assert "could not be read" in decision.because[-1]
    assert judged(disk(backup="daily"), None, rule(), complete=False).action is Action.PROTECT


@pytest.mark.parametrize("state", [ProtectionState.STOPPED, ProtectionState.SUSPENDED])
def test_what_a_hand_paused_stays_paused(state: ProtectionState) -> None:
    decision = judged(disk(backup="daily"), held(state), rule())
    assert decision.action is Action.LEAVE
    assert "by hand" in decision.because[-1]


def test_what_a_hand_made_is_never_touched() -> None:
    for tags in ({}, {RULE_TAG: ""}, {"team": "storage"}):
        by_hand = replace(held(), tags=tags)
        for rules in ([rule(policy_name="policy-2")], [], [rule()]):
            decision = judged(disk(backup="daily"), by_hand, *rules)
            assert decision.action is Action.LEAVE
            assert "by hand" in decision.because[0]


# ---------------------------------------------------------------- the book


def test_a_rule_is_tried_in_the_place_of_the_stored_one() -> None:
    tried = book(rule(), rule("rule-2")).with_rule(rule(priority=7))
    assert {each.name: each.priority for each in tried.rules} == {"rule-1": 7, "rule-2": 100}
    assert tried.find(VAULT, "RULE-1") == rule(priority=7)
    assert tried.find(OTHER_VAULT, "rule-1") is None
