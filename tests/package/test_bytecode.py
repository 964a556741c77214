"""Bytecode: of all sources, and taken as it is. Python would never tell when it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.package import archive
from infra.package.build import Package
from tests.package.conftest import ROOT

JOB = "backup_core/domain/job.py"
COMPILED_JOB = f"backup_core/domain/__pycache__/job.{sys.implementation.cache_tag}.pyc"
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


def test_an_import_from_the_unpacked_package_compiles_nothing(unpacked: Path) -> None:
    assert imported(unpacked) == []


def test_bytecode_is_taken_without_a_look_at_the_source(unpacked: Path) -> None:
    with (unpacked / JOB).open("a") as source:
        source.write("\nSTALE = False\n")
    assert imported(unpacked) == []


def test_missing_bytecode_is_compiled_at_the_import_and_noted(unpacked: Path) -> None:
    (unpacked / COMPILED_JOB).unlink()
    assert imported(unpacked) == [JOB]


def test_bytecode_names_no_folder_of_the_machine_that_made_it(built: Package) -> None:
    content = (built.folder / COMPILED_JOB).read_bytes()
    assert JOB.encode() in content
    assert str(built.folder).encode() not in content
