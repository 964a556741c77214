"""ASP.NET route templates, and the host's order of matching them: by function name, first match wins.

No "literal beats parameter": the real host does not do it either (Azure/azure-functions-host issues 3153, 6062, 9876).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

Check = Callable[[str], bool]

_PARAMETER_NAME = re.compile(r"(\*{0,2})([A-Za-z_]\w*)")
_CONSTRAINT_NAME = re.compile(r"[A-Za-z]+")
_SIMPLE_CONSTRAINTS = {
    "bool": r"true|false",
    "alpha": r"[a-z]*",
    "required": r".+",
    "datetime": r".*\d.*",
    "guid": r"[({]?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}[)}]?",
}


class BadTemplate(Exception):
    """The text is not a route template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """`{name}` with its constraints; `default` is its value when the path leaves it out."""

    name: str
    default: str | None
    catch_all: bool
    optional: bool
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A parsed route. Matching ignores case; the values keep theirs and are always strings."""

    text: str
    pattern: re.Pattern[str]
    parameters: tuple[Parameter, ...]

    def match(self, path: str) -> dict[str, str] | None:
        """The route values for a decoded path without leading slash, or None."""
        found = self.pattern.fullmatch(path)
        if not found:
            return None
        values = {}
        for number, parameter in enumerate(self.parameters):
            value = found[f"p{number}"] or parameter.default
            if value is None:
                continue
            if not all(check(value) for check in parameter.checks):
                return None
            values[parameter.name] = value
        return values


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
    parameters: list[Parameter] = []
    pattern = ""
    segments = _split_segments(trimmed)
    for index, segment in enumerate(segments):
        pattern += _segment_pattern(segment, parameters, first=index == 0)
        if parameters and parameters[-1].catch_all and index + 1 < len(segments):
            raise BadTemplate(f"the catch-all '{parameters[-1].name}' is not last in '{text}'")
    names = [parameter.name.lower() for parameter in parameters]
    if len(set(names)) < len(names):
        raise BadTemplate(f"a parameter occurs twice in '{text}'")
    return Template(text=trimmed, pattern=re.compile(pattern, re.IGNORECASE | re.DOTALL), parameters=tuple(parameters))


def _split_segments(text: str) -> list[str]:
    segments, depth, current = [], 0, ""
    for character in text:
        depth += (character == "{") - (character == "}")
        if character == "/" and depth == 0:
            segments.append(current)
            current = ""
        else:
            current += character
    segments.append(current)
    if depth:
        raise BadTemplate(f"a brace is not closed in '{text}'")
    if len(segments) > 1 and "" in segments:
        raise BadTemplate(f"'{text}' has an empty segment")
    return [segment for segment in segments if segment]


def _segment_pattern(segment: str, parameters: list[Parameter], *, first: bool) -> str:
    pieces = _pieces(segment)
    pattern = ""
    for piece in pieces:
        pattern += _piece_pattern(piece, pattern, parameters)
    slash = "" if first else "/"
    alone = len(pieces) == 1 and pieces[0].startswith("{")
    if alone and (parameters[-1].optional or parameters[-1].catch_all):
        return f"(?:{slash}{pattern})?"
    return slash + pattern


def _piece_pattern(piece: str, before: str, parameters: list[Parameter]) -> str:
    if not piece.startswith("{"):
        return re.escape(piece)
    parameter = _parameter(piece[1:-1])
    parameters.append(parameter)
    # Several parameters in one segment match from right to left: the later one is as short as it can be.
    group = f"(?P<p{len(parameters) - 1}>{'.*' if parameter.catch_all else '[^/]+'})"
    return f"{group}?" if parameter.optional and before else group


def _pieces(segment: str) -> list[str]:
    """A segment's literals and `{...}` parameters; doubled braces inside a parameter belong to it."""
    pieces, depth, current = [], 0, ""
    for character in segment:
        if character == "{" and depth == 0:
            pieces.append(current)
            current = ""
        depth += (character == "{") - (character == "}")
        current += character
        if depth < 0:
            raise BadTemplate(f"a brace is not opened in '{segment}'")
        if character == "}" and depth == 0:
            pieces.append(current)
            current = ""
    return [piece for piece in [*pieces, current] if piece]


def _parameter(text: str) -> Parameter:
    head = _PARAMETER_NAME.match(text)
    if not head:
        raise BadTemplate(f"'{{{text}}}' is not a parameter")
    checks, rest = _constraints(text[head.end() :])
    optional = rest == "?"
    if rest and not optional and not rest.startswith("="):
        raise BadTemplate(f"'{{{text}}}' is not a parameter")
    default = rest[1:] if rest.startswith("=") else None
    return Parameter(
        name=head[2], default=default, catch_all=bool(head[1]), optional=optional or default is not None, checks=checks
    )


def _constraints(text: str) -> tuple[tuple[Check, ...], str]:
    checks = []
    while text.startswith(":"):
        name = _CONSTRAINT_NAME.match(text, 1)
        if not name:
            raise BadTemplate(f"'{text}' is not a constraint")
        text = text[name.end() :]
        argument = ""
        if text.startswith("("):
            end = _closing(text)
            argument, text = text[1:end], text[end + 1 :]
        checks.append(_check(name[0].lower(), argument))
    return tuple(checks), text


def _closing(text: str) -> int:
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return index
    raise BadTemplate(f"'{text}' is not closed")


def _check(name: str, argument: str) -> Check:
    try:
        return _make_check(name, argument)
    except (ValueError, IndexError, re.error) as error:
        raise BadTemplate(f"'{name}({argument})' is not a constraint") from error


def _make_check(name: str, argument: str) -> Check:
    if name in _SIMPLE_CONSTRAINTS:
        return partial(_fullmatch, re.compile(_SIMPLE_CONSTRAINTS[name], re.IGNORECASE))
    if name == "regex":
        return partial(_search, re.compile(argument.replace("{{", "{").replace("}}", "}"), re.IGNORECASE))
    if name in ("int", "long"):
        bits = 31 if name == "int" else 63
        return partial(_whole_between, -(2**bits), 2**bits - 1)
    if name in ("decimal", "double", "float"):
        return _is_number
    bounds = [int(part) for part in argument.split(",")]
    between = {
        "min": (_whole_between, bounds[0], 2**63 - 1),
        "max": (_whole_between, -(2**63), bounds[0]),
        "range": (_whole_between, bounds[0], bounds[-1]),
        "length": (_length_between, bounds[0], bounds[-1]),
        "minlength": (_length_between, bounds[0], 2**31),
        "maxlength": (_length_between, 0, bounds[0]),
    }
    if name not in between:
        raise ValueError(f"unknown constraint {name}")
    check, low, high = between[name]
    return partial(check, low, high)


def _fullmatch(pattern: re.Pattern[str], value: str) -> bool:
    return pattern.fullmatch(value) is not None


def _search(pattern: re.Pattern[str], value: str) -> bool:
    return pattern.search(value) is not None


def _whole_between(low: int, high: int, value: str) -> bool:
    return re.fullmatch(r"\s*[-+]?\d+\s*", value) is not None and low <= int(value) <= high


def _length_between(low: int, high: int, value: str) -> bool:
    return low <= len(value) <= high


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
