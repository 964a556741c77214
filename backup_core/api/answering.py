"""From a request of the host to its answer: one way for all routes. Refuses what ARM's front door refuses, calls the
endpoint, maps errors, adds the headers that every answer carries, and logs one line.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

import azure.functions as func

from backup_core.api.call import Answer, Call, check_names, read_call
from backup_core.api.errors import Refused, answer_error
from backup_core.api.routes import Route

if TYPE_CHECKING:
    from backup_core.ports import Ports

log = logging.getLogger("diskbackup.api")

Endpoint = Callable[["Ports", Call], Answer]


def answer(
    route: Route, request: func.HttpRequest, ports: Callable[[], Ports], *, public_url: str | None = None
) -> func.HttpResponse:
    """Never raises: the host would answer an exception with an empty 500."""
    started = time.monotonic()
    call = read_call(request, public_url=public_url)
    try:
        result = _endpoint(route, call)(ports(), call)
    except Exception as error:  # the last line of defence: every error becomes an answer
        result = answer_error(error, call)
        if result.status >= 500:
            log.exception("api.failed route=%s correlation=%s", route.name, call.correlation_id)
    log.info(
        "api.answered route=%s method=%s status=%d ms=%d request=%s correlation=%s",
        route.name,
        call.method,
        result.status,
        (time.monotonic() - started) * 1000,
        call.request_id,
        call.correlation_id,
    )
    return _response(result, call)


def _endpoint(route: Route, call: Call) -> Endpoint:
    """The endpoint for the call's method. Raises Refused and InvalidInput."""
    if not call.api_version:
        raise Refused(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not route.endpoints:
        raise Refused(
            404, "InvalidResourceType", f"'{call.path}' is not a resource of this API; see README for what it offers."
        )
    if call.method not in route.endpoints:
        allowed = ", ".join(sorted(route.endpoints))
        raise Refused(
            405,
            "MethodNotAllowed",
            f"The HTTP method '{call.method}' is not supported here; supported: {allowed}.",
            headers={"Allow": allowed},
        )
    check_names(call)
    return resolve(route.endpoints[call.method])


def resolve(name: str) -> Endpoint:
    """The endpoint that the route table names as `module.function`."""
    module, function = name.split(".")
    endpoint: Endpoint = getattr(import_module(f"backup_core.api.{module}"), function)
    return endpoint


def _response(result: Answer, call: Call) -> func.HttpResponse:
    headers = {
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        "x-ms-request-id": call.request_id,
        "x-ms-correlation-request-id": call.correlation_id,
        **result.headers,
    }
    if result.body is None:
        return func.HttpResponse(b"", status_code=result.status, headers=headers)
    headers["Content-Type"] = "application/json; charset=utf-8"
    return func.HttpResponse(json.dumps(result.body), status_code=result.status, headers=headers)
