"""The Python interpreters of this machine that Azure would run the app with.

Leaves to others: what is done with them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUPPORTED = ("3.11", "3.12", "3.13")
# One without venv and pip is no use: Debian installs such.
_QUESTION = (
    "import ensurepip, json, sys, venv; print(json.dumps([*sys.version_info[:2], sys.implementation.cache_tag]))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """`version` is "3.12"; `tag` what the names of its bytecode files bear, "cpython-312"."""

    version: str
    path: Path
    tag: str


def find(version: str) -> Interpreter | None:
    """The first that answers: ours, then those on the PATH, then pyenv's, whose shims answer for one version only."""
    for path in _candidates(version):
        tag = _tag(path, version)
        if tag is not None:
            return Interpreter(version=version, path=path, tag=tag)
    return None


def _candidates(version: str) -> Iterator[Path]:
    name = f"python{version}"
    yield Path(sys.base_prefix) / "bin" / name
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder:
            yield Path(folder) / name
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for installed in sorted(pyenv.glob(f"versions/{version}.*"), reverse=True):
        yield installed / "bin" / name


def _tag(path: Path, version: str) -> str | None:
    """None when it does not run, or is another version than its name says."""
    if not path.is_file():
        return None
    run = subprocess.run([str(path), "-c", _QUESTION], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        return None
    major, minor, tag = json.loads(run.stdout)
    return str(tag) if f"{major}.{minor}" == version else None
