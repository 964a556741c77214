"""Documents that the sign-in service publishes: its OpenID metadata and its keys. One GET, with limits in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backup_core.domain.errors import CloudUnavailable

CONNECTION_SECONDS = 3
READ_SECONDS = 5


def read_document(url: str, *, trusted: str | None = None) -> Mapping[str, Any]:
    """The JSON object at `url`. `trusted` is a file of certificate authorities to believe instead of the public ones.

    Redirects are not followed: whom to believe is settled by the URL's host. Raises CloudUnavailable.
    """
    from azure.core.exceptions import AzureError
    from azure.core.pipeline.transport import RequestsTransport
    from azure.core.rest import HttpRequest

    timeouts = {"connection_timeout": CONNECTION_SECONDS, "read_timeout": READ_SECONDS}
    try:
        with RequestsTransport(connection_verify=trusted or True, **timeouts) as transport:
            response = transport.send(HttpRequest("GET", url))
            document = response.json()
    except (AzureError, ValueError, RecursionError) as error:
        raise CloudUnavailable(f"{url} could not be read: {error}") from error
    if response.status_code != 200 or not isinstance(document, dict):
        raise CloudUnavailable(f"{url} answers {response.status_code} and holds no JSON object to use.")
    return document
