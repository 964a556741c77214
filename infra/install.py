"""What `make setup` and `make dashboard` do: install what the project needs, build the page, and say what goes on.

Runs before anything is installed, so it takes the standard library only. What a tool says is shown when it fails.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / ".venv" / "bin" / "python"
LOCAL = ROOT / "infra" / "local"
PAGE = ROOT / "dashboard"
_PIP = (str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off")
_BAR_EVERY = 0.25
_PLAIN_EVERY = 5.0  # seconds between two lines where no bar can be drawn
_BAR = 24
_TOLD = 40  # lines of a failed step's output
_NPM = ("npm", "ci", "--no-audit", "--no-fund")  # `make audit` asks for weaknesses


@dataclass(frozen=True, slots=True)
class Step:
    """A command, why it runs, and how many packages it is expected to bring; 0 where it does not tell of each."""

    why: str
    command: tuple[str, ...]
    packages: int = 0
    folder: Path = ROOT
    act: tuple[str, str, str] = ("installing", "installed", "FAILED to install")


def main(what: str) -> int:
    return 0 if all(_run(step) for step in STEPS[what]()) else 1


def _python_steps() -> list[Step]:
    ships, tests = ROOT / "requirements.txt", ROOT / "tests" / "requirements.txt"
    worker = LOCAL / "worker-library.txt"
    local = LOCAL / "requirements.txt"
    venv = Step("a virtual environment", (sys.executable, "-m", "venv", str(ROOT / ".venv")))
    hashed = ("--require-hashes", "-r", str(ships))
    library = ("--require-hashes", "--no-deps", "--ignore-requires-python", "-r", str(worker))
    return [
        *([] if PYTHON.exists() else [venv]),
        Step("what ships, the pinned versions by their hashes", (*_PIP, *hashed), _pins(ships)),
        Step("what tests and the local Azure need", (*_PIP, "-r", str(tests)), _pins(tests) + _pins(local)),
        Step("Microsoft's Functions worker library", (*_PIP, *library), _pins(worker)),
    ]


def _node_steps() -> list[Step]:
    return [Step("Azurite, the storage of the local Azure (npm tells nothing meanwhile)", _NPM, folder=LOCAL)]


def _dashboard_steps() -> list[Step]:
    return [Step("what the Backup Center is built with (npm tells nothing meanwhile)", _NPM, folder=PAGE)]


def _center_steps() -> list[Step]:
    act = ("building", "built", "FAILED to build")
    return [
        Step("the Backup Center", ("npm", "run", "build"), folder=PAGE, act=act),
        Step("its files as the app serves them", (sys.executable, str(ROOT / "infra" / "center.py")), act=act),
    ]


STEPS = {"python": _python_steps, "node": _node_steps, "dashboard": _dashboard_steps, "center": _center_steps}


def _pins(requirements: Path) -> int:
    return len(re.findall(r"^[\w.\-\[\]]+==", requirements.read_text(encoding="utf-8"), re.MULTILINE))


def _run(step: Step) -> bool:
    began, said = time.monotonic(), list[str]()
    process = subprocess.Popen(
        step.command, cwd=step.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    assert process.stdout is not None, "it was asked for"
    reader = threading.Thread(target=said.extend, args=(process.stdout,), daemon=True)
    reader.start()
    while process.poll() is None:
        _show(step, said, time.monotonic() - began)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_BAR_EVERY if sys.stdout.isatty() else _PLAIN_EVERY)
    reader.join()
    _end(step, process.returncode, time.monotonic() - began, said)
    return process.returncode == 0


def _show(step: Step, said: Sequence[str], seconds: float) -> None:
    seen = sum(line.startswith(("Collecting ", "Requirement already")) for line in list(said))
    part = min(1.0, seen / step.packages) if step.packages else 0.0
    told = f"{min(seen, step.packages)}/{step.packages} packages, " if step.packages else ""
    if sys.stdout.isatty():
        filled = round(part * _BAR)
        bar = f"[{'#' * filled}{'.' * (_BAR - filled)}] " if step.packages else ""
        print(f"\r\033[K  {bar}{step.why}: {told}{seconds:.0f} s", end="", flush=True)
    else:
        print(f"  {step.act[0]} {step.why}: {told}{seconds:.0f} s", flush=True)


def _end(step: Step, code: int, seconds: float, said: Sequence[str]) -> None:
    start = "\r\033[K" if sys.stdout.isatty() else ""
    print(f"{start}  {step.act[2] if code else step.act[1]} {step.why}, {seconds:.0f} s", flush=True)
    if code:
        print("".join(said[-_TOLD:]), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
