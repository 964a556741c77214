"""The check of what Bicep's compiler evaluates the parameter files to; the compiler itself runs on GitHub."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra import evaluated
from tests.infra.bicep import project


def snapshots(folder: Path, **changed: int) -> Path:
    """Made-up snapshots with as many resources as expected, but for those given."""
    for name, count in evaluated.EVALUATED.items():
        made = [{"id": f"/r/{each}", "type": "Microsoft.Web/sites"} for each in range(changed.get(name, count))]
        (folder / f"{name}.snapshot.json").write_text(json.dumps({"predictedResources": made, "diagnostics": []}))
    return folder


def test_every_parameter_file_has_its_number_and_no_other() -> None:
    assert {f"{name}.bicepparam" for name in evaluated.EVALUATED} == set(project().parameter_files)


@pytest.mark.parametrize("name", ["access-small", "access-large"])
def test_an_access_file_has_a_role_for_each_scope_that_it_lists_and_no_more(name: str) -> None:
    """Counted in the parameter file itself: one assignment for each item of its lists."""
    text = (evaluated.FOLDER / f"{name}.bicepparam").read_text()
    lists = text.split("param principalId")[1].split("param ")[1:]
    scopes = sum(_items(each.partition("=")[2]) for each in lists)
    assert scopes == evaluated.EVALUATED[name]


def _items(text: str) -> int:
    """Objects of a list, or its lines where it holds names."""
    return text.count("{") or len([line for line in text.splitlines() if line.strip() not in ("", "[", "]")])


def test_as_many_resources_as_expected_is_no_fault(tmp_path: Path) -> None:
    assert list(evaluated.faults(snapshots(tmp_path))) == []


@pytest.mark.parametrize("count", [0, 27, 29])
def test_a_resource_more_or_less_is_told(tmp_path: Path, count: int) -> None:
    (fault,) = evaluated.faults(snapshots(tmp_path, small=count))
    assert fault.startswith(f"small.snapshot.json has {count} resources, not 28")


def test_a_snapshot_that_was_not_made_or_is_none_is_told(tmp_path: Path) -> None:
    assert len(list(evaluated.faults(tmp_path))) == len(evaluated.EVALUATED)
    (tmp_path / "small.snapshot.json").write_text("{}")
    with pytest.raises(ValueError, match="is no snapshot"):
        list(evaluated.faults(tmp_path))


def test_the_command_ends_with_the_verdict(tmp_path: Path) -> None:
    command = [sys.executable, evaluated.__file__, str(snapshots(tmp_path))]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    snapshots(tmp_path, large=1)
    told = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (told.returncode, "large.snapshot.json has 1 resources, not 49" in told.stderr) == (1, True)
