"""Which files ship: all of the tree that .funcignore does not leave out, read as azd reads it, as a .gitignore.

Core Tools (`func`) read it by rules of their own, where `*` is at least one character and an exception (`!`) wins
wherever it stands. So only lines are taken that both read alike: plain names, `*.` and a suffix, `**/` and a name. Both
tools leave out some names of their own accord (`.git`, `local.settings.json`); here the file has to name these too.
"""

from __future__ import annotations

import re
from pathlib import Path

from pathspec import GitIgnoreSpec

_READ_ALIKE = re.compile(r"(\*\*/)?[\w.\-]+|\*\.\w+")


def read(root: Path) -> tuple[str, ...]:
    """The paths below `root` that ship, in order. Raises ValueError for a line that the tools may not read alike."""
    text = (root / ".funcignore").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    strange = [line for line in lines if not _READ_ALIKE.fullmatch(line)]
    if strange:
        raise ValueError(f".funcignore: {', '.join(strange)}: azd and func may not read this alike")
    top = GitIgnoreSpec.from_lines(lines)
    entries = [entry.name for entry in root.iterdir() if not top.match_file(f"{entry.name}{'/' * entry.is_dir()}")]
    files = (path for name in entries for path in [root / name, *(root / name).rglob("*")] if path.is_file())
    names = (path.relative_to(root).as_posix() for path in files)
    return tuple(sorted(name for name in names if not top.match_file(name)))
