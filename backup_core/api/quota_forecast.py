"""The forecast of Azure's limits: for a whole subscription and region, or with a policy changed or given to more disks.
Ours; Azure has none.

Sums are of all vaults that the caller may see; disks are named as far as the caller may reach them. Each answer says
what it supposes, and what it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.health import vaults_seen
from backup_core.api.linked import refuse_closed, touched_by
from backup_core.api.previews import read_draft
from backup_core.api.questions import answered, one_at_a_time
from backup_core.api.wire import instant, read_optional_body
from backup_core.domain.instance import BackupInstance
from backup_core.domain.quota_forecast import Reached
from backup_core.domain.reading import Node, node_of, raise_faults
from backup_core.domain.resource_ids import GUID, plain_location
from backup_core.domain.surroundings import Usage
from backup_core.ports import Ports
from backup_core.workflows import catalogue
from backup_core.workflows.quota_forecast import Change, DiskReached, Place, QuotaForecast, forecast_quotas

DAYS, DAYS_AT_MOST = 90, 366
MORE_DISKS_AT_MOST = 20_000
COPY_HOURS, COPY_HOURS_AT_MOST = 4, 168
NAMED = 10  # disks
_READ = 200  # for those
_OF_POLICY = "Microsoft.DataProtection/backupVaults/backupPolicies/forecastQuotas/action"
_SUPPOSED = (
    "Every slot is backed up at once, and every backup succeeds; a point goes as soon as it has expired.",
    "Recovery points that exist keep what they were promised; those of stopped protection stay.",
    "Snapshots of a region are counted as if all that come were of each redundancy: records do not tell it.",
    "Snapshots and copies that others make stay as many as they are.",
    "Copies from other regions begin with their point; the snapshots that wait at home for them are not counted.",
    "They count in the region and not among the 500 snapshots of their disk: Azure does not say whether they do.",
)
_OF_A_REGION = {
    "Standard_LRS": "snapshots in the region, locally redundant",
    "Standard_ZRS": "snapshots in the region, zone-redundant",
}


def of_location(ports: Ports, call: Call) -> Answer:
    """As things are."""
    node = node_of(read_optional_body(call))
    return _answer(ports, call, node, call.subscription, call.names["location"], None)


def of_policy(ports: Ports, call: Call) -> Answer:
    """With the draft in the body, if any, in place of the stored policy, and so many disks more that follow it. Raises
    NotFound."""
    vault = catalogue.get_vault(ports, call.vault)
    node = node_of(read_optional_body(call))
    subscription = node.text("subscriptionId") or call.subscription
    if not GUID.fullmatch(subscription):
        node.fault("subscriptionId", "must be the id of a subscription, a GUID")
    else:
        refuse_closed(call, f"/subscriptions/{subscription}", target="subscriptionId", action=_OF_POLICY)
    more = node.number("moreDisks", 0, MORE_DISKS_AT_MOST) or 0
    draft = read_draft(node, call.names["policy"])
    if draft is None and not node.has("properties"):
        draft = catalogue.get_policy(ports, call.vault, call.names["policy"]), ()
    change = None if draft is None else Change(vault=call.vault, policy=draft[0], more_disks=more)
    return _answer(ports, call, node, subscription, vault.location, change)


def _answer(ports: Ports, call: Call, node: Node, subscription: str, location: str, change: Change | None) -> Answer:
    span = timedelta(days=node.number("days", 1, DAYS_AT_MOST) or DAYS)
    lasting = timedelta(hours=node.number("copyHours", 1, COPY_HOURS_AT_MOST) or COPY_HOURS)
    raise_faults(node)
    place = Place(subscription=subscription.lower(), location=plain_location(location))
    vaults = list(vaults_seen(ports, call))

    def ask() -> QuotaForecast:
        with one_at_a_time(vaults):
            return forecast_quotas(ports, place, vaults, span, copies_last=lasting, change=change)

    found = answered(ports, call, ask)
    return Answer(status=200, body=_render(ports, call, place, found, lasting))


# ---------------------------------------------------------------- what is answered


def _render(ports: Ports, call: Call, place: Place, found: QuotaForecast, lasting: timedelta) -> dict[str, Any]:
    hours = lasting // timedelta(hours=1)
    others = _limit(f"copies from other regions under way or waiting, if each takes {hours} h", found.lane.at_once)
    is_copied_to = bool(found.copied or found.lane.at_once.most)
    return {
        "subscriptionId": place.subscription,
        "location": place.location,
        "startTime": instant(found.begin),
        "endTime": instant(found.end),
        "backupInstances": found.instances,
        "recoveryPoints": found.points,
        "limits": [
            *(_limit(_OF_A_REGION[kind], each, usage) for kind, (usage, each) in found.region.items()),
            _limit("backups due in a minute: writes that ARM takes at once", found.writes),
            _limit(f"copies in the background under way, if each takes {hours} h", found.copies),
            *([others] if is_copied_to else []),
        ],
        "copiesFromOtherRegions": {
            "recoveryPointCopies": found.copied,
            "mostDueInADay": found.lane.due_in_a_day,
            "canBeMadeInADay": found.lane.made_in_a_day,
            "fallBehindOn": instant(found.lane.behind_on),
        },
        "worstMinute": {
            "time": instant(found.worst.at),
            "backups": found.worst.starts,
            "lastBeginsAfterSeconds": round(found.worst.last_after_seconds),
        },
        "disksThatReachALimit": len({(each.vault, each.name) for each in found.disks}),
        "firstDisks": list(islice(_named(ports, call, found.disks[:_READ]), NAMED)),
        "assumptions": list(_SUPPOSED),
        "unknown": list(found.unknown),
    }


def _limit(what: str, reached: Reached, usage: Usage | None = None) -> dict[str, Any]:
    """`current` is Azure's own count, null where Azure has or tells none."""
    return {
        "of": what,
        "limit": reached.limit,
        "current": usage.current if usage else None,
        "most": reached.most,
        "exceededOn": instant(reached.on),
    }


def _named(ports: Ports, call: Call, disks: Iterable[DiskReached]) -> Iterator[Mapping[str, Any]]:
    """The disks that the caller may reach; those that are to come have no name."""
    for each in disks:
        instance = catalogue.find_instance(ports, each.vault, each.name) if each.name else None
        if each.name and not _is_reached(call, instance):
            continue
        yield {
            "backupInstanceId": f"{each.vault.resource_id}/backupInstances/{each.name}" if each.name else None,
            "dataSourceId": instance.disk_id if instance else None,
            "of": each.met.what,
            "limit": each.met.limit,
            "exceededOn": instant(each.met.on),
        }


def _is_reached(call: Call, instance: BackupInstance | None) -> bool:
    return instance is not None and all(map(call.may_reach, touched_by(instance)))
