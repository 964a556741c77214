"""What was built, in memory: a request names a file that is known or none, so no path is ever made of a request."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

INDEX = "index.html"
ASSETS = "assets/"  # below it names carry a hash of their content
PACKED = ".gz"
TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """`packed` is its content as gzip, which the host passes on as it is; `tag` names that content."""

    media_type: str
    packed: bytes
    tag: str


def read(folder: Path) -> Mapping[str, File]:
    """The files below `folder` by their path, without the `.gz` that each name ends with; none if nothing was built."""
    found: dict[str, File] = {}
    for path in folder.rglob(f"*{PACKED}"):
        name = path.relative_to(folder).as_posix().removesuffix(PACKED)
        media_type = TYPES.get(Path(name).suffix)
        if media_type is not None:
            packed = path.read_bytes()
            found[name] = File(media_type=media_type, packed=packed, tag=hashlib.sha256(packed).hexdigest()[:32])
    return found
