"""As much of Azure Monitor's query language as the alert rules are written in: tables, `union`, and `where` with
comparisons of one column. What it does not know it refuses, so that a query that outgrows it fails its test.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Row = Mapping[str, Any]  # the columns of a row, with its table's name under "table"

_TERM = re.compile(
    r"(?P<cast>toint\()?(?P<column>\w+)\)?\s*(?P<how>==|>=|startswith|endswith)\s*(?P<value>'[^']*'|\w+)"
)
_HOW: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    ">=": operator.ge,
    "startswith": lambda text, start: str(text).lower().startswith(start.lower()),
    "endswith": lambda text, end: str(text).lower().endswith(end.lower()),
}
_WORDS: Mapping[str, Any] = {"true": True, "false": False}


def run(query: str, rows: Iterable[Row]) -> list[Row]:
    """The rows that `query` answers. Raises ValueError for what it cannot read."""
    text, known = " ".join(query.split()), list(rows)
    if text.startswith("union "):
        return [row for part in _parts(text.removeprefix("union ")) for row in run(part, known)]
    table, *steps = (step.strip() for step in text.split("|"))
    found = [row for row in known if row["table"] == table]
    for step in steps:
        condition = _condition(step.removeprefix("where ")) if step.startswith("where ") else None
        if condition is None:
            raise ValueError(f"cannot read '{step}'")
        found = [row for row in found if condition(row)]
    return found


def _parts(text: str) -> list[str]:
    parts = re.findall(r"\((\w+ \|.*?)\)(?:,|$)", text)
    if ", ".join(f"({part})" for part in parts) != text:
        raise ValueError(f"cannot read the parts of '{text}'")
    return parts


def _condition(text: str) -> Callable[[Row], bool]:
    terms = [_term(term.strip()) for term in text.split(" or ")]
    return lambda row: any(holds(row) for holds in terms)


def _term(text: str) -> Callable[[Row], bool]:
    found = _TERM.fullmatch(text)
    if found is None:
        raise ValueError(f"cannot read '{text}'")
    value = found["value"]
    wanted = value.strip("'") if value.startswith("'") else _WORDS[value] if value in _WORDS else int(value)
    compare, column = _HOW[found["how"]], found["column"]
    if found["cast"]:
        return lambda row: str(row[column]).isdigit() and compare(int(row[column]), wanted)
    return lambda row: compare(row[column], wanted)
