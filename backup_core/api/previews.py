"""Previews: what a policy will do, and what a change of it means for what exists. Ours; Azure Backup has none.

A preview asks and changes nothing. Each answer says what it supposes, so that its numbers can be reckoned again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.linked import instances_seen, refuse_closed_instance
from backup_core.api.wire import body_of, instant, iso_duration, read_instant, read_optional_body, skip_token
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.forecast import ForecastSlot
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.previews import (
    ChangePreview,
    Explanation,
    LimitMet,
    NewestMoved,
    PointsOn,
    PolicyPreview,
    preview_policy,
)
from backup_core.domain.reading import Node, node_of, raise_faults
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.schedule import START_YEARS
from backup_core.ports import Ports
from backup_core.workflows import catalogue, previews

SLOTS, SLOTS_AT_MOST = 10, 1_000
DAYS, DAYS_AT_MOST = 366, 3_660
DATES_AT_MOST = 12
RECKONED_AT_MOST = 50_000  # slots
_PREVIEW_CHANGE = "Microsoft.DataProtection/backupVaults/backupPolicies/previewChange/action"
CHANGE_DATES = (0, 1, 7, 30, 90, 365)  # days from now, unless dates are asked for
SUPPOSED = (
    "Every slot is backed up at once, and every backup succeeds.",
    "A point goes as soon as it has expired and is not the newest.",
)
_SUPPOSED_OF_A_CHANGE = (
    *SUPPOSED,
    "Recovery points that exist keep what they were promised; the change counts for those to come.",
)


def preview(ports: Ports, call: Call) -> Answer:
    """Of the draft in the body, or without one of the stored policy. Raises NotFound."""
    catalogue.get_vault(ports, call.vault)
    node = node_of(read_optional_body(call))
    begin = node.parsed("startTime", _read_start) or ports.clock.now()
    slots = node.number("slots", 1, SLOTS_AT_MOST) or SLOTS
    span = timedelta(days=node.number("days", 1, DAYS_AT_MOST) or DAYS)
    dates = read_dates(node, begin, span)
    draft = read_draft(node, call.names["policy"])
    if draft is None and not node.has("properties"):
        draft = catalogue.get_policy(ports, call.vault, call.names["policy"]), ()
    if draft is not None:
        check_size(node, draft[0], span)
    raise_faults(node)
    assert draft is not None, "what cannot be read is a fault"
    policy, faults = draft
    seen = preview_policy(policy, begin, span, slots=slots, days=dates or (begin + span,))
    return Answer(status=200, body=_render_preview(policy, seen, faults))


def preview_change(ports: Ports, call: Call) -> Answer:
    """What the draft in the body would mean in place of the stored policy: for a page of its instances, or for one with
    each of its points. Raises NotFound."""
    node = body_of(call)
    now = ports.clock.now()
    asked = read_dates(node, now, timedelta(days=DAYS_AT_MOST))
    dates = asked or tuple(now + timedelta(days=days) for days in CHANGE_DATES)
    name = node.text("backupInstanceName")
    draft = read_draft(node, call.names["policy"], required=True)
    token = skip_token(call)
    if draft is not None:
        check_size(node, draft[0], max(dates) - now, target="dates")
    raise_faults(node)
    assert draft is not None, "it is required"
    if name:
        refuse_closed_instance(ports, call, name, target="backupInstanceName", action=_PREVIEW_CHANGE)
    before = catalogue.get_policy(ports, call.vault, call.names["policy"])
    after, faults = draft
    check_size(node, before, max(dates) - now, target="dates")
    raise_faults(node)
    told: dict[str, Any] = {"assumptions": list(_SUPPOSED_OF_A_CHANGE), "faults": render_faults(faults)}
    if name:
        change, as_it_is, changed = previews.preview_change_of(ports, call.vault, name, before, after, dates)
        one = _render_change(call, name, change) | {"recoveryPoints": _render_moves(as_it_is, changed)}
        return Answer(status=200, body={"value": [one], **told})
    page = previews.preview_changes(ports, call.vault, before, after, dates, token=token)
    seen = instances_seen(ports, call, [name for name, _ in page.items])
    value = [_render_change(call, name, change) for name, change in page.items if name in seen]
    more = {"nextLink": call.next_link(page.next_token)} if page.next_token else {}
    return Answer(status=200, body={"value": value, **told, **more})


# ---------------------------------------------------------------- what is sent


def _read_start(text: str) -> datetime:
    start = read_instant(text)
    if start.year not in START_YEARS:
        raise ValueError(f"{text!r} lies outside the years {START_YEARS[0]} to {START_YEARS[-1]}")
    return start


def read_dates(node: Node, begin: datetime, span: timedelta) -> tuple[datetime, ...]:
    """Those asked for, which lie within the time that is looked at."""
    found: list[datetime] = []
    texts = node.items("dates")
    if len(texts) > DATES_AT_MOST:
        node.fault("dates", f"has {len(texts)} times; at most {DATES_AT_MOST} are allowed")
    for index, text in enumerate(texts[:DATES_AT_MOST]):
        try:
            date = read_instant(text if isinstance(text, str) else repr(text))
            if not begin <= date <= begin + span:
                raise ValueError(f"{instant(date)} is not within {instant(begin)} to {instant(begin + span)}")
            found.append(date)
        except ValueError as error:
            node.fault(f"dates[{index}]", str(error))
    return tuple(sorted(found))


def read_draft(node: Node, name: str, *, required: bool = False) -> tuple[BackupPolicy, Sequence[Fault]] | None:
    """The policy, and what forbids it to be written so: one that keeps too much is shown, to see when it would."""
    properties = node.child("properties", required=required)
    if not properties.is_there:
        return None
    try:
        return BackupPolicy.parse(name, properties.value), ()
    except InvalidInput as error:
        faults = error.faults
    try:
        return BackupPolicy.parse(name, properties.value, check_limits=False), faults
    except InvalidInput:
        node.faults.extend(faults)
        return None


def check_size(node: Node, policy: BackupPolicy, span: timedelta, *, target: str = "days") -> None:
    """Note where more slots would have to be reckoned than a preview may."""
    if policy.schedule.max_slots_in(int(span.total_seconds())) > RECKONED_AT_MOST:
        possible = int(RECKONED_AT_MOST * policy.schedule.min_gap / timedelta(days=1))
        node.fault(
            target, f"a preview reckons {RECKONED_AT_MOST:,} slots at most; of this schedule ask for {possible} days"
        )


# ---------------------------------------------------------------- what is answered


def _render_preview(policy: BackupPolicy, seen: PolicyPreview, faults: Sequence[Fault]) -> dict[str, Any]:
    kept = {rule.name: rule.duration.iso() for rule in policy.retention_rules}
    return {
        "policyName": policy.name,
        "timeZone": policy.schedule.time_zone,
        "startTime": instant(seen.begin),
        "endTime": instant(seen.end),
        "slots": [_render_slot(slot) for slot in seen.slots],
        "slotCount": seen.slot_count,
        "tags": [{"tagName": name, "count": seen.tags[name], "duration": duration} for name, duration in kept.items()],
        "dates": [_render_date(day) for day in seen.days],
        "peak": {"count": seen.peak.count, "time": instant(seen.peak.at)},
        "limits": _render_limits(seen.limits),
        "slotsTooCloseForAzure": seen.refused,
        "slotsTooCloseForBackgroundCopies": seen.too_close_to_copy,
        "assumptions": list(SUPPOSED),
        "faults": render_faults(faults),
    }


def _render_slot(slot: ForecastSlot) -> dict[str, Any]:
    moved = abs(slot.clocks)
    sign = "-" if slot.clocks < timedelta(0) else ""
    return {
        "time": instant(slot.at),
        "localTime": slot.local.isoformat(),
        "clockChange": f"{sign}{iso_duration(moved)}" if moved else None,
    }


def _render_date(day: PointsOn) -> dict[str, Any]:
    points = [{**_render_point(item.point, item.because), "retentionTagReason": because} for because, item in day.kept]
    return {"time": instant(day.at), "count": len(points), "recoveryPoints": points}


def _render_point(point: RecoveryPoint, because: Sequence[str]) -> dict[str, Any]:
    return {
        "recoveryPointTime": instant(point.created_at),
        "retentionTagName": point.tag_name,
        "expiryTime": instant(point.expires_at),
        "reasons": list(because),
    }


def _render_limits(limits: Sequence[LimitMet]) -> list[dict[str, Any]]:
    return [{"limit": met.limit, "of": met.what, "exceededOn": instant(met.on)} for met in limits]


def render_faults(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    return [{"code": fault.code, "message": fault.message, "target": fault.target} for fault in faults]


def _render_change(call: Call, name: str, change: ChangePreview) -> dict[str, Any]:
    return {
        "backupInstanceId": f"{call.vault.resource_id}/backupInstances/{name}",
        "newestRecoveryPoint": _render_newest(change.newest) if change.newest else None,
        "shortenedRetention": list(change.shortened),
        "counts": [{"time": instant(each.at), "before": each.before, "after": each.after} for each in change.counts],
        "limits": _render_limits(change.limits),
    }


def _render_newest(newest: NewestMoved) -> dict[str, Any]:
    return {
        "recoveryPointTime": instant(newest.created_at),
        "goesBefore": instant(newest.before),
        "goesAfter": instant(newest.after),
        "reason": newest.because,
    }


def _render_moves(before: Sequence[Explanation], after: Sequence[Explanation]) -> list[dict[str, Any]]:
    return [
        {
            "name": old.point.point_id,
            **_render_point(old.point, old.because),
            "goesBefore": instant(old.decided_at),
            "goesAfter": instant(new.decided_at),
        }
        for old, new in zip(before, after, strict=True)
    ]
