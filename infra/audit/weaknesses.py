"""Known weaknesses of the pinned versions, by pip-audit, from a service that publishes them.

Where no service answers, or the one that does knows nothing of a package, that is said: it is no clean bill.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.audit import requirements
from infra.audit.outcome import Outcome
from infra.audit.requirements import Line

# What pip-audit may ask, the first that answers counts.
SERVICES: tuple[tuple[str, ...], ...] = (("--vulnerability-service", "pypi"), ("--vulnerability-service", "osv"))
_SECONDS = 120


def check(root: Path, services: Sequence[Sequence[str]] = SERVICES) -> Outcome:
    """Of all pins, those for other Pythons too. `services` are options of pip-audit."""
    outcome = Outcome(not_run="no service was asked")
    for options in services:
        outcome = together([_audit(pins, options) for pins in _batches(root)])
        if outcome.not_run is None:
            break
    return outcome


def judge(answers: Iterable[Mapping[str, Any]]) -> Outcome:
    """What pip-audit's list of packages says. One that it skipped was not looked at."""
    listed = list(answers)
    faults = tuple(_told(each, weakness) for each in listed for weakness in each.get("vulns", []))
    skipped = [str(each["name"]) for each in listed if "skip_reason" in each]
    if not listed:
        return Outcome(not_run="pip-audit saw no package")
    if skipped:
        return Outcome(faults=faults, not_run=f"the service knows nothing of {len(skipped)} of {len(listed)} packages")
    return Outcome(faults=faults)


def together(outcomes: Sequence[Outcome]) -> Outcome:
    reasons = list(dict.fromkeys(outcome.not_run for outcome in outcomes if outcome.not_run))
    return Outcome(
        faults=tuple(fault for outcome in outcomes for fault in outcome.faults),
        not_run="; ".join(reasons) if reasons else None,
    )


def _audit(pins: Sequence[Line], options: Sequence[str]) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="diskbackup-audit-") as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in pins))
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(file), "--disable-pip", "--no-deps"]
        command += ["--cache-dir", str(Path(folder) / "cache"), "--timeout", "8", "--format", "json"]
        command += ["--progress-spinner", "off", *options]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return Outcome(not_run=f"the service did not answer within {_SECONDS} s")
    try:
        return judge(json.loads(run.stdout)["dependencies"])
    except (ValueError, KeyError):
        last = (run.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        return Outcome(not_run=f"pip-audit ended with {run.returncode}: {last[:120]}")


def _batches(root: Path) -> list[list[Line]]:
    """pip-audit takes a package once: a second pin of it, for another Python, goes into a batch of its own."""
    batches: list[list[Line]] = []
    for pin in requirements.read(root / "requirements.txt"):
        batch = next((batch for batch in batches if pin.name not in {each.name for each in batch}), None)
        if batch is None:
            batches.append([pin])
        else:
            batch.append(pin)
    return batches


def _told(package: Mapping[str, Any], weakness: Mapping[str, Any]) -> str:
    mended = ", ".join(weakness.get("fix_versions") or []) or "no version yet"
    return f"{package['name']} {package['version']}: {weakness['id']}, mended in {mended}"
