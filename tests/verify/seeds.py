"""Ten ways in which an Azure could answer otherwise than the local simulator, each with the line that must tell of it.

`Seed.wish` has the simulator itself answer so to whoever calls itself AGENT, while others are answered as ever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

AGENT = "answered-otherwise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """`method` and `where` (how a path ends, or what is in it) say which answers of this status are another: of another
    `to_status`, with headers and fields (by path) of other values, None for none. `told` is in the line."""

    name: str
    where: str
    told: str
    method: str = "GET"
    status: int = 200
    to_status: int | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def wish(self) -> dict[str, Any]:
        """The fault that the simulator is asked to switch on."""
        path = re.escape(self.where.removesuffix("$")) + ("$" if self.where.endswith("$") else "")
        return {
            "kind": "alter",
            "method": self.method,
            "path": path,
            "count": None,
            "at": self.status,
            "agent": AGENT,
            "status": self.to_status,
            "headers": dict(self.headers),
            "fields": dict(self.fields),
        }


_DISK, _SNAPSHOT = "/disks/verify-disk$", "/snapshots/"
SEEDS: tuple[Seed, ...] = (
    Seed(
        name="a disk is made with 201",
        method="PUT",
        where=_DISK,
        status=202,
        to_status=201,
        told="a disk of 4 GiB | PUT /subscriptions/{guid}/resourceGroups/{group}/providers/Microsoft.Compute/disks/"
        "verify-disk: status is 201",
    ),
    Seed(
        name="a disk's operation asks to come back later",
        where="/DiskOperations/",
        headers={"retry-after": "77"},
        told="DiskOperations/{guid}, ",
    ),
    Seed(
        name="a disk's answer lacks a header",
        where=_DISK,
        headers={"x-ms-request-id": None},
        told="header x-ms-request-id is missing",
    ),
    Seed(
        name="a disk has no time of its making",
        where=_DISK,
        fields={"properties.timeCreated": None},
        told="verify-disk: body.properties.timeCreated is missing",
    ),
    Seed(
        name="a size is text",
        where="/disks/verify-restored$",
        fields={"properties.diskIOPSReadWrite": "500"},
        told="verify-restored: body.properties.diskIOPSReadWrite is '500'",
    ),
    Seed(
        name="a snapshot has a field that nobody knew",
        where=_SNAPSHOT,
        fields={"properties.hitherto": {"unknown": True}},
        told="body.properties.hitherto.unknown is not expected: True",
    ),
    Seed(
        name="a snapshot lies on another kind of storage",
        where=_SNAPSHOT,
        fields={"sku.name": "Premium_LRS"},
        told="body.sku.name is 'Premium_LRS'",
    ),
    Seed(
        name="a missing group is refused by another code",
        where="/resourceGroups/disk-backup-verify-",
        status=404,
        fields={"error.code": "NotThere"},
        told="body.error.code is 'NotThere'",
    ),
    Seed(
        name="a role assignment is told of another principal's kind",
        method="PUT",
        where="/roleAssignments/",
        status=201,
        fields={"properties.principalType": "User"},
        told="body.properties.principalType is 'User'",
    ),
    Seed(
        name="a group's deletion ends with 204",
        where="/operationresults/",
        to_status=204,
        told="operationresults/{operation}, ended: status is 204",
    ),
)
