"""What a package may and must hold, and how large it may be: every breach in words.

Leaves to others: bytecode (bytecode.py), and whether it runs (proof.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

TOP_LEVEL = frozenset({"LICENSE", "backup_core", "center", "function_app.py", "host.json", "requirements.txt"})
PAGE = "center/index.html.gz"
NEEDED = (
    "LICENSE",
    "backup_core/__init__.py",
    "backup_core/app.py",
    PAGE,
    "function_app.py",
    "host.json",
    "requirements.txt",
)
SUFFIXES = {"backup_core": frozenset({".py", ".pyc"}), "center": frozenset({".gz"})}
# Without dependencies. What is larger is no mistake by itself; it is one that somebody should have decided on. Each
# kind has a limit of its own: a machine with one Python and one with all of them judge the same tree alike.
SOURCE_BYTES_AT_MOST = 2_500_000
PAGE_BYTES_AT_MOST = 800_000  # packed, with all that a browser loads only when it shows it
BYTECODE_BYTES_AT_MOST_PER_VERSION = 4_200_000


def faults(files: Sequence[str]) -> list[str]:
    """Of the names, with / between their parts."""
    found = [f"{file} must not ship: {fault}" for file in files if (fault := _fault(PurePosixPath(file)))]
    found += [f"{needed} is missing" for needed in NEEDED if needed not in files]
    return [f"{fault}: make dashboard builds it" if fault.startswith(PAGE) else fault for fault in found]


def size_faults(folder: Path, files: Sequence[str], versions: int) -> list[str]:
    """Of the unpacked files, with the bytecode of that many versions of Python among them."""
    page = [file for file in files if file.startswith("center/")]
    bytecode = [file for file in files if file.endswith(".pyc")]
    apart = {*page, *bytecode}
    sources = [file for file in files if file not in apart]
    limits = (
        ("its files without bytecode and page", _bytes(folder, sources), SOURCE_BYTES_AT_MOST),
        ("the page", _bytes(folder, page), PAGE_BYTES_AT_MOST),
        ("the bytecode", _bytes(folder, bytecode), BYTECODE_BYTES_AT_MOST_PER_VERSION * versions),
    )
    return [f"{what}: {size:,} bytes, of which {most:,} are allowed" for what, size, most in limits if size > most]


def _bytes(folder: Path, files: Sequence[str]) -> int:
    return sum((folder / file).stat().st_size for file in files)


def _fault(path: PurePosixPath) -> str | None:
    top = path.parts[0]
    if top == "__pycache__" and path.name.startswith("function_app."):
        return None
    if top not in TOP_LEVEL:
        return f"the package holds {', '.join(sorted(TOP_LEVEL))}"
    if top not in SUFFIXES:
        return None if len(path.parts) == 1 else f"{top} is a file"
    if len(path.parts) == 1 or path.suffix not in SUFFIXES[top]:
        return f"{top} holds {', '.join(sorted(SUFFIXES[top]))}"
    return None
