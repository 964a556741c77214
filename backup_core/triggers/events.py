"""What Azure tells of its resources: an Event Grid trigger, and a queue for those who let Event Grid deliver into one.

A storage queue needs no function to exist when the subscription is made, and keeps events while the app is down; the
trigger is quicker. Either way an event is read, looked into, and let go; one that cannot be looked into now goes on in
the queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.functions as func

from backup_core.app import Services
from backup_core.domain.messages import RESOURCE_EVENTS
from backup_core.triggers.queues import CONNECTION

if TYPE_CHECKING:
    from backup_core.workflows.resource_events import SnapshotHomes


def event_blueprint(services: Services) -> func.Blueprint:
    blueprint = func.Blueprint()
    homes = _Homes()

    @blueprint.function_name("resource_changed")
    @blueprint.event_grid_trigger(arg_name="event")
    @services.observe
    def resource_changed(event: func.EventGridEvent) -> None:
        from backup_core.domain.resource_event import read_event
        from backup_core.workflows.resource_events import notice

        hint = read_event(_told(event))
        if hint is not None:
            notice(services.ports(), hint, homes.get())

    @blueprint.function_name("resource_events")
    @blueprint.queue_trigger(arg_name="message", queue_name=RESOURCE_EVENTS, connection=CONNECTION)
    @services.observe
    def resource_events(message: func.QueueMessage) -> None:
        from backup_core.workflows.resource_events import take_message

        take_message(services.ports(), message.get_body(), homes.get())
        services.watch_if_late()

    return blueprint


class _Homes:
    """What this process remembers of snapshots' homes. Made when it is needed: a cold start imports no workflow."""

    def __init__(self) -> None:
        self._made: SnapshotHomes | None = None

    def get(self) -> SnapshotHomes:
        if self._made is None:
            from backup_core.workflows.resource_events import SnapshotHomes

            self._made = SnapshotHomes()
        return self._made


def _told(event: func.EventGridEvent) -> dict[str, object]:
    """The event's JSON as far as it is read. The library makes an object of another class of a CloudEvent."""
    if isinstance(event, func.CloudEvent):
        return {"specversion": "1.0", "type": event.type, "subject": event.subject, "data": event.get_json()}
    return {"eventType": event.event_type, "subject": event.subject, "data": event.get_json()}
