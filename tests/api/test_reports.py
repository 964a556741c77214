"""The compliance report over HTTP: periods, both forms, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import pytest

from backup_core.api.reports import safe_cell
from backup_core.workflows.copy_rules import put_rule
from tests.api.bodies import VAULT_PATH
from tests.api.described import DescribedFront
from tests.api.front import VERSION, Front, Reply
from tests.api.tenant import READER, SOMEBODY_ELSE, bearer, guarded
from tests.builders import SUBSCRIPTION, VAULT, disk_id
from tests.fakes import World
from tests.workflows.scenes import HOUR, SLOT, backed_up, go_to, protected
from tests.workflows.test_copying import COPIES, copied, rule

OF_VAULT = f"{VAULT_PATH}/complianceReport"
OF_SUBSCRIPTION = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.DataProtection/complianceReport"


def front() -> Front:
    platform = backed_up("disk-1", "disk-2")
    go_to(platform, SLOT + HOUR)
    return DescribedFront(platform.world)


def ask(asked: Front, path: str = OF_VAULT, **query: str) -> Reply:
    return asked.send("GET", path, query=VERSION | query)


def lines(reply: Reply) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(reply.text)))


@pytest.mark.parametrize("path", [OF_VAULT, OF_SUBSCRIPTION])
def test_a_report_tells_of_each_instance_in_the_period(path: str) -> None:
    reply = ask(front(), path, **{"from": "2026-03-02T12:00:00Z", "to": "2026-03-02T12:30:00Z"})
    assert reply.status == 200
    assert (reply.json["from"], reply.json["to"]) == ("2026-03-02T12:00:00.0000000Z", "2026-03-02T12:30:00.0000000Z")
    first, second = reply.json["value"]
    assert first["backupInstanceId"] == f"{VAULT_PATH}/backupInstances/disk-1"
    assert first["dataSourceId"] == disk_id("disk-1")
    assert (first["slotsDue"], first["slotsTaken"], first["slotsMissed"], first["slotsLate"]) == (1, 1, 0, 0)
    assert (first["objective"], first["state"], first["restoreTests"]) == ("PT1H15M", "protected", 0)
    assert (first["pointsHeld"], first["legalHolds"]) == (0, [])
    assert second["backupInstanceId"].endswith("/disk-2")


def test_it_tells_of_what_legal_holds_keep() -> None:
    asked = front()
    point = asked.get(f"{VAULT_PATH}/backupInstances/disk-1/recoveryPoints").json["value"][0]["name"]
    reason = {"properties": {"reason": "a court asked for it"}}
    asked.put(f"{VAULT_PATH}/backupInstances/disk-1/recoveryPoints/{point}/legalHolds/case-17", reason)
    for place in (VAULT_PATH, f"{VAULT_PATH}/backupInstances/disk-2"):
        asked.put(f"{place}/legalHolds/case-18", reason)
    told = [(row["pointsHeld"], row["legalHolds"]) for row in ask(asked).json["value"]]
    assert told == [(1, ["case-18"]), (0, ["case-18", "case-18"])]
    assert [row["legalHolds"] for row in lines(ask(asked, format="csv"))] == ["case-18", "case-18 case-18"]


def test_without_a_period_it_tells_of_the_last_thirty_days() -> None:
    body = ask(front()).json
    assert (body["from"], body["to"]) == ("2026-01-31T13:00:29.0000000Z", "2026-03-02T13:00:29.0000000Z")
    assert [row["slotsDue"] for row in body["value"]] == [2, 2]


def test_as_csv_it_has_one_line_for_each_instance_with_the_period_on_it() -> None:
    asked = front()
    reply = ask(asked, format="CSV")
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in reply.headers["Content-Disposition"]
    rows, body = lines(reply), ask(asked).json
    assert [row["backupInstanceId"] for row in rows] == [row["backupInstanceId"] for row in body["value"]]
    columns = [name for name in rows[0] if not name.startswith(("lastRestoreTest", "copies"))]
    assert [*columns, "lastRestoreTest", "copies"] == ["from", "to", *body["value"][0]]
    for row, told in zip(rows, body["value"], strict=True):
        flat = {**told, "legalHolds": " ".join(told["legalHolds"])}
        del flat["lastRestoreTest"], flat["copies"]
        assert {name: row[name] for name in flat} == {name: str(value) for name, value in flat.items()}
        assert row["from"] == body["from"]


def copied_to_two_regions() -> Front:
    """One copy in northeurope; in eastus, of which nothing was asked before, none yet."""
    platform = copied(protected())
    platform.run(minutes=20)
    put_rule(platform.world.ports, VAULT, rule("east", location="eastus"))
    return DescribedFront(platform.world)


def test_each_region_is_told_with_its_newest_copy_and_what_became_of_the_others() -> None:
    east, north = ask(copied_to_two_regions()).json["value"][0]["copies"]
    assert (east["location"], east["state"], east["newestCopyId"], east["age"]) == ("eastus", "atRisk", None, None)
    assert (north["location"], north["copyRuleName"], north["state"]) == ("northeurope", "north", "protected")
    assert north["newestCopyId"].startswith(f"{VAULT_PATH}/backupInstances/disk-1/recoveryPointCopies/")
    assert north["newestRecoveryPointTime"] == "2026-03-02T12:00:00.0000000Z"
    assert north["newestCompletedTime"] > north["newestRecoveryPointTime"]
    assert (north["objective"], north["age"][:4]) == ("PT13H15M", "PT19")
    counted = ("made", "late", "failed", "missed", "waiting", "kept", "lost", "expiryBlocked")
    assert [north[name] for name in counted] == [1, 0, 0, 0, 0, 1, 0, 0]


def test_in_csv_regions_stand_side_by_side_in_each_column_of_copies() -> None:
    asked = copied_to_two_regions()
    (row,) = lines(ask(asked, format="csv"))
    east, north = ask(asked).json["value"][0]["copies"]
    told = [name for name in row if name.startswith("copies")]
    assert told == [f"copies{name[0].upper()}{name[1:]}" for name in north]
    assert row["copiesLocation"] == "eastus northeurope"
    assert row["copiesState"] == "atRisk protected"
    assert row["copiesNewestCopyId"] == f"none {north['newestCopyId']}"
    assert row["copiesMade"] == f"{east['made']} {north['made']}"


def test_a_group_of_copies_that_the_caller_may_not_reach_leaves_the_disk_in_the_report() -> None:
    platform = copied(protected())
    platform.run(minutes=20)
    asked = guarded(platform.world, scopes={COPIES.text: [SOMEBODY_ELSE]})
    (row,) = asked.send("GET", OF_VAULT, headers=bearer(READER), query=VERSION).json["value"]
    assert row["copies"][0]["kept"] == 1


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", '=HYPERLINK("https://x")'],  # noqa: RUF001
)
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "disk-1", "/subscriptions/x", "1", "a=b", "PT1H"])
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-03-02"}, "to"),
        ({"from": "2026-03-02T12:00:00"}, "from"),
        ({"format": "xlsx"}, "format"),
        ({"from": "2026-03-02T12:00:00Z", "to": "2026-03-02T12:00:00Z"}, "from"),
        ({"from": "2026-03-02T12:30:00Z", "to": "2026-03-02T12:00:00Z"}, "from"),
        ({"from": "2020-01-01T00:00:00Z", "to": "2020-02-01T00:00:00Z"}, "from"),
        ({"from": "2027-01-01T00:00:00Z", "to": "2027-02-01T00:00:00Z"}, "from"),
        ({"to": "0001-01-01T00:00:00Z"}, "from"),
    ],
)
def test_what_is_no_period_or_form_is_refused(query: dict[str, str], target: str) -> None:
    reply = ask(front(), **query)
    assert reply.status == 400
    assert reply.error["target"] == target


def test_every_fault_is_named_at_once() -> None:
    assert ask(front(), **{"from": "x", "to": "y", "format": "z"}).faults.keys() == {"from", "to", "format"}


def test_a_subscription_without_vaults_has_an_empty_one() -> None:
    asked = Front(World())
    assert ask(asked, OF_SUBSCRIPTION).json["value"] == []
    assert lines(ask(asked, OF_SUBSCRIPTION, format="csv")) == []
