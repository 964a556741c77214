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


@pytest.mark.parametrize("file", [*KEPT_BACK, "__pycache__/a.pyc", "backup_core/domain/__pycache__/a.pyc", "a.pyc"])
def test_it_stays_behind(file: str, tree: Path, put: Callable[..., Path]) -> None:
    if file not in (".funcignore", "pyproject.toml"):
        put(file)
    assert file not in contents.read(tree)


@pytest.mark.parametrize(("file", "line"), KEPT_BACK.items())
def test_without_its_line_it_would_ship_and_the_build_refuses(
    file: str, line: str, tree: Path, put: Callable[..., Path], python: Interpreter
) -> None:
    ignored = tree / ".funcignore"
    lines = ignored.read_text().splitlines()
    assert line in lines
    ignored.write_text("\n".join(each for each in lines if each != line))
    if file not in (".funcignore", "pyproject.toml"):
        put(file)
    with pytest.raises(PackageFaulty) as refusal:
        build(tree, tree.parent / "output", [python])
    assert any(fault.startswith(f"{file} ") for fault in refusal.value.faults)
    assert not (tree.parent / "output").exists()


def test_every_line_is_there_for_something() -> None:
    lines = [line for line in (ROOT / ".funcignore").read_text().splitlines() if line and not line.startswith("#")]
    assert set(lines) - set(KEPT_BACK.values()) == set(BYTECODE)


@pytest.mark.parametrize(
    "file",
    ["notes.txt", "id_rsa", "secrets.json", "backup_core/key.pem", "host.json.bak", "app/main.py", "center/index.html"],
)
def test_a_stray_file_is_refused(file: str, tree: Path, put: Callable[..., Path], python: Interpreter) -> None:
    put(file)
    with pytest.raises(PackageFaulty, match="must not ship"):
        build(tree, tree.parent / "output", [python])


@pytest.mark.parametrize("file", rules.NEEDED)
def test_a_package_without_what_it_needs_is_refused(file: str, tree: Path, python: Interpreter) -> None:
    (tree / file).unlink()
    with pytest.raises(PackageFaulty, match=f"{file} is missing"):
        build(tree, tree.parent / "output", [python])


@pytest.mark.parametrize("line", ["local.settings*.json", "!tests", "/infra", "docs/", "infra/local", "a?", "*"])
def test_a_line_that_the_tools_may_read_differently_is_refused(line: str, tree: Path, python: Interpreter) -> None:
    """`*` is at least one character to func: the first would deploy a developer's connection strings."""
    ignored = tree / ".funcignore"
    ignored.write_text(f"{ignored.read_text()}{line}\n")
    with pytest.raises(ValueError, match=re.escape(line)):
        build(tree, tree.parent / "output", [python])
