"""Which files ship: all of the tree that .funcignore does not leave out, read as both deployment tools read it.

azd reads the file as a .gitignore. Core Tools (`func`) does not: it compares each line, as a prefix that ends at a
word's boundary, with the whole path below the project; `*` is one or more characters within a name, `**` one or more of
any kind, and exceptions (`!`) win wherever they stand (source: GitIgnoreParser.cs of Azure/azure-functions-core-tools).
A file that ships by one tool and stays behind by the other is a fault. Both tools leave out some names of their own
accord (`.git`, `local.settings.json`); here the file has to name these too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

Rule = Callable[[str], bool]  # whether a path, with / between its parts, is left out

_ESCAPED = re.compile(r"[-\[\]/{}()+?.\\^$|]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Paths below the project's root, in order. `disputed` are those on which the two tools differ."""

    files: tuple[str, ...]
    disputed: tuple[str, ...] = ()


def read(root: Path) -> Contents:
    """What ships of `root`. Raises ValueError for an exception in .funcignore: the tools do not read it alike."""
    lines = _lines((root / ".funcignore").read_text(encoding="utf-8"))
    by_azd, by_func = as_azd(lines), as_func(lines)
    files: list[str] = []
    disputed: list[str] = []
    for path in _walk(root, "", lambda folder: by_azd(folder + "/") and by_func(folder)):
        verdicts = (by_azd(path), by_func(path))
        if not all(verdicts):
            (disputed if any(verdicts) else files).append(path)
    return Contents(files=tuple(sorted(files)), disputed=tuple(sorted(disputed)))


def as_azd(lines: Sequence[str]) -> Rule:
    return GitIgnoreSpec.from_lines(lines).match_file


def as_func(lines: Sequence[str]) -> Rule:
    patterns = [_func_pattern(line.removeprefix("/")) for line in lines]
    left_out = re.compile(f"(?:{'|'.join(patterns)})\\b", re.ASCII) if patterns else None
    return lambda path: left_out is not None and left_out.match(path) is not None


def _func_pattern(line: str) -> str:
    escaped = _ESCAPED.sub(r"\\\g<0>", line)
    return ".+".join(part.replace("*", "[^/]+") for part in escaped.split("**"))


def _lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines()]
    patterns = [line for line in lines if line and not line.startswith("#")]
    exceptions = [line for line in patterns if line.startswith("!")]
    if exceptions:
        raise ValueError(f".funcignore: {', '.join(exceptions)}: func reads exceptions without regard to their place")
    return patterns


def _walk(root: Path, below: str, is_left_out: Rule) -> Iterator[str]:
    """Files, without going into folders that are left out whole."""
    for entry in sorted((root / below).iterdir()):
        path = f"{below}/{entry.name}" if below else entry.name
        if entry.is_dir() and not entry.is_symlink():
            if not is_left_out(path):
                yield from _walk(root, path, is_left_out)
        else:
            yield path
