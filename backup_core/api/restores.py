"""Restore of a recovery point to a new disk.

The request is Azure's own. Ours is one addition, `restoreTargetInfo.targetDisk {sku, zones, sizeGB, tags,
keepSourceTags}`, all of it optional: what the new disk is to have otherwise than the source had.
"""

from __future__ import annotations

import re
from datetime import datetime

from backup_core.api.call import Answer, Call
from backup_core.api.instances import read_identity
from backup_core.api.operation_ids import both_headers, of_job
from backup_core.api.reading import Node, raise_faults, root
from backup_core.api.wire import read_body, read_instant
from backup_core.domain.resource_ids import DISK, parse_resource_id
from backup_core.domain.restore import RestoreRequest
from backup_core.ports import Ports
from backup_core.workflows import restore as workflow

BY_POINT = "AzureBackupRecoveryPointBasedRestoreRequest"
BY_TIME = "AzureBackupRecoveryTimeBasedRestoreRequest"  # of disks: the newest good point of that time or before
LATEST = "latest"
POINT_ID = re.compile(r"[0-9a-f]{32}")
MAX_SIZE_GB = 65_536  # the largest disk there is: Ultra and Premium SSD v2 (documented)
ZONES = ("1", "2", "3")


def restore(ports: Ports, call: Call) -> Answer:
    """202 with both URLs; the job's id is in the operation's result."""
    request = read_request(root(read_body(call)))
    job = workflow.request_restore(
        ports, call.vault, call.names["instance"], request, correlation_id=call.correlation_id
    )
    return Answer(status=202, headers=both_headers(call, of_job(call.vault, job), job.disk_location))


def read_request(node: Node) -> RestoreRequest:
    """Raises InvalidInput that names every fault of the body."""
    kind = node.choice("objectType", (BY_POINT, BY_TIME), required=True)
    point_id = None if kind == BY_TIME else _read_point_id(node)
    at = _read_time(node) if kind == BY_TIME else None
    node.choice("sourceDataStoreType", ("OperationalStore",), required=True)
    target = node.child("restoreTargetInfo", required=True)
    target.choice("objectType", ("RestoreTargetInfo",), required=True)
    target.choice("recoveryOption", ("FailIfExists",), required=True)
    location = target.location("restoreLocation")
    target_disk_id = _read_target_id(target.child("datasourceInfo", required=True))
    acts_as = read_identity(node)
    wanted = target.child("targetDisk")
    sku, zones, size_gb, tags = wanted.text("sku"), _read_zones(wanted), _read_size(wanted), wanted.tags("tags")
    keeps_source_tags = _read_flag(wanted, "keepSourceTags", default=True)
    raise_faults(node)
    return RestoreRequest(
        point_id=point_id,
        at=at,
        target_disk_id=target_disk_id,
        location=location or None,
        sku=sku or None,
        zones=zones,
        size_gb=size_gb,
        tags=tags,
        keeps_source_tags=keeps_source_tags,
        acts_as=acts_as,
    )


def _read_point_id(node: Node) -> str | None:
    """None for `latest`, the word by which the newest good point is meant."""
    point_id = node.text("recoveryPointId", required=True).lower()
    if point_id == LATEST:
        return None
    if point_id and not POINT_ID.fullmatch(point_id):
        node.fault("recoveryPointId", f"must be the 32 hex digits that a recovery point is named by, or '{LATEST}'")
    return point_id


def _read_time(node: Node) -> datetime | None:
    text = node.text("recoveryPointTime", required=True)
    try:
        return read_instant(text) if text else None
    except ValueError as error:
        node.fault("recoveryPointTime", str(error))
        return None


def _read_target_id(source: Node) -> str:
    source.choice("datasourceType", (DISK,))
    source.choice("resourceType", (DISK,))
    source.choice("objectType", ("Datasource",))
    for name in ("resourceLocation", "resourceName", "resourceUri"):
        source.text(name)
    text = source.text("resourceID", required=True)
    if not text:
        return ""
    try:
        return parse_resource_id(text, DISK).text
    except ValueError as error:
        source.fault("resourceID", str(error))
        return ""


def _read_zones(wanted: Node) -> tuple[str, ...] | None:
    zones = wanted.raw("zones")
    if zones is None:
        return None
    if not isinstance(zones, list) or not all(zone in ZONES for zone in zones):
        wanted.fault("zones", "must be a list of zones '1', '2' or '3'; an empty one for a disk without a zone")
        return None
    return tuple(zones)


def _read_size(wanted: Node) -> int | None:
    size = wanted.raw("sizeGB")
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_SIZE_GB:
        wanted.fault("sizeGB", f"must be a whole number from 1 to {MAX_SIZE_GB}")
        return None
    return size


def _read_flag(wanted: Node, key: str, *, default: bool) -> bool:
    value = wanted.raw(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        wanted.fault(key, "must be true or false")
        return default
    return value
