"""The bytes of a disk or snapshot, read by a signed URL that Azure handed out for a while.

Whoever has the URL has the data: it is in no log, no error and no row, and the app's token does not go with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from backup_core.adapters.azure_errors import Answer, Call, CallKind, error_for
from backup_core.domain.data_sample import ByteRange
from backup_core.domain.errors import RequestRefused

_VERSION = "2018-03-28"  # of the service, as the signed URLs say (recorded)
_PARTIAL = 206


def read_ranges(transport: Any, url: str, resource_id: str, ranges: Sequence[ByteRange]) -> Iterator[bytes]:
    """See ports.DiskCloud.read_data. Follows no redirect."""
    if urlsplit(url).scheme != "https":
        raise RequestRefused(f"Azure named no address at which the data of '{resource_id}' can be read.")
    for each in ranges:
        yield _read(transport, url, resource_id, each)


def _read(transport: Any, url: str, resource_id: str, wanted: ByteRange) -> bytes:
    """An SDK's exception would tell the URL: only its kind is kept."""
    from azure.core.exceptions import AzureError
    from azure.core.rest import HttpRequest

    span = f"bytes={wanted.offset}-{wanted.offset + wanted.length - 1}"
    request = HttpRequest("GET", url, headers={"Range": span, "x-ms-range": span, "x-ms-version": _VERSION})
    call = Call(kind=CallKind.READ_DATA, target=resource_id)
    refused: str | Answer
    try:
        response = transport.send(request)
        data = bytes(response.content if hasattr(response, "content") else response.body())
        headers, status = dict(response.headers), int(response.status_code)
    except AzureError as error:
        refused = type(error).__name__
    else:
        if status == _PARTIAL and len(data) == wanted.length:
            return data
        short = f"{len(data)} of {wanted.length} bytes came" if status == _PARTIAL else ""
        told = {name: value for name, value in headers.items() if name.lower() == "retry-after"}
        code = headers.get("x-ms-error-code") or ""
        refused = Answer(status=416 if short else status, code=code, message=short or f"at {span}", headers=told)
    raise error_for(call, refused if isinstance(refused, Answer) else Answer(status=0, message=refused))
