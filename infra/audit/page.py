"""What the Backup Center's page is built of: pinned with hashes, under licences that somebody read, not known as weak.

By dashboard/package-lock.json, and only what ships; what it is built and tested with does not. The licences' texts ship
with the page, which the build sees to.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.audit import licences
from infra.audit.outcome import Outcome

PAGE = Path("dashboard")
# As short as MIT or shorter, beside what may ship of Python.
ACCEPTED = licences.ACCEPTED | {"0BSD", "BSD-2-Clause", "ISC"}
_FILES = ("package.json", "package-lock.json")
_SECONDS = 60


def faults(root: Path) -> list[str]:
    """Offline: what is declared is one version, what is locked has a hash and an accepted licence."""
    declared = json.loads((root / PAGE / "package.json").read_text(encoding="utf-8"))
    wanted = {**declared.get("dependencies", {}), **declared.get("devDependencies", {})}
    found = [
        f"{PAGE}/package.json: {name} is not pinned to one version" for name, text in wanted.items() if _open(text)
    ]
    for name, package in _shipped(root):
        if not str(package.get("integrity", "")).startswith("sha512-"):
            found.append(f"{name} {package['version']} has no hash: npm install in {PAGE}")
        if package.get("license") not in ACCEPTED:
            stated = package.get("license", "no licence")
            found.append(
                f"{name} {package['version']} is under {stated}: read it, then accept it in infra/audit/page.py"
            )
    return found


def check(root: Path, registry: str | None = None) -> Outcome:
    """Known weaknesses, by npm from the registry that it is set to ask, or from `registry`."""
    with tempfile.TemporaryDirectory(prefix="diskbackup-audit-") as folder:
        for name in _FILES:
            shutil.copyfile(root / PAGE / name, Path(folder) / name)
        command = ["npm", "audit", "--json", "--omit=dev", "--package-lock-only", "--fetch-retries=0"]
        command += [] if registry is None else [f"--registry={registry}"]
        try:
            run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except (FileNotFoundError, subprocess.TimeoutExpired) as error:
            return Outcome(not_run=f"npm audit: {error}")
    try:
        return judge(json.loads(run.stdout))
    except json.JSONDecodeError:
        return Outcome(not_run=f"npm audit ended with {run.returncode} and said nothing that can be read")


def judge(report: Mapping[str, Any]) -> Outcome:
    """What npm's report says. One without its list is no clean bill."""
    if "vulnerabilities" not in report:
        return Outcome(not_run=f"npm audit: {str(report.get('message', 'no list of weaknesses came'))[:120]}")
    found = (
        f"{weak['name']} {weak['range']}: {cause['title']} ({cause['url']})"
        for weak in report["vulnerabilities"].values()
        for cause in weak["via"]
        if isinstance(cause, dict)  # else a package that this one needs, which has its own entry
    )
    return Outcome(faults=tuple(found))


def _shipped(root: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    lock = json.loads((root / PAGE / "package-lock.json").read_text(encoding="utf-8"))
    for path, package in lock["packages"].items():
        if path and not package.get("dev"):
            yield path.rpartition("node_modules/")[2], package


def _open(version: str) -> bool:
    return re.fullmatch(r"\d+\.\d+\.\d+(-[\w.]+)?", version) is None
