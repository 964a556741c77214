"""No run comes near the time at which the platform kills it, and with it all that its worker does beside."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from backup_core.workflows.reconcile_group import AT_LEAST
from backup_core.workflows.run_time import WORK_FOR

HOST = Path(__file__).parent.parent / "host.json"
LONGEST_LIST = timedelta(seconds=100)  # of a snapshot group: 100,000 in it, a thousand a second
LAST_DISK = timedelta(seconds=15)  # 500 lost points of one disk, at 30 ms each


def function_timeout() -> timedelta:
    hours, minutes, seconds = map(int, json.loads(HOST.read_text())["functionTimeout"].split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def test_the_longest_honest_run_ends_in_time_and_no_more_than_that_is_allowed() -> None:
    """The reconciler's: it begins with a group at the last moment, and looks at some of its disks."""
    longest = WORK_FOR + LONGEST_LIST + AT_LEAST + LAST_DISK
    assert longest <= function_timeout() < longest + timedelta(seconds=30)
