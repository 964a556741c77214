"""Backup instances: protect a disk, read, list, delete, back up on demand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.errors import user_facing
from backup_core.api.operation_ids import begun, of_job, status_header
from backup_core.api.protection import changed_late
from backup_core.api.reading import check_name, read_disk_id, read_identity, read_policy_name, read_snapshot_group
from backup_core.api.wire import body_of, instant, list_answer, reached, skip_token
from backup_core.domain.acting import OWN
from backup_core.domain.audit import differences
from backup_core.domain.instance import BackupInstance, InstanceRequest, ProtectionState
from backup_core.domain.reading import Node, raise_faults
from backup_core.domain.resource_ids import DISK, VAULT, VaultKey, parse_resource_id
from backup_core.domain.snapshot_tags import GIVEN_TAGS_AT_MOST
from backup_core.ports import Ports
from backup_core.workflows import catalogue, lifecycle, on_demand, protection
from backup_core.workflows.deletion import DeletionUnderWay

TYPE = f"{VAULT}/backupInstances"
_STORE_PARAMETERS = "AzureOperationalStoreParameters"
_SOURCE_FIELDS = ("resourceUri", "datasourceType", "resourceName", "resourceType", "resourceLocation")
_PROVISIONING = {
    ProtectionState.CONFIGURING: "Provisioning",
    ProtectionState.ERROR: "Failed",
    ProtectionState.DELETING: "Deleting",
}


def get(ports: Ports, call: Call) -> Answer:
    instance = catalogue.get_instance(ports, call.vault, call.names["instance"])
    return Answer(status=200, body=render(call.vault, instance))


def list_in_vault(ports: Ports, call: Call) -> Answer:
    page = catalogue.list_instances(ports, call.vault, token=skip_token(call))
    return list_answer(call, page, lambda instance: render(call.vault, instance))


def list_of_disk(ports: Ports, call: Call) -> Answer:
    """The instance that protects a disk, whatever vault it lies in: one or none."""
    try:
        found = catalogue.find_protection(ports, f"{call.group.text}/providers/{DISK}/{call.names['disk']}")
    except ValueError:
        found = None  # no disk can be called so
    seen = [found] if found is not None and call.may_see(found.vault) else []
    return Answer(status=200, body={"value": reached(call, (render(one.vault, one.instance) for one in seen))})


def put(ports: Ports, call: Call) -> Answer:
    """201 with the operation's URL, for a new instance and for a changed one (recorded). What is stopped stays stopped:
    resuming is asked for by its own name (recorded; what Azure makes of this one, nobody has recorded)."""
    request = _read_instance(call)
    before = catalogue.find_instance(ports, call.vault, request.name)
    instance, job, _ = protection.configure_instance(
        ports, call.vault, request, correlation_id=call.correlation_id, by=call.caller.object_id, resumes=False
    )
    headers = status_header(call, of_job(call.vault, job))
    changes = differences(asked(call.vault, before), asked(call.vault, instance)) if before is not None else ()
    return Answer(status=201, body=render(call.vault, instance), headers=headers, changes=changes)


def delete(ports: Ports, call: Call) -> Answer:
    """202 with both URLs; 204 when there is no such instance."""
    name, now = call.names["instance"], ports.clock.now()
    try:
        job = lifecycle.delete_instance(
            ports, call.vault, name, correlation_id=call.correlation_id, by=call.caller.object_id
        )
    except DeletionUnderWay as late:
        return changed_late(call, late, now)
    if job is None:
        return Answer(status=204)
    return begun(call, job)


def back_up(ports: Ports, call: Call) -> Answer:
    """202 with both URLs; the job's id is in the operation's result."""
    node = body_of(call)
    options = node.child("backupRuleOptions", required=True)
    rule_name = options.text("ruleName", required=True)
    retention_tag = options.child("triggerOption").text("retentionTagOverride")
    raise_faults(node)
    job = on_demand.request_backup(
        ports,
        call.vault,
        call.names["instance"],
        rule_name=rule_name,
        retention_tag=retention_tag or None,
        correlation_id=call.correlation_id,
    )
    return begun(call, job)


def render(vault: VaultKey, instance: BackupInstance) -> dict[str, Any]:
    """The resource as the service writes it: what the client asked for, then where it stands."""
    return {
        **({"tags": dict(instance.tags)} if instance.tags else {}),
        "properties": {**asked(vault, instance), **standing(instance), "objectType": "BackupInstance"},
        "id": f"{vault.resource_id}/backupInstances/{instance.name}",
        "name": instance.name,
        "type": TYPE,
    }


def asked(vault: VaultKey, instance: BackupInstance) -> dict[str, Any]:
    """The client's properties, with the policy as it is now, and with the disk's region where the client left it out:
    Terraform replaces an instance of which it reads another one than it was told."""
    properties = {name: value for name, value in instance.request.items() if name != "objectType"}
    source = properties.get("dataSourceInfo", {})
    if source and instance.disk_location and not source.get("resourceLocation"):
        kind = {"objectType": source["objectType"]}  # the service's last (recorded)
        properties["dataSourceInfo"] = {**source, "resourceLocation": instance.disk_location, **kind}
    policy_id = f"{vault.resource_id}/backupPolicies/{instance.policy.name}"
    properties["policyInfo"] = {"policyId": policy_id, **properties.get("policyInfo", {})}
    return properties


def standing(instance: BackupInstance) -> dict[str, Any]:
    """Where the instance stands, in the service's words."""
    stands: dict[str, Any] = {"protectionStatus": {"status": instance.state.value}}
    if instance.state is ProtectionState.ERROR:
        # The two fields have different words for it in the specification.
        stands["protectionStatus"]["status"] = "ConfiguringProtectionFailed"
    if instance.error is not None:
        error = user_facing(instance.error)
        stands["protectionStatus"] = {"errorDetails": error, **stands["protectionStatus"]}
        stands["protectionErrorDetails"] = error
    stands["currentProtectionState"] = instance.state.value
    stands["provisioningState"] = _PROVISIONING.get(instance.state, "Succeeded")
    if instance.missed_count:  # ours: the service does not tell
        stands["missedSlots"] = [{"slot": instant(each.slot), "reason": each.because} for each in instance.missed]
        stands["missedSlotCount"] = instance.missed_count
    return stands


def _read_instance(call: Call) -> InstanceRequest:
    """Raises InvalidInput that names every fault of the body."""
    node = body_of(call)
    check_name(node, "instance", call.names["instance"])
    tags = node.tags("tags")
    if len(tags) > GIVEN_TAGS_AT_MOST:
        most = f"at most {GIVEN_TAGS_AT_MOST} are allowed, as its snapshots carry them beside ours"
        node.fault("tags", f"has {len(tags)} tags; {most}")
    request = read_properties(
        node.child("properties", required=True), call.vault, name=call.names["instance"], tags=tags
    )
    raise_faults(node)
    return request


def read_properties(
    properties: Node, vault: VaultKey, *, name: str, tags: Mapping[str, str] | None = None
) -> InstanceRequest:
    """What a client asks for, from an instance's `properties`. Faults are noted in the node: what stands in their place
    is empty, and not to be used."""
    if properties.text("objectType"):  # reported: Terraform's provider sends it empty
        properties.choice("objectType", ("BackupInstance",))
    source = properties.child("dataSourceInfo", required=True)
    disk_id = read_disk_id(source, kind_needed=True)
    policy = properties.child("policyInfo", required=True)
    policy_name = read_policy_name(policy, vault)
    group_id = _read_snapshot_group(policy.child("policyParameters"), disk_id)
    friendly_name = properties.text("friendlyName") or disk_id.rpartition("/")[2]
    return InstanceRequest(
        name=name,
        friendly_name=friendly_name,
        disk_id=disk_id,
        disk_location=source.location("resourceLocation"),
        snapshot_group_id=group_id,
        policy_name=policy_name,
        tags=tags or {},
        request={**_as_asked(friendly_name, disk_id, source, group_id), **_identity_as_asked(properties)},
        acts_as=read_identity(properties),
    )


def _identity_as_asked(properties: Node) -> dict[str, Any]:
    chosen = read_identity(properties)
    if chosen is None:
        return {}
    named = {"userAssignedIdentityArmUrl": chosen} if chosen else {}
    return {"identityDetails": {"useSystemAssignedIdentity": chosen == OWN, **named}}


def _read_snapshot_group(parameters: Node, disk_id: str) -> str:
    stores = parameters.children("dataStoreParametersList")
    store = next((item for item in stores if item.choice("objectType", (_STORE_PARAMETERS,))), None)
    if store is None:
        parameters.fault(
            "dataStoreParametersList",
            f"must hold an {_STORE_PARAMETERS} that names the snapshot resource group",
            "UserErrorOperationalStoreParametersNotProvided",
        )
        return ""
    store.choice("dataStoreType", ("OperationalStore",))
    subscription = parse_resource_id(disk_id, DISK).subscription if disk_id else ""
    code = "UserErrorInvalidOperationalStoreResourceGroup"
    return read_snapshot_group(store, "resourceGroupId", subscription, "disk", code)


def _as_asked(friendly_name: str, disk_id: str, source: Node, group_id: str) -> dict[str, Any]:
    """The client's properties as they are to be answered: known fields only, in the service's order (recorded)."""
    given = {name: source.text(name) for name in _SOURCE_FIELDS if source.has(name)}
    return {
        "friendlyName": friendly_name,
        "dataSourceInfo": {"resourceID": disk_id, **given, "objectType": "Datasource"},
        "policyInfo": {
            "policyParameters": {
                "dataStoreParametersList": [
                    {
                        "dataStoreType": "OperationalStore",
                        "objectType": _STORE_PARAMETERS,
                        "resourceGroupId": group_id,
                    }
                ]
            }
        },
    }
