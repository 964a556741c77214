"""What a package may and must hold, and how large it may be: every breach in words.

Leaves to others: bytecode (bytecode.py), and whether it runs (proof.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

TOP_LEVEL = frozenset({"LICENSE", "backup_core", "function_app.py", "host.json", "requirements.txt"})
NEEDED = (
    "LICENSE",
    "backup_core/__init__.py",
    "backup_core/app.py",
    "function_app.py",
    "host.json",
    "requirements.txt",
)
SUFFIXES = frozenset({".py", ".pyc"})  # of what lies in backup_core
# Without dependencies. What is larger is no mistake by itself; it is one that somebody should have decided on.
SOURCE_BYTES_AT_MOST = 1_500_000
ZIP_BYTES_AT_MOST_PER_VERSION = 1_650_000  # sources and the bytecode of one Python version, compressed


def faults(files: Sequence[str]) -> list[str]:
    """Of the names, with / between their parts."""
    found = [f"{file} must not ship: {fault}" for file in files if (fault := _fault(PurePosixPath(file)))]
    return found + [f"{needed} is missing" for needed in NEEDED if needed not in files]


def size_faults(folder: Path, files: Sequence[str], archive: Path, versions: int) -> list[str]:
    sources = sum((folder / file).stat().st_size for file in files if not file.endswith(".pyc"))
    limits = (
        ("its files without bytecode", sources, SOURCE_BYTES_AT_MOST),
        ("the zip", archive.stat().st_size, ZIP_BYTES_AT_MOST_PER_VERSION * versions),
    )
    return [f"{what}: {size:,} bytes, of which {most:,} are allowed" for what, size, most in limits if size > most]


def _fault(path: PurePosixPath) -> str | None:
    top = path.parts[0]
    if top == "__pycache__" and path.name.startswith("function_app."):
        return None
    if top not in TOP_LEVEL:
        return f"the package holds {', '.join(sorted(TOP_LEVEL))}"
    if top == "backup_core" and (len(path.parts) == 1 or path.suffix not in SUFFIXES):
        return f"backup_core holds {', '.join(sorted(SUFFIXES))}"
    return None if top == "backup_core" or len(path.parts) == 1 else f"{top} is a file"
