"""The zip: the same bytes for the same files, whenever and by whomever it is made; and its list of contents.

Leaves to others: which files (contents.py) and whether they may ship (rules.py).
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

_NO_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold
_MODE = 0o100644 << 16
_UNIX = 3


def write(folder: Path, files: Sequence[str], archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for file in sorted(files):
            entry = zipfile.ZipInfo(file, _NO_TIME)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, _MODE, _UNIX
            target.writestr(entry, (folder / file).read_bytes())


def unpack(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as source:
        source.extractall(folder)


def write_manifest(folder: Path, files: Sequence[str], archive: Path, manifest: Path, versions: Sequence[str]) -> None:
    """What the zip holds, for people and for comparing two releases; sizes in bytes."""
    sizes = {file: (folder / file).stat().st_size for file in sorted(files)}
    content = {
        "package": archive.name,
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "bytes": archive.stat().st_size,
        "unpackedBytes": sum(sizes.values()),
        "compiledFor": list(versions),
        "files": sizes,
    }
    manifest.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
