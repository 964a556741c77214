"""Nothing that the app or its surroundings write shows a secret, though everything is logged and much of it fails.

The app and its libraries run at log level Debug, first with keys and then with tokens: more than whoever hunts a fault
in production can have, for the app as it ships keeps its libraries at Warning. What is looked through: every log of
every process, and the events.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.local.demo import wanted
from infra.local.demo.clients import LocalCredential
from infra.local.up import LocalTarget
from infra.package import contents
from tests.e2e.begun import GARBAGE
from tests.e2e.leaks import leaks, secrets_of
from tests.e2e.stage import GROUP, VAULT, Stage, until
from tests.e2e.targets import started

pytestmark = pytest.mark.local_target

ROOT = Path(__file__).resolve().parents[2]
TARGET = "/resourceGroups/restores-westeurope/providers/Microsoft.Compute/disks/leaks-copy"
# After the app's own choice of levels.
EVERYTHING = """
import logging

for name in ("", "diskbackup"):
    logging.getLogger(name).setLevel(logging.DEBUG)
"""
# Signs that the runs were what they should be: each stands in some log.
SIGNS = (
    "Executed 'requests' (Succeeded",
    "UserErrorMissingRequiredPermissions",
    "MessageMalformed",
)


@pytest.fixture(scope="module")
def talkative_app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app as it ships, but for its log levels."""
    app = tmp_path_factory.mktemp("talkative")
    for file in contents.read(ROOT):
        (app / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, app / file)
    host = json.loads((app / "host.json").read_text())
    host["logging"]["logLevel"]["default"] = "Debug"
    (app / "host.json").write_text(json.dumps(host))
    with (app / "function_app.py").open("a") as entry:
        entry.write(EVERYTHING)
    return app


@pytest.fixture(scope="module")
def run(talkative_app: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    directory, settings = tmp_path_factory.mktemp("leaks"), {"DISKBACKUP_SIGN_IN": "function_key"}
    with started(directory, app=talkative_app, env=settings) as target:
        made = Run(target, directory, settings)
        made.with_keys()
        made.with_tokens()
    return made  # the hosts have ended: all is written


class Run:
    """What was done, and what the target wrote meanwhile."""

    def __init__(self, target: LocalTarget, directory: Path, settings: dict[str, str]) -> None:
        self.target, self.directory, self.settings = target, directory, settings
        self.stage = Stage(target)
        self.tokens: list[str] = []
        self.endpoints: dict[str, Any] = dict(target.endpoints)

    def with_keys(self) -> None:
        """Protect, back up, restore; be refused by Azure and by ourselves; send what nobody can read."""
        stage = self.stage
        self._restart(DISKBACKUP_EVENTGRID_KEY=self.endpoints["eventgrid_key"])
        stage.clients.control("PUT", "settings", {"role_propagation_seconds": 0})
        stage.sdk.backup_vaults.begin_create_or_update(GROUP, VAULT, wanted.vault()).result()
        stage.sdk.backup_policies.create_or_update(GROUP, VAULT, "daily", wanted.policy("P1D", "P7D"))
        stage.make_group("snapshots-leaks-denied", with_role=False)
        fine, denied = (stage.make_disks(f"leaks-{name}")[0] for name in ("fine", "denied"))
        stage.protect(fine, "daily")
        stage.protect(denied, "daily", group="snapshots-leaks-denied")
        stage.back_up("leaks-denied-0001")
        stage.put_message("diskbackup-backup", GARBAGE)
        stage.fault("drop_after", "snapshots/bk-leaks-fine", method="PUT", count=1)
        job = stage.back_up("leaks-fine-0001")
        assert stage.ended(job)["status"] == "Completed"
        point = stage.visible_points("leaks-fine-0001")[0]
        restored = stage.restore("leaks-fine-0001", point, f"/subscriptions/{stage.subscription}{TARGET}")
        assert stage.ended(restored)["status"] == "Completed"
        assert stage.call("GET", f"{stage.vault_id}?api-version=2026-06-01", key="wrong").status_code == 401
        until(lambda: stage.events("RecoveryPoint.Created", "leaks-fine-0001"), bool)

    def with_tokens(self) -> None:
        """A good token, a spoilt one, one in the wrong place, none."""
        self._restart(DISKBACKUP_SIGN_IN="entra")
        good = LocalCredential(self.endpoints).get_token(f"{self.endpoints['front_door']}/.default").token
        head, body, signature = good.split(".")
        self.tokens = [good, ".".join((head, body, signature[::-1]))]
        answers = [self._get(headers={"Authorization": f"Bearer {token}"}).status_code for token in self.tokens]
        answers.append(self._get(params={"access_token": good}).status_code)
        answers.append(self._get().status_code)
        assert answers == [200, 401, 401, 401]

    def texts(self) -> dict[str, list[str]]:
        """Everything that was written, by file."""
        files = [*self.target.log_dir.iterdir(), self.directory / "events.jsonl"]
        return {file.name: file.read_text(errors="replace").splitlines() for file in files if file.is_file()}

    def _get(self, **options: Any) -> requests.Response:
        options["params"] = {"api-version": "2026-06-01", **options.get("params", {})}
        url = f"{self.endpoints['front_door']}{self.stage.vault_id}"
        return requests.get(url, verify=self.endpoints["ca_file"], timeout=60, **options)

    def _restart(self, **settings: str) -> None:
        """Another host with other settings, in place of the one that runs."""
        self.settings.update(settings)
        for index, part in list(self.target.hosts.items()):
            if part.exit_code is None:
                self.target.kill_host(index)
        self.target.start_host()


def test_nothing_that_was_written_shows_a_secret(run: Run) -> None:
    secrets = secrets_of(run.endpoints, *run.tokens)
    assert len(secrets) > 8
    found = [leak for name, lines in run.texts().items() for leak in leaks(name, lines, secrets)]
    assert found == []


def test_much_was_written(run: Run) -> None:
    """Silence shows no secrets either."""
    texts = run.texts()
    hosts = "\n".join("\n".join(lines) for name, lines in texts.items() if name.startswith("host-"))
    assert " DEBUG " in hosts
    assert [sign for sign in SIGNS if sign not in hosts] == []
    assert {"host-0.log", "host-1.log", "host-2.log", "events.jsonl"} <= texts.keys()
    assert texts["events.jsonl"]


# ------------------------------------------------------------------ the eye itself


ENDPOINTS = {
    "storage_connection_string": "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=bWFkZSB1cA==;BlobEndpoint=http://x;",
    "function_key": "f-1/2",
    "identity_header": "0badc0de",
    "api": "http://127.0.0.1:1",
    "absent_key": None,
}


def test_which_values_of_a_target_are_secret() -> None:
    assert set(secrets_of(ENDPOINTS, "own")) == {
        "storage_connection_string", "the account's key", "function_key", "identity_header", "secret 0"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("GET /?code=f-1/2", "function_key"),
        ("GET /?code=f-1%2F2", "function_key"),
        ("X-IDENTITY-HEADER: 0badc0de", "identity_header"),
        ("key bWFkZSB1cA== used", "the account's key"),
        ("Authorization: Bearer abcdefghijklmnop", "a bearer header"),
        ("got eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhIn0xx.c2ln", "a token"),
        ("PUT http://x/c?sv=1&sig=abcdefghijklmnopqr%3D", "a shared access signature"),
        ("AccountKey=abcdefghijklmnopqr", "a connection string"),
        ("Authorization: SharedKey a:abcdefghijklmnopqr=", "a storage request's signature"),
        ("-----BEGIN RSA PRIVATE " + "KEY-----", "a private key"),
    ],
)
def test_a_secret_in_a_line_is_seen_and_not_shown(line: str, what: str) -> None:
    secrets = secrets_of(ENDPOINTS)
    (leak,) = leaks("host-0.log", ["nothing", line], secrets)
    assert leak == f"host-0.log:2 shows {what}"


@pytest.mark.parametrize(
    "line", ["Authorization: REDACTED", "x-functions-key: REDACTED", "Bearer token refused", "sig=REDACTED"]
)
def test_what_is_blotted_out_is_no_secret(line: str) -> None:
    assert leaks("a", [line], secrets_of(ENDPOINTS)) == []
