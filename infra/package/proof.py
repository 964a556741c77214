"""The proof that a package runs: unpacked elsewhere, with its own requirements alone, under Microsoft's worker library.

For each Python version in an environment made for it. Storage is a real Azurite. Leaves to others: the calls themselves
(probe.py).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from infra.local.parts import Part, Recipe, free_ports
from infra.local.storage import StoragePorts, azurite_command, connection_string
from infra.package import archive
from infra.package.interpreters import Interpreter

PROJECT = Path(__file__).resolve().parents[2]
_DRIVER = ("__init__.py", "logs.py", "settings.py", "worker.py")  # all that indexing and calling needs
_WORKER_LIBRARY = PROJECT / "infra" / "local" / "worker-library.txt"
_STARTING_SECONDS = 90
_STEP_SECONDS = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came of one Python version. It holds if there are no `faults`. `seconds` is all of it."""

    version: str
    faults: tuple[str, ...]
    functions: int = 0
    calls: tuple[Mapping[str, Any], ...] = ()
    index_ms: float = 0.0
    seconds: float = 0.0


def prove_all(package: Path, interpreters: Sequence[Interpreter], *, folder: Path) -> list[Proof]:
    """A proof of `package` (the zip) for each interpreter, two at a time, in new folders below `folder`."""
    expected = declared_functions()
    with azurite(folder / "storage") as storage, ThreadPoolExecutor(2) as threads:
        running = [
            threads.submit(prove, package, each, storage=storage, expected=expected, folder=folder / each.version)
            for each in interpreters
        ]
        return [each.result() for each in running]


def prove(package: Path, interpreter: Interpreter, *, storage: str, expected: frozenset[str], folder: Path) -> Proof:
    """Prove `package` in an environment of its own. `expected` are the names of all its functions."""
    app = folder / "app"
    archive.unpack(package, app)
    began = time.monotonic()
    try:
        python = _environment(interpreter, folder / "environment", app / "requirements.txt")
        proof = run(app, python, version=interpreter.version, storage=storage, expected=expected)
    except StepFailed as failure:
        return Proof(version=interpreter.version, faults=(str(failure),))
    return replace(proof, seconds=time.monotonic() - began)


def run(app: Path, python: Path, *, version: str, storage: str, expected: frozenset[str]) -> Proof:
    """Run the unpacked package once with `python`, which has what it requires. Raises StepFailed."""
    before = _listing(app)
    report = _probe(python, app, storage)
    faults = [*report["faults"], *_name_faults(set(report["functions"]), expected)]
    faults += [f"running the app wrote {file}" for file in sorted(_listing(app) - before)]
    return Proof(
        version=version,
        faults=tuple(faults),
        functions=len(report["functions"]),
        calls=tuple(report["calls"]),
        index_ms=report["index_ms"],
    )


def copy_driver(folder: Path) -> None:
    """The local host's driver of the library, as the package `host` in `folder`. Nothing else comes with it."""
    (folder / "host").mkdir(parents=True)
    for name in _DRIVER:
        shutil.copyfile(PROJECT / "infra" / "local" / "host" / name, folder / "host" / name)


def declared_functions() -> frozenset[str]:
    """The names of the functions that the source tree declares."""
    program = "import function_app; print('\\n'.join(f.get_function_name() for f in function_app.app.get_functions()))"
    run = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    return frozenset(run.stdout.split())


@contextmanager
def azurite(folder: Path) -> Iterator[str]:
    """A storage account for the time being: its connection string."""
    blob, queue, table = free_ports(3)
    ports = StoragePorts(blob=blob, queue=queue, table=table)
    folder.mkdir(parents=True, exist_ok=True)
    part = Part(
        Recipe(
            name="azurite",
            command=azurite_command(folder / "data", ports),
            environment=os.environ,
            log=folder / "azurite.log",
            directory=folder,
            ready_ports=ports.all,
        )
    )
    try:
        part.wait_ready(until=time.monotonic() + _STARTING_SECONDS)
        yield connection_string(ports)
    finally:
        part.wait_ended(0)


class StepFailed(Exception):
    """A program on the way ended badly; the message holds the end of what it printed."""


def _environment(interpreter: Interpreter, folder: Path, requirements: Path) -> Path:
    """As a deployment makes it: pip, the package's own requirements, every hash compared. Then the library."""
    _run([str(interpreter.path), "-m", "venv", str(folder)])
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    _run([*install, "-r", str(requirements)])
    _run([str(python), "-m", "pip", "--disable-pip-version-check", "check"])
    _run([*install, "--no-deps", "--ignore-requires-python", "-r", str(_WORKER_LIBRARY)])
    return python


def _probe(python: Path, app: Path, storage: str) -> dict[str, Any]:
    """What probe.py reports, with nothing in its environment but what it needs."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
    settings = {
        "AzureWebJobsStorage": storage,
        "DISKBACKUP_SIGN_IN": "function_key",
        "DISKBACKUP_PUBLIC_URL": "https://app.example",  # the host that probe.py asks; others are refused
    }
    with tempfile.TemporaryDirectory(prefix="diskbackup-driver-") as folder:
        driver = Path(folder)
        copy_driver(driver)
        shutil.copyfile(Path(__file__).with_name("probe.py"), driver / "probe.py")
        command = [str(python), str(driver / "probe.py"), str(app), str(driver)]
        report: dict[str, Any] = json.loads(_run(command, cwd=app, env={**kept, **settings}).splitlines()[-1])
        return report


def _run(command: list[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """What it printed. Raises StepFailed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    chosen = dict(env) if env is not None else clean
    run = subprocess.run(
        command, cwd=cwd, env=chosen, capture_output=True, text=True, timeout=_STEP_SECONDS, check=False
    )
    if run.returncode != 0:
        tail = "\n".join((run.stdout + run.stderr).strip().splitlines()[-12:])
        raise StepFailed(f"{' '.join(command[:6])} ended with {run.returncode}:\n{tail}")
    return run.stdout


def _name_faults(found: set[str], expected: frozenset[str]) -> list[str]:
    missing, strange = sorted(expected - found), sorted(found - expected)
    return [f"the function {name} is not indexed" for name in missing] + [
        f"a function {name} is indexed that nobody declared" for name in strange
    ]


def _listing(app: Path) -> set[str]:
    return {path.relative_to(app).as_posix() for path in app.rglob("*") if path.is_file()}
