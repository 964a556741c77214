"""The ping that tells a dead-man service outside that a tick was good: when pings stay away, that service raises alarm.

Its URL is a secret of its own in most such services, so that only its host is ever logged. Redirects are not followed:
a ping is a sign, not a conversation.
"""

from __future__ import annotations

import logging
from http.client import HTTPException, HTTPSConnection
from urllib.parse import urlsplit

log = logging.getLogger("diskbackup.heartbeat")

TIMEOUT_SECONDS = 5.0


def ping(url: str, *, timeout: float = TIMEOUT_SECONDS) -> bool:
    """GET an https URL; whether it was taken (2xx). Never raises: the tick that it tells of is done."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = HTTPSConnection(host, parts.port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"User-Agent": "diskbackup-heartbeat"})
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        log.warning("heartbeat.ping_failed host=%s error=%s", host, type(error).__name__)
        return False
    finally:
        connection.close()
    if not 200 <= status < 300:
        log.warning("heartbeat.ping_refused host=%s status=%d", host, status)
    return 200 <= status < 300
