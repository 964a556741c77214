"""Rules that the Bicep compiler does not know: each gives a sentence for every fault it finds.

Leaves to others: names, types, properties and secrets in outputs, which the compiler and its linter refuse
(.github/workflows/infra.yml, infra/azure/bicepconfig.json).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from tree_sitter import Node

from tests.infra.bicep import (
    BicepFile,
    Module,
    Project,
    Resource,
    beside,
    literal,
    parts,
    properties,
    property_at,
    text_of,
    walk,
)

# What the template sets no value for may be set to anything by Azure: each of these must be written, and so.
HARDENED: Mapping[str, Mapping[str, str]] = {
    "Microsoft.Storage/storageAccounts": {
        "properties.allowSharedKeyAccess": "false",
        "properties.allowBlobPublicAccess": "false",
        "properties.allowCrossTenantReplication": "false",
        "properties.minimumTlsVersion": "'TLS1_2'",
        "properties.supportsHttpsTrafficOnly": "true",
    },
    "Microsoft.Storage/storageAccounts/blobServices/containers": {"properties.publicAccess": "'None'"},
    "Microsoft.Insights/components": {"properties.DisableLocalAuth": "true"},
    "Microsoft.OperationalInsights/workspaces": {"properties.features.disableLocalAuth": "true"},
    "Microsoft.EventGrid/topics": {
        "properties.disableLocalAuth": "true",
        "properties.inputSchema": "'CloudEventSchemaV1_0'",
        "properties.minimumTlsVersionAllowed": "'1.2'",
    },
    "Microsoft.Web/sites": {"properties.httpsOnly": "true", "properties.siteConfig.minTlsVersion": "'1.2'"},
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": {"properties.allow": "false"},
}
_ROLE = re.compile(
    r"subscriptionResourceId\(\s*'Microsoft\.Authorization/roleDefinitions',\s*roles\[(role|'[\w ]+')\]\s*\)"
)


# Calls of modules: what a slip of the pen breaks most.


def call_faults(project: Project) -> list[str]:
    """Parameters that a module or a parameter file sets and its template lacks, or misses."""
    found: list[str] = []
    for file in project.files.values():
        for module in file.modules:
            params = properties(module.body).get("params")
            given = set(properties(params)) if params is not None else set()
            found += _set_faults(project, f"{file.path}:{module.line}", beside(file, module.path), given)
    for written in project.parameter_files.values():
        found += _set_faults(project, written.file.path, written.using, set(written.values))
    return found


def _set_faults(project: Project, where: str, path: str, given: set[str]) -> Iterator[str]:
    called = project.files.get(path)
    if called is None:
        yield f"{where} is for {path}, which is no file of infra/azure"
        return
    needed = {each.name for each in called.parameters.values() if each.default is None}
    yield from (f"{where} sets {name}, which {path} does not have" for name in sorted(given - called.parameters.keys()))
    yield from (f"{where} does not set {name} of {path}" for name in sorted(needed - given))


# Roles.


def role_faults(project: Project, known: Mapping[str, str], allowed: Mapping[str, Sequence[str]]) -> list[str]:
    """Role ids that are not the ones of their names, and roles assigned at a scope that they are too broad for.

    `known` is the table of ids by name; `allowed` lists, by role, the types of what it may be assigned on. The roles
    that a file assigns are those that it names.
    """
    written: dict[str, str] = json.loads(project.roles_text)
    found = [
        f"roles.json: {name} is {known.get(name, 'unknown')}, not {id_}"
        for name, id_ in written.items()
        if known.get(name) != id_
    ]
    given: set[str] = set()
    for file, resource in project.resources:
        if resource.type == "Microsoft.Authorization/roleAssignments":
            names = {literal(node) or "" for node in walk(file.root)} & known.keys()
            given |= names
            found += _assignment_faults(file, resource, names, allowed)
    return [*found, *(f"roles.json: nobody is given {name}" for name in sorted(written.keys() ^ given))]


def _assignment_faults(
    file: BicepFile, resource: Resource, names: set[str], allowed: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    where = f"{file.path}:{resource.line}: {resource.symbol}"
    role = property_at(resource.body, "properties.roleDefinitionId")
    named = _ROLE.fullmatch(text_of(role)) if role is not None else None
    if named is None or not names or named[1].strip("'") not in {"role", *names}:
        yield f"{where} assigns a role that is not named in roles.json"
    scope = _assigned_on(file, resource)
    yield from (f"{where} assigns {name} on a {scope}" for name in sorted(names) if scope not in allowed[name])
    principal = property_at(resource.body, "properties.principalType")
    if principal is None or literal(principal) != "ServicePrincipal":
        yield f"{where} does not say that it is for a ServicePrincipal: a new identity may not be found yet"


def _assigned_on(file: BicepFile, resource: Resource) -> str:
    scope = properties(resource.body).get("scope")
    if scope is None:
        return file.scope
    symbol = text_of(scope).rpartition("::")[2]  # of one within another
    return next((each.type for each in file.resources if each.symbol == symbol), text_of(scope))


# Hardening, and other people's groups.


def hardening_faults(project: Project) -> list[str]:
    """Resources that lack a property of HARDENED or set it otherwise; a type of it that is nowhere declared."""
    found: list[str] = []
    seen: set[str] = set()
    for file, resource in project.resources:
        if resource.is_existing or resource.type not in HARDENED:
            continue
        seen.add(resource.type)
        for path, expected in HARDENED[resource.type].items():
            node = property_at(resource.body, path)
            told = "nothing" if node is None else text_of(node)
            if told != expected:
                where = f"{file.path}:{resource.line}: {resource.symbol}"
                found.append(f"{where} must set {path} to {expected}, not to {told}")
    return [*found, *(f"no {type_} is declared, so that nothing was checked" for type_ in sorted(set(HARDENED) - seen))]


def foreign_group_faults(project: Project, entry: str = "main.bicep") -> list[str]:
    """Modules that `entry` deploys, at any depth, into a resource group that it does not make: `azd down` may delete
    every group that a deployment has touched, with all that is in it."""
    return sorted(set(_foreign(project, project.files[entry], own=frozenset())))


def _foreign(project: Project, file: BicepFile, own: frozenset[str]) -> Iterator[str]:
    made = {each.symbol for each in file.resources if each.type == "Microsoft.Resources/resourceGroups"}
    for module in file.modules:
        scope = properties(module.body).get("scope")
        called = project.files.get(beside(file, module.path))
        text = "" if scope is None else text_of(scope)
        arguments = parts(parts(scope)[1]) if scope is not None and scope.type == "call_expression" else []
        is_own = text in made or not text or text.startswith("subscription(")
        if not is_own and not {text_of(each) for each in arguments} <= own:
            yield f"{file.path}:{module.line}: module {module.symbol} goes to {text}, which {file.path} does not make"
        if called is not None:
            yield from _foreign(project, called, own=_handed_on(module, made))


def _handed_on(module: Module, made: set[str]) -> frozenset[str]:
    """The parameters of a module that name the caller's own group and subscription."""
    given = properties(module.body).get("params")
    names = {f"{symbol}.name" for symbol in made} | {"subscription().subscriptionId"}
    values: Mapping[str, Node] = properties(given) if given is not None else {}
    return frozenset(name for name, node in values.items() if text_of(node) in names)
