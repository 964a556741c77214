"""Ten ways in which an Azure could answer otherwise than the local simulator, each with the line that must tell of it.

`Seeded` carries them into a live run, between the client and the front door: there it is as if the simulator answered
so. `altered` puts a single one into a run that is over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from infra.verify.exchanges import Exchange, Part

Changed = tuple[int, dict[str, str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """`method` and `where` (how a path ends, or what is in it) say which answers of this status are another; `told` is
    in the line."""

    name: str
    method: str
    where: str
    status: int
    change: Callable[[int, dict[str, str], Any], Changed]
    told: str

    def fits(self, method: str, path: str, status: int) -> bool:
        return method == self.method and status == self.status and self.where in f"{path}$"


def other_status(status: int) -> Callable[[int, dict[str, str], Any], Changed]:
    return lambda _, headers, body: (status, headers, body)


def header(name: str, value: str | None) -> Callable[[int, dict[str, str], Any], Changed]:
    def change(status: int, headers: dict[str, str], body: Any) -> Changed:
        kept = {each: text for each, text in headers.items() if each.lower() != name}
        return status, kept | ({} if value is None else {name: value}), body

    return change


def field(path: str, value: Any) -> Callable[[int, dict[str, str], Any], Changed]:
    """A field of another value, a new one, or none where the value is `...`."""

    def change(status: int, headers: dict[str, str], body: Any) -> Changed:
        copy = json.loads(json.dumps(body))
        *parents, last = path.split(".")
        here = copy
        for name in parents:
            here = here[name]
        if value is ...:
            del here[last]
        else:
            here[last] = value
        return status, headers, copy

    return change


_DISK, _SNAPSHOT = "/disks/verify-disk$", "/snapshots/"
SEEDS: tuple[Seed, ...] = (
    Seed(
        name="a disk is made with 201",
        method="PUT",
        where=_DISK,
        status=202,
        change=other_status(201),
        told="a disk of 4 GiB | PUT /subscriptions/{guid}/resourceGroups/{group}/providers/Microsoft.Compute/disks/"
        "verify-disk: status is 201",
    ),
    Seed(
        name="a disk's operation asks to come back later",
        method="GET",
        where="/DiskOperations/",
        status=200,
        change=header("retry-after", "77"),
        told="DiskOperations/{guid}, ",
    ),
    Seed(
        name="a disk's answer lacks a header",
        method="GET",
        where=_DISK,
        status=200,
        change=header("x-ms-request-id", None),
        told="header x-ms-request-id is missing",
    ),
    Seed(
        name="a disk has no time of its making",
        method="GET",
        where=_DISK,
        status=200,
        change=field("properties.timeCreated", ...),
        told="verify-disk: body.properties.timeCreated is missing",
    ),
    Seed(
        name="a size is text",
        method="GET",
        where="/disks/verify-restored$",
        status=200,
        change=field("properties.diskIOPSReadWrite", "500"),
        told="verify-restored: body.properties.diskIOPSReadWrite is '500'",
    ),
    Seed(
        name="a snapshot has a field that nobody knew",
        method="GET",
        where=_SNAPSHOT,
        status=200,
        change=field("properties.hitherto", {"unknown": True}),
        told="body.properties.hitherto.unknown is not expected: True",
    ),
    Seed(
        name="a snapshot lies on another kind of storage",
        method="GET",
        where=_SNAPSHOT,
        status=200,
        change=field("sku.name", "Premium_LRS"),
        told="body.sku.name is 'Premium_LRS'",
    ),
    Seed(
        name="a missing group is refused by another code",
        method="GET",
        where="/resourceGroups/disk-backup-verify-",
        status=404,
        change=field("error.code", "NotThere"),
        told="body.error.code is 'NotThere'",
    ),
    Seed(
        name="a role assignment is told of another principal's kind",
        method="PUT",
        where="/roleAssignments/",
        status=201,
        change=field("properties.principalType", "User"),
        told="body.properties.principalType is 'User'",
    ),
    Seed(
        name="a group's deletion ends with 204",
        method="GET",
        where="/operationresults/",
        status=200,
        change=other_status(204),
        told="operationresults/{operation}, ended: status is 204",
    ),
)


class Seeded(HTTPAdapter):
    """Every answer as all seeds that fit it would have it."""

    def send(self, request: requests.PreparedRequest, *rest: Any, **more: Any) -> requests.Response:
        answer = super().send(request, *rest, **more)
        path = str(request.path_url).partition("?")[0]
        for seed in _fitting(str(request.method), path, answer.status_code):
            body = answer.json() if answer.text else None
            status, headers, changed = seed.change(answer.status_code, dict(answer.headers), body)
            answer.status_code = status
            answer.headers.clear()
            answer.headers.update(headers)
            answer._content = json.dumps(changed).encode() if changed is not None else b""
        return answer


def _fitting(method: str, path: str, status: int) -> list[Seed]:
    return [seed for seed in SEEDS if seed.fits(method, path, status)]


def altered(exchanges: Sequence[Exchange], seed: Seed) -> list[Exchange]:
    """The run as it would have been recorded with this one difference."""
    return [_altered(each, seed) for each in exchanges]


def _altered(exchange: Exchange, seed: Seed) -> Exchange:
    if exchange.part is Part.VAIN or not seed.fits(exchange.method, exchange.line.partition(" ")[2], exchange.status):
        return exchange
    headers: Mapping[str, str]
    status, headers, body = seed.change(exchange.status, dict(exchange.headers), exchange.body)
    return replace(exchange, status=status, headers=headers, body=body)
