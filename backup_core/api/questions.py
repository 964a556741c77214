"""Questions: what changes nothing, but costs calls that Azure counts. So many a minute are answered to each caller, and
whoever repeats one often is answered from memory. And reports, which read all that a vault holds: one at a time.

Each process counts for itself, as it does with Azure's meters. Leaves to others: the share of Azure's calls that
questions have (adapters/meters.py), and what is asked.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from backup_core.api.call import Call
from backup_core.domain.errors import Throttled
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Ports, asking

T = TypeVar("T")
_MINUTE = timedelta(minutes=1)
REPORT_TAKES = 5  # seconds until it is worth asking again
_EVERYBODY = "asked by all"
_CHANGED = "changed through the API"


@dataclass(frozen=True, slots=True)
class _Kept:
    value: Any
    at: datetime


def answered(ports: Ports, call: Call, ask: Callable[[], T]) -> T:
    """What `ask` finds out, or found out lately for the same request of the same caller. Raises Throttled when the
    caller has asked too much, and what `ask` raises: an error is no answer, and is not kept."""
    now, limits, name = ports.clock.now(), ports.limits, _name(call)
    caller = f"asked {call.caller.object_id or call.caller.ip}"
    own, all_ = _lately(ports, caller, now), _lately(ports, _EVERYBODY, now)
    kept = ports.memory.kept(name, _Kept, now=now)
    changed_at = ports.memory.recall(_CHANGED)
    is_stale = kept is None or (changed_at is not None and kept.at <= changed_at)
    if kept is not None and not is_stale and len(own) >= limits.answered_anew:
        return cast("T", kept.value)
    _refuse_too_many(own, limits.questions_a_minute, now, "to you")
    _refuse_too_many(all_, limits.questions_of_all_a_minute, now, "to all callers")
    ports.memory.keep(caller, (*own, now), until=now + _MINUTE)
    ports.memory.keep(_EVERYBODY, (*all_, now), until=now + _MINUTE)
    with asking():
        found = ask()
    ports.memory.keep(name, _Kept(found, now), until=now + limits.answers_last)
    return found


def note_change(ports: Ports) -> None:
    """Something was changed through this process: what was answered before may not be true any more."""
    ports.memory.note(_CHANGED, ports.clock.now())


_reported: set[VaultKey] = set()  # vaults of which a report is under way in this process
_lock = threading.Lock()


@contextmanager
def one_at_a_time(vaults: Collection[VaultKey]) -> Iterator[None]:
    """While a report on these vaults is made. Raises Throttled when one on any of them is under way."""
    with _lock:
        busy = next((vault for vault in vaults if vault in _reported), None)
        if busy is not None:
            message = f"A report on vault '{busy.name}' is being made; there is one at a time."
            raise Throttled(message, retry_after_seconds=REPORT_TAKES)
        _reported.update(vaults)
    try:
        yield
    finally:
        with _lock:
            _reported.difference_update(vaults)


def _lately(ports: Ports, who: str, now: datetime) -> tuple[datetime, ...]:
    return tuple(at for at in ports.memory.kept(who, tuple, now=now) or () if now - at < _MINUTE)


def _refuse_too_many(asked: tuple[datetime, ...], most: int, now: datetime, whom: str) -> None:
    if len(asked) >= most:
        wait = (asked[0] + _MINUTE - now).total_seconds()
        message = f"{len(asked)} questions were answered {whom} within a minute; the next one is in {wait:.0f} s."
        raise Throttled(message, retry_after_seconds=wait)


def _name(call: Call) -> str:
    """Of a question: what is asked, and by whom, for callers do not reach the same things."""
    caller = call.caller
    who = (caller.object_id, caller.ip, *sorted(caller.groups))
    asked = (call.method, call.resource.lower(), *sorted(call.query.items()), call.body)
    return f"answer {hashlib.sha256(repr((who, asked)).encode()).hexdigest()}"
