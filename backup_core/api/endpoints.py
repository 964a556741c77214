"""What an endpoint is: one row that says what answers a method of a route, who may ask, what it takes and answers.

A cold start imports this file and the table (routes.py), and nothing else of the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from enum import Enum

METHODS = ("GET", "PUT", "PATCH", "POST", "DELETE", "HEAD")
STATUS = "Azure-AsyncOperation"
RESULT = "Location"
FREE_BODY = "NothingNeeded"


class Role(Enum):
    """Azure Backup's roles. Each may all that those before it may."""

    READER = "Backup Reader"
    OPERATOR = "Backup Operator"
    CONTRIBUTOR = "Backup Contributor"

    def includes(self, other: Role) -> bool:
        roles = list(Role)
        return roles.index(self) >= roles.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """`schema` is that of the body, "" for none; each of `headers` is always there. `text` is the media type of another
    form of the body, "" where there is none."""

    schema: str = ""
    headers: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of a route.

    `handler` is `module.function` of this package, as text, so that a cold start imports none of them. `role` is the
    least that may ask; None: anyone, since it tells nothing that is not published. `id` is Azure's own where Azure has
    the operation. `answers` are those of success, by status; `query` are parameters beside api-version. `asks` is said
    of a POST that changes nothing. `guarded` is the critical operation (domain/guard.py, Critical, by its name) that a
    resource guard guards it as, where the request alone says so.
    """

    handler: str
    role: Role | None
    id: str
    summary: str
    answers: Mapping[int, Success]
    _: KW_ONLY
    body: str = ""
    body_needed: bool = True
    query: tuple[str, ...] = ()
    asks: bool = False
    guarded: str = ""

    @property
    def tag(self) -> str:
        return self.id.partition("_")[0]

    @property
    def is_long_running(self) -> bool:
        """Whether it begins something that a client's poller waits for."""
        return any(STATUS in answer.headers for answer in self.answers.values()) and "Result" not in self.id

    @property
    def is_paged(self) -> bool:
        return "$skipToken" in self.query


@dataclass(frozen=True, slots=True)
class Route:
    """`name` is the function's; `template` the host's route template, without a leading slash. `is_anonymous`: neither
    the host nor the API asks who is there, whatever the settings say."""

    name: str
    template: str
    endpoints: Mapping[str, Endpoint]
    is_anonymous: bool = False


def route(name: str, template: str, *, is_anonymous: bool = False, **endpoints: Endpoint) -> Route:
    """`endpoints` are by method."""
    return Route(name, template, endpoints, is_anonymous)


def get(
    handler: str, role: Role | None, name: str, summary: str, schema: str, *query: str, guarded: str = ""
) -> Endpoint:
    return Endpoint(handler, role, name, summary, {200: Success(schema=schema)}, query=query, guarded=guarded)


def page(handler: str, role: Role, name: str, summary: str, schema: str, *query: str) -> Endpoint:
    return get(handler, role, name, summary, schema, *query, "$skipToken")


def report(handler: str, role: Role, name: str, summary: str, schema: str, *query: str) -> Endpoint:
    """JSON, or a table as text."""
    return Endpoint(handler, role, name, summary, {200: Success(schema=schema, text="text/csv")}, query=query)


def send(
    handler: str,
    role: Role,
    name: str,
    summary: str,
    body: str,
    schema: str,
    *,
    needed: bool = True,
    asks: bool = False,
    begins: bool = False,
    query: tuple[str, ...] = (),
    guarded: str = "",
) -> Endpoint:
    """Takes a body and answers another: the resource as it is now, or with `asks` what was asked for. `begins`: 201,
    and what is left to do goes on."""
    answers = {201: Success(schema=schema, headers=(STATUS,))} if begins else {200: Success(schema=schema)}
    return Endpoint(
        handler, role, name, summary, answers, body=body, body_needed=needed, query=query, asks=asks, guarded=guarded
    )


def begin(
    handler: str,
    role: Role,
    name: str,
    summary: str,
    body: str = "",
    *,
    needed: bool = True,
    at_once: int | None = None,
    asks: bool = False,
    guarded: str = "",
) -> Endpoint:
    """`at_once` is the status, if any, of an answer without a body when there is nothing to be done."""
    answers = {202: Success(headers=(STATUS, RESULT))} | ({at_once: Success()} if at_once else {})
    return Endpoint(handler, role, name, summary, answers, body=body, body_needed=needed, asks=asks, guarded=guarded)


def delete(
    handler: str,
    role: Role,
    name: str,
    summary: str,
    schema: str = "",
    *,
    answers: tuple[int, ...] = (200, 204),
    guarded: str = "",
) -> Endpoint:
    """Done at once, and answered without a body, or with that of `schema`; 204 when there was nothing."""
    done = {status: Success(schema="" if status == 204 else schema) for status in answers}
    return Endpoint(handler, role, name, summary, done, guarded=guarded)


def clear(handler: str, role: Role, name: str, summary: str, schema: str, *, guarded: str = "") -> Endpoint:
    """Takes effect later, and answers the resource, which says when; 204 when there was nothing."""
    return Endpoint(handler, role, name, summary, {200: Success(schema=schema), 204: Success()}, guarded=guarded)


def result(handler: str, role: Role, name: str, summary: str, schema: str, *headers: str) -> Endpoint:
    """Of an operation: 202 while it goes on."""
    running = Success(headers=(RESULT, "Retry-After"))
    return Endpoint(handler, role, name, summary, {200: Success(schema=schema, headers=headers), 202: running})


def never(handler: str, role: Role, name: str, summary: str) -> Endpoint:
    """Of what is always refused, in Azure's words."""
    return Endpoint(handler, role, name, summary, {})
