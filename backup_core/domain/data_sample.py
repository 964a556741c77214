"""Samples of a disk's bytes: which ranges are read, what they begin with, and whether two disks hold the same.

A few ranges do not prove that every byte is there. They prove that the disk is readable, from its beginning to its end,
that it is a disk of the right source, and that it is not empty, encrypted by somebody or cut off.
Leaves to others: reading (adapters/compute.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

RANGE_BYTES = 64 << 10
RANGES = 16
_SECTOR, _LARGE_SECTOR = 512, 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    offset: int
    length: int = RANGE_BYTES


def sampled_ranges(size_bytes: int, seed: str, count: int = RANGES) -> tuple[ByteRange, ...]:
    """At most `count` ranges of a disk, in order, none twice: the first two, in which file systems say what they are,
    the last, and others by the seed. Of the same size and seed always the same."""
    slots = size_bytes // RANGE_BYTES
    chosen = {slot for slot in (0, 1, slots - 1) if 0 <= slot < slots}
    number = 0
    while len(chosen) < min(count, slots):
        digest = hashlib.sha256(f"{seed}\n{number}".encode()).digest()
        chosen.add(int.from_bytes(digest[:8], "big") % slots)
        number += 1
    return tuple(ByteRange(offset=slot * RANGE_BYTES) for slot in sorted(chosen))


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def digest_of_all(ranges: Sequence[ByteRange], digests: Sequence[str]) -> str:
    """One hash for all ranges and where they lie."""
    lines = (f"{each.offset}+{each.length} {digest}" for each, digest in zip(ranges, digests, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


# What stands where, in the first 128 KiB of a disk (public on-disk formats).
_MAGIC: tuple[tuple[str, int, bytes], ...] = (
    ("GPT", _SECTOR, b"EFI PART"),
    ("GPT", _LARGE_SECTOR, b"EFI PART"),
    ("NTFS", 3, b"NTFS    "),
    ("ReFS", 3, b"ReFS\0\0\0\0"),
    ("exFAT", 3, b"EXFAT   "),
    ("FAT32", 82, b"FAT32   "),
    ("LUKS", 0, b"LUKS\xba\xbe"),
    ("XFS", 0, b"XFSB"),
    ("LVM", _SECTOR, b"LABELONE"),
    ("ext", 1_080, b"\x53\xef"),
    ("swap", 4_086, b"SWAPSPACE2"),
    ("Btrfs", 65_600, b"_BHRfS_M"),
    ("MBR", 510, b"\x55\xaa"),  # last: file systems and GPT bear it, too
)
PARTITION_TABLES = ("GPT", "MBR")


def signature_of(beginning: bytes) -> str:
    """What a disk says it is at its beginning: a partition table or a file system; "" when it says nothing."""
    for name, offset, magic in _MAGIC:
        if beginning[offset : offset + len(magic)] == magic:
            return name
    return ""


def is_blank(data: bytes) -> bool:
    return not any(data)
