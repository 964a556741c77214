"""Licences of all that ships beside our own code, as a page: `python -m infra.audit licences` writes it.

They come from the packages' own metadata. A licence that is not on the list below is a fault until
somebody has read it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from email.message import Message
from email.parser import Parser
from importlib import metadata
from pathlib import Path

from infra.audit import requirements
from infra.audit.requirements import Line

PAGE = Path("docs") / "licences.md"
# All let the package be used and passed on with our MIT-licensed code; MPL-2.0 asks for its own files' source only.
ACCEPTED = frozenset(
    {
        "Apache-2.0",
        "Apache-2.0 OR BSD-3-Clause",
        "BSD-3-Clause",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
    }
)
# Older metadata names a licence by its title.
_TITLES = {
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "BSD License": "BSD-3-Clause",
}
_HEAD = """# Licences of what ships

What a deployment installs from [requirements.txt](../requirements.txt), with the licence that each package states in
its own metadata. Written by `make lock`; a test holds it against the pins. Our own code is under the
[MIT licence](../LICENSE).

| package | version | licence |
|---|---|---|
"""


def write(root: Path) -> None:
    """Asks the registry for the packages that are not installed here: those for another Python."""
    (root / PAGE).write_text(page(root, fetch=True), encoding="utf-8")


def faults(root: Path) -> list[str]:
    """Offline: the page against the pins and the metadata that is here, and against what is accepted."""
    rows = _rows((root / PAGE).read_text(encoding="utf-8"))
    pins = [(pin.name, pin.version) for pin in requirements.read(root / "requirements.txt")]
    found = [f"{PAGE} lacks {name} {version}: make lock" for name, version in pins if (name, version) not in rows]
    found += [
        f"{PAGE} has {name} {version}, which does not ship" for name, version in rows if (name, version) not in pins
    ]
    for (name, version), stated in rows.items():
        here = _installed(name, version)
        if here is not None and licence(here) != stated:
            found.append(f"{PAGE}: {name} {version} states {licence(here)}, not {stated}: make lock")
        if stated not in ACCEPTED:
            found.append(f"{name} {version} is under {stated}: read it, then accept it in {Path(__file__).name}")
    return found


def page(root: Path, *, fetch: bool) -> str:
    lines = sorted(requirements.read(root / "requirements.txt"), key=lambda line: (line.name, line.version))
    rows = [f"| {line.name} | {line.version} | {licence(_metadata(line, fetch=fetch))} |\n" for line in lines]
    return _HEAD + "".join(rows)


def licence(stated: Message) -> str:
    """By its SPDX expression, else by its classifiers, else by its name; "unknown" when it says none of these."""
    expression = stated.get("License-Expression")
    if expression:
        return str(expression)
    titles = [text.rsplit(" :: ", 1)[1] for text in stated.get_all("Classifier", []) if text.startswith("License :: ")]
    named = titles or str(stated.get("License") or "").splitlines()[:1]
    return " AND ".join(_TITLES.get(title, title) for title in named) or "unknown"


def _metadata(line: Line, *, fetch: bool) -> Message:
    here = _installed(line.name, line.version)
    if here is not None:
        return here
    if not fetch:
        raise LookupError(f"{line.name} {line.version} is not installed here")
    return _fetched(line)


def _installed(name: str, version: str) -> Message | None:
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    # The class that it comes in has Message's methods; its own is a protocol.
    return Parser().parsestr(found.read_text("METADATA") or "") if found.version == version else None


def _fetched(line: Line) -> Message:
    """From the wheel itself, whichever Python it is for."""
    with tempfile.TemporaryDirectory(prefix="diskbackup-licence-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--ignore-requires-python", "--only-binary=:all:", "--dest", folder, f"{line.name}=={line.version}"]
        subprocess.run(command, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as opened:
            name = next(each for each in opened.namelist() if each.endswith(".dist-info/METADATA"))
            return Parser().parsestr(opened.read(name).decode())


def _rows(text: str) -> Mapping[tuple[str, str], str]:
    cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in _table(text.splitlines()))
    return {(name, version): stated for name, version, stated in cells}


def _table(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if line.startswith("| ") and not line.startswith("| package |")]
