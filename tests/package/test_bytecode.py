"""Bytecode: complete, of its sources, and taken as it is. Python would never tell when it is not."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from infra.package import archive, bytecode
from infra.package.build import Package, PackageFaulty, check
from infra.package.interpreters import Interpreter
from tests.package.conftest import ROOT

JOB = "backup_core/domain/job.py"
COMPILED_JOB = "backup_core/domain/__pycache__/job.cpython-311.pyc"
# Imports the job's module from the current folder, and prints what was compiled for it.
_IMPORT = """
import sys
from pathlib import Path
sys.path[:0] = [str(Path.cwd()), sys.argv[1]]
from infra.package import probe
probe._watch_compiling(Path.cwd())
import backup_core.domain.job as job
assert job.__file__.startswith(str(Path.cwd())), job.__file__
print(job.__file__ if getattr(job, "STALE", None) is None else "stale", *probe.compiled_anew)
"""


@pytest.fixture
def unpacked(built: Package, tmp_path: Path) -> Path:
    folder = tmp_path / "unpacked"
    archive.unpack(built.archive, folder)
    return folder


def imported(folder: Path) -> list[str]:
    """What was compiled anew when a module and all that it needs were imported from `folder`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [sys.executable, "-c", _IMPORT, str(ROOT)]
    run = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=True)
    return run.stdout.split()[1:]


def faults(folder: Path, python: Interpreter) -> str:
    return "\n".join(bytecode.faults(folder, [python]))


def test_an_import_from_the_unpacked_package_compiles_nothing(unpacked: Path) -> None:
    assert imported(unpacked) == []


def test_bytecode_that_is_checked_by_time_is_compiled_anew_and_refused(unpacked: Path, python: Interpreter) -> None:
    """Seeded: the mode that Python compiles in by itself. The zip's times are not those of the sources."""
    py_compile.compile(str(unpacked / JOB), invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    os.utime(unpacked / JOB, (0, 0))
    assert imported(unpacked) == [JOB]
    py_compile.compile(str(unpacked / JOB), invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    assert f"{COMPILED_JOB} is checked against its source's time" in faults(unpacked, python)


def test_stale_bytecode_is_refused(unpacked: Path, python: Interpreter) -> None:
    """Seeded: a source that was changed after it was compiled. Python takes the old one without a word."""
    with (unpacked / JOB).open("a") as source:
        source.write("\nSTALE = False\n")
    assert imported(unpacked) == []
    assert faults(unpacked, python) == f"{COMPILED_JOB} is stale: {JOB} has changed since it was compiled"
    with pytest.raises(PackageFaulty, match="is stale"):
        check(unpacked, [python])


def test_missing_bytecode_is_refused(unpacked: Path, python: Interpreter) -> None:
    (unpacked / COMPILED_JOB).unlink()
    assert f"{COMPILED_JOB} is missing" in faults(unpacked, python)
    assert imported(unpacked) == [JOB]


def test_bytecode_without_a_source_is_refused(unpacked: Path, python: Interpreter) -> None:
    (unpacked / JOB).unlink()
    assert faults(unpacked, python) == f"{COMPILED_JOB} belongs to no source"


def test_bytecode_of_another_python_is_refused(unpacked: Path, python: Interpreter) -> None:
    compiled = unpacked / COMPILED_JOB
    compiled.write_bytes(b"\0\0\0\0" + compiled.read_bytes()[4:])
    assert f"{COMPILED_JOB} is of another Python than its name says" in faults(unpacked, python)


def test_bytecode_names_no_folder_of_the_machine_that_made_it(built: Package) -> None:
    content = (built.folder / COMPILED_JOB).read_bytes()
    assert JOB.encode() in content
    assert str(built.folder).encode() not in content
