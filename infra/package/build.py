"""Builds the package from a tree: chosen, copied, compiled, checked, zipped, listed.

Leaves to others: whether it runs (proof.py).
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.package import archive, bytecode, contents, rules
from infra.package.interpreters import Interpreter

# In the folder, not in the zip: without such a file, azd leaves bytecode out of what it deploys.
_DEPLOY_ALL = "# Everything here ships: the package was put together by `make package`.\n"


class PackageFaulty(Exception):
    """What is built must not be deployed; `faults` says why, one line each."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """`folder` holds the unpacked files, `files` their names in it; `archive` is the zip, `manifest` its list."""

    folder: Path
    files: tuple[str, ...]
    archive: Path
    manifest: Path


def build(root: Path, output: Path, interpreters: Sequence[Interpreter]) -> Package:
    """Build the package of `root` in `output`, emptied first. Raises PackageFaulty, ValueError (.funcignore)."""
    chosen = contents.read(root)
    _refuse(rules.faults(chosen))
    shutil.rmtree(output, ignore_errors=True)
    package = _package(root, output, chosen, interpreters)
    _refuse(rules.faults(package.files))
    _refuse(rules.size_faults(package.folder, package.files, len(interpreters)))
    archive.write(package.folder, package.files, package.archive)
    versions = [each.version for each in interpreters]
    archive.write_manifest(package.folder, package.files, package.archive, package.manifest, versions)
    (package.folder / ".funcignore").write_text(_DEPLOY_ALL, encoding="utf-8")
    return package


def _package(root: Path, output: Path, files: Sequence[str], interpreters: Sequence[Interpreter]) -> Package:
    folder = output / "app"
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, folder / file)
    _refuse([fault for interpreter in interpreters for fault in bytecode.compile_all(folder, interpreter)])
    name = f"disk-backup-{_version(root)}"
    return Package(
        folder=folder, files=_files(folder), archive=output / f"{name}.zip", manifest=output / f"{name}.json"
    )


def _files(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()))


def _version(root: Path) -> str:
    return str(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def _refuse(faults: Sequence[str]) -> None:
    if faults:
        raise PackageFaulty(faults)
