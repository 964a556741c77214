"""Bodies, pages, times and durations between JSON and our values: what all resources share.

Leaves to others: the fields of a body (domain/reading.py).
"""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, TypeVar

from backup_core.api.call import Answer, Call
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.reach import mentions, names_closed
from backup_core.domain.reading import Node, node_of, parse_json
from backup_core.ports import Page, R

W = TypeVar("W", bound=Mapping[str, Any])
NEVER = "0001-01-01T00:00:00Z"  # the service's word for a time that is not known yet
TOKEN = re.compile(r"[A-Za-z0-9_\-=.]{1,2048}")
INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,7})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def read_body(call: Call) -> dict[str, Any]:
    """The body as a JSON object. Raises InvalidInput."""
    try:
        value = parse_json(call.body)
    except ValueError as error:
        _refuse_body(f"is not valid JSON: {error}", error)
    if not isinstance(value, dict):
        _refuse_body("must be a JSON object")
    return value


def read_optional_body(call: Call) -> dict[str, Any]:
    """As read_body; no body is an empty object."""
    return read_body(call) if call.body.strip() else {}


def readable_body(call: Call) -> Mapping[str, Any]:
    """The body as the endpoint will read it, for who looks at it before. What cannot be read the endpoint refuses in
    its own words, if it wants it."""
    try:
        return read_optional_body(call)
    except InvalidInput:
        return {}


def body_of(call: Call) -> Node:
    """The body, to be read field by field. Raises InvalidInput when it is no JSON object."""
    return node_of(read_body(call))


def _refuse_body(message: str, cause: Exception | None = None) -> NoReturn:
    raise InvalidInput([Fault(target="$", message=message, code="InvalidRequestContent")]) from cause


def list_answer(call: Call, page: Page[R], render: Callable[[R], Mapping[str, Any]]) -> Answer:
    """A page of resources; `nextLink` only when there is more (recorded: absent on a last page). What names something
    that the caller may not reach is left out."""
    body: dict[str, Any] = {"value": reached(call, (render(stored.value) for stored in page.items))}
    if page.next_token is not None:
        body["nextLink"] = call.next_link(page.next_token)
    return Answer(status=200, body=body)


def reached(call: Call, told: Iterable[W]) -> list[W]:
    """What is told, but for what names something that the caller may not reach."""
    closed = call.closed
    if not closed:
        return list(told)
    return [each for each in told if not any(names_closed(found.text, closed) for found in mentions(each))]


def skip_token(call: Call) -> str | None:
    """The store's own token, as a nextLink carried it. Raises InvalidInput for what no token looks like; the store
    refuses the rest that it did not write."""
    token = call.parameter("$skipToken")
    if token is not None and not TOKEN.fullmatch(token):
        raise InvalidInput([Fault(target="$skipToken", message="take it unchanged from a nextLink")])
    return token


def last_key(call: Call) -> str:
    """The key of the last that was told, of a list whose pages go on behind a key of ours; "" for the first page.
    Raises InvalidInput for a token that `key_token` did not write."""
    token = skip_token(call)
    try:
        return "" if token is None else b64decode(token.encode("ascii"), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise InvalidInput([Fault(target="$skipToken", message="take it unchanged from a nextLink")]) from error


def key_token(key: str) -> str:
    return urlsafe_b64encode(key.encode()).decode()


def instant(at: datetime | None) -> str | None:
    """`2024-06-27T05:18:29.1058690Z`: UTC with seven digits of a second (recorded)."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def second(at: datetime) -> str:
    """`2024-06-27T05:18:29Z`: how an operation's end is written (recorded)."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_duration(length: timedelta) -> str:
    """`PT3M5.5830357S`, as one job carries it; zero is `PT0S` (recorded)."""
    ticks = _ticks(length)
    days, rest = divmod(ticks, 864_000_000_000)
    hours, rest = divmod(rest, 36_000_000_000)
    minutes, rest = divmod(rest, 600_000_000)
    date = f"{days}D" if days else ""
    clock = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    if rest or not (date or clock):
        clock += f"{_decimal(rest)}S"
    return f"P{date}{'T' if clock else ''}{clock}"


def clock_duration(length: timedelta) -> str:
    """`00:03:12.7189058`, as jobs in a list carry it; days as `1.00:00:00` (recorded)."""
    seconds, fraction = divmod(_ticks(length), 10_000_000)
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{f'{days}.' if days else ''}{clock}{f'.{fraction:07}' if fraction else ''}"


def read_instant(text: str) -> datetime:
    """An ISO 8601 time with a zone; up to seven digits of a second. Raises ValueError that says what is expected."""
    match = INSTANT.fullmatch(text)
    try:
        if match is not None:
            return datetime.fromisoformat(f"{match[1]}{(match[2] or '.0')[:7]}{match[3]}").astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # a date that no calendar has: told like any other text that is not a time
    raise ValueError(f"{text!r} is not a time like 2024-06-27T05:18:29.0000000Z")


def _ticks(length: timedelta) -> int:
    """Tenths of a microsecond, the unit of the service's own clock. A clock that went backwards makes zero."""
    return max(length // timedelta(microseconds=1), 0) * 10


def _decimal(ticks: int) -> str:
    return f"{ticks // 10_000_000}.{ticks % 10_000_000:07}".rstrip("0").rstrip(".")
