"""Events to an Event Grid topic as CloudEvents, or to the log when there is no topic.

Refusals that will never change (400, 413: a malformed or oversized event) are answered, event by event: raising them
would bring the same event back for ever. Everything else is raised, and the outbox tells it again.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backup_core.adapters.azure_errors import Call, CallKind, translated
from backup_core.domain.errors import RequestRefused
from backup_core.domain.events import Event
from backup_core.ports import Refusal

if TYPE_CHECKING:
    from azure.core import PipelineClient
    from azure.core.credentials import AzureKeyCredential, TokenCredential

log = logging.getLogger("diskbackup.events")

BATCH_COUNT = 100
BATCH_BYTES = 900_000  # Event Grid takes arrays of up to 1 MB (documented)
_HOPELESS = (400, 413)
_ENVELOPE_BYTES = 1_000  # what a CloudEvent adds to its data
_API_VERSION = "2018-01-01"
_HEADERS = {"Content-Type": "application/cloudevents-batch+json; charset=utf-8"}
_SCOPE = "https://eventgrid.azure.net/.default"


class EventGridSink:
    """See ports.EventSink. `credential` is an access key or a token credential. Thread-safe."""

    def __init__(self, *, endpoint: str, credential: AzureKeyCredential | TokenCredential) -> None:
        self._endpoint = endpoint
        self._credential = credential
        self._made: PipelineClient[Any, Any] | None = None
        self._lock = threading.Lock()

    def publish(self, events: Sequence[Event]) -> tuple[Refusal, ...]:
        return tuple(refusal for batch in _batches(events) for refusal in self._send(batch))

    def _send(self, batch: Sequence[Event]) -> list[Refusal]:
        try:
            with translated(Call(kind=CallKind.EVENTS, target=self._endpoint)):
                self._post([_cloud_event(event) for event in batch])
        except RequestRefused as error:
            if not _is_hopeless(error):
                raise
            if len(batch) == 1:
                return [Refusal(event=batch[0], code=error.code, message=error.message)]
            return [refusal for event in batch for refusal in self._send([event])]  # the good must not go with the bad
        return []

    def _post(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Event Grid's publish operation (documented). Raises azure-core's errors."""
        from azure.core.exceptions import HttpResponseError
        from azure.core.rest import HttpRequest

        body = json.dumps(events)
        request = HttpRequest(
            "POST", self._endpoint, params={"api-version": _API_VERSION}, headers=_HEADERS, content=body
        )
        answer = self._client().send_request(request)
        if answer.status_code != 200:
            raise HttpResponseError(response=answer)

    def _client(self) -> PipelineClient[Any, Any]:
        with self._lock:
            if self._made is None:
                self._made = _client(self._endpoint, self._credential)
            return self._made


def _client(endpoint: str, credential: AzureKeyCredential | TokenCredential) -> PipelineClient[Any, Any]:
    """A client without retries: the outbox tells again. azure-eventgrid's publisher takes neither this nor time-outs,
    but for each call, and then writes a warning for each option and event (measured, 4.22)."""
    from azure.core import PipelineClient
    from azure.core.credentials import AzureKeyCredential
    from azure.core.pipeline.policies import AzureKeyCredentialPolicy, BearerTokenCredentialPolicy, UserAgentPolicy

    sign: Any
    if isinstance(credential, AzureKeyCredential):
        sign = AzureKeyCredentialPolicy(credential, "aeg-sas-key")
    else:
        sign = BearerTokenCredentialPolicy(credential, _SCOPE)
    policies = [UserAgentPolicy("disk-backup"), sign]
    return PipelineClient(endpoint, policies=policies, connection_timeout=5, read_timeout=20)


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


def _cloud_event(event: Event) -> dict[str, Any]:
    """The event in the JSON format of CloudEvents 1.0."""
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.at.isoformat(),
        "data": dict(event.content),
    }
