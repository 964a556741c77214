"""What ships and what does not: what .funcignore leaves out, and the list of what a package holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.package import contents, rules
from infra.package.build import PackageFaulty, build
from infra.package.interpreters import Interpreter
from tests.package.conftest import PAGE, ROOT, shipped

# A file that must not ship, and the line of .funcignore that keeps it back.
KEPT_BACK = {
    ".git/config": ".git",
    ".gitignore": ".gitignore",
    ".github/workflows/ci.yml": ".github",
    ".ci/run": ".ci",
    ".venv/lib/site.py": ".venv",
    ".vscode/settings.json": ".vscode",
    ".local/endpoints.json": ".local",
    ".pytest_cache/README": ".pytest_cache",
    ".mypy_cache/x.json": ".mypy_cache",
    ".ruff_cache/x": ".ruff_cache",
    ".hypothesis/examples/x": ".hypothesis",
    ".funcignore": ".funcignore",
    ".editorconfig": ".editorconfig",
    ".pre-commit-config.yaml": ".pre-commit-config.yaml",
    ".env": ".env",
    "azure.yaml": "azure.yaml",
    ".azure/config.json": ".azure",
    "benchmarks.json": "benchmarks.json",
    "dashboard/src/main.tsx": "dashboard",
    "docs/queries/poison.kql": "docs",
    "infra/azure/main.bicep": "infra",
    "local.settings.json": "local.settings.json",
    "local.settings.sample.json": "local.settings.sample.json",
    "Makefile": "Makefile",
    "SECURITY.md": "*.md",
    "pyproject.toml": "pyproject.toml",
    "requirements.in": "requirements.in",
    "tests/test_settings.py": "tests",
}
BYTECODE = ("__pycache__", "**/__pycache__", "*.pyc")  # at the root, below it, and as Python 2 wrote it


def test_what_ships_of_this_tree_is_what_may_ship() -> None:
    chosen = shipped(ROOT)
    assert rules.faults([*chosen, *PAGE]) == []
    assert "backup_core/workflows/backup.py" in chosen


def test_it_stays_behind_and_would_ship_without_its_line(
    tree: Path, put: Callable[..., Path], python: Interpreter
) -> None:
    for file in (*KEPT_BACK, "__pycache__/a.pyc", "backup_core/domain/__pycache__/a.pyc", "a.pyc"):
        if not (tree / file).exists():
            put(file)
    assert set(contents.read(tree)) == {*shipped(ROOT), *PAGE}
    ignored = tree / ".funcignore"
    lines = ignored.read_text().splitlines()
    for file, line in KEPT_BACK.items():
        assert line in lines
        ignored.write_text("\n".join(each for each in lines if each != line))
        with pytest.raises(PackageFaulty) as refusal:
            build(tree, tree.parent / "output", [python])
        assert any(fault.startswith(f"{file} ") for fault in refusal.value.faults), file
    assert not (tree.parent / "output").exists()


def test_every_line_is_there_for_something() -> None:
    lines = [line for line in (ROOT / ".funcignore").read_text().splitlines() if line and not line.startswith("#")]
    assert set(lines) - set(KEPT_BACK.values()) == set(BYTECODE)


def test_stray_files_are_refused(tree: Path, put: Callable[..., Path], python: Interpreter) -> None:
    files = ("notes.txt", "id_rsa", "secrets.json", "backup_core/key.pem", "host.json.bak", "app/main.py")
    for file in (*files, "center/index.html"):
        put(file)
    with pytest.raises(PackageFaulty) as refusal:
        build(tree, tree.parent / "output", [python])
    told = {fault.partition(" must not ship")[0] for fault in refusal.value.faults}
    assert told == {*files, "center/index.html"}


def test_a_package_without_what_it_needs_is_refused(tree: Path, python: Interpreter) -> None:
    for file in rules.NEEDED:
        (tree / file).unlink()
    with pytest.raises(PackageFaulty) as refusal:
        build(tree, tree.parent / "output", [python])
    assert [fault.partition(" is missing")[0] for fault in refusal.value.faults] == list(rules.NEEDED)


def test_lines_that_the_tools_may_read_differently_are_refused(tree: Path, python: Interpreter) -> None:
    """`*` is at least one character to func: the first would deploy a developer's connection strings."""
    ignored = tree / ".funcignore"
    text = ignored.read_text()
    for line in ("local.settings*.json", "!tests", "/infra", "docs/", "infra/local", "a?", "*"):
        ignored.write_text(f"{text}{line}\n")
        with pytest.raises(ValueError, match=re.escape(f".funcignore: {line}:")):
            build(tree, tree.parent / "output", [python])
