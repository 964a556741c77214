"""What Azure Backup offers and this API does not, and why: the answer of the catch-all routes.

Leaves to others: everything that is offered (routes.py).
"""

from __future__ import annotations

import re

from backup_core.api.errors import Refused

_REASONS: tuple[tuple[str, str], ...] = (
    (r"/rehydrate$", "recovery points of disks lie in the operational store and need no rehydration"),
)


def refusal(path: str) -> Refused:
    """ARM's answer for a path that no route takes: 400 with the reason for what does not apply to disks, else 404."""
    for pattern, reason in _REASONS:
        if re.search(pattern, path, re.IGNORECASE):
            return Refused(400, "OperationNotSupported", f"Not offered for managed disks: {reason}.")
    return Refused(
        404, "InvalidResourceType", f"'{path}' is not a resource of this API; see README for what it offers."
    )
