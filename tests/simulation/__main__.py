"""`python -m tests.simulation [--seeds N] [--first N] [--kind K]`: run seeds, print each that breaks an invariant.

Exit status 1 when one does. A seed that is printed runs again by `--first N --seeds 1 --kind K`.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import product

from tests.simulation import fleet

KINDS = ("", "lost", "set back", "two")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="of all kinds together")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--kind", choices=KINDS, help="default: each in turn")
    parser.add_argument("--processes", type=int, default=2)
    wanted = parser.parse_args()
    kinds = KINDS if wanted.kind is None else (wanted.kind,)
    seeds = range(wanted.first, wanted.first + -(-wanted.seeds // len(kinds)))
    runs, began, broken = list(product(seeds, kinds)), time.monotonic(), 0
    with ProcessPoolExecutor(wanted.processes) as processes:
        for number, (seed, kind, faults) in enumerate(processes.map(_run, runs, chunksize=4), start=1):
            if faults:
                broken += 1
                print(f"seed {seed}, kind '{kind}':", *faults[:5], sep="\n  ", flush=True)
            if number % 100 == 0:
                print(f"{number} of {len(runs)} runs, {broken} broken, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{len(runs)} runs, {broken} of them broken, {time.monotonic() - began:.0f} s")
    return 1 if broken else 0


def _run(run: tuple[int, str]) -> tuple[int, str, list[str]]:
    logging.disable(logging.CRITICAL)
    seed, kind = run
    try:
        return seed, kind, fleet.run(seed, kind)
    except Exception as error:
        return seed, kind, [f"the run broke: {error!r}"]


if __name__ == "__main__":
    sys.exit(main())
