"""A queue trigger's listener: receives, runs, deletes; backs off, renews, and gives up to the poison queue.

The rules are those of the storage extension 5.x (QueueListener.cs, QueueProcessor.cs), as far as public.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from . import payloads
from .invocations import Invocations, Outcome
from .settings import QueueOptions
from .storage import QueuedMessage, Storage, StorageError, poison_queue
from .worker import Function

logger = logging.getLogger("host.queues")

_FIRST_DELAY = timedelta(milliseconds=100)
# Every message is received, and held, for this long: visibilityTimeout applies to failed runs only.
HOLD = timedelta(minutes=10)
_PROCESSOR = "Microsoft.Azure.WebJobs.Host.Queues.QueueProcessor"
_LOST = ("PopReceiptMismatch", "MessageNotFound", "QueueNotFound")


class Wakeups:
    """Which listeners of this host to wake when it adds a message to their queue itself."""

    def __init__(self) -> None:
        self._events: dict[str, list[asyncio.Event]] = {}

    def register(self, queue: str) -> asyncio.Event:
        event = asyncio.Event()
        self._events.setdefault(queue, []).append(event)
        return event

    def wake(self, queue: str) -> None:
        for event in self._events.get(queue, ()):
            event.set()


@dataclass(slots=True)
class _Held:
    """A message that this host holds; renewals change its pop receipt."""

    message: QueuedMessage
    pop_receipt: str


class QueueListener:
    """One function's loop over one queue."""

    def __init__(
        self,
        function: Function,
        queue: str,
        storage: Storage,
        options: QueueOptions,
        invocations: Invocations,
        wakeups: Wakeups,
        *,
        hold: timedelta = HOLD,
    ) -> None:
        self._function = function
        self._queue = queue
        self._storage = storage
        self._options = options
        self._invocations = invocations
        self._wakeups = wakeups
        self._hold = hold
        self._binary = str(function.trigger.get("dataType", "")).lower() == "binary"
        self._wake = wakeups.register(queue)
        self._stopping = False
        self._runs: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()

    async def listen(self) -> None:
        """Poll until stop(), then return when the last message's run has ended."""
        delays = back_off(self._options.max_polling_interval)
        exists = False
        while not self._stopping:
            messages: tuple[QueuedMessage, ...] = ()
            try:
                exists = exists or await self._storage.queue_exists(self._queue)
                messages = await self._receive() if exists else ()
            except (StorageError, aiohttp.ClientError, TimeoutError) as error:
                exists = False
                logger.warning("Polling '%s' for '%s' failed: %s", self._queue, self._function.name, error)
            if not messages:
                await self._pause(next(delays))
                continue
            delays = back_off(self._options.max_polling_interval)
            for message in messages:
                self._start(message)
            await self._until_room()
        await asyncio.gather(*self._runs)

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    async def _receive(self) -> tuple[QueuedMessage, ...]:
        return await self._storage.receive(self._queue, count=self._options.batch_size, visibility=self._hold)

    async def _pause(self, delay: timedelta) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), delay.total_seconds())
        except TimeoutError:
            return
        self._wake.clear()

    async def _until_room(self) -> None:
        while len(self._runs) > self._options.new_batch_threshold:
            self._room.clear()
            await self._room.wait()

    def _start(self, message: QueuedMessage) -> None:
        run = asyncio.create_task(self._take(_Held(message, message.pop_receipt)))
        self._runs.add(run)
        run.add_done_callback(self._finished)

    def _finished(self, run: asyncio.Task[None]) -> None:
        self._runs.discard(run)
        self._room.set()

    async def _take(self, held: _Held) -> None:
        try:
            body = self._decoded(held.message)
            if body is None or self._is_worn_out(held.message):
                await self._poison(held)
                return
            outcome = await self._outcome(held, body)
            if outcome.ok:
                await self._delete(held)
            else:
                await self._give_back(held, outcome.hangs_for)
        except (StorageError, aiohttp.ClientError, TimeoutError) as error:
            # The message comes back by itself when its hold ends.
            logger.error("Message %s of '%s' could not be settled: %s", held.message.id, self._queue, error)

    def _is_worn_out(self, message: QueuedMessage) -> bool:
        # Since 5.3.8 the limit does not count for a poison queue's own messages.
        return message.dequeue_count > self._options.max_dequeue_count and poison_queue(self._queue) is not None

    def _decoded(self, message: QueuedMessage) -> bytes | None:
        """The body, or None when it is not base64 though host.json says so: no run could ever take it."""
        try:
            return base64.b64decode(message.text, validate=True) if self._options.base64 else message.text.encode()
        except (binascii.Error, ValueError) as error:
            logger.error("Message %s of '%s' is not base64: %s", message.id, self._queue, error)
            return None

    async def _outcome(self, held: _Held, body: bytes) -> Outcome:
        """Run the function; a text that is not UTF-8 counts as a failed run that never reached it."""
        message = held.message
        try:
            payload = payloads.queue(message, body, binary=self._binary)
        except UnicodeDecodeError as error:
            logger.error("Message %s of '%s' is not UTF-8: %s", message.id, self._queue, error)
            return Outcome(ok=False, error=str(error))
        renewal = asyncio.create_task(self._renew(held))
        try:
            reason = f"New queue message detected on '{self._queue}'."
            outcome = await self._invocations.run(
                self._function, payload, reason=reason, dequeue_count=message.dequeue_count
            )
        finally:
            renewal.cancel()
            await asyncio.gather(renewal, return_exceptions=True)
        return outcome

    async def _renew(self, held: _Held) -> None:
        """Hold the message again each time half of its hold has passed; a lost message stops this, not the run."""
        half = self._hold.total_seconds() / 2
        delay = half
        while True:
            await asyncio.sleep(delay)
            try:
                held.pop_receipt = await self._storage.set_visibility(
                    self._queue, held.message.id, held.pop_receipt, self._hold
                )
                delay = half
            except StorageError as error:
                if error.status < 500:
                    logger.warning("Message %s of '%s' is no longer ours: %s", held.message.id, self._queue, error)
                    return
                delay = min(half, 60)
            except (aiohttp.ClientError, TimeoutError):
                delay = min(half, 60)

    async def _give_back(self, held: _Held, hangs_for: timedelta) -> None:
        if poison_queue(self._queue) is None:
            return  # stays invisible until its hold ends, lest it fail in a fast endless loop
        if held.message.dequeue_count >= self._options.max_dequeue_count:
            await self._poison(held)
            return
        try:
            delay = hangs_for + self._options.visibility_timeout
            await self._storage.set_visibility(self._queue, held.message.id, held.pop_receipt, delay)
        except StorageError as error:
            self._raise_unless_lost(error)

    async def _poison(self, held: _Held) -> None:
        target = poison_queue(self._queue)
        if target is None:
            return
        logger.error(
            "Moving message '%s' (dequeued %d times) to queue '%s'", held.message.id, held.message.dequeue_count, target
        )
        limit = self._options.max_dequeue_count
        told = f"Message has reached MaxDequeueCount of {limit}. Moving message to queue '{target}'."
        self._invocations.rows.trace(_PROCESSOR, logging.WARNING, told)
        await self._storage.put_message(target, held.message.text)
        self._wakeups.wake(target)
        await self._delete(held)

    async def _delete(self, held: _Held) -> None:
        try:
            await self._storage.delete_message(self._queue, held.message.id, held.pop_receipt)
        except StorageError as error:
            self._raise_unless_lost(error)

    def _raise_unless_lost(self, error: StorageError) -> None:
        if error.code not in _LOST:
            raise error
        logger.warning("A message of '%s' was lost before it was settled: %s", self._queue, error)


def back_off(maximum: timedelta) -> Iterator[timedelta]:
    """Waits after empty polls: 100 ms, then 100 ms + 2^(n-1) * 100 ms * (0.8 to 1.2), up to `maximum`."""
    yield min(_FIRST_DELAY, maximum)
    delay, exponent = _FIRST_DELAY, 0
    while delay < maximum:
        delay = min(maximum, _FIRST_DELAY + _FIRST_DELAY * 2**exponent * random.uniform(0.8, 1.2))
        exponent += 1
        yield delay
    while True:
        yield maximum
