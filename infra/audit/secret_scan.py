"""Secrets in the tree: in all files that git has or would take, by detect-secrets and by the shapes of Azure's keys.

A finding that is no secret is excused: below, by the beginning of the hash that detect-secrets gives it and with the
reason, or on its own line by the comment `pragma: allowlist secret`, which detect-secrets reads.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

EXCUSED: Mapping[str, str] = {
    "7d9b72c2": "a setting's name",
    "726684b0": "Azurite's well-known key, the same everywhere",
    "b8ff6b64": "a setting's name",
    "b1775a78": "a made-up id of a recovery point",
    "ffdc5047": "the principal that an intruder in a test makes up",
    "d015cc46": "a property of a parameter",
    "0372450b": "a security type of confidential disks",
    "6e6cda63": "a security type of confidential disks",
    "043c1394": "the hash of nothing, which a content security policy lets pass",
    "a4b48a81": "a word that a test sends in place of a secret",
}
# Where ids of records stand by the hundred: no entropy tells them from a secret. All other detectors look there too.
FULL_OF_IDS = ("tests/golden/",)
ALLOWED = "pragma: allowlist secret"
# What detect-secrets has no detector for. Azure marks its newer keys by four letters near their end (documented).
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "a shared access signature": re.compile(r"[?&]sig=[A-Za-z0-9%+/]{40,}"),
    "a shared access key": re.compile(r"SharedAccessKey=[A-Za-z0-9+/]{40,}"),
    "a Functions key": re.compile(r"[A-Za-z0-9_-]{42,}AzFu[A-Za-z0-9_-]{4,}"),
    "an Event Grid key": re.compile(r"[A-Za-z0-9+/]{40,}AZEG[A-Za-z0-9+/]{4,}"),
    "a storage account's key": re.compile(r"[A-Za-z0-9+/]{60,}ASt[A-Za-z0-9+/]{6,}"),
    "an Entra client secret": re.compile(r"[A-Za-z0-9_.~-]{3}[78]Q~[A-Za-z0-9_.~-]{31,34}"),
}


def faults(root: Path) -> list[str]:
    """Where a secret stands. It is not shown. Raises CalledProcessError outside a git repository."""
    return scan(root, tracked(root))


def tracked(root: Path) -> list[str]:
    """The files that git knows, and those that it would take: not what it ignores."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return sorted(name for name in run.stdout.split("\0") if name and (root / name).is_file())


def scan(root: Path, files: Iterable[str]) -> list[str]:
    names = list(files)
    found = SecretsCollection(root=str(root))
    with default_settings():
        found.scan_files(*names)
    detected = {
        f"{name}:{secret.line_number} looks like a secret ({secret.type}, {secret.secret_hash[:8]})"
        for name, secret in found
        if not _is_excused(name, secret)
    }
    return sorted(detected | {fault for name in names for fault in _shaped(root, name)})


def _is_excused(name: str, secret: PotentialSecret) -> bool:
    return secret.secret_hash[:8] in EXCUSED or ("High Entropy" in secret.type and name.startswith(FULL_OF_IDS))


def _shaped(root: Path, name: str) -> Iterator[str]:
    for number, line in enumerate((root / name).read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        for what, shape in _SHAPES.items():
            if shape.search(line) and ALLOWED not in line:
                yield f"{name}:{number} looks like {what}"
