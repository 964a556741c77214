"""All that the environment decides, read once into a frozen value. No other file reads os.environ.

Local and real differ in these settings only (design decision 10). Leaves to others: building clients from them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_PUBLIC_ARM = "https://management.azure.com"
_TABLE_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9]{2,40}")  # a table's name has 3 to 63 letters and digits


class SettingsInvalid(Exception):
    """The app cannot start: `faults` names every setting that is missing or malformed, and what to write instead."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("Correct these application settings and restart the app: " + "; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Either `storage_connection_string`, or endpoints that the app's identity may use. Secrets stay out of repr()."""

    storage_connection_string: str | None = field(default=None, repr=False)
    table_endpoint: str = ""
    queue_endpoint: str = ""
    storage_client_id: str | None = None
    table_prefix: str = "diskbackup"
    arm_endpoint: str = _PUBLIC_ARM
    arm_audience: str = _PUBLIC_ARM
    eventgrid_endpoint: str | None = None
    eventgrid_key: str | None = field(default=None, repr=False)
    identity_client_id: str | None = None
    has_managed_identity: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Raises SettingsInvalid that names every fault at once."""
        faults: list[str] = []
        arm_endpoint = _url(environ, "DISKBACKUP_ARM_ENDPOINT", faults) or _PUBLIC_ARM
        table_endpoint, queue_endpoint = _storage_endpoints(environ, faults)
        settings = cls(
            storage_connection_string=_connection_string(environ, faults),
            table_endpoint=table_endpoint,
            queue_endpoint=queue_endpoint,
            storage_client_id=_text(environ, "AzureWebJobsStorage__clientId"),
            table_prefix=_table_prefix(environ, faults),
            arm_endpoint=arm_endpoint,
            arm_audience=_url(environ, "DISKBACKUP_ARM_AUDIENCE", faults) or arm_endpoint,
            eventgrid_endpoint=_url(environ, "DISKBACKUP_EVENTGRID_ENDPOINT", faults),
            eventgrid_key=_text(environ, "DISKBACKUP_EVENTGRID_KEY"),
            identity_client_id=_text(environ, "DISKBACKUP_IDENTITY_CLIENT_ID"),
            has_managed_identity=bool(_text(environ, "IDENTITY_ENDPOINT") or _text(environ, "MSI_ENDPOINT")),
        )
        if faults:
            raise SettingsInvalid(faults)
        return settings

    @property
    def arm_scope(self) -> str:
        return f"{self.arm_audience}/.default"


def _text(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name, "").strip() or None


def _connection_string(environ: Mapping[str, str], faults: list[str]) -> str | None:
    text = environ.get("AzureWebJobsStorage", "").strip()
    if not text:
        return None
    if text.lower() == "usedevelopmentstorage=true":
        return text
    parts = {part.partition("=")[0].strip().lower() for part in text.split(";")}
    if not parts & {"accountkey", "sharedaccesssignature"} or not parts & {"accountname", "tableendpoint"}:
        message = "is no storage connection string: copy one from the storage account's access keys"
        faults.append(f"AzureWebJobsStorage {message}")
    return text


def _storage_endpoints(environ: Mapping[str, str], faults: list[str]) -> tuple[str, str]:
    """The endpoints of identity-based storage, as the Functions host names them; empty beside a connection string."""
    if environ.get("AzureWebJobsStorage", "").strip():
        return "", ""
    account = environ.get("AzureWebJobsStorage__accountName", "").strip()
    found = {
        kind: _url(environ, f"AzureWebJobsStorage__{kind}ServiceUri", faults)
        or (f"https://{account}.{kind}.core.windows.net" if account else None)
        for kind in ("table", "queue")
    }
    for kind, endpoint in found.items():
        if endpoint is None and not environ.get(f"AzureWebJobsStorage__{kind}ServiceUri"):
            message = (
                f"the storage account's {kind}s are not named: set AzureWebJobsStorage__{kind}ServiceUri or "
                "AzureWebJobsStorage__accountName (identity), or AzureWebJobsStorage (connection string)"
            )
            faults.append(message)
    return found["table"] or "", found["queue"] or ""


def _url(environ: Mapping[str, str], name: str, faults: list[str]) -> str | None:
    text = environ.get(name, "").strip().rstrip("/")
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        faults.append(f"{name} {text!r} is no URL: write https://<host>")
        return None
    return text


def _table_prefix(environ: Mapping[str, str], faults: list[str]) -> str:
    text = environ.get("DISKBACKUP_TABLE_PREFIX", "").strip() or "diskbackup"
    if not _TABLE_PREFIX.fullmatch(text):
        rule = "use 3 to 41 letters and digits, a letter first"
        faults.append(f"DISKBACKUP_TABLE_PREFIX {text!r} cannot start a table's name: {rule}")
    return text
