"""The compliance report of a vault or a subscription for any period, as JSON or as CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.health import vaults_seen
from backup_core.api.questions import one_at_a_time
from backup_core.api.wire import instant, iso_duration, reached, read_instant
from backup_core.domain.compliance import InstanceReport
from backup_core.domain.copy_report import RegionReport
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Ports
from backup_core.workflows import catalogue
from backup_core.workflows.compliance import ComplianceReport, compliance_report

FORMATS = ("json", "csv")
UNLESS_TOLD = timedelta(days=30)  # the period of a report that nobody named one for: up to now
_EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
# What a spreadsheet would take for a formula when a cell begins with it (OWASP: CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def of_vault(ports: Ports, call: Call) -> Answer:
    catalogue.get_vault(ports, call.vault)
    return _answer(ports, call, [call.vault])


def of_subscription(ports: Ports, call: Call) -> Answer:
    return _answer(ports, call, vaults_seen(ports, call, call.subscription))


def _answer(ports: Ports, call: Call, vaults: Iterable[VaultKey]) -> Answer:
    begin, end, form = _read(call, ports.clock.now())
    told = tuple(vaults)
    with one_at_a_time(told):
        report = compliance_report(ports, told, begin, end)
    if form == "csv":
        headers = {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": 'attachment; filename="compliance-report.csv"',
        }
        return Answer(status=200, text=_csv(call, report), headers=headers)
    return Answer(status=200, body=_json(call, report))


def _read(call: Call, now: datetime) -> tuple[datetime, datetime, str]:
    """The parameters `from`, `to` and `format`. Raises InvalidInput that names every fault."""
    faults: list[Fault] = []
    begin, end = read_period(call, now, faults)
    form = (call.parameter("format") or FORMATS[0]).lower()
    if form not in FORMATS:
        faults.append(Fault(target="format", message=f"must be {' or '.join(FORMATS)}, not {form[:40]!r}"))
    if faults:
        raise InvalidInput(faults)
    return begin, end, form


def read_period(call: Call, now: datetime, faults: list[Fault]) -> tuple[datetime, datetime]:
    """The parameters `from` and `to`; what is faulty is as if nobody had told it."""
    end = _instant(call, "to", now, faults)
    return _instant(call, "from", max(end, _EARLIEST) - UNLESS_TOLD, faults), end


def _instant(call: Call, name: str, unless_told: datetime, faults: list[Fault]) -> datetime:
    text = call.parameter(name)
    try:
        return unless_told if text is None else read_instant(text)
    except ValueError as error:
        faults.append(Fault(target=name, message=str(error)[:200]))
        return unless_told


def _json(call: Call, report: ComplianceReport) -> dict[str, Any]:
    return {
        "from": instant(report.period.begin),
        "to": instant(report.period.end),
        "byJobsAlone": [vault.resource_id for vault in report.by_jobs_alone],
        "value": reached(call, map(_row, report.rows)),
    }


def _row(row: InstanceReport) -> dict[str, Any]:
    return {
        "backupInstanceId": f"{row.vault.resource_id}/backupInstances/{row.name}",
        "dataSourceId": row.disk_id,
        "policyName": row.policy_name,
        "state": row.state.value,
        "objective": iso_duration(row.objective),
        "slotsDue": row.due,
        "slotsTaken": row.taken,
        "slotsLate": row.late,
        "slotsMissed": row.missed,
        "slotsFailed": row.failed,
        "onDemand": row.on_demand,
        "pointsLost": row.lost,
        "pointsHeld": row.held,
        "legalHolds": list(row.holds),
        "longestGap": iso_duration(row.longest_gap),
        "restoreTests": row.restore_tests,
        "restoreTestsFailed": row.tests_failed,
        "lastRestoreTest": _evidence(row),
        "copies": [_region(row, region) for region in row.copies],
    }


def _region(row: InstanceReport, region: RegionReport) -> dict[str, Any]:
    """Without the group that the copies lie in: who may not reach that reads of the disk all the same."""
    copies = f"{row.vault.resource_id}/backupInstances/{row.name}/recoveryPointCopies"
    return {
        "location": region.location,
        "copyRuleName": region.rule_name or None,
        "state": region.state.value,
        "objective": iso_duration(region.objective) if region.objective is not None else None,
        "age": iso_duration(region.age) if region.age is not None else None,
        "newestCopyId": f"{copies}/{region.newest_id}" if region.newest_id else None,
        "newestRecoveryPointTime": instant(region.newest_at),
        "newestCompletedTime": instant(region.completed_at),
        "made": region.made,
        "late": region.late,
        "failed": region.failed,
        "missed": region.missed,
        "waiting": region.waiting,
        "kept": region.kept,
        "lost": region.lost,
        "expiryBlocked": region.blocked,
    }


def _evidence(row: InstanceReport) -> dict[str, Any] | None:
    test = row.last_test
    if test is None:
        return None
    return {
        "jobId": f"{row.vault.resource_id}/backupJobs/{test.job_id}",
        "time": instant(test.at),
        "verdict": test.verdict,
        "recoveryPointId": test.point_id or None,
        "recoveryPointTime": instant(test.point_time),
        "sampledBytes": test.sampled_bytes,
        "dataHash": test.data_hash or None,
        "findings": list(test.findings),
    }


def _in_cells(row: dict[str, Any]) -> dict[str, Any]:
    """A row as it stands in a table: what is told of the newest test, and of copies, in columns of their own. Regions
    stand in each of these side by side, in the same order; what a region has not is `none`."""
    test = row["lastRestoreTest"] or {}
    told = {_column("lastRestoreTest", name): test.get(name) or "" for name in _OF_A_TEST}
    copies = {_column("copies", name): [_word(region[name]) for region in row["copies"]] for name in _OF_A_REGION}
    plain = {name: value for name, value in row.items() if name not in ("lastRestoreTest", "copies")}
    return {**plain, **told, **copies}


def _column(of: str, name: str) -> str:
    return f"{of}{name[0].upper()}{name[1:]}"


def _word(value: Any) -> str:
    """Of several in a cell, which blanks part."""
    return "none" if value is None else str(value).replace(" ", "-")


_OF_A_TEST = (
    "time",
    "verdict",
    "recoveryPointId",
    "recoveryPointTime",
    "sampledBytes",
    "dataHash",
    "findings",
    "jobId",
)
_OF_A_REGION = (
    "location",
    "copyRuleName",
    "state",
    "objective",
    "age",
    "newestCopyId",
    "newestRecoveryPointTime",
    "newestCompletedTime",
    "made",
    "late",
    "failed",
    "missed",
    "waiting",
    "kept",
    "lost",
    "expiryBlocked",
)


def _csv(call: Call, report: ComplianceReport) -> str:
    """One line for each instance, the period on each: a line says what it says wherever it is pasted."""
    period = {"from": instant(report.period.begin), "to": instant(report.period.end)}
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerow([*period, *_COLUMNS])
    for row in map(_in_cells, reached(call, map(_row, report.rows))):
        writer.writerow([safe_cell(_cell(value)) for value in (*period.values(), *row.values())])
    return written.getvalue()


_COLUMNS = (
    "backupInstanceId",
    "dataSourceId",
    "policyName",
    "state",
    "objective",
    "slotsDue",
    "slotsTaken",
    "slotsLate",
    "slotsMissed",
    "slotsFailed",
    "onDemand",
    "pointsLost",
    "pointsHeld",
    "legalHolds",
    "longestGap",
    "restoreTests",
    "restoreTestsFailed",
    *(_column("lastRestoreTest", name) for name in _OF_A_TEST),
    *(_column("copies", name) for name in _OF_A_REGION),
)


def _cell(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def safe_cell(text: str) -> str:
    """The text as a spreadsheet shows it and never runs it: an apostrophe goes before what could be a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
