"""The zip and its list: the same bytes for the same files, and no more than is allowed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
from pathlib import Path
from random import Random

import pytest

from infra.package import rules
from infra.package.build import Package, PackageFaulty, build
from infra.package.interpreters import SUPPORTED, Interpreter, find


def test_the_same_tree_gives_the_same_bytes_wherever_and_whenever_and_another_gives_others(
    built: Package, tree: Path, tmp_path: Path, python: Interpreter
) -> None:
    for path in tree.rglob("*"):
        os.utime(path, (1, 1))
    again = build(tree, tmp_path / "again", [python])
    assert again.archive.read_bytes() == built.archive.read_bytes()
    assert again.manifest.read_text() == built.manifest.read_text()
    with (tree / "backup_core/app.py").open("a") as source:
        source.write("# changed\n")
    assert build(tree, tmp_path / "other", [python]).archive.read_bytes() != built.archive.read_bytes()


def test_the_list_is_the_zip(built: Package, python: Interpreter) -> None:
    listed = json.loads(built.manifest.read_text())
    with zipfile.ZipFile(built.archive) as opened:
        assert opened.testzip() is None
        assert {entry.filename: entry.file_size for entry in opened.infolist()} == listed["files"]
        assert {entry.date_time for entry in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert listed["sha256"] == hashlib.sha256(built.archive.read_bytes()).hexdigest()
    assert listed["bytes"] == built.archive.stat().st_size
    assert listed["unpackedBytes"] == sum(listed["files"].values())
    assert listed["compiledFor"] == [python.version]


def test_no_dependency_is_inside(built: Package) -> None:
    assert {file.split("/")[0] for file in built.files} == rules.TOP_LEVEL | {"__pycache__"}


@pytest.mark.parametrize("versions", [1, len(SUPPORTED)])
def test_what_has_grown_too_large_is_refused_however_many_pythons_there_are(tmp_path: Path, versions: int) -> None:
    allowed = {
        "backup_core/app.py": rules.SOURCE_BYTES_AT_MOST,
        "center/index.html.gz": rules.PAGE_BYTES_AT_MOST,
        "backup_core/__pycache__/app.pyc": rules.BYTECODE_BYTES_AT_MOST_PER_VERSION * versions,
    }

    def faults(sizes: dict[str, int]) -> list[str]:
        for file, size in sizes.items():
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_bytes(bytes(size))
        return rules.size_faults(tmp_path, list(sizes), versions)

    assert faults(allowed) == []
    told = faults({file: size + 1 for file, size in allowed.items()})
    assert [fault.partition(":")[0] for fault in told] == [
        "its files without bytecode and page",
        "the page",
        "the bytecode",
    ]
    assert all(re.fullmatch(r"[a-z ]+: [\d,]+ bytes, of which [\d,]+ are allowed", fault) for fault in told)


def test_the_project_with_a_page_of_any_allowed_size_makes_a_package_for_one_python_alone(
    tree: Path, tmp_path: Path, python: Interpreter
) -> None:
    page = sum(path.stat().st_size for path in (tree / "center").rglob("*.gz"))
    (tree / "center/assets/large.js.gz").write_bytes(Random(0).randbytes(rules.PAGE_BYTES_AT_MOST - page))
    assert build(tree, tmp_path / "output", [python]).archive.exists()


def test_sources_and_a_page_that_have_grown_too_large_are_refused(
    tree: Path, tmp_path: Path, python: Interpreter
) -> None:
    (tree / "backup_core/large.py").write_text("# x\n" * (rules.SOURCE_BYTES_AT_MOST // 4))
    (tree / "center/assets/large.js.gz").write_bytes(bytes(rules.PAGE_BYTES_AT_MOST))
    with pytest.raises(PackageFaulty) as refused:
        build(tree, tmp_path / "output", [python])
    told = [fault.partition(":")[0] for fault in refused.value.faults if "are allowed" in fault]
    assert told == ["its files without bytecode and page", "the page"]


def test_a_source_that_does_not_compile_makes_no_package(tree: Path, tmp_path: Path, python: Interpreter) -> None:
    (tree / "backup_core/broken.py").write_text("def :\n")
    with pytest.raises(PackageFaulty, match=rf"Python {re.escape(python.version)}: [^\n]*backup_core/broken\.py"):
        build(tree, tmp_path / "output", [python])
    assert not list((tmp_path / "output").glob("*.zip"))


def test_the_folder_can_be_deployed_as_it_is(built: Package) -> None:
    """Without a .funcignore of its own, azd would leave the bytecode behind."""
    lines = (built.folder / ".funcignore").read_text().splitlines()
    assert lines
    assert all(line.startswith("#") for line in lines)
    assert ".funcignore" not in built.files


def test_an_interpreter_is_what_its_name_says() -> None:
    found = [each for version in SUPPORTED if (each := find(version)) is not None]
    assert found
    assert all(each.tag == f"cpython-{each.version.replace('.', '')}" for each in found)


def test_an_interpreter_that_nobody_has_is_not_found() -> None:
    assert find("3.99") is None


@pytest.mark.parametrize("script", ["exit 127", "echo '[3, 10, \"cpython-310\"]'"])
def test_a_name_that_answers_for_nothing_is_passed_over(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pyenv's shims stand on the PATH for versions that are not chosen."""
    shim = tmp_path / "python3.99"
    shim.write_text(f"#!/bin/sh\n{script}\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert find("3.99") is None
