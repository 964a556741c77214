"""One process of the local target: started in a group of its own, watched, ended, and never outliving its parent.

Leaves to others: which parts there are (up.py).
"""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# Below the range from which the system takes ports for outgoing connections.
_PORTS = range(20000, 32000)
_GIVEN: list[socket.socket] = []  # keeps the names by which other processes see which ports were given
_PR_SET_PDEATHSIG = 1
_ENDING = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


class PartFailed(Exception):
    """A part ended, or was not ready in time; the message holds the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a part is started: it is ready when its log says `ready_text`, or when all `ready_ports` answer."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    directory: Path
    ready_text: str | None = None
    ready_ports: tuple[int, ...] = ()


class Part:
    """A started process. Start it from a thread that lives as long: on Linux it dies with the thread that made it."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.expected_to_end = False
        with recipe.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                recipe.command,
                cwd=recipe.directory,
                env=dict(recipe.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent(),
            )

    @property
    def name(self) -> str:
        return self.recipe.name

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that ended it."""
        return self._process.poll()

    def wait_ready(self, *, until: float) -> None:
        """Raises PartFailed when it ends, or is not ready at `until` (time.monotonic)."""
        while not self._is_ready():
            if self.exit_code is not None:
                raise PartFailed(self.obituary())
            if time.monotonic() > until:
                raise PartFailed(f"{self.name} was not ready in time\n{self._last_lines()}")
            time.sleep(0.05)

    def send(self, number: signal.Signals) -> None:
        """Signal the whole group; a part that has ended is fine."""
        self.expected_to_end = self.expected_to_end or number in _ENDING
        if self.exit_code is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def wait_ended(self, seconds: float) -> None:
        """Wait, then SIGKILL what is left."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            self._process.wait()

    def obituary(self) -> str:
        return f"{self.name} (pid {self.pid}) ended with exit code {self.exit_code}\n{self._last_lines()}"

    def _is_ready(self) -> bool:
        if self.recipe.ready_text and self.recipe.ready_text not in self._log_text():
            return False
        return all(map(_answers, self.recipe.ready_ports))

    def _log_text(self) -> str:
        with self.recipe.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def _last_lines(self) -> str:
        lines = self._log_text().strip().splitlines()[-15:]
        return "\n".join(f"  | {line}" for line in lines) or "  | (it logged nothing)"


def free_ports(count: int, among: range = _PORTS) -> list[int]:
    """Ports that nobody listens at now, each tried by binding it. On Linux nobody else who asks here is given one of
    them while this process lives: on a busy machine it takes a minute until somebody listens there."""
    found: list[int] = []
    for port in random.sample(among, len(among)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if _is_given(port):
            continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"no {count} free ports in {among}")


def _is_given(port: int) -> bool:
    """Whether another process was given the port, or this one before; it is given to this one else. The name of the
    socket is in no file system and goes with the process."""
    if sys.platform != "linux":
        return False
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0disk-backup-port-{port}")
    except OSError:
        name.close()
        return True
    _GIVEN.append(name)
    return False


def fingerprint(pid: int) -> str | None:
    """What tells a process from a later one with the same id (its start and its command); None when it is gone."""
    stat, command = Path(f"/proc/{pid}/stat"), Path(f"/proc/{pid}/cmdline")
    try:
        if Path("/proc/self/stat").exists():
            fields = stat.read_text().rpartition(")")[2].split()
            return None if fields[0] == "Z" else f"{fields[19]} {command.read_bytes().decode().replace(chr(0), ' ')}"
        found = subprocess.run(["ps", "-o", "lstart=,command=", "-p", str(pid)], capture_output=True, text=True)
    except OSError:
        return None
    return found.stdout.strip() or None


def _die_with_parent() -> Callable[[], None] | None:
    """Run in the child before its program: ask Linux to kill it when the thread that made it ends, however it ends."""
    if sys.platform != "linux":
        return None
    library, parent = ctypes.CDLL(None), os.getpid()

    def ask() -> None:
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended in between
            os._exit(1)

    return ask


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
