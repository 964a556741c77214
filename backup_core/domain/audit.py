"""Audit records: who asked for what, when, from where, and what came of it. Written once, never changed.

A change leaves two: `Attempted` before it begins and its outcome after it. An attempt without an outcome means that the
app died on the way, or that the second record could not be written: the change may have happened.
No record ever holds a token, a key or a whole body; of settings that were changed it holds both values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from backup_core.domain.resource_ids import VAULT, VaultKey

MAX_PATH = 2048
MOST_CHANGES = 50
LONGEST_CHANGE = 300  # characters
_SCOPE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)"
    rf"(?:/resourceGroups/(?P<group>[^/]+)/providers/{re.escape(VAULT)}/(?P<vault>[^/]+))?(?:/|$)",
    re.IGNORECASE,
)
# What anyone may send ends up in table keys: only names that ARM could know do.
_PLAIN = re.compile(r"[\w().\-]{1,90}")


class Outcome(Enum):
    ATTEMPTED = "Attempted"
    SUCCEEDED = "Succeeded"
    REFUSED = "Refused"  # answered with 4xx: by sign-in, by access or by the resource itself
    FAILED = "Failed"  # answered with 5xx


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditScope:
    """Where a record is kept and looked for: a vault, else a subscription, else neither."""

    subscription: str = ""
    vault: VaultKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """`path` is the resource's, without query. `status` is 0 while the outcome is open. `left_out` counts attempts of
    strangers before this one that were answered but not recorded, to keep them from filling the table."""

    at: datetime
    request_id: str
    correlation_id: str
    caller_id: str
    caller_name: str
    caller_kind: str
    ip: str
    method: str
    action: str
    path: str
    outcome: Outcome
    status: int = 0
    error_code: str = ""
    left_out: int = 0
    changes: tuple[str, ...] = ()  # of settings: place, before -> after

    @property
    def name(self) -> str:
        """Unique: a request leaves at most one record of each stage."""
        return f"{self.request_id}-{'attempt' if self.outcome is Outcome.ATTEMPTED else 'outcome'}"

    @property
    def scope(self) -> AuditScope:
        return scope_of(self.path)


def scope_of(path: str) -> AuditScope:
    """The vault that a path names, whatever comes after it, else its subscription. Names that no resource can have
    count as none."""
    match = _SCOPE.match(path)
    if match is None or not _PLAIN.fullmatch(match["subscription"]):
        return AuditScope()
    subscription, group, vault = match["subscription"], match["group"], match["vault"]
    if vault is None or not (_PLAIN.fullmatch(group) and _PLAIN.fullmatch(vault)):
        return AuditScope(subscription=subscription)
    return AuditScope(subscription=subscription, vault=VaultKey(subscription=subscription, group=group, name=vault))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """What a change made of a resource's JSON, place by place: `a.b[0]: old -> new`. The first of many, cut to size."""
    old, new = dict(_leaves(before, "")), dict(_leaves(after, ""))
    places = sorted(place for place in {*old, *new} if old.get(place) != new.get(place))
    told = [f"{place}: {old.get(place, 'none')} -> {new.get(place, 'none')}"[:LONGEST_CHANGE] for place in places]
    if len(told) > MOST_CHANGES:
        told[MOST_CHANGES:] = [f"and {len(told) - MOST_CHANGES} more"]
    return tuple(told)


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, f"{place}.{name}" if place else str(name))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, each in enumerate(value):
            yield from _leaves(each, f"{place}[{index}]")
    else:
        yield place, value
