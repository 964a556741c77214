"""`python -m infra.audit`: every check of dependencies, licences and secrets.

`python -m infra.audit scan` looks for secrets only, `... licences` writes the page of licences. What could not be
checked, because a service does not answer, is named NOT RUN. Exit status: 0 nothing found, 1 faults.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from infra.audit import dependencies, licences, page, secret_scan, weaknesses
from infra.audit.outcome import Outcome

PROJECT = Path(__file__).resolve().parents[2]
SHOWN = 20  # faults of one check
SCAN = "secrets in the tree"
CHECKS: Mapping[str, Callable[[Path], list[str] | Outcome]] = {
    "what is imported is declared": dependencies.import_faults,
    "what tests and tools import is declared": dependencies.tool_faults,
    "what is declared yields what is pinned": dependencies.resolve_again,
    "licences are accepted and listed": licences.faults,
    "known weaknesses of what is pinned": weaknesses.check,
    "what the page is built of": page.faults,
    "known weaknesses of what the page is built of": page.check,
    SCAN: secret_scan.faults,
}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.audit", description=__doc__.split("\n\n")[0])
    parser.add_argument("action", nargs="?", choices=["check", "scan", "licences"], default="check")
    action = parser.parse_args(argv).action
    if action == "licences":
        licences.write(PROJECT)
        return 0
    wanted = {SCAN: CHECKS[SCAN]} if action == "scan" else CHECKS
    found = [_told(name, check(PROJECT)) for name, check in wanted.items()]
    return 1 if any(found) else 0


def _told(name: str, result: list[str] | Outcome) -> bool:
    """Print what came of a check; whether it found faults."""
    outcome = result if isinstance(result, Outcome) else Outcome(faults=tuple(result))
    verdict = "FAULTY" if outcome.faults else f"NOT RUN: {outcome.not_run}" if outcome.not_run else "ok"
    print(f"{name:<48}{verdict}", flush=True)
    for fault in outcome.faults[:SHOWN]:
        print(f"audit: {fault}", file=sys.stderr)
    if len(outcome.faults) > SHOWN:
        print(f"audit: and {len(outcome.faults) - SHOWN} faults more", file=sys.stderr)
    if outcome.faults and outcome.not_run:
        print(f"{name:<48}NOT RUN in part: {outcome.not_run}")
    return bool(outcome.faults)


if __name__ == "__main__":
    sys.exit(main())
