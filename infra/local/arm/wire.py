"""What goes over the wire: an incoming call, an answer, an error, and how JSON and instants are written.

Knows nothing of disks or of HTTP libraries.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from infra.local.arm.paths import Route

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to ARM, after its token was read. `now` is seconds since 1970, the instant it was accepted."""

    method: str
    path: str
    route: Route
    query: Mapping[str, str]
    body: bytes
    principal: str
    base_url: str
    api_version: str
    now: float
    fail_late: tuple[str, str] | None = None
    if_match: str = ""

    def json(self) -> Json:
        """The body as an object; ArmError 400 InvalidRequestContent when it is none [remembered]."""
        try:
            content = msgspec.json.decode(self.body) if self.body else {}
        except msgspec.DecodeError as error:
            raise _unreadable(str(error)) from error
        if not isinstance(content, dict):
            raise _unreadable("an object was expected")
        return content


@dataclass(slots=True, kw_only=True)
class Answer:
    """A status, a JSON body (None: empty) and the headers that belong to this answer only."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    request_id: str | None = None


class ArmError(Exception):
    """An error answer in Azure's shape `{"error": {code, message, target?, details?, additionalInfo?}}`.

    `gateway`: made by ARM itself, which then says so in x-ms-failure-cause [recorded].
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        gateway: bool = False,
        target: str | None = None,
        details: list[Json] | None = None,
        additional: list[Json] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.gateway = gateway
        self.headers = dict(headers or {})
        extras = {"target": target, "details": details, "additionalInfo": additional}
        self.error: Json = {"code": code, **{k: v for k, v in extras.items() if v is not None}, "message": message}

    def as_answer(self) -> Answer:
        cause = {"x-ms-failure-cause": "gateway"} if self.gateway else {}
        return Answer(status=self.status, body={"error": self.error}, headers={**self.headers, **cause})


def encode(body: Any) -> bytes:
    """JSON as Azure lays it out: two spaces, CRLF [recorded]. An empty body is no bytes at all."""
    if body is None:
        return b""
    return msgspec.json.format(msgspec.json.encode(body), indent=2).replace(b"\n", b"\r\n")


def stamp(seconds: float) -> str:
    """An instant as the disk provider writes it: seven digits, trailing zeros dropped [recorded]."""
    whole = int(seconds)
    fraction = f"{int((seconds - whole) * 10_000_000):07d}".rstrip("0")
    day = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    return f"{day}.{fraction}+00:00" if fraction else f"{day}+00:00"


def _unreadable(reason: str) -> ArmError:
    message = f"The request content was invalid and could not be deserialized: '{reason}'."
    return ArmError(400, "InvalidRequestContent", message, gateway=True)
