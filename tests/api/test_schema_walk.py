"""The API walked along its own description: no fault of ours, no answer that is not described, no accepted nonsense.

Schemathesis makes requests that the description allows and requests that it forbids, from every side of every schema:
fixed cases, once through every limit, word and type that a schema has. The walk goes among resources that exist, where
each request is a change of one that works. Every request meets the same world; one that is refused must have left it as
it was.

`make walk` goes through the whole API, with so many requests by chance (SCHEMA_WALK_EXAMPLES) of each kind and
operation, the same each time, there and in a wide walk among names that mean nothing. From 100 on that goes through the
fixed cases too: what they put into bodies the deep walk does, and into names test_names.py. `make test` walks among
vaults only: a walk of everything takes as long as a twelfth of all tests.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from backup_core.api.description import document
from backup_core.api.routes import ROUTES
from tests.api.bodies import INSTANCE_PATH, VAULT_PATH
from tests.api.front import BASE, Reply, first_match
from tests.api.standing import NAMES, WORKING, SignedFront, StandingFront, scene
from tests.workflows.proofs import silence

# By chance, of each kind and operation.
EXAMPLES = int(os.environ.get("SCHEMA_WALK_EXAMPLES", "0"))
everywhere = pytest.mark.skipif(EXAMPLES == 0, reason="walks through the whole API: make walk")
PARTS = 6  # of a walk, each within a test's time on a busy machine
METHODS = ["get", "put", "post", "delete", "patch"]  # the host itself refuses others
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
)


@dataclass(slots=True)
class Host:
    """The Functions host over WSGI. `answers` counts by `METHOD function`; `spoil` makes of an answer another one."""

    front: StandingFront = field(default_factory=lambda: SignedFront(scene()))
    answers: dict[str, Counter[int]] = field(default_factory=dict)
    spoil: Callable[[Reply], Reply] = lambda reply: reply

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {key[5:].replace("_", "-"): value for key, value in environ.items() if key.startswith("HTTP_")}
        url = f"{BASE}{environ['REQUEST_URI'].partition('?')[0]}?{environ.get('QUERY_STRING', '')}"
        reply = self.spoil(self.front.answer(environ["REQUEST_METHOD"], url, headers, content))
        self._count(environ["REQUEST_METHOD"], url, reply)
        start_response(f"{reply.status} -", list(reply.headers.items()))
        return [reply.text.encode()]

    def _count(self, method: str, url: str, reply: Reply) -> None:
        found = first_match(self.front.functions, method, urlsplit(url).path)
        assert found is not None, "the catch-all takes what no other function does"
        self.answers.setdefault(f"{method} {found[0].name}", Counter())[reply.status] += 1


def known_names() -> dict[str, Any]:
    """What the names in paths are to be, so that they lead to what exists."""
    front = StandingFront(scene())
    (point,) = front.get(f"{INSTANCE_PATH}/recoveryPoints").json["value"]
    job = front.get(f"{VAULT_PATH}/backupJobs").json["value"][-1]
    operation = front.post(f"{INSTANCE_PATH}/stopProtection").headers["Azure-AsyncOperation"]
    own = {
        "point": point["name"],
        "job": job["name"],
        "operation": urlsplit(operation).path.rpartition("/")[2],
    }
    return {f"path.{name}": value for name, value in {**NAMES, **own}.items()}


def walk(
    host: Host,
    description: Mapping[str, Any],
    names: Mapping[str, Any],
    examples: int = EXAMPLES,
    *,
    fixed_cases: bool = True,
) -> list[str]:
    """Everything that was found wrong, once for each operation and kind."""
    settings = {
        "checks": {
            "enabled": False,
            **{name: {"enabled": True} for name in CHECKS},
            "negative_data_rejection": {"enabled": True, "expected-statuses": [400, 404, 405, 409, 413]},
        },
        "generation": {
            "max-examples": max(examples, 1),
            "deterministic": True,
            "database": "none",
            "with-security-parameters": False,  # sign-in has its own tests
        },
        "phases": {
            "coverage": {"enabled": fixed_cases, "unexpected-methods": METHODS},
            "fuzzing": {
                "enabled": examples > 0,
                "extra-data-sources": {"responses": False},
                "error-feedback": {"enabled": False},
            },
            "stateful": {"enabled": False},
        },
        "parameters": dict(names),
        "output": {"sanitization": {"enabled": False}},  # there are no secrets here, and a token is what matters
        "operations": [
            {"include-path-regex": "deletedBackupInstances", "parameters": {**names, "path.instance": "deleted-1"}}
        ]
        if names
        else [],
    }
    schema = schemathesis.openapi.from_dict(dict(description), config=SchemathesisConfig.from_dict(settings))
    schema.app = host
    schema.hook("filter_path_parameters")(_are_plain)
    with silence(), pytest.MonkeyPatch.context() as modules:
        # Schemathesis looks for Flask at every request, and Python in all folders, unless this says: it is not there.
        modules.setitem(sys.modules, "flask", None)
        return [fault for event in from_schema(schema).execute() for fault in _faults(event)]


def _are_plain(_: Any, path_parameters: Any) -> bool:
    """Whether names are ASCII. `\\w` in a pattern means more letters to Python than to others, who would take an answer
    for accepted nonsense."""
    return all(str(value).isascii() for value in (path_parameters or {}).values())


def _faults(event: Any) -> Iterable[str]:
    if isinstance(event, events.NonFatalError | events.FatalError):
        yield f"the walk itself broke: {event.info.format() if hasattr(event, 'info') else event.exception!r}"
    if isinstance(event, events.ScenarioFinished):
        for checks in event.recorder.checks.values():
            for check in checks:
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    yield f"{event.recorder.label}: {check.name}: {failure.title}: {failure.message}\n" + (
                        check.failure_info.code_sample
                    )


def with_examples() -> dict[str, Any]:
    """The description with a body that works for each operation that takes one."""
    described: dict[str, Any] = json.loads(json.dumps(document()))
    for item in described["paths"].values():
        for operation in item.values():
            if "requestBody" in operation:
                content = operation["requestBody"]["content"]["application/json"]
                name = content["schema"]["$ref"].rpartition("/")[2]
                content |= {"example": WORKING[name]} if name in WORKING else {}
    return described


def part_of(description: Mapping[str, Any], part: int) -> dict[str, Any]:
    """Each path is in one part."""
    return {**description, "paths": dict(sorted(description["paths"].items())[part::PARTS])}


@everywhere
@pytest.mark.parametrize("part", range(PARTS))
def test_a_wide_walk(part: int) -> None:
    """Among names that mean nothing."""
    host, described = Host(), part_of(document(), part)
    found = walk(host, described, {}, fixed_cases=EXAMPLES >= 100)
    assert not found, "\n\n".join(found)
    assert host.front.altered == []


@everywhere
@pytest.mark.parametrize("part", range(PARTS))
def test_a_deep_walk(part: int) -> None:
    """Among resources that exist."""
    host, described = Host(), part_of(with_examples(), part)
    found = walk(host, described, known_names())
    assert not found, "\n\n".join(found)
    assert host.front.altered == []
    assert _never_done(host, described["paths"]) == set(), "nonsense is told from what works only where something works"


def _never_done(host: Host, paths: Collection[str]) -> set[str]:
    """Operations at the paths that take a body and that the walk never saw succeed."""
    at_paths = (route for route in ROUTES if f"/{route.template}" in paths)
    operations = {f"{method} {route.name}": each for route in at_paths for method, each in route.endpoints.items()}
    return {name for name, each in operations.items() if each.body in WORKING and min(host.answers[name]) >= 300}


# ---------------------------------------------------------------- the walk's own eyes


def spoiled(spoil: Callable[[Reply], Reply]) -> list[str]:
    """What a walk finds among vaults where answers are spoiled."""
    paths = {path: item for path, item in with_examples()["paths"].items() if path.endswith("/backupVaults/{vault}")}
    return walk(Host(spoil=spoil), {**with_examples(), "paths": paths}, known_names(), 3)


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda reply: replace(reply, status=500), "not_a_server_error"),
        (lambda reply: replace(reply, status=418), "status_code_conformance"),
        (lambda reply: replace(reply, text="{}"), "response_schema_conformance"),
        (lambda reply: replace(reply, headers={"Content-Type": "text/html"}), "content_type_conformance"),
        (lambda reply: replace(reply, headers={"Content-Type": "application/json"}), "response_headers_conformance"),
    ],
)
def test_a_walk_finds_an_answer_that_is_wrong(change: Callable[[Reply], Reply], check: str) -> None:
    assert any(f": {check}:" in fault for fault in spoiled(change))


def test_a_walk_finds_accepted_nonsense() -> None:
    done: list[Reply] = []

    def accept(reply: Reply) -> Reply:
        if reply.status == 201:
            done.append(reply)
        return done[0] if done and reply.status == 400 else reply

    assert any(": negative_data_rejection:" in fault for fault in spoiled(accept))


def test_a_walk_as_it_is_finds_nothing() -> None:
    assert spoiled(lambda reply: reply) == []
