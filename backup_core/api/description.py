"""The API's own description: OpenAPI 3.1, made from the table of routes and from what bodies are read by.

Whoever asks may read it: it tells nothing that is not published with the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from backup_core.api.access import is_public
from backup_core.api.call import Answer, Call, pattern_of
from backup_core.api.endpoints import Endpoint, Route, Success
from backup_core.api.openapi import answers, bodies
from backup_core.api.openapi.schema import TEXT, TIME, Schema, matching, one_of, ref
from backup_core.api.recovery_points import RETENTION
from backup_core.api.reports import FORMATS
from backup_core.api.routes import ROUTES
from backup_core.api.wire import TOKEN
from backup_core.ports import Ports

_FILTERS = {
    "$filter of points": "startDate eq '2026-03-01T00:00:00Z' and endDate eq '2026-03-02T00:00:00Z'",
    "$filter of jobs": "status eq 'Failed' and operation eq 'Backup' and startTime ge '2026-03-01T00:00:00Z'",
    "$filter of resources": "resourceType eq 'Microsoft.DataProtection/backupVaults' and tagName eq 'team'",
    "$filter of alerts": "monitorCondition eq 'Fired'",
}
_TIME_OR_BLANK: Schema = {"anyOf": [TIME, {"const": ""}]}  # the host drops parameters without a value
_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "from": {"schema": _TIME_OR_BLANK, "description": "When the period begins; 30 days before its end by default."},
    "to": {"schema": _TIME_OR_BLANK, "description": "When it ends; now by default."},
    "$expand": {"schema": one_of((RETENTION, "")), "description": "Why each point is kept, and until when."},
    "format": {"schema": one_of((*FORMATS, "")), "description": "json by default."},
}
_HEADERS = {
    "Azure-AsyncOperation": "The URL of the operation's status.",
    "Location": "The URL that has the operation's result once it is over.",
    "Retry-After": "Seconds to wait before asking again.",
    "x-ms-error-code": "The code of the error in the body.",
    "x-ms-request-id": "Names this request in the app's log and in audit records.",
    "x-ms-correlation-request-id": "The one that was sent, or a new one; jobs and events carry it.",
}
_ON_EVERY_ANSWER = ("x-ms-request-id", "x-ms-correlation-request-id")
_REFUSALS = {
    400: "Something is wrong with the request; every fault is named.",
    401: "Nobody is signed in, or the token is not valid.",
    403: "The caller has no role that allows this, or may not reach it.",
    404: "There is no such resource.",
    409: "The resource's present state forbids it; nothing was changed.",
    413: "The body is too long.",
    429: "Come back later: Azure asks for it, or too many questions were asked.",
    500: "An unexpected error; the app's log has it under the correlation id.",
    503: "Storage, Azure or the sign-in keys do not answer; try again.",
}


def get(ports: Ports, call: Call) -> Answer:
    del ports
    return Answer(status=200, body={**document(), "servers": [{"url": call.base_url}]})


@cache
def document() -> Mapping[str, Any]:
    """All of it but where the API is. Made once per process; not to be changed."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Disk backup",
            "version": "1",
            "description": "Azure Backup's own API for managed disks (Microsoft.DataProtection). Any api-version "
            "is accepted; answers are those of 2026-06-01. Keys and fixed words ignore case; null is absent.",
        },
        "security": [{"entra": []}, {"functionKey": []}, {"functionKeyInUrl": []}],
        "tags": [{"name": name} for name in sorted(_tags())],
        "paths": {f"/{route.template}": _path(route) for route in ROUTES if route.endpoints},
        "components": {
            "schemas": bodies.schemas() | answers.schemas(),
            "responses": {str(status): _refusal(status) for status in _REFUSALS},
            "headers": {name: _header(name) for name in _HEADERS},
            "securitySchemes": _security_schemes(),
        },
    }


def _tags() -> set[str]:
    return {endpoint.tag for route in ROUTES for endpoint in route.endpoints.values()}


def _path(route: Route) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", route.template)
    methods = {method.lower(): _operation(route, method) for method in route.endpoints}
    return {"parameters": [_name_parameter(name) for name in names], **methods}


def _operation(route: Route, method: str) -> dict[str, Any]:
    endpoint = route.endpoints[method]
    described: dict[str, Any] = {
        "operationId": endpoint.id,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": _query(route, endpoint),
        "responses": _responses(route, method, endpoint),
    }
    if endpoint.body:
        content = {"application/json": {"schema": ref(endpoint.body)}}
        described["requestBody"] = {"required": endpoint.body_needed, "content": content}
    if endpoint.is_long_running:
        described["x-ms-long-running-operation"] = True
    if endpoint.is_paged:
        described["x-ms-pageable"] = {"nextLinkName": "nextLink"}
    if is_public(route):
        described["security"] = []
    return described


# ---------------------------------------------------------------- what is sent


def _name_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": matching(pattern_of(name))}


def _query(route: Route, endpoint: Endpoint) -> list[dict[str, Any]]:
    version = {"name": "api-version", "in": "query", "required": True, "schema": {"type": "string", "minLength": 1}}
    return [*([] if is_public(route) else [version]), *(_query_parameter(name) for name in endpoint.query)]


def _query_parameter(name: str) -> dict[str, Any]:
    if name == "$skipToken":
        schema = {"type": "string", "pattern": f"^(?:{TOKEN.pattern})?$"}  # the host drops an empty one
        return {"name": name, "in": "query", "schema": schema, "description": "Taken from a nextLink."}
    if name in _PARAMETERS:
        return {"name": name, "in": "query", **_PARAMETERS[name]}
    return {"name": "$filter", "in": "query", "schema": {"type": "string"}, "example": _FILTERS[name]}


def _security_schemes() -> dict[str, Any]:
    return {
        "entra": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of Microsoft Entra for this app, where it signs in with Entra.",
        },
        "functionKey": {
            "type": "apiKey",
            "in": "header",
            "name": "x-functions-key",
            "description": "A key of the Functions host, where the app signs in by key: full access.",
        },
        "functionKeyInUrl": {
            "type": "apiKey",
            "in": "query",
            "name": "code",
            "description": "The same key in the URL.",
        },
    }


# ---------------------------------------------------------------- what is answered


def _responses(route: Route, method: str, endpoint: Endpoint) -> dict[str, Any]:
    successes = {str(status): _success(success) for status, success in endpoint.answers.items()}
    refusals = {
        str(status): {"$ref": f"#/components/responses/{status}"} for status in _statuses(route, method, endpoint)
    }
    return successes | refusals


def _statuses(route: Route, method: str, endpoint: Endpoint) -> Iterable[int]:
    """The refusals that a method can meet."""
    if is_public(route):
        return (500,)
    never = {413} if not endpoint.body else set()
    return (status for status in _REFUSALS if status not in never | ({409} if method == "GET" else set()))


def _success(success: Success) -> dict[str, Any]:
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in (*success.headers, *_ON_EVERY_ANSWER)}
    described: dict[str, Any] = {"description": "Done." if not success.headers else "Begun.", "headers": headers}
    content = _content(ref(success.schema)) if success.schema else {}
    if success.text:
        content["content"][success.text] = {"schema": TEXT}
    return described | content


def _refusal(status: int) -> dict[str, Any]:
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in ("x-ms-error-code", *_ON_EVERY_ANSWER)}
    return {"description": _REFUSALS[status], "headers": headers, **_content(ref("CloudError"))}


def _header(name: str) -> dict[str, Any]:
    schema: Schema = {"type": "integer", "minimum": 1} if name == "Retry-After" else TEXT
    return {"required": True, "description": _HEADERS[name], "schema": schema}


def _content(schema: Schema) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
