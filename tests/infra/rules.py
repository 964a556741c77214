"""Rules that the infrastructure is held to wherever the tests run: each gives a sentence for every fault it finds.

What the Bicep compiler would find too (names, modules, parameters) is found here as far as it can be without it; what
it would not find (roles, secrets, hardening, whose resource groups are touched) is found here only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from tree_sitter import Node

from tests.infra.bicep import (
    BicepFile,
    Module,
    Parameter,
    ParameterFile,
    Project,
    Resource,
    beside,
    line_of,
    literal,
    parts,
    properties,
    property_at,
    text_of,
    walk,
)
from tests.infra.values import RESULTS, Place, Value, plain_kind, possible

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
_SECRET = ("secret", "password", "connectionstring", "instrumentationkey", "sharedkey", "accesskey", "sastoken")
_FUNCTIONS_OF_SCOPE = {"subscription": "subscription", "resourceGroup": "resourceGroup"}
_OUTSIDE_VALUES = ("decorators", "type", "type_declaration")  # names in there are no values
_BOUND = ("loop_variable", "loop_enumerator", "property_identifier")


def syntax_faults(project: Project) -> list[str]:
    files = [*project.files.values(), *(each.file for each in project.parameter_files.values())]
    return [fault for file in files for fault in file.broken]


def name_faults(project: Project) -> list[str]:
    """Names that nothing declares, functions that are not known to these checks, and declarations that nothing uses."""
    found: list[str] = []
    for file in [*project.files.values(), *(each.file for each in project.parameter_files.values())]:
        used = list(_names_used(file.root))
        declared = _declared(file)
        found += [
            f"{file.path}:{line_of(node)}: nothing is called {text_of(node)}"
            for node in used
            if text_of(node) not in declared and text_of(node) not in _bound_around(node)
        ]
        found += _unknown_functions(file)
        found += _unused(file, {text_of(node) for node in used})
    return found


def _declared(file: BicepFile) -> set[str]:
    symbols = [*(each.symbol for each in file.resources), *(each.symbol for each in file.modules)]
    return {*file.parameters, *file.variables, *file.types, *symbols}


def _names_used(node: Node) -> Iterator[Node]:
    """Identifiers that stand for a value: neither keys, nor names being declared, nor functions being called."""
    for child in node.children:
        if child.type in _OUTSIDE_VALUES:
            continue
        if child.type == "identifier" and _is_use(node, child):
            yield child
        else:
            yield from _names_used(child)


def _is_use(parent: Node, child: Node) -> bool:
    first = parts(parent)[0]
    if parent.type.endswith("_declaration") or parent.type in ("object_property", "for_statement", "lambda_expression"):
        return child != first
    if parent.type == "resource_expression":
        return child == first
    return parent.type != "call_expression" or child != first


def _bound_around(node: Node) -> set[str]:
    """The variables of the loops and lambdas that `node` is in."""
    bound: set[str] = set()
    around = node.parent
    while around is not None:
        if around.type in ("for_statement", "lambda_expression"):
            first = parts(around)[0]
            bound |= {text_of(each) for each in (parts(first) or [first])}
        around = around.parent
    return bound


def _unknown_functions(file: BicepFile) -> list[str]:
    calls = [parts(node)[0] for node in walk(file.root) if node.type == "call_expression" and not _is_decorator(node)]
    plain = [called for called in calls if called.type == "identifier" and text_of(called) not in RESULTS]
    return [f"{file.path}:{line_of(called)}: no function {text_of(called)} is known" for called in plain]


def _is_decorator(node: Node) -> bool:
    return node.parent is not None and node.parent.type == "decorator"


def _unused(file: BicepFile, used: set[str]) -> list[str]:
    set_here = set(file.parameters) | set(file.variables)
    if file.path.endswith(".bicepparam"):
        set_here = set()  # its variables are mostly parameters of another file
    return [f"{file.path}: nothing uses {name}" for name in sorted(set_here - used)]


# Modules.


def module_faults(project: Project) -> list[str]:
    """Modules from elsewhere, parameters and outputs that the called file lacks, wrong kinds, wrong scopes."""
    found: list[str] = []
    for file in project.files.values():
        for module in file.modules:
            where = f"{file.path}:{module.line}: module {module.symbol}"
            called = project.files.get(beside(file, module.path))
            if called is None:
                found.append(f"{where} is no file of infra/azure: {module.path}")
                continue
            found += [f"{where} {fault}" for fault in _call_faults(file, module, called)]
        found += _output_reads(project, file)
    return found


def _call_faults(file: BicepFile, module: Module, called: BicepFile) -> Iterator[str]:
    given = properties(module.body).get("params")
    values = properties(given) if given is not None else {}
    for name in sorted(values.keys() - called.parameters.keys()):
        yield f"sets {name}, which {called.path} does not have"
    for name in sorted(_required(called) - values.keys()):
        yield f"does not set {name} of {called.path}"
    for name in sorted(values.keys() & called.parameters.keys()):
        yield from _value_faults(values[name], Place(file=file, loops=module.loops), called.parameters[name])
    yield from _scope_faults(file, module, called)


def _required(file: BicepFile) -> set[str]:
    return {each.name for each in file.parameters.values() if each.default is None}


def _value_faults(node: Node, place: Place, parameter: Parameter) -> Iterator[str]:
    expected = plain_kind(parameter.kind)
    allowed = [text_of(each) for each in parameter.allowed]
    for value in possible(node, place):
        if value.kind and expected and value.kind != expected:
            yield f"sets {parameter.name} to {value.kind}, not {expected}"
        elif allowed and value.node.type in ("string", "number") and text_of(value.node) not in allowed:
            yield f"sets {parameter.name} to {text_of(value.node)}, which is none of {', '.join(allowed)}"


def _scope_faults(file: BicepFile, module: Module, called: BicepFile) -> Iterator[str]:
    written = properties(module.body).get("scope")
    scope = file.scope if written is None else _scope_kind(file, written)
    if scope != called.scope:
        yield f"deploys {called.path}, which is for a {called.scope}, to a {scope}"


def _scope_kind(file: BicepFile, node: Node) -> str:
    if node.type == "call_expression":
        return _FUNCTIONS_OF_SCOPE.get(text_of(parts(node)[0]), text_of(node))
    groups = {each.symbol for each in file.resources if each.type == "Microsoft.Resources/resourceGroups"}
    return "resourceGroup" if text_of(node) in groups else text_of(node)


def _output_reads(project: Project, file: BicepFile) -> Iterator[str]:
    called = {each.symbol: project.files.get(beside(file, each.path)) for each in file.modules}
    for node in walk(file.root):
        if node.type == "member_expression" and text_of(parts(node)[0]).endswith(".outputs"):
            symbol = text_of(parts(node)[0]).split(".")[0].rstrip("!?")
            name = text_of(parts(node)[1])
            other = called.get(symbol)
            if other is not None and name not in other.outputs:
                yield f"{file.path}:{line_of(node)}: {other.path} has no output {name}"


def parameter_file_faults(project: Project) -> list[str]:
    """Parameters that a parameter file sets and its template lacks, misses, or sets to another kind of value."""
    return [
        f"{each.file.path} {fault}" for each in project.parameter_files.values() for fault in _set_faults(project, each)
    ]


def _set_faults(project: Project, written: ParameterFile) -> Iterator[str]:
    called = project.files.get(written.using)
    if called is None:
        yield f"is for {written.using!r}, which is no file of infra/azure"
        return
    for name in sorted(written.values.keys() - called.parameters.keys()):
        yield f"sets {name}, which {called.path} does not have"
    for name in sorted(_required(called) - written.values.keys()):
        yield f"does not set {name} of {called.path}"
    for name in sorted(written.values.keys() & called.parameters.keys()):
        yield from _value_faults(written.values[name], Place(file=written.file), called.parameters[name])


# Roles.


def role_faults(project: Project, known: Mapping[str, str], allowed: Mapping[str, Sequence[str]]) -> list[str]:
    """Role ids that are not the ones of their names, and roles assigned at a scope that they are too broad for.

    `known` is the table of ids by name; `allowed` lists, by role, the types of what it may be assigned on.
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
            names = _roles_of(file, resource)
            given |= names
            found += _assignment_faults(file, resource, names, written, allowed)
    return [*found, *(f"roles.json: nobody is given {name}" for name in sorted(written.keys() - given))]


def _assignment_faults(
    file: BicepFile,
    resource: Resource,
    names: set[str],
    written: Mapping[str, str],
    allowed: Mapping[str, Sequence[str]],
) -> Iterator[str]:
    where = f"{file.path}:{resource.line}: {resource.symbol}"
    scope = _assigned_on(file, resource)
    if not names:
        yield f"{where} assigns a role that is not named in roles.json"
    for name in sorted(names):
        if name not in written:
            yield f"{where} assigns {name!r}, which roles.json lacks"
        elif scope not in allowed.get(name, ()):
            yield f"{where} assigns {name} on a {scope}"
    principal = property_at(resource.body, "properties.principalType")
    if principal is None or literal(principal) != "ServicePrincipal":
        yield f"{where} does not say that it is for a ServicePrincipal: a new identity may not be found yet"


def _roles_of(file: BicepFile, resource: Resource) -> set[str]:
    """The names in `roles[name]`; empty when the role is not written in that way."""
    node = property_at(resource.body, "properties.roleDefinitionId")
    place = Place(file=file, loops=resource.loops)
    called = list(walk(node)) if node is not None else []
    keys = [parts(each)[1] for each in called if each.type == "subscript_expression" and _is_table(each, place)]
    return {value.text or text_of(value.node) for key in keys for value in possible(key, place)}


def _is_table(node: Node, place: Place) -> bool:
    loaded = [text_of(value.node) for value in possible(parts(node)[0], place)]
    return loaded == ["loadJsonContent('../roles.json')"]


def _assigned_on(file: BicepFile, resource: Resource) -> str:
    scope = properties(resource.body).get("scope")
    if scope is None:
        return file.scope
    symbol = text_of(scope).rpartition("::")[2]  # of one within another
    return next((each.type for each in file.resources if each.symbol == symbol), text_of(scope))


# Secrets, hardening, other people's groups.


def secret_faults(project: Project) -> list[str]:
    """Secrets in outputs, which anyone who may read deployments can read, and secrets with a default value."""
    found: list[str] = []
    for file in project.files.values():
        for output in file.outputs.values():
            where = f"{file.path}:{output.line}: output {output.name}"
            found += [f"{where} {fault}" for fault in _told(file, output.value)]
        found += [
            f"{file.path}:{each.line}: {each.name} is a secret and has a default value"
            for each in file.parameters.values()
            if each.is_secret and each.default is not None and literal(each.default) != ""
        ]
    return found


def _told(file: BicepFile, value: Node) -> Iterator[str]:
    secrets = {each.name for each in file.parameters.values() if each.is_secret}
    for node in _followed(value, Place(file=file)):
        text = text_of(node)
        if node.type == "call_expression" and _called(node).startswith("list"):
            yield f"tells what {_called(node)} answers"
        if node.type == "identifier" and text in secrets:
            yield f"tells the secret {text}"
        if node.type in ("property_identifier", "identifier") and any(part in text.lower() for part in _SECRET):
            yield f"tells {text}"


def _followed(node: Node, place: Place) -> Iterator[Node]:
    """`node` and all that it consists of, variables followed."""
    yield from walk(node)
    for inner in walk(node):
        if inner.type == "identifier" and text_of(inner) in place.file.variables:
            yield from walk(place.file.variables[text_of(inner)])


def _called(node: Node) -> str:
    return text_of(parts(node)[0]).split(".")[-1]


def hardening_faults(project: Project) -> list[str]:
    """Resources that lack a property of HARDENED or set it otherwise; a type of it that is nowhere declared."""
    found: list[str] = []
    seen: set[str] = set()
    for file, resource in project.resources:
        if resource.is_existing or resource.type not in HARDENED:
            continue
        seen.add(resource.type)
        for path, expected in HARDENED[resource.type].items():
            told = _texts(resource, path, Place(file=file, loops=resource.loops))
            if told != {expected}:
                where = f"{file.path}:{resource.line}: {resource.symbol}"
                found.append(f"{where} must set {path} to {expected}, not to {', '.join(sorted(told)) or 'nothing'}")
    return [*found, *(f"no {type_} is declared, so that nothing was checked" for type_ in sorted(set(HARDENED) - seen))]


def _texts(resource: Resource, path: str, place: Place) -> set[str]:
    node = property_at(resource.body, path)
    return set() if node is None else {_shown(value) for value in possible(node, place)}


def _shown(value: Value) -> str:
    return text_of(value.node)


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
    values = properties(given) if given is not None else {}
    return frozenset(name for name, node in values.items() if text_of(node) in names)
