"""Known weaknesses: pip-audit against a service of our own, for the public ones cannot be asked everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.audit import weaknesses
from tests.serving import Asked, Told, serving

WEAK = {
    "id": "PYSEC-2026-1",
    "summary": "made up",
    "aliases": [],
    "affected": [
        {
            "package": {"name": "isodate", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "0.8.0"}]}],
        }
    ],
}


@contextmanager
def service(answers: Mapping[str, Any]) -> Iterator[str]:
    """Serve OSV's one question, with a given answer for each package that has one; answers the service's URL."""

    def answer(asked: Asked) -> Told:
        return Told(body=json.dumps(answers.get(json.loads(asked.body)["package"]["name"], {})).encode())

    with serving(answer) as url:
        yield f"{url}/v1/query"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text(
        "isodate==0.7.2\nazure-functions==1.26.0 ; python_version < '3.13'\n"
        "azure-functions==2.3.0 ; python_version >= '3.13'\n"
    )
    return tmp_path


def options(url: str) -> list[tuple[str, ...]]:
    return [("--vulnerability-service", "osv", "--osv-url", url)]


def test_a_weak_version_is_a_fault_for_whichever_python_it_is_pinned(tree: Path) -> None:
    other = {**WEAK, "affected": [{**WEAK["affected"][0], "package": {"name": "azure-functions", "ecosystem": "PyPI"}}]}
    known = {"isodate": {"vulns": [WEAK]}, "azure-functions": {"vulns": [other]}}
    silent = ("--vulnerability-service", "osv", "--osv-url", "http://127.0.0.1:9/v1/query")
    with service(known) as url:
        outcome = weaknesses.check(tree, [silent, *options(url)])
    assert outcome.not_run is None
    assert set(outcome.faults) == {
        "isodate 0.7.2: PYSEC-2026-1, mended in 0.8.0",
        "azure-functions 1.26.0: PYSEC-2026-1, mended in 0.8.0",
        "azure-functions 2.3.0: PYSEC-2026-1, mended in 0.8.0",
    }


def test_a_service_that_does_not_answer_is_no_clean_bill(tree: Path) -> None:
    outcome = weaknesses.check(tree, options("http://127.0.0.1:9/v1/query"))
    assert outcome.not_run
    assert outcome.not_run.startswith("pip-audit ended with 1")


def test_packages_that_were_not_looked_at_are_no_clean_bill() -> None:
    """pip-audit itself ends with 0 then."""
    skipped = {"name": "a", "skip_reason": "Dependency not found and could not be audited"}
    outcome = weaknesses.judge([skipped, {"name": "b", "version": "1", "vulns": []}])
    assert outcome.not_run == "the service knows nothing of 1 of 2 packages"
    assert weaknesses.judge([]).not_run == "pip-audit saw no package"
