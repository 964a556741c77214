"""Health: a summary of a vault, of a subscription or of all that the caller may see; a sign of life for strangers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from backup_core.api.call import Answer, Call
from backup_core.api.linked import may_see_instance
from backup_core.api.wire import instant
from backup_core.domain.events import Severity
from backup_core.domain.health import Health, Ranked
from backup_core.domain.heartbeat import ALLOWED, Heartbeat
from backup_core.domain.objective import ObjectiveState
from backup_core.domain.resource_ids import VAULT, VaultKey
from backup_core.ports import Ports
from backup_core.workflows import catalogue
from backup_core.workflows.health import health_of
from backup_core.workflows.heartbeat import is_alive, recent_beat

_PROVIDER = VAULT.partition("/")[0]


def live(ports: Ports, call: Call) -> Answer:
    """Whether each duty was done lately, for load balancers and dead-man services: anybody may ask, and learns nothing
    else. 503 when it is not, or when that cannot be told."""
    del call
    if is_alive(ports):
        return Answer(status=200, body={"status": "ok"})
    return Answer(status=503, body={"status": "stalled"})


def of_vault(ports: Ports, call: Call) -> Answer:
    vault = catalogue.get_vault(ports, call.vault).at(ports.clock.now())
    return _answer(ports, call, f"{VAULT}/health", [call.vault], immutability=vault.immutability)


def of_subscription(ports: Ports, call: Call) -> Answer:
    return _answer(ports, call, f"{_PROVIDER}/health", list(vaults_seen(ports, call, call.subscription)))


def of_all(ports: Ports, call: Call) -> Answer:
    return _answer(ports, call, f"{_PROVIDER}/health", list(vaults_seen(ports, call)))


def vaults_seen(ports: Ports, call: Call, subscription: str | None = None) -> Iterator[VaultKey]:
    """The vaults of a subscription, or all, that the caller may see."""
    keys = catalogue.list_vault_keys(ports, subscription=subscription)
    return (key for key in keys if call.may_see(key))


def _answer(ports: Ports, call: Call, kind: str, vaults: list[VaultKey], *, immutability: str | None = None) -> Answer:
    """`immutability` is the vault's own, of several none."""
    health, beat = health_of(ports, vaults), recent_beat(ports)
    health = replace(health, worst=_seen(ports, call, health.worst), next_due=_seen(ports, call, health.next_due))
    properties = {
        "time": instant(ports.clock.now()),
        "lastTick": instant(beat.ticked_at if beat else None),
        "duties": _duties(beat, ports.clock.now()),
        "tables": _tables(beat),
        "immutability": _immutability(ports, health, immutability),
        "deletionBrake": {"instancesStopped": health.braked},
        **_render(health),
    }
    return Answer(status=200, body={"id": call.resource, "name": "health", "type": kind, "properties": properties})


def _seen(ports: Ports, call: Call, named: Iterable[Ranked]) -> tuple[Ranked, ...]:
    """Those whose disks the caller may reach; the sums count all."""
    return tuple(each for each in named if may_see_instance(ports, call, each.vault, each.name))


def _duties(beat: Heartbeat | None, now: datetime) -> list[dict[str, Any]]:
    """What the timers have to do, when each was last done, and whether that is too long ago."""
    stalled = ALLOWED if beat is None else beat.stalled(now)
    return [
        {"name": duty, "lastDone": instant(beat.last(duty) if beat else None), "isStalled": duty in stalled}
        for duty in ALLOWED
    ]


def _tables(beat: Heartbeat | None) -> dict[str, bool]:
    """Whether they are known to be older than the world, so that nothing is deleted before an operator says go on; and
    whether what they had forgotten is back."""
    held = beat.set_back if beat is not None and beat.is_held else None
    return {"isSetBack": held is not None, "isReconciled": held is None or held.reconciled_at is not None}


def _immutability(ports: Ports, health: Health, state: str | None) -> dict[str, Any]:
    """Who keeps what is immutable: Azure as well, or this app only, which whoever has its identity gets around.
    Where Azure keeps the points, it may still not keep their copies in some region."""
    by_azure = ports.promises.binds_snapshots and not health.unbound
    return {
        "state": state,
        "keptBy": "Azure" if by_azure else "ThisAppOnly",
        "instancesNotBound": health.unbound,
        "copiesNotBound": [
            {"location": location, "instancesNotBound": count}
            for location, count in sorted(health.copies_unbound.items())
        ],
    }


def _render(health: Health) -> dict[str, Any]:
    """`sourceDiskBytes` is the size of the disks behind `backupInstances` that have a recovery point: the first
    snapshot of each takes no more, each later one what changed since."""
    return {
        "vaults": health.vaults,
        "vaultsLeftOut": health.left_out,
        "backupInstances": {state.value: health.states[state] for state in ObjectiveState},
        "jobs": {
            "since": instant(health.jobs_since),
            "counts": [
                {"operation": operation.value, "status": status.value, "count": count}
                for (operation, status), count in sorted(health.jobs.items(), key=lambda item: str(item[0]))
            ],
        },
        "worst": [_worst(each) for each in health.worst],
        "nextDue": [_next_due(each) for each in health.next_due],
        "storage": {"backupInstances": health.with_points, "sourceDiskBytes": health.disk_bytes},
        "activeAlerts": {severity.value: health.severities[severity.value] for severity in Severity},
        "events": {"waiting": health.waiting, "refused": health.refused},
        "unreadableRecords": health.unreadable,
    }


def _worst(ranked: Ranked) -> dict[str, Any]:
    standing = ranked.standing
    return {
        **_named(ranked),
        "state": standing.state.value,
        "reason": standing.reason,
        "recoveryPointTime": instant(ranked.point_at),
        "ageSeconds": None if standing.age is None else int(standing.age.total_seconds()),
        "objectiveSeconds": int(standing.objective.total_seconds()),
    }


def _next_due(ranked: Ranked) -> dict[str, Any]:
    return {**_named(ranked), "slot": instant(ranked.next_at)}


def _named(ranked: Ranked) -> dict[str, Any]:
    return {"backupInstanceId": f"{ranked.vault.resource_id}/backupInstances/{ranked.name}"}
