"""Legal holds over the wire: who, why and since when; set by operators, cleared by contributors, told in the audit
log."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_core.domain.audit import Outcome
from tests.api.bodies import VAULT_PATH, vault_body
from tests.api.front import VERSION, Front
from tests.api.tenant import CONTRIBUTOR, OPERATOR, PERSON, READER, bearer, guarded
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, SLOT, backed_up, change_point, go_to

DISK = f"{VAULT_PATH}/backupInstances/disk-1"
BODY = {"properties": {"reason": "a court asked for it"}}


def two_points() -> tuple[Platform, str]:
    """Two points, and the path of a hold on the older one."""
    platform = backed_up()
    go_to(platform, SLOT + HOUR)
    point = platform.points()[-1]
    return platform, f"{DISK}/recoveryPoints/{point.point_id}/legalHolds/Case-17"


def test_a_hold_says_who_set_it_why_and_since_when() -> None:
    platform, path = two_points()
    front = guarded(platform.world)
    reply = front.put(path, BODY, headers=bearer(OPERATOR))
    assert (reply.status, reply.json["name"], reply.json["id"]) == (200, "Case-17", path)
    told = reply.json["properties"]
    assert told == {
        "reason": "a court asked for it",
        "setTime": f"{platform.world.clock.now():%Y-%m-%dT%H:%M:%S}.0000000Z",
        "setBy": PERSON,
        "setByName": told["setByName"],
        "clearedBy": None,
        "clearedByName": None,
        "endTime": None,
        "isStanding": True,
    }
    assert told["setByName"]
    again = front.put(path.replace("Case", "case"), BODY, headers=bearer(CONTRIBUTOR))
    assert again.json == reply.json, "names are compared without case, and who set it stays"
    assert front.get(path, headers=bearer(READER)).json == reply.json
    listed = front.get(path.rpartition("/")[0], headers=bearer(READER)).json
    assert listed == {"value": [reply.json]}


def test_it_is_among_the_reasons_why_a_point_is_kept() -> None:
    platform, path = two_points()
    front = Front(platform.world)
    front.put(path, BODY)
    listed = front.get(f"{DISK}/recoveryPoints", query={**VERSION, "$expand": "retention"}).json["value"]
    retention = listed[-1]["properties"]["retention"]
    assert retention["reasons"][0] == "held (Case-17): a court asked for it"
    assert retention["nextDecision"] is None
    deleted = front.delete(path.partition("/legalHolds")[0])
    assert (deleted.status, "held (Case-17)" in deleted.error["message"]) == (409, True)


def test_clearing_tells_when_it_ends_and_can_be_taken_back_until_then() -> None:
    platform, path = two_points()
    front = guarded(platform.world)
    front.put(path, BODY, headers=bearer(OPERATOR))
    cleared = front.send("DELETE", path, headers=bearer(CONTRIBUTOR)).json["properties"]
    in_a_day = platform.world.clock.now() + timedelta(days=1)
    assert cleared["endTime"].startswith(f"{in_a_day:%Y-%m-%dT%H:%M:%S}")
    assert (cleared["isStanding"], cleared["clearedBy"]) == (True, PERSON)
    taken_back = front.put(path, BODY, headers=bearer(OPERATOR)).json["properties"]
    assert (taken_back["isStanding"], taken_back["endTime"], taken_back["clearedBy"]) == (True, None, None)
    front.send("DELETE", path, headers=bearer(CONTRIBUTOR))
    platform.world.clock.advance(days=1)
    assert front.get(path, headers=bearer(READER)).json["properties"]["isStanding"] is False


def test_clearing_what_is_not_there_is_answered_with_nothing() -> None:
    platform, path = two_points()
    assert Front(platform.world).delete(path).status == 204
    assert Front(platform.world).get(path).status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_point_that_never_was_has_no_holds(method: str) -> None:
    platform, path = two_points()
    reply = Front(platform.world).send(method, path.replace(platform.points()[-1].point_id, "f" * 32), BODY)
    assert (reply.status, reply.error["code"]) == (404, "ResourceNotFound")


def test_the_audit_log_tells_who_set_and_who_cleared_it() -> None:
    platform, path = two_points()
    front = guarded(platform.world)
    front.put(path, BODY, headers=bearer(OPERATOR))
    front.send("DELETE", path, headers=bearer(CONTRIBUTOR))
    front.send("DELETE", path, headers=bearer(READER))
    records = [each for each in platform.world.audit.records if each.outcome is not Outcome.ATTEMPTED]
    done = [(each.action.rpartition("legalHolds/")[2], each.outcome.value, each.caller_id) for each in records]
    assert done == [("write", "Succeeded", PERSON), ("delete", "Succeeded", PERSON), ("delete", "Refused", PERSON)]
    assert "reason: none -> a court asked for it" in records[0].changes
    assert any(change.startswith("endTime: None -> 2026") for change in records[1].changes)


@pytest.mark.parametrize(
    ("name", "body", "targets"),
    [
        ("a_b", {}, {"name", "properties", "properties.reason"}),
        ("case-1", {"properties": {"reason": " "}}, {"properties.reason"}),
        ("case-1", {"properties": {"reason": "x" * 257}}, {"properties.reason"}),
        ("case-1", {"properties": {"reason": 7}}, {"properties.reason"}),
        ("x" * 33, BODY, {"name"}),
    ],
)
def test_every_fault_is_named_and_nothing_is_held(name: str, body: object, targets: set[str]) -> None:
    platform, path = two_points()
    reply = Front(platform.world).put(f"{path.rpartition('/')[0]}/{name}", body)
    assert reply.faults.keys() == targets
    assert platform.points()[-1].holds == ()


def test_a_point_whose_snapshot_azure_is_deleting_cannot_be_held() -> None:
    platform, path = two_points()
    change_point(
        platform, platform.points()[-1].point_id, deletion_asked_at=platform.world.clock.now(), expiry_job_id="j"
    )
    reply = Front(platform.world).put(path, BODY)
    assert (reply.status, "Azure is deleting its snapshot" in reply.error["message"]) == (409, True)


# ---------------------------------------------------------------- on instances and vaults


@pytest.mark.parametrize("place", [DISK, VAULT_PATH])
def test_a_hold_on_all_is_answered_with_an_operation_that_ends_when_it_is_sure(place: str) -> None:
    platform, _ = two_points()
    front, path = guarded(platform.world), f"{place}/legalHolds/Case-17"
    reply = front.put(path, BODY, headers=bearer(OPERATOR))
    assert (reply.status, reply.json["id"]) == (201, path)
    assert reply.json["type"].endswith("/legalHolds")
    status = reply.headers["Azure-AsyncOperation"]
    state = front.get(status, headers=bearer(READER)).json["status"]
    assert state == ("Succeeded" if place == DISK else "Inprogress")
    platform.world.clock.advance(seconds=50)
    assert front.get(status, headers=bearer(READER)).json["status"] == "Succeeded"
    assert front.get(path.rpartition("/")[0], headers=bearer(READER)).json["value"] == [
        front.get(path, headers=bearer(READER)).json
    ]


@pytest.mark.parametrize("place", [DISK, VAULT_PATH])
def test_a_hold_on_all_is_cleared_by_a_contributor_and_named_among_the_reasons(place: str) -> None:
    platform, _ = two_points()
    front, path = guarded(platform.world), f"{place}/legalHolds/case-17"
    front.put(path, BODY, headers=bearer(OPERATOR))
    query = {**VERSION, "$expand": "retention"}
    listed = front.get(f"{DISK}/recoveryPoints", query=query, headers=bearer(READER)).json["value"]
    scope = "instance" if place == DISK else "vault"
    assert [each["properties"]["retention"]["reasons"][0] for each in listed] == [
        f"held with its {scope} (case-17): a court asked for it"
    ] * 2
    cleared = front.send("DELETE", path, headers=bearer(CONTRIBUTOR))
    assert cleared.json["properties"]["endTime"]
    missing = f"{place}/legalHolds/none"
    assert front.send("DELETE", missing, headers=bearer(CONTRIBUTOR)).status == 204
    assert front.get(missing, headers=bearer(READER)).status == 404


def test_a_vault_that_is_held_is_not_deleted() -> None:
    platform, _ = two_points()
    front = guarded(platform.world)
    front.put(f"{VAULT_PATH}x", vault_body(), headers=bearer(CONTRIBUTOR))
    front.put(f"{VAULT_PATH}x/legalHolds/case-17", BODY, headers=bearer(OPERATOR))
    reply = front.send("DELETE", f"{VAULT_PATH}x", headers=bearer(CONTRIBUTOR))
    assert (reply.status, reply.error["code"]) == (409, "UserErrorLegalHoldStands")
