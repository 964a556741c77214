"""Hold the records against what exists: disks against the rules, snapshots against recovery points both ways, instances
against the agenda.

Free of input and safe to repeat: whatever a crash, a lost message or a hand at the portal left behind is found here.

A pass has parts, each of which fails for itself: the rules, each snapshot group disk by disk (reconcile_group.py), each
vault, and what is the world's. A run of it works for a while (run_time.py); a message has another go on behind that.
Each run reads anew what it needs beside: one that dies is done again, and two at once do what one does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import ParamSpec

from backup_core.domain.heartbeat import RECONCILE, RECONCILING
from backup_core.domain.instance import BackupInstance, DiskClaim
from backup_core.domain.job import Job, first_id_at
from backup_core.domain.messages import GoOnReconciling
from backup_core.domain.resource_ids import ANYWHERE, VaultKey, parse_group_id, plain_location
from backup_core.domain.vault import Vault
from backup_core.ports import Ports, Remove, every
from backup_core.workflows import outbox
from backup_core.workflows.audit_age import purge_audit_records
from backup_core.workflows.catalogue import every_vault
from backup_core.workflows.heartbeat import last_beat, note
from backup_core.workflows.installations import installation
from backup_core.workflows.quotas import check_regions
from backup_core.workflows.rebuild import ensure_vault
from backup_core.workflows.reconcile_copies import reconcile_copies
from backup_core.workflows.reconcile_group import AT_LEAST, Agenda, Keeping, Records, reconcile_group
from backup_core.workflows.reconcile_report import ReconcileReport
from backup_core.workflows.reconcile_restore_tests import reconcile_restore_tests
from backup_core.workflows.run_time import Time
from backup_core.workflows.set_back import note_reconciled
from backup_core.workflows.snapshot_groups import remember_group, remembered_groups
from backup_core.workflows.storage_days import note_storage
from backup_core.workflows.tag_rules import apply_all as apply_all_rules

log = logging.getLogger("diskbackup.reconcile")

SILENT_FOR = timedelta(minutes=12)  # longer than a message is held by a host that died
JOBS_KEPT = timedelta(days=90)
JOBS_PURGED_PER_VAULT = 3000  # a pass: more than 5,000 hourly disks make in a quarter of an hour
_TOGETHER = 100  # records of one transaction

# Called with what it is to go on behind ("": all of it); answers None when it is through, or behind what to go on.
_Part = Callable[[str], str | None]

P = ParamSpec("P")


class PartsFailed(Exception):
    """Parts of a pass failed, each for itself; the others were done."""


def begin_pass(ports: Ports) -> None:
    """Begin a pass, unless one is under way. Costs what exists: for every few minutes to hours, not for every tick.
    Raises PartsFailed when it was the whole, and not all went well."""
    beat = last_beat(ports)
    begun, done = (beat.last(RECONCILING), beat.last(RECONCILE)) if beat is not None else (None, None)
    if begun is not None and (done is None or done < begun) and ports.clock.now() - begun < SILENT_FOR:
        log.info("reconcile.under_way since=%s", begun.isoformat())
        return
    _run(ports, None)


def go_on_reconciling(ports: Ports, message: GoOnReconciling) -> None:
    """Go on with a pass behind what the message names. Raises PartsFailed at its end when not all went well."""
    _run(ports, message)


def _run(ports: Ports, begun: GoOnReconciling | None) -> None:
    report = reconcile(ports, begun)
    if report.rest is not None:
        note(ports, {RECONCILING: ports.clock.now()})
        ports.queue.send(report.rest)
        return
    failed = len(report.failed) + (begun.failed if begun is not None else 0)
    if failed:
        raise PartsFailed(f"{failed} parts of the pass failed; the log has each with its trace")
    note(ports, {RECONCILE: ports.clock.now()})


def reconcile(ports: Ports, begun: GoOnReconciling | None = None) -> ReconcileReport:
    """One run: the whole pass if there is time for it, else `rest` says what is left. Goes on where `begun` says if
    there is such. Sends and notes nothing itself."""
    time, report = Time.of_run(ports), ReconcileReport()
    at = begun or GoOnReconciling(began_at=ports.clock.now(), part="", after="")
    parts = [(name, part) for name, part in _parts(ports, report, time, at) if name >= at.part]
    for position, (name, part) in enumerate(parts):
        after = at.after if name == at.part else ""
        last = after if time.is_up and position else _do(name, part, after, report)
        if last is not None:
            failed = at.failed + len(report.failed)
            report.rest = GoOnReconciling(began_at=at.began_at, part=name, after=last, failed=failed)
            break
    log.info("reconcile.done %s", report)
    return report


def _do(name: str, part: _Part, after: str, report: ReconcileReport) -> str | None:
    try:
        return part(after)
    except Exception:
        log.exception("reconcile.part_failed part=%s", name)
        report.failed.append(name)
        return None


def _parts(ports: Ports, report: ReconcileReport, time: Time, at: GoOnReconciling) -> Iterator[tuple[str, _Part]]:
    """The parts of a pass in the order of their names."""
    known = list(every_vault(ports))
    vaults, copying = [vault.key for vault in known], {vault.key for vault in known if vault.copy_rules}
    claims = [stored.value for stored in every(ports, DiskClaim, ANYWHERE)]
    vaults += _mend_vaults(ports, set(vaults), claims, report)
    rules = [rule for vault in known for rule in vault.copy_rules]
    records = _read_records(ports, vaults, claims, {parse_group_id(rule.snapshot_group_id).key for rule in rules})
    yield "audit", _whole(purge_audit_records, ports)
    yield "disks", _whole(apply_all_rules, ports, time=time)
    for group in sorted(records.groups, key=lambda stored: stored.value.key):
        yield f"group {group.value.key}", partial(reconcile_group, ports, group, records, report, time)
    # Behind the groups: a point that is adopted there may be owed to another region, or be what its newest copy is of.
    for vault in sorted({*copying, *(each.vault for each in records.kept if each.has_copies)}, key=_partition):
        names = [each.name for each in records.kept if each.vault == vault and (vault in copying or each.has_copies)]
        yield f"other regions {vault.partition}", partial(_reconcile_copies, ports, vault, names, records, report, time)
    yield "points", _whole(_note_points, ports, at, report)
    yield "storage", partial(note_storage, ports, vaults, time)
    for vault in sorted(vaults, key=_partition):
        yield f"vault {vault.partition}", _whole(_reconcile_vault, ports, vault, vaults, records, report)
    yield "world", _whole(_reconcile_world, ports, known, vaults, records, report)


def _partition(vault: VaultKey) -> str:
    return vault.partition


def _reconcile_copies(
    ports: Ports,
    vault: VaultKey,
    names: Sequence[str],
    records: Records,
    report: ReconcileReport,
    time: Time,
    after: str,
) -> str | None:
    return reconcile_copies(
        ports, vault, names, records.agenda, records.installation, report, time.at_least(AT_LEAST), after
    )


def _whole(do: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> _Part:
    """A part that is done in one go."""

    def part(_after: str) -> None:
        do(*args, **kwargs)

    return part


def _mend_vaults(
    ports: Ports, known: Collection[VaultKey], claims: Iterable[DiskClaim], report: ReconcileReport
) -> list[VaultKey]:
    """Vaults that are gone though an instance of theirs holds a disk: without one it could neither be seen nor deleted.
    They are written again with the settings that a vault has when nobody says."""
    mended: list[VaultKey] = []
    for claim in claims:
        if claim.vault in known or claim.vault in mended:
            continue
        with report.postponing(f"vault {claim.vault.name}"):
            held = ports.store.get(BackupInstance, claim.vault, claim.instance_name)
            if held is not None:
                ensure_vault(ports, claim.vault, held.value.disk_location)
                log.error("vault.written_again vault=%s instance=%s", claim.vault.resource_id, claim.instance_name)
                mended.append(claim.vault)
    report.vaults += [key.name for key in mended]
    return mended


def _read_records(
    ports: Ports, vaults: Iterable[VaultKey], claims: Iterable[DiskClaim], copied_to: Collection[str]
) -> Records:
    kept = []
    remembered = {stored.value.group.key for stored in remembered_groups(ports)}
    for vault in vaults:
        for stored in every(ports, BackupInstance, vault):
            kept.append(Keeping.of(vault, stored.value))
            if kept[-1].group not in remembered:
                remember_group(ports, vault, parse_group_id(stored.value.snapshot_group_id))
                remembered.add(kept[-1].group)
    return Records(
        groups=remembered_groups(ports),
        kept=kept,
        claimed={claim.key for claim in claims},
        agenda=Agenda.read(ports),
        installation=installation(ports),
        copied_to=copied_to,
    )


def _note_points(ports: Ports, at: GoOnReconciling, report: ReconcileReport) -> None:
    """All points that were missing are back, if the tables were what they are when the first was looked for."""
    if not at.failed and not report.failed:
        note_reconciled(ports, began_at=at.began_at if at.part else ports.clock.now())


def _reconcile_vault(
    ports: Ports, vault: VaultKey, vaults: Sequence[VaultKey], records: Records, report: ReconcileReport
) -> None:
    _forget_jobs(ports, vault, report)
    reconcile_restore_tests(ports, vault, vaults, records.agenda.woken, records.installation, report)


def _forget_jobs(ports: Ports, vault: VaultKey, report: ReconcileReport) -> None:
    """Jobs that ended long ago are forgotten, a bounded number a pass: ids sort newest first, so they stand last."""
    with report.postponing(f"jobs of {vault.name}"):
        until = ports.clock.now() - JOBS_KEPT
        old = ports.store.page(Job, vault, first=first_id_at(until), limit=JOBS_PURGED_PER_VAULT)
        ended = [Remove(stored) for stored in old.items if stored.value.is_ended]
        for start in range(0, len(ended), _TOGETHER):
            ports.store.commit(vault, ended[start : start + _TOGETHER])
        report.purged_jobs += len(ended)


def _reconcile_world(
    ports: Ports, known: Iterable[Vault], vaults: Iterable[VaultKey], records: Records, report: ReconcileReport
) -> None:
    with report.postponing("quotas of regions"):
        check_regions(ports, _places(known, records.kept))
    with report.postponing("events"):
        report.overdue_outboxes = outbox.mend(ports, vaults)


def _places(known: Iterable[Vault], kept: Iterable[Keeping]) -> dict[tuple[str, str], VaultKey]:
    """Where protected disks lie, and where they are copied to: subscription and location, each with one of the vaults
    that protect or copy there."""
    copied_to = {
        (parse_group_id(rule.snapshot_group_id).subscription.lower(), plain_location(rule.location)): vault.key
        for vault in known
        for rule in vault.copy_rules
    }
    return copied_to | {
        (parse_group_id(each.group).subscription.lower(), each.disk_location): each.vault
        for each in kept
        if each.disk_location
    }
