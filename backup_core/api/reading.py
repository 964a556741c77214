"""Reading a request's body field by field, so that every fault is named at once, each with its JSON path.

A `Node` is a JSON value with its path and the list in which faults gather; reading a faulty field gives an empty value
and goes on. `raise_faults` ends the reading. Keys are compared without case, as the service does (recorded: the CLI
sends `resourceId`, the SDK `resourceID`); null is absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.tags import LONGEST_NAME, TAGS_AT_MOST, faults_of

# Lengths of Azure's naming rules for these resource types (remembered; the specification has none for disks). An
# instance is named `<disk>-<disk>-<guid>` by the clients, so that its limit follows from a disk's 80 letters.
NAME_LENGTHS = {"vault": (2, 50), "policy": (3, 150), "instance": (2, 200), "rule": (1, 150)}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-_.]*")
_LOCATION = re.compile(r"[a-z0-9]{1,90}")
MAX_TEXT = 2048


@dataclass(frozen=True, slots=True)
class Node:
    value: Any
    path: str
    faults: list[Fault]

    def fault(self, key: str, message: str, code: str = "BadRequest") -> None:
        """Note a fault of a field (or of this value itself when `key` is empty)."""
        self.faults.append(Fault(target=self._path(key), message=message, code=code))

    def has(self, key: str) -> bool:
        return self.raw(key) is not None

    def child(self, key: str, *, required: bool = False, code: str = "BadRequest") -> Node:
        """An object; an empty one when it is absent or something else."""
        value = self.raw(key)
        if value is None and required:
            self.fault(key, "is required", code)
        elif value is not None and not isinstance(value, dict):
            self.fault(key, "must be an object", code)
        return Node(value if isinstance(value, dict) else {}, self._path(key), self.faults)

    def children(self, key: str) -> list[Node]:
        """The objects of a list; no list is an empty one."""
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fault(key, "must be a list")
            return []
        nodes = [Node(item, f"{self._path(key)}[{index}]", self.faults) for index, item in enumerate(value)]
        for node in nodes:
            if not isinstance(node.value, dict):
                node.fault("", "must be an object")
        return [node for node in nodes if isinstance(node.value, dict)]

    def raw(self, key: str) -> Any:
        """Whatever is there, or None."""
        return next((value for name, value in self.value.items() if name.lower() == key.lower()), None)

    def text(self, key: str, *, required: bool = False, code: str = "BadRequest") -> str:
        """Text without leading or trailing blanks; "" when absent or faulty."""
        value = self.raw(key)
        if isinstance(value, str):
            value = value.strip(" ")
        if value is None or value == "":
            if required:
                self.fault(key, "is required", code)
            return ""
        if not isinstance(value, str):
            self.fault(key, "must be text", code)
            return ""
        if len(value) > MAX_TEXT or not is_plain(value):
            self.fault(key, f"must be at most {MAX_TEXT} letters, none of them a control character", code)
            return ""
        return value

    def choice(self, key: str, allowed: Sequence[str], *, required: bool = False) -> str:
        """One of `allowed`, in its spelling; case is ignored. "" when absent or faulty."""
        raw = self.raw(key)
        text = self.text(key, required=required)
        known = next((word for word in allowed if word.lower() == text.lower()), "")
        is_blank = isinstance(raw, str) and not raw.strip(" ") and not required  # no word, and told so once
        if (text or is_blank) and not known:
            self.fault(key, f"must be {' or '.join(allowed)}, not {text!r}")
        return known

    def location(self, key: str, *, required: bool = False) -> str:
        """A region: `West Europe` and `westeurope` are one to ARM. Names of regions become parts of its URLs."""
        plain = self.text(key, required=required).replace(" ", "").lower()
        if plain and not _LOCATION.fullmatch(plain):
            self.fault(key, f"{plain[:40]!r} is no region's name")
            return ""
        return plain

    def tags(self, key: str) -> dict[str, str]:
        """A resource's tags within ARM's limits."""
        node = self.child(key)
        if len(node.value) > TAGS_AT_MOST:
            self.fault(key, f"has {len(node.value)} tags; {TAGS_AT_MOST} are the most")
        faults = list(faults_of(node.value))
        for name, reason in faults:
            node.fault(name[:LONGEST_NAME], reason)
        return {} if faults else dict(node.value)

    def _path(self, key: str) -> str:
        return ".".join(part for part in (self.path, key) if part)


def root(body: Mapping[str, Any]) -> Node:
    return Node(dict(body), "", [])


def is_plain(text: str) -> bool:
    """Whether a text holds no control character."""
    return all(ord(letter) >= 32 for letter in text)


def is_name(text: str) -> bool:
    """Whether a resource of ours may be called so, whatever its length."""
    return _NAME.fullmatch(text) is not None


def check_name(node: Node, kind: str, name: str) -> None:
    """Note a fault when a resource may not be created under `name`. `kind` is a key of NAME_LENGTHS."""
    least, most = NAME_LENGTHS[kind]
    if not least <= len(name) <= most or not is_name(name):
        node.faults.append(
            Fault(
                target="name",
                message=f"{name!r}: a {kind}'s name has {least} to {most} letters, digits, '-', '_' or '.', "
                "and begins with a letter or digit",
                code="InvalidResourceName",
            )
        )


def raise_faults(node: Node) -> None:
    """Raises InvalidInput when anything was wrong; a fault that was met twice is told once."""
    if node.faults:
        raise InvalidInput(list(dict.fromkeys(node.faults)))
