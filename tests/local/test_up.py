"""Starting, watching and ending the local target."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from infra.local.parts import Part, PartFailed, Recipe, fingerprint, free_ports
from infra.local.up import PROJECT, AlreadyRunning, LocalTarget
from tests.local.conftest import SAMPLE_APP, SAMPLE_SETTINGS, wait_for

pytestmark = pytest.mark.local_target


class Command:
    """`python -m infra.local up ...` with the sample app, as a person runs it."""

    def __init__(self, directory, *more):
        self.directory, self._output = directory, directory / "output"
        arguments = ["up", "--dir", str(directory), "--app", str(SAMPLE_APP), "--without-arm", *more]
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infra.local", *arguments],
                cwd=PROJECT,
                env=os.environ | SAMPLE_SETTINGS,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def endpoints(self):
        path = self.directory / "endpoints.json"
        wait_for(lambda: path.exists() or self.process.poll() is not None)
        return json.loads(path.read_text())

    def output(self):
        return self._output.read_text()

    def ended(self):
        return self.process.wait(60)


@pytest.fixture
def up(tmp_path):
    started = []

    def run(*more):
        started.append(Command(tmp_path, *more))
        return started[-1]

    yield run
    for command in started:
        if command.process.poll() is None:
            command.process.terminate()
            command.process.wait(60)


def down(directory):
    command = [sys.executable, "-m", "infra.local", "down", "--dir", str(directory)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=True).stdout


def host_pids(api, *, tries=40):
    return {requests.get(f"{api}/api/echo/x", timeout=60).json()["pid"] for _ in range(tries)}


def gone(pids):
    return all(fingerprint(pid) is None for pid in pids)


def test_two_hosts_share_a_port_and_one_may_be_killed(up):
    command = up("--instances", "2")
    endpoints = command.endpoints()
    hosts = {name: pid for name, pid in endpoints["processes"].items() if name.startswith("host")}
    assert host_pids(endpoints["api"]) == set(hosts.values())
    check_who_may_sign_in(endpoints, "entra")
    os.kill(hosts["host-0"], signal.SIGKILL)
    wait_for(lambda: "CRASHED: host-0" in command.output())
    assert host_pids(endpoints["api"], tries=10) == {hosts["host-1"]}
    assert "exit code -9" in command.output()
    command.process.send_signal(signal.SIGINT)
    assert command.ended() == 0
    assert gone(endpoints["processes"].values())
    assert not (command.directory / "endpoints.json").exists()


def test_endpoints_say_what_a_client_needs_a_second_up_is_refused_and_the_next_takes_up_the_state(up, tmp_path):
    command = up()
    endpoints = command.endpoints()
    needed = {"api", "arm", "front_door", "issuer", "tenant_id", "audience", "identity", "identity_header",
              "eventgrid", "storage_connection_string", "ca_file", "subscription_id", "subscription_ids",
              "function_key", "master_key", "processes", "log_dir"}  # fmt: skip
    needed |= {f"{name}_identity_header" for name in ("app", "contributor", "operator", "reader", "stranger")}
    assert needed <= set(endpoints)
    headers = {"x-functions-key": endpoints["function_key"]}
    assert requests.get(f"{endpoints['api']}/api/guarded", headers=headers, timeout=60).text == "open"
    with pytest.raises(AlreadyRunning):
        LocalTarget.start(dir=tmp_path, app=SAMPLE_APP, arm=False)
    for name in ("endpoints.json", "parts.json", "certificates/server-key.pem"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, f"{name} is for its owner only"
    assert tmp_path.stat().st_mode & 0o077 == 0
    assert requests.get(f"{endpoints['api']}/admin/host/ping", timeout=60).ok, "the refused one touched nothing"
    assert "ending the local target" in down(tmp_path)
    assert command.ended() == 0
    assert gone(endpoints["processes"].values())
    assert down(tmp_path) == "nothing is running\n"
    second = up("--restart-hosts", "--sign-in", "function_key")
    again = second.endpoints()
    assert again["function_key"] == endpoints["function_key"], "the storage kept its blobs"
    check_who_may_sign_in(again, "function_key")
    os.kill(again["processes"]["host-0"], signal.SIGKILL)
    wait_for(lambda: "host-1 is started in its place" in second.output())
    assert "host-1" in second.endpoints()["processes"]


def check_who_may_sign_in(endpoints, sign_in):
    """What the app is told of it."""
    if sys.platform != "linux":
        return  # only Linux shows the environment of a process
    content = Path(f"/proc/{endpoints['processes']['host-0']}/environ").read_bytes().decode()
    settings = dict(line.split("=", 1) for line in content.split("\0") if "=" in line)
    assert settings["DISKBACKUP_SIGN_IN"] == sign_in
    assert settings["DISKBACKUP_ENTRA_TENANT_ID"] == endpoints["tenant_id"]
    assert settings["DISKBACKUP_ENTRA_AUTHORITY"] == endpoints["issuer"]
    accepted = settings["DISKBACKUP_ENTRA_AUDIENCE"].split(",")
    assert {endpoints["front_door"], endpoints["audience"], "https://management.azure.com/"} <= set(accepted)
    assert settings["IDENTITY_HEADER"] == endpoints["app_identity_header"] != endpoints["identity_header"]


def test_a_service_that_crashes_is_reported_and_ends_everything(up):
    command = up()
    endpoints = command.endpoints()
    os.kill(endpoints["processes"]["azurite"], signal.SIGKILL)
    assert command.ended() == 1
    assert re.search(r"CRASHED: azurite \(pid \d+\) ended with exit code -9", command.output())
    assert gone(endpoints["processes"].values())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_nothing_outlives_a_killed_up(up):
    command = up()
    processes = command.endpoints()["processes"].values()
    command.process.kill()
    command.process.wait()
    wait_for(lambda: gone(processes))


def test_an_app_that_is_refused_is_reported_with_its_reason(tmp_path):
    settings = {"GREETING_QUEUE": "greetings", "TICK": "0 0 3 * * *", "WEBSITE_TIME_ZONE": "Mars/Olympus"}
    with pytest.raises(PartFailed) as failed:
        LocalTarget.start(dir=tmp_path, app=SAMPLE_APP, arm=False, env=settings)
    assert "the time zone 'Mars/Olympus' (WEBSITE_TIME_ZONE, TZ) is unknown" in str(failed.value)
    assert "exit code 2" in str(failed.value)
    assert not (tmp_path / "endpoints.json").exists()


def test_down_leaves_a_stranger_with_a_recorded_id_alone(tmp_path):
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    try:
        entry = {"pid": stranger.pid, "fingerprint": "1 another command with this id"}
        (tmp_path / "parts.json").write_text(json.dumps({"up": entry, "host-0": entry}))
        down(tmp_path)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_part_that_says_nothing_is_not_waited_for_for_ever(tmp_path):
    command = [sys.executable, "-c", "print('hello', flush=True); import time; time.sleep(600)"]
    recipe = Recipe(
        name="mute",
        command=command,
        environment=os.environ,
        log=tmp_path / "mute.log",
        directory=tmp_path,
        ready_text="ready",
    )
    part = Part(recipe)
    try:
        wait_for(lambda: "hello" in recipe.log.read_text())
        with pytest.raises(PartFailed, match=r"(?s)not ready in time.*hello"):
            part.wait_ready(until=time.monotonic() + 0.2)
    finally:
        part.send(signal.SIGKILL)
        part.wait_ended(5)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere two processes may be given the same port")
def test_a_port_is_given_to_one_process_until_it_ends():
    few = range(19_000, 19_004)
    held = f"from infra.local.parts import free_ports; print(free_ports(4, among={few!r}), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", held], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert sorted(json.loads(other.stdout.readline())) == list(few)
        with pytest.raises(OSError, match="no 1 free ports"):
            free_ports(1, among=few)
        print(file=other.stdin, flush=True)
    assert sorted(free_ports(4, among=few)) == list(few)
