"""The parts of the documentation that the code knows best, written into the pages: `make docs`.

A page is prose with marked sections: what stands between `<!-- generated: NAME -->` and `<!-- end: NAME -->` comes from
here, all else from its author. `tests/test_docs.py` fails when a page is not what this would write.
Leaves to others: finding out what the code says (facts.py), and advice (runbooks.toml).
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from backup_core.api.errors import STATUS
from backup_core.domain.alert import fired_type, resolved_type
from backup_core.domain.counted_work import EVERY_KIND
from backup_core.domain.errors import BackupError, PermissionMissing
from backup_core.domain.events import COMMON, KINDS, EventKind, data_schema
from backup_core.settings import SETTINGS
from docs import facts, sizing
from tests.infra.app_settings import OF_THE_HOST

DOCS = Path(__file__).parent
SCHEMA_FILE = "events.schema.json"
_SECTION = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end: \2 -->)", re.DOTALL)


def pages() -> Mapping[Path, str]:
    """Every page as it should be. Raises KeyError for a section that nobody writes."""
    written = {path: filled(path.read_text(encoding="utf-8")) for path in sorted(DOCS.glob("*.md"))}
    return {**written, DOCS / SCHEMA_FILE: schema_text()}


def filled(page: str) -> str:
    """`page` with its marked sections written anew."""
    return _SECTION.sub(lambda match: f"{match[1]}\n{SECTIONS[match[2]]()}\n\n{match[3]}", page)


def stale() -> list[str]:
    """The names of pages that are not as they should be."""
    return [
        path.name for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def main() -> None:
    for path, text in pages().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path.relative_to(DOCS.parent)}\n")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(header), _row(["---"] * len(header)), *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"


# Settings.


def settings_table() -> str:
    rows = []
    for name in sorted(SETTINGS, key=str.lower):
        setting = SETTINGS[name]
        means = f"**Secret.** {setting.means}" if setting.is_secret else setting.means
        rows.append([f"`{name}`", means, f"`{setting.default}`" if setting.default else "", setting.needed])
    return table(["variable", "meaning", "default", "needed"], rows)


def host_settings_table() -> str:
    rows = [[f"`{name}`", f"{why[0].upper()}{why[1:]}."] for name, why in sorted(OF_THE_HOST.items())]
    return table(["variable", "why it is set"], rows)


# Events.


def event_table() -> str:
    rows = [
        [f"[`{kind.type}`](#{_anchor(kind.type)})", kind.severity.value, kind.category, kind.says] for kind in _kinds()
    ]
    return table(["type", "severity", "category", "what it says"], rows)


def common_fields_table() -> str:
    return table(["field", "type", "meaning"], [_field_row(name, schema) for name, schema in COMMON.items()])


def event_types() -> str:
    return "\n\n".join(map(_event_type, _kinds()))


def _event_type(kind: EventKind) -> str:
    parts = [f"### {kind.type}", f"{kind.severity.value}, {kind.category}. {kind.says}"]
    parts += [f"*Possible causes:* {' '.join(kind.causes)}"] if kind.causes else []
    parts += [f"*Recommended actions:* {' '.join(kind.actions)}"] if kind.actions else []
    if kind.fields:
        parts.append(table(["own field", "type", "meaning"], [_field_row(*each) for each in kind.fields.items()]))
    return "\n\n".join(parts)


def _field_row(name: str, schema: Mapping[str, Any]) -> list[str]:
    meaning = str(schema.get("description", ""))
    if "properties" in schema:
        meaning += f": {', '.join(f'`{inner}`' for inner in schema['properties'])}"
    return [f"`{name}`", _type_of(schema), meaning]


def _type_of(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    words = [_word(kind, schema) for kind in kinds]
    return " or ".join(words)


def _word(kind: str, schema: Mapping[str, Any]) -> str:
    if kind == "string" and schema.get("format") == "date-time":
        return "time"
    return f"list of {schema['items']['type']}s" if kind == "array" else kind


def schema_text() -> str:
    """One JSON schema of the CloudEvents that are published, with the data of each type by the type's name."""
    kinds = _kinds()
    common = {
        "type": "object",
        "properties": COMMON,
        "required": [each for each in _required(kinds[0]) if each in COMMON],
    }
    data = {"common": common, **{kind.type: _own_schema(kind) for kind in kinds}}
    branches = [
        {
            "properties": {
                "type": {"const": kind.type},
                "data": {"$ref": f"#/$defs/{kind.type}"},
            }
        }
        for kind in kinds
    ]
    texts = {name: {"type": "string"} for name in ("id", "source", "subject")}
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "CloudEvents of disk-backup",
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
        "properties": {"specversion": {"const": "1.0"}, **texts, "time": {"type": "string", "format": "date-time"}},
        "oneOf": branches,
        "$defs": data,
    }
    return json.dumps(whole, indent=1) + "\n"


def _own_schema(kind: EventKind) -> dict[str, Any]:
    """As `data_schema`, which says the same in one piece."""
    return {
        "description": kind.says,
        "allOf": [{"$ref": "#/$defs/common"}],
        "properties": {"severity": {"const": kind.severity.value}, "category": {"const": kind.category}, **kind.fields},
        "required": [each for each in _required(kind) if each not in COMMON],
        "unevaluatedProperties": False,
    }


def _required(kind: EventKind) -> list[str]:
    return list(data_schema(kind)["required"])


def _kinds() -> list[EventKind]:
    return [KINDS[name] for name in sorted(KINDS)]


def _anchor(heading: str) -> str:
    """How GitHub links to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


# Errors and alerts.


@cache
def runbooks() -> Mapping[str, Mapping[str, str]]:
    """The hand-written paragraphs: `errors` by code, `alerts` by cause."""
    with (DOCS / "runbooks.toml").open("rb") as file:
        read = tomllib.load(file)
    return {part: {name: text.strip() for name, text in texts.items()} for part, texts in read.items()}


def error_sections() -> str:
    """Codes that a job, an instance or an event may bear, as well as an answer."""
    return "\n\n".join(_error_section(code, kinds) for code, kinds in facts.error_codes().items())


def refusal_sections() -> str:
    """Codes that only an answer to a request bears."""
    only = sorted(runbooks()["errors"].keys() - facts.error_codes().keys(), key=str.lower)
    return "\n\n".join(_error_section(code, []) for code in only)


def _error_section(code: str, kinds: Sequence[type[BackupError]]) -> str:
    parts = [f"### {code}"]
    if kinds:
        is_transient = any(kind.transient for kind in kinds)
        passes = "Passes by itself: the step comes back." if is_transient else "Does not pass by itself."
        parts.append(f"{passes} From the API: {_status_of(kinds[0])}.")
    parts += [f"> {_advice_of(kind)}" for kind in kinds if kind is BackupError or _has_advice(kind)]
    parts.append(runbooks()["errors"][code])
    return "\n\n".join(dict.fromkeys(parts))


def _has_advice(kind: type[BackupError]) -> bool:
    return issubclass(kind, PermissionMissing) or kind.recommended_action != BackupError.recommended_action


def _advice_of(kind: type[BackupError]) -> str:
    if issubclass(kind, PermissionMissing):
        return f"`{PermissionMissing('', scope='<scope>', role='<role>').recommended_action}`"
    return kind.recommended_action


def _status_of(kind: type[BackupError]) -> int:
    return next(status for known, status in STATUS if issubclass(kind, known))


def alert_sections() -> str:
    sections = []
    for cause in sorted(facts.causes()):
        kind = KINDS[fired_type(cause)]
        told = f"{kind.severity.value}. Raised by `{kind.type}`, ended by `{resolved_type(cause)}`."
        sections.append(f"### {cause}\n\n{told}\n\n{runbooks()['alerts'][cause]}")
    return "\n\n".join(sections)


# Sizing.


def measured_table() -> str:
    rows = [[work.name, *(f"{count:g}" for count in (work.executions, work.storage, work.arm))] for work in EVERY_KIND]
    idle = sizing.idle()
    rows.append(
        ["nothing to do, a day (counted, not measured)", *(f"{idle[key]:,}" for key in ("executions", "storage")), "0"]
    )
    return table(["for one", "executions", "storage transactions of the app", "ARM calls"], rows)


def example_table() -> str:
    days = {disks: sizing.day_of(disks) for disks in sizing.EXAMPLE_DISKS}
    names = {
        "backups": "backups a day",
        "executions": "executions a day",
        "storage": "storage transactions a day, the host's included",
        "arm": "ARM calls a day",
        "snapshots": "snapshots there at any time",
        "subscriptions": "subscriptions that their number needs",
    }
    rows = [[words, *(_rounded(day[key]) for day in days.values())] for key, words in names.items()]
    return table(["", *(f"{disks:,} disks" for disks in days)], rows)


def _rounded(number: float) -> str:
    """Three digits that count."""
    digits = max(len(str(int(number))) - 3, 0)
    return f"{int(round(number, -digits)):,}"


# Queries.


def query_table() -> str:
    rows = []
    for path in sorted((DOCS / "queries").glob("*.kql")):
        says = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("// ")
        rows.append([f"[{path.stem}](queries/{path.name})", says])
    return table(["query", "what it answers"], rows)


SECTIONS: Mapping[str, Callable[[], str]] = {
    "settings": settings_table,
    "host-settings": host_settings_table,
    "event-table": event_table,
    "common-fields": common_fields_table,
    "event-types": event_types,
    "errors": error_sections,
    "refusals": refusal_sections,
    "alerts": alert_sections,
    "queries": query_table,
    "measured": measured_table,
    "example": example_table,
}


if __name__ == "__main__":
    main()
