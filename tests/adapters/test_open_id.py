"""Reading what a sign-in service publishes, over TLS: what is not sound JSON from that very URL is not believed."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from backup_core.adapters import open_id
from backup_core.adapters.open_id import read_document
from backup_core.domain.errors import CloudUnavailable
from tests.conftest import Authority
from tests.serving import Asked, Told, serving

ANSWERS: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "/good": (200, json.dumps({"issuer": "me"}).encode(), {}),
    "/absent": (404, b"{}", {}),
    "/broken": (500, b"{}", {}),
    "/moved": (302, b"{}", {"Location": "/good"}),
    "/list": (200, b"[]", {}),
    "/text": (200, b"hello", {}),
    "/empty": (200, b"", {}),
    "/short": (200, b"{}", {"Content-Length": "100"}),
}


@pytest.fixture
def base(authority: Authority) -> Iterator[str]:
    def answer(asked: Asked) -> Told:
        status, content, headers = ANSWERS[asked.path]
        return Told(status, content, {"Content-Type": "application/json", **headers})

    with serving(answer, certificate=authority.certificate, key=authority.key) as url:
        yield url


def test_a_document_is_read(base: str, authority: Authority) -> None:
    assert read_document(f"{base}/good", trusted=str(authority.trusted)) == {"issuer": "me"}


def test_the_environments_authorities_are_trusted_when_none_is_named(base: str) -> None:
    assert read_document(f"{base}/good") == {"issuer": "me"}


@pytest.mark.parametrize("path", [path for path in ANSWERS if path != "/good"])
def test_what_is_no_sound_document_is_told(base: str, authority: Authority, path: str) -> None:
    with pytest.raises(CloudUnavailable) as refusal:
        read_document(f"{base}{path}", trusted=str(authority.trusted))
    assert path in refusal.value.message


def test_a_certificate_of_a_stranger_is_not_trusted(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(CloudUnavailable):
        read_document(f"{base}/good")


def test_nobody_at_home_is_told(authority: Authority) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{taken.getsockname()[1]}/good"
        with pytest.raises(CloudUnavailable):
            read_document(url, trusted=str(authority.trusted))


def test_a_service_that_never_answers_is_given_up(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_id, "READ_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(CloudUnavailable):
            read_document(f"https://127.0.0.1:{silent.getsockname()[1]}/good", trusted=str(authority.trusted))
