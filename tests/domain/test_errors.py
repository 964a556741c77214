"""Errors: each says what to do by its cause, and whose it is to do."""

from __future__ import annotations

import pytest

from backup_core.domain.advice import ADVICE, CORRECT
from backup_core.domain.errors import (
    BackupError,
    CloudUnavailable,
    DiskNotFound,
    Fault,
    InvalidInput,
    OperationFailed,
    PermissionMissing,
    RequestRefused,
    ScopeLocked,
    Throttled,
)
from docs.facts import error_codes, places_of
from docs.generate import runbooks

# What the door answers before any resource is looked at: ARM's own short error, which recommends nothing.
_AT_THE_DOOR = (
    "api.answering",
    "api.sign_in",
    "api.tokens",
    "api.call",
    "api.not_offered",
    "api.auditing",
    "api.errors",
)
_NO_FAULTS = (*_AT_THE_DOOR, "domain.advice")
# The general one, one of the door, and those that are given with an advice of their own where they stand.
_ADVISED_ELSEWHERE = {
    "BadRequest",
    "InternalServerError",
    "RequestEntityTooLarge",
    "OperationCanceled",
    "RecoveryPointKept",
}


def fault(code: str) -> Fault:
    return Fault(target="properties.x", message="is wrong", code=code)


def test_every_code_that_a_fault_may_bear_has_an_advice_of_its_own() -> None:
    refused = runbooks()["errors"].keys() - error_codes().keys()
    borne = {code for code in refused if not all(place.endswith(_NO_FAULTS) for place in places_of(code))}
    assert borne - _ADVISED_ELSEWHERE - set(ADVICE) == set()
    assert set(ADVICE) <= refused | error_codes().keys(), "advice for what nothing says"


def test_faults_of_one_cause_recommend_what_ends_that_cause() -> None:
    error = InvalidInput([fault("UserErrorDisableSoftDeleteNotAllowed")])
    assert error.recommended_action == ADVICE["UserErrorDisableSoftDeleteNotAllowed"]
    assert InvalidInput([fault("BadRequest")]).recommended_action == CORRECT
    assert InvalidInput([fault(DiskNotFound.code)]).recommended_action == DiskNotFound.recommended_action


def test_faults_of_several_causes_recommend_for_each_once() -> None:
    error = InvalidInput([fault("BadRequest"), fault("InvalidResourceLocation"), fault("BadRequest")])
    assert error.recommended_action == f"{CORRECT} {ADVICE['InvalidResourceLocation']}"


def test_an_error_of_another_code_recommends_by_that_code() -> None:
    assert BackupError("x", code="UserErrorVaultNotEmpty").recommended_action == ADVICE["UserErrorVaultNotEmpty"]
    assert RequestRefused("x", code="SkuNotAvailable").recommended_action == RequestRefused.recommended_action


@pytest.mark.parametrize(
    ("error", "is_users"),
    [
        (InvalidInput([fault("BadRequest")]), True),
        (PermissionMissing("x", scope="/s", role="Reader"), True),
        (ScopeLocked("x"), True),
        (DiskNotFound("x"), True),
        (RequestRefused("x", code="SkuNotAvailable"), True),
        (Throttled("x", retry_after_seconds=1), False),
        (CloudUnavailable("x"), False),
        (OperationFailed("x"), False),
        (BackupError("x"), False),
    ],
)
def test_an_error_says_whose_it_is_to_put_right(error: BackupError, is_users: bool) -> None:
    assert error.is_user_error is is_users
