"""What Application Insights would get of this host: its own rows and the app's, by the levels of host.json.

The console shows all that the app says, whatever host.json lets through: what is said costs the app its time, what
passes costs money. Each row is a line of JSON in `rows-<pid>.jsonl`; the benchmark of logs counts them.

Measured on the real host (4.1037): a run is one row of AppRequests of category Host.Results, at Information if it went
well, else at Error, beside two rows of AppExceptions; two traces of category Function.<name> tell its begin and end;
what the app logs has the category Function.<name>.User. A row is about 1 KB before its message.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

ROW_BYTES = 1_000
OUTSIDE = "Worker"  # what the worker says while it runs no function
_LEVELS = {
    "trace": 5,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 10,
}
_NAMES = {number: name.capitalize() for name, number in _LEVELS.items()}


@dataclass(frozen=True, slots=True)
class LogLevels:
    """The least level of each category, by the longest beginning of its name that host.json names; case is ignored."""

    levels: Mapping[str, int]

    @classmethod
    def read(cls, section: Mapping[str, object]) -> LogLevels:
        """`logging.logLevel` of host.json. Raises ValueError for a level that the host does not know."""
        unknown = sorted(str(level) for level in section.values() if str(level).lower() not in _LEVELS)
        if unknown:
            raise ValueError(f"logging.logLevel: {', '.join(unknown)} is none of {', '.join(_NAMES.values())}")
        return cls({name.lower(): _LEVELS[str(level).lower()] for name, level in section.items()})

    def let_through(self, category: str, level: int) -> bool:
        name = category.lower()
        fitting = [known for known in self.levels if name == known or name.startswith(f"{known}.")]
        least = self.levels.get(max(fitting, key=len, default="default"), logging.INFO)
        return level >= least


class Rows:
    """The rows that pass, one line of JSON each; without a directory, none are kept."""

    def __init__(self, levels: LogLevels, directory: Path | None) -> None:
        self._levels = levels
        self._file: TextIO | None = None
        if directory:
            directory.mkdir(parents=True, exist_ok=True)
            self._file = (directory / f"rows-{os.getpid()}.jsonl").open("a", buffering=1, encoding="utf-8")

    def request(self, function: str, *, succeeded: bool, result_code: str) -> None:
        """The row of a run. `succeeded` is whether it raised nothing, whatever an HTTP function answered; `result_code`
        is that answer's status, "0" for other triggers."""
        level = logging.INFO if succeeded else logging.ERROR
        told = {"Name": function, "Success": succeeded, "ResultCode": result_code}
        self._write("AppRequests", "Host.Results", level, function, told)

    def exception(self, function: str, error: str) -> None:
        """Both rows of a run that raised."""
        for category in (f"Function.{function}", "Host.Results"):
            self._write("AppExceptions", category, logging.ERROR, error, {"ExceptionMessage": error})

    def trace(self, category: str, level: int, message: str) -> None:
        self._write("AppTraces", category, level, message, {"Message": message})

    def _write(self, table: str, category: str, level: int, text: str, told: Mapping[str, object]) -> None:
        if not self._levels.let_through(category, level):
            return
        known = max(number for number in _NAMES if number <= max(level, 5))
        size = ROW_BYTES + len(text.encode(errors="replace"))
        self.keep({"table": table, "category": category, "level": _NAMES[known], "bytes": size, **told})

    def keep(self, row: Mapping[str, object]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(row) + "\n")


class AppLog(logging.Handler):
    """Hands what the app and its libraries log to the rows, under the name of the function that is running."""

    def __init__(self, rows: Rows, running: Callable[[], str | None]) -> None:
        super().__init__()
        self._rows = rows
        self._running = running
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "host" or record.name.startswith(("host.", "azure.functions")):
            return  # this host's own words are those of no Functions host; the worker's own go elsewhere
        function = self._running()
        self._rows.trace(f"Function.{function}.User" if function else OUTSIDE, record.levelno, self.format(record))
