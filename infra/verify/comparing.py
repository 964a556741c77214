"""What was answered otherwise than the local simulator answers: status, headers and fields, exchange by exchange.

`expected.json` holds the shapes of a run against the local front door, written by `--expect`. A shape is an exchange
without what no two runs share: names of the run, ids, times, durations, operations. Looks at something that runs are as
many as they happen to be: one of them is compared, where both have one, and the one that found the end.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from infra.verify.exchanges import GUID, OPERATION, Exchange, Part

EXPECTED = Path(__file__).with_name("expected.json")
# Of one connection or one moment, or of the server's make: nothing that a client of ARM reads.
_UNREAD = frozenset({"connection", "content-encoding", "content-length", "date", "keep-alive", "server"}) | frozenset(
    {"set-cookie", "transfer-encoding", "vary"}
)
_APP = "/providers/microsoft.dataprotection"
_LABEL = "diskbackup-"  # tags by which a snapshot carries its own record: their names are compared, not their values
_PATTERNS = (
    (re.compile(r"https?://[^\s\"]+[?&]sig=[^\s\"]*"), "{signed url}"),
    (re.compile(r"https?://[\w.\-]+(:\d+)?"), "{host}"),
    (OPERATION, r"\1{operation}"),
    (re.compile(r"([?&])(?:[tcshp]|sig)=[^&]*"), r"\1{signed}"),
    (GUID, "{guid}"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "{hex}"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d(:|%3A)\d\d(:|%3A)\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)?"), "{time}"),
    (re.compile(r"\b\d{8}T\d{6}Z"), "{time}"),
    (re.compile(r"^P(?=\d|T\d)(\d+D)?T(\d+H)?(\d+M)?\d+(\.\d{1,7})?S$"), "{duration}"),
    (re.compile(r"^(\d+\.)?\d\d:\d\d:\d\d(\.\d{7})?$"), "{duration}"),
    (re.compile(r"(?<!\d)\d{18}(?!\d)"), "{ticks}"),
)
_COUNTERS = re.compile(r"^x-ms-ratelimit-remaining-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """`may_lack`: something may be over before anybody looks, or not be over yet."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)  # by path
    may_lack: bool = False


def shapes(exchanges: Iterable[Exchange], names: Mapping[str, str]) -> dict[str, Shape]:
    """By step and request, in their order. `names` are texts of this run with what stands for each."""
    exchanges = list(exchanges)
    plain = _Plain(dict(_operations(exchanges)) | dict(names))
    found: dict[str, Shape] = {}
    times: Counter[str] = Counter()
    for exchange in exchanges:
        if exchange.part is Part.VAIN:
            continue
        key = f"{exchange.step} | {exchange.method} {plain.text(unquote(urlsplit(exchange.url).path))}"
        if exchange.part is Part.ASKED:
            times[key] += 1
            key += f" ({times[key]})" if times[key] > 1 else ""
        else:
            key += f", {exchange.part.value}"
        if exchange.part is not Part.RUNNING or key not in found:
            found[key] = plain.shape(exchange)
    return found


def differences(expected: Mapping[str, Shape], found: Mapping[str, Shape], *, is_whole: bool = True) -> list[str]:
    """A line for each; of a run that was cut short (not `is_whole`) nothing is missed."""
    told = [f"{key}: was never sent" for key, shape in expected.items() if _is_missed(key, shape, found, is_whole)]
    for key, shape in found.items():
        if key in expected:
            told += [f"{key}: {each}" for each in _of_one(expected[key], shape)]
        elif not shape.may_lack:
            told.append(f"{key}: is not expected ({shape.status})")
    return told


def read(file: Path = EXPECTED) -> dict[str, Shape]:
    """As `write` wrote it."""
    content = json.loads(file.read_text(encoding="utf-8"))
    for exchange in content["exchanges"].values():
        if "headers" in exchange:
            exchange["headers"] |= content["usual"]
    return {key: Shape(**exchange) for key, exchange in content["exchanges"].items()}


def write(found: Mapping[str, Shape], file: Path = EXPECTED) -> None:
    """What is peculiar to each; the headers that all answers of Azure Resource Manager share stand there once."""
    told = [set(each.headers.items()) for each in found.values() if each.headers]
    usual = dict(sorted(set.intersection(*told))) if told else {}
    exchanges = {key: _peculiar(each, usual) for key, each in found.items()}
    file.write_text(json.dumps({"usual": usual, "exchanges": exchanges}, indent=1) + "\n", encoding="utf-8")


def _peculiar(shape: Shape, usual: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {"status": shape.status}
    if shape.headers:
        told["headers"] = {name: value for name, value in shape.headers.items() if name not in usual}
    if shape.fields:
        told["fields"] = shape.fields
    return {**told, "may_lack": True} if shape.may_lack else told


def _is_missed(key: str, shape: Shape, found: Mapping[str, Shape], is_whole: bool) -> bool:
    return is_whole and not shape.may_lack and key not in found


def _of_one(expected: Shape, found: Shape) -> Iterator[str]:
    if expected.status != found.status:
        yield f"status is {found.status}, expected {expected.status}"
    yield from _of_fields("header ", expected.headers, found.headers)
    yield from _of_fields("", expected.fields, found.fields)


def _of_fields(kind: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name, value in expected.items():
        if name not in found:
            yield f"{kind}{name} is missing, expected {value!r:.120}"
        elif found[name] != value:
            yield f"{kind}{name} is {found[name]!r:.120}, expected {value!r:.120}"
    for name in found:
        if name not in expected:
            yield f"{kind}{name} is not expected: {found[name]!r:.120}"


def _operations(exchanges: Iterable[Exchange]) -> Iterator[tuple[str, str]]:
    """Ids of operations, which call themselves so in their bodies, too."""
    for exchange in exchanges:
        for text in (exchange.url, *exchange.headers.values()):
            for found in OPERATION.finditer(text):
                yield from ((each, "{operation}") for each in {found[2], unquote(found[2])})


class _Plain:
    """Takes out of texts what belongs to one run."""

    def __init__(self, names: Mapping[str, str]) -> None:
        ordered = sorted(names, key=len, reverse=True)
        self._names = [(re.compile(re.escape(name), re.IGNORECASE), names[name]) for name in ordered]

    def text(self, text: str) -> str:
        for pattern, name in [*self._names, *_PATTERNS]:
            text = pattern.sub(name, text)
        return text

    def shape(self, exchange: Exchange) -> Shape:
        is_running = exchange.part is Part.RUNNING
        if _APP in exchange.line.lower():
            return Shape(status=exchange.status, headers={}, fields={}, may_lack=is_running)
        headers = {
            name: "{number}" if _COUNTERS.match(name) else self.text(unquote(value))
            for name, value in sorted(exchange.headers.items())
            if name not in _UNREAD
        }
        fields = {} if is_running else dict(self._flat(exchange.body, "body"))
        return Shape(status=exchange.status, headers=headers, fields=fields, may_lack=is_running)

    def _flat(self, value: Any, path: str) -> Iterator[tuple[str, Any]]:
        if isinstance(value, Mapping) and value:
            for name, each in value.items():
                label = f"{path}.{self.text(str(name))}"
                yield from [(label, "{label}")] if str(name).startswith(_LABEL) else self._flat(each, label)
        elif isinstance(value, Sequence) and not isinstance(value, str) and value:
            for at, each in enumerate(value):
                yield from self._flat(each, f"{path}[{at}]")
        elif value is not None or path != "body":
            yield path, self.text(value) if isinstance(value, str) else value
