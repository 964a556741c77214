"""Runs in the package's own environment: the app under Microsoft's worker library, each kind of trigger called once.

The page of the Backup Center is opened as well.

`python probe.py APP DRIVER`, with nothing of the project on the path; DRIVER holds `host`, a copy of the local host's
driver of the library. Prints one line of JSON, the last: functions, calls, faults. Leaves to others: the environment,
and what the functions are expected to be (proof.py).
"""

from __future__ import annotations

import asyncio
import gzip
import importlib
import importlib.machinery
import json
import pkgutil
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
ROUTE_VALUES = {"subscription": SUBSCRIPTION, "group": "nowhere", "vault": "none"}
INSTANCE = {"subscription": SUBSCRIPTION, "group": "nowhere", "name": "none"}
MESSAGE = {
    "kind": "start_backup",
    "version": 1,
    "vault": INSTANCE,
    "instance_name": "gone",
    "job_id": "fe0000000000-0000",
}
EVENT = {
    "id": "1",
    "topic": f"/subscriptions/{SUBSCRIPTION}",
    "subject": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/nowhere/providers/Microsoft.Compute/disks/gone",
    "eventType": "Microsoft.Resources.ResourceDeleteSuccess",
    "eventTime": "2026-01-01T00:00:00Z",
    "dataVersion": "2",
    "data": {"operationName": "Microsoft.Compute/disks/delete", "status": "Succeeded"},
}
# Which function is called for a trigger; any, where none is named.
CALLED = {
    "timerTrigger": "tick",
    "queueTrigger": "backup",
    "httpTrigger": "api_vault",
    "eventGridTrigger": None,
}

PAGE = "center_page"
GZIP = b"\x1f\x8b"

compiled_anew: list[str] = []


def main(app: Path, driver: Path) -> dict[str, Any]:
    sys.path.insert(0, str(driver))
    _watch_compiling(app)
    report: dict[str, Any] = {"functions": [], "calls": [], "faults": []}
    asyncio.run(_probe(app, report))
    report["faults"] += [f"{path} was compiled at its import" for path in compiled_anew]
    return report


async def _probe(app: Path, report: dict[str, Any]) -> None:
    from host import worker

    began = time.perf_counter()
    functions = await worker.load(app)
    report["index_ms"] = round((time.perf_counter() - began) * 1000, 1)
    report["functions"] = sorted(function.name for function in functions)
    _import_all(app, report["faults"])
    for kind in sorted({str(function.trigger["type"]) for function in functions}):
        await _call_one(worker, kind, functions, report)
    await _call_with_garbage(worker, functions, report["faults"])
    await _open_page(worker, functions, report["faults"])


async def _call_one(worker: Any, kind: str, functions: Any, report: dict[str, Any]) -> None:
    wanted = CALLED.get(kind, "")
    fitting = [each for each in functions if each.trigger["type"] == kind and wanted in (None, each.name)]
    if not fitting:
        report["faults"].append(f"no function could be called for {kind}: {wanted or 'nobody knows its payload'}")
        return
    function = fitting[0]
    value, metadata = _payload(worker, kind, function)
    result = await worker.call(function, f"probe-{kind}", [(function.trigger["name"], value)], metadata)
    report["calls"].append({"trigger": kind, "function": function.name, "ms": round(result.own_seconds * 1000, 1)})
    if not result.ok:
        report["faults"].append(f"{function.name} failed: {result.error}")
    elif kind == "httpTrigger":
        report["faults"] += _answer_faults(function.name, result.returned)


async def _call_with_garbage(worker: Any, functions: Any, faults: list[str]) -> None:
    """A call that has to fail, lest a driver that calls nothing finds everything well."""
    function = next(each for each in functions if each.name == CALLED["queueTrigger"])
    value = worker.datum("no json", "string")
    result = await worker.call(function, "probe-garbage", [(function.trigger["name"], value)], {})
    if result.ok or "MessageMalformed" not in str(result.error):
        faults.append(f"{function.name} took a message that is none: {result.error}")


async def _open_page(worker: Any, functions: Any, faults: list[str]) -> None:
    """The Backup Center as a browser opens it: the page, each file that it names, and how to sign in."""
    function = next((each for each in functions if each.name == PAGE), None)
    if function is None:
        faults.append(f"there is no function {PAGE}")
        return

    async def get(path: str) -> bytes:
        parts = {"params": {"path": worker.datum(path, "string")}}
        request = _request(worker, f"center/{path}", parts, {"accept-encoding": worker.datum("gzip", "string")})
        result = await worker.call(function, "probe-page", [(function.trigger["name"], request)], {})
        status = str(result.returned.value["status_code"].value) if result.ok else str(result.error)
        if status != "200":
            faults.append(f"/center/{path} is answered {status}")
            return b""
        body = bytes(result.returned.value["body"].value)
        return gzip.decompress(body) if body.startswith(GZIP) else body

    page = (await get("")).decode()
    files = re.findall(r'(?:src|href)="/center/([^"]+)"', page)
    if not any(file.endswith(".js") for file in files):
        faults.append(f"/center/ is no page with a script: {page[:200]}")
    for file in files:
        await get(file)
    if "signIn" not in json.loads(await get("config.json") or b"{}"):
        faults.append("/center/config.json does not say how to sign in")


def _payload(worker: Any, kind: str, function: Any) -> tuple[Any, Mapping[str, Any]]:
    datum = worker.datum
    if kind == "timerTrigger":
        timer = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": False}
        return datum(json.dumps(timer), "json"), {}
    if kind == "queueTrigger":
        return datum(json.dumps(MESSAGE), "string"), {"Id": datum("1", "string"), "DequeueCount": datum("1", "json")}
    if kind == "eventGridTrigger":
        return datum(json.dumps(EVENT), "json"), {}
    route = re.sub(r"{(\w+)[^}]*}", lambda match: ROUTE_VALUES[match[1]], function.trigger["route"])
    parts = {
        "query": {"api-version": datum("2026-06-01", "string")},
        "params": {name: datum(value, "string") for name, value in ROUTE_VALUES.items()},
    }
    return _request(worker, f"{route}?api-version=2026-06-01", parts, {}), {}


def _request(worker: Any, path: str, parts: Mapping[str, Any], headers: Mapping[str, Any]) -> Any:
    datum = worker.datum
    whole = {
        "method": datum("GET", "string"),
        "url": datum(f"https://app.example/{path}", "string"),
        "headers": headers,
        "query": {},
        "params": {},
        "body": datum(b"", "bytes"),
        **parts,
    }
    return datum(whole, "http")


def _answer_faults(name: str, returned: Any) -> list[str]:
    """An absent vault is answered as ARM answers it."""
    status, body = str(returned.value["status_code"].value), returned.value["body"].value
    if status == "404" and b"ResourceNotFound" in body:
        return []
    return [f"{name} answered {status} {body[:200]!r} where the vault is not there"]


def _import_all(app: Path, faults: list[str]) -> None:
    """Every module, for the first request must not be the first to find one missing."""
    package = importlib.import_module("backup_core")
    for module in pkgutil.walk_packages(package.__path__, "backup_core."):
        loaded = importlib.import_module(module.name)
        if not Path(str(loaded.__file__)).is_relative_to(app):
            faults.append(f"{module.name} came from {loaded.__file__}")


def _watch_compiling(app: Path) -> None:
    """Note every source below `app` that Python compiles because its bytecode is missing or not believed."""
    loader = importlib.machinery.SourceFileLoader
    compile_source = loader.source_to_code

    def noted(self: Any, data: Any, path: Any, **options: Any) -> Any:
        if Path(str(path)).is_relative_to(app):
            compiled_anew.append(str(Path(str(path)).relative_to(app)))
        return compile_source(self, data, path, **options)

    loader.source_to_code = noted  # type: ignore[method-assign]


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())))
