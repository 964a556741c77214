"""Bytecode beside the sources, so that a cold start compiles nothing.

A file's times do not survive a zip to the nanosecond, and a package is mounted read-only: bytecode that Python compares
by time would be compiled anew at each start. So it is of the unchecked kind (PEP 552): taken as it is. It is made of a
copy that nothing changes afterwards; that Python takes it, all of it, is what the proof sees (probe.py).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from infra.package.interpreters import Interpreter

_COMPILE = ("-S", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash")


def compile_all(folder: Path, interpreter: Interpreter) -> list[str]:
    """Compile every source below `folder`; returns which cannot be. Paths in the bytecode begin at `folder`: it is the
    same wherever it is made."""
    command = [str(interpreter.path), *_COMPILE, *sorted(path.name for path in folder.iterdir())]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return [f"Python {interpreter.version}: {run.stdout.strip() or run.stderr.strip()}"] if run.returncode else []
