"""Every `az` command that our errors and documents print, found where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from backup_core.domain import permissions
from backup_core.domain.advice import ADVICE
from backup_core.domain.errors import BackupError, PermissionMissing, assignment_advice
from docs import facts
from infra.local.up import PROJECT

_FENCE = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(az [^`]+)`")
_HEREDOC = re.compile(r"<<-?'?(\w+)'?\n.*?^\1$", re.MULTILINE | re.DOTALL)
_PRINTED = re.compile(r"\b(az (?:[a-z][\w-]+ )+-.*?)(?:\. [A-Z]|$)")
_SUBCOMMAND = re.compile(r"az((?: [a-z][a-z-]*)+)")


@dataclass(frozen=True, slots=True)
class Printed:
    """A command as it is printed, and where."""

    place: str
    text: str

    @property
    def words(self) -> str:
        """`role assignment create`: the command without its options."""
        match = _SUBCOMMAND.match(self.text)
        return match[1].strip() if match else ""


def documented() -> list[Printed]:
    pages = [*sorted(PROJECT.glob("docs/*.md")), PROJECT / "README.md", PROJECT / "SECURITY.md"]
    pages.append(PROJECT / "docs" / "runbooks.toml")
    return [each for page in pages for each in _in_page(page.name, page.read_text(encoding="utf-8"))]


def _in_page(name: str, text: str) -> Iterator[Printed]:
    for block in _FENCE.findall(text):
        joined = _HEREDOC.sub("", block).replace("\\\n", " ")
        for line in joined.splitlines():
            for found in re.findall(r"(?:^\s*|\$\(|&& )(az [^#]*)", line):
                yield Printed(place=name, text=" ".join(found.split()))
    for found in _INLINE.findall(_FENCE.sub("", text)):
        yield Printed(place=name, text=" ".join(found.split()))


def printed_by_errors() -> list[Printed]:
    """What errors recommend, with a scope and a principal that a test can put in."""
    advice = [(code, text) for code, text in ADVICE.items()]
    advice += [(kind.__name__, kind.recommended_action) for kind in _kinds()]
    needs = [value for value in vars(permissions).values() if isinstance(value, permissions.Need)]
    advice += [(PermissionMissing.__name__, assignment_advice(need.role, "{scope}", "{principal}")) for need in needs]
    found = {text: where for where, advised in advice for text in _PRINTED.findall(advised)}
    return [Printed(place=where, text=text) for text, where in sorted(found.items())]


def _kinds() -> Iterator[type[BackupError]]:
    for kinds in facts.error_codes().values():
        yield from kinds
