"""The workflows of the project's own repository: what they run, and that nobody can change it from outside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import evaluated
from infra.package.interpreters import SUPPORTED

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").iterdir())


def read(file: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(file.read_text(encoding="utf-8")))


def steps(file: Path) -> list[dict[str, Any]]:
    return [step for job in read(file)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_an_action_is_pinned_to_a_commit_and_says_its_version(file: Path) -> None:
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if re.search(r"\buses:", line)]
    assert lines, "a workflow without its source does nothing"
    assert [line for line in lines if not re.search(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)] == []


def test_one_action_has_one_pin_everywhere() -> None:
    used = {step["uses"] for file in WORKFLOWS for step in steps(file) if "uses" in step}
    assert len(used) == len({each.partition("@")[0] for each in used})


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_may_only_read_the_source(file: Path) -> None:
    assert read(file)["permissions"] == {"contents": "read"}


def test_every_version_that_the_app_may_run_with_is_linted_and_tested() -> None:
    tests = ROOT / ".github" / "workflows" / "tests.yml"
    (job,) = read(tests)["jobs"].values()
    assert tuple(job["strategy"]["matrix"]["python"]) == SUPPORTED
    commands = [step["run"] for step in job["steps"] if "run" in step]
    parts = ("lint", "test", "browser", "walk")
    assert commands == [f"make {part} PYTHON=python${{{{ matrix.python }}}}" for part in parts]


def test_the_templates_are_compiled_and_evaluated_by_the_version_that_the_numbers_are_of() -> None:
    infra = ROOT / ".github" / "workflows" / "infra.yml"
    assert read(infra)["env"]["BICEP"] == evaluated.COMPILER
    commands = "\n".join(step["run"] for step in read(infra)["jobs"]["compile"]["steps"] if "run" in step)
    for command in ("lint", "build", "build-params", "snapshot"):
        assert f"bicep {command} " in commands, command
    assert "--mode validate" in commands
    assert "python3 infra/evaluated.py" in commands


def test_commands_are_not_made_of_what_strangers_write() -> None:
    """A title or a branch's name that is pasted into a command is run as one."""
    pasted = [
        step["run"]
        for file in WORKFLOWS
        for step in steps(file)
        if re.search(r"\${{\s*(github|inputs)\.", step.get("run", ""))
    ]
    assert pasted == []
