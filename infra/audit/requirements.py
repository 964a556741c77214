"""The files of requirements, read: what is asked for (requirements.in), and what came of it (requirements.txt)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_HASH = re.compile(r"--hash=\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One requirement, without its hashes."""

    requirement: Requirement

    @property
    def name(self) -> str:
        return str(canonicalize_name(self.requirement.name))

    @property
    def version(self) -> str:
        """Of one that is pinned."""
        return str(self.requirement.specifier).removeprefix("==")

    def applies(self, python: str) -> bool:
        """Whether it is for Python `python` ("3.12"), on Linux with CPython, as Azure runs it."""
        marker = self.requirement.marker
        return marker is None or marker.evaluate(
            {**_AZURE, "python_version": python, "python_full_version": f"{python}.1"}
        )


_AZURE = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "sys_platform": "linux",
}


def read(path: Path) -> tuple[Line, ...]:
    """Raises InvalidRequirement for a line that is none: options and URLs of registries have no place here."""
    lines = _joined(path.read_text(encoding="utf-8"))
    return tuple(Line(requirement=Requirement(_HASH.sub("", text).strip())) for text in lines)


def _joined(text: str) -> Iterator[str]:
    """Logical lines: comments gone, what goes on behind a backslash put together."""
    whole = text.replace("\\\n", " ")
    for line in whole.splitlines():
        bare = re.sub(r"(^|\s)#.*$", "", line).strip()
        if bare:
            yield bare
