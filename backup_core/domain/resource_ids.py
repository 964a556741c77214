"""ARM resource ids as values: parsed once at the edge, compared without regard to case.

Leaves to others: whether the resource exists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

DISK = "Microsoft.Compute/disks"
SNAPSHOT = "Microsoft.Compute/snapshots"
ENCRYPTION_SET = "Microsoft.Compute/diskEncryptionSets"
VAULT = "Microsoft.DataProtection/backupVaults"

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
SUBSCRIPTION_FORM = re.compile(rf"/subscriptions/(?P<subscription>{GUID.pattern})", re.IGNORECASE)
_GROUP = rf"^{SUBSCRIPTION_FORM.pattern}/resourceGroups/(?P<group>[^/]+)"
RESOURCE_FORM = re.compile(rf"{_GROUP}/providers/(?P<namespace>[^/]+)/(?P<type>[^/]+)/(?P<name>[^/]+)$", re.IGNORECASE)
GROUP_FORM = re.compile(rf"{_GROUP}/?$", re.IGNORECASE)
# Names become parts of table keys, where / \ # ? and control characters are not allowed, and of URLs, where a name of
# nothing but dots would lead elsewhere.
_SAFE_SEGMENT = re.compile(r"(?!\.+$)[\w().\-]{1,90}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupId:
    """A resource group: `/subscriptions/{s}/resourceGroups/{g}`."""

    subscription: str
    group: str

    @property
    def text(self) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"

    @property
    def key(self) -> str:
        return self.text.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceId:
    """A top-level resource in a group; `type` is `Namespace/type` in Azure's spelling."""

    subscription: str
    group: str
    type: str
    name: str

    @property
    def text(self) -> str:
        return f"{self.group_id.text}/providers/{self.type}/{self.name}"

    @property
    def key(self) -> str:
        return self.text.lower()

    @property
    def group_id(self) -> GroupId:
        return GroupId(subscription=self.subscription, group=self.group)


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultKey:
    """Names one vault. Its `partition` is the table partition of all that happens in the vault.

    Equality ignores case because ARM ids do: two spellings are one vault.
    """

    subscription: str
    group: str
    name: str

    @property
    def partition(self) -> str:
        return _partition(self.subscription, self.group, self.name)

    @property
    def resource_id(self) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/{VAULT}/{self.name}"

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, VaultKey) and self.partition == other.partition

    def __hash__(self) -> int:
        return hash(self.partition)


@lru_cache(maxsize=1024)  # the same few vaults are compared, and looked up, many times in each step
def _partition(subscription: str, group: str, name: str) -> str:
    return f"{subscription}|{group}|{name}".lower()


# Where a vault must be named and the record is of none: all of its kind lie together (StateStore).
ANYWHERE = VaultKey(subscription="any", group="any", name="any")


def parse_resource_id(text: str, expected_type: str) -> ResourceId:
    """Parse an ARM id of exactly `expected_type`. Raises ValueError that says what is expected."""
    match = RESOURCE_FORM.match(text.strip()) if isinstance(text, str) else None
    if match is None or not (is_safe_name(match["group"]) and is_safe_name(match["name"])):
        raise ValueError(
            f"{text!r} is not a resource id of the form "
            f"/subscriptions/<id>/resourceGroups/<group>/providers/{expected_type}/<name>"
        )
    if f"{match['namespace']}/{match['type']}".lower() != expected_type.lower():
        raise ValueError(f"{text!r} names a {match['namespace']}/{match['type']}; a {expected_type} is needed")
    return ResourceId(subscription=match["subscription"], group=match["group"], type=expected_type, name=match["name"])


def parse_group_id(text: str) -> GroupId:
    """Parse a resource group's id. Raises ValueError that says what is expected."""
    match = GROUP_FORM.match(text.strip()) if isinstance(text, str) else None
    if match is None or not is_safe_name(match["group"]):
        raise ValueError(f"{text!r} is not a resource group id of the form /subscriptions/<id>/resourceGroups/<group>")
    return GroupId(subscription=match["subscription"], group=match["group"])


def plain_location(location: str) -> str:
    """A region as ids and URLs name it: `West Europe` and `westeurope` are one to ARM."""
    return location.replace(" ", "").lower()


def is_safe_name(text: str) -> bool:
    """Whether a name can be part of a table key and of a URL without leading anywhere else."""
    return _SAFE_SEGMENT.fullmatch(text) is not None


def lies_in(resource_id: str, scope: str) -> bool:
    """Whether a resource, group or subscription is `scope` or lies below it; ids are compared without case."""
    return f"{resource_id.lower()}/".startswith(f"{scope.rstrip('/').lower()}/")
