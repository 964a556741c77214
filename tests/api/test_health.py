"""Health over HTTP: summaries of what the caller may see, and a sign of life that tells strangers nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import azure.functions as func
import pytest

from backup_core.api.blueprint import api_blueprint
from backup_core.domain.errors import CloudUnavailable, PermissionMissing
from backup_core.domain.vault import Promises
from backup_core.ports import Memory
from backup_core.settings import SettingsInvalid, SignIn
from backup_core.workflows.reconcile import reconcile
from backup_core.workflows.set_back import go_on
from backup_core.workflows.vaults import put_vault
from tests.api.bodies import VAULT_PATH
from tests.api.front import BY_KEY, Front, Services
from tests.api.tenant import PERSON, READER, SOMEBODY_ELSE, bearer, guarded
from tests.builders import OTHER_SUBSCRIPTION, SUBSCRIPTION, VAULT, VaultKey, vault, vault_properties
from tests.fakes import World
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, SLOT, backed_up, protected, refuse
from tests.workflows.test_copying import COPIES, copied

PROVIDER = "providers/Microsoft.DataProtection"
ALL = f"/{PROVIDER}/health"
OF_SUBSCRIPTION = f"/subscriptions/{SUBSCRIPTION}/{PROVIDER}/health"
OF_VAULT = f"{VAULT_PATH}/health"
OTHER = VaultKey(subscription=OTHER_SUBSCRIPTION, group="elsewhere-rg", name="vault-2")


def told_of(platform: Platform, path: str = OF_VAULT) -> Any:
    return Front(platform.world).get(path).json["properties"]


def test_a_vaults_health_is_told_at_a_glance() -> None:
    platform = backed_up("disk-1", "disk-2")
    reply = Front(platform.world).get(OF_VAULT)
    assert reply.status == 200
    assert (reply.json["id"], reply.json["type"]) == (OF_VAULT, "Microsoft.DataProtection/backupVaults/health")
    told = reply.json["properties"]
    assert told["backupInstances"] == {"protected": 2, "atRisk": 0, "breached": 0, "paused": 0, "error": 0}
    assert {"operation": "Backup", "status": "Completed", "count": 2} in told["jobs"]["counts"]
    assert told["lastTick"] == "2026-03-02T12:00:00.0000000Z"
    assert told["worst"][0]["objectiveSeconds"] == 75 * 60
    assert told["worst"][0]["backupInstanceId"].startswith(f"{VAULT_PATH}/backupInstances/disk-")
    assert told["nextDue"][0]["slot"] == "2026-03-02T13:00:00.0000000Z"
    assert told["storage"] == {"backupInstances": 2, "sourceDiskBytes": 2 * (128 << 30)}
    assert told["activeAlerts"] == dict.fromkeys(["Sev0", "Sev1", "Sev2", "Sev3", "Sev4"], 0)
    assert told["events"] == {"waiting": 0, "refused": 0}


def test_tables_that_are_older_than_the_world_are_told_of_until_an_operator_says_go_on() -> None:
    platform = backed_up()
    assert told_of(platform)["tables"] == {"isSetBack": False, "isReconciled": True}
    tables = platform.world.store.copy()
    platform.run(minutes=10)
    platform.world.store.go_back(tables)
    platform.run(minutes=1)
    assert told_of(platform)["tables"] == {"isSetBack": True, "isReconciled": False}
    go_on(platform.world.ports)
    platform.run(minutes=1)
    assert told_of(platform)["tables"]["isSetBack"] is False


def test_a_region_where_azure_refuses_says_so_for_its_copies_and_home_says_that_azure_keeps_it() -> None:
    platform = copied(protected())
    platform.world.promises = Promises(binds_snapshots=True)
    put_vault(platform.world.ports, vault(properties=vault_properties(immutability="Unlocked")))
    missing = PermissionMissing("403", scope=COPIES.text, role="Snapshot Immutability Writer")
    platform.world.cloud.guard = refuse_in_copies(missing)
    platform.run(minutes=10)
    north = {"location": "northeurope", "instancesNotBound": 1}
    kept = {"state": "Unlocked", "keptBy": "Azure", "instancesNotBound": 0, "copiesNotBound": [north]}
    assert told_of(platform)["immutability"] == kept
    platform.world.cloud.guard = lambda call, target: None
    reconcile(platform.world.ports)
    platform.run(minutes=2)
    assert told_of(platform)["immutability"]["copiesNotBound"] == []


def refuse_in_copies(error: Exception) -> Callable[[str, str], None]:
    def guard(call: str, target: str) -> None:
        if call == "bind_snapshot" and target.lower().startswith(COPIES.text.lower()):
            raise error

    return guard


@pytest.mark.parametrize("state", ["Disabled", "Unlocked", "Locked"])
def test_a_vault_says_that_what_is_immutable_is_kept_by_this_app_only(state: str) -> None:
    platform = backed_up()
    put_vault(platform.world.ports, vault(properties=vault_properties(immutability=state)))
    assert told_of(platform)["immutability"] == {
        "state": state,
        "keptBy": "ThisAppOnly",
        "instancesNotBound": 0,
        "copiesNotBound": [],
    }


def test_a_deployment_that_binds_says_that_azure_keeps_it_until_azure_refuses() -> None:
    platform = backed_up()
    platform.world.promises = Promises(binds_snapshots=True)
    put_vault(platform.world.ports, vault(properties=vault_properties(immutability="Unlocked")))
    assert told_of(platform)["immutability"]["keptBy"] == "Azure"
    missing = PermissionMissing("403", scope="/subscriptions/x", role="Snapshot Immutability Writer")
    platform.world.cloud.guard = refuse("bind_snapshot", missing)
    reconcile(platform.world.ports)
    platform.run(minutes=2)
    told = told_of(platform)
    kept = {"state": "Unlocked", "keptBy": "ThisAppOnly", "instancesNotBound": 1, "copiesNotBound": []}
    assert told["immutability"] == kept
    assert sum(told["activeAlerts"].values()) == 1
    assert told_of(platform, ALL)["immutability"]["state"] is None


def test_without_vaults_there_is_nothing_to_tell() -> None:
    for path in (ALL, OF_SUBSCRIPTION):
        told = Front(World()).get(path).json["properties"]
        assert (told["vaults"], told["lastTick"], told["worst"]) == (0, None, [])


def test_the_sum_takes_in_the_vaults_of_its_scope() -> None:
    platform = backed_up()
    put_vault(platform.world.ports, vault(OTHER))
    assert (told_of(platform, ALL)["vaults"], told_of(platform, OF_SUBSCRIPTION)["vaults"]) == (2, 1)


@pytest.mark.parametrize("path", [ALL, OF_SUBSCRIPTION])
def test_what_the_caller_may_not_see_is_in_no_sum(path: str) -> None:
    platform = backed_up()
    put_vault(platform.world.ports, vault(OTHER))
    everything = told_of(platform, path)
    assert everything["backupInstances"]["protected"] == 1
    stranger = guarded(platform.world, scopes={VAULT_PATH: [SOMEBODY_ELSE]})
    seen = stranger.get(path, headers=bearer(READER)).json["properties"]
    assert seen["vaults"] == everything["vaults"] - 1
    assert seen["backupInstances"]["protected"] == 0
    assert VAULT.name not in json.dumps(seen)
    friend = guarded(platform.world, scopes={VAULT_PATH: [PERSON]})
    assert friend.get(path, headers=bearer(READER)).json["properties"]["vaults"] == everything["vaults"]


def test_a_page_that_is_looked_at_each_second_costs_what_one_costs_that_is_looked_at_once() -> None:
    platform = backed_up()
    platform.world.memory = Memory()
    front = Front(platform.world)
    front.get(ALL)
    before = len(platform.world.faults.calls)
    for _ in range(10):
        front.get(ALL)
    assert set(platform.world.faults.calls[before:]) == {"store.vaults"}, "who may see what is looked up each time"


# The sign of life.


def unconfigured() -> SignIn:
    raise SettingsInvalid(["nothing is set"])


@pytest.mark.parametrize("sign_in", [lambda: BY_KEY, unconfigured])
@pytest.mark.parametrize("query", [{}, {"api-version": "2026-06-01"}])
def test_anybody_hears_whether_the_last_tick_is_recent_and_nothing_else(sign_in, query) -> None:
    platform = backed_up()
    front = Front(platform.world, services=Services(platform.world, sign_in))
    reply = front.send("GET", "/health/live", query=query)
    assert (reply.status, reply.json) == (200, {"status": "ok"})
    platform.world.clock.set(SLOT + HOUR)
    reply = front.send("GET", "/health/live", query=query)
    assert (reply.status, reply.json) == (503, {"status": "stalled"})


def test_in_entra_mode_no_token_is_asked_for() -> None:
    platform = backed_up()
    front = guarded(platform.world)
    assert front.send("GET", "/health/live", query={}).status == 200
    assert front.send("GET", "/health/live", query={}, headers={"Authorization": "Bearer nonsense"}).status == 200
    assert platform.world.audit.records == []


def test_an_app_without_its_storage_and_one_that_never_ticked_look_alike_from_outside() -> None:
    world = World()
    never = Front(world).send("GET", "/health/live", query={})
    world.faults.fail("store.get", CloudUnavailable("503"))
    without = Front(world).send("GET", "/health/live", query={})
    assert (never.status, never.text) == (without.status, without.text) == (503, '{"status": "stalled"}')


@pytest.mark.parametrize("host_checks_keys", [True, False])
def test_the_host_asks_nobody_for_a_key_there_and_everybody_elsewhere_if_it_does(host_checks_keys: bool) -> None:
    app = func.FunctionApp()
    app.register_functions(api_blueprint(Services(World()), host_checks_keys=host_checks_keys))
    levels = {each.get_function_name(): level_of(each) for each in app.get_functions()}
    assert levels.pop("health_live") == "ANONYMOUS"
    assert set(levels.values()) == {"FUNCTION" if host_checks_keys else "ANONYMOUS"}


def level_of(function: func.decorators.function_app.Function) -> str:
    (trigger,) = (raw for raw in function.get_raw_bindings() if "httpTrigger" in raw)
    return str(json.loads(trigger)["authLevel"]).upper()


def test_strangers_do_not_make_the_app_read_its_storage_each_time() -> None:
    platform = Platform()
    platform.run(minutes=2)
    front = Front(platform.world)
    before = len(platform.world.faults.calls)
    for _ in range(50):
        front.send("GET", "/health/live", query={})
    platform.world.clock.advance(timedelta(seconds=20))
    front.send("GET", "/health/live", query={})
    assert platform.world.faults.calls[before:] == ["store.get", "store.get"]
