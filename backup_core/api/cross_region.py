"""Azure's requests for restores in another region, which name the backup instance in their body: its copies there, a
restore of one, whether that would work, and the jobs of such restores. `az dataprotection` sends them for
`--use-secondary-region`.

They lie in the resource group of the vault and in the region that is restored to. A restore, and its validation, is
answered as the request of its instance that it stands for, with that region as its restoreLocation: so all that is
asked of the one is asked of the other.

Leaves to others: which instance or vault is named (named_source.py), and the restore (restores.py, validations.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any

from backup_core.api import jobs, recovery_points, restores, validations
from backup_core.api.call import Answer, Call
from backup_core.api.guarding import check_guarded
from backup_core.api.linked import may_see_job, refuse_closed_instance
from backup_core.api.named_source import DETAILS, INSTANCE_ID, VAULT_ID, in_instance, instance_in, vault_in
from backup_core.api.wire import body_of, iso_duration
from backup_core.domain.copying import as_point
from backup_core.domain.errors import InvalidInput, NotFound
from backup_core.domain.guard import Critical
from backup_core.domain.job import COPY_LOCATION, Job, JobOperation
from backup_core.domain.reading import Node, raise_faults
from backup_core.domain.resource_ids import VAULT, VaultKey, plain_location
from backup_core.domain.restored_copy import copies_in
from backup_core.ports import Ports, pages
from backup_core.workflows import catalogue
from backup_core.workflows.acting import acting_for
from backup_core.workflows.surroundings import check_locks

_WANTED = "restoreRequestObject"
JOBS_SINCE = timedelta(days=7)  # unless the filter says since when
JOBS_AT_MOST = 1_000


def restore(ports: Ports, call: Call) -> Answer:
    """202 with both URLs, as of a restore."""
    inner, wanted = _restore_of(ports, call)
    inner = replace(inner, body=json.dumps(wanted).encode())
    acting = acting_for(ports, inner.vault)
    check_locks(acting, inner.vault, inner.resource, deleting=False)
    check_guarded(acting, inner, Critical.RESTORE)
    try:
        return restores.restore(acting, inner)
    except InvalidInput as error:
        raise InvalidInput([replace(each, target=f"{_WANTED}.{each.target}") for each in error.faults]) from error


def validate(ports: Ports, call: Call) -> Answer:
    inner, wanted = _restore_of(ports, call)
    inner = replace(inner, body=json.dumps({_WANTED: wanted}).encode())
    return validations.validate_restore(acting_for(ports, inner.vault), inner)


def list_points(ports: Ports, call: Call) -> Answer:
    """The recovery points of an instance that have a whole copy in the region, newest first. All of them at once:
    clients follow a link to a next page by GET, which carries no body."""
    node = body_of(call)
    bounds = recovery_points.read_filter(call.parameter("$filter") or "")
    inner = _of_instance(ports, call, node)
    since, until = bounds.get("startdate"), bounds.get("enddate")
    read = pages(lambda token: catalogue.list_copies(ports, inner.vault, inner.names["instance"], token=token))
    told = [
        recovery_points.render(inner.vault, as_point(copy))
        for copy in copies_in((stored.value for page in read for stored in page.items), call.names["location"])
        if copy.is_whole and call.may_reach(copy.snapshot_id)
        if (since is None or copy.point_at >= since) and (until is None or copy.point_at <= until)
    ]
    return Answer(status=200, body={"value": told})


def list_jobs(ports: Ports, call: Call) -> Answer:
    """The restores of a vault from copies in the region, newest first: those of a week, unless the filter says since
    when. As the points, all at once."""
    vault = _vault(ports, call, body_of(call))
    narrowed = jobs.read_filter(call.parameter("$filter") or "")
    narrowed = replace(narrowed, since=narrowed.since or ports.clock.now() - JOBS_SINCE)
    found = (
        job for job in _jobs(ports, vault, narrowed) if _is_here(job, call) and may_see_job(ports, call, vault, job)
    )
    told = [jobs.render_in_list(vault, job) for job in islice(found, JOBS_AT_MOST)]
    return Answer(status=200, body={"value": told})


def get_job(ports: Ports, call: Call) -> Answer:
    node = body_of(call)
    name = node.text("jobId", required=True)
    vault = _vault(ports, call, node)
    job = catalogue.get_job(ports, vault, name.lower())
    if not _is_here(job, call) or not may_see_job(ports, call, vault, job):
        raise NotFound(f"Job '{name}' of vault '{vault.name}' is no restore in {call.names['location']}.")
    return Answer(status=200, body=jobs.render(vault, job, duration=iso_duration(jobs.length(job))))


def _jobs(ports: Ports, vault: VaultKey, narrowed: catalogue.JobFilter) -> Iterator[Job]:
    read = pages(lambda token: catalogue.list_jobs(ports, vault, narrowed=narrowed, token=token))
    return (stored.value for page in read for stored in page.items)


def _is_here(job: Job, call: Call) -> bool:
    """Whether it restores from a copy in the region of the URL."""
    location = str(job.details.get(COPY_LOCATION) or "")
    return job.operation is JobOperation.RESTORE and plain_location(location) == plain_location(call.names["location"])


def _restore_of(ports: Ports, call: Call) -> tuple[Call, Mapping[str, Any]]:
    """The call as of the instance that its body names, and the body of a restore there. Raises InvalidInput, NotFound,
    LinkedRefused."""
    node = body_of(call)
    wanted = node.child(_WANTED, required=True)
    details = node.child(DETAILS, required=True)
    if not details.is_there:
        raise_faults(node)
    target = wanted.child("restoreTargetInfo")
    here, said = plain_location(call.names["location"]), target.location("restoreLocation")
    if said and said != here:
        target.fault("restoreLocation", f"must be {here}, the region in the URL, or absent")
    inner = _of_instance(ports, call, details)
    if not target.is_there:
        return inner, wanted.value  # told by whoever reads it
    place = {**_without(target.value, "restoreLocation"), "restoreLocation": here}
    return inner, {**_without(wanted.value, "restoreTargetInfo"), "restoreTargetInfo": place}


def _without(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name.lower() != key.lower()}


def _of_instance(ports: Ports, call: Call, node: Node) -> Call:
    """The call as of the instance that `node` names. Raises InvalidInput, NotFound, LinkedRefused."""
    found = instance_in(call, node.text(INSTANCE_ID, required=True))
    if found is None and node.has(INSTANCE_ID):
        node.fault(INSTANCE_ID, f"must be {_group_of(call)}/{VAULT}/<vault>/backupInstances/<name>")
    vault = _check_place(ports, call, node, found[0] if found else None)
    name = found[1] if found else ""
    inner = in_instance(call, vault, name)
    refuse_closed_instance(ports, inner, name, target=INSTANCE_ID, action=f"{VAULT}/backupInstances/read")
    catalogue.get_instance(ports, vault, name)
    return inner


def _vault(ports: Ports, call: Call, node: Node) -> VaultKey:
    """The vault that `node` names. Raises InvalidInput, NotFound."""
    found = vault_in(call, node.text(VAULT_ID, required=True))
    if found is None and node.has(VAULT_ID):
        node.fault(VAULT_ID, f"must be {_group_of(call)}/{VAULT}/<vault>")
    return _check_place(ports, call, node, found)


def _group_of(call: Call) -> str:
    return f"{call.group.text}/providers"


def _check_place(ports: Ports, call: Call, node: Node, vault: VaultKey | None) -> VaultKey:
    """Answers the vault, if `sourceRegion` is its region, and that of the URL is another."""
    region = node.location("sourceRegion", required=True)
    raise_faults(node)
    assert vault is not None, "else there was a fault"
    home = plain_location(catalogue.get_vault(ports, vault).location)
    if region != home:
        node.fault("sourceRegion", f"must be {home}, where vault '{vault.name}' lies")
    if plain_location(call.names["location"]) == home:
        node.fault("sourceRegion", "is the region in the URL: restore there by the restore of the instance")
    raise_faults(node)
    return vault
