"""The page as a blueprint: `/` leads to it, and all below `/center` is it. Nothing is read before the first request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import azure.functions as func

if TYPE_CHECKING:
    from backup_core.center.serving import Pages, Services

HostFunction = Callable[[func.HttpRequest], func.HttpResponse]

BUILT = Path(__file__).parents[2] / "center"  # where infra/center puts what it made of dashboard/dist
_METHODS = ["GET", "HEAD"]


def center_blueprint(
    services: Services,
    built: Path = BUILT,
    *,
    observe: Callable[[HostFunction], HostFunction] = lambda function: function,
) -> func.Blueprint:
    """`observe` is put around each function. The host takes the first route that matches in the order of function
    names, so these names must not come before one whose route they take: a test holds them against all others."""
    blueprint = func.Blueprint()
    desk = _Desk(services, built)

    def register(name: str, route: str, answer: HostFunction) -> None:
        taken = blueprint.route(
            route=route, methods=_METHODS, auth_level=func.AuthLevel.ANONYMOUS, trigger_arg_name="req"
        )
        blueprint.function_name(name)(taken(observe(answer)))

    def home(req: func.HttpRequest) -> func.HttpResponse:
        return desk.pages().lead_there(req)

    def page(req: func.HttpRequest) -> func.HttpResponse:
        return desk.pages().answer(req)

    register("center_home", "/", home)
    register("center_page", "center/{*path}", page)
    return blueprint


class _Desk:
    """The pages of this process, read by the first request, whichever thread brings it."""

    def __init__(self, services: Services, built: Path) -> None:
        self._services = services
        self._built = built
        self._pages: Pages | None = None
        self._lock = threading.Lock()

    def pages(self) -> Pages:
        with self._lock:
            if self._pages is None:
                from backup_core.center.serving import Pages

                self._pages = Pages(self._services, self._built)
            return self._pages
