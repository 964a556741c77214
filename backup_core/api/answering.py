"""From a request of the host to its answer: one way for all routes. Lets in or refuses as ARM's front door does, calls
the endpoint, maps errors, keeps the audit log, adds the headers that every answer carries, and logs one line.

Who asks is settled before anything else, and what they may do before anything is looked at: what a stranger is told
does not depend on what exists.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import azure.functions as func

from backup_core.api.access import Caller, action_of, is_change, is_public, may, scope_of
from backup_core.api.auditing import Auditor
from backup_core.api.call import MAX_BODY_BYTES, Answer, Call, check_names, read_call
from backup_core.api.endpoints import Route
from backup_core.api.errors import Refused, answer_error
from backup_core.api.guarding import check_guarded
from backup_core.api.linked import LinkedRefused, check_named_by_url, check_named_in_request, without_closed
from backup_core.api.named_source import as_audited
from backup_core.api.not_offered import refusal
from backup_core.api.questions import note_change
from backup_core.api.sign_in import Gate, client_ip, open_gate
from backup_core.domain.guard import Critical
from backup_core.settings import AccessScope, SettingsInvalid, is_loopback
from backup_core.workflows.acting import acting_for
from backup_core.workflows.surroundings import check_locks

if TYPE_CHECKING:
    from backup_core.ports import Ports
    from backup_core.settings import SignIn

log = logging.getLogger("diskbackup.api")

Handler = Callable[["Ports", Call], Answer]


class Services(Protocol):
    """What the composition root hands in. Nothing of it is asked before the first request."""

    def ports(self) -> Ports:
        """The adapters: built on the first call, the same ones on every later one."""
        ...

    def sign_in(self) -> SignIn:
        """Raises SettingsInvalid: then the API lets nobody in."""
        ...

    def read_document(self, url: str) -> Mapping[str, Any]:
        """A JSON object that the sign-in service publishes. Raises CloudUnavailable."""
        ...


class Reception:
    """What all requests to one process share: the gate with its keys, and the count of strangers. Thread-safe."""

    def __init__(self, services: Services, *, public_url: str | None = None, any_host: bool = True) -> None:
        self._services = services
        self._public_url = public_url
        self._any_host = any_host
        self._audit = Auditor()
        self._lock = threading.Lock()
        self._gate: Gate | None = None
        self._scopes: tuple[AccessScope, ...] = ()

    def answer(self, route: Route, request: func.HttpRequest) -> func.HttpResponse:
        """Never raises: the host would answer an exception with an empty 500."""
        started = time.monotonic()
        call = read_call(request, route, public_url=self._public_url)
        try:
            self._check_host(call)
            _check_size(call)
            call = self._signed_in(route, call, request)
            self._check_access(route, call)
            result = self._result(route, call)
        except Exception as error:  # the last line of defence: every error becomes an answer
            result = _failed(route, call, error)
        log.info(
            "api.answered route=%s method=%s status=%d ms=%d request=%s correlation=%s caller=%s",
            route.name,
            call.method,
            result.status,
            (time.monotonic() - started) * 1000,
            call.request_id,
            call.correlation_id,
            call.caller.object_id or call.caller.kind,
        )
        return _response(result, call)

    def _check_host(self, call: Call) -> None:
        """Raises Refused (400) for a Host that nobody said is the app's: URLs in answers would begin with it."""
        if self._public_url is None and not self._any_host and not is_loopback(call.base_url):
            message = "The app is not known under this host name. Whoever runs it sets DISKBACKUP_PUBLIC_URL."
            raise Refused(400, "InvalidHostName", message)

    def _signed_in(self, route: Route, call: Call, request: func.HttpRequest) -> Call:
        """The call with its caller. Raises Refused: 401, 503, and 500 while the app does not know whom to let in."""
        if route.is_anonymous:
            return call
        gate = self._open_gate()
        if is_public(route):
            return call
        try:
            return replace(call, caller=gate.caller(request), scopes=self._scopes)
        except Refused as error:
            if error.status == 401:
                unknown = replace(call, caller=Caller(ip=client_ip(request)))
                action = action_of(route, call.method)
                self._audit.stranger_refused(self._services.ports, unknown, action, answer_error(error, call))
            raise

    def _open_gate(self) -> Gate:
        with self._lock:
            if self._gate is None:
                try:
                    sign_in = self._services.sign_in()
                except SettingsInvalid as error:
                    log.error("api.closed nobody is let in: %s", error)
                    message = "The API is closed until its sign-in is configured. The app's log names what to set."
                    raise Refused(500, "InternalServerError", message) from error
                self._gate, self._scopes = open_gate(sign_in, self._services.read_document), sign_in.scopes
            return self._gate

    def _check_access(self, route: Route, call: Call) -> None:
        """Raises Refused (403), in the same words whether the resource exists or not: for the path, then for what else
        the request names."""
        if is_public(route):
            return
        action = action_of(route, call.method)
        scope = scope_of(route, call.method, call.resource)
        try:
            if not may(call.caller, route, call.method) or not call.may_reach(call.resource):
                raise _forbidden(call, action, scope)
            check_named_in_request(call, action, scope)
            if call.closed:
                check_named_by_url(self._services.ports(), call, route, action, scope)
        except Refused as error:
            self._audit.refused(self._services.ports, call, action, answer_error(error, call))
            raise

    def _result(self, route: Route, call: Call) -> Answer:
        """The endpoint's answer; that of a change stands between two audit records."""
        handler = _handler(route, call)
        ports = self._services.ports()
        if {"vault", "group"} <= call.names.keys():
            ports = acting_for(ports, call.vault)
        action = action_of(route, call.method)
        if not is_change(route, call.method):
            try:
                return handler(ports, call)
            except LinkedRefused as error:
                self._audit.refused(self._services.ports, call, action, answer_error(error, call))
                raise
        audited = as_audited(call)
        self._audit.attempted(ports, audited, action)
        try:
            if "vault" in call.names:
                check_locks(ports, call.vault, call.resource, deleting=call.method == "DELETE")
                guarded = route.endpoints[call.method].guarded
                check_guarded(ports, call, Critical[guarded] if guarded else None)
            result = handler(ports, call)
        except Exception as error:
            result = _failed(route, call, error)
        self._audit.ended(ports, audited, action, result)
        note_change(ports)
        return result


def _check_size(call: Call) -> None:
    """Raises Refused (413), whoever asks and whatever for: nothing of a long body is read."""
    if len(call.body) > MAX_BODY_BYTES:
        message = f"The body has {len(call.body)} bytes; at most {MAX_BODY_BYTES} are accepted."
        raise Refused(413, "RequestEntityTooLarge", message)


def _failed(route: Route, call: Call, error: Exception) -> Answer:
    """The answer to an error; one that is ours to look after is logged with its trace. What a workflow found is told
    without the ids that the caller may not reach; a refusal at the door repeats only what the caller sent."""
    result = answer_error(error, call)
    if call.closed and not isinstance(error, Refused):
        result = replace(result, body=without_closed(result.body, call.closed))
    if result.status >= 500:
        log.error("api.failed route=%s correlation=%s", route.name, call.correlation_id, exc_info=error)
    return result


def _forbidden(call: Call, action: str, scope: str) -> Refused:
    """ARM's words (recorded)."""
    caller = call.caller
    return Refused(
        403,
        "AuthorizationFailed",
        f"The client '{caller.name or caller.object_id}' with object id '{caller.object_id}' does not have "
        f"authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If access was "
        "recently granted, please refresh your credentials.",
    )


def _handler(route: Route, call: Call) -> Handler:
    """What answers the call's method. Raises Refused and InvalidInput."""
    if not call.api_version and not is_public(route):
        raise Refused(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not route.endpoints:
        raise refusal(call.path)
    if call.method not in route.endpoints:
        allowed = ", ".join(sorted(route.endpoints))
        raise Refused(
            405,
            "MethodNotAllowed",
            f"The HTTP method '{call.method}' is not supported here; supported: {allowed}.",
            headers={"Allow": allowed},
        )
    if call.has_lost_body:
        message = "The body came in chunks, of which the Functions host hands on nothing: send it with Content-Length."
        raise Refused(411, "LengthRequired", message)
    check_names(call)
    return resolve(route.endpoints[call.method].handler)


def resolve(name: str) -> Handler:
    """What the table of endpoints names as `module.function`."""
    module, function = name.split(".")
    handler: Handler = getattr(import_module(f"backup_core.api.{module}"), function)
    return handler


def _error_header(result: Answer) -> dict[str, str]:
    """The code of a refusal, which clients log without reading the body (Azure's guidelines for REST APIs)."""
    error = (result.body or {}).get("error") if result.status >= 400 else None
    return {"x-ms-error-code": str(error["code"])} if error else {}


def _response(result: Answer, call: Call) -> func.HttpResponse:
    headers = {
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        "x-ms-request-id": call.request_id,
        "x-ms-correlation-request-id": call.correlation_id,
        **({"x-ms-client-request-id": call.client_request_id} if call.client_request_id else {}),
        **_error_header(result),
        **result.headers,
    }
    if result.body is None:
        return func.HttpResponse(result.text.encode(), status_code=result.status, headers=headers)
    headers["Content-Type"] = "application/json; charset=utf-8"
    return func.HttpResponse(json.dumps(result.body), status_code=result.status, headers=headers)
