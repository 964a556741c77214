"""Route templates, and the host's order of matching them: by function name, first match wins.

No "literal beats parameter": the real host does not do it either (Azure/azure-functions-host issues 3153, 6062, 9876).
Of ASP.NET's templates there is what the app uses: segments that are literal or `{name}`, and `{*rest}` at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

_LITERAL = re.compile(r"[^{}]+")
_PARAMETER = re.compile(r"{([A-Za-z_]\w*)}")
_REST = re.compile(r"{\*([A-Za-z_]\w*)}")


class BadTemplate(Exception):
    """The text is not a route template, or one that is not imitated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A parsed route. Matching ignores case; the values keep theirs and are always strings."""

    text: str
    pattern: re.Pattern[str]

    def match(self, path: str) -> dict[str, str] | None:
        """The route values for a decoded path without leading slash, or None."""
        found = self.pattern.fullmatch(path)
        return {name: value for name, value in found.groupdict().items() if value} if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One HTTP function's way in; no `methods` means all."""

    function: str
    template: Template
    methods: frozenset[str]

    def overlaps(self, other: Route) -> bool:
        """Whether both are the same route, slashes and case aside, for a common method."""
        same = self.template.text.lower() == other.template.text.lower()
        return same and (not self.methods or not other.methods or bool(self.methods & other.methods))


class RouteTable:
    """All routes under one prefix, in the host's order."""

    def __init__(self, routes: Iterable[Route], *, prefix: str) -> None:
        self._routes = sorted(routes, key=lambda route: route.function.lower())
        self._prefix = f"{prefix.strip('/').lower()}/" if prefix.strip("/") else ""

    def find(self, method: str, raw_path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The first route that matches, with its values; None also for a wrong method (the host says 404 for both)."""
        path = decode_path(raw_path).removesuffix("/")
        if not f"{path}/".lower().startswith(self._prefix):
            return None
        rest = path[len(self._prefix) :]
        for route in self._routes:
            if route.methods and method not in route.methods:
                continue
            values = route.template.match(rest)
            if values is not None:
                return route, values
        return None


def resolved(raw_path: str) -> str:
    """A request's path, still percent-encoded, without the parts `.` and `..`: the web server in front of the host
    resolves them, encoded ones too, before it looks for a route (measured)."""
    kept: list[str] = []
    parts = raw_path[1:].split("/")
    for at, part in enumerate(parts):
        name = unquote(part)
        if name == "..":
            del kept[-1:]
        elif name != ".":
            kept.append(part)
        if name in (".", "..") and at == len(parts) - 1:
            kept.append("")
    return "/" + "/".join(kept)


def decode_path(raw_path: str) -> str:
    """A request's path without its leading slash, percent-decoded except for encoded slashes, as ASP.NET does."""
    return "/".join(unquote(part.replace("%2F", "%252F").replace("%2f", "%252f")) for part in raw_path[1:].split("/"))


def parse_template(text: str) -> Template:
    """A route template from its text. Raises BadTemplate."""
    trimmed = text.strip("/")
    segments = trimmed.split("/") if trimmed else []
    try:
        pattern = "".join(
            _pattern(segment, slash="/" if at else "", is_last=at == len(segments) - 1)
            for at, segment in enumerate(segments)
        )
        return Template(text=trimmed, pattern=re.compile(pattern, re.IGNORECASE | re.DOTALL))
    except re.error as error:
        raise BadTemplate(f"a parameter occurs twice in '{text}'") from error


def _pattern(segment: str, *, slash: str, is_last: bool) -> str:
    if _LITERAL.fullmatch(segment):
        return slash + re.escape(segment)
    if found := _PARAMETER.fullmatch(segment):
        return f"{slash}(?P<{found[1]}>[^/]+)"
    if is_last and (found := _REST.fullmatch(segment)):
        return f"(?:{slash}(?P<{found[1]}>.*))?"
    raise BadTemplate(f"'{segment}' is no literal, no {{name}} and no {{*rest}} at the end")
