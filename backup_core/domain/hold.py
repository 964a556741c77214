"""Legal holds: what stays until somebody who may says otherwise, whatever its policy says and whoever deletes it.

A hold has a name, by which it is cleared, and says who set it, why and since when. Several may stand on one thing. To
clear one is a weakening: it waits (`ends_at`), is told, and can be taken back until then. One that has ended is kept on
record, for it tells which labels of a tag are void.

A snapshot carries its holds in a tag, for a rebuild of the catalogue. Such a label may keep a snapshot and never let
one go: it counts unless a record knows of that hold and says that it has ended.

Leaves to others: what a hold keeps (domain/retention.py), and who may (api/routes.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from backup_core.domain.errors import Fault, InvalidInput, ResourceInUse
from backup_core.domain.tags import LONGEST_VALUE

MOST_HOLDS = 10  # on one thing, those that have ended included
LONGEST_REASON = 256
NAME_FORM = r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?$"
UNREADABLE = "unreadable"  # the name of a hold whose tag nobody can read: somebody wrote it by hand
POINT, INSTANCE, VAULT = "", "instance", "vault"  # what a hold was set on
MORE = "more"  # the name of what did not fit into the tag
_NAME = re.compile(NAME_FORM)
_REASONS = (LONGEST_REASON, 100, 50, 20)  # how long each may be in a tag, tried in turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """`scope` is what it was set on, and holds with all that is in it. `set_by` and `cleared_by` are object ids, ""
    where none is known. `ends_at` is None until somebody clears it."""

    name: str
    reason: str
    set_at: datetime
    scope: str = POINT
    set_by: str = ""
    set_by_name: str = ""
    cleared_by: str = ""
    cleared_by_name: str = ""
    ends_at: datetime | None = None

    def stands(self, now: datetime) -> bool:
        return self.ends_at is None or now < self.ends_at

    def __str__(self) -> str:
        until = f" until {_text(self.ends_at)}" if self.ends_at is not None else ""
        with_ = f" with its {self.scope}" if self.scope else ""
        return f"held{with_} ({self.name}){until}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldLabel:
    """A hold as a tag tells it; `set_at` is None where it does not say when."""

    name: str
    reason: str = ""
    set_at: datetime | None = None
    set_by: str = ""
    scope: str = POINT

    @classmethod
    def of(cls, hold: Hold) -> HoldLabel:
        return cls(name=hold.name, reason=hold.reason, set_at=hold.set_at, set_by=hold.set_by, scope=hold.scope)


class Holdable(Protocol):
    """What holds are set on: a recovery point, its backup instance, its vault."""

    @property
    def holds(self) -> tuple[Hold, ...]: ...


def all_holds(*things: Holdable | None) -> tuple[Hold, ...]:
    """The holds on all of them, those that have ended included."""
    return tuple(hold for thing in things if thing is not None for hold in thing.holds)


def standing(holds: Iterable[Hold], now: datetime) -> tuple[Hold, ...]:
    return tuple(hold for hold in holds if hold.stands(now))


def united_holds(*groups: Iterable[Hold]) -> tuple[Hold, ...]:
    """Those of the first, and of each further group those of other names."""
    found: dict[str, Hold] = {}
    for hold in (hold for group in groups for hold in group):
        found.setdefault(hold.name.lower(), hold)
    return tuple(found.values())


def find_hold(holds: Iterable[Hold], name: str) -> Hold | None:
    """Names are compared without case."""
    return next((hold for hold in holds if hold.name.lower() == name.lower()), None)


def ends_of(holds: Iterable[Hold]) -> datetime | None:
    """When the last of them ends; None where one is not cleared, or there is none."""
    ends = [hold.ends_at for hold in holds]
    return None if None in ends else max((end for end in ends if end is not None), default=None)


def with_hold(holds: Sequence[Hold], hold: Hold, now: datetime) -> tuple[Hold, ...]:
    """`holds` once `hold` is set. One of its name that stands goes on as it was set, and is no longer being cleared.

    Raises InvalidInput for a name that cannot be one, ResourceInUse where its name stands for another reason, or there
    are too many.
    """
    faults = faults_of(hold.name, hold.reason)
    if faults:
        raise InvalidInput(faults)
    known = find_hold(holds, hold.name)
    if known is not None and known.stands(now):
        if known.reason != hold.reason:
            raise ResourceInUse(
                f"Hold '{known.name}' stands since {_text(known.set_at)} for another reason: {known.reason}. "
                "Set one under another name: why something is held is not rewritten."
            )
        kept = replace(known, cleared_by="", cleared_by_name="", ends_at=None)
        return tuple(kept if each is known else each for each in holds)
    others = [each for each in holds if each is not known]
    while len(others) >= MOST_HOLDS and (oldest := _ended_first(others, now)) is not None:
        others.remove(oldest)
    if len(others) >= MOST_HOLDS:
        raise ResourceInUse(
            f"There are {len(others)} holds on it already; at most {MOST_HOLDS} can stand on one thing."
        )
    return (*others, hold)


def faults_of(name: str, reason: str) -> list[Fault]:
    """What is wrong with a hold that is to be set."""
    faults = []
    if not _NAME.fullmatch(name):
        message = f"{name[:80]!r} cannot be a hold's name: use 1 to 32 letters, digits and hyphens between them"
        faults.append(Fault(target="name", message=message, code="InvalidResourceName"))
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        message = f"must say in 1 to {LONGEST_REASON} characters why"
        faults.append(Fault(target="properties.reason", message=message))
    return faults


def _ended_first(holds: Iterable[Hold], now: datetime) -> Hold | None:
    ended = [hold for hold in holds if not hold.stands(now)]
    return min(ended, key=lambda hold: hold.ends_at or now, default=None)


def without_hold(
    holds: Sequence[Hold], name: str, *, ends_at: datetime, by: str = "", by_name: str = ""
) -> tuple[Hold, ...]:
    """`holds` once that of `name` was asked to be cleared. Asking again changes nothing."""
    return tuple(
        replace(each, cleared_by=by, cleared_by_name=by_name, ends_at=ends_at)
        if each.name.lower() == name.lower() and each.ends_at is None
        else each
        for each in holds
    )


# What a snapshot's tag says.


def strange_holds(labels: Iterable[HoldLabel], known: Iterable[Hold]) -> tuple[HoldLabel, ...]:
    """Labels of holds that no record accounts for, be it as standing or as ended: they keep what bears them."""
    recorded = list(known)
    return tuple(label for label in labels if not any(_is_of(label, hold) for hold in recorded))


def _is_of(label: HoldLabel, hold: Hold) -> bool:
    """Whether the label is of this hold, or of an earlier one of its name, which the record has outlived."""
    if (label.name.lower(), label.scope) != (hold.name.lower(), hold.scope):
        return False
    return label.reason in ("", hold.reason) if label.set_at is None else label.set_at <= hold.set_at


def from_labels(labels: Iterable[HoldLabel], now: datetime) -> tuple[Hold, ...]:
    """The holds that a tag tells of, for a record that is written back from it."""
    return tuple(
        Hold(
            name=label.name,
            reason=label.reason or "its reason did not fit into the snapshot's tag",
            set_at=label.set_at or now,
            set_by=label.set_by,
            scope=label.scope,
        )
        for label in labels
    )


def write_labels(labels: Sequence[HoldLabel]) -> str:
    """The tag's value: JSON of at most 256 characters, "" for none. Reasons are cut to fit, then who set each is left
    out, then those that are still too many are counted."""
    if not labels:
        return ""
    for longest in _REASONS:
        text = _dumped([_written(label, longest) for label in labels])
        if len(text) <= LONGEST_VALUE:
            return text
    for count in range(len(labels), -1, -1):
        named: list[dict[str, Any]] = [_written(label, 0) for label in labels[:count]]
        left = len(labels) - count
        text = _dumped([*named, {"more": left}] if left else named)
        if len(text) <= LONGEST_VALUE:
            break
    return text


def _written(label: HoldLabel, longest: int) -> dict[str, Any]:
    told: dict[str, Any] = {"name": label.name}
    if label.scope != POINT:
        told["of"] = label.scope
    if label.set_at is not None:
        told["since"] = _text(label.set_at)
    if longest and label.set_by:
        told["by"] = label.set_by
    if longest and label.reason:
        told["why"] = label.reason if len(label.reason) <= longest else f"{label.reason[: longest - 1]}…"
    return told


def read_labels(text: str) -> tuple[HoldLabel, ...]:
    """What `write_labels` wrote. A value that it did not write is a hold, too: somebody wants the snapshot kept."""
    if not text.strip():
        return ()
    try:
        return tuple(_read_label(raw) for raw in _list(json.loads(text)))
    except (ValueError, TypeError, KeyError, RecursionError):
        return (HoldLabel(name=UNREADABLE, reason=text.strip()[:LONGEST_REASON]),)


def _list(raw: Any) -> list[dict[str, Any]]:
    if not isinstance(raw, list) or not raw or not all(isinstance(each, dict) for each in raw):
        raise TypeError(raw)
    return raw


def _read_label(raw: dict[str, Any]) -> HoldLabel:
    if isinstance(raw.get("more"), int):
        return HoldLabel(name=MORE, reason=f"{raw['more']} more holds whose names did not fit into the tag")
    name, why, by, since = raw["name"], raw.get("why", ""), raw.get("by", ""), raw.get("since")
    scope = raw.get("of", POINT)
    if not _NAME.fullmatch(name) or not isinstance(why, str) or not isinstance(by, str):
        raise TypeError(raw)
    if scope not in (POINT, INSTANCE, VAULT):
        raise ValueError(raw)
    set_at = None if since is None else datetime.strptime(since, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return HoldLabel(name=name, reason=why, set_at=set_at, set_by=by, scope=scope)


def _dumped(told: Sequence[dict[str, Any]]) -> str:
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def _text(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def cleared_at(now: datetime, delay: timedelta) -> datetime:
    """When a hold that is cleared now ends."""
    return (now + delay).replace(microsecond=0)
