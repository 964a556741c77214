"""What a look shows: every state of an operation, and of the thing that it makes, leads to one thing to do."""

from __future__ import annotations

import pytest

from backup_core.domain.disk import Disk, OperationState
from backup_core.domain.observation import (
    LOOKS_FOR_WHAT_IS_MISSING,
    GivenUp,
    Missing,
    Running,
    Usable,
    by_itself,
    by_operation,
)
from tests.builders import disk_json

WHAT = "disk 'restored'"


def disk(state: str = "Succeeded", percent: float | None = None) -> Disk:
    raw = disk_json("restored")
    own = {"provisioningState": state} | ({"completionPercent": percent} if percent is not None else {})
    return Disk(raw=raw | {"properties": raw["properties"] | own})


def test_an_operation_under_way_is_waited_for() -> None:
    assert by_operation(OperationState(status="InProgress"), WHAT) == Running()


@pytest.mark.parametrize("operation", [None, OperationState(status="Succeeded")])
def test_an_operation_that_ended_well_or_is_forgotten_says_nothing_of_what_it_made(
    operation: OperationState | None,
) -> None:
    assert by_operation(operation, WHAT) is None


@pytest.mark.parametrize("status", ["Failed", "Canceled"])
@pytest.mark.parametrize(("code", "passes"), [("InternalExecutionError", True), ("InvalidParameter", False)])
def test_an_operation_that_azure_gave_up_tells_whether_it_may_be_asked_for_anew(
    status: str, code: str, passes: bool
) -> None:
    seen = by_operation(OperationState(status=status, error_code=code, error_message="No more."), WHAT)
    assert isinstance(seen, GivenUp)
    assert (seen.error.code, seen.error.transient) == (code, passes)
    assert WHAT in seen.error.message
    assert "No more." in seen.error.message


def test_what_is_not_there_yet_is_missing_only_after_some_looks() -> None:
    seen = [by_itself(None, WHAT, looks) for looks in range(LOOKS_FOR_WHAT_IS_MISSING + 1)]
    assert seen == [*[Running()] * LOOKS_FOR_WHAT_IS_MISSING, Missing()]


@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_what_was_left_half_made_is_given_up_for_good(state: str) -> None:
    seen = by_itself(disk(state), WHAT, looks=0)
    assert isinstance(seen, GivenUp)
    assert not seen.error.transient


@pytest.mark.parametrize("made", [disk("Updating"), disk(percent=99.9)])
def test_what_is_there_and_not_whole_is_waited_for_with_its_progress(made: Disk) -> None:
    assert by_itself(made, WHAT, looks=0) == Running(percent=int(made.completion_percent))


def test_what_is_whole_is_usable_as_it_is() -> None:
    made = disk(percent=100)
    assert by_itself(made, WHAT, looks=0) == Usable(made)
