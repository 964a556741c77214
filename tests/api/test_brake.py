"""The deletion brake over the wire: how it stands, and a second person's go-on."""

from __future__ import annotations

import json
import re
from typing import Any

from backup_core.domain.vault import Promises
from tests.api.bodies import VAULT_PATH, vault_body
from tests.api.front import Front, Reply
from tests.api.tenant import CONTRIBUTOR, PERSON, READER, SOMEBODY_ELSE, bearer, guarded
from tests.e2e.documented import example
from tests.workflows.platform import Platform
from tests.workflows.scenes import backed_up

BRAKE = f"{VAULT_PATH}/deletionBrake"
DISK = f"{VAULT_PATH}/backupInstances/disk-1"
ONE, ANOTHER = bearer(CONTRIBUTOR), bearer(CONTRIBUTOR, oid=SOMEBODY_ELSE)


def stopped() -> Platform:
    """What PERSON deletes waits."""
    platform = backed_up()
    platform.world.promises = Promises(unbraked_instances=0)
    assert guarded(platform.world).send("DELETE", DISK, headers=ONE).status == 202
    platform.run(minutes=1)
    return platform


def go_on(platform: Platform, body: dict[str, Any] | None = None, headers: dict[str, str] = ANOTHER) -> Reply:
    front = guarded(platform.world)
    batch = front.get(BRAKE, headers=ANOTHER).json["properties"]["batch"]
    asked = {"batchId": batch["batchId"], "reason": "the disk is gone"} if body is None else body
    return front.post(f"{BRAKE}/goOn", asked, headers=headers)


def test_it_is_at_rest_where_nothing_went_early() -> None:
    platform = backed_up()
    reply = guarded(platform.world).get(BRAKE, headers=bearer(READER))
    assert (reply.status, reply.json["id"]) == (200, BRAKE)
    assert reply.json["properties"] == {
        "isStopped": False,
        "sharePercent": 10.0,
        "unbrakedInstances": 3,
        "countedInstances": 0,
        "batch": None,
        "goOns": [],
    }


def test_it_says_what_waits_why_and_because_of_whom() -> None:
    platform = stopped()
    told = guarded(platform.world).get(BRAKE, headers=bearer(READER)).json["properties"]
    batch = told["batch"]
    assert (told["isStopped"], batch["backupInstances"], batch["recoveryPoints"]) == (True, 1, 1)
    assert batch["causedBy"] == [PERSON]
    assert "10 %" in batch["reason"]
    health = guarded(platform.world).get(f"{VAULT_PATH}/health", headers=bearer(READER)).json["properties"]
    assert health["deletionBrake"] == {"instancesStopped": 1}
    (alert,) = guarded(platform.world).get(f"{VAULT_PATH}/backupAlerts", headers=bearer(READER)).json["value"]
    assert "second person" in str(alert)


def test_another_contributor_lets_it_go_with_a_reason_and_on_record() -> None:
    platform = stopped()
    reply = go_on(platform)
    assert (reply.status, reply.json["properties"]["isStopped"]) == (200, False)
    (said,) = reply.json["properties"]["goOns"]
    assert (said["reason"], said["saidBy"], said["batch"]["causedBy"]) == ("the disk is gone", SOMEBODY_ELSE, [PERSON])
    record = platform.world.audit.records[-1]
    assert (record.caller_id, "let go until" in record.changes[0]) == (SOMEBODY_ELSE, True)
    platform.run(minutes=35)
    assert platform.world.cloud.snapshot_ids() == []


def test_who_caused_it_may_not_and_the_try_is_on_record() -> None:
    platform = stopped()
    reply = go_on(platform, headers=ONE)
    assert (reply.status, reply.error["code"]) == (403, "UserErrorSecondPersonNeeded")
    assert platform.world.audit.records[-1].error_code == "UserErrorSecondPersonNeeded"
    assert guarded(platform.world).get(BRAKE, headers=ONE).json["properties"]["isStopped"]


def test_a_function_key_is_nobody() -> None:
    platform = stopped()
    front = Front(platform.world)
    batch = front.get(BRAKE).json["properties"]["batch"]["batchId"]
    reply = front.post(f"{BRAKE}/goOn", {"batchId": batch, "reason": "the disk is gone"})
    assert (reply.status, reply.error["code"]) == (400, "UserErrorSignInNeeded")


def test_faults_are_named_together_and_change_nothing() -> None:
    platform = stopped()
    reply = go_on(platform, {"batchId": 7, "reason": "x" * 257})
    assert reply.status == 400
    assert all(name in reply.text for name in ("batchId", "reason"))
    late = go_on(platform, {"batchId": "seen-earlier", "reason": "the disk is gone"})
    assert (late.status, "does not wait" in late.text) == (409, True)
    assert guarded(platform.world).get(BRAKE, headers=ONE).json["properties"]["isStopped"]


def test_the_share_is_a_setting_of_the_vault_and_a_greater_one_is_a_weakening() -> None:
    platform = backed_up()
    front = guarded(platform.world)
    for percent, now, waits in ((5, 5, False), (50, 5, True), (5, 5, False)):
        settings = {"deletionBrakeSettings": {"sharePercent": percent}}
        reply = front.send("PATCH", VAULT_PATH, {"properties": {"securitySettings": settings}}, headers=ONE)
        assert reply.status == 200, reply.text
        properties = reply.json["properties"]
        assert properties["securitySettings"]["deletionBrakeSettings"] == {"sharePercent": now}
        assert ("pendingWeakening" in properties) is waits
        assert front.get(BRAKE, headers=ONE).json["properties"]["sharePercent"] == now
    for percent in (-1, 101, "10", True):
        body = vault_body()
        body["properties"]["securitySettings"] = {"deletionBrakeSettings": {"sharePercent": percent}}
        assert front.put(VAULT_PATH, body, headers=ONE).status == 400


COMMAND = re.compile(
    r"""az rest --method (?P<method>\w+) --url "(?P<url>[^"?]+)\?api-version=[\d-]+" --resource "\$AUDIENCE"\s*"""
    r"""(--body (?P<body>'.*'|".*"))?"""
)


def test_the_commands_of_its_page_do_what_it_says() -> None:
    """As the shell would send them: the batch that one command reads is what the next one lets go."""
    platform = stopped()
    front = guarded(platform.world)
    batch = front.get(BRAKE, headers=ANOTHER).json["properties"]["batch"]["batchId"]
    script = "\n".join(example("deletion-brake.md", section, "sh") for section in ("When it stops", "Set the share"))
    said = [match for line in script.replace("\\\n", " ").splitlines() if (match := COMMAND.search(line))]
    assert [match["method"] for match in said] == ["get", "get", "get", "post", "patch"]
    for match in said:
        body = match["body"] and match["body"][1:-1].replace('\\"', '"').replace("$BATCH", batch)
        path = match["url"].replace("$VAULT", VAULT_PATH)
        reply = front.send(match["method"].upper(), path, json.loads(body) if body else None, headers=ANOTHER)
        assert reply.status == 200, (match[0], reply.text)
    told = front.get(BRAKE, headers=ANOTHER).json["properties"]
    assert (told["isStopped"], told["sharePercent"]) == (False, 5.0)
