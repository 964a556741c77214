"""What an expression of Bicep may come to, as far as that can be told without running it.

Follows variables, both sides of a choice, the allowed values of a parameter and the items of a loop. What is left is a
literal, an object, an array, or something that only Azure knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tree_sitter import Node

from tests.infra.bicep import BicepFile, Loop, literal, loop_of, parts, properties, text_of

# What functions give; those whose result has many shapes are left out.
RESULTS: Mapping[str, str] = {
    "cidrSubnet": "string",
    "concat": "",
    "contains": "bool",
    "deployment": "object",
    "empty": "bool",
    "environment": "object",
    "filter": "array",
    "guid": "string",
    "items": "array",
    "json": "",
    "length": "int",
    "loadJsonContent": "object",
    "map": "array",
    "readEnvironmentVariable": "string",
    "resourceGroup": "object",
    "resourceId": "string",
    "split": "array",
    "string": "string",
    "subscription": "object",
    "subscriptionResourceId": "string",
    "tenant": "object",
    "toLower": "string",
    "toObject": "object",
    "toUpper": "string",
    "union": "",
    "uniqueString": "string",
}
_PLAIN = {"string": "string", "number": "int", "boolean": "bool", "object": "object", "null": "null"}
_COMPARING = {"==", "!=", "=~", "!~", "<", ">", "<=", ">=", "&&", "||"}
_DEEPEST = 20  # variables that name each other in a circle


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an expression stands: the file whose names it may use, and the loops that it is in."""

    file: BicepFile
    loops: tuple[Loop, ...] = ()

    def within(self, loop: Loop) -> Place:
        return replace(self, loops=(*self.loops, loop))

    def items_of(self, name: str) -> Node | None:
        for loop in reversed(self.loops):
            if loop.names[0] == name:
                return loop.items
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One of the things that an expression may come to. `kind` is string, int, bool, object, array, null, or "" where
    that cannot be told; `text` is the text of a literal string."""

    node: Node
    place: Place

    @property
    def kind(self) -> str:
        return _kind(self.node, self.place)

    @property
    def text(self) -> str | None:
        return literal(self.node)


def possible(node: Node, place: Place, depth: int = 0) -> Iterator[Value]:
    """Every value that `node` may come to; one that cannot be followed further stands for itself."""
    if depth > _DEEPEST:
        raise RecursionError(f"{place.file.path}: {text_of(node)} names itself")
    for nearer in _nearer(node, place):
        if nearer == node:
            yield Value(node=node, place=place)
        else:
            yield from possible(nearer, place, depth + 1)


def elements(value: Value) -> Iterator[tuple[Node, Place]]:
    """The items of an array, or the one item that a loop repeats."""
    if value.node.type == "for_statement":
        yield parts(value.node)[-1], value.place.within(loop_of(value.node))
    elif value.node.type == "array":
        for item in parts(value.node):
            yield item, value.place


def _nearer(node: Node, place: Place) -> list[Node]:
    """One step towards a value; the node itself when there is none."""
    if node.type in ("parenthesized_expression", "if_statement"):
        return [parts(node)[-1]]
    if node.type == "ternary_expression":
        return parts(node)[1:]
    if node.type == "binary_expression" and _operator(node) == "??":
        return parts(node)
    if node.type == "subscript_expression":
        return _members(node, place) or [node]
    if node.type == "identifier":
        return _named(text_of(node), place) or [node]
    return [node]


def _named(name: str, place: Place) -> list[Node]:
    items = place.items_of(name)
    if items is not None:
        return [item for value in possible(items, place) for item, _ in elements(value) if value.node.type == "array"]
    if name in place.file.variables:
        return [place.file.variables[name]]
    parameter = place.file.parameters.get(name)
    return list(parameter.allowed) if parameter else []


def _members(node: Node, place: Place) -> list[Node]:
    """`table[key]` of a variable that is written out as an object."""
    table, key = parts(node)
    found = [value.node for value in possible(table, place) if value.node.type == "object"]
    names = [value.text for value in possible(key, place)]
    return [properties(each)[name] for each in found for name in names if name in properties(each)]


def _kind(node: Node, place: Place) -> str:
    if node.type in _PLAIN:
        return _PLAIN[node.type]
    if node.type in ("array", "for_statement"):
        return "array"
    if node.type == "unary_expression":
        return "bool" if text_of(node).startswith("!") else "int"
    if node.type == "binary_expression":
        return "bool" if _operator(node) in _COMPARING else "int"
    if node.type == "call_expression":
        return RESULTS.get(text_of(parts(node)[0]), "")
    if node.type == "identifier":
        return _declared_kind(text_of(node), place)
    return ""


def _declared_kind(name: str, place: Place) -> str:
    parameter = place.file.parameters.get(name)
    if parameter is None or place.items_of(name) is not None:
        return ""
    return plain_kind(parameter.kind)


def plain_kind(written: str) -> str:
    """The kind of a type as written in a declaration; "" for types of the file's own."""
    if written.endswith("[]"):
        return "array"
    return written if written in ("string", "int", "bool", "object", "array") else ""


def _operator(node: Node) -> str:
    return text_of(node.children[1])
