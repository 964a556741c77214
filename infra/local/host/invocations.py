"""One run of a function: timed, limited, logged, its queue outputs written.

Leaves to others: why it runs (queues.py, timers.py, web.py) and the call itself (worker.py).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from . import payloads, worker
from .logs import Rows
from .payloads import Payload
from .worker import CallResult, Function

logger = logging.getLogger("host.invocations")

_RESTARTED = "the worker was restarted in mid-run: "

QueueOutput = Callable[[Mapping[str, Any], bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended; `returned` is the library's Datum for `$return`.

    `hangs_for` is of a run whose worker was killed for another's time-out: the real host waits for it until its own
    (measured), so that its message stays hidden so long.
    """

    ok: bool
    returned: Any = None
    error: str | None = None
    hangs_for: timedelta = timedelta(0)


class InvocationLog:
    """A line of JSON per run in `invocations-<pid>.jsonl`; without a directory, nothing."""

    def __init__(self, directory: Path | None) -> None:
        self._file: TextIO | None = None
        if directory:
            directory.mkdir(parents=True, exist_ok=True)
            self._file = (directory / f"invocations-{os.getpid()}.jsonl").open("a", buffering=1, encoding="utf-8")

    def write(self, **fields: Any) -> None:
        if self._file:
            self._file.write(json.dumps(fields) + "\n")


class Invocations:
    """Runs functions. `worker_lost` is set once a run passed the time limit: the worker must be started anew."""

    def __init__(self, *, timeout: timedelta | None, queue_output: QueueOutput, log: InvocationLog, rows: Rows) -> None:
        self._timeout = timeout.total_seconds() if timeout else None
        self._queue_output = queue_output
        self._log = log
        self.rows = rows
        self._functions: dict[str, str] = {}  # which function a run under way is of
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.worker_lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def run(
        self, function: Function, payload: Payload, *, reason: str, dequeue_count: int | None = None
    ) -> Outcome:
        """Run to the end or the time limit. Never raises for what the function does."""
        invocation_id = str(uuid.uuid4())
        started_at, began = datetime.now(UTC), time.perf_counter()
        logger.info("Executing '%s' (Reason='%s', Id=%s)", function.name, reason, invocation_id)
        category = f"Function.{function.name}"
        self.rows.trace(category, logging.INFO, f"Executing '{category}' (Reason='{reason}', Id={invocation_id})")
        self._functions[invocation_id] = function.name
        self._enter()
        try:
            result = await self._limited(function, invocation_id, payload)
            error = result.error or await self._write_outputs(function, result)
        finally:
            self._leave()
            del self._functions[invocation_id]
        duration = time.perf_counter() - began
        self._report(function, invocation_id, reason, started_at, duration, result, error, dequeue_count)
        return Outcome(ok=error is None, returned=result.returned, error=error, hangs_for=self._rest(result, duration))

    def _rest(self, result: CallResult, duration: float) -> timedelta:
        is_orphan = bool(result.error and result.error.startswith(_RESTARTED))
        return timedelta(seconds=max(0.0, (self._timeout or 0) - duration)) if is_orphan else timedelta(0)

    def running_here(self) -> str | None:
        """The function that this thread runs now."""
        return self._functions.get(worker.invocation_id() or "")

    async def idle(self) -> None:
        """Return when nothing runs."""
        await self._idle.wait()

    async def _limited(self, function: Function, invocation_id: str, payload: Payload) -> CallResult:
        inputs = [(function.trigger["name"], payload.value)]
        call = asyncio.ensure_future(worker.call(function, invocation_id, inputs, payload.metadata))
        either: set[asyncio.Future[Any]] = {call, self.worker_lost}
        await asyncio.wait(either, timeout=self._timeout, return_when=asyncio.FIRST_COMPLETED)
        if call.done():
            return call.result()
        if not self.worker_lost.done():
            text = f"Timeout value of {timedelta(seconds=self._timeout or 0)} was exceeded by function: {function.name}"
            self.worker_lost.set_result(text)
            return CallResult(ok=False, error=text)
        return CallResult(ok=False, error=f"{_RESTARTED}{self.worker_lost.result()}")

    async def _write_outputs(self, function: Function, result: CallResult) -> str | None:
        outputs = dict(result.outputs) | ({"$return": result.returned} if result.returned is not None else {})
        try:
            for binding in function.outputs:
                if binding["type"] == "queue" and outputs.get(binding["name"]) is not None:
                    for body in payloads.queue_outputs(outputs[binding["name"]]):
                        await self._queue_output(binding, body)
        except Exception as error:
            logger.exception("The output of '%s' could not be written", function.name)
            return repr(error)
        return None

    def _report(
        self,
        function: Function,
        invocation_id: str,
        reason: str,
        started_at: datetime,
        duration: float,
        result: CallResult,
        error: str | None,
        dequeue_count: int | None,
    ) -> None:
        verdict, level = ("Failed", logging.ERROR) if error else ("Succeeded", logging.INFO)
        text = "Executed '%s' (%s, Id=%s, Duration=%dms) %s"
        logger.log(level, text, function.name, verdict, invocation_id, duration * 1000, error or "")
        category = f"Function.{function.name}"
        told = f"Executed '{category}' ({verdict}, Id={invocation_id}, Duration={duration * 1000:.0f}ms)"
        self.rows.trace(category, level, told)
        self.rows.request(function.name, succeeded=error is None, result_code=_result_code(function, result))
        if error is not None:
            self.rows.exception(function.name, error)
        self._log.write(
            function=function.name,
            invocation_id=invocation_id,
            reason=reason,
            started_at=started_at.isoformat(),
            duration_ms=round(duration * 1000, 2),
            own_ms=round(result.own_seconds * 1000, 2),
            ok=error is None,
            dequeue_count=dequeue_count,
            error=error,
        )

    def _enter(self) -> None:
        self._running += 1
        self._idle.clear()

    def _leave(self) -> None:
        self._running -= 1
        if not self._running:
            self._idle.set()


def _result_code(function: Function, result: CallResult) -> str:
    """The status that an HTTP function answered, else "0", as AppRequests has it."""
    if str(function.trigger["type"]).lower() != "httptrigger":
        return "0"
    return "500" if result.error or result.returned is None else str(payloads.http_answer(result.returned).status)
