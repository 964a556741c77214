"""Which copy a restore in another region reads, and, where there is none to read, why and what can be had instead.

Leaves to others: reading the copies and holding the one that is read (workflows/restore_source.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from backup_core.domain.copying import CopyState, PointCopy
from backup_core.domain.errors import Fault
from backup_core.domain.resource_ids import plain_location
from backup_core.domain.restore import RestoreRequest

LOCATION = "restoreTargetInfo.restoreLocation"
_WHY = {
    CopyState.WAITING: "waits to be made",
    CopyState.COPYING: "is being made",
    CopyState.EXPIRING: "is being deleted",
    CopyState.LOST: "is gone: somebody deleted its snapshot",
}


def lies_elsewhere(request: RestoreRequest, home: str) -> bool:
    """Whether the request names another region than that of the points' own snapshots. Where nobody knows that one, it
    does not."""
    return bool(request.location and home) and plain_location(request.location or "") != plain_location(home)


def copies_in(copies: Iterable[PointCopy], location: str) -> list[PointCopy]:
    """Those in a region, newest first."""
    found = [each for each in copies if plain_location(each.location) == plain_location(location)]
    return sorted(found, key=lambda each: (each.point_at, each.copy_id), reverse=True)


def copy_meant(copies: Sequence[PointCopy], request: RestoreRequest) -> PointCopy | None:
    """The whole copy in the request's region that it means: of its point, or the newest, of that time or before."""
    return next((each for each in copies_in(copies, request.location or "") if _is_meant(each, request)), None)


def _is_meant(copy: PointCopy, request: RestoreRequest) -> bool:
    if request.point_id is not None:
        return copy.is_whole and copy.point_id == request.point_id
    return copy.is_whole and (request.at is None or copy.point_at <= request.at)


def regions_meant(copies: Iterable[PointCopy], request: RestoreRequest) -> list[str]:
    """Where whole copies of what the request means lie, whatever region it names."""
    return sorted({plain_location(each.location) for each in copies if _is_meant(each, request)})


def copy_of_slot(copies: Sequence[PointCopy], location: str, slot: datetime) -> PointCopy | None:
    """The whole copy in a region of the point of a scheduled instant."""
    return next((each for each in copies_in(copies, location) if each.is_whole and each.slot == slot), None)


def no_copy(copies: Sequence[PointCopy], request: RestoreRequest, home: str) -> Fault:
    """Of a region without the copy that is meant. `home`: the region of the point's own snapshot, "" where that is
    gone, too."""
    location = request.location or ""
    there = [each for each in copies_in(copies, location) if each.point_id == request.point_id]
    if there:
        message = f"the copy of recovery point '{request.point_id}' in {location} {_WHY[there[0].state]}"
        message += f" ({there[0].because})" if there[0].is_wanted and there[0].because else ""
    elif request.point_id is not None:
        message = f"recovery point '{request.point_id}' has no copy in {location}"
    else:
        until = f" of {request.at:%Y-%m-%dT%H:%M:%SZ} or before" if request.at else ""
        message = f"there is no whole copy{until} in {location}"
    return Fault(target=LOCATION, message="; ".join([message, *_instead(copies, request, home)]))


def _instead(copies: Sequence[PointCopy], request: RestoreRequest, home: str) -> list[str]:
    """What can be restored: the same elsewhere, and the newest copy there."""
    location = request.location or ""
    regions = sorted({*regions_meant(copies, request), *([plain_location(home)] if home else [])})
    told = [f"it can be restored in {' or '.join(regions)}"] if regions else []
    newest = next((each for each in copies_in(copies, location) if each.is_whole), None)
    if newest is not None:
        at = f"{newest.point_at:%Y-%m-%dT%H:%M:%SZ}"
        told.append(f"the newest whole copy in {location} is of recovery point '{newest.point_id}' of {at}")
    if not told:
        told.append("copies are made by a copy rule, of the recovery points that are taken after it")
    return told
