"""Operation ids and what their URLs answer: strangers, forgeries, failures, other vaults."""

from __future__ import annotations

import base64
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup_core.api.operation_ids import Operation, decode, encode
from backup_core.domain.errors import DiskNotFound
from backup_core.domain.job import Job, JobOperation, JobStatus
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Insert
from tests.api.bodies import GROUP_PATH, INSTANCE_PATH, VAULT_PATH, instance_body
from tests.api.front import Front
from tests.builders import NOW, SUBSCRIPTION, VAULT, instance, job
from tests.workflows.platform import Platform

LOCATION_PATH = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.DataProtection/locations/westeurope"
STATUS_PATHS = (
    f"{VAULT_PATH}/operationStatus",
    f"{GROUP_PATH}/operationStatus",
    f"{GROUP_PATH}/locations/westeurope/operationStatus",
    f"{LOCATION_PATH}/operationStatus",
)
RESULT_PATHS = (
    f"{VAULT_PATH}/operationResults",
    f"{INSTANCE_PATH}/operationResults",
    f"{LOCATION_PATH}/operationResults",
)


def stored(platform: Platform, **changes: object) -> Job:
    made = job(operation=JobOperation.CONFIGURE, **changes)
    platform.world.store.commit(VAULT, [Insert(instance()), Insert(made)])
    return made


def id_of(made: Job, vault: VaultKey = VAULT) -> str:
    return encode(Operation(vault=vault, job_id=made.job_id))


@pytest.mark.parametrize(
    "operation", [Operation(vault=VAULT, job_id=job().job_id), Operation(vault=VAULT, done_at=NOW)]
)
def test_an_id_names_its_operation_again(operation: Operation) -> None:
    assert decode(encode(operation), SUBSCRIPTION) == operation


def test_an_id_fits_into_one_segment_of_a_url() -> None:
    longest = VaultKey(subscription=SUBSCRIPTION, group="g" * 90, name="v" * 50)
    text = encode(Operation(vault=longest, job_id=job().job_id))
    assert len(text) < 260
    assert quote(text, safe="") == text


@given(st.text(max_size=80))
def test_no_other_text_is_an_operation(text: str) -> None:
    assert decode(text, SUBSCRIPTION) is None


@pytest.mark.parametrize(
    "content",
    [
        "2\nbackup-rg\nvault-1\n" + job().job_id,
        "1\nbackup-rg\nvault-1\n" + job().job_id + "\n",
        "1\nbackup-rg\nvault-1\n" + job().job_id.upper(),
        "1\nbackup-rg\nvault|1\n" + job().job_id,
        "1\n\nvault-1\n" + job().job_id,
        "1\nbackup-rg\nvault-1\nyesterday",
        "1\nbackup-rg\nvault-1\n20260302T090000.0Z",
        "1\nbackup-rg\nvault-1",
    ],
)
def test_an_id_that_we_would_not_have_written_is_none(content: str) -> None:
    text = base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")
    assert decode(text, SUBSCRIPTION) is None


def test_padding_and_other_bits_make_no_second_name_for_an_operation() -> None:
    text = encode(Operation(vault=VAULT, done_at=NOW))
    assert decode(text + "=" * (-len(text) % 4 or 4), SUBSCRIPTION) is None
    assert decode(f" {text}", SUBSCRIPTION) is None


@pytest.mark.parametrize("path", [*STATUS_PATHS, *RESULT_PATHS])
@pytest.mark.parametrize("text", ["x", "MGQ0NDgwMzEtZTZmYi00YzVj==", "a" * 1000])
def test_garbage_is_not_found(front: Front, path: str, text: str) -> None:
    reply = front.get(f"{path}/{text}")
    assert (reply.status, reply.error["code"]) == (404, "ResourceNotFound")


@pytest.mark.parametrize("path", [*STATUS_PATHS, *RESULT_PATHS])
def test_an_operation_whose_job_is_gone_is_not_found(front: Front, path: str) -> None:
    assert front.get(f"{path}/{id_of(job())}").status == 404


def test_an_operation_is_not_found_where_it_does_not_belong(front: Front, platform: Platform) -> None:
    operation = id_of(stored(platform))
    elsewhere = (
        VAULT_PATH.replace("vault-1", "vault-2") + "/operationStatus",
        GROUP_PATH.replace("backup-rg", "other-rg") + "/operationStatus",
        LOCATION_PATH.replace(SUBSCRIPTION, SUBSCRIPTION.replace("1", "2")) + "/operationStatus",
        INSTANCE_PATH.replace("instance-1", "instance-2") + "/operationResults",
    )
    assert [front.get(f"{path}/{operation}").status for path in elsewhere] == [404] * 4


@pytest.mark.parametrize("path", STATUS_PATHS)
def test_a_running_operation_asks_to_come_back_in_a_second(front: Front, platform: Platform, path: str) -> None:
    operation = id_of(stored(platform))
    reply = front.get(f"{path}/{operation}")
    assert (reply.status, reply.headers["Retry-After"]) == (200, "1")
    assert reply.json == {
        "id": f"{path}/{operation}",
        "name": operation,
        "status": "Inprogress",
        "startTime": "2026-03-02T09:00:00.0000000Z",
        "endTime": "0001-01-01T00:00:00Z",
    }


@pytest.mark.parametrize("path", RESULT_PATHS)
def test_the_result_of_a_running_operation_is_a_202(front: Front, platform: Platform, path: str) -> None:
    reply = front.get(f"{path}/{id_of(stored(platform))}")
    assert (reply.status, reply.text, reply.headers["Retry-After"]) == (202, "", "1")
    assert "/operationResults/" in reply.headers["Location"]


def test_a_failed_operation_is_a_200_with_its_error(front: Front, platform: Platform) -> None:
    failed = job(operation=JobOperation.CONFIGURE).advance(JobStatus.FAILED, at=NOW, error=DiskNotFound("gone"))
    platform.world.store.commit(VAULT, [Insert(instance()), Insert(failed)])
    reply = front.get(f"{STATUS_PATHS[0]}/{id_of(failed)}")
    assert (reply.status, reply.json["status"], reply.json["error"]["code"]) == (
        200,
        "Failed",
        "UserErrorManagedDiskNotFound",
    )
    assert reply.json["error"]["additionalInfo"][0]["info"]["recommendedAction"] == [DiskNotFound.recommended_action]
    assert reply.json["endTime"] == "2026-03-02T09:00:00Z"
    for path in RESULT_PATHS:
        reply = front.get(f"{path}/{id_of(failed)}")
        assert (reply.status, reply.error["code"]) == (400, "UserErrorManagedDiskNotFound")


def test_an_operation_whose_place_another_took_is_canceled(front: Front, platform: Platform) -> None:
    cancelled = replace(job(operation=JobOperation.CONFIGURE).advance(JobStatus.CANCELLED, at=NOW))
    platform.world.store.commit(VAULT, [Insert(cancelled)])
    reply = front.get(f"{STATUS_PATHS[0]}/{id_of(cancelled)}").json
    assert (reply["status"], reply["error"]["code"]) == ("Canceled", "OperationCanceled")


def test_results_are_the_vault_and_the_instance(front: Front, platform: Platform) -> None:
    done = job(operation=JobOperation.CONFIGURE).advance(JobStatus.COMPLETED, at=NOW)
    asked = instance_body()["properties"]
    platform.world.store.commit(VAULT, [Insert(instance(request=asked)), Insert(done)])
    names = [front.get(f"{path}/{id_of(done)}").json.get("name") for path in RESULT_PATHS]
    assert names == ["vault-1", "instance-1", None]
