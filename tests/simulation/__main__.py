"""`python -m tests.simulation [--only SCENARIO ...] [--seed S] [--seeds N] [--first N] [--kind K]`: run the scenarios,
print what each came to beside its bar, and store the same as JSON.

Exit status 1 when a bar is missed or an invariant broken. What is printed with a commit and a seed runs again so.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tests.benchmarks.figures import Figure, table
from tests.simulation import agenda, copies, cost, herd, limits_met, previewed, troubles, year

ROOT = Path(__file__).parents[2]
STORED = ROOT / ".local" / "simulation.json"
Scenario = Callable[[int], list[Figure]]
# Each by its name, for a seed: in pieces that processes work at side by side.
SCENARIOS: Mapping[str, Sequence[Scenario]] = {
    "herd": [partial(herd.one_subscription, hosts) for hosts in herd.HOSTS] + [herd.one_region],
    "subscriptions": [herd.many_subscriptions],
    "agenda": [agenda.figures],
    "previews": [partial(previewed.figures, part, 10) for part in range(10)],
    "limits": [partial(limits_met.figures, part, 10) for part in range(10)],
    "year": [partial(year.figures, zone) for zone in year.ZONES],
    "copies": [copies.figures],
    "cost": [partial(cost.figures, disks, memory_mb) for disks in cost.SIZES for memory_mb in (512, 2048)],
}
TROUBLES = "troubles"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=[*SCENARIOS, TROUBLES], default=[*SCENARIOS, TROUBLES])
    parser.add_argument("--seed", type=int, default=0, help="of the fleets")
    parser.add_argument("--seeds", type=int, default=2000, help="of troubles, of all kinds together")
    parser.add_argument("--first", type=int, default=0, help="seed of troubles")
    parser.add_argument("--kind", choices=troubles.KINDS, help="of troubles; default: each in turn")
    parser.add_argument("--processes", type=int, default=2)
    wanted = parser.parse_args()
    commit = _commit()
    print(f"commit {commit}, seed {wanted.seed}", flush=True)
    results: dict[str, list[Figure]] = {}
    with ProcessPoolExecutor(wanted.processes) as processes:
        for name in (each for each in SCENARIOS if each in wanted.only):
            began = time.monotonic()
            parts = processes.map(partial(_run, name, wanted.seed), range(len(SCENARIOS[name])))
            results[name] = [figure for figures in parts for figure in figures]
            print(table(f"{name} ({time.monotonic() - began:.0f} s)", results[name]), flush=True)
        if TROUBLES in wanted.only:
            results[TROUBLES] = [_troubles(processes, wanted)]
            print(table(TROUBLES, results[TROUBLES]), flush=True)
    _store(commit, wanted.seed, results)
    missed = [figure.name for figures in results.values() for figure in figures if figure.is_missed]
    print(f"\n{len(missed)} of the bars are missed; the figures are in {STORED.relative_to(ROOT)}")
    return 1 if missed else 0


def _run(name: str, seed: int, part: int) -> list[Figure]:
    _quieten()
    return SCENARIOS[name][part](seed)


def _troubles(processes: ProcessPoolExecutor, wanted: argparse.Namespace) -> Figure:
    """Run seeds, and print each that breaks an invariant: it runs again by `--only troubles --first N --seeds 1 --kind
    K`."""
    kinds = troubles.KINDS if wanted.kind is None else (wanted.kind,)
    seeds = range(wanted.first, wanted.first + -(-wanted.seeds // len(kinds)))
    runs, began, broken = [(seed, kind) for seed in seeds for kind in kinds], time.monotonic(), 0
    for number, (seed, kind, faults) in enumerate(processes.map(_trouble, runs, chunksize=4), start=1):
        if faults:
            broken += 1
            print(f"seed {seed}, kind '{kind}':", *faults[:5], sep="\n  ", flush=True)
        if number % 100 == 0:
            print(f"{number} of {len(runs)} runs, {broken} broken, {time.monotonic() - began:.0f} s", flush=True)
    return Figure(name=f"runs of {len(runs)} that broke an invariant", value=broken, at_most=0)


def _trouble(run: tuple[int, str]) -> tuple[int, str, list[str]]:
    logging.disable(logging.CRITICAL)
    seed, kind = run
    try:
        return seed, kind, troubles.run(seed, kind)
    except Exception as error:
        return seed, kind, [f"the run broke: {error!r}"]
    finally:
        logging.disable(logging.NOTSET)


def _quieten() -> None:
    """What the app logs is counted, and not shown."""
    logger = logging.getLogger("diskbackup")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())  # without any, Python shows warnings all the same


def _commit() -> str:
    asked = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return asked.stdout.strip() or "unknown"


def _store(commit: str, seed: int, results: Mapping[str, Sequence[Figure]]) -> None:
    """Beside those of other scenarios that the file holds already."""
    STORED.parent.mkdir(exist_ok=True)
    known = json.loads(STORED.read_text()) if STORED.exists() else {}
    for name, figures in results.items():
        told = [asdict(figure) | {"missed": figure.is_missed} for figure in figures]
        known[name] = {"commit": commit, "seed": seed, "figures": told}
    STORED.write_text(json.dumps(known, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
