"""What is imported is declared, and what is declared yields what is pinned; where it does not, that is a fault."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from packaging.requirements import InvalidRequirement

from infra.audit import dependencies, requirements

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What ships and two things more of others: one that nobody declared, one that nobody has; and one that is idle."""
    for name in ("requirements.in", "requirements.txt", "function_app.py"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "backup_core", tmp_path / "backup_core", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "backup_core" / "new.py").write_text("def f():\n    import requests\n    import no_such_thing.at_all\n")
    with (tmp_path / "requirements.in").open("a") as declared:
        declared.write("isodate\n")
    return tmp_path


def test_what_is_imported_is_declared_and_no_more() -> None:
    assert dependencies.import_faults(ROOT) == []


def test_what_tests_and_tools_import_comes_with_a_clean_clone() -> None:
    assert dependencies.tool_faults(ROOT) == []


def test_an_import_that_nobody_declared_and_a_declaration_that_nobody_imports_are_faults(tree: Path) -> None:
    """The import would work, for somebody else needs the package: until they do not any more."""
    assert [fault.partition(" ")[2] for fault in dependencies.import_faults(tree)] == [
        "DEP003 'requests' imported but it is a transitive dependency",
        "DEP001 'no_such_thing' imported but missing from the dependency definitions",
        "DEP002 'isodate' defined as a dependency but not used in the codebase",
    ]


def test_a_look_that_failed_is_no_clean_bill(tmp_path: Path) -> None:
    (fault,) = dependencies.import_faults(tmp_path)
    assert fault.startswith("deptry ended with 1")


def test_azure_functions_is_another_one_from_python_3_13_on() -> None:
    lines = [line for line in requirements.read(ROOT / "requirements.txt") if line.name == "azure-functions"]
    versions = {
        python: [line.version[0] for line in lines if line.applies(python)] for python in ("3.11", "3.12", "3.13")
    }
    assert versions == {"3.11": ["1"], "3.12": ["1"], "3.13": ["2"]}


@pytest.mark.parametrize(
    "line", ["--index-url https://example.com/simple", "https://example.com/x.whl", "-r other.txt"]
)
def test_options_and_addresses_have_no_place(line: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(line)
    with pytest.raises(InvalidRequirement):
        requirements.read(tmp_path / "requirements.txt")


def test_a_registry_that_does_not_answer_is_no_clean_bill(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    outcome = dependencies.resolve_again(tree)
    assert outcome.not_run == "the registry does not answer"
    assert outcome.faults == ()


@pytest.mark.parametrize(
    ("pinned", "fresh", "faults"),
    [
        ("a==1", "a==2", ["requirements.in does not yield a==1: make lock",
                          "requirements.in yields a==2, which is not pinned: make lock"]),
        ("a==1", "a==1\nb==1", ["requirements.in yields b==1, which is not pinned: make lock"]),
        ("a==1 \\\n  --hash=1 \\\n  --hash=2", "a==1 \\\n  --hash=2",
         ["requirements.in does not yield --hash=1: make lock"]),
        ("# by hand\na==1 \\\n  --hash=1", "a==1 \\\n  --hash=1 \\\n  --hash=3\n    # via b", []),
    ],
)  # fmt: skip
def test_what_the_resolver_says_is_compared(pinned: str, fresh: str, faults: list[str]) -> None:
    assert list(dependencies.differences(pinned, fresh)) == faults


def test_no_file_of_requirements_names_a_registry() -> None:
    files = ["requirements.in", "requirements.txt", "tests/requirements.txt", "infra/local/requirements.txt"]
    for file in [*files, "infra/local/worker-library.txt"]:
        assert not re.search(r"https?://|index-url|find-links", (ROOT / file).read_text()), file
