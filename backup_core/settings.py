"""All that the environment decides, read once into a frozen value. No other file reads os.environ.

Local and real differ in these settings only (design decision 10). Leaves to others: building clients from them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

_PUBLIC_ARM = "https://management.azure.com"
_PUBLIC_AUTHORITY = "https://login.microsoftonline.com"
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ACCESS_SCOPE = re.compile(
    r"/subscriptions/[^/]+(/resourceGroups/[^/]+(/providers/Microsoft\.DataProtection/backupVaults/[^/]+)?)?/?",
    re.IGNORECASE,
)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PLACE = re.compile(r"/subscriptions/[^/]+(/resourceGroups/[^/]+)?/?", re.IGNORECASE)
_PLACES = ("sources", "snapshots", "targets", "origins")
_USER_IDENTITY = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.ManagedIdentity/userAssignedIdentities/[^/]+",
    re.IGNORECASE,
)
_TABLE_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9]{2,40}")  # a table's name has 3 to 63 letters and digits


class SettingsInvalid(Exception):
    """The app cannot start: `faults` names every setting that is missing or malformed, and what to write instead."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("Correct these application settings and restart the app: " + "; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a variable means, for the table in docs/operations.md. `default` is a value that says the same as none;
    `needed` tells when there has to be one."""

    means: str
    default: str = ""
    needed: str = ""
    is_secret: bool = False


_ENDPOINTS = "unless `AzureWebJobsStorage` or `AzureWebJobsStorage__accountName` names the account"
_IN_ENTRA = "with `DISKBACKUP_SIGN_IN=entra`"
# Every variable that is read below, and no other: tests/test_docs.py compares.
SETTINGS: Mapping[str, Setting] = {
    "AzureWebJobsStorage": Setting(
        means="Connection string of the app's storage account, for the host as well; Azure has the endpoints instead.",
        is_secret=True,
    ),
    "AzureWebJobsStorage__accountName": Setting(
        means="Name of the storage account in the public cloud, reached as the app's identity.",
    ),
    "AzureWebJobsStorage__tableServiceUri": Setting(
        means="URL of the account's tables, reached as the app's identity.", needed=_ENDPOINTS
    ),
    "AzureWebJobsStorage__queueServiceUri": Setting(
        means="URL of the account's queues, reached as the app's identity.", needed=_ENDPOINTS
    ),
    "AzureWebJobsStorage__clientId": Setting(
        means="Client id of the user-assigned identity for the storage account; if empty, the app's own.",
    ),
    "DISKBACKUP_TABLE_PREFIX": Setting(
        means="Prefix of the tables' names: 3 to 41 letters and digits, beginning with a letter. Give each app an "
        "storage account of its own: in one, two apps would share their queues.",
        default="diskbackup",
    ),
    "DISKBACKUP_ARM_ENDPOINT": Setting(
        means="URL of Azure Resource Manager; sovereign clouds have their own.", default=_PUBLIC_ARM
    ),
    "DISKBACKUP_ARM_AUDIENCE": Setting(
        means="Audience of the tokens for Azure Resource Manager; if empty, its endpoint.",
    ),
    "DISKBACKUP_EVENTGRID_ENDPOINT": Setting(
        means="URL of the Event Grid topic, with the CloudEvents schema; if empty, events only go to the log.",
    ),
    "DISKBACKUP_EVENTGRID_KEY": Setting(
        means="Access key of the topic; if empty, the app publishes with its identity.", is_secret=True
    ),
    "DISKBACKUP_IDENTITY_CLIENT_ID": Setting(
        means="Client id of the user-assigned identity for disks, snapshots and events; if empty, the app's own.",
    ),
    "DISKBACKUP_HEARTBEAT_URL": Setting(
        means="HTTPS URL of a dead man's switch, requested after each successful tick; if empty, there is none.",
        is_secret=True,
    ),
    "DISKBACKUP_WEAKENING_DELAY_HOURS": Setting(
        means="How long a change that weakens a vault with recovery points waits before it takes effect, and can be "
        "taken back: 0 to 720 hours.",
        default="24",
    ),
    "DISKBACKUP_LEAST_SOFT_DELETE_DAYS": Setting(
        means="The shortest soft delete that a vault may have, 14 to 180 days; 0 allows it to be off.", default="0"
    ),
    "DISKBACKUP_LEAST_IMMUTABILITY": Setting(
        means="The weakest immutability that a vault may have: `Disabled`, `Unlocked` or `Locked`.", default="Disabled"
    ),
    "DISKBACKUP_BIND_SNAPSHOTS": Setting(
        means="`on`: while a vault is immutable, Azure itself keeps its snapshots from being deleted, too, which takes "
        "the role *Snapshot Immutability Writer*. `off`: they are kept by this app only.",
        default="off",
    ),
    "DISKBACKUP_UNBRAKED_INSTANCES": Setting(
        means="Of how many backup instances of a vault recovery points may go within an hour otherwise than by expiry, "
        "whatever share of the vault that is: 0 to 1000. Of more, the [deletion brake](deletion-brake.md) asks.",
        default="3",
    ),
    "DISKBACKUP_SWAP_DISKS": Setting(
        means="`on`: restored disks may take the place of those of [virtual machines](swap.md), which takes the role "
        "*Disk Swap Operator* at them. `off`: no machine is ever changed.",
        default="off",
    ),
    "DISKBACKUP_TELEMETRY": Setting(
        means="`opentelemetry` to write traces, `off` for none: see [traces](#traces).", default="off"
    ),
    "DISKBACKUP_SIGN_IN": Setting(
        means="`entra`: callers sign in with a token. `function_key`: anyone with a key may do everything; "
        "for trials only.",
        default="entra",
    ),
    "DISKBACKUP_ENTRA_TENANT_ID": Setting(means="Id of the tenant whose tokens are accepted.", needed=_IN_ENTRA),
    "DISKBACKUP_ENTRA_AUDIENCE": Setting(
        means="Accepted audiences of tokens: the Application ID URI and the client id of the API's app registration, "
        "separated by a comma.",
        needed=_IN_ENTRA,
    ),
    "DISKBACKUP_ENTRA_AUTHORITY": Setting(
        means="URL of the sign-in service; sovereign clouds have their own.", default=_PUBLIC_AUTHORITY
    ),
    "DISKBACKUP_CENTER_SIGN_IN_URL": Setting(
        means="URL at which browsers sign in to the Backup Center, where that is not the sign-in service's own: the "
        "local target has one, for no browser trusts its certificate.",
    ),
    "DISKBACKUP_ACCESS_SCOPES": Setting(
        means="Subscriptions, resource groups and vaults with restricted access: a JSON object that maps resource ids "
        "to the object ids of those who may reach them. What is not listed is open to everyone with a role.",
    ),
    "DISKBACKUP_AUDIT_DAYS": Setting(means="How many days audit records are kept.", default="400"),
    "DISKBACKUP_ON_DEMAND_A_DAY": Setting(
        means="How many on-demand backups of one backup instance may be requested within 24 hours.", default="10"
    ),
    "DISKBACKUP_PUBLIC_URL": Setting(
        means="Base of the URLs in answers, for clients that reach the API by a custom domain; if empty, the name in "
        "`WEBSITE_HOSTNAME`.",
    ),
    "WEBSITE_HOSTNAME": Setting(
        means="Set by the platform: the app's host name. Without it and `DISKBACKUP_PUBLIC_URL` the API only answers "
        "requests to this machine (`localhost`).",
    ),
    "DISKBACKUP_VAULT_IDENTITIES": Setting(
        means="User-assigned identities that vaults may use: a JSON object that maps their resource ids to client ids. "
        "The app must have each of them assigned; if empty, vaults use the app's own.",
    ),
    "DISKBACKUP_VAULT_SCOPES": Setting(
        means="Where vaults may act: a JSON object that maps the resource ids of vaults, or of resource groups or "
        "subscriptions of vaults, to objects with `sources` (disks), `snapshots`, `targets` (restores) and `origins` "
        "(vaults of Azure Backup that are imported; without it those of `sources`), each a list of subscriptions and "
        "resource groups. What is not listed is not restricted.",
    ),
    "IDENTITY_ENDPOINT": Setting(means="Set by the platform for an app that has a managed identity."),
    "MSI_ENDPOINT": Setting(means="The older name of `IDENTITY_ENDPOINT`."),
    "REQUESTS_CA_BUNDLE": Setting(
        means="File of certificate authorities to trust instead of the public ones when fetching the sign-in service's "
        "keys.",
    ),
    "SSL_CERT_FILE": Setting(means="As `REQUESTS_CA_BUNDLE`, where that is not set."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultScopes:
    """Where the vaults at or below `path` may act; None leaves a place unbound (`origins`: as bound as `sources`), an
    empty list closes it."""

    path: str
    sources: tuple[str, ...] | None = None
    snapshots: tuple[str, ...] | None = None
    targets: tuple[str, ...] | None = None
    origins: tuple[str, ...] | None = None


class TelemetryMode(Enum):
    OFF = "off"
    OPENTELEMETRY = "opentelemetry"


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
    telemetry: TelemetryMode = TelemetryMode.OFF
    audit_days: int = 400
    on_demand_a_day: int = 10
    heartbeat_url: str | None = field(default=None, repr=False)  # whoever knows it can feign our sign of life
    weakening_delay_hours: float = 24
    least_soft_delete_days: float = 0
    least_immutability: str = "Disabled"
    binds_snapshots: bool = False
    unbraked_instances: int = 3
    swaps_disks: bool = False
    vault_identities: Mapping[str, str] = field(default_factory=dict)  # client ids by resource id
    vault_scopes: tuple[VaultScopes, ...] = ()

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
            telemetry=_telemetry_mode(environ, faults),
            audit_days=_whole_number(environ, "DISKBACKUP_AUDIT_DAYS", 400, (30, 36_500), faults),
            on_demand_a_day=_whole_number(environ, "DISKBACKUP_ON_DEMAND_A_DAY", 10, (0, 500), faults),
            heartbeat_url=_heartbeat_url(environ, faults),
            weakening_delay_hours=_number(environ, "DISKBACKUP_WEAKENING_DELAY_HOURS", "0 to 720", faults),
            least_soft_delete_days=_number(environ, "DISKBACKUP_LEAST_SOFT_DELETE_DAYS", "14 to 180", faults),
            least_immutability=_least_immutability(environ, faults),
            binds_snapshots=_is_on(environ, "DISKBACKUP_BIND_SNAPSHOTS", faults),
            unbraked_instances=_whole_number(environ, "DISKBACKUP_UNBRAKED_INSTANCES", 3, (0, 1000), faults),
            swaps_disks=_is_on(environ, "DISKBACKUP_SWAP_DISKS", faults),
            vault_identities=_vault_identities(environ, faults),
            vault_scopes=_vault_scopes(environ, faults),
        )
        if faults:
            raise SettingsInvalid(faults)
        return settings

    @property
    def arm_scope(self) -> str:
        return f"{self.arm_audience}/.default"


class SignInMode(Enum):
    ENTRA = "entra"
    FUNCTION_KEY = "function_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessScope:
    """A subscription, resource group or vault that is for few: `path` in small letters without a slash at its end,
    `object_ids` (small letters) of the people, groups and service principals who may reach what lies in it."""

    path: str
    object_ids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Who may use the API. Apart from Settings: without it the API is closed, while backups go on.

    `audiences` are those that a token may be for; `authority` is the base URL of the sign-in service;
    `trusted_certificates` a file of authorities to trust instead of the public ones when it is asked for its keys;
    `browser_url` stands for `authority` in browsers.
    """

    mode: SignInMode
    tenant_id: str = ""
    audiences: tuple[str, ...] = ()
    authority: str = _PUBLIC_AUTHORITY
    browser_url: str | None = None
    scopes: tuple[AccessScope, ...] = ()
    trusted_certificates: str | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> SignIn:
        """Raises SettingsInvalid that names every fault at once."""
        faults: list[str] = []
        mode = _sign_in_mode(environ, faults)
        scopes = _access_scopes(environ, faults)
        if mode is SignInMode.FUNCTION_KEY and scopes:
            faults.append("DISKBACKUP_ACCESS_SCOPES restricts nobody who has a key: remove it, or sign in by entra")
        _url(environ, "DISKBACKUP_PUBLIC_URL", faults)
        is_entra = mode is SignInMode.ENTRA
        sign_in = cls(
            mode=mode,
            tenant_id=_tenant(environ, faults) if is_entra else "",
            audiences=_audiences(environ, faults) if is_entra else (),
            authority=_authority(environ, faults) if is_entra else _PUBLIC_AUTHORITY,
            browser_url=_browser_url(environ, faults),
            scopes=scopes,
            trusted_certificates=_text(environ, "REQUESTS_CA_BUNDLE") or _text(environ, "SSL_CERT_FILE"),
        )
        if faults:
            raise SettingsInvalid(faults)
        return sign_in

    @property
    def client_id(self) -> str | None:
        """Of the app registration that stands for the API, by which browsers sign in too; None if no audience is it."""
        return next((each.lower() for each in self.audiences if _GUID.fullmatch(each)), None)


def access_scopes(environ: Mapping[str, str] = os.environ) -> tuple[AccessScope, ...]:
    """The scopes that are for few, for what timers do on somebody's behalf. Never raises, for backups go on; while the
    setting cannot be read, everything is closed to everybody who is not known to have full access."""
    faults: list[str] = []
    scopes = _access_scopes(environ, faults)
    return (AccessScope(path="", object_ids=frozenset()),) if faults else scopes


def host_checks_keys(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the Functions host has to ask for a key before the API sees a request: unless tokens are checked by the
    API itself. A mode that does not exist is no reason to let anyone in. Never raises: the app is indexed with this."""
    return (_text(environ, "DISKBACKUP_SIGN_IN") or SignInMode.ENTRA.value).lower() != SignInMode.ENTRA.value


def public_url(environ: Mapping[str, str] = os.environ) -> str | None:
    """What absolute URLs of the API begin with: what is set, else the name that the platform gave the app. None on a
    developer's machine, where it is one of the machine's own names. Never raises: the app is indexed with this."""
    configured = _url(environ, "DISKBACKUP_PUBLIC_URL", [])
    named = _url({"": f"https://{_text(environ, 'WEBSITE_HOSTNAME') or ''}"}, "", [])
    return configured or (None if named is None or is_loopback(named) else named)


def is_loopback(url: str) -> bool:
    """Whether a URL names the machine itself."""
    return urlsplit(url).hostname in _LOOPBACK


def wants_traces(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether functions are to be traced. Never raises: the app is indexed with this."""
    return _telemetry_mode(environ, []) is TelemetryMode.OPENTELEMETRY


def _number(environ: Mapping[str, str], name: str, span: str, faults: list[str]) -> float:
    """A number within `span`, or the setting's default."""
    default = SETTINGS[name].default
    text = _text(environ, name) or default
    least, most = map(float, span.split(" to "))
    if text == default or (re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text) and least <= float(text) <= most):
        return float(text)
    faults.append(f"{name} {text!r} is out of range: write a number from {span}, or {default}")
    return float(default)


def _is_on(environ: Mapping[str, str], name: str, faults: list[str]) -> bool:
    text = (_text(environ, name) or SETTINGS[name].default).lower()
    if text not in ("on", "off"):
        faults.append(f"{name} {text!r} is unknown: write on or off")
    return text == "on"


def _least_immutability(environ: Mapping[str, str], faults: list[str]) -> str:
    name, words = "DISKBACKUP_LEAST_IMMUTABILITY", ("Disabled", "Unlocked", "Locked")
    text = _text(environ, name) or SETTINGS[name].default
    if text.capitalize() not in words:
        faults.append(f"{name} {text!r} is unknown: write one of {', '.join(words)}")
        return words[0]
    return text.capitalize()


def _telemetry_mode(environ: Mapping[str, str], faults: list[str]) -> TelemetryMode:
    text = _text(environ, "DISKBACKUP_TELEMETRY") or TelemetryMode.OFF.value
    try:
        return TelemetryMode(text.lower())
    except ValueError:
        faults.append(f"DISKBACKUP_TELEMETRY {text!r} is unknown: write off or opentelemetry")
        return TelemetryMode.OFF


def _sign_in_mode(environ: Mapping[str, str], faults: list[str]) -> SignInMode:
    text = _text(environ, "DISKBACKUP_SIGN_IN") or SignInMode.ENTRA.value
    try:
        return SignInMode(text.lower())
    except ValueError:
        faults.append(f"DISKBACKUP_SIGN_IN {text!r} is unknown: write entra or function_key")
        return SignInMode.FUNCTION_KEY


def _tenant(environ: Mapping[str, str], faults: list[str]) -> str:
    """A tenant's id and not one of its names: tokens carry the id."""
    text = _text(environ, "DISKBACKUP_ENTRA_TENANT_ID") or ""
    if not _GUID.fullmatch(text):
        shown = f"{text!r} is no id" if text else "is missing"
        faults.append(f"DISKBACKUP_ENTRA_TENANT_ID {shown}: write what `az account show --query tenantId` answers")
    return text.lower()


def _audiences(environ: Mapping[str, str], faults: list[str]) -> tuple[str, ...]:
    parts = (_text(environ, "DISKBACKUP_ENTRA_AUDIENCE") or "").split(",")
    audiences = tuple(part.strip() for part in parts if part.strip())
    if not audiences:
        faults.append(
            "DISKBACKUP_ENTRA_AUDIENCE is missing: write the Application ID URI and the client id of the app "
            "registration that stands for this API, with a comma between them"
        )
    return audiences


def _authority(environ: Mapping[str, str], faults: list[str]) -> str:
    url = _url(environ, "DISKBACKUP_ENTRA_AUTHORITY", faults) or _PUBLIC_AUTHORITY
    if not url.lower().startswith("https://"):
        faults.append(f"DISKBACKUP_ENTRA_AUTHORITY {url!r} must begin with https://: keys are believed by its name")
    return url


def _browser_url(environ: Mapping[str, str], faults: list[str]) -> str | None:
    name = "DISKBACKUP_CENTER_SIGN_IN_URL"
    url = _url(environ, name, faults)
    if url and not url.lower().startswith("https://") and not is_loopback(url):
        faults.append(f"{name} {url!r} must begin with https://: whoever is on the way could sign in as anybody")
    return url


def _access_scopes(environ: Mapping[str, str], faults: list[str]) -> tuple[AccessScope, ...]:
    name = "DISKBACKUP_ACCESS_SCOPES"
    text = _text(environ, name)
    if text is None:
        return ()
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        faults.append(f"{name} is not JSON: {error}")
        return ()
    if not text.startswith("{"):
        faults.append(f'{name} must be an object: {{"/subscriptions/<id>/resourceGroups/<name>": ["<object id>"]}}')
        return ()
    return tuple(_access_scope(name, path, ids, faults) for path, ids in pairs)


# A path that is given twice counts twice, so that both lists must have the caller: pairs, not a dictionary.


def _access_scope(name: str, path: str, ids: Any, faults: list[str]) -> AccessScope:
    if not _ACCESS_SCOPE.fullmatch(path):
        faults.append(f"{name} {path!r} is no subscription, resource group or backup vault: write its resource id")
    known = [each for each in ids if isinstance(each, str) and _GUID.fullmatch(each)] if isinstance(ids, list) else []
    if not known or len(known) < len(ids):
        faults.append(f"{name} {path!r} needs a list of object ids: of people, groups or service principals")
    return AccessScope(path=path.rstrip("/").lower(), object_ids=frozenset(each.lower() for each in known))


def _vault_identities(environ: Mapping[str, str], faults: list[str]) -> dict[str, str]:
    name = "DISKBACKUP_VAULT_IDENTITIES"
    found = _json_object(environ, name, '{"<resource id of the identity>": "<client id>"}', faults)
    for identity, client_id in found.items():
        if not _USER_IDENTITY.fullmatch(identity):
            faults.append(f"{name} {identity!r} is no user-assigned identity: write its resource id")
        if not isinstance(client_id, str) or not _GUID.fullmatch(client_id):
            faults.append(f"{name} {identity!r} needs the client id of the identity, not {client_id!r}")
    return found


def _vault_scopes(environ: Mapping[str, str], faults: list[str]) -> tuple[VaultScopes, ...]:
    name = "DISKBACKUP_VAULT_SCOPES"
    example = '{"<id of a vault>": {"sources": ["/subscriptions/<id>/resourceGroups/<name>"]}}'
    found = _json_object(environ, name, example, faults)
    return tuple(_vault_scope(name, path, bound, faults) for path, bound in found.items())


def _vault_scope(name: str, path: str, bound: Any, faults: list[str]) -> VaultScopes:
    if not _ACCESS_SCOPE.fullmatch(path):
        faults.append(f"{name} {path!r} is no subscription, resource group or backup vault: write its resource id")
    if not isinstance(bound, dict) or not bound or not bound.keys() <= set(_PLACES):
        faults.append(f"{name} {path!r} needs an object with any of {', '.join(_PLACES)}")
        return VaultScopes(path=path.rstrip("/"))
    lists = {place: _places(f"{name} {path!r}, {place}:", value, faults) for place, value in bound.items()}
    return VaultScopes(path=path.rstrip("/"), **lists)


def _places(what: str, value: Any, faults: list[str]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and _PLACE.fullmatch(each) for each in value):
        faults.append(f"{what} write a list of ids of subscriptions or resource groups")
        return ()
    return tuple(each.rstrip("/") for each in value)


def _json_object(environ: Mapping[str, str], name: str, example: str, faults: list[str]) -> dict[str, Any]:
    """A JSON object with each key once; empty when there is none or it is faulty."""
    text = _text(environ, name)
    if text is None:
        return {}
    try:
        pairs = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        faults.append(f"{name} is not JSON: {error}")
        return {}
    if not isinstance(pairs, dict):
        faults.append(f"{name} must be an object: {example}")
        return {}
    return pairs


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key.rstrip("/").lower() for key, _ in pairs}) < len(pairs):
        raise ValueError("a key is given twice")
    return dict(pairs)


def _text(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name, "").strip() or None


def _whole_number(
    environ: Mapping[str, str], name: str, unless_set: int, limits: tuple[int, int], faults: list[str]
) -> int:
    text, (least, most) = _text(environ, name) or str(unless_set), limits
    if text.isascii() and text.isdecimal() and least <= int(text) <= most:
        return int(text)
    faults.append(f"{name} {text!r} must be a whole number from {least} to {most}")
    return unless_set


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
        faults.append(f"{name} {text!r} is not a URL: write https://<host>")
        return None
    return text


def _heartbeat_url(environ: Mapping[str, str], faults: list[str]) -> str | None:
    """Its text is not shown in a fault: the URL of such a service is its password."""
    text = _text(environ, "DISKBACKUP_HEARTBEAT_URL")
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        is_sound = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_sound = False
    if not is_sound or not text.isascii() or not text.isprintable() or " " in text:
        faults.append("DISKBACKUP_HEARTBEAT_URL must be a URL that begins with https://")
        return None
    return text


def _table_prefix(environ: Mapping[str, str], faults: list[str]) -> str:
    text = environ.get("DISKBACKUP_TABLE_PREFIX", "").strip() or "diskbackup"
    if not _TABLE_PREFIX.fullmatch(text):
        rule = "use 3 to 41 letters and digits, a letter first"
        faults.append(f"DISKBACKUP_TABLE_PREFIX {text!r} cannot start a table's name: {rule}")
    return text
