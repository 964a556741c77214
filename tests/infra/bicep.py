"""Bicep files, read into their declarations by a parser that others wrote (tree-sitter's Bicep grammar).

The grammar is lenient: names, types and properties are the Bicep compiler's to check (.github/workflows/infra.yml).
Leaves to others: every rule (rules.py).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

FOLDER = Path(__file__).resolve().parents[2] / "infra" / "azure"
_PARAM = re.compile(r"^param(\s+(\w+)\s*=)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """`kind` is the type as written (`string`, `string[]`, `groupTarget[]`)."""

    name: str
    kind: str
    default: Node | None = None
    allowed: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """`type` is whole, even of one within another. `body` is its object, without loop or `if`."""

    symbol: str
    type: str
    body: Node
    line: int
    is_existing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    symbol: str
    path: str
    body: Node
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BicepFile:
    """`path` is relative to infra/azure. `broken` has a sentence for each place that the parser could not read."""

    path: str
    root: Node
    scope: str = "resourceGroup"
    broken: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    variables: Mapping[str, Node] = field(default_factory=dict)
    resources: tuple[Resource, ...] = ()
    modules: tuple[Module, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterFile:
    """A .bicepparam file: the Bicep file that it is for, and the value of each parameter that it sets."""

    file: BicepFile
    using: str
    values: Mapping[str, Node]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Every Bicep file by its path, every parameter file by its name, and the table of role ids."""

    files: Mapping[str, BicepFile]
    parameter_files: Mapping[str, ParameterFile]
    roles_text: str

    @property
    def resources(self) -> Iterator[tuple[BicepFile, Resource]]:
        for file in self.files.values():
            for resource in file.resources:
                yield file, resource


@cache
def project() -> Project:
    return project_of(texts())


def texts() -> dict[str, str]:
    """The texts that `project()` is read from, by path, to seed faults in."""
    read = sorted(path for path in FOLDER.rglob("*") if path.suffix in (".bicep", ".bicepparam", ".json"))
    return {path.relative_to(FOLDER).as_posix(): path.read_text() for path in read}


def project_of(sources: Mapping[str, str]) -> Project:
    files = {path: parse(text, path) for path, text in sources.items() if path.endswith(".bicep")}
    parameter_files = {
        path: parse_parameters(text, path) for path, text in sources.items() if path.endswith(".bicepparam")
    }
    return Project(files=files, parameter_files=parameter_files, roles_text=sources["roles.json"])


def parse(text: str, path: str = "sample.bicep") -> BicepFile:
    root = _parser().parse(text.encode()).root_node
    declared = list(_declarations(root))
    parameters = [_parameter(node, decorators) for node, decorators in declared if node.type == "parameter_declaration"]
    return BicepFile(
        path=path,
        root=root,
        scope=_target_scope(declared),
        broken=tuple(_broken(root, path)),
        parameters={each.name: each for each in parameters},
        variables={symbol_of(node): _value(node) for node, _ in declared if node.type == "variable_declaration"},
        resources=tuple(_resources(node for node, _ in declared)),
        modules=tuple(_module(node) for node, _ in declared if node.type == "module_declaration"),
    )


def parse_parameters(text: str, path: str = "sample.bicepparam") -> ParameterFile:
    """The grammar knows `param` as a declaration only; an assignment to one is read as a variable of that name."""
    names = {match[1] for match in _PARAM.findall(text)}
    file = parse(_PARAM.sub(r"var\1", text), path)
    using = [parts(node)[0] for node in file.root.children if node.type == "using_statement"]
    values = {name: node for name, node in file.variables.items() if name in names}
    return ParameterFile(file=file, using=(literal(using[0]) or "") if using else "", values=values)


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bicep.language()))


# Nodes: their parts, text and properties.


def parts(node: Node) -> list[Node]:
    """The named children that mean something."""
    return [child for child in node.named_children if child.type != "comment"]


def text_of(node: Node) -> str:
    return (node.text or b"").decode()


def line_of(node: Node) -> int:
    return node.start_point[0] + 1


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def literal(node: Node) -> str | None:
    """The text of a string without interpolation; None for anything else."""
    if node.type != "string" or any(part.type == "interpolation" for part in parts(node)):
        return None
    return "".join(text_of(part).replace("\\'", "'") for part in parts(node))


def properties(node: Node) -> dict[str, Node]:
    """The properties of an object whose names are known; nested resources are none."""
    found: dict[str, Node] = {}
    for child in parts(node):
        inner = parts(child)
        if child.type == "object_property" and len(inner) == 2:
            name = text_of(inner[0]) if inner[0].type == "identifier" else literal(inner[0])
            found |= {} if name is None else {name: inner[1]}
    return found


def property_at(node: Node, path: str) -> Node | None:
    """The value at a dotted path through objects."""
    for name in path.split("."):
        found = properties(node).get(name) if node.type == "object" else None
        if found is None:
            return None
        node = found
    return node


def symbol_of(declaration: Node) -> str:
    return next(text_of(part) for part in parts(declaration) if part.type == "identifier")


# Declarations.


def _declarations(root: Node) -> Iterator[tuple[Node, list[Node]]]:
    """Each declaration with the decorators that stand before it."""
    decorators: list[Node] = []
    for node in parts(root):
        if node.type == "decorators":
            decorators.extend(parts(node))
            continue
        yield node, decorators
        decorators = []


def _broken(root: Node, path: str) -> Iterator[str]:
    for node in walk(root):
        if node.is_error or node.is_missing:
            yield f"{path}:{line_of(node)}: not Bicep near {text_of(node)[:40]!r}"


def _target_scope(declared: list[tuple[Node, list[Node]]]) -> str:
    written = [literal(parts(node)[0]) for node, _ in declared if node.type == "target_scope_assignment"]
    return written[0] or "" if written else "resourceGroup"


def _parameter(node: Node, decorators: list[Node]) -> Parameter:
    calls = {text_of(parts(call)[0]): call for each in decorators for call in parts(each)}
    inner = parts(node)
    types = [part for part in inner if part.type == "type"]
    return Parameter(
        name=symbol_of(node),
        kind=text_of(types[0]) if types else "",
        default=inner[-1] if inner[-1].type not in ("type", "identifier") else None,
        allowed=_allowed(calls.get("allowed")),
    )


def _allowed(decorator: Node | None) -> tuple[Node, ...]:
    if decorator is None:
        return ()
    return tuple(item for node in walk(decorator) if node.type == "array" for item in parts(node))


def _value(declaration: Node) -> Node:
    return parts(declaration)[-1]


def _module(node: Node) -> Module:
    path = next(literal(part) or "" for part in parts(node) if part.type == "string")
    return Module(symbol=symbol_of(node), path=path, body=_unwrapped(_value(node)), line=line_of(node))


def _resources(nodes: Iterator[Node], parent: Resource | None = None) -> Iterator[Resource]:
    for node in nodes:
        if node.type == "resource_declaration":
            resource = _resource(node, parent)
            yield resource
            inner = (child for pair in parts(resource.body) for child in parts(pair))
            yield from _resources(inner, resource)


def _resource(node: Node, parent: Resource | None) -> Resource:
    written = next(literal(part) or "" for part in parts(node) if part.type == "string")
    type_ = written.partition("@")[0]
    return Resource(
        symbol=symbol_of(node),
        type=f"{parent.type}/{type_}" if parent else type_,
        body=_unwrapped(_value(node)),
        line=line_of(node),
        is_existing=any(child.type == "existing" for child in node.children),
    )


def _unwrapped(node: Node) -> Node:
    """The object of a resource or module, without the loop and the condition around it."""
    while node.type in ("for_statement", "if_statement"):
        node = parts(node)[-1]
    return node


def beside(file: BicepFile, path: str) -> str:
    """The path of a file that `file` names, relative to infra/azure."""
    return posixpath.normpath(PurePosixPath(file.path).parent / path)
