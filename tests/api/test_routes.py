"""The table of routes under the host's rules: no route shadows another, and no request falls through to the host."""

from __future__ import annotations

import re
import subprocess
import sys

from backup_core.api.blueprint import api_blueprint
from backup_core.api.endpoints import METHODS, Route
from backup_core.api.routes import ROUTES
from tests.api.front import Front, first_match, load
from tests.cases import every_case
from tests.fakes import World

FUNCTIONS = load(None)
OFFERED = [route for route in ROUTES if route.endpoints]


def sample(route: Route, value: str = "x-1") -> str:
    return re.sub(r"\{\*?\w+\}", value, route.template)


@every_case("route", ROUTES)
@every_case("method", METHODS)
def test_no_route_shadows_another(route: Route, method: str) -> None:
    found = first_match(FUNCTIONS, method, sample(route))
    assert found is not None
    assert found[0].name == route.name


@every_case("route", OFFERED)
def test_no_value_of_a_route_makes_it_another_one(route: Route) -> None:
    """A vault called `backupVaults` or `locations` is still a vault."""
    for other in {part for each in ROUTES for part in each.template.split("/") if "{" not in part}:
        found = first_match(FUNCTIONS, "GET", sample(route, other))
        assert found is not None
        assert found[0].name == route.name, other


def test_every_route_of_the_table_becomes_one_function() -> None:
    assert [function.name for function in FUNCTIONS] == sorted(route.name for route in ROUTES)
    assert len({function.template.lower() for function in FUNCTIONS}) == len(ROUTES)


@every_case("route", ROUTES)
def test_the_host_accepts_the_name_and_the_route(route: Route) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_\-]{0,127}", route.name)
    assert not route.template.lower().startswith(("admin", "runtime", "/"))


@every_case("route", OFFERED)
def test_a_wrong_method_is_refused_as_arm_does(route: Route) -> None:
    front = Front(World())
    for method in set(METHODS) - set(route.endpoints):
        reply = front.send(method, "/" + sample(route))
        assert (reply.status, reply.error["code"]) == (405, "MethodNotAllowed")
        assert set(reply.headers["Allow"].split(", ")) == set(route.endpoints)


def test_building_the_blueprint_imports_nothing_but_the_table() -> None:
    code = (
        "import sys\n"
        "from backup_core.api.blueprint import api_blueprint\n"
        "api_blueprint(None)\n"
        "print(*(name for name in sys.modules if name.startswith(('backup_core', 'azure.'))))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert {name for name in loaded if name.startswith("backup_core")} == {
        "backup_core",
        "backup_core.api",
        "backup_core.api.blueprint",
        "backup_core.api.endpoints",
        "backup_core.api.routes",
    }
    assert all(name.startswith("azure.functions") for name in loaded if name.startswith("azure."))


def test_services_are_not_asked_before_the_first_request() -> None:
    class Untouchable:
        def ports(self) -> None:
            raise AssertionError("asked too early")

    assert api_blueprint(Untouchable()) is not None  # type: ignore[arg-type]
