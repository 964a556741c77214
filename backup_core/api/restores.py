"""Restore of a recovery point to a new disk: at home from its own snapshot, and where restoreLocation names a region
that it was copied to, from its copy there.

The request is Azure's own. Ours is one addition, `restoreTargetInfo.targetDisk {sku, zones, sizeGB, tags,
keepSourceTags}`, all of it optional: what the new disk is to have otherwise than the source had.
"""

from __future__ import annotations

import re
from dataclasses import replace

from backup_core.api.call import Answer, Call
from backup_core.api.linked import refuse_closed_copies
from backup_core.api.operation_ids import begun
from backup_core.api.reading import read_disk_id, read_identity
from backup_core.api.wire import body_of, read_instant
from backup_core.domain.reading import Node, raise_faults
from backup_core.domain.resource_ids import VAULT
from backup_core.domain.restore import RestoreRequest
from backup_core.ports import Ports
from backup_core.workflows import restore as workflow

BY_POINT = "AzureBackupRecoveryPointBasedRestoreRequest"
BY_TIME = "AzureBackupRecoveryTimeBasedRestoreRequest"  # of disks: the newest good point of that time or before
LATEST = "latest"
POINT_ID = re.compile(r"[0-9a-f]{32}")
_ACTION = f"{VAULT}/backupInstances/restore/action"
MAX_SIZE_GB = 65_536  # the largest disk there is: Ultra and Premium SSD v2 (documented)
ZONES = ("1", "2", "3")


def restore(ports: Ports, call: Call) -> Answer:
    """202 with both URLs; the job's id is in the operation's result."""
    request = read_request(body_of(call))
    refuse_closed_copies(ports, call, {"": (call.names["instance"], request)}, action=_ACTION)
    job = workflow.request_restore(
        ports, call.vault, call.names["instance"], request, correlation_id=call.correlation_id
    )
    return begun(call, job)


def read_request(node: Node) -> RestoreRequest:
    """Raises InvalidInput that names every fault of the body."""
    kind = node.choice("objectType", (BY_POINT, BY_TIME), required=True)
    point_id = None if kind == BY_TIME else _read_point_id(node)
    at = node.parsed("recoveryPointTime", read_instant, required=True) if kind == BY_TIME else None
    node.choice("sourceDataStoreType", ("OperationalStore",), required=True)
    wanted = read_target(node.child("restoreTargetInfo", required=True))
    acts_as = read_identity(node)
    raise_faults(node)
    return replace(wanted, point_id=point_id, at=at, acts_as=acts_as)


def read_target(target: Node) -> RestoreRequest:
    """What a restore is to make, whatever it is made of; faults gather in the node."""
    target.choice("objectType", ("RestoreTargetInfo",), required=True)
    target.choice("recoveryOption", ("FailIfExists",), required=True)
    location = target.location("restoreLocation")
    target_disk_id = _read_target_id(target.child("datasourceInfo", required=True))
    wanted = target.child("targetDisk")
    sku, zones, tags = wanted.text("sku"), _read_zones(wanted), wanted.tags("tags")
    size_gb = wanted.number("sizeGB", 1, MAX_SIZE_GB)
    keeps_source_tags = wanted.flag("keepSourceTags") is not False
    return RestoreRequest(
        point_id=None,
        target_disk_id=target_disk_id,
        location=location or None,
        sku=sku or None,
        zones=zones,
        size_gb=size_gb,
        tags=tags,
        keeps_source_tags=keeps_source_tags,
    )


def _read_point_id(node: Node) -> str | None:
    """None for `latest`, the word by which the newest good point is meant."""
    point_id = node.text("recoveryPointId", required=True).lower()
    if point_id == LATEST:
        return None
    if point_id and not POINT_ID.fullmatch(point_id):
        node.fault("recoveryPointId", f"must be the 32 hex digits that a recovery point is named by, or '{LATEST}'")
    return point_id


def _read_target_id(source: Node) -> str:
    for name in ("resourceLocation", "resourceName", "resourceUri"):
        source.text(name)
    return read_disk_id(source)


def _read_zones(wanted: Node) -> tuple[str, ...] | None:
    zones = wanted.raw("zones")
    if zones is None:
        return None
    if not isinstance(zones, list) or not all(zone in ZONES for zone in zones):
        wanted.fault("zones", "must be a list of zones '1', '2' or '3'; an empty one for a disk without a zone")
        return None
    return tuple(zones)
