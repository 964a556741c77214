"""What a cold start pays for our code: importing the app against importing Microsoft's library alone."""

from __future__ import annotations

import compileall
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.figures import Figure, median

PROJECT = Path(__file__).resolve().parents[2]
ROUNDS = 15
RATIO_AT_MOST = 1.5
_PROGRAM = "import time; began = time.perf_counter(); import {module}; print(time.perf_counter() - began)"


def measure() -> list[Figure]:
    """Fresh processes, the two in turn, so that a busy moment of the machine strikes both."""
    _compile()
    library: list[float] = []
    app: list[float] = []
    for _ in range(ROUNDS):
        library.append(_seconds("azure.functions"))
        app.append(_seconds("function_app"))
    ratio = median(app) / median(library)
    return [
        Figure(name="import azure.functions", value=median(library) * 1000, unit="ms"),
        Figure(name="import function_app", value=median(app) * 1000, unit="ms"),
        Figure(name="function_app against azure.functions", value=ratio, unit="times", at_most=RATIO_AT_MOST),
    ]


def _compile() -> None:
    """As an installed app is: its bytecode is there."""
    compileall.compile_dir(PROJECT / "backup_core", quiet=1)
    compileall.compile_file(PROJECT / "function_app.py", quiet=1)
    for module in ("azure.functions", "function_app"):
        _seconds(module)


def _seconds(module: str) -> float:
    program = [sys.executable, "-c", _PROGRAM.format(module=module)]
    return float(subprocess.run(program, cwd=PROJECT, capture_output=True, text=True, check=True).stdout)
