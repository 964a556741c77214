"""`make verify` against the local front door: green as it is, red for each of ten seeded differences, and clean after
itself, whatever ended it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from infra.local.demo.clients import Clients
from infra.local.up import LocalTarget
from infra.verify import comparing, exchanges, sweeping
from infra.verify.__main__ import Outcome, verify
from infra.verify.api import COMPUTE, RESOURCES, Api, Unexpected
from infra.verify.exchanges import Recorder, Unread
from infra.verify.target import Target, local
from infra.verify.walk import Walk
from tests.verify.seeds import AGENT, SEEDS

pytestmark = [pytest.mark.local_target, pytest.mark.timeout(600)]


@dataclass(frozen=True, slots=True)
class Runs:
    """The same walk twice, at the same time: as it is, and by a simulator with all seeds in its answers."""

    target: Target
    clean: Outcome
    seeded: Outcome


@pytest.fixture(scope="module")
def target(guarded: LocalTarget) -> Target:
    return local(guarded.endpoints)


@pytest.fixture(scope="module")
def begun(target: Target, guarded: LocalTarget) -> Iterator[tuple[Future[Outcome], Future[Outcome]]]:
    """Both walks, begun by the first test: they wait minutes for a point to expire, and other tests go meanwhile.

    The simulator answers one of them otherwise: who it is, the runs tell it by how they call themselves."""
    clients = Clients(guarded.endpoints)
    numbers = [clients.control("POST", "faults", seed.wish)["id"] for seed in SEEDS]
    with ThreadPoolExecutor(2) as threads:
        yield threads.submit(run, target, "c1ea0001"), threads.submit(run, target, "5eed0001")
    for number in numbers:
        clients.control("DELETE", f"faults/{number}")


@pytest.fixture(scope="module")
def runs(target: Target, begun: tuple[Future[Outcome], Future[Outcome]]) -> Runs:
    clean, seeded = begun
    return Runs(target, clean.result(), seeded.result())


def run(target: Target, name: str) -> Outcome:
    session = plain_session()
    if name.startswith("5eed"):
        session.headers["User-Agent"] = AGENT
    return verify(target, Recorder(target, session), lambda _: None, name=name, is_left=lambda *_: False)


def next_run(target: Target, *, is_left: str) -> Outcome:
    """A run that removes what an earlier one left, and is stopped at its own first step."""

    def stop(what: str) -> None:
        if what.startswith("a resource group"):
            raise KeyboardInterrupt

    recorder = Recorder(target, plain_session())
    return verify(target, recorder, stop, name="next0001", is_left=lambda name, _: name == is_left)


def plain_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # the developer's own authorities are not the target's
    return session


def api_of(target: Target) -> Api:
    return Api(Recorder(target, plain_session()), patience=600)


def told(outcome: Outcome) -> list[str]:
    return comparing.differences(comparing.read(), comparing.shapes(outcome.exchanges, outcome.names))


@pytest.mark.usefixtures("begun")
def test_bytes_that_are_not_the_snapshots_are_found_and_no_access_is_left(
    target: Target, guarded: LocalTarget, tmp_path: Path
) -> None:
    api, clients = api_of(target), Clients(guarded.endpoints)
    walk = Walk(api, "b17e0001", lambda _: None)
    walk._make_group()
    walk._make_disk()
    snapshot, copy = f"{walk.group}/providers/Microsoft.Compute/snapshots/one", walk.disk("copy")
    for path, source, incremental in ((snapshot, walk.disk(), {"incremental": True}), (copy, snapshot, {})):
        creation = {"createOption": "Copy", "sourceResourceId": source}
        body = {"location": walk.location, "properties": {"creationData": creation, **incremental}}
        api.arm_done("PUT", path, body, version=COMPUTE)
    walk.compare_bytes(snapshot, copy)
    clients.control("POST", "damage", {"id": copy, "data": "other"})
    with pytest.raises(Unexpected, match="are not those of"):
        walk.compare_bytes(snapshot, copy)
    clients.control("POST", "damage", {"id": copy, "data": "unreadable"})
    with pytest.raises(Unread, match="were answered with 404"):
        walk.compare_bytes(snapshot, copy)
    sweeping.remove(api, target.subscription, walk.group_name)  # with access left, nothing could be deleted
    text = "\n".join(str(each) for each in api.recorder.exchanges)
    assert "sig=" in text, "the walk has it"
    exchanges.write(api.recorder.exchanges, target, tmp_path / "kept.jsonl")
    kept = (tmp_path / "kept.jsonl").read_text()
    assert ("sig=" in kept, "<signed url>" in kept) == (False, True)


def test_what_an_interrupted_run_left_is_removed_by_the_next(target: Target) -> None:
    """Killed after the disk was protected: nothing of it was told to anybody."""
    api = api_of(target)
    walk = Walk(api, "dead0001", lambda _: None)
    for step in (walk._make_group, walk._make_vault, walk._assign_roles, walk._make_disk, walk._make_policy):
        step()
    walk._validate()
    walk._protect()
    assert sweeping.left_groups(api, target.subscription, lambda name, _: name == "dead0001") == [walk.group_name]
    assert next_run(target, is_left="dead0001").removed == ["dead0001"]
    assert api.app("GET", walk.vault, expect=(404,)).status == 404
    assert sweeping.left_groups(api, target.subscription, lambda name, _: name == "dead0001") == []
    sweeping.remove(api, target.subscription, walk.group_name)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), KeyError("an answer without what it must have")])
def test_a_run_that_fails_on_the_way_says_where_and_cleans_up(target: Target, error: BaseException) -> None:
    recorder = Recorder(target, plain_session())

    def stop(what: str) -> None:
        if what == "a policy":
            raise error

    outcome = verify(target, recorder, stop, name="stop0001", is_left=lambda *_: False)
    assert outcome.stopped.startswith(f"a disk of 4 GiB: {type(error).__name__}")
    assert (outcome.left, outcome.status) == ("", 2)
    api = api_of(target)
    assert api.arm("GET", group_of(target, "stop0001"), version=RESOURCES, expect=(404,)).status == 404


@pytest.mark.parametrize("tags", [{}, {sweeping.TAG: "another"}, {"owner": "somebody"}])
def test_a_group_that_it_did_not_make_is_refused_and_left_alone(
    target: Target, guarded: LocalTarget, tags: dict[str, str]
) -> None:
    api, path = api_of(target), group_of(target, "f0e10001")
    Clients(guarded.endpoints).put(path, {"location": "westeurope", "tags": tags})
    recorder = Recorder(target, plain_session())
    outcome = verify(target, recorder, lambda _: None, name="f0e10001", is_left=lambda name, _: name == "f0e10001")
    assert "Foreign" in outcome.stopped
    assert "Foreign" in outcome.left
    with pytest.raises(sweeping.Foreign, match="left alone"):
        sweeping.remove(api, target.subscription, f"{sweeping.PREFIX}f0e10001")
    assert api.arm("GET", path, version=RESOURCES, expect=(200,)).body["properties"]["provisioningState"] == "Succeeded"


# ---------------------------------------------------------------- of the two walks, once they are over


def test_it_is_green_against_the_local_front_door(runs: Runs) -> None:
    assert (runs.clean.stopped, runs.clean.left) == ("", "")
    assert told(runs.clean) == [], "if the simulator is right: python -m infra.verify --expect"


def test_each_of_ten_differences_is_found_while_it_walks(runs: Runs) -> None:
    assert (runs.seeded.stopped, runs.seeded.left) == ("", "")
    lines = told(runs.seeded)
    assert len(SEEDS) == 10
    assert [seed.name for seed in SEEDS if not any(seed.told in line for line in lines)] == []
    assert [line for line in lines if not any(seed.told in line for seed in SEEDS)] == [], "and nothing else"


def test_nothing_is_left_of_a_run(runs: Runs) -> None:
    groups = sweeping.left_groups(api_of(runs.target), runs.target.subscription, lambda *_: True)
    assert [name for name in groups if name.endswith(("c1ea0001", "5eed0001"))] == []


def test_what_it_keeps_holds_no_token_and_no_id(runs: Runs, tmp_path: Path) -> None:
    exchanges.write(runs.clean.exchanges, runs.target, tmp_path / "recording.jsonl")
    text = (tmp_path / "recording.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(lines) == len(runs.clean.exchanges)
    assert {"method", "uri", "request_body", "status", "headers", "body"} <= set(lines[0])
    assert runs.target.subscription not in text
    assert re.findall(r"eyJ[\w-]{10,}", text) == []
    assert {
        found for found in exchanges.GUID.findall(text) if not found.startswith("00000000-0000-0000-0000-")
    } == set()
    assert "127.0.0.1" not in text


def group_of(target: Target, name: str) -> str:
    return f"/subscriptions/{target.subscription}/resourceGroups/{sweeping.PREFIX}{name}"
