"""Resource declarations against Azure's published types, which the Bicep compiler checks against too.

A declaration is held against the type of exactly its version: properties known, in the right case, not read-only, of
the right kind, required ones present, enumerations within their published values, alternatives chosen by a known name.
What is read of a resource (`account.properties.primaryEndpoints.blob`) is held against the same type.

Stricter than the compiler in one thing: Azure's enumerations are open, so that the compiler lets other values pass;
here they are faults. Looser in another: what only Azure can compute is taken on trust.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tree_sitter import Node

from tests.infra.bicep import (
    BicepFile,
    Project,
    Resource,
    computed_values,
    has_computed_names,
    line_of,
    parts,
    properties,
    text_of,
    walk,
)
from tests.infra.values import Place, Value, elements, possible

_REQUIRED, _READ_ONLY = 1, 2
_SCOPES = {"tenant": 1, "managementGroup": 2, "subscription": 4, "resourceGroup": 8}
_EXTENSION = 16
_BICEPS_OWN = {"name", "parent", "scope", "dependsOn"}
_KINDS = {"StringType": "string", "IntegerType": "int", "BooleanType": "bool", "ArrayType": "array"}
_ARM = {"id", "name", "type", "apiVersion"}  # what every resource has to be read


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedType:
    """One node of a types.json, beside the others that it refers to."""

    nodes: Sequence[Mapping[str, Any]]
    at: int

    @property
    def node(self) -> Mapping[str, Any]:
        return self.nodes[self.at]

    @property
    def kind(self) -> str:
        return str(self.node["$type"])

    def follow(self, reference: Mapping[str, str]) -> PublishedType:
        return PublishedType(nodes=self.nodes, at=int(reference["$ref"].removeprefix("#/")))


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTypes:
    """Every resource type by its name with version, in small letters."""

    by_name: Mapping[str, PublishedType] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> PublishedTypes:
        """Raises FileNotFoundError when the folder holds no types: nothing could be checked."""
        found: dict[str, PublishedType] = {}
        for path in sorted(folder.rglob("types.json")):
            found.update(_named(json.loads(path.read_text())))
        if not found:
            raise FileNotFoundError(f"{folder} holds no types.json: no resource can be checked")
        return cls(by_name=found)

    def versions_of(self, type_: str) -> list[str]:
        names = (str(each.node["name"]) for each in self.by_name.values())
        return sorted(name.split("@")[1] for name in names if name.split("@")[0].lower() == type_.lower())


def types_of(nodes: Sequence[Mapping[str, Any]]) -> PublishedTypes:
    return PublishedTypes(by_name=_named(nodes))


def _named(nodes: Sequence[Mapping[str, Any]]) -> dict[str, PublishedType]:
    return {
        node["name"].lower(): PublishedType(nodes=nodes, at=at)
        for at, node in enumerate(nodes)
        if node["$type"] == "ResourceType"
    }


def faults_of(project: Project, types: PublishedTypes, unpublished: Mapping[str, str]) -> list[str]:
    """Every difference between the declarations and the types. `unpublished` names the types that the data lacks, with
    the reason; only resources that are merely referred to (`existing`) can be let off so."""
    found: list[str] = []
    for file in project.files.values():
        for resource in file.resources:
            found += _declaration_faults(file, resource, types, unpublished)
        found += _reading_faults(file, types)
    return found


def _declaration_faults(
    file: BicepFile, resource: Resource, types: PublishedTypes, unpublished: Mapping[str, str]
) -> list[str]:
    written = f"{resource.type}@{resource.version}"
    where = f"{file.path}:{resource.line}: {written}"
    if resource.is_existing and written in unpublished:
        return []
    published = types.by_name.get(written.lower())
    if published is None:
        versions = types.versions_of(resource.type)
        return [f"{where} is not published" + (f"; versions are {', '.join(versions)}" if versions else "")]
    if published.node["name"] != written:
        return [f"{where} is written {published.node['name']}"]
    place = Place(file=file, loops=resource.loops)
    body = published.follow(published.node["body"])
    if resource.is_existing:
        return _existing_faults(resource, where)
    faults = _Check(file=file, skipped=_BICEPS_OWN - {"name"}).value(resource.body, place, body, "")
    return [*_scope_faults(file, resource, published, where), *faults]


def _existing_faults(resource: Resource, where: str) -> list[str]:
    more = sorted(properties(resource.body).keys() - _BICEPS_OWN)
    return [f"{where} exists already: {', '.join(more)} cannot be set"] if more else []


def _scope_faults(file: BicepFile, resource: Resource, published: PublishedType, where: str) -> list[str]:
    is_extension = "scope" in properties(resource.body)
    needed = _EXTENSION if is_extension else _SCOPES[file.scope]
    if resource.is_nested or published.node["writableScopes"] & needed:
        return []
    return [f"{where} cannot be deployed to a {'resource' if is_extension else file.scope}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """Values against types. `skipped` are the properties of Bicep itself, which are of no type."""

    file: BicepFile
    skipped: set[str] = field(default_factory=set)

    def value(self, node: Node, place: Place, type_: PublishedType, path: str) -> list[str]:
        return [fault for value in possible(node, place) for fault in self._one(value, type_, path)]

    def _one(self, value: Value, type_: PublishedType, path: str) -> list[str]:
        if type_.kind == "AnyType" or value.kind == "null":
            return []
        if type_.kind in ("UnionType", "StringLiteralType"):
            return self._choice(value, type_, path)
        if type_.kind in ("ObjectType", "DiscriminatedObjectType"):
            return self._object(value, type_, path)
        wrong = self._wrong_kind(value, _KINDS[type_.kind], path)
        if wrong:
            return wrong
        if type_.kind == "ArrayType":
            item = type_.follow(type_.node["itemType"])
            return [fault for node, place in elements(value) for fault in self.value(node, place, item, f"{path}[]")]
        return self._limits(value, type_, path)

    def _object(self, value: Value, type_: PublishedType, path: str) -> list[str]:
        wrong = self._wrong_kind(value, "object", path)
        if wrong or value.node.type != "object":
            return wrong
        if type_.kind == "DiscriminatedObjectType":
            return self._alternatives(value, type_, path)
        return self._properties(value, type_, type_.node["properties"], path)

    def _alternatives(self, value: Value, type_: PublishedType, path: str) -> list[str]:
        name = type_.node["discriminator"]
        chooser = properties(value.node).get(name)
        if chooser is None:
            return [self._fault(value.node, path, f"{name} is missing, which says what this is")]
        faults = []
        for choice in possible(chooser, value.place):
            chosen = type_.node["elements"].get(choice.text)
            if chosen is None:
                known = ", ".join(sorted(type_.node["elements"]))
                faults.append(self._fault(chooser, f"{path}.{name}", f"{text_of(choice.node)} is none of {known}"))
            else:
                one = type_.follow(chosen)
                both = {**type_.node.get("baseProperties", {}), **one.node["properties"]}
                faults += self._properties(value, one, both, path)
        return faults

    def _properties(
        self, value: Value, type_: PublishedType, declared: Mapping[str, Mapping[str, Any]], path: str
    ) -> list[str]:
        written = {name: node for name, node in properties(value.node).items() if name not in self.skipped or path}
        more = type_.node.get("additionalProperties")
        faults = self._missing(value, declared, written, path)
        for name, node in written.items():
            known = declared.get(name)
            here = f"{path}.{name}".lstrip(".")
            if known is not None:
                faults += self._read_only(node, known, here)
                faults += self.value(node, value.place, type_.follow(known["type"]), here)
            elif more is not None:
                faults += self.value(node, value.place, type_.follow(more), here)
            else:
                faults.append(self._unknown(node, name, declared, here))
        if more is not None:
            for node in computed_values(value.node):
                faults += self.value(node, value.place, type_.follow(more), f"{path}.*")
        return faults

    def _missing(
        self, value: Value, declared: Mapping[str, Mapping[str, Any]], written: Mapping[str, Node], path: str
    ) -> list[str]:
        if has_computed_names(value.node):
            return []
        required = {name for name, known in declared.items() if known["flags"] & _REQUIRED}
        return [self._fault(value.node, path, f"{name} is missing") for name in sorted(required - written.keys())]

    def _read_only(self, node: Node, known: Mapping[str, Any], here: str) -> list[str]:
        return [self._fault(node, here, "is read-only")] if known["flags"] & _READ_ONLY else []

    def _unknown(self, node: Node, name: str, declared: Mapping[str, Any], here: str) -> str:
        alike = [other for other in declared if other.lower() == name.lower()]
        return self._fault(node, here, f"is written {alike[0]}" if alike else "is unknown")

    def _choice(self, value: Value, type_: PublishedType, path: str) -> list[str]:
        members = [type_.follow(each) for each in type_.node.get("elements", [])] or [type_]
        texts = [each.node["value"] for each in members if each.kind == "StringLiteralType"]
        if not texts:  # a union of objects or of plain kinds: one of them must fit
            tried = [self._one(value, member, path) for member in members]
            return [] if any(not faults for faults in tried) else tried[0]
        wrong = self._wrong_kind(value, "string", path)
        if wrong or value.text is None or value.text in texts:
            return wrong
        return [self._fault(value.node, path, f"{value.text!r} is none of {', '.join(sorted(texts))}")]

    def _limits(self, value: Value, type_: PublishedType, path: str) -> list[str]:
        limits = type_.node
        if value.text is not None:
            size = len(value.text)
            if not limits.get("minLength", 0) <= size <= limits.get("maxLength", size):
                return [self._fault(value.node, path, f"{value.text!r} is too short or too long")]
            if not re.search(limits.get("pattern", ""), value.text):
                return [self._fault(value.node, path, f"{value.text!r} does not match {limits['pattern']}")]
        if value.node.type == "number":
            number = int(text_of(value.node))
            if not limits.get("minValue", number) <= number <= limits.get("maxValue", number):
                return [self._fault(value.node, path, f"{number} is out of range")]
        return []

    def _wrong_kind(self, value: Value, expected: str, path: str) -> list[str]:
        if value.kind in ("", expected):
            return []
        return [self._fault(value.node, path, f"is {value.kind}, not {expected}")]

    def _fault(self, node: Node, path: str, sentence: str) -> str:
        return f"{self.file.path}:{line_of(node)}: {path} {sentence}".replace(":  ", ": ")


def _reading_faults(file: BicepFile, types: PublishedTypes) -> Iterator[str]:
    """What is read of the file's resources and is not there."""
    bodies = {
        each.symbol: types.by_name.get(f"{each.type}@{each.version}".lower()) for each in file.resources if each.symbol
    }
    for node in walk(file.root):
        if node.type == "member_expression" and (node.parent is None or node.parent.type != "member_expression"):
            names = _path_of(node)
            published = bodies.get(names[0]) if names else None
            if published is not None and not _has(published.follow(published.node["body"]), names[1:]):
                yield f"{file.path}:{line_of(node)}: {text_of(node)} is no property of {published.node['name']}"


def _path_of(node: Node) -> list[str]:
    """`a.b.c` as its names; nothing for what begins with anything but a name, or calls or indexes on the way."""
    if node.type == "identifier":
        return [text_of(node)]
    if node.type != "member_expression":
        return []
    owner, name = parts(node)
    before = _path_of(owner)
    is_call = node.parent is not None and node.parent.type == "call_expression"
    return [] if not before or is_call else [*before, text_of(name)]


def _has(body: PublishedType, names: Sequence[str]) -> bool:
    return names[0] in _ARM or _is_readable(body, names)


def _is_readable(type_: PublishedType, names: Sequence[str]) -> bool:
    if not names or type_.kind not in ("ObjectType", "DiscriminatedObjectType"):
        return not names or type_.kind in ("AnyType", "UnionType")
    declared = type_.node.get("properties", type_.node.get("baseProperties", {}))
    known = declared.get(names[0])
    if known is not None:
        return _is_readable(type_.follow(known["type"]), names[1:])
    return bool(type_.node.get("additionalProperties"))
