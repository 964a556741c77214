"""Puts what `npm run build` made of the Backup Center into the form that ships: dashboard/dist, packed, as center/.

Each file is one gzip with the same bytes whenever it is made, for the Functions host compresses nothing. Standard
library only: infra/install.py runs it before anything is installed.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILT = ROOT / "dashboard" / "dist"
PACKED = ROOT / "center"
INDEX = "index.html"
# What may ship; the app serves these under their types (backup_core/center/files.py), and a test holds the two alike.
SUFFIXES = frozenset({".css", ".html", ".ico", ".js", ".json", ".png", ".svg", ".txt", ".woff2"})


class NotServed(ValueError):
    """There is no page, or a file in it that the app would not serve."""


def pack(built: Path, packed: Path) -> None:
    """All at once: `packed` is the old page or the new one. Raises NotServed."""
    files = sorted(path for path in built.rglob("*") if path.is_file())
    strange = [path.relative_to(built).as_posix() for path in files if path.suffix not in SUFFIXES]
    if strange:
        raise NotServed(f"the app serves no {', '.join(strange)}: see backup_core/center/files.py")
    if built / INDEX not in files:
        raise NotServed(f"{built / INDEX} is not there: the build made no page")
    fresh = packed.with_name(f"{packed.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for path in files:
        target = fresh / f"{path.relative_to(built).as_posix()}.gz"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    shutil.rmtree(packed, ignore_errors=True)
    fresh.rename(packed)


if __name__ == "__main__":
    try:
        pack(BUILT, PACKED)
    except NotServed as refusal:
        sys.exit(f"Backup Center: {refusal}")
