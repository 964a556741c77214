"""Where each protected disk of a vault stands, a thousand to a page: for lists of many. Ours; Azure Backup has none.

An instance read by itself says how it was configured; this says whether it can be restored, and from when. It reads
the rows' glances only, as health does.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.storage_history import render_held
from backup_core.api.wire import instant, reached, skip_token
from backup_core.domain.health import InstanceGlance, rank
from backup_core.domain.instance import ProtectionState
from backup_core.domain.resource_ids import VaultKey
from backup_core.domain.storage_day import CURRENCY, holding_of
from backup_core.ports import Ports
from backup_core.workflows import catalogue

PAGE_SIZE = 999  # the most glances that one transaction reads


def list_in_vault(ports: Ports, call: Call) -> Answer:
    catalogue.get_vault(ports, call.vault)
    page = ports.store.glance(InstanceGlance, call.vault, token=skip_token(call), limit=PAGE_SIZE)
    now = ports.clock.now()
    there = (each for each in page.items if each.marks.state is not ProtectionState.SOFT_DELETED)
    body: dict[str, Any] = {"value": reached(call, (_render(call.vault, each, now) for each in there))}
    if page.next_token is not None:
        body["nextLink"] = call.next_link(page.next_token)
    return Answer(status=200, body=body)


def _render(vault: VaultKey, glance: InstanceGlance, now: datetime) -> dict[str, Any]:
    """`nextBackupTime` is null for what takes no backups; `sizeBytes` is the disk's at its newest point, 0 without.
    `recoveryPoints` is null until they were counted, after an update of the app; of estimates storageHistory says what
    they suppose."""
    standing = rank(vault, glance, now).standing
    marks = glance.marks
    return {
        "backupInstanceId": f"{vault.resource_id}/backupInstances/{glance.name}",
        "friendlyName": glance.friendly_name,
        "dataSourceId": glance.disk_id,
        "dataSourceLocation": glance.location,
        "snapshotResourceGroupId": glance.snapshot_group_id,
        "policyName": glance.policy_name,
        "currentProtectionState": marks.state.value,
        "state": standing.state.value,
        "reason": standing.reason,
        "recoveryPointTime": instant(marks.point_at),
        "objectiveSeconds": marks.objective_seconds,
        "nextBackupTime": instant(glance.next_at) if marks.state.will_be_backed_up else None,
        "sizeBytes": glance.disk_bytes,
        "recoveryPoints": None if glance.point_count is None else glance.point_count.count,
        **render_held(holding_of(glance)),
        "currency": CURRENCY,
        "activeAlerts": list(glance.severities),
    }
