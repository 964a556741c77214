"""What the page is built of: pinned, read, and looked up; what npm says of weaknesses is judged as it reports them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from infra.audit import page

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("package.json", "package-lock.json")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / page.PAGE).mkdir()
    for name in NAMES:
        shutil.copyfile(ROOT / page.PAGE / name, tmp_path / page.PAGE / name)
    return tmp_path


def spoil(tree: Path, package: str, **changes: Any) -> str:
    """Change what is locked of a package; answers its version."""
    file = tree / page.PAGE / "package-lock.json"
    lock = json.loads(file.read_text())
    lock["packages"][f"node_modules/{package}"].update(changes)
    file.write_text(json.dumps(lock))
    return str(lock["packages"][f"node_modules/{package}"]["version"])


def test_what_ships_is_pinned_and_read() -> None:
    assert page.faults(ROOT) == []


def test_a_licence_that_nobody_has_read_is_a_fault(tree: Path) -> None:
    version = spoil(tree, "react", license="AGPL-3.0-only")
    assert page.faults(tree) == [
        f"react {version} is under AGPL-3.0-only: read it, then accept it in infra/audit/page.py"
    ]


def test_what_only_builds_and_tests_ships_under_no_licence(tree: Path) -> None:
    spoil(tree, "vite", license="UNLICENSED")
    assert page.faults(tree) == []


def test_a_package_without_a_hash_is_a_fault(tree: Path) -> None:
    version = spoil(tree, "react", integrity=None)
    assert page.faults(tree) == [f"react {version} has no hash: npm install in dashboard"]


@pytest.mark.parametrize("version", ["^19.0.0", "~19.0.0", "*", "latest", "19", "github:someone/react"])
def test_a_version_that_may_change_is_a_fault(tree: Path, version: str) -> None:
    file = tree / page.PAGE / "package.json"
    declared = json.loads(file.read_text())
    declared["dependencies"]["react"] = version
    file.write_text(json.dumps(declared))
    assert page.faults(tree) == ["dashboard/package.json: react is not pinned to one version"]


def test_a_weak_package_is_a_fault_once_and_not_again_with_all_that_need_it() -> None:
    """As npm reports it: one that is weak by itself, and one that needs it."""
    cause = {"title": "made up", "url": "https://github.com/advisories/GHSA-made-up"}
    weak = {"name": "@azure/msal-common", "range": "<16.0.0", "via": [cause]}
    user = {"name": "@azure/msal-browser", "range": "*", "via": ["@azure/msal-common"]}
    told = page.judge({"vulnerabilities": {each["name"]: each for each in (weak, user)}})
    assert told == page.Outcome(
        faults=("@azure/msal-common <16.0.0: made up (https://github.com/advisories/GHSA-made-up)",)
    )


def test_a_registry_that_does_not_answer_is_no_clean_bill(tree: Path) -> None:
    outcome = page.check(tree, "http://127.0.0.1:9/")
    assert outcome.faults == ()
    assert outcome.not_run


def test_a_report_without_a_list_is_no_clean_bill() -> None:
    assert page.judge({"message": "405 Method Not Allowed"}).not_run == "npm audit: 405 Method Not Allowed"
    assert page.judge({}).not_run
