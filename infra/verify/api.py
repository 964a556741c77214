"""The two APIs as a run uses them: one request, or one with all that it begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.verify.exchanges import Exchange, Part, Recorder

RESOURCES, COMPUTE, AUTHORIZATION, BACKUP = "2021-04-01", "2025-01-02", "2022-04-01", "2026-06-01"
_RUNNING = ("", "inprogress", "running", "creating", "updating", "provisioning", "deleting", "accepted")


class Unexpected(Exception):
    """An answer with which a run cannot go on, or one that did not come in time."""


@dataclass(frozen=True, slots=True)
class Api:
    """`patience` is how many looks anything may take."""

    recorder: Recorder
    patience: int = 200

    def arm(self, method: str, path: str, body: Any = None, *, version: str, expect: tuple[int, ...]) -> Exchange:
        return self._asked(method, f"{self.recorder.target.arm}{path}", body, version, expect)

    def app(self, method: str, path: str, body: Any = None, *, expect: tuple[int, ...]) -> Exchange:
        return self._asked(method, f"{self.recorder.target.app}{path}", body, BACKUP, expect)

    def arm_done(self, method: str, path: str, body: Any = None, *, version: str) -> None:
        """A change of a resource of Azure's, and its end."""
        self.end_of(self.arm(method, path, body, version=version, expect=(200, 201, 202, 204)))

    def app_done(self, method: str, path: str, body: Any = None) -> Exchange:
        """A change of a resource of the app's, and its end: the last answer of its operation, or its own."""
        return self.end_of(self.app(method, path, body, expect=(200, 201, 202, 204)))

    def end_of(self, begun: Exchange) -> Exchange:
        """The last look at the operation that an answer names; the answer itself where it names none. Raises Unexpected
        with the error of an operation that failed."""
        url = begun.headers.get("azure-asyncoperation")
        if url is not None:
            looked = self.look(url, lambda each: _status(each.body) not in _RUNNING)
            if _status(looked.body) != "succeeded":
                raise Unexpected(f"{begun.line}: its operation ended so: {looked.body}")
            return looked
        url = begun.headers.get("location") if begun.status == 202 else None
        return begun if url is None else self.look(url, lambda each: each.status != 202)

    def look(self, url: str, is_over: Callable[[Exchange], bool]) -> Exchange:
        """Look until it is over. Raises Unexpected for an error other than 404, and out of patience."""
        for _ in range(self.patience):
            looked = self.recorder.send("GET", url, part=Part.RUNNING)
            if looked.status >= 400 and looked.status != 404:
                raise Unexpected(f"{looked.line}: {looked.status} {looked.body}")
            if is_over(looked):
                self.recorder.mark_ended(looked)
                return looked
            self.recorder.pause(looked)
        raise Unexpected(f"{looked.line}: not over after {self.patience} looks: {looked.status} {looked.body}")

    def look_at(self, path: str, is_over: Callable[[Exchange], bool], *, version: str = BACKUP) -> Exchange:
        """As `look`, by path: of the app's where the version is."""
        base = self.recorder.target.app if version == BACKUP else self.recorder.target.arm
        return self.look(f"{base}{path}?api-version={version}", is_over)

    def _asked(self, method: str, url: str, body: Any, version: str, expect: tuple[int, ...]) -> Exchange:
        exchange = self.recorder.send(method, f"{url}{'&' if '?' in url else '?'}api-version={version}", body)
        if exchange.status not in expect:
            raise Unexpected(f"{exchange.line}: {exchange.status} {exchange.body}")
        return exchange


def _status(body: Any) -> str:
    return str(body.get("status", "")).lower() if isinstance(body, Mapping) else ""
