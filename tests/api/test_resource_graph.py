"""Azure Resource Graph: the three queries of `az dataprotection`, their filters, pages, and what is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.api.graph_query import SERVED, Table
from backup_core.api.resource_graph import RECORDS_AT_ONCE
from backup_core.domain.job import JobStatus
from backup_core.ports import Insert
from tests.api.bodies import (
    POLICY_PATH,
    VAULT_PATH,
    hard_deleting,
    instance_body,
    policy_body,
    vault_body,
)
from tests.api.front import Front, Reply
from tests.api.standing import copied
from tests.api.tenant import CONTRIBUTOR, READER
from tests.attack.closed import (
    CLOSED_DISK,
    CLOSED_VAULT,
    SECRETS,
    AttackedFront,
    as_somebody_else,
    attacked,
    somebody_else,
)
from tests.builders import NOW, OTHER_SUBSCRIPTION, SUBSCRIPTION, VAULT, disk_id, disk_json, job
from tests.fakes import FAKE_TENANT
from tests.workflows.platform import Platform

GRAPH = "/providers/Microsoft.ResourceGraph/resources"
VAULTS, INSTANCES, JOBS = (SERVED[table].opening for table in Table)
DISKS = 5


def among(column: str, *values: str) -> str:
    listed = "','".join(values)
    return f" | where {column} in~ ('{listed}')"


def asked(front: Front, query: str, *, subscriptions: Any = (SUBSCRIPTION,), **options: Any) -> Reply:
    body = {"subscriptions": list(subscriptions), "query": query, "options": options}
    return front.post(GRAPH, body, query={"api-version": "2021-03-01"})


def rows(front: Front, query: str, **more: Any) -> list[Any]:
    reply = asked(front, query, **more)
    assert reply.status == 200, reply.text
    told = reply.json
    assert (told["count"], told["facets"], told["resultTruncated"]) == (len(told["data"]), [], "false")
    data: list[Any] = told["data"]
    return data


def names(front: Front, query: str, **more: Any) -> list[str]:
    return [row["name"] for row in rows(front, query, **more)]


@pytest.fixture
def stocked(front: Front, platform: Platform) -> Front:
    """Two vaults; five protected disks in the one, none in the other; a job of each kind."""
    front.put(VAULT_PATH, vault_body())
    front.put(f"{VAULT_PATH}2", hard_deleting(vault_body()))
    front.put(POLICY_PATH, policy_body())
    for number in range(DISKS):
        platform.world.cloud.add_disk(disk_json(f"d{number}"))
        front.put(f"{VAULT_PATH}/backupInstances/i{number}", instance_body(disk_id(f"d{number}")))
    platform.run(seconds=5)
    return front


def test_a_vault_is_a_row_as_recorded(stocked: Front) -> None:
    first, second = rows(stocked, VAULTS)
    assert first["id"] == VAULT.resource_id.replace("/backupVaults/", "/BackupVaults/")
    assert (first["name"], first["type"]) == (VAULT.name, "microsoft.dataprotection/backupvaults")
    assert (first["tenantId"], first["subscriptionId"], first["resourceGroup"]) == (
        FAKE_TENANT,
        SUBSCRIPTION,
        VAULT.group,
    )
    assert (first["kind"], first["managedBy"], first["location"]) == ("", "", "westeurope")
    assert [first[name] for name in ("sku", "plan", "zones", "extendedLocation")] == [None] * 4
    assert first["tags"] == {"Team": "Storage"}
    assert first["identity"]["type"] == "SystemAssigned"
    soft_delete = [each["properties"]["securitySettings"]["softDeleteSettings"] for each in (first, second)]
    assert soft_delete == [
        {"state": "On", "retentionDurationInDays": 14.0},
        {"state": "Off", "retentionDurationInDays": 0.0},
    ]


def test_an_instance_is_a_row_as_recorded(stocked: Front) -> None:
    row = rows(stocked, INSTANCES)[0]
    assert (row["id"], row["type"]) == (
        f"{VAULT_PATH}/backupInstances/i0",
        "microsoft.dataprotection/backupvaults/backupinstances",
    )
    assert (row["vaultName"], row["protectionState"], row["datasourceId"]) == (
        VAULT.name,
        "ProtectionConfigured",
        disk_id("d0"),
    )
    properties = row["properties"]
    assert properties["dataSourceSetInfo"] == {**properties["dataSourceInfo"], "objectType": "DatasourceSet"}
    extended = properties["backupInstanceExtendedProperties"]
    assert extended["allowedOperations"] == ["BackupNow", "Restore", "ChangePolicy", "StopBackup", "Delete"]
    policy = extended["policyExtendedInfo"]
    assert policy["configuredRPGenerationFrequency"] == "04:00:00"
    assert policy["rpoWarningThresholdInPrimaryRegion"] == "06:00:00"
    assert policy["configuredMaximumRetention"] == "7.00:00:00"


def test_a_job_is_a_row_as_recorded(stocked: Front, platform: Platform) -> None:
    begun = replace(job(), created_at=NOW).advance(JobStatus.IN_PROGRESS, at=NOW)
    done = begun.advance(JobStatus.COMPLETED, at=NOW + timedelta(days=1, minutes=3, seconds=13, microseconds=741320))
    platform.world.store.commit(VAULT, [Insert(replace(done, point_id="0" * 32))])
    (row,) = rows(stocked, JOBS + among("operation", "scheduledBACKUP"))
    assert (row["type"], row["location"]) == ("microsoft.dataprotection/backupvaults/backupjobs", "")
    assert (row["operation"], row["status"], row["datasourceId"]) == ("ScheduledBackup", "Completed", done.disk_id)
    assert row["properties"]["operation"] == "Backup"
    assert row["properties"]["duration"] == "1.00:03:13.7413200"
    point = row["properties"]["extendedInfo"]["targetRecoverPoint"]
    assert point["recoveryPointTime"] == "0001-01-01T00:00:00.0000000Z"


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (among("properties.dataSourceInfo.datasourceType", "microsoft.compute/DISKS"), DISKS),
        (among("properties.dataSourceInfo.datasourceType", "Microsoft.Storage/storageAccounts/blobServices"), 0),
        (among("resourceGroup", VAULT.group.upper(), "else"), DISKS),
        (among("resourceGroup", "else"), 0),
        (among("vaultName", VAULT.name.upper()), DISKS),
        (among("vaultName", f"{VAULT.name}2"), 0),
        (among("protectionState", "protectionconfigured"), DISKS),
        (among("datasourceId", disk_id("d1"), disk_id("d2").upper()), 2),
        (among("id", f"{VAULT_PATH}/backupInstances/I3".upper()), 1),
        (among("name", "i4", "i5"), 1),
        (among("name", "i4") + among("name", "i3"), 0),
        (among("name", ""), 0),
        (among("name", "ünïcode 雪"), 0),
    ],
)
def test_instances_are_filtered(stocked: Front, filters: str, found: int) -> None:
    assert len(names(stocked, INSTANCES + filters)) == found


def test_vaults_are_filtered_and_a_capital_letter_does_not_matter(stocked: Front) -> None:
    assert names(stocked, VAULTS + among("id", f"{VAULT_PATH}2")) == [f"{VAULT.name}2"]
    assert names(stocked, VAULTS + among("name", VAULT.name) + among("resourceGroup", VAULT.group)) == [VAULT.name]
    assert names(stocked, VAULTS + among("resourceGroup", "else")) == []


def test_jobs_are_filtered_by_what_they_are_and_by_time(stocked: Front, platform: Platform) -> None:
    store = platform.world.store
    failed = replace(job(at=NOW + timedelta(minutes=1)), user_triggered=True).advance(
        JobStatus.FAILED, at=NOW + timedelta(minutes=2)
    )
    running = job(at=NOW + timedelta(minutes=5)).advance(JobStatus.IN_PROGRESS, at=NOW + timedelta(minutes=5))
    store.commit(VAULT, [Insert(failed), Insert(running)])

    def found(filters: str) -> set[str]:
        backups = {failed.job_id, running.job_id}
        return set(names(stocked, JOBS + filters)) & backups

    assert found("") == {failed.job_id, running.job_id}
    assert found(among("status", "failed")) == {failed.job_id}
    assert found(among("operation", "OnDemandBackup")) == {failed.job_id}
    assert found(among("operation", "ScheduledBackup", "Restore")) == {running.job_id}
    assert found(f" | where properties.startTime > datetime({_z(failed.created_at)})") == {running.job_id}
    assert found(" | where properties.startTime > datetime(1969-12-31T23:00:00Z)") == {failed.job_id, running.job_id}
    assert found(" | where properties.endTime > datetime(2020-01-01T00:00:00Z)") == {failed.job_id}
    assert found(" | where properties.endTime > datetime(2120-01-01T00:00:00Z)") == set()


def _z(at: Any) -> str:
    return str(at.strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_a_query_may_be_laid_out_and_spelled_otherwise(stocked: Front) -> None:
    spread = INSTANCES.replace("| ", "\r\n\t| ").replace("Services", "SERVICES") + "\n| where name in~( 'i1' , 'i2' )\n"
    assert names(stocked, spread) == ["i1", "i2"]
    without_blanks = INSTANCES.replace(" | extend", "| extend")  # as the extension sends it
    assert len(names(stocked, without_blanks)) == DISKS


def test_what_is_softly_deleted_is_no_row(stocked: Front) -> None:
    assert stocked.delete(f"{VAULT_PATH}/backupInstances/i2").status == 202
    assert names(stocked, INSTANCES) == ["i0", "i1", "i3", "i4"]


def walked(front: Front, query: str, **options: Any) -> Iterator[Any]:
    """Every page, each asked for by the token of the one before."""
    for _ in range(100):
        reply = asked(front, query, **options)
        assert reply.status == 200, reply.text
        yield reply.json
        if "$skipToken" not in reply.json:
            return
        options["$skipToken"] = reply.json["$skipToken"]
    raise AssertionError("pages without end")


@pytest.mark.parametrize("top", [1, 2, 5, 6, 1000])
@pytest.mark.parametrize("query", [VAULTS, INSTANCES, JOBS])
def test_pages_hold_each_row_once_and_tell_how_many_there_are(stocked: Front, query: str, top: int) -> None:
    whole = names(stocked, query)
    read = list(walked(stocked, query, **{"$top": top}))
    assert [row["name"] for page in read for row in page["data"]] == whole
    assert {page["totalRecords"] for page in read} == {len(whole)}
    assert all(page["count"] == top for page in read[:-1])
    assert len(read) == -(-len(whole) // top)


def test_rows_are_passed_over(stocked: Front) -> None:
    read = list(walked(stocked, INSTANCES, **{"$top": 2, "$skip": 2}))
    assert [[row["name"] for row in page["data"]] for page in read] == [["i2", "i3"], ["i4"]]
    assert {page["totalRecords"] for page in read} == {DISKS}
    assert names(stocked, INSTANCES, **{"$skip": 99}) == []


@pytest.fixture(scope="module")
def crowded() -> Front:
    """More jobs than one request looks at, in two vaults."""
    platform = Platform()
    front = Front(platform.world)
    for number, vault in enumerate((VAULT, replace(VAULT, name=f"{VAULT.name}2"))):
        front.put(vault.resource_id, vault_body())
        jobs = [job(f"i{number}", at=NOW + timedelta(minutes=each)) for each in range(RECORDS_AT_ONCE // 2 + 100)]
        for at in range(0, len(jobs), 100):
            platform.world.store.commit(vault, [Insert(each) for each in jobs[at : at + 100]])
    return front


@pytest.mark.parametrize(
    ("filters", "options", "found"),
    [
        ("", {}, 2 * (RECORDS_AT_ONCE // 2 + 100)),
        ("", {"$skip": RECORDS_AT_ONCE + 50}, 2 * (RECORDS_AT_ONCE // 2 + 100)),
        (among("vaultName", f"{VAULT.name}2"), {}, RECORDS_AT_ONCE // 2 + 100),
        (" | where properties.startTime > datetime(2026-03-02T09:59:00Z)", {}, 2 * (RECORDS_AT_ONCE // 2 + 100 - 60)),
        (among("status", "Completed"), {}, 0),
    ],
)
def test_a_request_looks_at_so_many_records_and_the_rest_is_under_the_token(
    crowded: Front, filters: str, options: dict[str, int], found: int
) -> None:
    read = list(walked(crowded, JOBS + filters, **options))
    ids = [row["id"] for page in read for row in page["data"]]
    assert len(ids) == len(set(ids)) == found - options.get("$skip", 0)
    assert read[-1]["totalRecords"] == found
    assert all(page["totalRecords"] <= found for page in read), "never more than there are"
    assert len(read) > 1


def test_rows_that_come_and_go_between_two_pages_move_no_other(stocked: Front) -> None:
    first = asked(stocked, INSTANCES, **{"$top": 2}).json
    stocked.delete(f"{VAULT_PATH}/backupInstances/i1")  # the last of the first page
    second = asked(stocked, INSTANCES, **{"$top": 2, "$skipToken": first["$skipToken"]}).json
    assert [row["name"] for row in second["data"]] == ["i2", "i3"]


def test_a_table_has_the_same_columns_and_values(stocked: Front) -> None:
    for query in (VAULTS, INSTANCES, JOBS):
        objects = rows(stocked, query)
        table = asked(stocked, query, resultFormat="Table").json["data"]
        columns = [column["name"] for column in table["columns"]]
        assert columns == list(objects[0])
        assert [dict(zip(columns, row, strict=True)) for row in table["rows"]] == objects
        kinds = {column["name"]: column["type"] for column in table["columns"]}
        assert {name for name, value in objects[0].items() if isinstance(value, dict)} <= {
            name for name, kind in kinds.items() if kind == "object"
        }


def test_without_subscriptions_all_are_asked_and_a_strange_one_holds_nothing(stocked: Front) -> None:
    assert len(names(stocked, VAULTS, subscriptions=[])) == 2
    assert names(stocked, VAULTS, subscriptions=[SUBSCRIPTION.upper(), SUBSCRIPTION]) == [VAULT.name, f"{VAULT.name}2"]
    assert names(stocked, VAULTS, subscriptions=["99999999-9999-4999-8999-999999999999"]) == []


@pytest.mark.parametrize(
    "query",
    [
        "resources",
        "resources | where type =~ 'microsoft.compute/disks'",
        "Resources | project id",
        VAULTS.replace("=~", "=="),
        JOBS.rpartition("|")[0],
        "resources\n// all of them",
        'resources | where name == "a\\\'b"',
        "';drop",
        "|",
        "雪",
    ],
)
def test_another_query_is_refused_with_those_that_are_served(stocked: Front, query: str) -> None:
    reply = asked(stocked, query)
    assert (reply.status, reply.error["code"]) == (400, "InvalidQuery")
    for served in SERVED.values():
        assert served.opening in reply.text.replace('\\"', '"')
    for table in Table:
        assert table.value in reply.error["message"]


@pytest.mark.parametrize(
    "filters",
    [
        " | project id",
        " | limit 5",
        " | where location in~ ('westeurope')",
        " | where name =~ 'i1'",
        " | where name in~ ()",
        " | where name in~ ('a' 'b')",
        " | where name in~ ('a',)",
        " | where name in~ (a)",
        " | where properties.startTime > datetime(2026-01-01T00:00:00Z)",
        " |",
        " | where",
    ],
)
def test_a_filter_that_is_not_served_is_named_beside_others(stocked: Front, filters: str) -> None:
    reply = asked(stocked, f"{INSTANCES}{filters} | where plan in~ ('x')")
    assert (reply.status, reply.error["code"]) == (400, "InvalidQuery")
    assert len(reply.error["details"]) == 2


@pytest.mark.parametrize("time", ["yesterday", "2026-01-01", "2026-13-01T00:00:00Z", ""])
def test_a_time_that_is_none_is_refused(stocked: Front, time: str) -> None:
    assert asked(stocked, f"{JOBS} | where properties.startTime > datetime({time})").status == 400


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({"managementGroups": ["mg"]}, "managementGroups"),
        ({"facets": [{"expression": "location"}]}, "facets"),
        ({"subscriptions": ["not an id"]}, "subscriptions"),
        ({"subscriptions": [1]}, "subscriptions"),
        ({"subscriptions": [SUBSCRIPTION] * 1001}, "subscriptions"),
        ({"subscriptions": SUBSCRIPTION}, "subscriptions"),
        ({"query": None}, "query"),
        ({"query": 7}, "query"),
        ({"query": " "}, "query"),
        ({"options": {"$top": 0}}, "options.$top"),
        ({"options": {"$top": 1001}}, "options.$top"),
        ({"options": {"$top": "5"}}, "options.$top"),
        ({"options": {"$skip": -1}}, "options.$skip"),
        ({"options": {"resultFormat": "csv"}}, "options.resultFormat"),
        ({"options": {"allowPartialScopes": "no"}}, "options.allowPartialScopes"),
        ({"options": {"$skipToken": "abc"}}, "options.$skipToken"),
        ({"options": {"$skipToken": base64.urlsafe_b64encode(b"[1,2,3,4,5]").decode()}}, "options.$skipToken"),
        ({"options": []}, "options"),
    ],
)
def test_a_faulty_body_is_refused_with_its_fault(stocked: Front, body: dict[str, Any], target: str) -> None:
    reply = stocked.post(GRAPH, {"query": VAULTS, **body})
    assert reply.status == 400, reply.text
    assert target in json.dumps(reply.error)


def test_a_token_is_for_its_query_and_scope_only(stocked: Front) -> None:
    token = asked(stocked, INSTANCES, **{"$top": 1}).json["$skipToken"]
    for query, scope in ((JOBS, [SUBSCRIPTION]), (INSTANCES + among("name", "i1"), [SUBSCRIPTION]), (INSTANCES, [])):
        assert asked(stocked, query, subscriptions=scope, **{"$skipToken": token}).status == 400


@pytest.mark.parametrize(
    "place", [["a", "b", "c", "\x00"], ["a/b", "b", "c", ""], ["a", "b", "c"], "abcd", [1, 2, 3, 4], {}]
)
def test_a_token_that_somebody_wrote_is_refused(stocked: Front, place: Any) -> None:
    token = asked(stocked, INSTANCES, **{"$top": 1}).json["$skipToken"]
    told = json.loads(base64.urlsafe_b64decode(token))
    forged = base64.urlsafe_b64encode(json.dumps([told[0], place, *told[2:]]).encode()).decode()
    assert asked(stocked, INSTANCES, **{"$skipToken": forged}).status == 400


def test_a_caller_sees_what_is_within_reach_and_nothing_else() -> None:
    """A closed vault, and a closed disk that is protected from an open one."""
    front = AttackedFront()
    for query in (VAULTS, INSTANCES, JOBS):
        for scope in ([], [SUBSCRIPTION]):
            reply = front.attack("POST", GRAPH, {"query": query, "subscriptions": scope}, role=READER)
            assert reply.status == 200, reply.text
            assert reply.json["totalRecords"] == reply.json["count"] > 0
            assert [secret for secret in SECRETS if secret in reply.text] == []
    owner = somebody_else(copied(attacked())).post(GRAPH, {"query": INSTANCES}, headers=as_somebody_else())
    assert {"secret-disk", "vault-1-closed"} <= {part for part in SECRETS if part in owner.text}


@pytest.mark.parametrize(
    "body",
    [
        {"query": VAULTS, "subscriptions": [OTHER_SUBSCRIPTION.upper()]},
        {"query": VAULTS, "subscriptions": [SUBSCRIPTION, OTHER_SUBSCRIPTION]},
        {"query": VAULTS + among("id", CLOSED_VAULT.upper())},
        {"query": INSTANCES + among("datasourceId", CLOSED_DISK)},
    ],
)
def test_what_is_closed_may_not_be_named(body: dict[str, Any]) -> None:
    reply = AttackedFront().attack("POST", GRAPH, body, role=CONTRIBUTOR)
    assert (reply.status, reply.error["code"]) == (403, "LinkedAuthorizationFailed")
