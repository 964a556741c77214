"""The application settings that Bicep sets, held against those that the code and the Functions host read: one set."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from backup_core import settings
from backup_core.settings import SettingsInvalid
from tests.infra.bicep import Project, literal, properties

# Read by the code, and left unset in Azure.
UNSET: Mapping[str, str] = {
    "AzureWebJobsStorage": "a connection string holds a key, and the account takes none",
    "AzureWebJobsStorage__accountName": "the endpoints are set one by one, which holds in every cloud",
    "DISKBACKUP_ARM_AUDIENCE": "the endpoint of Azure Resource Manager is its audience in every cloud of Azure",
    "DISKBACKUP_CENTER_SIGN_IN_URL": "browsers sign in at Entra itself",
    "DISKBACKUP_EVENTGRID_KEY": "the topic takes no keys",
    "IDENTITY_ENDPOINT": "the platform sets it for an app with an identity",
    "WEBSITE_HOSTNAME": "the platform sets it",
    "MSI_ENDPOINT": "the older name of IDENTITY_ENDPOINT",
    "REQUESTS_CA_BUNDLE": "Azure's certificates come of authorities that everybody trusts",
    "SSL_CERT_FILE": "as REQUESTS_CA_BUNDLE",
}
# Read by the Functions host or its Python worker, and not by our code.
OF_THE_HOST: Mapping[str, str] = {
    "AzureWebJobsStorage__credential": "connections are made by managed identity",
    "AzureWebJobsStorage__blobServiceUri": "where the host keeps locks, keys and the state of timers",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "where telemetry goes",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "telemetry is taken from the identity only",
    "AzureWebJobsDisableHomepage": "the app answers for itself, and tells strangers of no platform",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "a body that the app would refuse must not reach its worker",
    "PYTHON_THREADPOOL_THREAD_COUNT": "with the default of six threads a slow Azure holds up the API",
}
_NAME = re.compile(r"DISKBACKUP_[A-Z_]+")
# Each decides which settings are read at all.
_SITUATIONS: tuple[Mapping[str, str], ...] = (
    {},
    {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "DISKBACKUP_SIGN_IN": "function_key"},
    {"AzureWebJobsStorage__accountName": "account", "DISKBACKUP_SIGN_IN": "entra"},
)


class Watched(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)


def settings_read() -> set[str]:
    """Every setting that backup_core/settings.py asks for, by running it, and every name of ours that stands in it."""
    named = {
        match.value
        for match in ast.walk(ast.parse(inspect.getsource(settings)))
        if isinstance(match, ast.Constant) and isinstance(match.value, str) and _NAME.fullmatch(match.value)
    }
    return named | settings_asked()


def settings_asked() -> set[str]:
    """Every setting that a reader of backup_core/settings.py asks for when it runs."""
    asked: set[str] = set()
    for situation in _SITUATIONS:
        for reader in readers():
            environment = Watched(situation)
            try:
                reader(environment)
            except SettingsInvalid:
                assert environment.asked, f"{reader} failed before it read anything"
            asked |= environment.asked
    return asked


def readers() -> list[Callable[[Mapping[str, str]], object]]:
    """What takes an environment: the classes with `from_env`, and functions with a parameter `environ`."""
    found: list[Callable[[Mapping[str, str]], object]] = []
    for name, member in vars(settings).items():
        if name.startswith("_") or getattr(member, "__module__", "") != settings.__name__:
            continue
        if hasattr(member, "from_env"):
            found.append(member.from_env)
        elif inspect.isfunction(member) and "environ" in inspect.signature(member).parameters:
            found.append(member)
    return found


def settings_set(project: Project) -> dict[str, str | None]:
    """The settings that Bicep sets, with the text of those that are written out."""
    found: dict[str, str | None] = {}
    for _, resource in project.resources:
        name = properties(resource.body).get("name")
        if resource.type == "Microsoft.Web/sites/config" and name is not None and literal(name) == "appsettings":
            written = properties(properties(resource.body)["properties"])
            found |= {setting: literal(value) for setting, value in written.items()}
    return found


def setting_faults(project: Project, read: set[str]) -> Iterator[str]:
    """Settings on one side only, and entries of the tables above that no longer say anything."""
    written = set(settings_set(project))
    wanted = (read - UNSET.keys()) | OF_THE_HOST.keys()
    yield from (f"Bicep does not set {name}, which is read" for name in sorted(wanted - written))
    yield from (f"Bicep sets {name}, which nothing reads" for name in sorted(written - wanted))
    yield from (f"Bicep sets {name}, though: {UNSET[name]}" for name in sorted(written & UNSET.keys()))
    yield from (f"UNSET tells of {name}, which nothing reads" for name in sorted(UNSET.keys() - read))
    yield from (f"OF_THE_HOST tells of {name}, which our code reads" for name in sorted(OF_THE_HOST.keys() & read))
