"""What would be, for what exists: reads records and asks the domain. Nothing here changes anything.

A change of a policy is shown a page of instances at a time, from their glances and those of their points: two or three
reads for a page, whatever the points are. Forecasts are made once for all instances of a page whose newest backup is of
the same slot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.health import InstanceGlance, PointGlance
from backup_core.domain.hold import all_holds, standing
from backup_core.domain.instance import BackupInstance, ProtectionState
from backup_core.domain.policy import BackupPolicy
from backup_core.domain.previews import ChangePreview, Existing, Explanation, Outlook, explain, outlook, preview_change
from backup_core.domain.recovery_point import PointState, RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Ports, every, pages
from backup_core.workflows.catalogue import find_vault, get_instance
from backup_core.workflows.deletion import decide

INSTANCES_A_PAGE = 500
# They take no backups, so that no policy changes what becomes of them.
_RESTING = (
    ProtectionState.STOPPED,
    ProtectionState.SUSPENDED,
    ProtectionState.DELETING,
    ProtectionState.SOFT_DELETED,
)


@dataclass(frozen=True, slots=True)
class ChangePage:
    """The instances of a page that follow the policy, by name; it may be empty and yet not be the last."""

    items: tuple[tuple[str, ChangePreview], ...]
    next_token: str | None


def preview_changes(
    ports: Ports,
    vault: VaultKey,
    before: BackupPolicy,
    after: BackupPolicy,
    days: Sequence[datetime],
    *,
    token: str | None = None,
) -> ChangePage:
    """What `after` in place of `before` means for each instance that follows it."""
    page = ports.store.glance(InstanceGlance, vault, token=token, limit=INSTANCES_A_PAGE)
    follow = [glance for glance in page.items if _follows(glance, before)]
    there = existing(ports, vault, [glance.name for glance in follow]) if follow else {}
    outlooks = _outlooks(ports.clock.now(), days)
    return ChangePage(
        tuple(
            (
                glance.name,
                preview_change(
                    outlooks(before, glance.last_success_slot),
                    outlooks(after, glance.last_success_slot),
                    there.get(glance.name.lower(), Existing()),
                    days,
                ),
            )
            for glance in follow
        ),
        page.next_token,
    )


def preview_change_of(
    ports: Ports, vault: VaultKey, name: str, before: BackupPolicy, after: BackupPolicy, days: Sequence[datetime]
) -> tuple[ChangePreview, tuple[Explanation, ...], tuple[Explanation, ...]]:
    """The same of one instance, with each of its points as things are and after the change. Raises NotFound,
    InvalidInput for one that does not follow the policy now."""
    instance = get_instance(ports, vault, name)
    if not _follows(InstanceGlance.of(instance), before):
        message = (
            f"'{name}' follows policy '{instance.policy.name}' and is in state {instance.state.value}; a change of "
        )
        message += f"policy '{before.name}' means nothing for it"
        raise InvalidInput([Fault(target="backupInstanceName", message=message)])
    points = points_of(ports, vault, instance)
    now = ports.clock.now()
    outlooks = _outlooks(now, days)
    there = _existing(map(PointGlance.of, points)).get(name.lower(), Existing())
    change = preview_change(
        outlooks(instance.policy, instance.last_success_slot), outlooks(after, instance.last_success_slot), there, days
    )
    return (
        change,
        explained(ports, vault, instance, points, instance.policy),
        explained(ports, vault, instance, points, after),
    )


def explain_points(ports: Ports, vault: VaultKey, name: str) -> Mapping[str, Explanation]:
    """Why each point of an instance is kept, by the point's id. Raises NotFound."""
    instance = get_instance(ports, vault, name)
    told = explained(ports, vault, instance, points_of(ports, vault, instance), instance.policy)
    return {each.point.point_id: each for each in told}


def explained(
    ports: Ports, vault: VaultKey, instance: BackupInstance, points: Sequence[RecoveryPoint], policy: BackupPolicy
) -> tuple[Explanation, ...]:
    """Why each of an instance's `points` is kept, and when that is next decided, if it followed `policy`."""
    now = ports.clock.now()
    next_slot = policy.schedule.next_slot(now) if instance.takes_scheduled_backups else None
    settings = find_vault(ports, vault)
    decision = decide(instance, settings, points, now)
    keeps_all = instance.keeps_all_points or bool(standing(all_holds(instance, settings), now))
    return explain(decision, now, next_slot, keeps_all=keeps_all)


def points_of(ports: Ports, vault: VaultKey, instance: BackupInstance) -> list[RecoveryPoint]:
    return [stored.value for stored in every(ports, RecoveryPoint, vault, instance.name)]


def _follows(glance: InstanceGlance, policy: BackupPolicy) -> bool:
    return glance.policy_name.casefold() == policy.name.casefold() and glance.marks.state not in _RESTING


def existing(ports: Ports, vault: VaultKey, names: Collection[str]) -> Mapping[str, Existing]:
    """When the points of these instances expire, by the instance's name in lower case."""
    read = pages(lambda token: ports.store.glance(PointGlance, vault, among=names, token=token))
    return _existing(point for page in read for point in page.items)


def _existing(points: Iterable[PointGlance]) -> Mapping[str, Existing]:
    scheduled, on_demand = (defaultdict[str, list[datetime | None]](list) for _ in range(2))
    newest: dict[str, tuple[datetime, datetime | None]] = {}
    for point in points:
        if point.state is PointState.COMPLETED:
            name, found = point.instance_name.lower(), on_demand if point.slot is None else scheduled
            found[name].append(point.expires_at)
            if name not in newest or point.created_at > newest[name][0]:
                newest[name] = point.created_at, point.expires_at
    return {
        name: Existing(scheduled=scheduled[name], on_demand=on_demand[name], newest=each)
        for name, each in newest.items()
    }


def _outlooks(now: datetime, days: Sequence[datetime]) -> Callable[[BackupPolicy, datetime | None], Outlook]:
    made: dict[tuple[int, datetime | None], Outlook] = {}

    def of(policy: BackupPolicy, last_success_slot: datetime | None) -> Outlook:
        key = (id(policy), last_success_slot)
        if key not in made:
            made[key] = outlook(policy, now, days, last_success_slot)
        return made[key]

    return of
