"""Secrets in a tree: each kind that an Azure project could lose is found. That ours holds none is asked before each
commit (`make scan`) and by CI (`make audit`), once: a look into every file takes twenty seconds.
"""

from __future__ import annotations

import base64
import json
import random
import string
import subprocess
from pathlib import Path

import pytest

from infra.audit import secret_scan

_random = random.Random(5)
_BYTES = _random.randbytes(64)


def letters(count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(_random.choices(alphabet, k=count))


def in_base64(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


# Put together here, so that this file holds none.
SECRETS = {
    "a connection string": f"AccountName=a;AccountKey={base64.b64encode(_BYTES).decode()};",
    "a shared access signature": "https://a.blob.core.windows.net/c?sv=2026-01-01&sig=" + letters(43) + "%3D",
    "a bus's connection string": "Endpoint=sb://a.example/;SharedAccessKeyName=n;SharedAccessKey=" + letters(43) + "=",
    "a Functions key": letters(44) + "AzFu" + letters(8) + "==",
    "an Event Grid key": letters(43) + "AZEG" + letters(4),
    "a newer storage key": letters(74) + "+ASt" + letters(8) + "==",
    "a client secret": letters(3) + "8Q~" + letters(34),
    "a token": ".".join(map(in_base64, (b'{"alg":"RS256"}', b'{"a":"b"}', _BYTES))),
    "a private key": "-----BEGIN RSA PRIVATE " + "KEY-----",
    "a password in an address": "postgres://admin:" + letters(20) + "@db.example/x",
    "a word for a secret": 'client_secret = "' + letters(24) + '"',
}  # fmt: skip


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("file", ["settings.py", "docs/run.md", "infra/main.bicepparam"])
def test_a_secret_is_found_and_not_shown(kind: str, file: str, tmp_path: Path) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(f"# a line\nvalue = '{SECRETS[kind]}'\n")
    found = secret_scan.scan(tmp_path, [file])
    assert found, f"{kind} was not found"
    assert all(fault.startswith(f"{file}:2 looks like ") for fault in found)
    assert not any(SECRETS[kind] in fault for fault in found)


def test_what_is_excused_on_its_line_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"key = '{SECRETS['a connection string']}'  # {secret_scan.ALLOWED}\n")
    assert secret_scan.scan(tmp_path, ["a.py"]) == []


def test_golden_files_hold_ids_and_no_secrets(tmp_path: Path) -> None:
    name = f"{secret_scan.FULL_OF_IDS[0]}a.json"
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(json.dumps({"point": _BYTES.hex()[:32]}))
    assert secret_scan.scan(tmp_path, [name]) == []
    (tmp_path / name).write_text(json.dumps({"storage": SECRETS["a connection string"]}))
    assert secret_scan.scan(tmp_path, [name]) != []


def test_plain_code_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("key = settings.key\nurl = 'https://a.example/?sig='\nGUID = '7e4-11'\n")
    assert secret_scan.scan(tmp_path, ["a.py"]) == []


def test_files_that_git_would_take_are_looked_at_and_ignored_ones_are_not(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("local.settings.json\n")
    for name in ("local.settings.json", "new.py"):
        (tmp_path / name).write_text(SECRETS["a connection string"])
    assert secret_scan.tracked(tmp_path) == [".gitignore", "new.py"]
    assert {fault.split(":")[0] for fault in secret_scan.faults(tmp_path)} == {"new.py"}


def test_outside_a_repository_nothing_is_taken_for_clean(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        secret_scan.faults(tmp_path)
