"""Known weaknesses of the pinned versions, by pip-audit, from a service that publishes them.

Where no service answers, or the one that does knows nothing of a package, that is said: it is no clean bill.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.audit import requirements
from infra.audit.outcome import Outcome
from infra.package.interpreters import SUPPORTED

# What pip-audit may ask, the first that answers counts.
SERVICES: tuple[tuple[str, ...], ...] = (("--vulnerability-service", "pypi"), ("--vulnerability-service", "osv"))


def check(root: Path, services: Sequence[Sequence[str]] = SERVICES) -> Outcome:
    """Of the pins of every supported Python. `services` are options of pip-audit."""
    lines = requirements.read(root / "requirements.txt")
    lists = dict.fromkeys(
        "".join(f"{pin.name}=={pin.version}\n" for pin in lines if pin.applies(python)) for python in SUPPORTED
    )
    outcome = Outcome(not_run="no service was asked")
    for options in services:
        outcomes = [_audit(pins, options) for pins in lists]
        faults = dict.fromkeys(fault for each in outcomes for fault in each.faults)
        reason = next((each.not_run for each in outcomes if each.not_run), None)
        outcome = Outcome(faults=tuple(faults), not_run=reason)
        if reason is None:
            break
    return outcome


def _audit(pins: str, options: Sequence[str]) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="diskbackup-audit-") as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text(pins)
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(file), "--disable-pip"]
        command += ["--no-deps", "--cache-dir", str(Path(folder) / "cache"), "--timeout", "8", "--format", "json"]
        run = subprocess.run(
            [*command, "--progress-spinner", "off", *options], capture_output=True, text=True, check=False
        )
    if not run.stdout.strip():
        last = (run.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        return Outcome(not_run=f"pip-audit ended with {run.returncode}: {last[:120]}")
    return judge(json.loads(run.stdout)["dependencies"])


def judge(listed: Sequence[Mapping[str, Any]]) -> Outcome:
    """What pip-audit's list of packages says. One that it skipped was not looked at, though it ends well."""
    faults = tuple(
        f"{each['name']} {each['version']}: {weakness['id']}, mended in "
        f"{', '.join(weakness['fix_versions']) or 'no version yet'}"
        for each in listed
        for weakness in each.get("vulns", [])
    )
    skipped = [each for each in listed if "skip_reason" in each]
    reason = f"the service knows nothing of {len(skipped)} of {len(listed)} packages" if skipped else None
    return Outcome(faults=faults, not_run=reason if listed else "pip-audit saw no package")
