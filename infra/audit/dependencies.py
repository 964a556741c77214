"""What ships depends on what is declared and pinned: each import declared, each declaration pinned, each pin hashed.

All but `resolve_again` works offline. Leaves to others: weaknesses of the pinned versions (weaknesses.py).
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.audit import requirements
from infra.audit.outcome import Outcome
from infra.audit.requirements import Line
from infra.package.interpreters import SUPPORTED

# Declared without being imported, and why.
NOT_IMPORTED = {
    "tzdata": "zoneinfo reads it",
    # Whoever wants traces declares one of these; backup_core/telemetry.py loads it by name.
    "azure-monitor-opentelemetry-exporter": "spans to Application Insights",
    "opentelemetry-exporter-otlp-proto-http": "spans by OTLP",
    "opentelemetry-sdk": "spans at all",
}
_SHIPPED = ("function_app.py", "backup_core")
_TOOLS = ("docs", "infra", "tests")
_INSTALLED = (
    "requirements.in",
    "infra/local/requirements.txt",
    "infra/local/worker-library.txt",
    "tests/requirements.txt",
)
_OURS = ("backup_core", "docs", "function_app", "infra", "tests")
_OF_ANOTHER_PLACE = {"host"}  # what probe.py finds beside itself
_UNREACHABLE = re.compile(
    r"error sending request|Failed to fetch|[Cc]ould not connect|timed out|dns error|Connect", re.ASCII
)


def pin_faults(root: Path) -> list[str]:
    """requirements.txt against requirements.in, for every supported Python."""
    declared, pins = requirements.read(root / "requirements.in"), requirements.read(root / "requirements.txt")
    found = [f"requirements.txt: {pin.name} is not pinned to one version" for pin in pins if pin.version is None]
    found += [f"requirements.txt: {pin.name} has no sha256 hash" for pin in pins if not _is_hashed(pin)]
    for python in SUPPORTED:
        chosen = _by_name(pins, python)
        found += [
            f"Python {python}: {name} is pinned {len(lines)} times" for name, lines in chosen.items() if len(lines) > 1
        ]
        for line in declared:
            if line.applies(python):
                found += _unmet(line, chosen, python)
    return list(dict.fromkeys(found))


def installed_faults(root: Path) -> list[str]:
    """The pins for this Python against what is installed here: the same versions, and all that these need, no more."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    pins = {name: lines[0] for name, lines in _by_name(requirements.read(root / "requirements.txt"), python).items()}
    found: list[str] = []
    for name, pin in pins.items():
        installed = _installed_version(name)
        if installed != pin.version:
            found.append(f"{name} is pinned to {pin.version}, and {installed} is installed")
    declared = requirements.read(root / "requirements.in")
    needed = _closure([line.requirement for line in declared if line.applies(python)])
    found += [
        f"requirements.txt lacks {name}, which {user} needs: make lock"
        for name, user in needed.items()
        if name not in pins
    ]
    found += [
        f"requirements.txt has {name}, which nothing declared needs: make lock" for name in pins if name not in needed
    ]
    return found


def import_faults(root: Path) -> list[str]:
    """What the shipped code imports of others against what requirements.in declares."""
    declared = {line.name for line in requirements.read(root / "requirements.in")}
    used: dict[str, str] = {}
    found: list[str] = []
    for module, place in _foreign_imports(root, _SHIPPED):
        owner = _owner(module)
        if owner is None:
            found.append(f"{place} imports {module}, which no installed package holds")
        else:
            used.setdefault(owner, f"{place} imports {module}")
    found += [f"{used[name]}: declare {name} in requirements.in" for name in sorted(used.keys() - declared)]
    idle = declared - used.keys() - NOT_IMPORTED.keys()
    return found + [f"requirements.in declares {name}, which nothing that ships imports" for name in sorted(idle)]


def tool_faults(root: Path) -> list[str]:
    """What the tests and tools import against what a clean clone installs: what they ask for, and what that needs."""
    asked = [line.requirement for file in _INSTALLED for line in requirements.read(root / file, includes=True)]
    there = _closure(
        [requirement for requirement in asked if requirement.marker is None or requirement.marker.evaluate()]
    )
    found: list[str] = []
    for module, place in _foreign_imports(root, _TOOLS):
        owner = _owner(module)
        if owner not in there and module not in _OF_ANOTHER_PLACE:
            found.append(f"{place} imports {module}: declare {owner or 'its package'} in tests/requirements.txt")
    return found


def resolve_again(root: Path) -> Outcome:
    """Let the resolver say anew what requirements.in yields, the pins being its first choice. Asks the registry."""
    with tempfile.TemporaryDirectory(prefix="diskbackup-audit-") as folder:
        fresh = Path(folder) / "requirements.txt"
        shutil.copyfile(root / "requirements.txt", fresh)
        command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet", "--universal"]
        command += [
            "--python-version",
            SUPPORTED[0],
            "--generate-hashes",
            "--output-file",
            str(fresh),
            "requirements.in",
        ]
        run = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
        if run.returncode != 0:
            tail = run.stderr.strip()[-300:]
            return (
                Outcome(not_run="the registry does not answer")
                if _UNREACHABLE.search(tail)
                else Outcome(faults=(tail,))
            )
        return Outcome(
            faults=tuple(_differences(requirements.read(root / "requirements.txt"), requirements.read(fresh)))
        )


def _differences(pins: tuple[Line, ...], fresh: tuple[Line, ...]) -> Iterator[str]:
    """A registry may add files to a version; what is pinned has to be there still."""
    ours, theirs = ({(str(line.requirement)): set(line.hashes) for line in lines} for lines in (pins, fresh))
    yield from (f"requirements.in does not yield {line}: make lock" for line in sorted(ours.keys() - theirs.keys()))
    yield from (
        f"requirements.in yields {line}, which is not pinned: make lock" for line in sorted(theirs.keys() - ours.keys())
    )
    for line in sorted(ours.keys() & theirs.keys()):
        if ours[line] - theirs[line]:
            yield f"{line}: {len(ours[line] - theirs[line])} of its files are not published any more"


def _is_hashed(pin: Line) -> bool:
    return bool(pin.hashes) and all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in pin.hashes)


def _by_name(lines: tuple[Line, ...], python: str) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        if line.applies(python):
            found.setdefault(line.name, []).append(line)
    return found


def _unmet(declared: Line, pins: Mapping[str, list[Line]], python: str) -> Iterator[str]:
    if declared.name not in pins:
        yield f"Python {python}: {declared.name} is declared and not pinned: make lock"
        return
    version = pins[declared.name][0].version
    if version is not None and not declared.requirement.specifier.contains(version, prereleases=True):
        yield f"Python {python}: {declared.name} {version} is pinned, {declared.requirement} is declared: make lock"


def _closure(declared: list[Requirement]) -> dict[str, str]:
    """Every package that the declared ones need here, and who needs it, by what is installed."""
    found: dict[str, str] = {}
    pending = [(requirement, "requirements.in") for requirement in declared]
    seen: set[tuple[str, str]] = set()
    while pending:
        requirement, user = pending.pop()
        name = str(canonicalize_name(requirement.name))
        found.setdefault(name, user)
        for extra in ("", *sorted(requirement.extras)):
            if (name, extra) not in seen:
                seen.add((name, extra))
                pending += [(needed, name) for needed in _needs(name, extra)]
    return found


def _needs(name: str, extra: str) -> Iterator[Requirement]:
    """What a package needs without its extras, or only for one of them."""
    try:
        texts = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    for text in texts:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None:
            if not extra:
                yield requirement
        elif marker.evaluate({"extra": extra}) and (not extra or not marker.evaluate({"extra": ""})):
            yield requirement


def _installed_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _foreign_imports(root: Path, where: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Modules that are neither Python's nor ours, and the first place that imports each."""
    seen: set[str] = set()
    for path in _sources(root, where):
        for module, line in _imports_of(path.read_text(encoding="utf-8")):
            if module not in seen:
                seen.add(module)
                yield module, f"{path.relative_to(root).as_posix()}:{line}"


@cache
def _imports_of(source: str) -> tuple[tuple[str, int], ...]:
    imported = ((name, node) for node in ast.walk(ast.parse(source)) for name in _imported(node))
    known = sys.stdlib_module_names | set(_OURS)
    return tuple((name, getattr(node, "lineno", 0)) for name, node in imported if name.split(".")[0] not in known)


def _sources(root: Path, where: tuple[str, ...]) -> Iterator[Path]:
    for name in where:
        files = [root / name] if name.endswith(".py") else sorted((root / name).rglob("*.py"))
        yield from (file for file in files if "node_modules" not in file.parts)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []


def _owner(module: str) -> str | None:
    """The package that holds `module`, or the nearest above it that is no shared namespace."""
    parts = module.split(".")
    names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((owner for name in names if (owner := _owners().get(name))), None)


@cache
def _owners() -> Mapping[str, str]:
    """The package of each module that is installed, by its file."""
    found: dict[str, str] = {}
    for package in metadata.distributions():
        name = str(canonicalize_name(package.metadata["Name"]))
        for file in package.files or []:
            if file.suffix in (".py", ".so"):
                parts = [*file.parts[:-1], file.name.split(".")[0]]
                found.setdefault(".".join(parts[:-1] if parts[-1] == "__init__" else parts), name)
    return found
