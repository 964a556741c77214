"""How much of a disk changes, and so how large each snapshot is. Internal to the simulator: Azure shows no used size.

Writes fall on random blocks, so a block may be hit twice: after t hours of `rate` bytes an hour, the changed part of
`used` bytes is used * (1 - exp(-rate * t / used)). Two deltas merge by the same rule.
"""

from __future__ import annotations

import math

MIB = 1_048_576
EMPTY_DELTA_OF_4K_SECTORS = 6 * MIB


def changed_bytes(*, used: int, rate_per_hour: float, hours: float, sector_size: int = 512) -> int:
    """Bytes of an incremental snapshot taken `hours` after the one before, in whole MiB."""
    if used <= 0 or rate_per_hour <= 0 or hours <= 0:
        changed = 0
    else:
        changed = _whole_mib(used * -math.expm1(-rate_per_hour * hours / used))
    return max(changed, EMPTY_DELTA_OF_4K_SECTORS) if sector_size == 4_096 else min(changed, used)


def merged_bytes(*, used: int, older: int, newer: int) -> int:
    """Bytes of `newer` after the snapshot before it was deleted and its blocks were merged into it."""
    if used <= 0:
        return max(older, newer)
    untouched = (1 - min(older, used) / used) * (1 - min(newer, used) / used)
    return max(older, newer, min(used, _whole_mib(used * (1 - untouched))))


def _whole_mib(amount: float) -> int:
    return math.ceil(amount / MIB) * MIB
