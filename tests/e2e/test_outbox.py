"""The outbox with real parts: a topic that refuses, a host killed meanwhile, and every event there in the end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from infra.local.demo import wanted
from infra.local.up import LocalTarget
from tests.e2e.stage import GROUP, VAULT, Stage, until

DISKS = 8
ROUNDS = 3


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Two hosts of their own: this file makes their topic refuse."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("DISKBACKUP_")]:
            environment.delenv(name)
        keys = {"DISKBACKUP_SIGN_IN": "function_key"}
        with LocalTarget.start(dir=tmp_path_factory.mktemp("outbox"), instances=2, env=keys) as target:
            yield Stage(target)


def topic(stage: Stage, mode: dict[str, object]) -> None:
    endpoints = stage.target.endpoints
    url = f"{endpoints['eventgrid']}/_topic/mode"
    requests.put(url, json=mode, verify=endpoints["ca_file"], timeout=60).raise_for_status()


def test_events_of_a_killed_host_arrive_when_the_topic_is_back(stage: Stage) -> None:
    stage.sdk.backup_vaults.begin_create_or_update(GROUP, VAULT, wanted.vault()).result()
    stage.sdk.backup_policies.create_or_update(GROUP, VAULT, "daily", wanted.policy("P1D", "P7D"))
    disks = stage.make_disks("told-", DISKS)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda disk: stage.protect(disk, "daily"), disks)) == {"ProtectionConfigured"}
    instances = [disk.rsplit("/", 1)[1] for disk in disks]
    topic(stage, {"refuse": 503})
    jobs: list[str] = []
    for number in range(ROUNDS):
        with ThreadPoolExecutor(4) as pool:
            jobs += pool.map(stage.back_up, instances)
        if number == 1:
            stage.target.kill_host(0, signal.SIGKILL)
            stage.target.start_host()
        for job in jobs:
            assert stage.ended(job, seconds=150)["status"] == "Completed"
    assert stage.events("Job.Completed") == []
    topic(stage, {})
    wanted_ids = {job.rsplit("/", 1)[-1] for job in jobs}
    told = until(
        lambda: stage.events("Job.Completed"),
        lambda events: wanted_ids <= {event["data"]["jobId"].rsplit("/", 1)[1] for event in events},
        seconds=90,
    )
    created = until(lambda: stage.events("RecoveryPoint.Created"), lambda events: len(events) >= len(jobs))
    for events in (told, created):
        distinct = {event["id"]: event for event in reversed(events)}
        assert len(distinct) == len(jobs)
        for instance in instances:
            first = list(dict.fromkeys(event["id"] for event in events if event["subject"].endswith(f"/{instance}")))
            times = [distinct[event_id]["time"] for event_id in first]
            assert times == sorted(times)
