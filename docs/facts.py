"""What the documentation tells and the code knows: error codes, causes of alerts, names in the log.

All of it is found by reading or running the code, so that no list of it is kept twice.
Leaves to others: the settings, which are described where they are read (backup_core/settings.py).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from backup_core.domain.alert import Cause
from backup_core.domain.errors import BackupError

ROOT = Path(__file__).parents[1]
PACKAGE = "backup_core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An error code. `kinds` are the errors that bear it; `places` the files that name it as a fault or a refusal."""

    name: str
    kinds: tuple[type[BackupError], ...] = ()
    places: tuple[str, ...] = ()

    @property
    def is_transient(self) -> bool | None:
        """None where no error of the tree bears it: a fault in a request, or a refusal at the door."""
        return any(kind.transient for kind in self.kinds) if self.kinds else None


def error_codes() -> list[Code]:
    """Every code that an answer, a job or an event can bear, but those that are Azure's own (RequestRefused)."""
    found: dict[str, Code] = {}
    for kind in _errors(BackupError):
        known = found.get(kind.code, Code(name=kind.code))
        found[kind.code] = Code(name=kind.code, kinds=(*known.kinds, kind), places=known.places)
    for module in sources():
        for name in sorted(_codes_in(module)):
            known = found.get(name, Code(name=name))
            found[name] = Code(name=name, kinds=known.kinds, places=(*known.places, module))
    return sorted(found.values(), key=lambda code: code.name.lower())


def _errors(kind: type[BackupError]) -> Iterator[type[BackupError]]:
    for module in sources():
        import_module(module)
    yield kind
    for inner in kind.__subclasses__():
        if inner.__module__.startswith(PACKAGE):
            yield from _errors(inner)


def causes() -> Mapping[str, str]:
    """The causes of alerts: word by name."""
    return {value: name for name, value in vars(Cause).items() if name.isupper()}


_EVENT = re.compile(r"[a-z_]+\.[a-z_]+")


@cache
def log_events() -> Mapping[str, frozenset[str]]:
    """Every name that the code logs under, with the fields that follow it (`name=%s`)."""
    found: dict[str, frozenset[str]] = {}
    for module in sources():
        for node in ast.walk(tree_of(module)):
            text = _logged(node)
            name = text.split(" ")[0].rstrip(":;") if text else ""
            if text and _EVENT.fullmatch(name):
                found[name] = found.get(name, frozenset()) | frozenset(re.findall(r"(\w+)=%", text))
    return found


def _logged(node: ast.AST) -> str | None:
    """The format of a call of `log`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
        return None
    first = node.args[1] if node.func.attr == "log" and len(node.args) > 1 else node.args[0]
    is_log = isinstance(node.func.value, ast.Name) and node.func.value.id == "log"
    return first.value if is_log and isinstance(first, ast.Constant) and isinstance(first.value, str) else None


# Codes that are no class's: what is passed as `code`, wherever.


def _codes_in(module: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree_of(module)):
        for expression in _code_expressions(node):
            found |= _texts(module, expression)
    return found


def _code_expressions(node: ast.AST) -> Iterator[ast.expr]:
    """Arguments and defaults of parameters and fields that are called `code`."""
    if isinstance(node, ast.Call):
        yield from (word.value for word in node.keywords if word.arg == "code")
        position = _code_positions().get(_called(node), len(node.args))
        yield from node.args[position : position + 1]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "code":
        yield from [node.value] if node.value is not None else []
    if isinstance(node, ast.FunctionDef):
        pairs = zip([*node.args.posonlyargs, *node.args.args][::-1], node.args.defaults[::-1], strict=False)
        yield from (default for parameter, default in pairs if parameter.arg == "code")
        named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        yield from (default for parameter, default in named if parameter.arg == "code" and default is not None)


@cache
def _code_positions() -> Mapping[str, int]:
    """Which argument of a function, or of a class, is its `code`."""
    found: dict[str, int] = {}
    for module in sources():
        for node in ast.walk(tree_of(module)):
            if isinstance(node, ast.ClassDef):
                inits = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
                found.update((node.name, position) for each in inits for position in _position(each))
            elif isinstance(node, ast.FunctionDef) and node.name != "__init__":
                found.update((node.name, position) for position in _position(node))
    return found


def _position(function: ast.FunctionDef) -> list[int]:
    """Where its argument `code` stands; nothing for a function that has none."""
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args) if each.arg not in ("self", "cls")]
    return [names.index("code")] if "code" in names else []


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _texts(module: str, expression: ast.expr) -> set[str]:
    """What an expression may come to; nothing for what only a run can tell, such as the code of a caught error."""
    if isinstance(expression, ast.Constant):
        return {expression.value} if isinstance(expression.value, str) and expression.value else set()
    if isinstance(expression, ast.IfExp):
        return _texts(module, expression.body) | _texts(module, expression.orelse)
    if isinstance(expression, ast.Name):
        return _assigned(module, expression.id)
    if isinstance(expression, ast.Attribute) and isinstance(expression.value, ast.Name) and expression.attr == "code":
        kind = getattr(import_module(module), expression.value.id, None)
        return {kind.code} if isinstance(kind, type) and issubclass(kind, BackupError) else set()
    return set()


def _assigned(module: str, name: str) -> set[str]:
    """The texts that a name stands for: a constant, of this module or an imported one, or what is assigned to it."""
    value = getattr(import_module(module), name, None)
    if isinstance(value, str):
        return {value}
    found: set[str] = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets):
            found |= _texts(module, node.value)
    return found


@cache
def sources() -> Mapping[str, Path]:
    """The files of the package by their modules' names."""
    found = {}
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(sources()[module].read_text(encoding="utf-8"))
