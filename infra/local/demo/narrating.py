"""A screen on which nothing is silent for long: what the demo waits for is told while it waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

_SILENCE = 8.0  # seconds after which a plain screen, on which nothing can move, is told again


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
