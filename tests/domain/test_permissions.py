"""What ARM's lists of actions allow: wildcards, exclusions, several roles together."""

from __future__ import annotations

import pytest

from backup_core.domain.permissions import BACK_UP_DISK, KEEP_SNAPSHOTS, RESTORE_DISKS, Grant, Permissions

READ = "Microsoft.Compute/disks/read"
WRITE = "Microsoft.Compute/disks/write"
BEGIN = "Microsoft.Compute/disks/beginGetAccess/action"


def allowing(*actions: str, but: tuple[str, ...] = ()) -> Permissions:
    return Permissions(grants=(Grant(actions=actions, not_actions=but),))


@pytest.mark.parametrize(
    ("pattern", "action", "allowed"),
    [
        ("*", BEGIN, True),
        ("*/read", READ, True),
        ("*/read", WRITE, False),
        ("Microsoft.Compute/*", BEGIN, True),
        ("Microsoft.Compute/disks/*/action", BEGIN, True),
        ("Microsoft.Compute/*/read", READ, True),
        ("microsoft.compute/DISKS/Read", READ, True),
        ("Microsoft.Compute/disks", READ, False),
        ("Microsoft.Compute/disks/rea", READ, False),
        ("MicrosoftXCompute/disks/read", READ, False),
        ("Microsoft.Compute/disks/rea.", READ, False),
        ("", READ, False),
    ],
)
def test_a_star_stands_for_anything_and_all_else_for_itself(pattern: str, action: str, allowed: bool) -> None:
    assert allowing(pattern).allows(action) is allowed


def test_an_exclusion_takes_away_from_its_own_role_only() -> None:
    limited = allowing("*", but=("*/write",))
    assert limited.allows(READ)
    assert not limited.allows(WRITE)
    both = Permissions(grants=(*limited.grants, Grant(actions=(WRITE,))))
    assert both.allows(WRITE)


def test_no_role_allows_nothing() -> None:
    assert not Permissions().allows(READ)
    assert Permissions().missing(BACK_UP_DISK.actions) == BACK_UP_DISK.actions


def test_what_is_missing_is_named_over_all_roles() -> None:
    held = Permissions(grants=(Grant(actions=(READ,)), Grant(actions=("*/write",))))
    assert held.missing((READ, WRITE, BEGIN)) == (BEGIN,)


@pytest.mark.parametrize(
    ("need", "held"),
    [
        (
            BACK_UP_DISK,
            ("Microsoft.Authorization/*/read", READ, BEGIN),
        ),
        (
            KEEP_SNAPSHOTS,
            (
                "Microsoft.Authorization/*/read",
                "Microsoft.Resources/subscriptions/resourceGroups/read",
                *(f"Microsoft.Compute/snapshots/{verb}" for verb in ("delete", "write", "read")),
                "Microsoft.Compute/snapshots/beginGetAccess/action",
                "Microsoft.Compute/snapshots/endGetAccess/action",
                BEGIN,
            ),
        ),
        (
            RESTORE_DISKS,
            (
                "Microsoft.Authorization/*/read",
                "Microsoft.Resources/subscriptions/resourceGroups/read",
                WRITE,
                READ,
            ),
        ),
    ],
)
def test_azures_own_role_holds_all_that_is_needed_of_it(need: object, held: tuple[str, ...]) -> None:
    """The roles' actions as recorded in 2024; the last one's as documented."""
    assert allowing(*held).missing(need.actions) == ()  # type: ignore[attr-defined]
