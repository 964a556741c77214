"""Soft-deleted backup instances: list, get, and undelete."""

from __future__ import annotations

from typing import Any

from backup_core.api import instances
from backup_core.api.call import Answer, Call
from backup_core.api.protection import changed_late
from backup_core.api.wire import instant, list_answer, read_optional_body, skip_token
from backup_core.domain.instance import BackupInstance
from backup_core.domain.resource_ids import VAULT, VaultKey
from backup_core.ports import Ports
from backup_core.workflows import catalogue, lifecycle
from backup_core.workflows.deletion import DeletionUnderWay

TYPE = f"{VAULT}/deletedBackupInstances"


def list_in_vault(ports: Ports, call: Call) -> Answer:
    page = catalogue.list_instances(ports, call.vault, deleted=True, token=skip_token(call))
    return list_answer(call, page, lambda instance: render(call.vault, instance))


def get(ports: Ports, call: Call) -> Answer:
    instance = catalogue.get_deleted_instance(ports, call.vault, call.names["instance"])
    return Answer(status=200, body=render(call.vault, instance))


def undelete(ports: Ports, call: Call) -> Answer:
    """200 without a body (recorded); the instance is back with its protection stopped. 202 while a deletion may be on
    its way that was begun before the instance was deleted."""
    read_optional_body(call)
    name, now = call.names["instance"], ports.clock.now()
    try:
        lifecycle.undelete_instance(ports, call.vault, name, correlation_id=call.correlation_id)
    except DeletionUnderWay as late:
        return changed_late(call, late, now)
    return Answer(status=200)


def render(vault: VaultKey, instance: BackupInstance) -> dict[str, Any]:
    """The instance as it was, with when it was deleted and when it goes for good. Azure bills until it was deleted
    (recorded)."""
    deletion = {
        "deletionTime": instant(instance.deleted_at),
        "billingEndDate": instant(instance.deleted_at),
        "scheduledPurgeTime": instant(instance.purge_at),
        "deleteActivityID": instance.config_job_id,
    }
    return {
        "properties": {
            "deletionInfo": deletion,
            **instances.asked(vault, instance),
            **instances.standing(instance),
            "objectType": "DeletedBackupInstance",
        },
        "id": f"{vault.resource_id}/deletedBackupInstances/{instance.name}",
        "name": instance.name,
        "type": TYPE,
    }
