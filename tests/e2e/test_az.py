"""Microsoft's own `az`, unmodified, against the local target: the commands of docs/use-with-az.md and more.

azure-cli is large (over 700 MB installed), so that the project does not install it. Where it is missing these tests are
skipped and say so; `DISKBACKUP_AZ=/path/to/az` names one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.local.demo import wanted
from infra.local.demo.clients import Clients
from infra.local.identity.tokens import OPERATOR, READER
from infra.local.parts import Part, Recipe, free_ports
from infra.local.up import PROJECT, LocalTarget

_WANTED = os.environ.get("DISKBACKUP_AZ")
AZ = shutil.which(_WANTED or "az")
if _WANTED and AZ is None:
    raise FileNotFoundError(f"DISKBACKUP_AZ names {_WANTED}, which is no program")

pytestmark = [
    pytest.mark.local_target,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        AZ is None,
        reason="THE REAL az WAS NOT TRIED: there is none. `pip install azure-cli` in a virtual environment of its own, "
        "then DISKBACKUP_AZ=/path/to/bin/az",
    ),
]

VERSION = "2026-06-01"
VAULT = "of-az"
# How `az rest` is used by who has no subscription: az looks for the URL's one among those that it knows.
BY_HAND = (
    "--skip-authorization-header "
    '--headers "Authorization=Bearer $(az account get-access-token --query accessToken --output tsv)"'
)


class Shell:
    """A shell in the folder that holds `.local`, with `az` and nothing of the developer's own sign-in."""

    def __init__(
        self, target: LocalTarget, directory: Path, *, program: Path | None = None, **environment: str
    ) -> None:
        self.endpoints = target.endpoints
        self.folder = target.log_dir.parents[1]
        commands = directory / "bin"
        commands.mkdir(parents=True, exist_ok=True)
        (commands / "az").symlink_to(str(program or AZ))
        self.environment = {
            "PATH": f"{commands}:{os.environ['PATH']}",
            "HOME": str(directory),
            "AZURE_CONFIG_DIR": str(directory / "az"),
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
            "REQUESTS_CA_BUNDLE": self.endpoints["ca_file"],
            **environment,
        }

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def ran(self, script: str) -> str:
        """Its output. Fails with all that was said when a command fails."""
        done = self.run(script)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def az(self, command: str) -> Any:
        text = self.ran(f"az {command} --output json")
        return json.loads(text) if text.strip() else None


@pytest.fixture(scope="module")
def shell_of(guarded: LocalTarget, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Shell]:
    """`shell_of("reader")`: a shell in which that principal has signed in with `az login --identity`."""

    def signed_in(who: str, options: str = "") -> Shell:
        identity = {
            "IDENTITY_ENDPOINT": guarded.endpoints["identity"],
            "IDENTITY_HEADER": guarded.endpoints[f"{who}_identity_header"],
        }
        shell = Shell(guarded, tmp_path_factory.mktemp(who), **identity)
        shell.ran(f"az cloud register --name Local --endpoint-resource-manager {guarded.endpoints['front_door']}")
        shell.ran(f"az cloud set --name Local && az login --identity {options}")
        return shell

    return signed_in


@pytest.fixture(scope="module")
def vault(guarded: LocalTarget) -> str:
    """The id of a vault that is there."""
    clients = Clients(guarded.endpoints)
    clients.make_group("az")
    backup = clients.backup
    return str(backup.backup_vaults.begin_create_or_update("az", VAULT, wanted.vault()).result().id)


def test_the_discovered_cloud_is_the_local_target(shell_of: Callable[..., Shell], guarded: LocalTarget) -> None:
    shell = shell_of("contributor")
    found = shell.az("cloud show --name Local")["endpoints"]
    assert found["resourceManager"] == found["activeDirectoryResourceId"] == guarded.endpoints["front_door"]
    assert found["activeDirectory"] == guarded.endpoints["issuer"]
    accounts = shell.az("account list")
    assert {account["id"] for account in accounts} == set(guarded.endpoints["subscription_ids"])
    assert {account["tenantId"] for account in accounts} == {guarded.endpoints["tenant_id"]}


def test_az_manages_a_vault_as_any_resource(shell_of: Callable[..., Shell], vault: str) -> None:
    """`az resource` has the long-running operations of ARM: create, update, wait and delete come to their end."""
    shell = shell_of("contributor")
    other = f"{vault}-2"
    properties = json.dumps(wanted.vault()["properties"])
    started = time.monotonic()
    common = f"--api-version {VERSION}"
    made = shell.az(f"resource create --id {other} {common} --location westeurope --properties '{properties}'")
    assert made["properties"]["provisioningState"] == "Succeeded"
    assert shell.az(f"resource tag --ids {other} {common} --tags team=blue")["tags"] == {"team": "blue"}
    assert shell.az(f"resource show --ids {other} {common}")["tags"] == {"team": "blue"}
    updated = shell.az(f"resource update --ids {other} {common} --set identity.type=SystemAssigned")
    assert updated["identity"]["principalId"] == "11111111-1111-4111-8111-111111111111", "who really acts"
    shell.az(f"resource delete --ids {other} {common}")
    gone = shell.run(f"az resource show --ids {other} {common}")
    assert gone.returncode == 3, "az's own exit code of what is not found"
    assert "ResourceNotFound" in gone.stderr
    assert time.monotonic() - started < 25, "no poller slept its 30 s"


def test_az_reads_disks_groups_and_locks_at_the_same_address(shell_of: Callable[..., Shell]) -> None:
    shell = shell_of("contributor")
    assert "web01-os" in {disk["name"] for disk in shell.az("disk list --resource-group apps-westeurope")}
    assert "apps-westeurope" in {group["name"] for group in shell.az("group list")}
    assert shell.az("snapshot list --resource-group snapshots-westeurope") is not None
    assert shell.az("lock list --resource-group apps-westeurope") == []


@pytest.mark.parametrize("who", [READER.name, OPERATOR.name])
def test_who_may_only_look_is_told_so_by_az(shell_of: Callable[..., Shell], vault: str, who: str) -> None:
    shell = shell_of(who)
    assert shell.az(f"rest --method get --url '{vault}?api-version={VERSION}'")["name"] == VAULT
    refused = shell.run(f"az rest --method delete --url '{vault}?api-version={VERSION}'")
    assert refused.returncode != 0
    assert "AuthorizationFailed" in refused.stderr


def test_a_stranger_signs_in_and_finds_nothing(shell_of: Callable[..., Shell], vault: str) -> None:
    shell = shell_of("stranger", "--allow-no-subscriptions")
    assert [account["name"] for account in shell.az("account list")] == ["N/A(tenant level account)"]
    refused = shell.run(f"az rest --method get --url '{vault}?api-version={VERSION}' {BY_HAND}")
    assert refused.returncode != 0
    assert "AuthorizationFailed" in refused.stderr


def test_a_wrong_secret_signs_nobody_in(guarded: LocalTarget, tmp_path: Path) -> None:
    identity = {"IDENTITY_ENDPOINT": guarded.endpoints["identity"], "IDENTITY_HEADER": "wrong"}
    shell = Shell(guarded, tmp_path, **identity)
    shell.ran(f"az cloud register --name Local --endpoint-resource-manager {guarded.endpoints['front_door']}")
    assert shell.run("az cloud set --name Local && az login --identity").returncode != 0
    assert shell.az("account list") == []


def test_the_extension_gives_the_app_its_roles(
    shell_of: Callable[..., Shell], guarded: LocalTarget, vault: str
) -> None:
    """`update-msi-permissions` reads the vault's identity, looks each role up by its name and assigns it."""
    shell = shell_of("contributor")
    if shell.run("az extension show --name dataprotection").returncode != 0:
        pytest.skip("THE dataprotection EXTENSION WAS NOT TRIED: it is not on PyPI; `az extension add` needs its index")
    shell.az(f"resource update --ids {vault} --api-version {VERSION} --set identity.type=SystemAssigned")
    clients = Clients(guarded.endpoints)
    clients.backup.backup_policies.create_or_update("az", VAULT, "daily", wanted.policy("P1D", "P7D"))
    disk = clients.control("POST", "disks", {"prefix": "by-extension", "count": 1, "size_gib": 32})["ids"][0]
    body = wanted.instance(clients.disk(disk), f"{vault}/backupPolicies/daily")
    (shell.folder / ".local" / "by-extension.json").write_text(json.dumps({"backup_instance_name": "x", **body}))
    said = shell.az(
        f"dataprotection backup-instance update-msi-permissions --datasource-type AzureDisk --operation Backup "
        f"--permissions-scope ResourceGroup --resource-group az --vault-name {VAULT} "
        "--backup-instance @.local/by-extension.json --yes"
    )
    assert said


# ---------------------------------------------------------------- the app as a cloud's only endpoint


@pytest.fixture
def app_alone(guarded: LocalTarget, tmp_path: Path) -> Iterator[str]:
    """The app's address behind TLS, as App Service gives it one: no disks, no metadata."""
    port, certificates = free_ports(1)[0], guarded.log_dir.parent / "certificates"
    files = [f"--{kind}={certificates / name}" for kind, name in _FILES.items()]
    backends = ["--app", guarded.endpoints["api"], "--issuer", guarded.endpoints["issuer"]]
    recipe = Recipe(
        name="door",
        command=[sys.executable, "-m", "infra.local.front_door", "--port", str(port), *files, *backends],
        environment=os.environ,
        log=tmp_path / "door.log",
        directory=PROJECT,
        ready_text="front_door ready",
    )
    part = Part(recipe)
    part.wait_ready(until=time.monotonic() + 60)
    yield f"https://127.0.0.1:{port}"
    part.send(15)
    part.wait_ended(5)


_FILES: Mapping[str, str] = {"cert": "server.pem", "key": "server-key.pem", "ca": "ca.pem"}


def test_a_service_principal_signs_in_where_the_app_is_the_only_endpoint(
    guarded: LocalTarget, app_alone: str, vault: str, tmp_path: Path
) -> None:
    """As with a deployed app and Entra: named endpoints, the API's own audience, a token from the token endpoint."""
    # MSAL asks the public cloud about authorities that it does not know; the local issuer it cannot know.
    shell = Shell(guarded, tmp_path, AZURE_CORE_INSTANCE_DISCOVERY="false")
    endpoints = {
        "resource-manager": app_alone,
        "active-directory": guarded.endpoints["issuer"],
        "active-directory-resource-id": guarded.endpoints["audience"],
        "active-directory-graph-resource-id": "https://graph.windows.net/",
        "microsoft-graph-resource-id": "https://graph.microsoft.com/",
    }
    named = " ".join(f"--endpoint-{name} {value}" for name, value in endpoints.items())
    shell.ran(f"az cloud register --name Deployed --skip-endpoint-discovery {named} && az cloud set --name Deployed")
    secret, tenant = guarded.endpoints["reader_identity_header"], guarded.endpoints["tenant_id"]
    login = f"login --service-principal --username {READER.client_id} --password {secret} --tenant {tenant}"
    assert {account["id"] for account in shell.az(login)} == {guarded.endpoints["subscription_id"]}
    assert shell.az(f"rest --method get --url '{vault}?api-version={VERSION}'")["name"] == VAULT
    refused = shell.run(f"az rest --method delete --url '{vault}?api-version={VERSION}'")
    assert "AuthorizationFailed" in refused.stderr
    assert shell.run("az disk list --resource-group apps-westeurope").returncode != 0, "disks are not its own"
