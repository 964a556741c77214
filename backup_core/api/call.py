"""One request as every endpoint wants it, and the answer that an endpoint gives. Both are plain values.

Leaves to others: what is in the body (wire.py, reading.py) and how an answer gets its headers (answering.py).
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from backup_core.api.access import Caller, closed_for
from backup_core.api.endpoints import Route
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.reach import Author, is_within
from backup_core.domain.resource_ids import GUID, GroupId, VaultKey
from backup_core.settings import AccessScope

if TYPE_CHECKING:
    import azure.functions as func

# Route values become parts of table keys, of URLs and of logs; what ARM names may hold and no more. In a URL a name of
# nothing but dots leads elsewhere.
SAFE_VALUE = re.compile(r"(?!\.+$)[\w().\-]{1,260}")
OPERATION_ID = re.compile(r"(?!\.+$)[\w\-=%.]{1,1024}", re.ASCII)
# A restore of a hundred disks has 70 KB, the largest policy a tenth of that; a stored record has to fit into a row.
MAX_BODY_BYTES = 128 * 1024
_CLIENT_REQUEST_ID = re.compile(r"[\w.\-]{1,128}", re.ASCII)
# Where a URL's path turns from the host's route prefix into a path of this API.
_START = re.compile(r"/(subscriptions|tenants|providers|health/live|openapi\.json)(?=/|$)", re.IGNORECASE)
_SECRET_PARAMETERS = frozenset({"code", "clientid"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`names` are the route's values, decoded; `query` is as sent, without empty values (the host drops those).

    `base_url` has no slash at its end; `path` is decoded and begins with one. `resource` is the route's template filled
    with `names`: what endpoints see, and so what access is decided on, however the URL was spelled. `scopes` are those
    that restrict what callers may reach. `client_request_id` is what the client wants to read in the answer, or "".
    `has_lost_body` is of a body without a length, of which the host hands on nothing (measured).
    """

    method: str
    base_url: str
    path: str
    query: Mapping[str, str]
    names: Mapping[str, str]
    body: bytes
    request_id: str
    correlation_id: str
    client_request_id: str = ""
    has_lost_body: bool = False
    resource: str = ""
    caller: Caller = field(default_factory=Caller)
    scopes: tuple[AccessScope, ...] = ()

    def may_see(self, vault: VaultKey) -> bool:
        """Whether the caller may reach a vault: for answers that tell of several vaults, or of one that the URL does
        not name. True where no scope restricts it."""
        return self.may_reach(vault.resource_id)

    def may_reach(self, path: str) -> bool:
        """Whether the caller may reach any resource by its id."""
        return not is_within(path, self.closed)

    @property
    def closed(self) -> tuple[str, ...]:
        """The paths that are for others."""
        return closed_for(self.caller, self.scopes)

    @property
    def author(self) -> Author:
        """The caller, as kept with what is done later for them."""
        caller = self.caller
        return Author(
            object_id=caller.object_id,
            groups=tuple(sorted(caller.groups)),
            has_full_access=caller.has_full_access,
        )

    @property
    def subscription(self) -> str:
        return self.names["subscription"]

    @property
    def group(self) -> GroupId:
        return GroupId(subscription=self.subscription, group=self.names["group"])

    @property
    def vault(self) -> VaultKey:
        return VaultKey(subscription=self.subscription, group=self.names["group"], name=self.names["vault"])

    @property
    def api_version(self) -> str:
        return self.parameter("api-version") or ""

    def parameter(self, name: str) -> str | None:
        """A query parameter; its name is compared without case."""
        return next((value for key, value in self.query.items() if key.lower() == name.lower()), None)

    def url_of(self, path: str) -> str:
        """The absolute URL of another path of this API, in the caller's api-version."""
        return f"{self.base_url}{quote(path)}?{urlencode({'api-version': self.api_version})}"

    def next_link(self, skip_token: str) -> str:
        """This request's URL with `skip_token`. Keys that grant access are left out: secrets do not go into bodies."""
        dropped = {*_SECRET_PARAMETERS, "$skiptoken"}
        kept = {key: value for key, value in self.query.items() if key.lower() not in dropped}
        return f"{self.base_url}{quote(self.path)}?{urlencode({**kept, '$skipToken': skip_token}, safe='$')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`body` is JSON or None for an empty body; `text` takes its place where `headers` name a Content-Type.

    `changes` are for the audit record: what the request changed, before -> after.
    """

    status: int
    body: Mapping[str, Any] | None = None
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[str, ...] = ()


def read_call(request: func.HttpRequest, route: Route, *, public_url: str | None) -> Call:
    """The request as a value. Never raises: what is wrong with it is found by `check_names` and by the endpoint."""
    path = unquote(urlsplit(request.url).path)
    start = _START.search(path)
    correlation_id = request.headers.get("x-ms-correlation-request-id", "")
    return Call(
        method=request.method.upper(),
        base_url=base_url(request, public_url),
        path=path[start.start() :] if start else path,
        query=dict(request.params),
        names=dict(request.route_params),
        body=request.get_body() or b"",
        request_id=str(uuid.uuid4()),
        correlation_id=correlation_id.lower() if GUID.fullmatch(correlation_id) else str(uuid.uuid4()),
        client_request_id=_wanted_request_id(request),
        has_lost_body="chunked" in request.headers.get("transfer-encoding", "").lower() and not request.get_body(),
        resource=_resource(route.template, request.route_params),
    )


def _wanted_request_id(request: func.HttpRequest) -> str:
    """The client's own id of the request, if it asks to read it again (ARM's rule, documented)."""
    wanted = request.headers.get("x-ms-return-client-request-id", "").strip().lower() == "true"
    sent = request.headers.get("x-ms-client-request-id", "")
    return sent if wanted and _CLIENT_REQUEST_ID.fullmatch(sent) else ""


def _resource(template: str, names: Mapping[str, str]) -> str:
    return "/" + re.sub(r"\{\*?(\w+)\}", lambda part: names.get(part[1], ""), template)


def base_url(request: func.HttpRequest, public_url: str | None) -> str:
    """What absolute URLs begin with: the configured `public_url`, else scheme, host and route prefix of the request.

    X-Forwarded-Host is never honoured: any caller can send it, and a client follows the URLs of our answers with its
    credentials. X-Forwarded-Proto may only raise http to https (App Service ends TLS in front of the app), which can
    send nobody astray.
    """
    if public_url:
        return public_url.rstrip("/")
    parts = urlsplit(request.url)
    forwarded = request.headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
    scheme = "https" if forwarded == "https" else parts.scheme
    start = _START.search(parts.path)
    prefix = parts.path[: start.start()] if start else ""
    return f"{scheme}://{parts.netloc}{prefix}"


def check_names(call: Call) -> None:
    """Raises InvalidInput that names every route value which no ARM name can have."""
    faults = [
        _fault(name, value)
        for name, value in call.names.items()
        if name != "rest" and not (pattern_of(name).fullmatch(value) and _is_worded(value))
    ]
    if faults:
        raise InvalidInput(faults)


def _fault(name: str, value: str) -> Fault:
    if name == "subscription":  # ARM's code and words
        message = f"The provided subscription identifier '{value[:40]}' is malformed or invalid."
        return Fault(target=name, message=message, code="InvalidSubscriptionId")
    message = "holds characters that a name cannot have, is nothing but dots, or is too long"
    return Fault(target=name, message=message, code="InvalidResourceName")


def _is_worded(value: str) -> bool:
    """Whether it has none of the signs, as fractions and circled digits, that only Python counts among word
    characters: other readers of the API's description do not."""
    return value.isascii() or not any(unicodedata.category(letter) == "No" for letter in value)


def pattern_of(name: str) -> re.Pattern[str]:
    """What the value of a route's `{name}` has to match."""
    return {"operation": OPERATION_ID, "subscription": GUID}.get(name, SAFE_VALUE)
