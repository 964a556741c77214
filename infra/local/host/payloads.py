"""What each trigger hands to Python and what comes back, in the shapes of the host's worker protocol."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from http.cookies import SimpleCookie
from typing import Any

from .storage import QueuedMessage
from .worker import datum

# .NET's DateTime.MinValue, which the host writes for "never".
NEVER = "0001-01-01T00:00:00+00:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The trigger's value, as a Datum, and the metadata beside it."""

    value: Any
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """A function's HTTP response; `cookies` are whole Set-Cookie values."""

    status: int
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerStatus:
    """When a timer last ran and next runs (aware); `last` is None before its first run."""

    last: datetime | None
    next: datetime
    last_updated: datetime

    def as_json(self, zone: tzinfo) -> dict[str, str]:
        return {
            "Last": self.last.astimezone(zone).isoformat() if self.last else NEVER,
            "Next": self.next.astimezone(zone).isoformat(),
            "LastUpdated": self.last_updated.astimezone(zone).isoformat(),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, str]) -> TimerStatus:
        last = datetime.fromisoformat(content["Last"])
        return cls(
            last=None if last.year == 1 else last,
            next=datetime.fromisoformat(content["Next"]),
            last_updated=datetime.fromisoformat(content["LastUpdated"]),
        )


def timer(status: TimerStatus | None, *, past_due: bool, zone: tzinfo) -> Payload:
    content = {
        "Schedule": {"AdjustForDST": True},
        "ScheduleStatus": status.as_json(zone) if status else None,
        "IsPastDue": past_due,
    }
    return Payload(value=datum(json.dumps(content), "json"))


def queue(message: QueuedMessage, body: bytes, *, binary: bool) -> Payload:
    """Raises UnicodeDecodeError when the function wants text and the body is none."""
    text = None if binary else body.decode()
    metadata = {
        "Id": datum(message.id, "string"),
        "PopReceipt": datum(message.pop_receipt, "string"),
        "DequeueCount": datum(str(message.dequeue_count), "json"),
        "InsertionTime": datum(json.dumps(message.inserted.isoformat()), "json"),
        "ExpirationTime": datum(json.dumps(message.expires.isoformat()), "json"),
        "NextVisibleTime": datum(json.dumps(message.next_visible.isoformat()), "json"),
    }
    readable = text if text is not None else _text_or_none(body)
    if readable is not None:
        metadata["QueueTrigger"] = datum(readable, "string")
    return Payload(value=datum(body, "bytes") if text is None else datum(text, "string"), metadata=metadata)


def event(content: Mapping[str, Any]) -> Payload:
    return Payload(
        value=datum(json.dumps(content), "json"), metadata={"data": datum(json.dumps(content.get("data")), "json")}
    )


def http(
    *,
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]],
    query: Iterable[tuple[str, str]],
    route_values: Mapping[str, str],
    body: bytes,
) -> Payload:
    """Names of headers in lower case, repeated ones joined, query keys without a value dropped."""
    joined_query = {name: value for name, value in _joined(query).items() if value}
    value = {
        "method": datum(method, "string"),
        "url": datum(url, "string"),
        "headers": _strings(_joined((name.lower(), text) for name, text in headers)),
        "query": _strings(joined_query),
        "params": _strings(route_values),
        "body": datum(body, "bytes"),
    }
    return Payload(value=datum(value, "http"))


def http_answer(returned: Any) -> HttpAnswer:
    """The response in a returned Datum of type http or string."""
    if returned.type == "string":
        headers = {"content-type": "text/plain; charset=utf-8"}
        return HttpAnswer(status=200, headers=headers, cookies=(), body=returned.value.encode())
    content = returned.value
    return HttpAnswer(
        status=int(content["status_code"].value),
        headers={name: header.value for name, header in content["headers"].items()},
        cookies=tuple(_cookies(content.get("cookies") or [])),
        body=content["body"].value or b"",
    )


def queue_outputs(output: Any) -> tuple[bytes, ...]:
    """The message bodies that a queue output binding was set to."""
    if output.type == "bytes":
        return (output.value,)
    if output.type == "string":
        return (output.value.encode(),)
    content = json.loads(output.value)
    items = content if isinstance(content, list) else [content]
    return tuple((item if isinstance(item, str) else item["body"]).encode() for item in items)


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """One value per name, repeated ones joined with a comma; names that differ in case only are one, as in .NET."""
    spelled: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(spelled.setdefault(name.lower(), name), []).append(value)
    return {name: ",".join(parts) for name, parts in values.items()}


def _strings(values: Mapping[str, str]) -> dict[str, Any]:
    return {name: datum(value, "string") for name, value in values.items()}


def _cookies(jars: Iterable[SimpleCookie]) -> Iterable[str]:
    for jar in jars:
        for morsel in jar.values():
            yield morsel.OutputString()


def _text_or_none(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
