"""Our API against Azure Backup's recorded traffic: every scenario, request by request.

The recorded requests themselves are sent to the API over a world in memory that holds what the scenario presupposes.
Each answer is compared with the recorded one (comparing.py); each difference must be excused in writing (excuses.py).
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache

import pytest

from tests.api.front import Reply
from tests.conformance.dataprotection.comparing import Difference
from tests.conformance.dataprotection.excuses import EXCUSES, Excuse
from tests.conformance.dataprotection.recorded import (
    EXCHANGES,
    RECORDINGS,
    SCENARIOS,
    WITH_KEYS,
    as_recorded,
    exchanges,
    scenarios,
)
from tests.conformance.dataprotection.stage import Stage, set_up

pytestmark = pytest.mark.conformance


def test_the_recordings_are_here() -> None:
    """Without them nothing is checked, and that must not look like success."""
    assert len(scenarios()) == SCENARIOS, f"not all recordings are in {RECORDINGS}: {scenarios()}"
    assert sum(len(exchanges(scenario)) for scenario in scenarios()) == EXCHANGES


def test_the_api_answers_as_azure_was_recorded_to_answer(capsys: pytest.CaptureFixture[str]) -> None:
    stages = [_replayed(scenario) for scenario in scenarios()]
    differences = [difference for stage in stages for difference in stage.comparison.differences]
    excused = {difference: _excuses_of(difference) for difference in differences}
    with capsys.disabled():
        print(_summary(stages, excused))

    assert sum(stage.replayed for stage in stages) == EXCHANGES
    unsound = [text for stage in stages for text in stage.comparison.unsound]
    assert not unsound, "answers that no client of ARM understands:\n" + "\n".join(unsound)
    unexcused = [str(difference) for difference, excuses in excused.items() if not excuses]
    assert not unexcused, f"{len(unexcused)} differences that nobody excused:\n" + "\n".join(unexcused)
    unused = set(EXCUSES) - {excuse for excuses in excused.values() for excuse in excuses}
    assert not unused, f"excuses that excuse nothing: {sorted(unused)}"


@cache
def _replayed(scenario: str) -> Stage:
    """The scenario played through. No step of ours may have failed on the way."""
    recorded = exchanges(scenario)
    stage = set_up(scenario, recorded)
    for exchange in recorded:
        stage.replay(exchange)
    assert not stage.platform.failures, f"{scenario}: {stage.platform.failures}"
    return stage


def _excuses_of(difference: Difference) -> list[Excuse]:
    return [excuse for excuse in EXCUSES if excuse.covers(difference)]


def _summary(stages: list[Stage], excused: dict[Difference, list[Excuse]]) -> str:
    reasons = Counter(excuses[0].reason for excuses in excused.values() if excuses)
    replayed = sum(stage.replayed for stage in stages)
    fields = sum(stage.comparison.fields for stage in stages)
    return "\n".join(
        (
            f"\nMicrosoft.DataProtection: {replayed} exchanges of {len(stages)} scenarios, {fields} values compared",
            f"  {len(excused)} differences, {sum(not excuses for excuses in excused.values())} of them not excused",
            *(f"  {count:4} x {reason}" for reason, count in reasons.most_common()),
        )
    )


@pytest.mark.parametrize(("scenario", "number"), [("backup_policy_create_and_delete", 3), ("backup_policy_manual", 3)])
def test_a_recorded_disk_policy_is_answered_word_for_word(scenario: str, number: int) -> None:
    """Equal with the order of every field, ids included: the names are the recorded ones."""
    recorded = exchanges(scenario)
    stage = set_up(scenario, recorded)
    for exchange in recorded[: number + 1]:
        reply = stage.replay(exchange)

    assert reply.status == 200
    assert json.dumps(reply.json) == json.dumps(recorded[number].response)


@pytest.mark.parametrize(
    ("scenario", "named"), [("backup_instance_update_policy", "datasourceType"), (WITH_KEYS, "encryptionSettings")]
)
def test_what_the_replay_leaves_out_of_a_request_is_refused_and_changes_nothing(scenario: str, named: str) -> None:
    """Blobs are replayed as disks, a vault without its key; as it was recorded, none of it is accepted."""
    recorded = [each for each in as_recorded(scenario) if each.method == "PUT"]
    stage = set_up(scenario, exchanges(scenario))
    assert recorded
    for exchange in recorded:
        before = stage.front.get(exchange.path)
        reply = stage.front.put(exchange.path, exchange.request)

        assert reply.status == 400, reply.text
        assert named in json.dumps(reply.error), reply.text
        assert _resource(stage.front.get(exchange.path)) == _resource(before)


def _resource(reply: Reply) -> object:
    return reply.json if reply.status == 200 else reply.status
