"""Microsoft's Python worker library, in this process: it indexes the app, converts payloads and calls the functions.

The only file that touches `azure_functions_runtime`. Leaves to others: what triggers a call and what becomes of it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .settings import StartupRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function as the library indexed it; `trigger` is the one of its `bindings` that starts it.

    An async function shares the event loop, where a blocking call stops everything.
    """

    name: str
    id: str
    bindings: tuple[Mapping[str, Any], ...]
    retries: bool = False
    is_async: bool = False

    @property
    def trigger(self) -> Mapping[str, Any]:
        return next(b for b in self.bindings if str(b["type"]).lower().endswith("trigger"))

    @property
    def outputs(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(b for b in self.bindings if str(b.get("direction", "")).upper() == "OUT")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """What the library says of one call; `own_seconds` leaves out the wait for a free thread."""

    ok: bool
    returned: Any = None
    outputs: tuple[tuple[str, Any], ...] = ()
    error: str | None = None
    own_seconds: float = 0.0


async def load(app: Path) -> tuple[Function, ...]:
    """Index the app with the library's own checks. Raises StartupRefused with the library's message."""
    import azure_functions_runtime as runtime

    script = os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
    if not (app / script).is_file():
        raise StartupRefused(f"{app} has no {script}")
    _put_first_on_path(app)
    runtime.start_threadpool_executor()
    _stamp_thread_starts()
    answer = await runtime.worker_init_request(_init_request(app))
    if answer.result.status != _StatusResult.Success:
        raise StartupRefused(_refusal(answer.result.exception))
    found = (await runtime.functions_metadata_request(None)).function_metadata_results
    if not found:
        raise StartupRefused(f"{app / script} declares no function")
    return tuple(_function(metadata) for metadata in found)


async def call(
    function: Function, invocation_id: str, inputs: Sequence[tuple[str, Any]], metadata: Mapping[str, Any]
) -> CallResult:
    """Run one function to its end. Never raises: a failure is a result with `error`."""
    from azure_functions_runtime.native_invocation import invocation_request_native

    asked = time.perf_counter()
    ok, returned, outputs, error, _ = await invocation_request_native(
        invocation_id, function.id, list(inputs), dict(metadata)
    )
    began = _thread_starts.pop(invocation_id, asked)
    return CallResult(
        ok=ok, returned=returned, outputs=tuple(outputs), error=error, own_seconds=time.perf_counter() - began
    )


def invocation_id() -> str | None:
    """The run that this thread, or this asynchronous call, is at."""
    from azure_functions_runtime.utils.executor import invocation_id_cv

    found: str | None = invocation_id_cv.get()
    return found


def datum(value: Any, kind: str) -> Any:
    """The library's own carrier of a payload; kinds: string, bytes, json, http."""
    from azure_functions_runtime.bindings.datumdef import Datum

    return Datum(value, kind)


def known_binding_types() -> frozenset[str]:
    """Every binding type that azure-functions has a name for."""
    import azure.functions as func
    from azure.functions.decorators import constants

    named = {v for k, v in vars(constants).items() if k.isupper() and isinstance(v, str)}
    registered = getattr(func.get_binding_registry(), "_bindings", {})
    return frozenset(named | {k for k in registered if isinstance(k, str)})


def _put_first_on_path(app: Path) -> None:
    packages = app / ".python_packages" / "lib" / "site-packages"
    sys.path[0:0] = [str(app), *([str(packages)] if packages.is_dir() else [])]


def _init_request(app: Path) -> SimpleNamespace:
    init = SimpleNamespace(capabilities={}, function_app_directory=str(app))
    return SimpleNamespace(
        request=SimpleNamespace(worker_init_request=init), properties={"host": "127.0.0.1", "protos": _Protos()}
    )


def _refusal(exception: Any) -> str:
    message = str(exception.message).partition(". Current sys.path: ")[0]
    return f"the app cannot be indexed: {message}\n{exception.stack_trace or ''}".rstrip()


def _function(metadata: Any) -> Function:
    return Function(
        name=metadata.name,
        id=metadata.function_id,
        bindings=tuple(json.loads(binding) for binding in metadata.raw_bindings),
        retries=metadata.retry_options is not None,
        is_async=bool(_registry().get_function(metadata.function_id).is_async),
    )


def _registry() -> Any:
    from azure_functions_runtime import handle_event

    return vars(handle_event)["_functions"]


# When a thread took the call up, by invocation id: the library runs `run_sync_func(invocation_id, ...)` in its pool.
_thread_starts: dict[str, float] = {}


def _stamp_thread_starts() -> None:
    from azure_functions_runtime.utils.threadpool import get_threadpool_executor

    executor = get_threadpool_executor()
    submit = executor.submit

    def stamped(run: Callable[..., Any], invocation_id: str, *rest: Any) -> Any:
        def stamp_then_run() -> Any:
            _thread_starts[invocation_id] = time.perf_counter()
            return run(invocation_id, *rest)

        return submit(stamp_then_run)

    executor.submit = stamped


# Stand-ins for the protobuf classes of the worker's wire: the library only stores attributes in them.


class _Message:
    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class _StatusResult(_Message):
    Failure, Success = 0, 1


class _BindingInfo(_Message):
    undefined, string, binary, stream = 0, 1, 2, 3
    out, inout = 1, 2


setattr(_BindingInfo, "in", 0)


class _Protos:
    StatusResult = _StatusResult
    BindingInfo = _BindingInfo

    def __getattr__(self, name: str) -> type[_Message]:
        return type(name, (_Message,), {})
