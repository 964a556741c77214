"""Reading JSON field by field, so that every fault is named at once, each with its path.

A `Node` is a JSON object with its path and the list in which faults gather; reading a faulty field gives an empty value
and goes on. What is absent or no object is noted once, and nothing more of what would stand in it. `raise_faults` ends
the reading. Keys are compared without case, as the service does (recorded: the CLI sends `resourceId`, the SDK
`resourceID`); null is absent.

Leaves to others: which fields there are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.resource_ids import plain_location
from backup_core.domain.tags import LONGEST_NAME, TAGS_AT_MOST, faults_of

DEPTH_AT_MOST = 32  # the deepest policy has 11; what reads JSON calls itself for each level
MAX_TEXT = 2048
_LOCATION = re.compile(r"[a-z0-9]{1,90}")

T = TypeVar("T")


def parse_json(text: str | bytes) -> Any:
    """A JSON value that all readers understand alike. Raises ValueError that says what is wrong: no JSON, nested too
    deep, a key twice in any case, NaN, half of a surrogate pair."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
        json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair parses, but cannot be stored
    except RecursionError as error:
        raise ValueError(_too_deep()) from error
    _check_depth(value)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys differ by more than case: clients do not agree on it, so neither may decide."""
    if len({key.lower() for key, _ in pairs}) < len(pairs):
        raise ValueError(f"a key is given twice among {', '.join(sorted(key for key, _ in pairs))[:200]}")
    return dict(pairs)


def _check_depth(value: Any) -> None:
    level = _nesting([value])
    for _ in range(DEPTH_AT_MOST):
        level = [inner for each in level for inner in _nesting(each.values() if isinstance(each, dict) else each)]
    if level:
        raise ValueError(_too_deep())


def _nesting(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, dict | list)]


def _too_deep() -> str:
    return f"nested more than {DEPTH_AT_MOST} levels deep"


@dataclass(frozen=True, slots=True)
class Node:
    """`is_there` is False of what stands in for an object that is absent or something else."""

    value: Mapping[str, Any]
    path: str
    faults: list[Fault]
    is_there: bool = True

    def fault(self, key: str, message: str, code: str = "BadRequest") -> None:
        """Note a fault of a field (or of this value itself when `key` is empty)."""
        self.faults.append(Fault(target=self._path(key), message=message, code=code))

    def has(self, key: str) -> bool:
        return self.raw(key) is not None

    def raw(self, key: str) -> Any:
        """Whatever is there, or None."""
        if key in self.value:
            return self.value[key]
        return next((value for name, value in self.value.items() if str(name).lower() == key.lower()), None)

    def child(self, key: str, *, required: bool = False) -> Node:
        """An object; a stand-in when it is absent or something else."""
        value = self._typed(key, Mapping, "a JSON object", required=required)
        return Node(value or {}, self._path(key), self.faults, value is not None)

    def children(self, key: str, *, required: bool = False) -> list[Node]:
        """The objects of a list, with a stand-in for what is none."""
        path = self._path(key)
        items = enumerate(self.items(key, required=required))
        return [node_of(item, f"{path}[{index}]", self.faults) for index, item in items]

    def items(self, key: str, *, required: bool = False) -> list[Any]:
        """A list; no list is an empty one. If it is required, at least one item is, too."""
        expected = "a list with at least one item" if required else "a list"
        value = self._typed(key, list, expected, required=required)
        if required and value == []:
            self._refuse(key, value, expected)
        return list(value or ())

    def text(self, key: str, *, required: bool = False, code: str = "BadRequest") -> str:
        """Text without leading or trailing blanks; "" when absent or faulty."""
        value = self.raw(key)
        text = value.strip(" ") if isinstance(value, str) else value
        if text is None or text == "":
            self._need(key, "text", code, required=required)
            return ""
        if not isinstance(text, str):
            self._refuse(key, text, "text", code)
            return ""
        if len(text) > MAX_TEXT or not is_plain(text):
            self.fault(key, f"must be at most {MAX_TEXT} letters, none of them a control character", code)
            return ""
        return text

    def name(self, key: str, form: re.Pattern[str], expected: str, *, required: bool = True) -> str:
        """Text just as it came, of that form; "" when absent or faulty, and when empty without being required."""
        value = self._typed(key, str, expected, required=required)
        if value is None or (not required and not value.strip(" ")):
            return ""
        if not form.fullmatch(value):
            self._refuse(key, value, expected)
            return ""
        return str(value)

    def choice(self, key: str, allowed: Sequence[str], *, required: bool = False) -> str:
        """One of `allowed`, in its spelling; case is ignored. "" when absent or faulty."""
        expected = allowed[0] if len(allowed) == 1 else f"one of {', '.join(allowed)}"
        value = self._typed(key, str, expected, required=required)
        word = find_word(value.strip(" "), allowed) if value is not None else ""
        if value is not None and not word:
            self._refuse(key, value, expected)
        return word

    def parsed(
        self, key: str, parse: Callable[[str], T], *, required: bool = False, code: str = "BadRequest"
    ) -> T | None:
        """What `parse` makes of a text, which raises ValueError that says what is wrong. None when absent or faulty."""
        text = self.text(key, required=required, code=code)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.fault(key, str(error), code)
            return None

    def refuse_blank(self, *keys: str) -> None:
        """Note a fault of each text that is there and says nothing, where its absence means something, such as all."""
        for key in keys:
            value = self.raw(key)
            if isinstance(value, str) and not value.strip(" "):
                self._refuse(key, value, "text that says something, or absent")

    def flag(self, key: str, *, required: bool = False) -> bool | None:
        value: bool | None = self._typed(key, bool, "true or false", required=required)
        return value

    def number(
        self, key: str, least: int | None = None, most: int | None = None, *, required: bool = False
    ) -> int | None:
        """A whole number within these bounds."""
        expected = "a whole number" if least is None else f"a whole number from {least} to {most}"
        value: int | None = self._typed(key, int, expected, required=required)
        if value is not None and least is not None and most is not None and not least <= value <= most:
            self._refuse(key, value, expected)
            return None
        return value

    def decimal(self, key: str, least: float, most: float) -> float | None:
        """A number within these bounds, whole or not."""
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self._refuse(key, value, f"a number from {least:g} to {most:g}")
            return None
        return float(value)

    def location(self, key: str, *, required: bool = False) -> str:
        """A region: `West Europe` and `westeurope` are one to ARM. Names of regions become parts of its URLs."""
        plain = plain_location(self.text(key, required=required))
        if plain and not _LOCATION.fullmatch(plain):
            self.fault(key, f"{plain[:40]!r} is not the name of a region")
            return ""
        return plain

    def tags(self, key: str) -> dict[str, str]:
        """A resource's tags within ARM's limits."""
        node = self.child(key)
        if len(node.value) > TAGS_AT_MOST:
            self.fault(key, f"has {len(node.value)} tags; at most {TAGS_AT_MOST} are allowed")
        faults = list(faults_of(node.value))
        for name, reason in faults:
            node.fault(name[:LONGEST_NAME], reason)
        return {} if faults else dict(node.value)

    def _typed(self, key: str, kind: type, expected: str, *, required: bool) -> Any:
        value = self.raw(key)
        if value is None:
            self._need(key, expected, required=required)
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self._refuse(key, value, expected)
            return None
        return value

    def _need(self, key: str, expected: str, code: str = "BadRequest", *, required: bool) -> None:
        if required and self.is_there:
            self.fault(key, f"is required and must be {expected}", code)

    def _refuse(self, key: str, value: object, expected: str, code: str = "BadRequest") -> None:
        self.fault(key, f"must be {expected}, not {value!r:.80}", code)

    def _path(self, key: str) -> str:
        return ".".join(part for part in (self.path, key) if part)


def node_of(value: object, path: str = "", faults: list[Fault] | None = None) -> Node:
    """The node of a value that is expected to be an object."""
    noted = [] if faults is None else faults
    if isinstance(value, Mapping):
        return Node(value, path, noted)
    noted.append(Fault(target=path, message=f"must be a JSON object, not {value!r:.80}"))
    return Node({}, path, noted, is_there=False)


def find_word(text: object, allowed: Sequence[str]) -> str:
    """The one of `allowed` that a text is, whatever its case; "" when none."""
    return next((word for word in allowed if isinstance(text, str) and word.lower() == text.lower()), "")


def is_plain(text: str) -> bool:
    """Whether a text holds no control character."""
    return all(ord(letter) >= 32 for letter in text)


def raise_faults(node: Node) -> None:
    """Raises InvalidInput when anything was wrong; a fault that was met twice is told once."""
    if node.faults:
        raise InvalidInput(list(dict.fromkeys(node.faults)))
