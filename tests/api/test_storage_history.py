"""How much is held, day by day, over HTTP: sums over what the caller may see, and no false fall at the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from backup_core.domain.resource_ids import ANYWHERE, VaultKey
from backup_core.domain.storage_day import Holding, StorageDay
from backup_core.ports import Insert
from tests.api.bodies import VAULT_PATH
from tests.api.front import VERSION, Front, Reply
from tests.api.tenant import READER, SOMEBODY_ELSE, bearer, guarded
from tests.builders import VAULT
from tests.fakes import World
from tests.workflows.scenes import backed_up

OF_ALL = "/providers/Microsoft.DataProtection/storageHistory"
OF_VAULT = f"{VAULT_PATH}/storageHistory"
OTHER = replace(VAULT, name="another")


def three_days() -> World:
    """Two vaults, of which the other is not counted yet today."""
    world = backed_up().world
    noted(world, VAULT, {2: 1, 1: 2, 0: 3})
    noted(world, OTHER, {2: 10, 1: 20})
    return world


def ask(asked: Front, **query: str) -> Reply:
    return asked.send("GET", OF_ALL, query=VERSION | query)


def noted(world: World, vault: VaultKey, points: dict[int, int], cost: float | None = 1.0) -> None:
    """`points` by how many days ago."""
    for ago, count in points.items():
        day = (world.clock.now() - timedelta(days=ago)).date().isoformat()
        holding = Holding(
            instances=1,
            points=count,
            gib=count * 10,
            monthly_cost=cost,
            copies=2 * count,
            copies_gib=count,
            copies_monthly_cost=cost,
        )
        world.store.commit(ANYWHERE, [Insert(StorageDay(vault=vault, day=day, holding=holding))])


def test_the_days_of_all_vaults_are_added_up_and_today_ends_in_no_false_fall() -> None:
    told = Front(three_days()).get(OF_ALL).json
    assert [(day["day"], day["vaults"], day["recoveryPoints"]) for day in told["value"]] == [
        ("2026-02-28", 2, 11),
        ("2026-03-01", 2, 22),
        ("2026-03-02", 2, 23),
    ]
    assert [(day["estimatedGib"], day["estimatedMonthlyCost"]) for day in told["value"]] == [
        (110, 2.0),
        (220, 2.0),
        (230, 2.0),
    ]
    assert [(day["recoveryPointCopies"], day["estimatedCopiesGib"]) for day in told["value"]] == [
        (22, 11),
        (44, 22),
        (46, 23),
    ]
    assert [day["estimatedCopiesMonthlyCost"] for day in told["value"]] == [2.0, 2.0, 2.0]
    assert any("2% of each changes a day" in line for line in told["assumptions"])


def test_a_vault_tells_its_own_and_of_another_only_who_may_see_it_is_told() -> None:
    world = three_days()
    assert [day["recoveryPoints"] for day in Front(world).get(OF_VAULT).json["value"]] == [1, 2, 3]
    caller = guarded(world, scopes={OTHER.resource_id: [SOMEBODY_ELSE]})
    seen = caller.get(OF_ALL, headers=bearer(READER)).json["value"]
    assert [(day["vaults"], day["recoveryPoints"]) for day in seen] == [(1, 1), (1, 2), (1, 3)]


def test_a_price_that_nobody_has_read_makes_a_sum_that_nobody_knows() -> None:
    world = backed_up().world
    noted(world, VAULT, {0: 3})
    noted(world, OTHER, {0: 3}, cost=None)
    assert [day["estimatedMonthlyCost"] for day in Front(world).get(OF_ALL).json["value"]] == [None]


def test_a_period_is_what_was_asked_for() -> None:
    told = ask(Front(three_days()), **{"from": "2026-03-01T05:00:00Z", "to": "2026-03-01T06:00:00Z"}).json
    assert (told["from"], told["to"], [day["day"] for day in told["value"]]) == (
        "2026-03-01",
        "2026-03-01",
        ["2026-03-01"],
    )


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": "1"}, "to"),
        ({"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}, "from"),
    ],
)
def test_what_is_no_period_is_refused(query: dict[str, str], target: str) -> None:
    assert list(ask(Front(World()), **query).faults) == [target]


def test_a_list_of_disks_says_how_many_points_each_has_and_what_they_hold() -> None:
    (told,) = Front(backed_up().world).get(f"{VAULT_PATH}/backupInstanceStandings").json["value"]
    assert (told["recoveryPoints"], told["estimatedGib"], told["estimatedMonthlyCost"]) == (1, 128.0, None)
