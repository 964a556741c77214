"""`python -m tests.benchmarks [names...]`: measure, print the table, store benchmarks.json; 1 when a bar is missed."""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.benchmarks import (
    api,
    center,
    cold_import,
    cold_start,
    herd,
    idle,
    logs,
    memory,
    objectives,
    previews,
    start_delay,
    tick,
    transactions,
)
from tests.benchmarks.figures import Figure, store, table
from tests.chaos import benchmark as chaos

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks.json"
BENCHMARKS: Mapping[str, Callable[[], Sequence[Figure]]] = {
    "cold-import": cold_import.measure,
    "cold-start": cold_start.measure,
    "tick": tick.measure,
    "objectives": objectives.measure,
    "previews": previews.measure,
    "transactions": transactions.measure,
    "idle": idle.measure,
    "logs": logs.measure,
    "start-delay": start_delay.measure,
    "herd": herd.measure,
    "memory": memory.measure,
    "api": api.measure,
    "center": center.measure,
    "chaos": chaos.measure,
}


def main(argv: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.ERROR)
    passed = [_passes(name) for name in _wanted(argv)]
    print(f"\nstored in {RESULTS.name}" + ("" if all(passed) else "; NOT ALL BARS ARE KEPT"))
    return 0 if all(passed) else 1


def _wanted(argv: list[str] | None) -> list[str]:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of {', '.join(BENCHMARKS)}; default: all")
    names = parser.parse_args(argv).names
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}")
    return names or list(BENCHMARKS)


def _passes(name: str) -> bool:
    """Measure one benchmark; one that breaks misses its bar and does not keep the others from running."""
    print(f"\n{name} ...", flush=True)
    began = time.monotonic()
    try:
        figures = list(BENCHMARKS[name]())
    except Exception:
        traceback.print_exc()
        figures = [Figure(name="the benchmark broke; see above", value=1, at_most=0)]
    print(f"{table(name, figures)}\n  ({time.monotonic() - began:.0f} s)", flush=True)
    store(RESULTS, {name: figures})
    return not any(figure.is_missed for figure in figures)


if __name__ == "__main__":
    sys.exit(main())
