"""Requests with their answers: sent, kept, and written down as recordings that hold no token and no id of anybody's.

The lines of a recording are those of `recordings/compute/*.jsonl` (method, uri, request_body, status, headers, body),
with the step that sent them. Leaves to others: what is sent (walk.py) and what an answer should be (comparing.py).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests

from infra.verify.target import Target, origin

GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
# What signs an operation's URL or a shared access signature, and tokens wherever they stand.
_SIGNED_URL = re.compile(r"https?://[^\s\"]+[?&]sig=[^\s\"]*")  # whoever has it has the data
_SIGNED = re.compile(r"([?&])(?:[tcshp]|sig|se|sv|sr|sp|code)=[^&\"\s]*")
_BLOBS, _PARTIAL = "2018-03-28", 206  # the version of the blob service that signed URLs name (recorded)
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
OPERATION = re.compile(r"(/operation(?:status|results)/)([^/?\"]+)", re.IGNORECASE)
_HIDDEN = frozenset({"authorization", "set-cookie", "cookie"})
_BUSY = (429, 503)
_TRIES = 6
_SECONDS = 60.0


class Part(Enum):
    """What an exchange is to its step: the request itself, a look while something runs or at its end, and what was sent
    in vain because Azure was busy or a role had not taken effect."""

    ASKED = "asked"
    RUNNING = "running"
    ENDED = "ended"
    VAIN = "in vain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """`body` and `request` are JSON, text where an answer is none, and None where there is no body. Names of headers
    are in small letters."""

    step: str
    part: Part
    method: str
    url: str
    request: Any
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def line(self) -> str:
        return f"{self.method} {urlsplit(self.url).path}"


class Elsewhere(Exception):
    """A URL that is neither Azure's nor the app's."""


class Unread(Exception):
    """Data that a signed URL did not give."""


@dataclass(slots=True)
class Recorder:
    """Sends, and keeps everything that it sent. `step` names what is being done; `sleep` waits."""

    target: Target
    session: requests.Session = field(default_factory=requests.Session)
    sleep: Callable[[float], None] = time.sleep
    step: str = ""
    exchanges: list[Exchange] = field(default_factory=list)
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    def send(self, method: str, url: str, body: Any = None, *, part: Part = Part.ASKED) -> Exchange:
        """One request with a token for its host; sent again while Azure says that it is busy. Raises Elsewhere."""
        for _ in range(_TRIES):
            exchange = self._sent(method, url, body, part)
            if exchange.status not in _BUSY:
                break
            self._replace(exchange, Part.VAIN)
            self.pause(exchange)
        return exchange

    def read(self, url: str, first: int, last: int) -> bytes:
        """The bytes from `first` to `last` behind a signed URL, which is shown to nobody: no token goes with it, and
        nothing of it is kept. Raises Unread."""
        span = f"bytes={first}-{last}"
        headers = {"Range": span, "x-ms-range": span, "x-ms-version": _BLOBS}
        try:
            answer = self.session.get(
                url, headers=headers, verify=self.target.ca_file or True, timeout=_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            raise Unread(f"bytes {first} to {last} could not be read: {type(error).__name__}") from None
        if answer.status_code != _PARTIAL or len(answer.content) != last - first + 1:
            raise Unread(f"bytes {first} to {last} were answered with {answer.status_code}: {len(answer.content)} came")
        return answer.content

    def in_vain(self, since: int) -> None:
        """What was sent since then led nowhere, and is to be sent again: it is kept, and compared with nothing."""
        for at, exchange in enumerate(self.exchanges[since:], since):
            self.exchanges[at] = _as_part(exchange, Part.VAIN)

    def mark_ended(self, exchange: Exchange) -> None:
        """A look that found the end."""
        self._replace(exchange, Part.ENDED)

    def pause(self, exchange: Exchange) -> None:
        """As long as an answer asks for, within the target's limit."""
        asked = exchange.headers.get("retry-after", "")
        self.sleep(min(float(asked) if asked.isdigit() else 10.0, self.target.longest_pause))

    def _sent(self, method: str, url: str, body: Any, part: Part) -> Exchange:
        token = self._token(url)
        answer = self.session.request(
            method,
            url,
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            verify=self.target.ca_file or True,
            timeout=_SECONDS,
            allow_redirects=False,
        )
        exchange = Exchange(
            step=self.step,
            part=part,
            method=method,
            url=url,
            request=body,
            status=answer.status_code,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=_read(answer.text),
        )
        self.exchanges.append(exchange)
        return exchange

    def _token(self, url: str) -> str:
        audience = self.target.audiences.get(origin(url))
        if audience is None:
            raise Elsewhere(f"an answer leads to {origin(url)}: no token is sent there")
        token, until = self._tokens.get(audience, ("", 0.0))
        if time.monotonic() >= until:
            token = self.target.token(audience)
            self._tokens[audience] = (token, time.monotonic() + 300)
        return token

    def _replace(self, exchange: Exchange, part: Part) -> None:
        at = next(at for at, each in enumerate(self.exchanges) if each is exchange)
        self.exchanges[at] = _as_part(exchange, part)


def write(exchanges: list[Exchange], target: Target, file: Path) -> None:
    """One line for each, redacted."""
    redacted = Redaction.of(target)
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(redacted.value(_as_recorded(exchange)), ensure_ascii=False) for exchange in exchanges]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


@dataclass(slots=True)
class Redaction:
    """The same id becomes the same number throughout one recording; hosts become names."""

    hosts: Mapping[str, str]
    _ids: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, target: Target) -> Redaction:
        names = {
            urlsplit(target.app).netloc: "disk-backup.example",
            urlsplit(target.arm).netloc: "management.azure.com",
        }
        return cls(names)

    def value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.text(str(name)): self.value(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.value(each) for each in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        if text.lower() in self._ids:  # an operation is called by its id in a URL, and in its own body
            return self._ids[text.lower()]
        text = _SIGNED_URL.sub("<signed url>", text)
        for host, name in self.hosts.items():
            text = text.replace(host, name)
        text = _TOKEN.sub("<token>", _SIGNED.sub(r"\1", text))
        text = OPERATION.sub(self._operation, text)
        return GUID.sub(lambda found: self._numbered(found[0]), re.sub(r"[?&]+(?=$|\"|\s)|(?<=[?&])&+", "", text))

    def _operation(self, found: re.Match[str]) -> str:
        """An operation's id may be a coded text with ids in it."""
        return f"{found[1]}{self._numbered(unquote(found[2]))}"

    def _numbered(self, found: str) -> str:
        if found in self._ids.values():
            return found
        return self._ids.setdefault(found.lower(), f"00000000-0000-0000-0000-{len(self._ids) + 1:012d}")


def _as_recorded(exchange: Exchange) -> dict[str, Any]:
    return {
        "step": exchange.step,
        "part": exchange.part.value,
        "method": exchange.method,
        "uri": exchange.url,
        "request_body": exchange.request,
        "status": exchange.status,
        "headers": {name: value for name, value in exchange.headers.items() if name not in _HIDDEN},
        "body": exchange.body,
    }


def _as_part(exchange: Exchange, part: Part) -> Exchange:
    return Exchange(**{name: getattr(exchange, name) for name in Exchange.__slots__ if name != "part"}, part=part)


def _read(text: str) -> Any:
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        return text
