"""What is imported is declared (deptry), and what is declared yields what is pinned, by hash (uv).

Leaves to others: that what is installed is what is pinned (pip, by --require-hashes), and weaknesses of the pinned
versions (weaknesses.py).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra.audit.outcome import Outcome
from infra.package.interpreters import SUPPORTED

# Not imported by what ships: zoneinfo reads the one, PyJWT needs the other, and a late version of it.
_UNUSED = "DEP002=tzdata|cryptography"
# What tests and tools take as it comes with the clients of Azure and with aiohttp; `host` is what probe.py finds beside
# itself.
_COME_ALONG = "DEP001=host,DEP003=requests|urllib3|multidict|yarl"
_INSTALLED = ("requirements.in", "infra/local/requirements.txt", "infra/local/worker-library.txt")
_OURS = ("backup_core", "docs", "function_app", "infra", "tests")
_UNREACHABLE = re.compile(
    r"error sending request|Failed to fetch|[Cc]ould not connect|timed out|dns error|Connect", re.ASCII
)


def import_faults(root: Path) -> list[str]:
    """What the shipped code imports of others against what requirements.in declares."""
    others = [f"--exclude={place}" for place in (r"\.", "center/", "dashboard/", "docs/", "infra/", "tests/")]
    return _deptry(root, ".", *others, "--requirements-files=requirements.in", f"--per-rule-ignores={_UNUSED}")


def tool_faults(root: Path) -> list[str]:
    """What the tests and tools import against what a clean clone installs."""
    files = ",".join((*_INSTALLED, "tests/requirements.txt"))
    ours = [f"--known-first-party={name}" for name in _OURS]
    options = (f"--requirements-files={files}", f"--per-rule-ignores={_COME_ALONG}", "--ignore=DEP002")
    return _deptry(root, "docs", "infra", "tests", "--exclude=.*node_modules", *ours, *options)


def _deptry(root: Path, *arguments: str) -> list[str]:
    # pyproject.toml, where deptry would look by itself, declares nothing.
    command = [sys.executable, "-m", "deptry", *arguments, "--config=/dev/null", "--no-ansi"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    found = [line for line in run.stderr.splitlines() if " DEP00" in line]
    return found or ([] if run.returncode == 0 else [f"deptry ended with {run.returncode}: {run.stderr[-300:]}"])


def resolve_again(root: Path) -> Outcome:
    """Let the resolver say anew what requirements.in yields, the pins being its first choice. Asks the registry."""
    with tempfile.TemporaryDirectory(prefix="diskbackup-audit-") as folder:
        fresh = Path(folder) / "requirements.txt"
        shutil.copyfile(root / "requirements.txt", fresh)
        command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet", "--universal"]
        command += ["--python-version", SUPPORTED[0], "--generate-hashes", "--output-file", str(fresh)]
        run = subprocess.run(
            [*command, "requirements.in"], cwd=root, capture_output=True, text=True, timeout=120, check=False
        )
        if run.returncode == 0:
            return Outcome(faults=tuple(differences((root / "requirements.txt").read_text(), fresh.read_text())))
    tail = run.stderr.strip()[-300:]
    return Outcome(not_run="the registry does not answer") if _UNREACHABLE.search(tail) else Outcome(faults=(tail,))


def differences(pinned: str, fresh: str) -> Iterator[str]:
    """Of two texts of requirements. A registry may add files to a version; what is pinned has to be there still."""
    ours, theirs = _lines(pinned), _lines(fresh)
    yield from (f"requirements.in does not yield {line}: make lock" for line in sorted(ours - theirs))
    added = sorted(line for line in theirs - ours if not line.startswith("--hash"))
    yield from (f"requirements.in yields {line}, which is not pinned: make lock" for line in added)


def _lines(text: str) -> set[str]:
    bare = (line.strip(" \\") for line in text.splitlines())
    return {line for line in bare if line and not line.startswith("#")}
