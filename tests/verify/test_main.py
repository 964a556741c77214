"""The command: what it says before it costs anything, and which runs it takes for over."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.verify import __main__ as command
from infra.verify.__main__ import Marks, Outcome

NOW, LONG_AGO = datetime.now(UTC), datetime.now(UTC) - timedelta(hours=7)
DEPLOYED = ["--app", "https://app.example", "--audience", "api://x", "--subscription", "s"]


def test_what_it_costs_is_said_before_anything_is_sent_and_nobody_there_is_no_consent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "infra.verify", *DEPLOYED],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd=command.PROJECT,
    )
    assert answer.returncode == 2
    assert "less than 0.05 USD" in answer.stdout
    assert "say --yes" in answer.stderr


def test_without_a_local_target_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--endpoints", str(tmp_path / "endpoints.json")]) == 2
    assert "make up" in capsys.readouterr().err


def test_an_app_without_its_audience_is_refused() -> None:
    with pytest.raises(SystemExit):
        command.main(DEPLOYED[:2])


def test_a_run_of_this_machine_is_over_when_its_process_is(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "verify")
    marks.begin("mine")
    assert not marks.is_left("mine", LONG_AGO), "this process is on its way"
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    (tmp_path / "verify" / "mine.begun").write_text(str(child.pid))
    assert marks.is_left("mine", NOW)
    for name in ("mine", "mine"):
        marks.end(name)
    assert list((tmp_path / "verify").iterdir()) == []


def test_a_run_of_another_machine_is_over_by_its_age(tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    assert not marks.is_left("another", NOW)
    assert marks.is_left("another", LONG_AGO)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome([], {}), 0),
        (Outcome([], {}, differences=["x"]), 1),
        (Outcome([], {}, stopped="x", differences=["x"]), 2),
        (Outcome([], {}, left="x"), 2),
    ],
)
def test_the_exit_status_tells_what_came_of_it(outcome: Outcome, status: int) -> None:
    assert outcome.status == status


@pytest.mark.parametrize("file", ["docs/verify.md", ".github/workflows/verify.yml"])
def test_what_is_written_of_the_command_is_understood_by_it(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--help"])
    known = set(re.findall(r"--[a-z]+", capsys.readouterr().out))
    text = (command.PROJECT / file).read_text()
    written = set(re.findall(r"(?<![\w-])--[a-z-]+", text)) - {"--require-hashes", "--requirement"}
    assert written
    assert written <= known
