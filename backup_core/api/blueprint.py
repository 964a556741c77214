"""The API as a blueprint: one function for each route. All that costs time to import waits for the first request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import azure.functions as func

from backup_core.api.endpoints import METHODS, Route
from backup_core.api.routes import ROUTES

if TYPE_CHECKING:
    from backup_core.api.answering import Reception, Services

HostFunction = Callable[[func.HttpRequest], func.HttpResponse]


def api_blueprint(
    services: Services,
    *,
    public_url: str | None = None,
    any_host: bool = True,
    host_checks_keys: bool = True,
    observe: Callable[[HostFunction], HostFunction] = lambda function: function,
) -> func.Blueprint:
    """Every route of the API.

    `public_url` (`https://host[/prefix]`) is what absolute URLs in answers begin with, for clients that reach the app
    under another name than its own; None: the URL of the request itself (see `call.base_url`), which then must name
    the machine itself unless `any_host` is allowed: whoever sends a request chooses its Host.
    `host_checks_keys` has the host ask for a function key before it hands a request over. Without it the host lets
    everyone through and the API itself asks who they are (mode `entra`). `observe` is put around each function.
    """
    blueprint = func.Blueprint()
    level = func.AuthLevel.FUNCTION if host_checks_keys else func.AuthLevel.ANONYMOUS
    for route, function in functions(services, public_url=public_url, any_host=any_host):
        register = blueprint.route(
            route=route.template,
            methods=list(METHODS),
            auth_level=func.AuthLevel.ANONYMOUS if route.is_anonymous else level,
            trigger_arg_name="req",
        )
        blueprint.function_name(route.name)(register(observe(function)))
    return blueprint


def functions(
    services: Services, *, public_url: str | None = None, any_host: bool = True
) -> Iterator[tuple[Route, HostFunction]]:
    """Every route with what answers it; the parameters are those of `api_blueprint`."""
    desk = _Desk(services, public_url, any_host=any_host)
    return ((route, _function(route, desk)) for route in ROUTES)


def _function(route: Route, desk: _Desk) -> HostFunction:
    def answer_request(req: func.HttpRequest) -> func.HttpResponse:
        return desk.reception().answer(route, req)

    return answer_request


class _Desk:
    """The reception of this process, opened by the first request, whichever thread brings it."""

    def __init__(self, services: Services, public_url: str | None, *, any_host: bool) -> None:
        self._services = services
        self._public_url = public_url
        self._any_host = any_host
        self._reception: Reception | None = None
        self._lock = threading.Lock()

    def reception(self) -> Reception:
        with self._lock:
            if self._reception is None:
                from backup_core.api.answering import Reception

                self._reception = Reception(self._services, public_url=self._public_url, any_host=self._any_host)
            return self._reception
