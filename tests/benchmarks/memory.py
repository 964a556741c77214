"""How much memory the app takes: imported and nothing else, and a host at the height of the herd."""

from __future__ import annotations

import subprocess
import sys

from tests.benchmarks import herd
from tests.benchmarks.cold_import import PROJECT
from tests.benchmarks.figures import Figure
from tests.benchmarks.scene import memory_mib

# Not getrusage: its peak is inherited from the process that started this one.
_PROGRAM = "import {module}; print(open('/proc/self/status').read())"


def measure() -> list[Figure]:
    hosts = herd.run().peak_memory_mib
    return [
        Figure(name="peak after import azure.functions", value=_peak_mib("azure.functions"), unit="MiB"),
        Figure(name="peak after import function_app", value=_peak_mib("function_app"), unit="MiB"),
        *(Figure(name=f"peak of {name} in the herd", value=peak, unit="MiB") for name, peak in hosts.items()),
    ]


def _peak_mib(module: str) -> float:
    program = [sys.executable, "-c", _PROGRAM.format(module=module)]
    printed = subprocess.run(program, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    return memory_mib(printed)
