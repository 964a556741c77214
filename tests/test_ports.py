"""What all workflows share of how they read and write: tried again when somebody else was faster, page by page."""

from __future__ import annotations

import pytest

from backup_core.domain.errors import CloudUnavailable, ResourceInUse
from backup_core.ports import StateConflict, again_on_conflict, until_committed


class Attempts:
    """An attempt that meets so many conflicts, then answers how often it was made."""

    def __init__(self, conflicts: int) -> None:
        self.made = 0
        self._conflicts = conflicts

    def __call__(self) -> int:
        self.made += 1
        if self.made <= self._conflicts:
            raise StateConflict("somebody was faster")
        return self.made


@pytest.mark.parametrize("conflicts", [0, 1, 4])
def test_an_attempt_that_somebody_was_faster_than_is_made_again(conflicts: int) -> None:
    assert again_on_conflict(Attempts(conflicts)) == conflicts + 1
    assert until_committed("The row", Attempts(conflicts)) == conflicts + 1


def test_who_is_never_fast_enough_is_told_in_his_own_words() -> None:
    for_ever = Attempts(1000)
    with pytest.raises(StateConflict):
        again_on_conflict(for_ever)
    assert for_ever.made == 5
    with pytest.raises(ResourceInUse, match="Vault 'v' is changing too often; try again"):
        until_committed("Vault 'v'", Attempts(1000))


def test_another_error_is_not_tried_again() -> None:
    made = []

    def attempt() -> None:
        made.append(1)
        raise CloudUnavailable("503")

    with pytest.raises(CloudUnavailable):
        until_committed("The row", attempt)
    assert len(made) == 1
