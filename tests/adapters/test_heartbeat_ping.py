"""The ping to a dead-man service: over TLS only, never a reason for a tick to fail, and its URL is told to nobody."""

from __future__ import annotations

import logging
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backup_core.adapters.heartbeat_ping import ping
from backup_core.app import Services
from backup_core.settings import Settings
from tests.serving import Asked, Told, serving

SECRET = "5e0c1a52-0000-4000-8000-00000000beef"


@dataclass
class Service:
    base: str = ""
    asked: list[str] = field(default_factory=list)
    status: int = 200
    silent: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = f"/ping/{SECRET}?key={SECRET}") -> str:
        return f"{self.base}{path}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost"
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=DNS:localhost"], cwd=folder, check=True, capture_output=True
    )
    return folder


@pytest.fixture
def service(certificate: Path) -> Iterator[Service]:
    found = Service()

    def answer(asked: Asked) -> Told:
        found.asked.append(asked.path)
        if found.silent.is_set():
            found.over.wait(600)
        moved = found.status in (301, 302)
        return Told(found.status, headers={"Location": found.url("/elsewhere")} if moved else {})

    files = {"certificate": certificate / "cert.pem", "key": certificate / "key.pem"}
    with serving(answer, host="localhost", **files) as found.base:
        yield found
        found.over.set()


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))


@pytest.mark.usefixtures("trusted")
def test_a_ping_asks_for_its_url_once(service: Service) -> None:
    assert ping(service.url())
    assert service.asked == [f"/ping/{SECRET}?key={SECRET}"]


@pytest.mark.usefixtures("trusted")
def test_a_url_without_a_path_asks_for_the_root(service: Service) -> None:
    assert ping(service.url(""))
    assert service.asked == ["/"]


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("status", [301, 302, 404, 500, 503])
def test_a_service_that_refuses_is_told_in_the_log_without_the_url(
    service: Service, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    service.status = status
    with caplog.at_level(logging.DEBUG):
        assert not ping(service.url())
    assert f"heartbeat.ping_refused host=localhost status={status}" in caplog.text
    assert SECRET not in caplog.text
    assert service.asked == [f"/ping/{SECRET}?key={SECRET}"], "redirects are not followed"


@pytest.mark.usefixtures("trusted")
def test_a_service_that_does_not_answer_is_given_up_in_time(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    service.silent.set()
    began = time.monotonic()
    assert not ping(service.url(), timeout=0.3)
    assert time.monotonic() - began < 60
    assert SECRET not in caplog.text


def test_a_stranger_with_the_services_name_is_not_believed(service: Service) -> None:
    assert not ping(service.url())
    assert service.asked == []


@pytest.mark.parametrize("host", ["nowhere.invalid", "127.0.0.1"])
def test_a_service_that_is_not_there_is_no_error(host: str, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert not ping(f"https://{host}:{port}/{SECRET}", timeout=1)
    assert f"heartbeat.ping_failed host={host}" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.usefixtures("trusted")
def test_the_app_pings_the_url_of_its_settings_and_none_without_one(service: Service) -> None:
    storage = "UseDevelopmentStorage=true"
    Services(Settings(storage_connection_string=storage)).ping()
    assert service.asked == []
    Services(Settings(storage_connection_string=storage, heartbeat_url=service.url())).ping()
    assert len(service.asked) == 1
