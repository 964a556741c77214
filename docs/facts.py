"""What the documentation tells and the code knows: error codes, causes of alerts, names in the log.

All of it is found by reading or running the code, so that no list of it is kept twice.
Leaves to others: the settings, which are described where they are read (backup_core/settings.py).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

from backup_core.domain.alert import Cause
from backup_core.domain.errors import BackupError

ROOT = Path(__file__).parents[1]
PACKAGE = "backup_core"


def error_codes() -> Mapping[str, Sequence[type[BackupError]]]:
    """The codes that a job, an instance or an event may bear, each with its errors, but those that are Azure's own
    (RequestRefused). What only an answer to a request bears is told by runbooks.toml, and each answer that a test of
    the API gets is held to that (tests/api/described.py)."""
    found: dict[str, list[type[BackupError]]] = {}
    for kind in _errors(BackupError):
        found.setdefault(kind.code, []).append(kind)
    return {code: found[code] for code in sorted(found, key=str.lower)}


def places_of(code: str) -> list[str]:
    """The modules in which a code is written out."""
    return [module for module, path in sources().items() if f'"{code}"' in path.read_text(encoding="utf-8")]


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
