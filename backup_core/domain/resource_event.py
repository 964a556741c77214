"""What Event Grid tells of Azure's resources, read down to the little that is believed: go and look at this resource.

Reads both schemas, Event Grid's own and CloudEvents 1.0. Sources: Microsoft.Resources' events as documented
(`subject` and `data.resourceUri` name the resource; no body of it is told); that a change of tags may bear the id of
the tags below the resource is remembered.
Leaves to others: whether any of it is true (workflows/resource_events.py looks at Azure and at our records).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backup_core.domain.errors import MessageMalformed
from backup_core.domain.messages import LookAtResource, decode
from backup_core.domain.resource_ids import DISK, SNAPSHOT, parse_group_id, parse_resource_id

GROUP = "Microsoft.Resources/resourceGroups"
SUBSCRIPTION = "Microsoft.Resources/subscriptions"  # of RULED only
WRITTEN, DELETED = "written", "deleted"
RULED, ABSENT = "ruled", "absent"  # ours alone, see LookAtResource
_CHANGES = {
    "microsoft.resources.resourcewritesuccess": WRITTEN,
    "microsoft.resources.resourcedeletesuccess": DELETED,
}
_TAGS = re.compile(r"/providers/Microsoft\.Resources/tags/default/?$", re.IGNORECASE)
_SUBSCRIPTION = re.compile(r"/subscriptions/[\w\-]{1,90}", re.ASCII | re.IGNORECASE)
_LONGEST_ID = 1024  # ARM's ids of disks are a third of that


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceHint:
    """Something may have happened to a resource. `change` is WRITTEN, DELETED, RULED or ABSENT; `type` DISK, SNAPSHOT,
    GROUP or SUBSCRIPTION."""

    change: str
    resource_id: str
    type: str


def read_event(raw: Any) -> ResourceHint | None:
    """The hint in an event's JSON; None for whatever else it is. Never raises."""
    if not isinstance(raw, Mapping):
        return None
    # A CloudEvent says `type`, an event of Event Grid's own schema `eventType`.
    kind = raw.get("type") if "specversion" in raw else raw.get("eventType")
    change = _CHANGES.get(kind.lower()) if isinstance(kind, str) else None
    return None if change is None else _hint(change, _told_id(raw))


def read_message(text: str | bytes) -> tuple[LookAtResource, ResourceHint] | None:
    """What a message of the queue asks for: an event as Event Grid puts it there, or our own message that comes back.

    None for anything else. Never raises.
    """
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        return None
    hint = read_event(raw)
    if hint is not None:
        return LookAtResource(change=hint.change, resource_id=hint.resource_id), hint
    try:
        message = decode(text, [LookAtResource])
    except MessageMalformed:
        return None
    hint = hint_of(message)
    return None if hint is None else (message, hint)


def hint_of(message: LookAtResource) -> ResourceHint | None:
    known = message.change in (WRITTEN, DELETED, RULED, ABSENT)
    return _hint(message.change, message.resource_id) if known else None


def _told_id(raw: Mapping[str, Any]) -> str:
    details = raw.get("data")
    named = details.get("resourceUri") if isinstance(details, Mapping) else None
    told = named or raw.get("subject")
    return _TAGS.sub("", told) if isinstance(told, str) and len(told) <= _LONGEST_ID else ""


def _hint(change: str, resource_id: str) -> ResourceHint | None:
    if change == RULED and _SUBSCRIPTION.fullmatch(resource_id):
        return ResourceHint(change=change, resource_id=resource_id, type=SUBSCRIPTION)
    for type_ in (DISK, SNAPSHOT):
        try:
            return ResourceHint(change=change, resource_id=parse_resource_id(resource_id, type_).text, type=type_)
        except ValueError:
            continue
    try:
        return ResourceHint(change=change, resource_id=parse_group_id(resource_id).text, type=GROUP)
    except ValueError:
        return None
