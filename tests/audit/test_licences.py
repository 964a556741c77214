"""The page of licences is that of the pins, and each licence is one that somebody has read."""

from __future__ import annotations

import shutil
from email.message import Message
from pathlib import Path

import pytest

from infra.audit import licences

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    for name in ("requirements.txt", str(licences.PAGE)):
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def change(tree: Path, old: str, new: str) -> None:
    page = tree / licences.PAGE
    text = page.read_text()
    assert old in text
    page.write_text(text.replace(old, new))


def test_the_page_is_that_of_the_pins() -> None:
    assert licences.faults(ROOT) == []


def test_a_package_that_is_not_listed_is_a_fault(tree: Path) -> None:
    change(tree, "| isodate | 0.7.2 | BSD-3-Clause |\n", "")
    assert licences.faults(tree) == ["docs/licences.md lacks isodate 0.7.2: make lock"]


def test_another_version_is_another_package(tree: Path) -> None:
    change(tree, "| isodate | 0.7.2 |", "| isodate | 0.7.1 |")
    assert licences.faults(tree) == [
        "docs/licences.md lacks isodate 0.7.2: make lock",
        "docs/licences.md has isodate 0.7.1, which does not ship",
    ]


def test_a_licence_other_than_the_package_states_is_a_fault(tree: Path) -> None:
    change(tree, "| isodate | 0.7.2 | BSD-3-Clause |", "| isodate | 0.7.2 | MIT |")
    assert licences.faults(tree) == ["docs/licences.md: isodate 0.7.2 states BSD-3-Clause, not MIT: make lock"]


def test_a_licence_that_nobody_has_read_is_a_fault(tree: Path) -> None:
    change(tree, "| azure-functions | 2.3.0 | MIT |", "| azure-functions | 2.3.0 | AGPL-3.0-only |")
    unread = [fault for fault in licences.faults(tree) if "read it" in fault]
    assert [fault.partition(":")[0] for fault in unread] == ["azure-functions 2.3.0 is under AGPL-3.0-only"]


@pytest.mark.parametrize(
    ("headers", "stated"),
    [
        ({"License-Expression": "MIT-0", "License": "other"}, "MIT-0"),
        ({"Classifier": "License :: OSI Approved :: BSD License", "License": "Copyright"}, "BSD-3-Clause"),
        ({"License": "Apache-2.0"}, "Apache-2.0"),
        ({"License": "MIT License\nPermission is granted"}, "MIT"),
        ({}, "unknown"),
    ],
)
def test_where_a_licence_is_read(headers: dict[str, str], stated: str) -> None:
    message = Message()
    for name, value in headers.items():
        message[name] = value
    assert licences.licence(message) == stated
    assert (stated in licences.ACCEPTED) == (stated != "unknown")
