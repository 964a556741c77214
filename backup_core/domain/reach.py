"""Reach: which resources someone may name, given the scopes that are for few.

Ids are compared as an attacker would like them not to be: however they are spelled (letters' case and width, escapes,
doubled slashes, dots), what could be read as lying in a closed scope lies in it. That errs towards refusing.

Leaves to others: who asks (api/sign_in.py), and which scopes there are (settings.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import unquote

_DECODINGS = 5  # of escapes within escapes
_ID = re.compile(r"/subscriptions/[^\s'\"`<>,;|?#]+")
_ENDS_OF_A_SENTENCE = ".:)]}"


class Scope(Protocol):
    """A subscription, resource group or vault that is for those whom `object_ids` lists."""

    @property
    def path(self) -> str: ...

    @property
    def object_ids(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who asked for something that is done later, as far as it decides what they may reach. `groups` are those that
    the token named."""

    object_id: str = ""
    groups: tuple[str, ...] = ()
    has_full_access: bool = False

    def closed(self, scopes: Iterable[Scope]) -> tuple[str, ...]:
        return () if self.has_full_access else closed_to((self.object_id, *self.groups), scopes)


# Of a rule that an older release wrote: it reaches what is open to everybody.
UNKNOWN_AUTHOR = Author()


def closed_to(ids: Iterable[str], scopes: Iterable[Scope]) -> tuple[str, ...]:
    """The paths of the scopes that list none of `ids`. Nested scopes add up: a vault's list cannot let in whom its
    group's list keeps out."""
    known = frozenset(ids)
    return tuple(_closing(scope.path) for scope in scopes if scope.object_ids.isdisjoint(known))


@lru_cache(maxsize=1024)  # of settings, which every request is held against: what callers spell is not remembered
def _closing(path: str) -> str:
    return folded(path).rstrip("/")


def is_within(resource_id: str, closed: Iterable[str]) -> bool:
    """Whether a resource, by its id, lies in one of the `closed` paths."""
    here = f"{folded(resource_id).rstrip('/')}/"
    return any(here.startswith(f"{path}/") for path in closed)


def folded(path: str) -> str:
    """A path as all its spellings: decoded, in one case and width, without empty, blank and dotted parts."""
    for _ in range(_DECODINGS):
        path, before = unquote(path), path
        if path == before:
            break
    parts: list[str] = []
    for part in unicodedata.normalize("NFKC", path).casefold().replace("\\", "/").split("/"):
        name = part.strip()
        if name == "..":
            parts[-1:] = []
        elif name.strip("."):
            parts.append(name.rstrip("."))
    return "/" + "/".join(parts)


@dataclass(frozen=True, slots=True)
class Mention:
    """An id that stands somewhere in a JSON value: where, in the words of a fault's target, and its text as it came."""

    place: str
    text: str


def mentions(value: Any, place: str = "") -> Iterator[Mention]:
    """Every text in a JSON value that names something in Azure by its id, keys among them."""
    if isinstance(value, str):
        if any(_ids_in(value)):
            yield Mention(place, value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            here = f"{place}.{key}" if place else str(key)
            yield from mentions(str(key), here)
            yield from mentions(inner, here)
    elif isinstance(value, Sequence):
        for index, inner in enumerate(value):
            yield from mentions(inner, f"{place}[{index}]")


def names_closed(text: str, closed: Sequence[str]) -> bool:
    """Whether a text, which may hold more than an id, names something that lies in one of the `closed` paths."""
    return bool(closed) and any(
        is_within(found, closed) or is_within(found.rstrip(_ENDS_OF_A_SENTENCE), closed) for found in _ids_in(text)
    )


def _ids_in(text: str) -> Iterator[str]:
    """What may be an id in a text: it begins at any `subscriptions/`, the first of an id that hides behind another
    included."""
    whole = folded(text)
    start = whole.find("/subscriptions/")
    while start >= 0:
        found = _ID.match(whole, start)
        if found:
            yield found[0]
        start = whole.find("/subscriptions/", start + 1)
