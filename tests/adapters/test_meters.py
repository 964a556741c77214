"""Whose turn it is at Azure's meters, and that no flood of questions puts off what is backed up."""

from __future__ import annotations

import json
import uuid

import pytest

from backup_core.adapters import meters as module
from backup_core.adapters.meters import Lane, Meters
from backup_core.domain.errors import Throttled
from backup_core.domain.pacing import News

READ = Lane("reads", "LowCostGet")
LIST = Lane("reads", "HighCostGet")
GROUP = Lane("reads")
WRITE = Lane("writes", "HighCostSnapshotCreateHydrate")
VALIDATION = (READ, GROUP, GROUP, GROUP, GROUP, LIST, GROUP)  # what check_backup asks of ARM
SUBSCRIPTION = "s"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def meters(clock: Clock) -> Meters:
    return Meters(clock)


def made(meters: Meters, lane: Lane, *, asks: bool = False) -> float:
    """Make a call: 0, or the wait that it was told."""
    try:
        meters.enter(SUBSCRIPTION, lane, asks=asks)
    except Throttled as error:
        return error.retry_after_seconds
    meters.answered(SUBSCRIPTION, lane, {})
    return 0.0


def flood(meters: Meters, count: int, *, asks: bool) -> int:
    """Validations, each given up at its first refusal; answers how many were answered."""
    return sum(all(made(meters, lane, asks=asks) == 0 for lane in VALIDATION) for _ in range(count))


def backup_waits(meters: Meters) -> float:
    return max(made(meters, lane) for lane in (READ, WRITE, READ, READ))


def test_a_backup_beside_a_flood_of_validations_waits_for_nothing(meters: Meters, clock: Clock) -> None:
    for _ in range(600):
        flood(meters, 50, asks=True)
        assert backup_waits(meters) == 0
        clock.now += 1


def test_questions_at_a_modest_rate_are_all_answered(meters: Meters, clock: Clock) -> None:
    for _ in range(60):
        assert flood(meters, 1, asks=True) == 1
        clock.now += 4


def test_the_same_flood_that_queued_kept_the_backup_waiting(meters: Meters, clock: Clock) -> None:
    worst = 0.0
    for _ in range(60):
        flood(meters, 50, asks=False)
        worst = max(worst, backup_waits(meters))
        clock.now += 1
    assert worst > 50


def test_a_question_gets_no_place_in_line(meters: Meters, clock: Clock) -> None:
    waits = [made(meters, GROUP, asks=True) for _ in range(500)]
    assert waits.count(0) == 50, "a fifth of 250"
    assert set(waits[60:]) == {waits[-1]}, "the wait does not grow with those who ask"
    assert made(meters, GROUP) == 0
    clock.now += waits[-1]
    assert made(meters, GROUP, asks=True) == 0


def test_questions_yield_while_anybody_stands_in_line(meters: Meters, clock: Clock) -> None:
    while made(meters, GROUP) == 0:
        pass
    clock.now += 0.05  # the token of the one in line
    assert made(meters, GROUP, asks=True) > 0.9, "what is left for work comes first"
    assert made(meters, GROUP) == 0
    clock.now += 2
    assert made(meters, GROUP, asks=True) == 0


def test_a_question_that_azure_refuses_holds_all_back_and_puts_nobody_behind(meters: Meters, clock: Clock) -> None:
    meters.enter(SUBSCRIPTION, GROUP, asks=True)
    assert meters.refused(SUBSCRIPTION, GROUP, {}, 30.0, asks=True) == 30
    with pytest.raises(Throttled) as refusal:
        meters.enter(SUBSCRIPTION, GROUP)
    assert refusal.value.retry_after_seconds == pytest.approx(30)


def test_a_question_that_one_meter_refuses_takes_nothing_of_the_other(meters: Meters) -> None:
    while made(meters, LIST, asks=True) == 0:
        pass
    before = meters._budget(SUBSCRIPTION, "reads", 1000.0)
    for _ in range(100):
        made(meters, LIST, asks=True)
    assert meters._budget(SUBSCRIPTION, "reads", 1000.0) == before


def test_made_up_subscriptions_are_forgotten(meters: Meters, clock: Clock) -> None:
    for _ in range(3 * module.KEPT):
        subscription = str(uuid.uuid4())
        meters.enter(subscription, GROUP, asks=True)
        meters.answered(subscription, GROUP, {})
        clock.now += 1
    assert len(meters._budgets) <= module.KEPT + 1
    assert len(meters._shares) <= module.KEPT + 1


# What others should know.

FULL = {"x-ms-ratelimit-remaining-resource": "Microsoft.Compute/HighCostSnapshotCreateHydrate3Min;0"}
COUNTED = {
    "operationGroup": "HighCostSnapshotCreateHydrate3Min",
    "startTime": "2026-03-02T12:00:00+00:00",
    "endTime": "2026-03-02T12:03:00+00:00",
    "allowedRequestCount": 240,
    "measuredRequestCount": 241,
}
BODY = json.dumps({"error": {"code": "OperationNotAllowed", "details": [{"message": json.dumps(COUNTED)}]}})


def count_of(left: int) -> dict[str, str]:
    policy = "Microsoft.Compute/HighCostSnapshotCreateHydrate"
    return {"x-ms-ratelimit-remaining-resource": f"{policy}3Min;{left},{policy}30Min;{left + 7_000}"}


def test_ordinary_answers_are_no_news(meters: Meters) -> None:
    for left in (999, 500, 0):
        meters.enter(SUBSCRIPTION, WRITE)
        meters.answered(SUBSCRIPTION, WRITE, count_of(left))
    assert meters.news() == ()


@pytest.mark.parametrize("body", [BODY, json.dumps(COUNTED), json.dumps({"outer": BODY})])
def test_a_refusal_of_the_provider_tells_until_when_and_how_many_it_allows(meters: Meters, body: str) -> None:
    meters.enter(SUBSCRIPTION, WRITE)
    meters.refused(SUBSCRIPTION, WRITE, FULL, 100.0, body=body)
    told = News(subscription=SUBSCRIPTION, meter="HighCostSnapshotCreateHydrate", held_seconds=100.0, size=240)
    assert meters.news() == (told,)
    assert meters.news() == (), "news is told once"


def test_a_refusal_without_figures_tells_until_when(meters: Meters) -> None:
    meters.enter(SUBSCRIPTION, WRITE)
    meters.refused(SUBSCRIPTION, WRITE, {}, 60.0)
    assert meters.news() == (News(subscription=SUBSCRIPTION, meter="writes", held_seconds=60.0),)


def test_a_refusal_for_a_moment_is_no_news(meters: Meters) -> None:
    meters.enter(SUBSCRIPTION, WRITE)
    meters.refused(SUBSCRIPTION, WRITE, {}, 1.0)
    assert meters.news() == ()


def test_a_storm_of_refusals_is_told_every_few_seconds(meters: Meters, clock: Clock) -> None:
    told = 0
    for _ in range(100):
        meters.refused(SUBSCRIPTION, WRITE, {}, 60.0)
        told += len(meters.news())
        clock.now += 0.1
    assert told == 2


def test_a_larger_window_than_known_is_told_once(meters: Meters) -> None:
    for left in (2_999, 2_998, 2_500):
        meters.enter(SUBSCRIPTION, WRITE)
        meters.answered(SUBSCRIPTION, WRITE, count_of(left))
    assert [(news.meter, news.size) for news in meters.news()] == [("HighCostSnapshotCreateHydrate", 3_000)]
    meters.enter(SUBSCRIPTION, WRITE)
    meters.answered(SUBSCRIPTION, WRITE, count_of(2_400))
    assert meters.news() == ()


def test_a_count_of_the_half_hour_is_not_the_windows_size(meters: Meters) -> None:
    meters.enter(SUBSCRIPTION, WRITE)
    headers = {"x-ms-ratelimit-remaining-resource": "Microsoft.Compute/HighCostSnapshotCreateHydrate30Min;7999"}
    meters.answered(SUBSCRIPTION, WRITE, headers)
    assert meters.news() == ()


def test_news_of_made_up_subscriptions_is_forgotten(meters: Meters) -> None:
    for _ in range(2 * module.KEPT):
        meters.refused(str(uuid.uuid4()), WRITE, {}, 60.0)
    assert len(meters.news()) <= module.KEPT


def test_what_the_provider_tells_of_a_region_is_of_that_region_only(meters: Meters) -> None:
    west, north = WRITE.in_region("West Europe"), WRITE.in_region("northeurope")
    meters.enter(SUBSCRIPTION, west)
    meters.refused(SUBSCRIPTION, west, FULL, 100.0, body=BODY)
    (told,) = meters.news()
    assert (told.meter, told.size) == ("HighCostSnapshotCreateHydrate westeurope", 240)
    meters.enter(SUBSCRIPTION, north)
    with pytest.raises(Throttled):
        meters.enter(SUBSCRIPTION, west)
