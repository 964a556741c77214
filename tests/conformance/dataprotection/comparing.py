"""Compares an answer of ours with Azure's, field by field, and learns which of our ids stands for which of Azure's.

What cannot be equal (guids, hex ids, operation ids, times, durations, etags) has to match the same pattern, and an id
has to stand for the same one throughout a scenario. All else has to be equal: status, headers, names, order and types
of fields, words and numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.conformance.dataprotection.recorded import BLOBS, CLOUD, Exchange

NEVER = "0001-01-01T00:00:00Z"
HEADERS = ("azure-asyncoperation", "location", "retry-after", "content-type", "x-content-type-options", "cache-control")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEX = re.compile(r"[0-9a-f]{32}")
_OPERATION = re.compile(r"[\w\-+/=]{24,}")
_IDS = (_GUID, _HEX)
_PATTERNS = (
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,7}Z"),
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    re.compile(r"P(?=\d|T\d)(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d{1,7})?S)?)?"),
    re.compile(r"(\d+\.)?\d\d:\d\d:\d\d(\.\d{7})?"),
    re.compile(r"W/\"datetime'\d{4}-\d\d-\d\dT\d\d%3A\d\d%3A\d\d\.\d{1,7}Z'\""),
    re.compile(r"\d{18}"),  # .NET ticks
)
_OPERATION_KINDS = ("operationStatus", "operationResults")
_ERROR = ("code", "message")
_TIME_OF = ("startTime", "recoveryPointTime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`path` is that of a field, or `status`, or `header <name>`."""

    label: str
    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.label} | {self.path} | {self.what}"


@dataclass(slots=True)
class Comparison:
    """One scenario's: `ids` leads from Azure's ids to ours; `fields` counts the values that were compared; `unsound`
    are answers that nothing excuses: an error without ARM's error body, or a fault of ours."""

    ids: dict[str, str] = field(default_factory=dict)
    fields: int = 0
    differences: list[Difference] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)
    _label: str = ""

    def translated(self, text: str) -> str:
        """Azure's text with our ids in it."""
        for theirs in sorted(self.ids, key=len, reverse=True):
            text = text.replace(theirs, self.ids[theirs])
        return text

    def compare(self, exchange: Exchange, status: int, headers: Mapping[str, str], body: Any) -> None:
        """An error in the place of a success (or the other way round) is one difference: its body is another thing."""
        self._label = exchange.label
        self.fields += 1
        if status != exchange.status:
            self._note("status", f"is {status} {_code(body)}".strip())
        if status >= 500 or (status >= 400 and not _is_error(body)):
            self.unsound.append(f"{exchange.label}: {status} {body}")
        if (status < 400) == (exchange.status < 400):
            self._compare_headers(exchange.headers, headers)
            self._compare_value("", exchange.response, body)

    def _note(self, path: str, what: str) -> None:
        self.differences.append(Difference(label=self._label, path=path or "body", what=what))

    def _compare_headers(self, theirs: Mapping[str, str], ours: Mapping[str, str]) -> None:
        for name in HEADERS:
            recorded, own = theirs.get(name), ours.get(name)
            self.fields += recorded is not None
            if recorded is None or own is None:
                if recorded != own:
                    self._note(f"header {name}", "is missing" if own is None else "was never sent")
            elif name == "content-type":
                self._compare_text(f"header {name}", recorded.split(";")[0], own.split(";")[0])
            elif name in ("azure-asyncoperation", "location"):
                self._compare_url(f"header {name}", recorded, own)
            else:
                self._compare_text(f"header {name}", recorded, own)

    def _compare_url(self, path: str, theirs: str, ours: str) -> None:
        recorded, own = urlsplit(theirs.removeprefix(CLOUD)), urlsplit(ours)
        if not (own.scheme and own.netloc):
            self._note(path, f"{ours!r} is not absolute")
        self._compare_text(path, unquote(recorded.path), unquote(own.path))
        self._compare_text(f"{path} query", recorded.query, own.query)

    def _compare_value(self, path: str, theirs: Any, ours: Any) -> None:
        self.fields += 1
        if isinstance(theirs, dict) and isinstance(ours, dict):
            self._compare_object(path, theirs, ours)
        elif isinstance(theirs, list) and isinstance(ours, list):
            self._compare_list(path, theirs, ours)
        elif isinstance(theirs, str) and isinstance(ours, str):
            self._compare_text(path, theirs, ours)
        elif type(theirs) is not type(ours):
            self._note(path, f"{_kind(theirs)} is {_kind(ours)}")
        elif theirs != ours:
            self._note(path, f"{theirs!r} is {ours!r}")

    def _compare_object(self, path: str, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
        for name in theirs:
            if name in ours:
                self._compare_value(_joined(path, name), theirs[name], ours[name])
            else:
                self._note(_joined(path, name), "is missing")
        for name in ours:
            if name not in theirs:
                self._note(_joined(path, name), "was never sent")
        recorded, own = [name for name in theirs if name in ours], [name for name in ours if name in theirs]
        if recorded != own:
            self._note(path, f"order of fields {','.join(recorded)} is {','.join(own)}")

    def _compare_list(self, path: str, theirs: list[Any], ours: list[Any]) -> None:
        if path in ("value", "data"):
            theirs, ours = self._of_disks(path, theirs), self._of_data(path, ours)
            if _direction(theirs) != _direction(ours):
                self._note(f"{path}[]", f"order of time {_direction(theirs)} is {_direction(ours)}")
            theirs, ours = sorted(theirs, key=_time), sorted(ours, key=_time)
        if len(theirs) != len(ours):
            self._note(path, f"number of elements {len(theirs)} is {len(ours)}")
        for recorded, own in zip(theirs, ours, strict=False):
            self._compare_value(f"{path}[]", recorded, own)

    def _of_disks(self, path: str, resources: list[Any]) -> list[Any]:
        others = [resource for resource in resources if BLOBS in str(resource.get("properties"))]
        if others:
            self._note(f"{path}[]", f"{BLOBS} is left out")
        return [resource for resource in resources if resource not in others]

    def _of_data(self, path: str, resources: list[Any]) -> list[Any]:
        """Without jobs that move no data."""
        words = {resource["properties"].get("operation") for resource in resources} - {None, "Backup", "Restore"}
        for word in sorted(words):
            self._note(f"{path}[]", f"job of {word} was never listed")
        return [resource for resource in resources if resource["properties"].get("operation") not in words]

    def _compare_text(self, path: str, theirs: str, ours: str) -> None:
        expected = self.translated(theirs)
        if expected == ours or self._stands_for(theirs, ours):
            return
        if NEVER not in (theirs, ours) and any(each.fullmatch(theirs) and each.fullmatch(ours) for each in _PATTERNS):
            return
        if "/" in theirs and self._is_same_path(theirs, ours):
            return
        if (recorded := _json_in(theirs)) is not None and (own := _json_in(ours)) is not None:
            self._compare_value(f"{path}>", recorded, own)
            return
        self._note(path, f"{expected!r} is {ours!r}")

    def _stands_for(self, theirs: str, ours: str) -> bool:
        """Whether both are ids, met for the first time; then remembered."""
        return any(kind.fullmatch(theirs) and kind.fullmatch(ours) for kind in _IDS) and self._learn(theirs, ours)

    def _is_same_path(self, theirs: str, ours: str) -> bool:
        recorded, own = theirs.split("/"), ours.split("/")
        if len(recorded) != len(own):
            return False
        return all(self._is_same_segment(recorded[:at], one, own[at]) for at, one in enumerate(recorded))

    def _is_same_segment(self, before: list[str], theirs: str, ours: str) -> bool:
        if self.translated(theirs) == ours or self._stands_for(theirs, ours):
            return True
        is_operation = bool(before) and before[-1] in _OPERATION_KINDS
        return is_operation and bool(_OPERATION.fullmatch(ours)) and self._learn(theirs, ours)

    def _learn(self, theirs: str, ours: str) -> bool:
        return self.ids.setdefault(theirs, ours) == ours


def _json_in(text: str) -> Any:
    """The list or object that a text holds as JSON, or None."""
    try:
        return json.loads(text) if text[:1] in ("[", "{") else None
    except ValueError:
        return None


def _is_error(body: Any) -> bool:
    error = body.get("error") if isinstance(body, dict) else None
    return isinstance(error, dict) and all(isinstance(error.get(name), str) and error[name] for name in _ERROR)


def _code(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("code", "")) if isinstance(error, dict) else ""


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__


def _time(resource: Mapping[str, Any]) -> str:
    properties = resource.get("properties", {})
    return next((str(properties[name]) for name in _TIME_OF if properties.get(name)), "")


def _direction(resources: list[Any]) -> str:
    times = [_time(resource) for resource in resources]
    if len(set(times)) < 2:
        return "none"
    return {True: "up", False: "down"}[times == sorted(times)] if times in (sorted(times), sorted(times)[::-1]) else "?"
