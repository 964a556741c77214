"""A measured figure with its bar, the table that people read, and the JSON file that machines compare.

Leaves to others: measuring.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`at_most` is the bar, in the figure's own unit; None where there is none. `note` says how it came about."""

    name: str
    value: float
    unit: str = ""
    at_most: float | None = None
    note: str = ""

    @property
    def is_missed(self) -> bool:
        return self.at_most is not None and not self.value <= self.at_most  # not a number misses its bar too


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all do not exceed. Raises ValueError when there is none."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(0, int(rank) - 1)]


def spread(name: str, values: Sequence[float], unit: str, *, p95_at_most: float | None = None) -> list[Figure]:
    """p50, p95 and p99 of `values` as figures."""
    bars = {50: None, 95: p95_at_most, 99: None}
    return [
        Figure(name=f"{name}, p{percent}", value=percentile(values, percent), unit=unit, at_most=bar)
        for percent, bar in bars.items()
    ]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def table(benchmark: str, figures: Sequence[Figure]) -> str:
    lines = [f"\n{benchmark}"]
    for figure in figures:
        verdict = "" if figure.at_most is None else "MISSED" if figure.is_missed else "ok"
        bar = "" if figure.at_most is None else f"<= {_number(figure.at_most)}"
        lines.append(
            f"  {figure.name:<58} {_number(figure.value):>10} {figure.unit:<6} {bar:<9} {verdict:<7}{figure.note}"
        )
    return "\n".join(line.rstrip() for line in lines)


def store(path: Path, results: Mapping[str, Sequence[Figure]]) -> None:
    """Write `results` into the file beside those of other benchmarks that it holds already."""
    known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    for benchmark, figures in results.items():
        known[benchmark] = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
            "passed": not any(figure.is_missed for figure in figures),
            "figures": [asdict(figure) | {"missed": figure.is_missed} for figure in figures],
        }
    path.write_text(json.dumps(known, indent=2) + "\n")


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    return f"{value:,.2f}" if abs(value) >= 0.1 else f"{value:.4f}"
