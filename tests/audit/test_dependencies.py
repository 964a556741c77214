"""The files of requirements and what ships: they fit, offline; and each way in which they could not is a fault."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import InvalidRequirement

from infra.audit import dependencies, requirements

ROOT = Path(__file__).resolve().parents[2]
HASH = f"--hash=sha256:{'0' * 64}"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What the checks look at, to be spoilt."""
    for name in ("requirements.in", "requirements.txt", "function_app.py"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "backup_core", tmp_path / "backup_core", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.fixture
def change(tree: Path) -> Callable[[str, str, str], None]:
    """Replace what a pattern finds, which must be there."""

    def replace(file: str, pattern: str, new: str) -> None:
        text, count = re.subn(pattern, new, (tree / file).read_text(), flags=re.MULTILINE)
        assert count, f"{pattern} is not in {file}"
        (tree / file).write_text(text)

    return replace


Change = Callable[[str, str, str], None]


def test_what_is_declared_is_pinned_by_hash_for_every_python() -> None:
    assert dependencies.pin_faults(ROOT) == []


def test_what_is_pinned_is_what_the_declared_need_and_is_installed() -> None:
    assert dependencies.installed_faults(ROOT) == []


def test_what_is_imported_is_declared_and_no_more() -> None:
    assert dependencies.import_faults(ROOT) == []


def test_what_tests_and_tools_import_comes_with_a_clean_clone() -> None:
    assert dependencies.tool_faults(ROOT) == []


def test_a_tool_that_happens_to_be_installed_is_a_fault(tmp_path: Path) -> None:
    for file in ("requirements.in", "infra/local/requirements.txt", "infra/local/worker-library.txt"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, tmp_path / file)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "requirements.txt").write_text("-r ../infra/local/requirements.txt\n")
    (tmp_path / "tests" / "test_x.py").write_text("import pytest, requests, no_such_thing\n")
    assert dependencies.tool_faults(tmp_path) == [
        "tests/test_x.py:1 imports pytest: declare pytest in tests/requirements.txt",
        "tests/test_x.py:1 imports no_such_thing: declare its package in tests/requirements.txt",
    ]


def test_azure_functions_is_another_one_from_python_3_13_on() -> None:
    lines = [line for line in requirements.read(ROOT / "requirements.txt") if line.name == "azure-functions"]
    versions = {
        python: [str(line.version)[0] for line in lines if line.applies(python)] for python in ("3.11", "3.12", "3.13")
    }
    assert versions == {"3.11": ["1"], "3.12": ["1"], "3.13": ["2"]}


@pytest.mark.parametrize(
    ("pattern", "new", "fault"),
    [
        ("^azure-core==", "azure-core>=", "requirements.txt: azure-core is not pinned to one version"),
        ("^azure-core==.*", r"azure-core==1.* \\", "requirements.txt: azure-core is not pinned to one version"),
        (r"^azure-core==(\S+)(.*\n.*--hash.*)+", r"azure-core==\1", "requirements.txt: azure-core has no sha256 hash"),
        ("^azure-core==.*", rf"azure-core==1.41.0 {HASH[:-1]} \\", "requirements.txt: azure-core has no sha256 hash"),
        ("^azure-core==", "other==", "Python 3.12: azure-core is declared and not pinned: make lock"),
        (
            "^azure-core==[^ ]*",
            "azure-core==1.2.0",
            "Python 3.11: azure-core 1.2.0 is pinned, azure-core~=1.41 is declared: make lock",
        ),
        ("^(azure-functions==1.*) ; .*$", r"\1 \\", "Python 3.13: azure-functions is pinned 2 times"),
        (
            "^(azure-functions==2.*) ; .*$",
            r"\1 ; python_full_version > '3.14' \\",
            "Python 3.13: azure-functions is declared and not pinned: make lock",
        ),
    ],
)
def test_a_pin_that_does_not_fit_is_a_fault(pattern: str, new: str, fault: str, change: Change, tree: Path) -> None:
    change("requirements.txt", pattern, new)
    assert fault in dependencies.pin_faults(tree)


def test_a_declaration_without_its_pin_is_a_fault(change: Change, tree: Path) -> None:
    change("requirements.in", "^tzdata", "pytz\ntzdata")
    assert "Python 3.11: pytz is declared and not pinned: make lock" in dependencies.pin_faults(tree)


@pytest.mark.parametrize(
    "line", ["--index-url https://example.com/simple", "https://example.com/x.whl", "-r other.txt"]
)
def test_options_and_addresses_have_no_place(line: str, tree: Path) -> None:
    (tree / "requirements.txt").write_text(line)
    with pytest.raises(InvalidRequirement):
        dependencies.pin_faults(tree)


def test_another_version_than_the_pinned_one_is_a_fault(change: Change, tree: Path) -> None:
    change("requirements.txt", "^isodate==[^ ]*", "isodate==0.7.0")
    assert dependencies.installed_faults(tree) == ["isodate is pinned to 0.7.0, and 0.7.2 is installed"]


def test_a_pin_that_is_missing_is_a_fault(change: Change, tree: Path) -> None:
    change("requirements.txt", "^isodate==", "iniconfig==")
    faults = dependencies.installed_faults(tree)
    assert any(
        re.fullmatch(r"requirements\.txt lacks isodate, which azure-\S+ needs: make lock", each) for each in faults
    )
    assert "requirements.txt has iniconfig, which nothing declared needs: make lock" in faults


def test_an_import_that_is_not_declared_is_a_fault(change: Change, tree: Path) -> None:
    """It would work, for somebody else needs the package: until they do not any more."""
    (tree / "backup_core" / "new.py").write_text("def f():\n    import requests\n")
    assert dependencies.import_faults(tree) == [
        "backup_core/new.py:2 imports requests: declare requests in requirements.in"
    ]


def test_packages_that_share_a_namespace_are_told_apart(change: Change, tree: Path) -> None:
    change("requirements.in", "^azure-mgmt-core.*\n", "")
    (fault,) = dependencies.import_faults(tree)
    assert fault.endswith("declare azure-mgmt-core in requirements.in")


def test_an_import_that_nobody_has_is_a_fault(tree: Path) -> None:
    (tree / "backup_core" / "new.py").write_text("import no_such_thing.at_all\n")
    assert dependencies.import_faults(tree) == [
        "backup_core/new.py:1 imports no_such_thing.at_all, which no installed package holds"
    ]


def test_a_declaration_that_nothing_imports_is_a_fault(change: Change, tree: Path) -> None:
    change("requirements.in", "^tzdata", "isodate\ntzdata")
    assert dependencies.import_faults(tree) == ["requirements.in declares isodate, which nothing that ships imports"]


def test_a_registry_that_does_not_answer_is_no_clean_bill(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    outcome = dependencies.resolve_again(tree)
    assert outcome.not_run == "the registry does not answer"
    assert outcome.faults == ()


@pytest.mark.parametrize(
    ("pinned", "fresh", "fault"),
    [
        ("a==1", "a==2", "requirements.in does not yield a==1: make lock"),
        ("a==1", "a==1\nb==1", "requirements.in yields b==1, which is not pinned: make lock"),
        (
            "a==1 --hash=sha256:1 --hash=sha256:2",
            "a==1 --hash=sha256:2",
            "a==1: 1 of its files are not published any more",
        ),
        ("a==1 --hash=sha256:1", "a==1 --hash=sha256:1 --hash=sha256:3", None),
    ],
)
def test_what_the_resolver_says_is_compared(pinned: str, fresh: str, fault: str | None, tmp_path: Path) -> None:
    for name, text in (("pinned", pinned), ("fresh", fresh)):
        (tmp_path / name).write_text(text)
    lines = (requirements.read(tmp_path / "pinned"), requirements.read(tmp_path / "fresh"))
    found = list(dependencies._differences(*lines))
    assert (fault in found) if fault else (found == [])


def test_no_file_of_requirements_names_a_registry() -> None:
    files = ["requirements.in", "requirements.txt", "tests/requirements.txt", "infra/local/requirements.txt"]
    for file in [*files, "infra/local/worker-library.txt"]:
        assert not re.search(r"https?://|index-url|find-links", (ROOT / file).read_text()), file
