"""Bytecode beside the sources, so that a cold start compiles nothing.

A file's times do not survive a zip to the nanosecond, and a package is mounted read-only: bytecode that Python compares
by time would be compiled anew at each start. So it is of the unchecked kind (PEP 552): taken as it is. That it belongs
to its source is checked here, once, for Python never will.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from infra.package.interpreters import Interpreter

_COMPILE = """
import json, py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
faults = []
for path in json.load(sys.stdin):
    try:
        py_compile.compile(path, dfile=path, doraise=True, invalidation_mode=mode)
    except py_compile.PyCompileError as error:
        faults.append(f"{path} does not compile: {error.exc_value}")
print(json.dumps(faults))
"""
# Asked of the interpreter in question: each hashes sources in a way of its own.
_CHECK = """
import importlib.util, json, pathlib, sys
def fault(compiled, source):
    header = pathlib.Path(compiled).read_bytes()[:16]
    if header[:4] != importlib.util.MAGIC_NUMBER:
        return "is of another Python than its name says: it is compiled anew at each start"
    if int.from_bytes(header[4:8], "little") != 0b01:  # PEP 552: hashed, and the source is not looked at
        return "is checked against its source's time, which a zip does not keep: it is compiled anew at each start"
    if header[8:16] != importlib.util.source_hash(pathlib.Path(source).read_bytes()):
        return f"is stale: {source} has changed since it was compiled"
print(json.dumps({compiled: fault(compiled, source) for compiled, source in json.load(sys.stdin).items()}))
"""


def compile_all(folder: Path, interpreter: Interpreter) -> list[str]:
    """Compile every source below `folder`; returns which cannot be. Paths in the bytecode begin at `folder`: it is the
    same wherever it is made."""
    faults: list[str] = json.loads(
        _ask(interpreter, _COMPILE, [_name(folder, path) for path in _sources(folder)], folder)
    )
    return [f"Python {interpreter.version}: {fault}" for fault in faults]


def faults(folder: Path, interpreters: Sequence[Interpreter]) -> list[str]:
    """What is wrong with the bytecode below `folder`, which is to be complete for all `interpreters`."""
    present = {_name(folder, path) for path in folder.rglob("*.pyc")}
    found: list[str] = []
    for interpreter in interpreters:
        wanted = {
            _name(folder, _compiled(source, interpreter.tag)): _name(folder, source) for source in _sources(folder)
        }
        missing = sorted(wanted.keys() - present)
        found += [f"{path} is missing: its module is compiled at each start" for path in missing]
        asked = {path: wanted[path] for path in sorted(wanted.keys() & present)}
        verdicts = json.loads(_ask(interpreter, _CHECK, asked, folder))
        found += [f"{path} {verdict}" for path, verdict in verdicts.items() if verdict]
        present -= wanted.keys()
    return found + [f"{path} belongs to no source" for path in sorted(present)]


def _ask(interpreter: Interpreter, program: str, question: object, folder: Path) -> str:
    """What `program` prints when `interpreter` runs it in `folder`."""
    run = subprocess.run(
        [str(interpreter.path), "-S", "-c", program],
        cwd=folder,
        input=json.dumps(question),
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return run.stdout


def _sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def _compiled(source: Path, tag: str) -> Path:
    return source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()
