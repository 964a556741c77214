"""Messages as text: what is written is read, and what no release of ours wrote is refused with all that is wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from backup_core.domain.errors import MessageMalformed
from backup_core.domain.messages import (
    BACKUP,
    QUEUES,
    REQUESTS,
    RESOURCE_EVENTS,
    RETENTION,
    BeginRestoreTests,
    BindPoint,
    ClearUpTests,
    ConfigureProtection,
    DeliverEvents,
    ExpireCopies,
    ExpirePoints,
    GoOnReconciling,
    GoOnTesting,
    Knock,
    LabelHolds,
    LookAtResource,
    MoveInstances,
    ObserveBackup,
    ObserveCopy,
    ObserveRestore,
    RestoreTogether,
    Sendable,
    StartBackup,
    StartCopy,
    StartRestore,
    SwapDisks,
    decode,
    encode,
)
from tests.builders import VAULT

SLOT = datetime(2026, 3, 2, 12, tzinfo=UTC)
OF_JOB: dict[str, Any] = {"vault": VAULT, "instance_name": "disk-1", "job_id": "job-1"}
SENT = (
    (StartBackup(**OF_JOB, slot=SLOT, missed_slots=(SLOT,), missed_count=2), BACKUP),
    (StartBackup(**OF_JOB), REQUESTS),
    (ObserveBackup(**OF_JOB, looks=3), BACKUP),
    (ObserveBackup(**OF_JOB, on_demand=True), REQUESTS),
    (ExpirePoints(vault=VAULT, instance_name="disk-1", due_at=SLOT), RETENTION),
    (StartCopy(**OF_JOB, lane="s:northeurope"), RETENTION),
    (ObserveCopy(**OF_JOB, lane="s:northeurope", looks=1), RETENTION),
    (ExpireCopies(vault=VAULT, instance_name="disk-1", due_at=SLOT), RETENTION),
    (BindPoint(vault=VAULT, instance_name="disk-1", point_id="0" * 32, looks=2), RETENTION),
    (BindPoint(vault=VAULT, instance_name="disk-1", point_id="0" * 32, copy_id="1" * 32), RETENTION),
    (LabelHolds(vault=VAULT, instance_name="disk-1", after="0" * 32), RETENTION),
    (StartRestore(**OF_JOB), REQUESTS),
    (ObserveRestore(**OF_JOB), REQUESTS),
    (RestoreTogether(**OF_JOB, looks=2), REQUESTS),
    (SwapDisks(**OF_JOB, operation_url="https://x"), REQUESTS),
    (ConfigureProtection(**OF_JOB), REQUESTS),
    (MoveInstances(**OF_JOB), REQUESTS),
    (BeginRestoreTests(vault=VAULT, plan_name="weekly", slot=SLOT), RETENTION),
    (GoOnTesting(**OF_JOB, looks=2), RETENTION),
    (ClearUpTests(vault=VAULT), RETENTION),
    (GoOnReconciling(began_at=SLOT, part="disks", after="x"), RETENTION),
    (DeliverEvents(vault=VAULT), BACKUP),
    (Knock(), BACKUP),
    (LookAtResource(change="written", resource_id="/subscriptions/x"), RESOURCE_EVENTS),
)


@pytest.mark.parametrize(("message", "queue"), SENT)
def test_each_kind_is_read_as_it_was_written_and_lies_with_those_who_wait_as_it_does(
    message: Sendable, queue: str
) -> None:
    assert decode(encode(message), get_args(Sendable)) == message
    assert message.queue == queue
    assert queue in QUEUES


def test_every_kind_is_among_these_and_no_two_say_the_same_of_themselves() -> None:
    assert {type(message) for message, _ in SENT} == set(get_args(Sendable))
    assert len({each.kind for each in get_args(Sendable)}) == len(get_args(Sendable))


@pytest.mark.parametrize("kind", ["", "start", "StartBackup", 7, None, {"a": []}, "x" * 10_000])
def test_a_kind_that_is_not_known_is_refused(kind: object) -> None:
    with pytest.raises(MessageMalformed, match=r"kind .* is unknown") as refusal:
        decode(json.dumps({"kind": kind, "version": 1}), get_args(Sendable))
    assert len(refusal.value.message) < 200


def test_a_kind_that_is_not_among_those_asked_for_is_not_known() -> None:
    with pytest.raises(MessageMalformed, match="kind 'knock' is unknown"):
        decode(encode(Knock()), [StartBackup])


def test_every_fault_is_named_at_once() -> None:
    wrong = {"kind": "start_backup", "version": 2, "vault": "v", "instance_name": 3, "turn": -1, "slot": "noon"}
    with pytest.raises(MessageMalformed) as refusal:
        decode(json.dumps(wrong), get_args(Sendable))
    for fault in ("version 2 is not 1", "vault is not", "instance_name is not", "job_id is missing", "turn", "slot"):
        assert fault in refusal.value.message


def test_an_unknown_kind_of_an_unknown_version_is_told_of_both() -> None:
    with pytest.raises(MessageMalformed, match="version 9 is not 1; kind 'copy' is unknown"):
        decode('{"kind": "copy", "version": 9}', get_args(Sendable))
