"""The documentation against the code: what is generated is fresh, what is written by hand is complete, and no more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from azure.functions import FunctionApp
from jsonschema import Draft202012Validator, FormatChecker

import function_app
from backup_core import telemetry
from backup_core.domain.events import KINDS, EventKind, data_schema
from backup_core.domain.job import JobOperation, job_id
from backup_core.ports import Event
from backup_core.settings import SETTINGS, Settings, SettingsInvalid, SignIn, wants_traces
from docs import facts, generate, sizing
from tests.cases import every_case
from tests.infra.app_settings import settings_asked
from tests.workflows.scenes import HOUR, backed_up

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
QUERIES = sorted((DOCS / "queries").glob("*.kql"))
CODES = facts.error_codes()
WHOLE = Draft202012Validator(json.loads(generate.schema_text()), format_checker=FormatChecker())


# ------------------------------------------------------------------ freshness


def test_the_generated_parts_are_what_the_code_says() -> None:
    assert generate.stale() == [], "run make docs"


def test_every_section_stands_in_a_page_and_every_mark_has_its_end() -> None:
    text = "\n".join(path.read_text() for path in DOCS.glob("*.md"))
    assert sorted(re.findall(r"<!-- generated: ([\w-]+) -->", text)) == sorted(generate.SECTIONS)
    assert sorted(re.findall(r"<!-- end: ([\w-]+) -->", text)) == sorted(generate.SECTIONS)


def test_a_section_that_was_edited_by_hand_is_put_right() -> None:
    page = "before\n<!-- generated: queries -->\nby a hand\n<!-- end: queries -->\nafter\n"
    filled = generate.filled(page)
    assert "by a hand" not in filled
    assert filled.startswith("before\n")
    assert filled.endswith("after\n")
    assert generate.filled(filled) == filled


def test_a_section_that_nobody_writes_is_an_error() -> None:
    with pytest.raises(KeyError):
        generate.filled("<!-- generated: weather -->\n<!-- end: weather -->")


def test_a_table_survives_bars_and_lines_in_its_cells() -> None:
    assert generate.table(["a"], [["x|y\nz"]]) == "| a |\n| --- |\n| x\\|y z |"


# ------------------------------------------------------------------ settings


def test_every_setting_that_is_read_is_described_and_no_other() -> None:
    assert set(SETTINGS) == settings_asked()


BASE: Mapping[str, str] = {
    "AzureWebJobsStorage__accountName": "account",
    "DISKBACKUP_ENTRA_TENANT_ID": "7a1f0c1e-0000-4000-8000-00000000000a",
    "DISKBACKUP_ENTRA_AUDIENCE": "api://disk-backup",
}


def everything(environ: Mapping[str, str]) -> tuple[Any, ...]:
    return Settings.from_env(environ), SignIn.from_env(environ), wants_traces(environ)


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.default])
def test_a_described_default_says_the_same_as_no_value(name: str) -> None:
    assert everything({**BASE, name: SETTINGS[name].default}) == everything(BASE)


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.needed])
def test_a_setting_that_is_said_to_be_needed_is(name: str) -> None:
    without = {key: value for key, value in BASE.items() if key not in (name, "AzureWebJobsStorage__accountName")}
    with pytest.raises(SettingsInvalid) as refusal:
        everything(without | ({} if "ServiceUri" in name else {"AzureWebJobsStorage__accountName": "account"}))
    assert name in str(refusal.value)


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.is_secret])
def test_a_setting_that_is_said_to_be_secret_is_not_shown(name: str) -> None:
    value = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=s3cr3t" if "Web" in name else "https://h/s3cr3t"
    settings = Settings.from_env({**BASE, name: value})
    assert settings != Settings.from_env(BASE)
    assert "s3cr3t" not in repr(settings)


# ------------------------------------------------------------------ errors and alerts


def unlike(written: Mapping[str, str], known: set[str]) -> list[str]:
    faults = [f"no paragraph for {name}" for name in sorted(known - written.keys())]
    faults += [f"a paragraph for {name}, which no code bears" for name in sorted(written.keys() - known)]
    return faults + [f"an empty paragraph for {name}" for name, text in written.items() if not text]


def test_every_error_has_a_paragraph_and_every_paragraph_a_code_that_is_written_somewhere() -> None:
    paragraphs = generate.runbooks()["errors"]
    written = {code for code in paragraphs if facts.places_of(code)}
    assert unlike(paragraphs, written | CODES.keys()) == []


def test_every_cause_of_an_alert_has_a_paragraph_and_every_paragraph_a_cause() -> None:
    assert unlike(generate.runbooks()["alerts"], set(facts.causes())) == []


def test_a_paragraph_that_is_missing_left_over_or_empty_is_found() -> None:
    assert unlike({"A": "", "Old": "x"}, {"A", "New"}) == [
        "no paragraph for New",
        "a paragraph for Old, which no code bears",
        "an empty paragraph for A",
    ]


def test_a_code_is_one_word() -> None:
    assert [code for code in generate.runbooks()["errors"] if not re.fullmatch(r"[A-Z]\w+", code)] == []


def test_transience_and_advice_are_those_of_the_code() -> None:
    page = (DOCS / "errors.md").read_text()
    assert "### TooManyRequests\n\nPasses by itself: the step comes back. From the API: 429." in page
    assert "### ScopeLocked\n\nDoes not pass by itself." in page
    for kinds in CODES.values():
        for kind in kinds:
            assert kind.__name__ == "PermissionMissing" or f"> {kind.recommended_action}" in page


# ------------------------------------------------------------------ events


def cloud_event(event: Event) -> dict[str, Any]:
    attributes = {"id": event.id, "source": event.source, "type": event.type, "subject": event.subject}
    return {"specversion": "1.0", **attributes, "time": event.at.isoformat(), "data": dict(event.content)}


def sample(kind: EventKind) -> dict[str, Any]:
    """Data of `kind` as its own schema has it, with as little as it asks for."""
    schema = data_schema(kind)
    data = {name: _value(schema["properties"][name]) for name in schema["required"]}
    return {**data, "severity": kind.severity.value, "category": kind.category}


def _value(schema: Mapping[str, Any]) -> Any:
    kinds = schema.get("type")
    if "null" in (kinds if isinstance(kinds, list) else []):
        return None
    return {"integer": 0, "array": [], "string": "x"}.get(str(kinds))


@every_case("kind", KINDS.values())
def test_the_schema_of_all_events_says_of_each_type_what_its_own_says(kind: EventKind) -> None:
    data = sample(kind)
    own = Draft202012Validator(data_schema(kind))
    branch = Draft202012Validator({"$ref": f"#/$defs/{kind.type}", "$defs": WHOLE.schema["$defs"]})
    assert own.is_valid(data)
    assert branch.is_valid(data)
    for name in own.schema["required"]:
        without = {key: value for key, value in data.items() if key != name}
        assert (own.is_valid(without), branch.is_valid(without)) == (False, False), name
    event = Event(id="1", type=kind.type, source="s", subject="x", at=datetime(2026, 3, 2, tzinfo=UTC), content=data)
    assert WHOLE.is_valid(cloud_event(event))
    assert not WHOLE.is_valid(cloud_event(replace(event, content={**data, "unheardOf": 1})))


def test_the_schema_of_all_events_takes_no_type_that_is_not_listed() -> None:
    kind = KINDS["DiskBackup.Job.Completed"]
    event = Event(id="1", type="DiskBackup.X", source="s", subject="x", at=datetime.now(UTC), content=sample(kind))
    assert not WHOLE.is_valid(cloud_event(event))


def test_what_a_day_of_backups_publishes_is_as_the_schema_has_it() -> None:
    platform = backed_up()
    platform.run(seconds=HOUR.total_seconds())
    published = platform.world.events.distinct
    assert {"DiskBackup.Job.Completed", "DiskBackup.RecoveryPoint.Created"} <= {event.type for event in published}
    for event in published:
        WHOLE.validate(cloud_event(event))


def test_the_page_has_each_type_with_its_fields() -> None:
    page = (DOCS / "events.md").read_text()
    for kind in KINDS.values():
        section = page.partition(f"### {kind.type}\n")[2].partition("\n### ")[0]
        assert kind.says in section
        assert [name for name in kind.fields if f"| `{name}` |" not in section] == []


# ------------------------------------------------------------------ queries

_LITERAL = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")
_ATTRIBUTES = {telemetry.VAULT, telemetry.INSTANCE, telemetry.JOB, telemetry.CORRELATION}
_ATTRIBUTES |= {"faas.name", "faas.invocation_id", "faas.trigger", "error.type", "azure.resource_id"}


def query_faults(text: str, functions: set[str]) -> Iterator[str]:
    """Names and fields in a query that the code does not log, and functions that are not there."""
    literals = [first or second for first, second in _LITERAL.findall(text)]
    names = {word for literal in literals if (word := literal.strip()) and re.fullmatch(r"[a-z_]+\.[a-z_]+", word)}
    logged = facts.log_events()
    yield from (f"nothing logs {name}" for name in sorted(names - logged.keys() - _ATTRIBUTES))
    fields = frozenset[str]().union(*(logged.get(name, frozenset()) for name in names))
    asked = {field for literal in literals for field in re.findall(r"^(\w+)=", literal)}
    yield from (f"none of its lines has a field {field}" for field in sorted(asked - fields))
    called = set(re.findall(r"\bName == [\"'](\w+)[\"']", text))
    yield from (f"there is no function {name}" for name in sorted(called - functions))


@pytest.fixture(scope="module")
def functions() -> set[str]:
    app: FunctionApp = function_app.app
    return {str(each.get_function_name()) for each in app.get_functions()}


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_asks_for_what_the_code_logs(path: Path, functions: set[str]) -> None:
    text = path.read_text()
    assert re.match(r"// .+[.]\n", text), "its first line says what it answers"
    assert list(query_faults(text, functions)) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('AppTraces | where Message startswith "backup.broke "', "nothing logs backup.broke"),
        ("AppTraces | where Message startswith 'backup.broke'", "nothing logs backup.broke"),
        ('Message startswith "backup.failed " | extend extract("disk=(.*)", 1, Message)', "has a field disk"),
        ('AppRequests | where Name == "sweep"', "there is no function sweep"),
        ('Properties["diskbackup.job"]', "nothing logs diskbackup.job"),
    ],
)
def test_a_query_that_asks_for_something_else_is_found(text: str, fault: str, functions: set[str]) -> None:
    (found,) = query_faults(text, functions)
    assert fault in found


def test_there_are_queries_for_what_operators_ask() -> None:
    wanted = {"failed-last-night", "throttled", "slowest-backups", "stalled-ticks", "poison", "events-undelivered"}
    assert wanted <= {path.stem for path in QUERIES}


def test_the_attributes_that_queries_may_name_are_those_that_spans_bear() -> None:
    source = Path(str(telemetry.__file__)).read_text()
    spoken = {name for name in _ATTRIBUTES if f'"{name}"' in source or name.startswith("diskbackup.")}
    assert spoken == _ATTRIBUTES


def test_the_slowest_query_reads_a_slot_from_a_jobs_id() -> None:
    slot = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    digits = job_id(slot, JobOperation.BACKUP, "vault", "disk").replace("-", "")[:12]
    (latest,) = re.findall(r"= (\d+) - tolong", (DOCS / "queries" / "slowest-backups.kql").read_text())
    assert int(latest) - int(digits, 16) == int(slot.timestamp() * 1000)


# ------------------------------------------------------------------ sizing


@pytest.mark.parametrize(
    ("schedule", "runs"),
    [("0 * * * * *", 1440), ("5,25,45 * * * * *", 4320), ("40 7,22,37,52 * * * *", 96), ("0 5 * * * *", 24)],
)
def test_a_timers_runs_are_counted(schedule: str, runs: int) -> None:
    assert sizing.runs_a_day(schedule) == runs


def test_a_schedule_of_another_kind_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="no schedule of this kind"):
        sizing.runs_a_day("0 0 3 * * *")


def test_the_example_grows_with_disks_and_not_with_ticks() -> None:
    small, large = sizing.day_of(100), sizing.day_of(200)
    for key in ("executions", "storage"):
        assert large[key] - small[key] == pytest.approx(small[key] - sizing.idle()[key])
    assert large["arm"] == pytest.approx(2 * small["arm"])
    assert sizing.day_of(0)["executions"] == sizing.idle()["executions"]


def test_an_idle_host_makes_as_few_storage_requests_as_the_page_says() -> None:
    a_minute, page = sizing.host_idle_a_minute(), (DOCS / "operations.md").read_text()
    assert a_minute <= 80
    (told, a_day) = re.findall(r"makes\s+(\d+) storage\s+requests a minute .*?, (\d+),000 a day", page, re.DOTALL)[0]
    assert int(told) == round(a_minute)
    assert int(a_day) == round(a_minute * 24 * 60 / 1000)


# ------------------------------------------------------------------ links

PAGES = [
    *sorted(DOCS.glob("*.md")),
    *sorted(DOCS.glob("decisions/*.md")),
    *(ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md", "infra/local/README.md")),
]


@every_case("page", PAGES)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    assert list(dead_links(page)) == []


def dead_links(page: Path) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        target, _, anchor = link.partition("#")
        if ":" in target:
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            yield link


def anchors(path: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ +(.+?)\s*$", text, flags=re.MULTILINE)
    }


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Here we are\n[a](#here-we-are) [b](#there) [c](gone.md) [d](https://example.com/x) [e](page.md)\n"
    )
    assert list(dead_links(page)) == ["#there", "gone.md"]
