"""Faults that can be switched on at run time: which calls they strike, how often, and what they do."""

from __future__ import annotations

import json
import random
import re
import time
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from infra.local.arm import errors
from infra.local.arm.paths import Route
from infra.local.arm.wire import Answer, ArmError, Json

KINDS = ("429", "status", "drop_before", "drop_after", "fail_late", "delay", "policy", "alter")
WRITES = ("PUT", "PATCH", "POST", "DELETE")
STATUS_CODES = {
    500: ("InternalServerError", "An internal error occurred."),
    502: ("BadGateway", "The gateway did not receive a response from the resource provider."),
    503: ("ServerTimeout", "The request timed out."),
    504: (
        "GatewayTimeout",
        "The gateway did not receive a response from 'Microsoft.Compute' within the specified time period.",
    ),
}


@dataclass(slots=True, kw_only=True)
class Fault:
    """`left`: how many more calls it strikes, None for no end. `rate`: share of the matching calls it strikes."""

    number: int
    kind: str
    method: str | None
    path: re.Pattern[str] | None
    what: str | None
    left: int | None
    rate: float
    detail: Json
    struck: int = 0

    def matches(self, method: str, path: str, route: Route, body: bytes) -> bool:
        if self.kind in ("fail_late", "policy") and method not in WRITES:
            return False
        if self.kind == "policy" and _complies(self.detail, body):
            return False
        return (
            self.left != 0
            and (self.method is None or self.method == method)
            and (self.what is None or self.what in (route.label, route.kind))
            and (self.path is None or self.path.search(path) is not None)
        )

    def as_json(self) -> Json:
        matched = {"method": self.method, "path": self.path and self.path.pattern, "what": self.what}
        return {
            "id": self.number,
            "kind": self.kind,
            **matched,
            "left": self.left,
            "rate": self.rate,
            "struck": self.struck,
            **self.detail,
        }


class Faults:
    """The faults that are on, oldest first; one call is struck by the first that matches."""

    def __init__(self) -> None:
        self._on: list[Fault] = []
        self._numbers = 0
        self._random = random.Random()

    def add(self, wish: Json) -> Fault:
        """Switches a fault on; ValueError says what is wrong with the wish."""
        kind = str(wish.get("kind"))
        if kind not in KINDS:
            raise ValueError(f"unknown kind of fault {kind!r}; known are {', '.join(KINDS)}")
        known = {"kind", "method", "path", "what", "count", "rate"} | set(_DETAILS[kind])
        unknown = sorted(set(wish) - known)
        if unknown:
            raise ValueError(f"a fault of kind {kind} has no {', '.join(unknown)}")
        self._numbers += 1
        fault = Fault(
            number=self._numbers,
            kind=kind,
            method=wish["method"].upper() if wish.get("method") else None,
            path=_pattern(wish.get("path")),
            what=wish.get("what"),
            left=wish.get("count", None if "rate" in wish else 1),
            rate=float(wish.get("rate", 1.0)),
            detail={name: wish.get(name, usual) for name, usual in _DETAILS[kind].items()},
        )
        self._on.append(fault)
        return fault

    def strike(self, method: str, path: str, route: Route, body: bytes) -> Fault | None:
        for fault in (each for each in self._on if each.kind != "alter"):
            if fault.matches(method, path, route, body) and self._random.random() < fault.rate:
                fault.left = None if fault.left is None else fault.left - 1
                fault.struck += 1
                return fault
        return None

    def altered(self, method: str, path: str, route: Route, agent: str, answer: Answer) -> Answer:
        """The answer as every fault of the kind `alter` that strikes it has it, the oldest first: the simulator itself
        then answers otherwise than it usually does, as an Azure might that has changed."""
        for fault in (each for each in self._on if each.kind == "alter"):
            if not fault.matches(method, path, route, b"") or not _is_meant(fault, agent, answer):
                continue
            fault.left = None if fault.left is None else fault.left - 1
            fault.struck += 1
            answer = _altered(answer, fault.detail)
        return answer

    def all(self) -> list[Json]:
        return [fault.as_json() for fault in self._on]

    def remove(self, number: int | None = None) -> int:
        """Switches one fault off, or all; returns how many were."""
        kept = [] if number is None else [fault for fault in self._on if fault.number != number]
        removed = len(self._on) - len(kept)
        self._on = kept
        return removed


def _is_meant(fault: Fault, agent: str, answer: Answer) -> bool:
    """`at` is the status that an answer usually has, `agent` a part of the User-Agent of who is answered so."""
    detail = fault.detail
    return detail["at"] in (None, answer.status) and str(detail["agent"] or "").lower() in agent.lower()


def _altered(answer: Answer, detail: Json) -> Answer:
    """Another status; headers and fields of other values, those of None left out. What is stored stays as it is."""
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in detail["headers"]}
    headers |= {name: value for name, value in detail["headers"].items() if value is not None}
    body = deepcopy(answer.body)
    for path, value in detail["fields"].items():
        _set(body, path.split("."), value)
    status = answer.status if detail["status"] is None else int(detail["status"])
    return Answer(status=status, body=body, headers=headers, request_id=answer.request_id)


def _set(body: Any, path: list[str], value: Any) -> None:
    """A field that has nothing to stand in is left out."""
    *parents, last = path
    for name in parents:
        body = body.get(name) if isinstance(body, dict) else None
    if isinstance(body, dict):
        body.pop(last, None)
        if value is not None:
            body[last] = value


def _complies(wanted: Json, body: bytes) -> bool:
    """Whether a body is as a policy wants it: with certain tags, with its network access closed. A policy that wants
    nothing denies all."""
    if not wanted["tags"] and not wanted["closed"]:
        return False
    try:
        content = json.loads(body or b"{}")
        tags = {str(name).lower() for name in content.get("tags") or {}}
        properties = content.get("properties") or {}
    except (ValueError, AttributeError):
        return False
    closed = (
        properties.get("networkAccessPolicy") in ("DenyAll", "AllowPrivate")
        and properties.get("publicNetworkAccess") == "Disabled"
    )
    return {str(name).lower() for name in wanted["tags"]} <= tags and (closed or not wanted["closed"])


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(text, re.IGNORECASE) if text else None
    except re.error as error:
        raise ValueError(f"path {text!r} is no regular expression: {error}") from error


def error_of(fault: Fault, route: Route, now: float) -> ArmError | None:
    """The error answer that a fault gives, None when it does something else."""
    detail = fault.detail
    if fault.kind == "429" and detail["body"] == "compute":
        return errors.compute_throttled(
            policy=detail["policy"],
            start=now - 60,
            end=now + 120,
            limit=1_000,
            measured=1_001,
            retry_after=detail["retry_after"],
        )
    if fault.kind == "429":
        return errors.arm_throttled(
            verb="write",
            subscription=route.subscription,
            limit=200,
            interval_seconds=20,
            retry_after=detail["retry_after"],
        )
    if fault.kind == "status":
        return _status_error(detail, route, now)
    return errors.disallowed_by_policy(route.name) if fault.kind == "policy" else None


def _status_error(detail: Json, route: Route, now: float) -> ArmError:
    status = int(detail["status"])
    code, message = STATUS_CODES.get(status, ("SimulatedFault", "A fault was switched on."))
    if status == 503:
        when = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        message += f" Diagnostic information: timestamp '{when}', subscription id '{route.subscription}'."
    headers = {} if detail["retry_after"] is None else {"Retry-After": str(detail["retry_after"])}
    return ArmError(
        status, detail["code"] or code, detail["message"] or message, gateway=status >= 500, headers=headers
    )


_DETAILS: dict[str, dict[str, Any]] = {
    "429": {"body": "arm", "retry_after": 5, "policy": "HighCostSnapshotCreateHydrate3Min"},
    "status": {"status": 503, "code": None, "message": None, "retry_after": None},
    "drop_before": {},
    "drop_after": {},
    "fail_late": {"code": "InternalExecutionError", "message": "An internal execution error occurred."},
    "delay": {"seconds": 2.0},
    "policy": {"tags": [], "closed": False},
    "alter": {"at": None, "agent": None, "status": None, "headers": {}, "fields": {}},
}
