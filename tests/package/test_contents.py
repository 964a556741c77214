"""What ships and what does not: .funcignore as both deployment tools read it, and the list of what a package holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.package import contents, rules
from infra.package.build import PackageFaulty, build
from infra.package.interpreters import Interpreter
from tests.package.conftest import ROOT

# A file that must not ship, and the line of .funcignore that keeps it back.
KEPT_BACK = {
    ".git/config": ".git",
    ".gitignore": ".git*",
    ".github/workflows/ci.yml": ".git*",
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
    "__pycache__/function_app.cpython-39.pyc": "__pycache__",
    "backup_core/domain/__pycache__/job.cpython-311.pyc": "**/__pycache__",
    "azure.yaml": "azure.yaml",
    ".azure/production/.env": ".azure",
    "benchmarks.json": "benchmarks.json",
    "docs/operations.md": "docs",
    "infra/azure/main.bicep": "infra",
    "local.settings.json": "local.settings.json",
    "local.settings.sample.json": "local.settings.sample.json",
    "Makefile": "Makefile",
    "SECURITY.md": "*.md",
    "pyproject.toml": "pyproject.toml",
    "requirements.in": "requirements.in",
    "tests/test_settings.py": "tests",
}


def test_what_ships_of_this_tree_is_what_may_ship_and_both_tools_agree() -> None:
    chosen = contents.read(ROOT)
    assert chosen.disputed == ()
    assert rules.faults(chosen.files) == []
    assert "backup_core/workflows/backup.py" in chosen.files


@pytest.mark.parametrize("file", KEPT_BACK)
def test_it_stays_behind(file: str, tree: Path, put: Callable[..., Path]) -> None:
    if file not in (".funcignore", "pyproject.toml"):
        put(file)
    chosen = contents.read(tree)
    assert file not in chosen.files
    assert file not in chosen.disputed


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
    assert set(lines) - set(KEPT_BACK.values()) == {"*.pyc"}, "bytecode beside its source, as Python 2 wrote it"


@pytest.mark.parametrize(
    "file",
    ["notes.txt", "id_rsa", "secrets.json", "backup_core/key.pem", "backup_core/.env", "host.json.bak", "app/main.py"],
)
def test_a_stray_file_is_refused(file: str, tree: Path, put: Callable[..., Path], python: Interpreter) -> None:
    put(file)
    with pytest.raises(PackageFaulty, match=r"must not ship|ships by one of azd and func only"):
        build(tree, tree.parent / "output", [python])


@pytest.mark.parametrize("file", rules.NEEDED)
def test_a_package_without_what_it_needs_is_refused(file: str, tree: Path, python: Interpreter) -> None:
    (tree / file).unlink()
    with pytest.raises(PackageFaulty, match=f"{file} is missing"):
        build(tree, tree.parent / "output", [python])


def test_a_rule_that_the_tools_read_differently_is_refused(
    tree: Path, put: Callable[..., Path], python: Interpreter
) -> None:
    """`*` is at least one character to func: so written, it would deploy a developer's connection strings."""
    ignored = tree / ".funcignore"
    text = ignored.read_text().replace("local.settings.json\nlocal.settings.sample.json", "local.settings*.json")
    ignored.write_text(text)
    put("local.settings.json")
    with pytest.raises(PackageFaulty, match=r"local\.settings\.json ships by one of azd and func only"):
        build(tree, tree.parent / "output", [python])


def test_an_exception_is_refused(tree: Path) -> None:
    ignored = tree / ".funcignore"
    ignored.write_text(ignored.read_text() + "!tests\n")
    with pytest.raises(ValueError, match="!tests"):
        contents.read(tree)


@pytest.mark.parametrize(
    ("line", "path", "azd", "func"),
    [
        ("tests", "tests/a.py", True, True),
        ("tests", "backup_core/tests/a.py", True, False),  # func compares the whole path
        ("docs", "docs-old/a.md", False, True),  # and is content with its beginning, up to a word's end
        ("docs", "docserver/a.md", False, False),
        ("*.md", "README.md", True, True),
        ("*.md", "backup_core/README.md", True, False),
        ("**/__pycache__", "a/b/__pycache__/c.pyc", True, True),
        ("**/__pycache__", "__pycache__/c.pyc", True, False),  # ** is at least one character to func
        ("/infra", "infra/x", True, True),
        ("a.b", "axb", False, False),
        (".git", ".gitignore", False, False),
    ],
)
def test_how_the_tools_read_a_line(line: str, path: str, azd: bool, func: bool) -> None:
    assert (contents.as_azd([line])(path), contents.as_func([line])(path)) == (azd, func)


def test_no_line_leaves_nothing_out() -> None:
    assert not contents.as_func([])("a")
    assert not contents.as_azd([])("a")
