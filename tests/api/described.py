"""A client that holds every answer to the API's own description: status, headers, content and every single field.

The description lets fields be added one day, as a description must. Here its schemas are closed: a field that is
answered and not described fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

from backup_core.api.description import document
from backup_core.api.openapi import answers
from backup_core.api.routes import ROUTES
from docs.generate import runbooks
from tests.api.front import Front, Reply, first_match

ENDPOINTS = {f"{method} {route.name}": endpoint for route in ROUTES for method, endpoint in route.endpoints.items()}
OPEN = "OpenApi"  # the description itself, which has a validator of its own


class DescribedFront(Front):
    """`seen` are the places of answers that had a value, as `Schema.properties.name`, and `met` what was answered, as
    `METHOD function status`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.seen: set[str] = set()
        self.met: set[str] = set()

    def answer(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Reply:
        reply = super().answer(method, url, headers, content)
        found = first_match(self.functions, method, urlsplit(url).path.removeprefix(self.prefix))
        if found is not None:
            self._check(method, found[0].template, found[0].name, reply)
        return reply

    def _check(self, method: str, template: str, name: str, reply: Reply) -> None:
        operation = document()["paths"].get(f"/{template}", {}).get(method.lower())
        if operation is None:
            assert reply.status in (401, 403, 404, 405, 400), "refused: there is no such method or resource"
            return
        schema = check_reply(operation, reply)
        assert codes_of(reply) <= runbooks()["errors"].keys(), "an error that docs/runbooks.toml has no paragraph for"
        self.met.add(f"{method} {name} {reply.status}")
        if schema:
            self.seen |= set(places(schema, reply.json))


def check_reply(operation: Mapping[str, Any], reply: Reply) -> str:
    """Raises AssertionError. The name of the body's schema, "" when there is no body."""
    described = _resolved(operation["responses"].get(str(reply.status)))
    assert described, f"{operation['operationId']} answers {reply.status}, which is not described: {reply.text}"
    missing = set(described["headers"]) - set(reply.headers)
    assert not missing, f"{operation['operationId']} {reply.status} lacks {missing}"
    if "content" not in described:
        assert reply.text == "", f"{operation['operationId']} {reply.status} has a body that is not described"
        return ""
    if reply.headers["Content-Type"].partition(";")[0] in described["content"].keys() - {"application/json"}:
        return ""  # told in another form, which has no schema
    assert reply.headers["Content-Type"].startswith("application/json")
    schema: str = described["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    errors = [f"{error.json_path}: {error.message}" for error in validator(schema).iter_errors(reply.json)]
    assert errors == [], f"{operation['operationId']} {reply.status}: {errors}"
    return schema


def codes_of(reply: Reply) -> set[str]:
    """The codes of a refusal, of each of its faults as well."""
    error = reply.json.get("error", {}) if reply.status >= 400 and reply.text else {}
    return {each["code"] for each in [error, *(error.get("details") or [])] if each.get("code")}


def _resolved(described: Any) -> Any:
    if described and "$ref" in described:
        return document()["components"]["responses"][described["$ref"].rpartition("/")[2]]
    return described


@cache
def validator(schema: str) -> Draft202012Validator:
    """Checks a value against an answer's schema, closed."""
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": _closed_answers()}}
    )


@cache
def _answers() -> Mapping[str, Any]:
    """Made once: each reply is held to them."""
    return answers.schemas()


@cache
def _closed_answers() -> Mapping[str, Any]:
    return {name: schema if name == OPEN else closed(schema) for name, schema in _answers().items()}


def closed(schema: Any) -> Any:
    """The schema without room for fields that it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    is_object = isinstance(inner.get("properties"), dict) and "additionalProperties" not in inner and "type" in inner
    return inner | ({"additionalProperties": False} if is_object else {})


def described_places() -> set[str]:
    """Every field that is described, as `Schema.field.field`; fields of a schema that is referred to are its own."""
    return {place for name, schema in _answers().items() if name != OPEN for place in _fields(name, schema)}


def _fields(place: str, schema: Any) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        yield f"{place}.{name}"
        yield from _fields(f"{place}.{name}", inner)
    for part in (schema.get("items"), *schema.get("anyOf", ())):
        if part:
            yield from _fields(place, part)


def places(name: str, value: Any) -> Iterator[str]:
    """The described fields that `value`, an answer of schema `name`, has."""
    return _places(name, _answers()[name], value)


def _places(place: str, schema: Any, value: Any) -> Iterator[str]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _places(name, _answers()[name], value)
    for part in schema.get("anyOf", ()):
        if value is not None:
            yield from _places(place, part, value)
    if isinstance(value, list) and "items" in schema:
        for item in value:
            yield from _places(place, schema["items"], item)
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                yield f"{place}.{name}"
                yield from _places(f"{place}.{name}", inner, value[name])
