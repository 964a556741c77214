"""The HTTP side of the Functions host, in memory: routes in the order of function names, first match wins, what the
host drops is dropped. `Front.send` is a client; `client` and `async_client` are Azure's own over the same functions.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import azure.functions as func
import requests
from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline.policies import AzureKeyCredentialPolicy
from azure.core.pipeline.transport import AsyncioRequestsTransport, RequestsTransport
from azure.mgmt.dataprotection import DataProtectionMgmtClient
from azure.mgmt.dataprotection.aio import DataProtectionMgmtClient as AsyncDataProtectionMgmtClient
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from backup_core.api.blueprint import api_blueprint, functions
from backup_core.api.call import Call
from backup_core.settings import SignIn, SignInMode
from tests.builders import SUBSCRIPTION
from tests.fakes import World

BASE = "https://backup.example"
VERSION = {"api-version": "2026-06-01"}
BY_KEY = SignIn(mode=SignInMode.FUNCTION_KEY)


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    template: str
    methods: frozenset[str]
    pattern: re.Pattern[str]
    call: Callable[[func.HttpRequest], func.HttpResponse]


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def error(self) -> Any:
        return self.json["error"]

    @property
    def faults(self) -> dict[str, str]:
        """Of a body that was refused: the code of each fault, by its place."""
        assert self.status == 400, self.text
        return {each["target"]: each["code"] for each in self.error["details"]}


@dataclass(slots=True)
class Services:
    """`signing_in` is what the settings say, or raise; `documents` is what the sign-in service publishes."""

    world: World
    signing_in: Callable[[], SignIn] = lambda: BY_KEY
    documents: Callable[[str], Mapping[str, Any]] = lambda _: {}

    def ports(self) -> Any:
        return self.world.ports

    def sign_in(self) -> SignIn:
        return self.signing_in()

    def read_document(self, url: str) -> Mapping[str, Any]:
        return self.documents(url)


@dataclass(slots=True)
class Front:
    """`prefix` is the host's routePrefix, with a slash before it; `sent` is what clients asked, as `METHOD path`.
    `services` replaces those of the world, which ask for no sign-in beyond the host's key."""

    world: World
    public_url: str | None = None
    any_host: bool = True
    prefix: str = ""
    functions: tuple[Function, ...] = ()
    sent: list[str] = field(default_factory=list)
    services: Services | None = None

    def __post_init__(self) -> None:
        self.functions = load(self.services or Services(self.world), self.public_url, any_host=self.any_host)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] = VERSION,
        headers: Mapping[str, str] | None = None,
        base: str = BASE,
    ) -> Reply:
        """`body` is bytes as they are, anything else as JSON; `path` may be an absolute URL that brings its query."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        parameters = "&".join(f"{quote(key, safe='$')}={quote(value)}" for key, value in query.items())
        url = path if path.startswith("http") else f"{base}{quote(path)}{'?' if parameters else ''}{parameters}"
        return self.answer(method, url, headers or {}, content)

    def get(self, path: str, **more: Any) -> Reply:
        return self.send("GET", path, **more)

    def listed(self, path: str, **more: Any) -> list[Any]:
        """All of a list, page after page."""
        found: list[Any] = []
        while path:
            reply = self.get(path, **more)
            assert reply.status == 200, reply.text
            found += reply.json["value"]
            path = reply.json.get("nextLink") or ""
        return found

    def put(self, path: str, body: Any, **more: Any) -> Reply:
        return self.send("PUT", path, body, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Reply:
        return self.send("POST", path, body, **more)

    def delete(self, path: str) -> Reply:
        return self.send("DELETE", path)

    def answer(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Reply:
        parts = urlsplit(url)
        self.sent.append(f"{method} {unquote(parts.path)}")
        found = first_match(self.functions, method, parts.path.removeprefix(self.prefix))
        if found is None:
            return Reply(404, {}, "")
        function, values = found
        request = func.HttpRequest(
            method=method,
            url=url,
            headers={key.lower(): value for key, value in headers.items()},
            params={key: value for key, value in parse_qsl(parts.query) if value},
            route_params=values,
            body=content,
        )
        response = function.call(request)
        return Reply(response.status_code, dict(response.headers), response.get_body().decode())


def call_of(**changes: Any) -> Call:
    """A call as a handler gets it, of nobody and for nothing."""
    nothing = {"method": "GET", "base_url": "", "path": "", "query": {}, "names": {}, "body": b""}
    return Call(**{**nothing, "request_id": "", "correlation_id": "", **changes})


def load(services: Any, public_url: str | None = None, *, any_host: bool = True) -> tuple[Function, ...]:
    """The blueprint's functions, in the order in which the host tries them."""
    calls = {route.name: call for route, call in functions(services, public_url=public_url, any_host=any_host)}
    return tuple(replace(known, call=calls[known.name]) for known in _registered())


@cache
def _registered() -> tuple[Function, ...]:
    """As the library has them, whatever answers them: it takes its time to say so."""
    app = func.FunctionApp()
    app.register_functions(api_blueprint(Services(World())))
    found = [_function(each) for each in app.get_functions()]
    return tuple(sorted(found, key=lambda function: function.name.lower()))


def first_match(functions: tuple[Function, ...], method: str, path: str) -> tuple[Function, dict[str, str]] | None:
    """Of what `load` answered."""
    asked = path.strip("/")
    for place in _places_of(asked.count("/")):
        function = functions[place]
        match = function.pattern.fullmatch(asked)
        if match and method in function.methods:
            return function, {key: unquote(value) for key, value in match.groupdict().items()}
    return None


@cache
def _places_of(slashes: int) -> tuple[int, ...]:
    """The places of the functions, a hundred of them, that may match a path with so many slashes."""
    templates = [function.template for function in _registered()]
    return tuple(at for at, each in enumerate(templates) if "{*" in each or each.count("/") == slashes)


def _function(each: Any) -> Function:
    trigger = json.loads(next(raw for raw in each.get_raw_bindings() if "httpTrigger" in raw))
    return Function(
        name=each.get_function_name(),
        template=trigger["route"],
        methods=frozenset(trigger["methods"]),
        pattern=_pattern(trigger["route"]),
        call=each.get_user_function(),
    )


def _pattern(template: str) -> re.Pattern[str]:
    """`{name}` takes one segment, `{*name}` the rest; what is literal is compared without case."""
    parts = re.split(r"\{(\*?)(\w+)\}", template)
    text = re.escape(parts[0])
    for rest, name, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        text += f"(?P<{name}>{'.*' if rest else '[^/]+'}){re.escape(literal)}"
    return re.compile(text, re.IGNORECASE)


class _Wire(BaseAdapter):
    """Carries what `requests` sends into a Front."""

    def __init__(self, front: Front) -> None:
        super().__init__()
        self.front = front

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        assert isinstance(body, bytes), "the clients stream nothing"
        headers = {name: str(value) for name, value in request.headers.items()}
        reply = self.front.answer(str(request.method), str(request.url), headers, body)
        content = io.BytesIO(reply.text.encode())
        raw = HTTPResponse(body=content, headers=dict(reply.headers), status=reply.status, preload_content=False)
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        pass


@dataclass(slots=True)
class Naps:
    """What a client's poller does instead of sleeping: time passes in the world, and its length is noted."""

    pass_time: Callable[[float], None]
    seconds: list[float] = field(default_factory=list)

    def take(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.pass_time(seconds)


def client(front: Front, naps: Naps) -> DataProtectionMgmtClient:
    """Azure's client with everything at its defaults but the transport."""
    transport = RequestsTransport(session=session(front), session_owner=False)
    transport.sleep = naps.take
    return DataProtectionMgmtClient(**_settings(transport))


def async_client(front: Front, naps: Naps) -> AsyncDataProtectionMgmtClient:
    transport = AsyncioRequestsTransport(session=session(front), session_owner=False)

    async def nap(seconds: float) -> None:
        naps.take(seconds)

    transport.sleep = nap
    return AsyncDataProtectionMgmtClient(**_settings(transport))


def session(front: Front) -> requests.Session:
    """For clients that bring no transport of their own."""
    opened = requests.Session()
    opened.mount(BASE, _Wire(front))
    return opened


def _settings(transport: Any) -> dict[str, Any]:
    key = AzureKeyCredential("key")
    return {
        "credential": key,
        "subscription_id": SUBSCRIPTION,
        "base_url": BASE,
        "authentication_policy": AzureKeyCredentialPolicy(key, "x-functions-key"),
        "transport": transport,
    }
