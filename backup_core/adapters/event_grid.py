"""Events to an Event Grid topic as CloudEvents, or to the log when there is no topic.

Refusals that will never change (400, 413: a malformed or oversized event) are answered, event by event: raising them
would bring the same event back for ever. Everything else is raised, and the outbox tells it again.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from backup_core.adapters.azure_errors import Call, CallKind, translated
from backup_core.domain.errors import RequestRefused
from backup_core.domain.events import Event
from backup_core.ports import Refusal

if TYPE_CHECKING:
    from azure.core.credentials import AzureKeyCredential, TokenCredential
    from azure.core.messaging import CloudEvent
    from azure.eventgrid import EventGridPublisherClient

log = logging.getLogger("diskbackup.events")

BATCH_COUNT = 100
BATCH_BYTES = 900_000  # Event Grid takes arrays of up to 1 MB (documented)
_HOPELESS = (400, 413)
_ENVELOPE_BYTES = 1_000  # what a CloudEvent adds to its data


class EventGridSink:
    """See ports.EventSink. `credential` is an access key or a token credential. Thread-safe."""

    def __init__(
        self,
        *,
        endpoint: str,
        credential: AzureKeyCredential | TokenCredential,
        per_call_policies: Sequence[Any] = (),
    ) -> None:
        self._endpoint = endpoint
        self._credential = credential
        self._extra_policies = list(per_call_policies)
        self._made: EventGridPublisherClient | None = None
        self._lock = threading.Lock()

    def publish(self, events: Sequence[Event]) -> tuple[Refusal, ...]:
        return tuple(refusal for batch in _batches(events) for refusal in self._send(batch))

    def _send(self, batch: Sequence[Event]) -> list[Refusal]:
        try:
            with translated(Call(kind=CallKind.EVENTS, target=self._endpoint)):
                # Retry options are heeded here only: the client's constructor ignores them (measured).
                self._client().send([_cloud_event(event) for event in batch], retry_total=0)
        except RequestRefused as error:
            if not _is_hopeless(error):
                raise
            if len(batch) == 1:
                return [Refusal(event=batch[0], code=error.code, message=error.message)]
            return [refusal for event in batch for refusal in self._send([event])]  # the good must not go with the bad
        return []

    def _client(self) -> EventGridPublisherClient:
        from azure.eventgrid import EventGridPublisherClient

        with self._lock:
            if self._made is None:
                self._made = EventGridPublisherClient(
                    self._endpoint,
                    self._credential,
                    connection_timeout=5,
                    read_timeout=20,
                    per_call_policies=self._extra_policies,
                )
            return self._made


class LogSink:
    """An EventSink for an app without a topic: events are written to the log and go nowhere else."""

    def publish(self, events: Sequence[Event]) -> tuple[Refusal, ...]:
        for event in events:
            log.info("event.unsent type=%s id=%s source=%s subject=%s", *_identity(event))
        return ()


def _identity(event: Event) -> tuple[str, str, str, str]:
    return event.type, event.id, event.source, event.subject


def _is_hopeless(error: RequestRefused) -> bool:
    return getattr(error.__cause__, "status_code", None) in _HOPELESS


def _batches(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Batches within Event Grid's limits. An event that is too large by itself goes alone, to be refused alone."""
    batch: list[Event] = []
    size = 0
    for event in events:
        added = len(json.dumps(dict(event.content))) + _ENVELOPE_BYTES
        if batch and (len(batch) == BATCH_COUNT or size + added > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += added
    if batch:
        yield batch


def _cloud_event(event: Event) -> CloudEvent[Any]:
    from azure.core.messaging import CloudEvent

    return CloudEvent(
        id=event.id,
        source=event.source,
        type=event.type,
        subject=event.subject,
        time=event.at,
        data=dict(event.content),
    )
