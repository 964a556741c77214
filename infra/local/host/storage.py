"""Queues, blobs and blob leases of one storage account, over plain HTTP signed with the account's key.

Not the SDK: a host that shares its one core with the app it runs cannot spend 2 ms of pipeline on every delete.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import aiohttp
from yarl import URL

_VERSION = "2021-12-02"
_MAX_QUEUE_NAME = 63


class StorageError(Exception):
    """The storage answered with an error: `status` and Azure's error `code`."""

    def __init__(self, status: int, code: str, what: str) -> None:
        super().__init__(f"{what}: {status} {code}")
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where an account is and the key to it."""

    name: str
    key: bytes
    blob: str
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedMessage:
    """A message as received: `text` as it is on the wire, `pop_receipt` valid until the next update."""

    id: str
    pop_receipt: str
    text: str
    dequeue_count: int
    inserted: datetime
    expires: datetime
    next_visible: datetime


def parse_connection_string(text: str) -> Account:
    """The account of a connection string with a key. Raises ValueError."""
    fields = dict(part.split("=", 1) for part in text.strip().strip(";").split(";") if "=" in part)
    try:
        name, key = fields["AccountName"], base64.b64decode(fields["AccountKey"])
    except KeyError as error:
        raise ValueError(f"the storage connection string has no {error.args[0]}") from error
    suffix = f"{fields.get('DefaultEndpointsProtocol', 'https')}://{name}.{{}}." + fields.get(
        "EndpointSuffix", "core.windows.net"
    )
    return Account(
        name=name,
        key=key,
        blob=fields.get("BlobEndpoint", suffix.format("blob")).rstrip("/"),
        queue=fields.get("QueueEndpoint", suffix.format("queue")).rstrip("/"),
    )


class Storage:
    """One account. Every method raises StorageError for an answer of 400 and above, aiohttp.ClientError for none."""

    def __init__(self, account: Account, session: aiohttp.ClientSession) -> None:
        self._account = account
        self._session = session

    async def queue_exists(self, queue: str) -> bool:
        try:
            await self._queue("GET", queue, {"comp": "metadata"})
        except StorageError as error:
            if error.status == 404:
                return False
            raise
        return True

    async def create_queue(self, queue: str) -> None:
        await self._queue("PUT", queue, {})

    async def receive(self, queue: str, *, count: int, visibility: timedelta) -> tuple[QueuedMessage, ...]:
        """Up to `count` messages, invisible to others for `visibility`."""
        params = {"numofmessages": str(count), "visibilitytimeout": _seconds(visibility)}
        _, body = await self._queue("GET", f"{queue}/messages", params)
        return tuple(_message(element) for element in ElementTree.fromstring(body).iter("QueueMessage"))

    async def put_message(self, queue: str, text: str) -> None:
        """Add a message, which lives seven days, the service's default; the queue is created if it is missing, as the
        host does for its outputs and poison queues."""
        body = f"<QueueMessage><MessageText>{escape(text)}</MessageText></QueueMessage>".encode()
        try:
            await self._queue("POST", f"{queue}/messages", {}, body)
        except StorageError as error:
            if error.code != "QueueNotFound":
                raise
            await self.create_queue(queue)
            await self._queue("POST", f"{queue}/messages", {}, body)

    async def set_visibility(self, queue: str, message_id: str, pop_receipt: str, visibility: timedelta) -> str:
        """Hide a message for `visibility` from now; returns its new pop receipt."""
        params = {"popreceipt": pop_receipt, "visibilitytimeout": _seconds(visibility)}
        headers, _ = await self._queue("PUT", f"{queue}/messages/{message_id}", params)
        return headers["x-ms-popreceipt"]

    async def delete_message(self, queue: str, message_id: str, pop_receipt: str) -> None:
        await self._queue("DELETE", f"{queue}/messages/{message_id}", {"popreceipt": pop_receipt})

    async def create_container(self, container: str) -> None:
        """Create a container; one that exists is fine."""
        try:
            await self._blob("PUT", container, {"restype": "container"})
        except StorageError as error:
            if error.code != "ContainerAlreadyExists":
                raise

    async def read_blob(self, path: str) -> bytes | None:
        try:
            _, body = await self._blob("GET", path, {})
        except StorageError as error:
            if error.status == 404:
                return None
            raise
        return body

    async def write_blob(self, path: str, content: bytes, *, only_if_new: bool = False) -> bool:
        """Write a blob; False when `only_if_new` and it exists."""
        headers = {"x-ms-blob-type": "BlockBlob"} | ({"If-None-Match": "*"} if only_if_new else {})
        try:
            await self._blob("PUT", path, {}, content, headers)
        except StorageError as error:
            if only_if_new and error.status in (409, 412):
                return False
            raise
        return True

    async def acquire_lease(self, path: str, *, seconds: int) -> str | None:
        """A lease id, or None while somebody else holds the lease."""
        headers = {"x-ms-lease-action": "acquire", "x-ms-lease-duration": str(seconds)}
        try:
            answer, _ = await self._blob("PUT", path, {"comp": "lease"}, headers=headers)
        except StorageError as error:
            if error.code == "LeaseAlreadyPresent":
                return None
            raise
        return answer["x-ms-lease-id"]

    async def renew_lease(self, path: str, lease: str) -> None:
        await self._blob("PUT", path, {"comp": "lease"}, headers={"x-ms-lease-action": "renew", "x-ms-lease-id": lease})

    async def release_lease(self, path: str, lease: str) -> None:
        headers = {"x-ms-lease-action": "release", "x-ms-lease-id": lease}
        await self._blob("PUT", path, {"comp": "lease"}, headers=headers)

    async def _queue(
        self, method: str, path: str, params: Mapping[str, str], body: bytes = b""
    ) -> tuple[Mapping[str, str], bytes]:
        return await self._request(method, f"{self._account.queue}/{path}", params, body, {})

    async def _blob(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Mapping[str, str], bytes]:
        return await self._request(method, f"{self._account.blob}/{quote(path)}", params, body, headers or {})

    async def _request(
        self, method: str, url: str, params: Mapping[str, str], body: bytes, headers: Mapping[str, str]
    ) -> tuple[Mapping[str, str], bytes]:
        signed = self._signed(method, url, params, body, headers)
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in params.items())
        target = URL(f"{url}?{query}" if query else url, encoded=True)
        async with self._session.request(
            method, target, data=body or None, headers=signed, skip_auto_headers=("Content-Type",)
        ) as answer:
            content = await answer.read()
            if answer.status >= 400:
                raise StorageError(answer.status, _error_code(answer, content), f"{method} {urlsplit(url).path}")
            return answer.headers, content

    def _signed(
        self, method: str, url: str, params: Mapping[str, str], body: bytes, headers: Mapping[str, str]
    ) -> dict[str, str]:
        full = {"x-ms-date": format_datetime(datetime.now(UTC), usegmt=True), "x-ms-version": _VERSION, **headers}
        length = str(len(body)) if body else ""
        # Shared Key: verb, eleven standard headers (we send the length and If-None-Match only), ours, the path.
        standard = ["", "", length, "", "", "", "", "", headers.get("If-None-Match", ""), "", ""]
        ours = [f"{name}:{full[name]}" for name in sorted(full) if name.startswith("x-ms-")]
        resource = f"/{self._account.name}{urlsplit(url).path}"
        query = [f"{name}:{params[name]}" for name in sorted(params)]
        text = "\n".join([method, *standard, *ours, resource, *query])
        digest = hmac.new(self._account.key, text.encode(), hashlib.sha256).digest()
        full["Authorization"] = f"SharedKey {self._account.name}:{base64.b64encode(digest).decode()}"
        return full


def poison_queue(queue: str) -> str | None:
    """Where messages of `queue` end that no run could take; None for a poison queue itself and for too long a name."""
    name = f"{queue}-poison"
    return None if queue.endswith("-poison") or len(name) > _MAX_QUEUE_NAME else name


def new_session() -> aiohttp.ClientSession:
    """A session for Storage. Azurite closes idle connections after 5 s: ours must give them up before."""
    connector = aiohttp.TCPConnector(limit=100, keepalive_timeout=3)
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30))


def _seconds(span: timedelta) -> str:
    return str(int(span.total_seconds()))


def _message(element: ElementTree.Element) -> QueuedMessage:
    def text(name: str) -> str:
        return element.findtext(name) or ""

    return QueuedMessage(
        id=text("MessageId"),
        pop_receipt=text("PopReceipt"),
        text=text("MessageText"),
        dequeue_count=int(text("DequeueCount")),
        inserted=parsedate_to_datetime(text("InsertionTime")),
        expires=parsedate_to_datetime(text("ExpirationTime")),
        next_visible=parsedate_to_datetime(text("TimeNextVisible")),
    )


def _error_code(answer: Any, content: bytes) -> str:
    code = answer.headers.get("x-ms-error-code")
    if code:
        return str(code)
    try:
        return ElementTree.fromstring(content).findtext("Code") or "Unknown"
    except ElementTree.ParseError:
        return "Unknown"
