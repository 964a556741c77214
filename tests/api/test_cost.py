"""Estimates of cost over the API: every number says where it is from, what is not known is said, nothing is changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_core.api import cost
from backup_core.domain.cost import Churn
from backup_core.domain.errors import BackupError, PermissionMissing, RequestRefused, Throttled
from backup_core.domain.instance import ProtectionState
from backup_core.domain.vault import Vault
from backup_core.ports import Replace
from tests.api.bodies import POLICY_PATH, VAULT_PATH, policy_body, vault_body
from tests.api.described import DescribedFront
from tests.api.front import Front
from tests.builders import NOW, VAULT, hold
from tests.workflows.platform import Platform
from tests.workflows.scenes import HOUR, SLOT, add_point, change_instance, change_point, go_to
from tests.workflows.test_copying import copied, rule

OF_POLICY = f"{POLICY_PATH}/estimateCost"
OF_DISK = f"{VAULT_PATH}/backupInstances/disk-1/estimateCost"
GIB = 1 << 30
DAY = timedelta(days=1)
NIGHTLY = ["R/2026-01-01T02:00:00+00:00/P1D"]
KNOWN = {"usedBytes": 100 * GIB, "changedBytes": GIB}


def at(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def front(front: Front) -> Front:
    """A vault in West Europe, whose policy keeps each night for a week."""
    front.put(VAULT_PATH, vault_body())
    front.put(POLICY_PATH, policy_body(intervals=NIGHTLY))
    return front


# ---------------------------------------------------------------- of a policy


def test_a_stored_policy_is_estimated_with_each_number_explained(front: Front) -> None:
    reply = front.post(OF_POLICY, {**KNOWN, "location": "East US"})
    assert reply.status == 200, reply.text
    told = reply.json
    assert (told["policyName"], told["backupInstanceId"], told["disks"], told["recoveryPoints"]) == (
        "policy-1",
        None,
        1,
        0,
    )
    nightly = Churn(used_bytes=100 * GIB, changed_bytes=GIB)
    held = 100 + 6 * nightly.between(DAY) / GIB
    assert told["dates"] == [
        {
            "time": told["endTime"],
            "recoveryPoints": 7,
            "gib": {"least": 100.0, "estimate": pytest.approx(held), "most": 700.0},
        }
    ]
    whole = told["months"][6]
    assert whole["gibMonths"] == {"least": 100.0, "estimate": pytest.approx(held), "most": 700.0}
    assert whole["cost"] == {"least": 5.0, "estimate": pytest.approx(0.05 * held), "most": 35.0}
    assert told["price"] == {
        "redundancy": "Standard_ZRS",
        "currency": "USD",
        "perGibMonth": 0.05,
        "readOn": "2026-07",
        "origin": "printed by public tools that asked Azure's Retail Prices API",
    }
    assert [(each["name"], each["value"], each["source"]) for each in told["inputs"]] == [
        ("usedBytes", 100 * GIB, "given in the request"),
        ("changedBytes", GIB, "given in the request, within P1D"),
    ]
    assert told["formula"]
    assert told["unknown"] == []


def test_months_add_up_to_the_total_and_begin_where_the_calendar_does(front: Front) -> None:
    told = front.post(OF_POLICY, {**KNOWN, "days": 60, "location": "eastus"}).json
    assert [month["startTime"][:10] for month in told["months"]] == ["2026-03-02", "2026-04-01", "2026-05-01"]
    for kind in ("gibMonths", "cost"):
        for bound, total in told["total"][kind].items():
            assert sum(month[kind][bound] for month in told["months"]) == pytest.approx(total, abs=1e-5)


def test_so_many_disks_cost_so_many_times_as_much(front: Front) -> None:
    one = front.post(OF_POLICY, {**KNOWN, "location": "eastus"}).json
    ten = front.post(OF_POLICY, {**KNOWN, "location": "eastus", "disks": 10}).json
    assert ten["total"]["cost"]["estimate"] == pytest.approx(10 * one["total"]["cost"]["estimate"])
    assert ten["dates"][0]["gib"]["most"] == 10 * one["dates"][0]["gib"]["most"]
    assert ten["dates"][0]["recoveryPoints"] == one["dates"][0]["recoveryPoints"], "of one disk, as limits are"
    assert ten["controlPlane"]["cost"] == pytest.approx(10 * one["controlPlane"]["cost"], abs=1e-5)


def test_a_draft_is_estimated_where_no_policy_is_stored_and_one_that_keeps_too_much_with_its_faults(
    front: Front,
) -> None:
    hourly = policy_body(intervals=["R/2026-03-01T00:00:00+00:00/PT1H"], retention="P30D")
    reply = front.post(OF_POLICY.replace("policy-1", "unborn"), {**hourly, **KNOWN})
    assert (reply.status, reply.json["dates"][0]["recoveryPoints"]) == (200, 720)
    assert len(reply.json["faults"]) >= 1
    assert front.post(OF_POLICY.replace("policy-1", "unborn"), KNOWN).status == 404


def test_a_disk_whose_churn_nobody_knows_has_bounds_and_no_estimate(front: Front) -> None:
    told = front.post(OF_POLICY, {"usedBytes": 100 * GIB, "location": "eastus"}).json
    assert told["dates"][0]["gib"] == {"least": 100.0, "estimate": None, "most": 700.0}
    assert told["total"]["cost"]["estimate"] is None
    assert told["inputs"][1] == {"name": "changedBytes", "value": None, "source": "not known"}
    assert [words[:25] for words in told["unknown"]] == ["Azure tells neither how m"]


def test_a_price_that_nobody_has_read_is_said_to_be_unknown_and_never_guessed(front: Front) -> None:
    told = front.post(OF_POLICY, KNOWN).json
    assert (told["location"], told["price"]["perGibMonth"], told["price"]["readOn"]) == ("westeurope", None, None)
    assert told["total"]["cost"] is None
    assert told["total"]["gibMonths"]["estimate"] > 0
    assert told["controlPlane"]["cost"] is None
    assert "make prices REGIONS=westeurope CURRENCY=USD" in told["unknown"][0]
    assert told["unknown"][1].startswith("Prices of executions, gigabyteSeconds, storageTransactions in westeurope")
    euros = front.post(OF_POLICY, {**KNOWN, "location": "eastus", "currency": "EUR"}).json
    assert (euros["price"]["perGibMonth"], euros["total"]["cost"]) == (None, None)


def test_who_has_a_price_of_his_own_gives_it(front: Front) -> None:
    told = front.post(OF_POLICY, {**KNOWN, "pricePerGibMonth": 0.04, "currency": "EUR"}).json
    assert told["price"] == {
        "redundancy": "Standard_ZRS",
        "currency": "EUR",
        "perGibMonth": 0.04,
        "readOn": None,
        "origin": "given in the request",
    }
    assert told["total"]["cost"]["least"] == pytest.approx(0.04 * told["total"]["gibMonths"]["least"])
    free = front.post(OF_POLICY, {**KNOWN, "pricePerGibMonth": 0}).json
    assert free["total"]["cost"] == {"least": 0.0, "estimate": 0.0, "most": 0.0}


def test_a_churn_of_a_time_longer_than_the_shortest_gap_is_warned_of(front: Front) -> None:
    hourly = policy_body(intervals=["R/2026-03-01T00:00:00+00:00/PT1H"])
    told = front.post(OF_POLICY, {**hourly, **KNOWN, "location": "eastus"}).json
    assert told["unknown"][0].startswith("What changes is known for P1D, and recovery points may lie PT1H apart")
    close = front.post(OF_POLICY, {**hourly, **KNOWN, "changedWithin": "PT1H", "location": "eastus"}).json
    assert close["unknown"] == []
    assert close["total"]["gibMonths"]["estimate"] > told["total"]["gibMonths"]["estimate"]


def test_the_control_plane_is_told_from_what_was_counted(front: Front) -> None:
    told = front.post(OF_POLICY, {**KNOWN, "days": 30, "location": "eastus"}).json["controlPlane"]
    assert (told["backups"], told["expiredRecoveryPoints"], told["armCalls"]) == (30, 23, 30 * 3 + 23 * 4)
    counts = {part["of"]: part["count"] for part in told["parts"]}
    assert counts["executions"] == round(30 * 2.1 + 23 * 3.2)
    assert counts["storageTransactions"] == round(30 * (7.3 + 4.1) + 23 * (17.2 + 3.2 * 4.1 / 2.1))
    assert told["cost"] == pytest.approx(sum(part["cost"] for part in told["parts"]), abs=1e-6)
    assert [part["origin"] for part in told["parts"]][2] == "remembered, not looked up"
    large = front.post(OF_POLICY, {**KNOWN, "days": 30, "location": "eastus", "memoryMB": 2048}).json["controlPlane"]
    assert large["parts"][1]["count"] > 3 * told["parts"][1]["count"]


@pytest.mark.parametrize(
    ("body", "faulty"),
    [
        ({}, {"usedBytes"}),
        ({"usedBytes": -1, "changedBytes": "much", "days": 0}, {"usedBytes", "changedBytes", "days"}),
        (
            {"usedBytes": 1, "changedBytes": 2, "currency": "euro", "memoryMB": 0},
            {"changedBytes", "currency", "memoryMB"},
        ),
        ({**KNOWN, "changedWithin": "PT0S", "redundancy": "GRS"}, {"changedWithin", "redundancy"}),
        ({**KNOWN, "changedWithin": "a day", "disks": 0, "location": "a/b"}, {"changedWithin", "disks", "location"}),
        ({**KNOWN, "pricePerGibMonth": -0.1}, {"pricePerGibMonth"}),
        ({**KNOWN, "pricePerGibMonth": True}, {"pricePerGibMonth"}),
        ({**KNOWN, "pricePerGibMonth": "cheap", "memoryMB": 1024}, {"pricePerGibMonth", "memoryMB"}),
        ({**KNOWN, "dates": ["2020-01-01T00:00:00Z", 7]}, {"dates[0]", "dates[1]"}),
        ({**KNOWN, "properties": {"policyRules": []}, "days": 9999}, {"properties.policyRules", "days"}),
        ({**KNOWN, **policy_body(intervals=["R/2026-03-01T00:00:00+00:00/PT1M"], retention="PT1H")}, {"days"}),
    ],
)
def test_every_fault_is_named(front: Front, body: dict[str, Any], faulty: set[str]) -> None:
    assert faulty <= front.post(OF_POLICY, body).faults.keys()


# ---------------------------------------------------------------- of a protected disk


def test_a_protected_disk_is_estimated_with_the_points_that_it_has(running: Front, protecting: Platform) -> None:
    now = protecting.world.clock.now()
    (newest,) = protecting.points()
    add_point(protecting, newest.created_at - 5 * DAY, expires_at=now + 2 * DAY)
    told = running.post(OF_DISK, {**KNOWN, "dates": [at(now + DAY / 48), at(now + 3 * DAY)]}).json
    assert told["backupInstanceId"].endswith("/backupInstances/disk-1")
    assert (told["policyName"], told["recoveryPoints"]) == ("policy-disk-1", 2)
    five_days = Churn(used_bytes=100 * GIB, changed_bytes=GIB).between(5 * DAY) / GIB
    first, later = told["dates"]
    assert (first["recoveryPoints"], first["gib"]["least"]) == (2, 100.0)
    assert first["gib"]["estimate"] == pytest.approx(100 + five_days, abs=1e-6)
    assert later["recoveryPoints"] == 1 + 72, "the older one has gone, those of three days have come"


def test_the_size_of_a_protected_disk_bounds_what_nobody_knows(running: Front, protecting: Platform) -> None:
    told = running.post(OF_DISK, {"days": 1}).json
    size = protecting.instance("disk-1").newest_point.disk_bytes
    assert told["inputs"][0] == {
        "name": "usedBytes",
        "value": None,
        "source": f"not known; at most the disk's {size} bytes",
    }
    assert told["dates"][0]["gib"] == {"least": 0.0, "estimate": None, "most": 25 * size / GIB}


def test_a_held_point_and_those_of_a_stopped_disk_stay_in_the_bill(running: Front, protecting: Platform) -> None:
    held = add_point(protecting, NOW - 5 * DAY, expires_at=NOW - 4 * DAY)
    change_point(protecting, held.point_id, holds=(hold("audit"),))
    running.post(f"{VAULT_PATH}/backupInstances/disk-1/stopProtection")
    told = running.post(OF_DISK, {**KNOWN, "days": 300}).json
    assert (told["recoveryPoints"], told["dates"][0]["recoveryPoints"]) == (2, 2)
    assert told["controlPlane"]["backups"] == 0
    assert len({month["gibMonths"]["estimate"] for month in told["months"][1:-1]}) == 1


def test_a_draft_shows_what_a_protected_disk_would_cost_with_it(running: Front) -> None:
    as_it_is = running.post(OF_DISK, KNOWN).json
    changed = running.post(OF_DISK, {**KNOWN, **policy_body(intervals=NIGHTLY, retention="P3D")}).json
    assert changed["total"]["gibMonths"]["estimate"] < as_it_is["total"]["gibMonths"]["estimate"]
    assert changed["dates"][0]["recoveryPoints"] == 3


def test_a_disk_without_a_recovery_point_has_to_be_described(running: Front, protecting: Platform) -> None:
    change_instance(protecting, "disk-1", newest_point=None, state=ProtectionState.CONFIGURED)
    assert running.post(OF_DISK, {"days": 0}).faults.keys() == {"usedBytes", "days"}
    assert running.post(OF_DISK, KNOWN).status == 200
    assert running.post(OF_DISK.replace("disk-1", "nobody"), KNOWN).status == 404


# ---------------------------------------------------------------- what was billed


def questions(platform: Platform) -> int:
    return platform.world.faults.calls.count("cloud.billed")


def test_what_azure_has_billed_stands_beside_the_estimate_and_is_asked_once_a_day(
    running: Front, protecting: Platform
) -> None:
    protecting.world.clock.advance(seconds=3 * 86_400)
    told = running.post(OF_DISK, {**KNOWN, "includeBilled": True}).json["billed"]
    now = protecting.world.clock.now()
    assert (told["from"], told["to"]) == (f"{now - 30 * DAY:%Y-%m-%d}", f"{now - DAY:%Y-%m-%d}")
    assert [day["day"] for day in told["days"]] == [f"{now - back * DAY:%Y-%m-%d}" for back in (3, 2, 1)]
    size = protecting.instance("disk-1").newest_point.disk_bytes
    assert told["gibMonths"] == pytest.approx(3 * size / GIB / 31, abs=1e-5)
    assert told["cost"] == pytest.approx(0.05 * told["gibMonths"], abs=1e-5)
    assert told["currency"] == "USD"
    for body in ({"includeBilled": True}, {**KNOWN, "includeBilled": True, "days": 7}):
        assert running.post(OF_DISK, body).json["billed"] == told
    assert questions(protecting) == 1
    protecting.world.clock.advance(seconds=86_400)
    assert len(running.post(OF_DISK, {"includeBilled": True}).json["billed"]["days"]) == 4
    assert questions(protecting) == 2


def test_azure_is_not_asked_what_it_billed_unless_somebody_wants_to_know(running: Front, protecting: Platform) -> None:
    assert running.post(OF_DISK, KNOWN).json["billed"] is None
    assert running.post(OF_DISK, {**KNOWN, "includeBilled": False}).json["billed"] is None
    assert running.post(OF_DISK, {**KNOWN, "includeBilled": "yes"}).faults.keys() == {"includeBilled"}
    assert questions(protecting) == 0


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionMissing("no", scope="/subscriptions/s/resourceGroups/g", role="Cost Management Reader"), "az role"),
        (Throttled("too much", retry_after_seconds=60), "TooManyRequests"),
        (RequestRefused("cannot be read", target="x"), "cannot be read"),
    ],
)
def test_without_the_right_to_ask_there_is_the_estimate_alone_with_the_reason(
    running: Front, protecting: Platform, error: BackupError, words: str
) -> None:
    def refuse(call: str, _: str) -> None:
        if call == "billed":
            raise error

    protecting.world.cloud.guard = refuse
    reply = running.post(OF_DISK, {**KNOWN, "includeBilled": True})
    assert (reply.status, reply.json["billed"]) == (200, None)
    assert reply.json["unknown"][0].startswith("What Azure has billed is not known: there is the estimate alone.")
    assert words in reply.json["unknown"][0]
    assert reply.json["total"]["gibMonths"]["estimate"] > 0
    protecting.world.cloud.guard = lambda call, target: None
    assert running.post(OF_DISK, {**KNOWN, "includeBilled": True}).json["billed"] is not None, "an error is no answer"


# ---------------------------------------------------------------- copies in other regions


def with_rule(front: Front, location: str = "northeurope") -> Front:
    """As if it had been written: what Azure says against a rule is another matter."""
    stored = front.world.store.get(Vault, VAULT)
    assert stored is not None
    made = rule(policy="policy-1", location=location, retention="P3D")
    front.world.store.commit(VAULT, [Replace(stored, replace(stored.value, copy_rules=(made,)))])
    return front


def test_copies_are_told_region_by_region_with_what_is_held_and_what_is_transferred(front: Front) -> None:
    given = {"copyPricePerGibMonth": 0.04, "transferPricePerGib": 0.01, "pricePerGibMonth": 0.05, "days": 30}
    told = with_rule(front).post(OF_POLICY, {**KNOWN, **given, "disks": 2}).json
    (north,) = told["copies"]
    nightly = Churn(used_bytes=100 * GIB, changed_bytes=GIB)
    assert (north["copyRuleName"], north["location"], north["recoveryPointCopies"]) == ("north", "northeurope", 0)
    held = 2 * (100 + 2 * nightly.between(DAY) / GIB)
    assert north["dates"][0]["gib"]["estimate"] == pytest.approx(held, rel=1e-3)
    assert north["dates"][0]["recoveryPoints"] == 3
    gib = north["transfer"]["gib"]
    assert gib["estimate"] == pytest.approx(2 * (100 + 29 * nightly.between(DAY) / GIB))
    assert (gib["least"], gib["most"]) == (200.0, 6000.0)
    assert north["transfer"]["cost"]["estimate"] == pytest.approx(0.01 * gib["estimate"], abs=1e-5)
    assert north["total"]["cost"]["most"] == pytest.approx(0.04 * north["total"]["gibMonths"]["most"], abs=1e-5)
    assert {north["price"]["origin"], north["transfer"]["origin"]} == {"given in the request"}
    assert told["longerAtHome"]["gibMonths"]["estimate"] >= 0


def test_what_a_slow_region_keeps_at_home_is_told_for_itself(front: Front) -> None:
    asked = {**KNOWN, "pricePerGibMonth": 0.05, "days": 90}
    quick = with_rule(front).post(OF_POLICY, {**asked, "copyHours": 1}).json
    slow = front.post(OF_POLICY, {**asked, "copyHours": 168}).json
    assert quick["longerAtHome"]["gibMonths"]["estimate"] == pytest.approx(0, abs=0.1)
    assert slow["longerAtHome"]["gibMonths"]["estimate"] > 1
    assert slow["longerAtHome"]["cost"]["estimate"] > 0
    assert slow["total"] == quick["total"]


def test_a_transfer_whose_price_nobody_knows_is_said_to_be_unknown_and_is_never_free(front: Front) -> None:
    told = with_rule(front, "japaneast").post(OF_POLICY, {**KNOWN, "location": "eastus"}).json
    (far,) = told["copies"]
    assert (far["transfer"]["perGib"], far["transfer"]["cost"], far["total"]["cost"]) == (None, None, None)
    assert far["transfer"]["gib"]["estimate"] > 100
    said = [words for words in told["unknown"] if "japaneast" in words]
    assert [words[:24] for words in said] == ["The price of Standard_ZR", "No price of the transfer"]
    assert "give transferPricePerGib" in said[1]
    assert "make prices" not in said[1], "no price list has that of another continent"


def test_within_a_continent_the_list_price_of_the_home_region_counts(front: Front) -> None:
    told = with_rule(front, "westus3").post(OF_POLICY, {**KNOWN, "location": "eastus"}).json
    (west,) = told["copies"]
    assert west["transfer"]["perGib"] == 0.02
    assert west["transfer"]["origin"] == "remembered, not looked up"
    assert west["transfer"]["cost"]["estimate"] == pytest.approx(0.02 * west["transfer"]["gib"]["estimate"], abs=1e-5)


def test_within_a_continent_a_price_that_nobody_read_comes_with_the_command_that_reads_it(front: Front) -> None:
    told = with_rule(front).post(OF_POLICY, KNOWN).json
    (said,) = [words for words in told["unknown"] if words.startswith("No price of the transfer")]
    assert "make prices REGIONS=westeurope CURRENCY=USD" in said


def test_without_rules_there_are_no_copies_and_nothing_stays_for_them(front: Front) -> None:
    told = front.post(OF_POLICY, {**KNOWN, "location": "eastus"}).json
    assert told["copies"] == []
    assert set(told["longerAtHome"]["gibMonths"].values()) == {0.0}


def test_a_protected_disk_is_estimated_with_the_copies_that_it_has(protecting: Platform) -> None:
    copied(protecting)
    go_to(protecting, SLOT + HOUR, minutes=20)
    (north,) = DescribedFront(protecting.world).post(OF_DISK, {**KNOWN, "days": 1}).json["copies"]
    assert (north["copyRuleName"], north["recoveryPointCopies"]) == ("north", 1)
    assert north["transfer"]["gib"]["least"] == 0.0, "the first is there"


def test_more_copies_than_can_be_reckoned_are_refused(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "COPIES_AT_MOST", 10)
    assert with_rule(front).post(OF_POLICY, {**KNOWN, "days": 10}).status == 200
    assert front.post(OF_POLICY, {**KNOWN, "days": 11}).faults.keys() == {"days"}


@pytest.mark.parametrize(
    "wrong",
    [{"transferPricePerGib": -1}, {"copyPricePerGibMonth": 1001}, {"copyHours": 0}, {"copyHours": 169}],
)
def test_what_cannot_be_of_copies_is_refused(front: Front, wrong: dict[str, Any]) -> None:
    assert front.post(OF_POLICY, {**KNOWN, **wrong}).faults.keys() == set(wrong)
