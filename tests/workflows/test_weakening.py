"""What makes a vault protect less: refused where it is locked, told with before and after, and in force only after a
delay in which it can be taken back. What makes it protect more is in force at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.domain.errors import InvalidInput
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.vault import Promises, Vault
from backup_core.ports import Ports
from backup_core.workflows.catalogue import get_vault
from backup_core.workflows.lifecycle import delete_instance
from backup_core.workflows.protection import configure_instance
from backup_core.workflows.vaults import VaultChange, patch_vault, put_policy, put_vault
from tests.builders import VAULT, policy, vault, vault_properties
from tests.fakes import START
from tests.workflows.platform import Platform, request

DAY = timedelta(days=1)
CHOICES = {
    "soft delete off": {"soft_delete": "Off"},
    "fewer days": {"days": 30.0},
    "immutability disabled": {"immutability": "Disabled"},
    "restore to other subscriptions": {"cross_subscription": "Enabled"},
}
STRONG: dict[str, Any] = {
    "soft_delete": "On",
    "days": 60.0,
    "immutability": "Unlocked",
    "cross_subscription": "Disabled",
}


def backed_up(**settings: Any) -> Platform:
    """A vault with these settings (the strong ones) that holds a point."""
    platform = Platform()
    put_vault(platform.world.ports, vault(properties=vault_properties(**(STRONG | settings))))
    platform.protect("disk-1", retention="P30D")
    platform.world.clock.set(START.replace(hour=11, minute=59))
    platform.run(minutes=2)
    assert platform.points()
    return platform


def change(platform: Platform, **settings: Any) -> VaultChange:
    chosen = {"securitySettings": {}, "featureSettings": {}} | vault_properties(**(STRONG | settings))
    return patch_vault(platform.world.ports, VAULT, tags=None, identity=None, settings=chosen)


def in_force(ports: Ports) -> tuple[Any, ...]:
    seen = get_vault(ports, VAULT)
    return seen.soft_delete_days, seen.is_immutable, seen.allows_cross_subscription_restore


def weakened(platform: Platform) -> list[Any]:
    return [event for event in platform.world.events.distinct if event.type == "DiskBackup.Vault.Weakened"]


@pytest.mark.parametrize("weaker", CHOICES.values(), ids=CHOICES)
def test_a_weakening_waits_a_day_and_is_told_with_before_and_after(weaker: dict[str, Any]) -> None:
    platform = backed_up()
    strong, asked_at = in_force(platform.world.ports), platform.world.clock.now()
    change(platform, **weaker)
    assert in_force(platform.world.ports) == strong
    (event,) = weakened(platform)
    assert event.content["severity"] == "Sev1"
    assert " -> " in event.content["changes"][0]
    assert event.content["effectiveTime"] == (asked_at + DAY).isoformat()
    platform.world.clock.set(asked_at + DAY - timedelta(seconds=1))
    assert in_force(platform.world.ports) == strong
    platform.world.clock.set(asked_at + DAY)
    assert in_force(platform.world.ports) != strong


@pytest.mark.parametrize("weaker", CHOICES.values(), ids=CHOICES)
def test_a_weakening_is_taken_back_by_writing_what_is_in_force(weaker: dict[str, Any]) -> None:
    platform = backed_up()
    strong = in_force(platform.world.ports)
    change(platform, **weaker)
    assert change(platform).after.weaker == {}
    platform.world.clock.advance(days=2)
    assert in_force(platform.world.ports) == strong


def test_asking_again_neither_puts_it_off_nor_tells_it_twice() -> None:
    platform = backed_up()
    asked_at = platform.world.clock.now()
    change(platform, soft_delete="Off")
    platform.world.clock.advance(hours=20)
    change(platform, soft_delete="Off")
    platform.world.clock.set(asked_at + DAY)
    assert get_vault(platform.world.ports, VAULT).soft_delete_days == 0
    assert len(weakened(platform)) == 1


def test_a_request_about_something_else_leaves_it_waiting() -> None:
    platform = backed_up()
    change(platform, soft_delete="Off")
    patch_vault(platform.world.ports, VAULT, tags={"a": "b"}, identity=None, settings={})
    platform.world.clock.advance(days=1)
    seen = get_vault(platform.world.ports, VAULT)
    assert (seen.tags, seen.soft_delete_days) == ({"a": "b"}, 0)


def test_what_is_made_weaker_still_waits_anew() -> None:
    platform = backed_up()
    change(platform, days=30.0)
    platform.world.clock.advance(hours=20)
    change(platform, days=14.0)
    platform.world.clock.advance(hours=20)
    assert get_vault(platform.world.ports, VAULT).soft_delete_days == 60
    platform.world.clock.advance(hours=4)
    assert get_vault(platform.world.ports, VAULT).soft_delete_days == 14


def test_a_strengthening_is_in_force_at_once_beside_a_weakening_that_waits() -> None:
    platform = backed_up()
    change(platform, days=90.0, cross_subscription="Enabled")
    assert in_force(platform.world.ports) == (90, True, False)


def test_a_vault_without_points_changes_at_once_and_tells() -> None:
    platform = Platform()
    put_vault(platform.world.ports, vault(properties=vault_properties(**STRONG)))
    change(platform, soft_delete="Off")
    assert get_vault(platform.world.ports, VAULT).soft_delete_days == 0
    assert len(weakened(platform)) == 1


def test_what_is_deleted_meanwhile_is_deleted_softly() -> None:
    platform = backed_up(immutability="Disabled")
    change(platform, soft_delete="Off", immutability="Disabled")
    delete_instance(platform.world.ports, VAULT, "disk-1")
    platform.run(minutes=10)
    assert platform.instance().is_deleted
    assert platform.points()


@pytest.mark.parametrize("weaker", [CHOICES[name] for name in CHOICES if name != "immutability disabled"])
def test_a_locked_vault_takes_no_weakening_not_even_with_the_lock(weaker: dict[str, Any]) -> None:
    platform = backed_up()
    with pytest.raises(InvalidInput) as refusal:
        change(platform, immutability="Locked", **weaker)
    assert refusal.value.code == "UserErrorWeakeningNotAllowed"
    change(platform, immutability="Locked")
    with pytest.raises(InvalidInput) as refusal:
        change(platform, immutability="Locked", **weaker)
    assert refusal.value.code == "UserErrorWeakeningNotAllowed"
    assert weakened(platform) == []


def test_the_lock_takes_back_what_waits() -> None:
    platform = backed_up()
    change(platform, soft_delete="Off")
    locked = {"securitySettings": {"immutabilitySettings": {"state": "Locked"}}}
    patch_vault(platform.world.ports, VAULT, tags=None, identity=None, settings=locked)
    platform.world.clock.advance(days=2)
    assert get_vault(platform.world.ports, VAULT).soft_delete_days == 60


def test_always_on_keeps_its_days() -> None:
    platform = backed_up(soft_delete="AlwaysOn", days=180.0)
    with pytest.raises(InvalidInput) as refusal:
        change(platform, soft_delete="AlwaysOn", days=14.0)
    assert refusal.value.code == "UserErrorWeakeningNotAllowed"
    change(platform, soft_delete="AlwaysOn", days=180.0)


# --- Retention ---


@pytest.mark.parametrize("immutability", ["Unlocked", "Locked"])
def test_an_immutable_vault_takes_no_shorter_policy_and_no_move_to_one(immutability: str) -> None:
    platform = backed_up(immutability=immutability)
    ports = platform.world.ports
    with pytest.raises(InvalidInput) as refusal:
        put_policy(ports, VAULT, policy("policy-disk-1", retention="P1D"))
    assert refusal.value.code == "UserErrorWeakeningNotAllowed"
    put_policy(ports, VAULT, policy("short", retention="P1D"))
    with pytest.raises(InvalidInput) as refusal:
        configure_instance(ports, VAULT, request(policy_name="short"))
    assert refusal.value.code == "UserErrorWeakeningNotAllowed"
    put_policy(ports, VAULT, policy("policy-disk-1", retention="P60D"))
    put_policy(ports, VAULT, policy("long", retention="P70D"))
    configure_instance(ports, VAULT, request(policy_name="long"))


def test_a_move_to_a_shorter_policy_is_told() -> None:
    platform = backed_up(immutability="Disabled")
    put_policy(platform.world.ports, VAULT, policy("short", retention="P1D"))
    configure_instance(platform.world.ports, VAULT, request(policy_name="short"))
    (event,) = (each for each in platform.world.events.distinct if each.type == "DiskBackup.Policy.RetentionShortened")
    assert (event.content["severity"], event.content["rules"]) == ("Sev1", ["Default: P30D -> P1D"])


MONTHLY = {"Monthly": ("FirstOfMonth", "P1Y")}


@pytest.mark.parametrize(
    "shorter",
    [
        {"retention": "P30D"},
        {"retention": "P30D", "tags": {"Monthly": ("FirstOfMonth", "P6M")}},
        {"retention": "P30D", "tags": {"Monthly": ("FirstOfYear", "P1Y")}},
        {"retention": "P30D", "tags": {"Weekly": ("FirstOfWeek", "P1Y")}},
        {"retention": "P30D", "tags": MONTHLY | {"Eager": ("AllBackup", "P40D")}},
    ],
    ids=["rule dropped", "rule shortened", "rarer criterion", "other criterion", "a criterion that goes first"],
)
def test_every_way_to_keep_points_for_less_long_is_seen(shorter: dict[str, Any]) -> None:
    platform = Platform()
    put_vault(platform.world.ports, vault(properties=vault_properties(**STRONG)))
    put_policy(platform.world.ports, VAULT, policy("kept", retention="P30D", tags=MONTHLY))
    if "Eager" in shorter.get("tags", {}):
        shorter = {**shorter, "tags": {"Yearly": ("AllBackup", "P40D"), **MONTHLY}}
    with pytest.raises(InvalidInput):
        put_policy(platform.world.ports, VAULT, policy("kept", **shorter))


# --- The least that any vault may have ---


LEAST = Promises(least_soft_delete_days=30, least_immutability="Unlocked")
OTHER = VaultKey(subscription=VAULT.subscription, group=VAULT.group, name="other")


def asked_of(platform: Platform, promises: Promises) -> Ports:
    return replace(platform.world.ports, promises=promises)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"soft_delete": "Off"}, "DISKBACKUP_LEAST_SOFT_DELETE_DAYS"),
        ({"days": 14.0}, "DISKBACKUP_LEAST_SOFT_DELETE_DAYS"),
        ({"immutability": "Disabled"}, "DISKBACKUP_LEAST_IMMUTABILITY"),
    ],
)
def test_no_vault_is_made_or_changed_below_the_least(settings: dict[str, Any], named: str) -> None:
    platform = Platform()
    ports = asked_of(platform, LEAST)
    below = vault(OTHER, properties=vault_properties(**(STRONG | settings)))
    for _ in ("new", "changed"):
        with pytest.raises(InvalidInput) as refusal:
            put_vault(ports, below)
        assert named in refusal.value.message
        put_vault(ports, vault(OTHER, properties=vault_properties(**STRONG)))


def test_an_older_vault_below_the_least_may_still_be_changed_otherwise() -> None:
    platform = Platform()
    patch_vault(asked_of(platform, LEAST), VAULT, tags={"a": "b"}, identity=None, settings={})


def test_a_deployment_may_do_without_the_delay() -> None:
    platform = backed_up()
    ports = asked_of(platform, Promises(weakening_delay=timedelta(0)))
    put_vault(ports, vault(properties=vault_properties(soft_delete="Off")))
    assert get_vault(ports, VAULT).soft_delete_days == 0


def test_a_vault_of_an_older_release_has_nothing_waiting() -> None:
    older = Vault(key=VAULT, location="westeurope", created_at=START)
    assert older.at(START) is older
