"""Counts of storage transactions: through the SDK's pipeline in one process, or from Azurite's own log for all of them.

A transaction is a request as Azure bills it: a batch of a hundred rows is one.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azure.core.pipeline.policies import SansIOHTTPPolicy

MARK = "x-benchmark"
_LINE = re.compile(
    r"(?:Blob|Queue|Table)StorageContextMiddleware: "
    r"RequestMethod=(\w+) RequestURL=(\S+) RequestHeaders:(\{.*\}) ClientIP"
)
_OURS = ("azsdk-python-data-tables", "azsdk-python-storage-queue")


@dataclass(slots=True)
class Taken:
    """Requests by what they do, and the seconds during which at least one of them waited for its answer."""

    counts: Counter[str] = field(default_factory=Counter)
    waited_seconds: float = 0.0


class RequestCounter(SansIOHTTPPolicy[Any, Any]):
    """Counts and times the requests of the clients whose pipelines it is in. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = Taken()
        self._under_way = 0
        self._since = 0.0

    def on_request(self, request: Any) -> None:
        with self._lock:
            self._taken.counts[_what(request.http_request.method, request.http_request.url)] += 1
            if not self._under_way:
                self._since = time.perf_counter()
            self._under_way += 1

    def on_response(self, request: Any, response: Any) -> None:
        self._ended()

    def on_exception(self, request: Any) -> None:
        self._ended()

    def take(self) -> Taken:
        """What came since the last take. Only between requests."""
        with self._lock:
            assert not self._under_way, "a request is under way"
            taken, self._taken = self._taken, Taken()
        return taken

    def _ended(self) -> None:
        with self._lock:
            self._under_way -= 1
            if not self._under_way:
                self._taken.waited_seconds += time.perf_counter() - self._since


class Marked(SansIOHTTPPolicy[Any, Any]):
    """Marks the benchmark's own requests, so that Azurite's log tells them from the app's."""

    def on_request(self, request: Any) -> None:
        request.http_request.headers[MARK] = "1"


class AzuriteLog:
    """Azurite's debug log, read on from where the last look ended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def take(self) -> tuple[Counter[str], Counter[str]]:
        """What came since the last take: the app's transactions, and the host's, by what they do."""
        app: Counter[str] = Counter()
        host: Counter[str] = Counter()
        for method, url, headers in self._requests():
            agent = headers.get("user-agent", "")
            if MARK in headers:
                continue
            by_app = any(name in agent for name in _OURS)
            (app if by_app else host)[_what(method, url)] += 1
        return app, host

    def _requests(self) -> list[tuple[str, str, dict[str, str]]]:
        with self._path.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        found = (_LINE.search(line) for line in whole.decode(errors="replace").splitlines())
        return [(match[1], match[2], json.loads(match[3])) for match in found if match]


def shown(counts: Counter[str], per: int) -> str:
    """Such as `get 2.00, batch 3.12`: each kind per `per` things."""
    return ", ".join(f"{what} {count / per:.2f}" for what, count in counts.most_common())


def _what(method: str, url: str) -> str:
    path = url.partition("?")[0]
    if "$batch" in path:
        return "batch"
    if "/messages" in path:
        return {"POST": "send", "GET": "receive", "DELETE": "delete message"}.get(method, "renew message")
    if "(PartitionKey" in path or "(partitionkey" in path:
        return "get row" if method == "GET" else "write row"
    return "query" if method == "GET" and path.endswith("()") else f"other {method}"
