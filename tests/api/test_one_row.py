"""An endpoint is one row of the table and its handler: served, guarded, described and listed, nothing else touched."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from backup_core.api.endpoints import Endpoint
from backup_core.api.routes import ROUTES

API = Path(__file__).parents[2] / "backup_core" / "api"
# In a process of its own, before anything else has read the table.
WITH_ANOTHER = """
import json, sys, types
from backup_core.api import endpoints, routes

row = endpoints.route(
    "api_vault_tea",
    routes._VAULT + "/teapots/{policy}/brew",
    POST=endpoints.send("teapots.brew", endpoints.Role.OPERATOR, "Teapots_Brew", "Makes tea", endpoints.FREE_BODY,
                        "TagsResource", needed=False, asks=True),
)
routes.ROUTES += (row,)

from backup_core.api.call import Answer

handler = types.ModuleType("backup_core.api.teapots")
handler.brew = lambda ports, call: Answer(status=200, body={"who": call.names["policy"]})
sys.modules["backup_core.api.teapots"] = handler

from backup_core.api.access import action_of, is_change
from backup_core.api.description import document
from tests.api.bodies import VAULT_PATH
from tests.api.tenant import bearer, guarded
from tests.fakes import World

front, path = guarded(World()), VAULT_PATH + "/teapots/pot-1/brew"
offered = front.get("/providers/Microsoft.DataProtection/operations", headers=bearer("Backup.Reader")).json["value"]
print(json.dumps({
    "answered": front.post(path, {}, headers=bearer("Backup.Operator")).json,
    "reader": front.post(path, {}, headers=bearer("Backup.Reader")).error["message"],
    "other method": front.get(path, headers=bearer("Backup.Reader")).status,
    "described": document()["paths"]["/" + row.template]["post"]["operationId"],
    "listed": action_of(row, "POST") in [each["name"] for each in offered],
    "changes": is_change(row, "POST"),
}))
"""


def test_one_row_and_a_handler_make_an_endpoint() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITH_ANOTHER], capture_output=True, text=True, check=False, cwd=API.parents[1]
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert "'Microsoft.DataProtection/backupVaults/teapots/brew/action'" in told.pop("reader")
    assert told == {
        "answered": {"who": "pot-1"},
        "other method": 405,
        "described": "Teapots_Brew",
        "listed": True,
        "changes": False,
    }


def test_no_other_file_knows_an_endpoint_by_its_name() -> None:
    rows = {name for route in ROUTES for name in (route.name, *_names(route.endpoints.values()))}
    knowing = {
        f"{path.name}: {node.value}"
        for path in API.rglob("*.py")
        if path.name != "routes.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in rows
    }
    assert knowing == set()


def _names(endpoints: Iterable[Endpoint]) -> list[str]:
    return [name for endpoint in endpoints for name in (endpoint.id, endpoint.handler)]
