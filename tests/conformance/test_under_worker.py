"""Our app under Microsoft's own worker library: one function of each kind of trigger invoked, over a real Azurite.

The program that does so is not part of this project; where it is missing these tests fail.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backup_core.domain.messages import DeliverEvents, StartBackup, encode
from tests.builders import VAULT, disk_id
from tests.domain.test_resource_event import cloud_event, grid_event

pytestmark = [pytest.mark.conformance, pytest.mark.local_target]

PROJECT = Path(__file__).resolve().parents[2]
PROGRAM = PROJECT.parent / "shared" / "conformance" / "under-worker"


def invoke(storage: str, function: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    assert PROGRAM.exists(), f"{PROGRAM} is missing: nothing can be checked"
    command = [str(PROGRAM), "invoke", str(PROJECT), function, *arguments, "--python", sys.executable]
    named = {"WEBSITE_HOSTNAME": "app.example", "DISKBACKUP_SIGN_IN": "function_key"}  # as the platform and Bicep do
    environment = {**os.environ, "AzureWebJobsStorage": storage, **named}
    return subprocess.run(
        command, input=stdin, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("invocation", "stdin"),
    [
        (("tick", "--timer"), ""),
        (("tick", "--timer", "--past-due"), ""),
        (("backup", "--queue", "-"), encode(DeliverEvents(vault=VAULT))),
        (
            ("requests", "--queue", "-"),
            encode(StartBackup(vault=VAULT, instance_name="gone", job_id="fe0000000000-0000")),
        ),
    ],
    ids=["a tick that finds nothing due", "a late tick", "a message of ours", "a step of an instance that is gone"],
)
def test_an_invocation_ends_well(azurite, invocation, stdin):
    run = invoke(azurite, *invocation, stdin=stdin)
    assert run.returncode == 0, run.stdout + run.stderr


def test_an_absent_vault_is_answered_as_arm_does(azurite):
    url = f"https://app.example{VAULT.resource_id}?api-version=2026-06-01"
    run = invoke(azurite, "api_vault", "--http", "GET", url)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "404" in run.stdout
    assert "ResourceNotFound" in run.stdout


@pytest.mark.parametrize("text", ["no json", json.dumps({"version": 99})])
def test_a_strangers_message_fails_so_that_the_platform_puts_it_aside(azurite, text):
    run = invoke(azurite, "requests", "--queue", "-", stdin=text)
    assert run.returncode == 1
    assert "MessageMalformed" in run.stdout + run.stderr


@pytest.mark.parametrize("make", [grid_event, cloud_event])
def test_an_event_of_azures_resources_is_taken_in_either_schema(azurite, make):
    for event in (make(disk_id()), make(disk_id(), "ResourceActionSuccess"), make("/nonsense")):
        run = invoke(azurite, "resource_changed", "--event-grid", "-", stdin=json.dumps(event))
        assert run.returncode == 0, run.stdout + run.stderr


def test_an_event_in_the_queue_is_taken_and_so_is_what_is_none(azurite):
    for text in (json.dumps(cloud_event(disk_id())), json.dumps(grid_event(disk_id())), "no json"):
        run = invoke(azurite, "resource_events", "--queue", "-", stdin=text)
        assert run.returncode == 0, run.stdout + run.stderr
