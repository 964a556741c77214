"""Time to look around: for somebody who sits before it, and for nobody else."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from typing import TextIO

import pytest
from rich.console import Console

from infra.local.demo.narrating import leave_time

CENTER = "http://127.0.0.1:1/center/"


@pytest.fixture
def keyboard() -> Iterator[tuple[int, TextIO]]:
    """A terminal: where keys are pressed, and where they are read."""
    pressed, read = os.openpty()
    with os.fdopen(read) as answers:
        yield pressed, answers
    os.close(pressed)


def screen(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=140)


def told(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_who_sits_before_it_is_told_where_to_look_and_ends_it_by_enter(keyboard: tuple[int, TextIO]) -> None:
    pressed, answers = keyboard
    console = screen(terminal=True)
    waiting = threading.Thread(target=leave_time, args=(console, CENTER, answers))
    waiting.start()
    until = time.monotonic() + 60
    while "Enter" not in told(console):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert waiting.is_alive()
    os.write(pressed, b"\n")
    waiting.join(60)
    assert not waiting.is_alive()
    assert CENTER in told(console)


def test_who_went_away_ends_nothing_for_ever(keyboard: tuple[int, TextIO]) -> None:
    leave_time(screen(terminal=True), CENTER, keyboard[1], seconds=0.01)


@pytest.mark.parametrize("terminal", [True, False])
def test_nobody_is_waited_for_where_no_keyboard_is(terminal: bool) -> None:
    console = screen(terminal=terminal)
    leave_time(console, CENTER, io.StringIO())
    assert told(console) == ""


def test_nobody_is_waited_for_where_the_screen_is_a_file(keyboard: tuple[int, TextIO]) -> None:
    leave_time(screen(terminal=False), CENTER, keyboard[1])
