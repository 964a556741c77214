"""Who may do what a resource guard guards: never who unlocked it, and never anybody after its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from backup_core.domain.guard import (
    OPERATIONS,
    UNLOCKED_FOR,
    Critical,
    Exclusion,
    GuardMapping,
    Leave,
    ResourceGuard,
    Unlock,
    check_exclusions,
    critical_weakenings,
    excluded_anew,
    judge,
    parse_guard_id,
    proxy_id,
    read_request,
    request_id,
    subject_of,
)
from backup_core.domain.vault import Weakening
from tests.builders import NOW, SUBSCRIPTION, VAULT

MINUTE = timedelta(minutes=1)
ADA, BEN, EVE = "ada", "ben", "eve"
INSTANCE = f"{VAULT.resource_id}/backupInstances/disk-1"
GUARD = ResourceGuard(
    subscription=SUBSCRIPTION, group="security-rg", name="guard-1", location="westeurope", created_at=NOW
)
MAPPING = GuardMapping(vault=VAULT, guard_id=GUARD.resource_id, at=NOW, by=ADA)
UNLOCK = Unlock(operation=Critical.DELETE_INSTANCE, resource_id=INSTANCE, by=BEN, at=NOW, until=NOW + UNLOCKED_FOR)


def asked(by: str, *unlocks: Unlock, guard: ResourceGuard | None = GUARD, later: timedelta = MINUTE) -> Leave:
    return judge(Critical.DELETE_INSTANCE, by, guard=guard, mapping=MAPPING, unlocks=unlocks, now=NOW + later)


def without(by: str, at: timedelta) -> ResourceGuard:
    taken_off = Exclusion(operation=Critical.DELETE_INSTANCE.value, by=by, at=NOW + at)
    return replace(GUARD, excluded=(taken_off,))


def test_nobody_may_until_somebody_else_has_unlocked_it() -> None:
    assert asked(ADA) == Leave(granted=False, because="nobody has unlocked it")
    assert asked(ADA, UNLOCK) == Leave(granted=True, because="'ben' has unlocked it", unlock=UNLOCK)


def test_who_unlocks_is_not_who_does_it() -> None:
    assert asked(BEN, UNLOCK) == Leave(granted=False, because="who unlocks must be another person than who does it")
    assert asked(BEN, UNLOCK, replace(UNLOCK, by=ADA)).granted


def test_an_unlock_is_over_after_half_an_hour() -> None:
    assert asked(ADA, UNLOCK, later=UNLOCKED_FOR - timedelta(microseconds=1)).granted
    assert asked(ADA, UNLOCK, later=UNLOCKED_FOR) == Leave(granted=False, because="its unlock is over")


def test_an_unlock_is_for_the_first_who_uses_it_who_may_try_again() -> None:
    used = replace(UNLOCK, used_by=ADA, used_at=NOW)
    assert asked(ADA, used).granted
    assert asked(EVE, used) == Leave(granted=False, because="the unlock was used by somebody else")


def test_who_cannot_be_told_from_others_never_may() -> None:
    assert not asked("", UNLOCK).granted
    assert not asked("", replace(UNLOCK, by="")).granted
    assert not asked("", guard=without(BEN, MINUTE)).granted


def test_a_guard_that_is_gone_guards_everything() -> None:
    assert not asked(ADA, guard=None).granted
    assert asked(ADA, UNLOCK, guard=None).granted


def test_what_was_taken_off_before_the_vault_was_mapped_is_free_to_all() -> None:
    for by in (ADA, BEN, ""):
        assert asked(by, guard=without(ADA, -MINUTE)).granted


def test_what_is_taken_off_afterwards_is_free_to_all_but_who_did_it() -> None:
    assert asked(BEN, guard=without(ADA, MINUTE)).granted
    refused = asked(ADA, guard=without(ADA, MINUTE))
    assert (refused.granted, refused.because[:23]) == (False, "you took it off the gua")
    assert asked(ADA, UNLOCK, guard=without(ADA, MINUTE)).granted


def test_who_took_an_operation_off_first_stays_on_record() -> None:
    first = excluded_anew((), ["a", "b"], ADA, NOW)
    again = excluded_anew(first, ["b", "c", "b"], BEN, NOW + MINUTE)
    assert again == (
        Exclusion(operation="b", by=ADA, at=NOW),
        Exclusion(operation="c", by=BEN, at=NOW + MINUTE),
    )
    assert excluded_anew(again, [], EVE, NOW) == ()


def test_the_end_of_a_mapping_is_always_guarded() -> None:
    (fault,) = check_exclusions("x", [Critical.STOP.value, Critical.UNMAP.value])
    assert (fault.target, fault.code) == ("x", "UserErrorCriticalOperationMandatory")
    assert check_exclusions("x", [each for each in OPERATIONS if each != Critical.UNMAP.value]) == []


def test_a_guard_guards_what_was_not_taken_off_it() -> None:
    assert GUARD.operations == OPERATIONS
    assert set(OPERATIONS) - set(without(ADA, MINUTE).operations) == {Critical.DELETE_INSTANCE.value}


@pytest.mark.parametrize("operation", Critical)
def test_a_request_is_read_as_the_mapping_lists_it(operation: Critical) -> None:
    text = request_id(GUARD.resource_id, operation)
    assert read_request(text, GUARD.resource_id) is operation
    assert read_request(f"{text.upper()}/", GUARD.resource_id) is operation
    with pytest.raises(ValueError, match="no request of the vault's guard"):
        read_request(text, f"{GUARD.resource_id}2")
    with pytest.raises(ValueError, match="no request of the vault's guard"):
        read_request(text.removesuffix("/default"), GUARD.resource_id)


@pytest.mark.parametrize(
    ("operation", "given", "expected"),
    [
        (Critical.DELETE_INSTANCE, INSTANCE, INSTANCE),
        (Critical.DELETE_INSTANCE, INSTANCE.upper(), INSTANCE.upper()),
        (Critical.STOP, f"{VAULT.resource_id}/protectionRules/r", f"{VAULT.resource_id}/protectionRules/r"),
        (Critical.MODIFY_POLICY, f"{VAULT.resource_id}/backupPolicies/p", f"{VAULT.resource_id}/backupPolicies/p"),
        (Critical.UNMAP, "", proxy_id(VAULT)),
        (Critical.UNMAP, proxy_id(VAULT), proxy_id(VAULT)),
        (Critical.REDUCE_SOFT_DELETE, "", VAULT.resource_id),
        (Critical.REDUCE_IMMUTABILITY, f"{VAULT.resource_id}/", VAULT.resource_id),
    ],
)
def test_an_unlock_is_for_one_resource(operation: Critical, given: str, expected: str) -> None:
    assert subject_of(operation, VAULT, given) == expected


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        (Critical.DELETE_INSTANCE, ""),
        (Critical.DELETE_INSTANCE, VAULT.resource_id),
        (Critical.DELETE_INSTANCE, f"{VAULT.resource_id}/backupInstances/"),
        (Critical.DELETE_INSTANCE, f"{INSTANCE}/recoveryPoints/one"),
        (Critical.DELETE_INSTANCE, f"{VAULT.resource_id}2/backupInstances/disk-1"),
        (Critical.DELETE_INSTANCE, f"{VAULT.resource_id}/protectionRules/r"),
        (Critical.REDUCE_SOFT_DELETE, f"{VAULT.resource_id}2"),
        (Critical.UNMAP, INSTANCE),
    ],
)
def test_an_unlock_is_for_nothing_wider_or_elsewhere(operation: Critical, given: str) -> None:
    with pytest.raises(ValueError, match="must name what"):
        subject_of(operation, VAULT, given)


def test_unlocks_of_one_resource_are_one_however_it_is_spelled() -> None:
    assert replace(UNLOCK, resource_id=INSTANCE.upper()).subject == UNLOCK.subject
    assert replace(UNLOCK, resource_id=f"{INSTANCE}2").subject != UNLOCK.subject
    assert replace(UNLOCK, operation=Critical.STOP).subject != UNLOCK.subject


def test_a_weakened_setting_is_the_guards_by_its_group() -> None:
    places = [
        "securitySettings.softDeleteSettings.retentionDurationInDays",
        "featureSettings.crossSubscriptionRestoreSettings.state",
        "securitySettings.immutabilitySettings.state",
    ]
    found = critical_weakenings(Weakening(place=place, before=2, after=1) for place in places)
    assert found == [Critical.REDUCE_SOFT_DELETE, Critical.REDUCE_IMMUTABILITY]
    assert critical_weakenings([]) == []


def test_a_guard_is_named_by_its_id() -> None:
    assert parse_guard_id(GUARD.resource_id).name == "guard-1"
    with pytest.raises(ValueError, match="resourceGuards"):
        parse_guard_id(VAULT.resource_id)
