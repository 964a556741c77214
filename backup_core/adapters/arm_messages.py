"""What ARM tells in the text of an error and nowhere else, read with care and without relying on it.

Decision 11 keeps message texts out of decisions, as they are worded anew each year. Two facts are only there: the
linked scope and action of a LinkedAuthorizationFailed (the role that the call itself needs is there, or another code
had come), and which of several unlike things an OperationNotAllowed of the compute provider means. Of a text that is
worded as nobody reported it both readers know nothing, and the caller falls back on status, code and call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedAccess:
    """What is missing on what the request points at: pairs of action and scope; and scopes that a deny assignment
    closes, which no role opens."""

    missing: tuple[tuple[str, str], ...] = ()
    denied: tuple[str, ...] = ()


# Reported: Azure/OpenShift#186 (2020, with counts and deny assignments), kubernetes-sigs/azuredisk-csi-driver#2609
# (2024, "action(s) ... (respectively)"), MicrosoftDocs/azure-docs#11362 (2018); recorded for other providers.
_MISSING = re.compile(
    r"permission to perform action(?:\(s\))? '(?P<actions>[^']+)' on the (?:'\d+' )?linked scope(?:\(s\))? "
    r"'(?P<scopes>[^']*)'",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"blocked by deny assignments? on the (?:'\d+' )?linked scope(?:\(s\))? '(?P<scopes>[^']*)'", re.IGNORECASE
)


def read_linked_access(message: str) -> LinkedAccess:
    """Empty where the message is worded in another way."""
    missing, denied = _MISSING.search(message), _DENIED.search(message)
    pairs: tuple[tuple[str, str], ...] = ()
    if missing is not None:
        actions, scopes = _listed(missing["actions"]), _listed(missing["scopes"])
        # "Respectively" where there are as many of both; one action for all scopes else.
        paired = zip(actions, scopes, strict=True) if len(actions) == len(scopes) else ((actions[0], s) for s in scopes)
        pairs = tuple(paired)
    return LinkedAccess(missing=pairs, denied=_listed(denied["scopes"]) if denied is not None else ())


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


class NotAllowed(Enum):
    """What an OperationNotAllowed means, as far as its text tells."""

    QUOTA = "a quota of the subscription or region"
    SNAPSHOT_LIMIT = "a limit on the snapshots of a disk"
    PASSING = "something that runs now"
    NEVER = "what this subscription, region or kind does not offer"
    UNKNOWN = ""


_MARKS: tuple[tuple[NotAllowed, re.Pattern[str]], ...] = tuple(
    (meaning, re.compile(pattern, re.IGNORECASE))
    for meaning, pattern in (
        # Recorded "... results in exceeding quota limits of Core", reported "... exceeding approved standardBasv2Family
        # Cores quota" (google/cloud-forensics-utils#488): Compute has one wording for all that it counts.
        (NotAllowed.QUOTA, r"exceeding (approved )?.{0,80}quota"),
        # Reported "CopyStart creation is not supported for this subscription." (Azure/azure-cli#20201),
        # "restoreDirectDriveDisk is not supported for this subscription" (MicrosoftDocs/azure-docs#109734).
        (NotAllowed.NEVER, r"not supported (for|in) this (subscription|region)"),
        # Documented limits: 500 incremental snapshots, 7 in five minutes, 3 pending. Reported "The snapshot count was
        # exceeded for a disk" (Azure/azure-sdk-for-python#14282, under a code of its own).
        (NotAllowed.SNAPSHOT_LIMIT, r"snapshots?\b.{0,80}\b(limit|count|maximum|exceed)"),
        (NotAllowed.SNAPSHOT_LIMIT, r"\b(limit|maximum|number|exceed\w*)\b.{0,80}\bsnapshots?\b"),
        # Documented: troubleshooting of managed disks; recorded "Please retry later" of other providers.
        (NotAllowed.PASSING, r"in progress|try again|retry|is being |are being |not (yet )?(complete|ready)"),
    )
)


def read_not_allowed(message: str) -> NotAllowed:
    return next((meaning for meaning, mark in _MARKS if mark.search(message)), NotAllowed.UNKNOWN)
