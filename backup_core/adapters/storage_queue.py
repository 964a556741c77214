"""The job queue in Azure's Queue Storage, in the form that the Functions host reads: base64 text, few queues.

Leaves to others: what a message says (domain/messages.py) and receiving it (the Functions host).
"""

from __future__ import annotations

import base64
import logging
import math
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from backup_core.adapters.azure_errors import Call, CallKind, translated
from backup_core.domain.errors import BackupError
from backup_core.domain.messages import RETENTION, Sendable, encode
from backup_core.ports import PoisonMessage

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.storage.queue import QueueClient

log = logging.getLogger("diskbackup.queue")

LONGEST_DELAY = timedelta(days=7)  # of Azure's queues
_MARKED = RETENTION  # the queue of what must not run on tables that are older than the world
_MARK = "diskbackupmark"
_NEVER = -1  # expires; a week is the default, after which a waiting backup would be forgotten
_MOST = 32  # messages of one request
_HELD_SECONDS = 300
_AT_ONCE = 8  # requests within the SDK's own pool of ten connections
_FEW = 4  # messages for which threads are not worth their start
_TIMEOUTS: Mapping[str, Any] = {"connection_timeout": 5, "read_timeout": 20}


class StorageQueue:
    """See ports.JobQueue. Reached by a connection string, or by an endpoint with a credential.

    Queues are made when they are first missed. `per_call_policies` go into the SDK's pipeline (to count or log calls).
    """

    def __init__(
        self,
        *,
        connection_string: str | None = None,
        endpoint: str = "",
        credential: TokenCredential | None = None,
        per_call_policies: Sequence[Any] = (),
    ) -> None:
        from azure.storage.queue import LinearRetry, QueueServiceClient, TextBase64EncodePolicy

        options: dict[str, Any] = {
            **_TIMEOUTS,
            # Two short retries take up a dropped connection; sending twice is harmless.
            "retry_policy": LinearRetry(backoff=0, retry_total=2, random_jitter_range=0),
            # The storage SDKs ignore azure-core's own option for this (measured).
            "_additional_pipeline_policies": list(per_call_policies),
        }
        if connection_string:
            self._service = QueueServiceClient.from_connection_string(connection_string, **options)
        else:
            self._service = QueueServiceClient(account_url=endpoint, credential=credential, **options)
        self._encoding = TextBase64EncodePolicy()
        self._clients: dict[str, QueueClient] = {}
        self._lock = threading.Lock()

    def send(self, message: Sendable, *, delay: timedelta = timedelta(0)) -> None:
        from azure.core.exceptions import ResourceNotFoundError

        client = self._client(message.queue)
        text, seconds = encode(message), _seconds(delay)
        with translated(Call(kind=CallKind.QUEUES, target=client.url)):
            try:
                client.send_message(text, visibility_timeout=seconds, time_to_live=_NEVER)
            except ResourceNotFoundError:
                _make(client)
                client.send_message(text, visibility_timeout=seconds, time_to_live=_NEVER)

    def send_all(self, messages: Sequence[tuple[Sendable, timedelta]]) -> None:
        if len(messages) < _FEW:
            errors = [self._tried(message, delay) for message, delay in messages]
        else:
            with ThreadPoolExecutor(_AT_ONCE) as threads:
                errors = list(threads.map(lambda pair: self._tried(*pair), messages))
        for error in errors:
            if error is not None:
                raise error

    def _tried(self, message: Sendable, delay: timedelta) -> BackupError | None:
        try:
            self.send(message, delay=delay)
        except BackupError as error:
            return error
        return None

    def poisoned(self, queue: str) -> tuple[PoisonMessage, ...]:
        from azure.core.exceptions import ResourceNotFoundError

        client = self._service.get_queue_client(f"{queue}-poison")  # as it is: what is there may be no base64
        with translated(Call(kind=CallKind.QUEUES, target=client.url)):
            try:
                pages = client.receive_messages(messages_per_page=_MOST, visibility_timeout=_HELD_SECONDS).by_page()
                found = next(pages, ())
            except ResourceNotFoundError:
                return ()
        return tuple(
            PoisonMessage(queue=queue, text=_decoded(each.content), message_id=each.id, receipt=each.pop_receipt or "")
            for each in found
        )

    def forget(self, message: PoisonMessage) -> None:
        from azure.core.exceptions import ResourceNotFoundError

        client = self._service.get_queue_client(f"{message.queue}-poison")
        with translated(Call(kind=CallKind.QUEUES, target=client.url)):
            try:
                client.delete_message(message.message_id, message.receipt)
            except ResourceNotFoundError:
                log.info("poison.forgotten queue=%s", message.queue)

    def leave_mark(self, text: str) -> None:
        """Metadata of a queue, which no restore of tables touches."""
        from azure.core.exceptions import ResourceNotFoundError

        client = self._client(_MARKED)
        with translated(Call(kind=CallKind.QUEUES, target=client.url)):
            try:
                client.set_queue_metadata({_MARK: text})
            except ResourceNotFoundError:
                _make(client)
                client.set_queue_metadata({_MARK: text})

    def read_mark(self) -> str | None:
        from azure.core.exceptions import ResourceNotFoundError

        client = self._client(_MARKED)
        with translated(Call(kind=CallKind.QUEUES, target=client.url)):
            try:
                return (client.get_queue_properties().metadata or {}).get(_MARK)
            except ResourceNotFoundError:
                return None

    def _client(self, queue: str) -> QueueClient:
        with self._lock:
            if queue not in self._clients:
                self._clients[queue] = self._service.get_queue_client(queue, message_encode_policy=self._encoding)
            return self._clients[queue]


def _decoded(text: str) -> bytes:
    """What the message says; what is not base64 says itself."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return text.encode(errors="replace")


def _make(client: QueueClient) -> None:
    from azure.core.exceptions import ResourceExistsError

    try:
        client.create_queue()
        log.info("queue.created queue=%s", client.queue_name)
    except ResourceExistsError:
        log.debug("queue.present queue=%s", client.queue_name)


def _seconds(delay: timedelta) -> int:
    """Whole seconds, never early."""
    if not timedelta(0) <= delay <= LONGEST_DELAY:
        raise ValueError(f"a message can be put off by up to {LONGEST_DELAY.days} days, not by {delay}")
    return math.ceil(delay.total_seconds())
