"""What the page is built of: pinned, read, and looked up; npm asks a registry of our own, for not each one answers."""

from __future__ import annotations

import gzip
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from infra.audit import page

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("package.json", "package-lock.json")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / page.PAGE).mkdir()
    for name in NAMES:
        shutil.copyfile(ROOT / page.PAGE / name, tmp_path / page.PAGE / name)
    return tmp_path


def spoil(tree: Path, package: str, **changes: Any) -> str:
    """Change what is locked of a package; answers its version."""
    file = tree / page.PAGE / "package-lock.json"
    lock = json.loads(file.read_text())
    lock["packages"][f"node_modules/{package}"].update(changes)
    file.write_text(json.dumps(lock))
    return str(lock["packages"][f"node_modules/{package}"]["version"])


def test_what_ships_is_pinned_and_read() -> None:
    assert page.faults(ROOT) == []


def test_a_licence_that_nobody_has_read_is_a_fault(tree: Path) -> None:
    version = spoil(tree, "react", license="AGPL-3.0-only")
    assert page.faults(tree) == [
        f"react {version} is under AGPL-3.0-only: read it, then accept it in infra/audit/page.py"
    ]


def test_what_only_builds_and_tests_ships_under_no_licence(tree: Path) -> None:
    spoil(tree, "vite", license="UNLICENSED")
    assert page.faults(tree) == []


def test_a_package_without_a_hash_is_a_fault(tree: Path) -> None:
    version = spoil(tree, "react", integrity=None)
    assert page.faults(tree) == [f"react {version} has no hash: npm install in dashboard"]


@pytest.mark.parametrize("version", ["^19.0.0", "~19.0.0", "*", "latest", "19", "github:someone/react"])
def test_a_version_that_may_change_is_a_fault(tree: Path, version: str) -> None:
    file = tree / page.PAGE / "package.json"
    declared = json.loads(file.read_text())
    declared["dependencies"]["react"] = version
    file.write_text(json.dumps(declared))
    assert page.faults(tree) == ["dashboard/package.json: react is not pinned to one version"]


@pytest.fixture
def registry() -> Iterator[Callable[[Mapping[str, Any]], str]]:
    """Serve npm's one question about weaknesses, with the given answer; answers the registry's URL."""
    servers: list[ThreadingHTTPServer] = []

    def serve(advisories: Mapping[str, Any]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = self.rfile.read(int(self.headers["Content-Length"]))
                names = json.loads(gzip.decompress(asked) if asked.startswith(b"\x1f\x8b") else asked)
                self.answer({name: advisories[name] for name in names if name in advisories})

            def do_GET(self) -> None:
                """A package that is weak: npm looks which of its versions are."""
                self.answer({"name": unquote(self.path[1:]), "versions": {}})

            def answer(self, content: Mapping[str, Any]) -> None:
                body = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


WEAK = {
    "id": 1,
    "url": "https://github.com/advisories/GHSA-made-up",
    "title": "made up",
    "severity": "high",
    "vulnerable_versions": ">=0.0.0",
}


def test_nothing_known_is_well(tree: Path, registry: Callable[..., str]) -> None:
    assert page.check(tree, registry({})) == page.Outcome()


def test_a_weak_package_that_ships_is_a_fault_and_one_that_does_not_is_none(
    tree: Path, registry: Callable[..., str]
) -> None:
    outcome = page.check(tree, registry({"@azure/msal-common": [WEAK], "vite": [WEAK]}))
    assert outcome.not_run is None
    (fault,) = outcome.faults
    assert fault.startswith("@azure/msal-common ")
    assert fault.endswith("made up (https://github.com/advisories/GHSA-made-up)")


def test_a_registry_that_does_not_answer_is_no_clean_bill(tree: Path) -> None:
    outcome = page.check(tree, "http://127.0.0.1:9/")
    assert outcome.faults == ()
    assert outcome.not_run


def test_a_report_without_a_list_is_no_clean_bill() -> None:
    assert page.judge({"message": "405 Method Not Allowed"}).not_run == "npm audit: 405 Method Not Allowed"
    assert page.judge({}).not_run
