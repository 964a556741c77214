"""What a release left behind (written by record.py), put into today's fakes or into real tables.

Leaves to others: what must come of it (test_upgrade.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sortedcontainers import SortedDict

from backup_core.domain.messages import QUEUES
from tests.fakes import _Operation, _Resource
from tests.workflows.platform import Platform

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "upgrade"
RELEASES = tuple(sorted(path.stem for path in GOLDEN.glob("*.json")))


def read(release: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((GOLDEN / f"{release}.json").read_text())
    return content


def messages_of(release: str) -> list[dict[str, Any]]:
    """What lies in queues that are still listened to. They were renamed before the first release, without a bridge:
    what lay in others is lost, and its work comes again by the watch, the agenda and the reconciler."""
    messages: list[dict[str, Any]] = read(release)["messages"]
    return [message for message in messages if message["queue"] in QUEUES]


def taken_over(release: str) -> Platform:
    """Today's platform at the moment when the release stopped."""
    left = read(release)
    platform = Platform()
    world = platform.world
    world.clock.set(datetime.fromisoformat(left["at"]))
    world.store.forget_everything()
    world.events.checked = False  # events that were waiting are as their release wrote them
    for name, table in (("records", world.store._records), ("agenda", world.store._agenda)):
        for number, entity in enumerate(left[name]):
            rows = table.setdefault(entity["PartitionKey"], SortedDict())
            rows[entity["RowKey"]] = {**entity, "etag": f'W/"old-{number}"'}
    for message in messages_of(release):
        world.queue._put(message["queue"], message["text"], datetime.fromisoformat(message["visibleAt"]))
    _fill_cloud(platform, left)
    return platform


def _fill_cloud(platform: Platform, left: Mapping[str, Any]) -> None:
    cloud = platform.world.cloud
    cloud.groups = set(left["groups"])
    cloud._disks = {key: _resource(each) for key, each in left["disks"].items()}
    cloud._snapshots.update({key: _resource(each) for key, each in left["snapshots"].items()})
    cloud._operations = {
        url: _Operation(resource_id=each["resourceId"], ready_at=datetime.fromisoformat(each["readyAt"]))
        for url, each in left["operations"].items()
    }
    for _ in left["operations"]:
        next(cloud._numbers)  # today's operations get numbers of their own


def _resource(each: Mapping[str, Any]) -> _Resource:
    return _Resource(
        raw=each["raw"],
        ready_at=datetime.fromisoformat(each["readyAt"]),
        copied_at=datetime.fromisoformat(each["copiedAt"]),
        created_at=datetime.fromisoformat(each["createdAt"]),
    )
