"""The API as a blueprint: one function for each route. All that costs time to import waits for the first request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import azure.functions as func

from backup_core.api.routes import METHODS, ROUTES, Route

if TYPE_CHECKING:
    from backup_core.ports import Ports


class Services(Protocol):
    """What the composition root hands in. `ports` builds the adapters on the first call, and answers the same ones on
    every later one."""

    def ports(self) -> Ports: ...


def api_blueprint(services: Services, *, public_url: str | None = None) -> func.Blueprint:
    """Every route of the API.

    `public_url` (`https://host[/prefix]`) is what absolute URLs in answers begin with, for clients that reach the app
    under another name than its own; None: the URL of the request itself (see `call.base_url`).
    """
    blueprint = func.Blueprint()
    for route in ROUTES:
        register = blueprint.route(
            route=route.template, methods=list(METHODS), auth_level=func.AuthLevel.FUNCTION, trigger_arg_name="req"
        )
        blueprint.function_name(route.name)(register(_function(route, services, public_url)))
    return blueprint


def _function(
    route: Route, services: Services, public_url: str | None
) -> Callable[[func.HttpRequest], func.HttpResponse]:
    def answer_request(req: func.HttpRequest) -> func.HttpResponse:
        from backup_core.api.answering import answer

        return answer(route, req, services.ports, public_url=public_url)

    return answer_request
