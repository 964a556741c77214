"""A screen on which nothing is silent for long: what the demo waits for is told while it waits.

And time to look around, where somebody sits before it.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from rich.console import Console

_SILENCE = 8.0  # seconds after which a plain screen, on which nothing can move, is told again
_LOOKING = 3600.0  # seconds for which somebody may look around; who has gone away ends nothing


@contextmanager
def waiting(console: Console, why: str) -> Iterator[None]:
    """Tell `why`, and for how long so far, until the block ends; what the block prints appears above it."""
    began, done = time.monotonic(), threading.Event()

    def told() -> str:
        return f"{why} ({time.monotonic() - began:.0f} s)"

    def plainly() -> None:
        while not done.wait(_SILENCE):
            console.print(f"  ... {told()}", highlight=False, markup=False)

    def moving() -> None:
        with console.status(told()) as status:
            while not done.wait(1):
                status.update(told())

    teller = threading.Thread(target=moving if console.is_terminal else plainly, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def tell_where(console: Console, center: str) -> None:
    console.print(f"  The Backup Center shows all of it: [bold]{center}[/]", highlight=False)
    console.print("  One click signs in there as contributor, operator or reader.", highlight=False)


def leave_time(console: Console, center: str, answers: TextIO, *, seconds: float = _LOOKING) -> None:
    """Keep everything running until Enter or Ctrl-C. Waits for nobody where neither screen nor keyboard is one."""
    if not (console.is_terminal and answers.isatty()):
        return
    console.print("\nEverything runs on, so that you can look around.", highlight=False)
    tell_where(console, center)
    console.print("  Restore a disk, or preview a policy. Enter ends it all.")
    with suppress(KeyboardInterrupt):
        select.select([answers], [], [], seconds)
