"""Bicep files, read into their declarations by a parser that others wrote (tree-sitter's Bicep grammar).

The grammar is lenient: what it takes may still be refused by the Bicep compiler. Leaves to others: what expressions
come to (values.py), and every rule (rules.py, published_types.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path, PurePosixPath

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

FOLDER = Path(__file__).resolve().parents[2] / "infra" / "azure"
_PARAM = re.compile(r"^param(\s+(\w+)\s*=)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """`for (item, index) in items`: the names of item and index, and the expression that gives the items."""

    names: tuple[str, ...]
    items: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """`kind` is the type as written (`string`, `string[]`, `groupTarget[]`)."""

    name: str
    kind: str
    line: int
    default: Node | None = None
    allowed: tuple[Node, ...] = ()
    is_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """`type` and `version` are whole, even of one within another. `body` is its object, without loop or `if`."""

    symbol: str
    type: str
    version: str
    body: Node
    line: int
    loops: tuple[Loop, ...] = ()
    is_existing: bool = False
    is_nested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    symbol: str
    path: str
    body: Node
    line: int
    loops: tuple[Loop, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    name: str
    kind: str
    value: Node
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
    types: frozenset[str] = frozenset()
    resources: tuple[Resource, ...] = ()
    modules: tuple[Module, ...] = ()
    outputs: Mapping[str, Output] = field(default_factory=dict)


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
    return project_of({path.relative_to(FOLDER).as_posix(): path.read_text() for path in _sources()})


def texts() -> dict[str, str]:
    """The texts that `project()` is read from, by path, to seed faults in."""
    return {path.relative_to(FOLDER).as_posix(): path.read_text() for path in _sources()}


def _sources() -> list[Path]:
    return sorted(path for path in FOLDER.rglob("*") if path.suffix in (".bicep", ".bicepparam", ".json"))


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
    outputs = [_output(node) for node, _ in declared if node.type == "output_declaration"]
    return BicepFile(
        path=path,
        root=root,
        scope=_target_scope(declared),
        broken=tuple(_broken(root, path)),
        parameters={each.name: each for each in parameters},
        variables={symbol_of(node): _value(node) for node, _ in declared if node.type == "variable_declaration"},
        types=frozenset(symbol_of(node) for node, _ in declared if node.type == "type_declaration"),
        resources=tuple(_resources(node for node, _ in declared)),
        modules=tuple(_module(node) for node, _ in declared if node.type == "module_declaration"),
        outputs={each.name: each for each in outputs},
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
    return {name: value for name, value in _pairs(node) if name is not None}


def has_computed_names(node: Node) -> bool:
    return any(name is None for name, _ in _pairs(node))


def computed_values(node: Node) -> list[Node]:
    """The values of those properties whose names are computed, like `'${identity.id}': {}`."""
    return [value for name, value in _pairs(node) if name is None]


def property_at(node: Node, path: str) -> Node | None:
    """The value at a dotted path through objects."""
    for name in path.split("."):
        found = properties(node).get(name) if node.type == "object" else None
        if found is None:
            return None
        node = found
    return node


def _pairs(node: Node) -> Iterator[tuple[str | None, Node]]:
    for child in parts(node):
        inner = parts(child)
        if child.type == "object_property" and len(inner) == 2:
            name, value = inner
            yield (text_of(name) if name.type == "identifier" else literal(name)), value


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
        if node.type == "array" and _has_torn_call(node):
            yield f"{path}:{line_of(node)}: the grammar takes the call in this array for two items; name its result"


def _has_torn_call(array: Node) -> bool:
    """`[f(x)]` may be read as `[f, (x)]`."""
    return any(before.end_byte == after.start_byte for before, after in pairwise(parts(array)))


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
        line=line_of(node),
        default=inner[-1] if inner[-1].type not in ("type", "identifier") else None,
        allowed=_allowed(calls.get("allowed")),
        is_secret="secure" in calls,
    )


def _allowed(decorator: Node | None) -> tuple[Node, ...]:
    if decorator is None:
        return ()
    return tuple(item for node in walk(decorator) if node.type == "array" for item in parts(node))


def _output(node: Node) -> Output:
    kind = next((text_of(part) for part in parts(node) if part.type == "type"), "")
    return Output(name=symbol_of(node), kind=kind, value=_value(node), line=line_of(node))


def _value(declaration: Node) -> Node:
    return parts(declaration)[-1]


def _module(node: Node) -> Module:
    loops, body = _unwrapped(_value(node))
    path = next(literal(part) or "" for part in parts(node) if part.type == "string")
    return Module(symbol=symbol_of(node), path=path, body=body, line=line_of(node), loops=loops)


def _resources(nodes: Iterator[Node], parent: Resource | None = None) -> Iterator[Resource]:
    for node in nodes:
        if node.type == "resource_declaration":
            resource = _resource(node, parent)
            yield resource
            inner = (child for pair in parts(resource.body) for child in parts(pair))
            yield from _resources(inner, resource)


def _resource(node: Node, parent: Resource | None) -> Resource:
    loops, body = _unwrapped(_value(node))
    written = next(literal(part) or "" for part in parts(node) if part.type == "string")
    type_, _, version = written.partition("@")
    return Resource(
        symbol=symbol_of(node),
        type=f"{parent.type}/{type_}" if parent else type_,
        version=version or (parent.version if parent else ""),
        body=body,
        line=line_of(node),
        loops=(*(parent.loops if parent else ()), *loops),
        is_existing=any(child.type == "existing" for child in node.children),
        is_nested=parent is not None,
    )


def _unwrapped(node: Node) -> tuple[tuple[Loop, ...], Node]:
    """The object of a resource or module, and the loops around it. A condition changes nothing of its shape."""
    loops: list[Loop] = []
    while node.type in ("for_statement", "if_statement"):
        if node.type == "for_statement":
            loops.append(loop_of(node))
        node = parts(node)[-1]
    return tuple(loops), node


def loop_of(node: Node) -> Loop:
    names, items, _ = parts(node)
    bound = parts(names) if names.type == "for_loop_parameters" else [names]
    return Loop(names=tuple(text_of(each) for each in bound), items=items)


def beside(file: BicepFile, path: str) -> str:
    """The path of a file that `file` names, relative to infra/azure."""
    joined = PurePosixPath(file.path).parent / path
    steps: list[str] = []
    for step in joined.parts:
        if step == ".." and steps:
            steps.pop()
        else:
            steps.append(step)
    return "/".join(steps)
