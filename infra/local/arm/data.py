"""The bytes of disks and snapshots behind a shared access signature: a page blob that can be read by ranges.

Nothing is stored: each block follows from what the resource is a copy of. A disk's snapshot holds what the disk held
then; a disk made from it holds the same. The first block has a GUID partition table. There is no VHD footer behind the
data, and no list of page ranges (COVERAGE.md).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from infra.local.arm.wire import Json
from infra.local.arm.world import Resource, World

PREFIX = "/md-"  # Azure has it in the host's name
BLOCK = 64 << 10
LONGEST = 4 << 20  # of one range here
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


def url_of(base_url: str, operation_id: str, signature: str) -> str:
    return f"{base_url}{PREFIX}{operation_id}/abcd?sv=2018-03-28&sr=b&si={operation_id}&sig={signature}"


def content_of(resource: Resource) -> str:
    """What the bytes follow from."""
    return str(resource.hidden.get("content") or resource.properties["uniqueId"])


def answer(
    world: World, path: str, query: Mapping[str, str], headers: Mapping[str, str], now: float
) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers. 206 for a range; 403 without a signature that still counts, 404 for damaged data, 416
    for what lies behind the end [documented: status and error codes of Blob Storage]."""
    operation = world.operations.get(path.removeprefix(PREFIX).partition("/")[0].lower())
    resource = world.collections[operation.kind].find(operation.target) if operation is not None else None
    granted = resource.hidden.get("signature", "") if resource is not None else ""
    if resource is None or not granted or query.get("sig") != granted or resource.hidden["access_until"] <= now:
        return _refused(403, "AuthenticationFailed")
    if resource.hidden.get("unreadable"):
        return _refused(404, "BlobNotFound")
    wanted = _RANGE.fullmatch(headers.get("x-ms-range") or headers.get("Range") or "")
    size = resource.properties["diskSizeBytes"]
    if wanted is None or int(wanted[2]) >= size or not 0 <= int(wanted[2]) - int(wanted[1]) < LONGEST:
        return _refused(416, "InvalidRange")
    first, last = int(wanted[1]), int(wanted[2])
    told = {"Content-Range": f"bytes {first}-{last}/{size}", "x-ms-blob-type": "PageBlob"}
    return 206, read(content_of(resource), first, last - first + 1), told


def read(content: str, offset: int, length: int) -> bytes:
    first, last = offset // BLOCK, (offset + length - 1) // BLOCK
    whole = b"".join(_block(content, number) for number in range(first, last + 1))
    return whole[offset - first * BLOCK :][:length]


def damage(resource: Resource, wish: Json) -> None:
    """`data`: other or unreadable; `properties`: as they are shown from now on."""
    kind = wish.get("data")
    if kind not in (None, "other", "unreadable"):
        raise ValueError(f"data is 'other' or 'unreadable', not {kind!r}")
    if kind == "other":
        resource.hidden["content"] = f"not {content_of(resource)}"
    if kind == "unreadable":
        resource.hidden["unreadable"] = True
    resource.properties.update(wish.get("properties") or {})


def _block(content: str, number: int) -> bytes:
    block = hashlib.shake_256(f"{content}/{number}".encode()).digest(BLOCK)
    if number:
        return block
    return block[:510] + b"\x55\xaaEFI PART" + block[520:]


def _refused(status: int, code: str) -> tuple[int, bytes, dict[str, str]]:
    body = f"<?xml version='1.0' encoding='utf-8'?><Error><Code>{code}</Code></Error>".encode()
    return status, body, {"x-ms-error-code": code}
