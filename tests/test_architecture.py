"""The arrows of the layout, as a test: which part may import which, read from the source without running it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.cases import every_case

ROOT = Path(__file__).parent.parent
SOURCES = ("backup_core", "docs", "infra", "tests")
AZURE_CLIENTS = ("azure.mgmt", "azure.data", "azure.storage", "azure.identity", "azure.eventgrid", "azure.core")
HEAVY = (*AZURE_CLIENTS, "opentelemetry", "requests", "aiohttp", "cryptography", "jwt", "msal", "msrest", "zoneinfo")
DUMPING_GROUNDS = {"utils", "util", "helpers", "helper", "common", "misc", "shared"}
APP_TYPES = ("backup_core.app", "backup_core.settings")

# Who may import what of ours; the standard library everybody may. Longest prefix counts.
ARROWS: Mapping[str, tuple[str, ...]] = {
    "function_app": (
        "backup_core.app",
        "backup_core.settings",
        "backup_core.triggers",
        "backup_core.api",
        "backup_core.center",
    ),
    "backup_core.app": (
        "backup_core.settings",
        "backup_core.adapters",
        "backup_core.workflows",
        "backup_core.ports",
        "backup_core.domain",
        "backup_core.telemetry",
    ),
    "backup_core.settings": (),
    "backup_core.center": ("backup_core.center", "backup_core.settings"),
    "backup_core.telemetry": ("backup_core.ports", "backup_core.domain"),
    "backup_core.domain": ("backup_core.domain",),
    "backup_core.ports": ("backup_core.domain",),
    "backup_core.workflows": ("backup_core.workflows", "backup_core.ports", "backup_core.domain"),
    "backup_core.adapters": ("backup_core.adapters", "backup_core.ports", "backup_core.domain", "backup_core.settings"),
    "backup_core.triggers": (
        "backup_core.triggers",
        "backup_core.workflows",
        "backup_core.ports",
        "backup_core.domain",
        *APP_TYPES,
    ),
    "backup_core.api": (
        "backup_core.api",
        "backup_core.workflows",
        "backup_core.ports",
        "backup_core.domain",
        *APP_TYPES,
    ),
}
# Who may import what of others'.
OUTSIDE: Mapping[str, tuple[str, ...]] = {
    "function_app": ("azure.functions",),
    "backup_core.app": ("azure.core.credentials",),  # a key becomes a credential where the adapters are built
    "backup_core.telemetry": ("azure.core.credentials", "azure.functions"),  # OpenTelemetry's it finds by name
    "backup_core.triggers": ("azure.functions",),
    "backup_core.center": ("azure.functions",),
    "backup_core.api": ("azure.functions", "jwt", "cryptography"),  # tokens are checked where requests arrive
    "backup_core.adapters": AZURE_CLIENTS,
}


def modules() -> list[str]:
    return ["function_app", *(name for name in sources() if name.split(".")[0] == "backup_core")]


@cache
def sources() -> Mapping[str, Path]:
    """Every Python file of the project by its module's name."""
    found = {"function_app": ROOT / "function_app.py"}
    for top in SOURCES:
        for path in sorted((ROOT / top).rglob("*.py")):
            if "node_modules" not in path.parts:
                parts = path.relative_to(ROOT).with_suffix("").parts
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(sources()[module].read_text(encoding="utf-8"))


@cache
def imports_of(module: str) -> frozenset[str]:
    """All that a module imports, wherever in it; what it takes from a package is named if it is a module itself."""
    return frozenset(name for node in ast.walk(tree_of(module)) for name in _imported(module, node))


def _imported(module: str, node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            package = module.split(".")[: -node.level]
            base = ".".join([*package, *([node.module] if node.module else [])])
        yield from (f"{base}.{alias.name}" if f"{base}.{alias.name}" in sources() else base for alias in node.names)


@cache
def imports_when_loaded(module: str) -> frozenset[str]:
    """What a module imports while it is itself being imported: not inside functions, not for the type checker."""
    found: set[str] = set()
    pending: list[ast.AST] = [tree_of(module)]
    while pending:
        node = pending.pop()
        found.update(_imported(module, node))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending.extend(node.orelse)
            continue
        pending.extend(ast.iter_child_nodes(node))
    return frozenset(found)


def part_of(module: str, rules: Mapping[str, tuple[str, ...]]) -> str | None:
    fitting = [part for part in rules if is_in(module, (part,))]
    return max(fitting, key=len, default=None)


def is_in(module: str, parts: tuple[str, ...]) -> bool:
    return any(module == part or module.startswith(f"{part}.") for part in parts)


def is_standard(module: str) -> bool:
    return module.split(".")[0] in sys.stdlib_module_names


def test_every_part_is_known_to_the_rules() -> None:
    assert [name for name in modules() if name != "backup_core" and part_of(name, ARROWS) is None] == []


@every_case("module", modules())
def test_a_module_imports_of_ours_only_what_its_arrow_allows(module: str) -> None:
    part = part_of(module, ARROWS)
    allowed = ARROWS[part] if part else ()
    ours = {name for name in imports_of(module) if is_in(name, ("backup_core", "infra", "tests", "function_app"))}
    assert {name for name in ours if not is_in(name, allowed)} == set()


@every_case("module", modules())
def test_a_module_imports_of_others_only_what_its_part_needs(module: str) -> None:
    part = part_of(module, OUTSIDE)
    allowed = OUTSIDE[part] if part else ()
    foreign = {name for name in imports_of(module) if not is_standard(name) and name not in sources()}
    assert {name for name in foreign if not is_in(name, allowed)} == set()


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        module
        for module in modules()
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    }
    assert readers == {"backup_core.settings"}


def test_the_domain_asks_nobody_what_time_it_is() -> None:
    askers = {
        f"{module}:{node.lineno}"
        for module in modules()
        if is_in(module, ("backup_core.domain", "backup_core.workflows"))
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today", "monotonic", "perf_counter")
        and ast.unparse(node.value) in ("datetime", "date", "time", "datetime.datetime", "datetime.date")
    }
    assert askers == set()


def test_nothing_of_ours_sleeps_or_waits_for_an_operation() -> None:
    sleepers = {
        f"{module}:{node.lineno}"
        for module in modules()
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("time.sleep", "asyncio.sleep", "poller.result")
    }
    assert sleepers == set()


def test_one_function_alone_reaches_the_deletion_of_a_snapshot() -> None:
    """By name, called or handed on, in any way of writing it that is not meant to deceive."""
    users = {
        f"{module}.{function.name}"
        for module in modules()
        for function in ast.walk(tree_of(module))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if (isinstance(node, ast.Attribute) and node.attr == "delete_snapshot")
        or (isinstance(node, ast.Constant) and node.value == "delete_snapshot")
    }
    assert users == {"backup_core.workflows.deletion._ask"}


def test_two_functions_alone_reach_the_deletion_of_a_disk() -> None:
    """The one that asks for the proof, and the bounds that the call goes through. No message, no API."""
    users = {
        f"{module}.{function.name}"
        for module in modules()
        for function in ast.walk(tree_of(module))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == "delete_disk"
    }
    assert users == {
        "backup_core.workflows.acting.delete_disk",
        "backup_core.workflows.restore_tests._ask_for_deletion",
    }


def test_only_the_cloud_s_adapter_deletes_at_azure() -> None:
    deleters = {
        module
        for module in modules()
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Attribute) and node.attr == "begin_delete"
    }
    assert deleters == {"backup_core.adapters.compute"}


@pytest.mark.parametrize("part", ["arm", "demo", "events", "host", "identity"])
def test_the_simulated_target_knows_nothing_of_the_product(part: str) -> None:
    inside = [module for module in sources() if is_in(module, (f"infra.local.{part}",))]
    assert inside, f"infra.local.{part} is gone: this test looks at nothing"
    assert {module for module in inside if any(is_in(name, ("backup_core",)) for name in imports_of(module))} == set()


def test_what_verifies_a_deployment_knows_the_product_by_its_api_alone() -> None:
    inside = [module for module in sources() if is_in(module, ("infra.verify",))]
    assert inside, "infra.verify is gone: this test looks at nothing"
    ours = ("backup_core", "function_app", "infra.local.arm", "tests")
    assert {module for module in inside if any(is_in(name, ours) for name in imports_of(module))} == set()


def test_the_simulator_does_not_know_the_function_app() -> None:
    inside = [module for module in sources() if is_in(module, ("infra.local.arm",))]
    assert {module for module in inside if any(is_in(name, ("function_app",)) for name in imports_of(module))} == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Of ours not even inside functions or for the type checker: two parts that need each other are one."""
    ours = set(modules())
    for graph in (
        {name: imports_of(name) & ours for name in ours},
        {name: (imports_when_loaded(name) & sources().keys()) - {name} for name in sources()},
    ):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            pytest.fail(" <- ".join(error.args[1]))


def test_every_file_says_what_it_is_for() -> None:
    silent = {
        module
        for module, path in sources().items()
        if path.read_text(encoding="utf-8").strip() and not ast.get_docstring(tree_of(module))
    }
    assert silent == set()


def test_there_are_no_dumping_grounds() -> None:
    assert {module for module in sources() if DUMPING_GROUNDS & set(module.split("."))} == set()


def test_our_own_code_is_never_patched_in_tests() -> None:
    """Fakes stand at the ports. A test may set its environment, and make a named limit small."""
    patches = {
        f"{module}:{getattr(node, 'lineno', 0)}"
        for module in sources()
        if is_in(module, ("tests",))
        for node in ast.walk(tree_of(module))
        if _patches(node)
    }
    assert patches == set()


_HARMLESS = {"setenv", "delenv", "chdir", "syspath_prepend", "context", "undo"}


def _patches(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom | ast.Import):
        named = [alias.name for alias in node.names]
        return any("mock" in name for name in [*named, getattr(node, "module", "") or ""])
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    if called == "monkeypatch.setattr":
        return not _is_limit(node.args[1:2])
    if called.startswith("monkeypatch."):
        return called.removeprefix("monkeypatch.") not in _HARMLESS
    return called == "patch" or called.startswith("patch.") or ".patch" in called


def _is_limit(names: list[ast.expr]) -> bool:
    return any(isinstance(name, ast.Constant) and str(name.value).isupper() for name in names)


@pytest.mark.parametrize(
    ("text", "patches"),
    [
        ("patch('a.b')", True),
        ("patch.object(a, 'b')", True),
        ("mock.patch.dict(a)", True),
        ("import unittest.mock", True),
        ("from unittest import mock", True),
        ("monkeypatch.setattr(module, 'function', fake)", True),
        ("monkeypatch.setattr('module.function', fake)", True),
        ("monkeypatch.setattr(module, 'PAGE_SIZE', 2)", False),
        ("monkeypatch.setenv('A', 'b')", False),
        ("dispatch(ports)", False),
    ],
)
def test_what_counts_as_a_patch(text: str, patches: bool) -> None:
    assert any(_patches(node) for node in ast.walk(ast.parse(text))) is patches


def test_loading_the_app_loads_no_heavy_library_and_no_workflow() -> None:
    """A cold start pays for every import: clients come with the first call that needs them."""
    code = "import sys, function_app; print('\\n'.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "function_app" in loaded
    assert "azure.functions" in loaded
    bare = subprocess.run(
        [sys.executable, "-c", code.replace(", function_app", ", azure.functions")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    added = loaded - set(bare.stdout.split())
    assert {name for name in added if is_in(name, HEAVY)} == set()
    assert {name for name in added if is_in(name, ("backup_core.adapters", "backup_core.workflows"))} == set()
    assert "backup_core.telemetry" not in added, "nobody asked for traces"


# ---------------------------------------------------------------- one idiom each


@every_case("module", [each for each in modules() if each != "backup_core.ports"])
def test_whoever_tries_again_on_conflict_or_reads_all_pages_does_it_by_the_one_helper(module: str) -> None:
    """`again_on_conflict`, `until_committed`, `pages` and `every` in ports.py: loops of one's own drift apart."""
    loops = [node for node in ast.walk(tree_of(module)) if isinstance(node, ast.For | ast.While)]
    for loop in loops:
        for node in ast.walk(loop):
            if isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Name):
                tries_again = any(isinstance(each, ast.Continue) for each in node.body)
                assert not (node.type.id == "StateConflict" and tries_again), f"{module}:{node.lineno}"
            if isinstance(node, ast.Assign) and "adapters" not in module:
                assert not ast.unparse(node.value).endswith(".next_token"), f"{module}:{node.lineno}"


def test_the_way_through_the_product_names_what_is_there() -> None:
    told = re.findall(r"\b(\w+/\w+\.py): (\w+)", ast.get_docstring(tree_of("backup_core")) or "")
    assert len(told) > 10
    missing = [
        f"{file}: {function}"
        for file, function in told
        if function not in _functions_of(f"backup_core.{file.removesuffix('.py').replace('/', '.')}")
    ]
    assert missing == []


def _functions_of(module: str) -> set[str]:
    return {node.name for node in ast.walk(tree_of(module)) if isinstance(node, ast.FunctionDef)}
