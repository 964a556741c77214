"""Whatever we print, we run: every `az` command of a document or an error, against the local target.

With DISKBACKUP_AZ by Microsoft's own az, else by a stand-in that sends the same requests (az_stand_in.py).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from azure.mgmt.compute.models import Snapshot
from azure.mgmt.dataprotection import models

from backup_core.adapters.compute import read_snapshot
from backup_core.domain.resource_ids import GroupId, VaultKey
from infra.local.demo import wanted
from infra.local.demo.clients import Clients, json_of
from infra.local.up import PROJECT, LocalTarget
from tests.e2e import az_stand_in
from tests.e2e.commands import Printed, documented, printed_by_errors
from tests.e2e.documented import example, examples
from tests.e2e.stage import APP_PRINCIPAL, until
from tests.e2e.test_az import AZ, Shell
from tests.origins import instance_json, point_json, policy_json, snapshot_name, vault_json

APPS = "resourceGroups/apps-westeurope"
PRINCIPAL = "33333333-3333-4333-8333-333333333333"
# What needs more of Azure than the local target has, by the words that a command begins with.
NOT_HERE = {
    "ad": "Entra's own directory",
    "account show": "Entra's tenant, to be told to the app",
    "account get-access-token": "Entra's tokens: the local target has its own sign-in",
    "login": "signing in to Entra; with a local identity it is run by the page for this machine",
    "cloud": "another cloud than the local one",
    "rest": "Microsoft Graph, or the app in Azure; on this machine it is run by the page for it",
    "functionapp": "the function app as a resource of Azure",
    "deployment": "the templates, which only Azure deploys",
    "bicep": "the compiler, which is fetched from elsewhere",
    "monitor": "a Log Analytics workspace",
    "eventgrid": "a topic as a resource of Azure",
    "extension": "the index of extensions",
    "dataprotection": "commands of the extension, which the index of extensions has",
    "role assignment delete": "an assignment of a deployed app",
}
# A command that is named without its options, and parts of one in running text.
_MENTIONS = {"", "disk", "group", "rest", "dataprotection backup-vault", "snapshot show"}


def shell_with(target: LocalTarget, directory: Path) -> Shell:
    """A shell with az, or with what stands in for it."""
    if AZ is not None:
        return Shell(target, directory)
    program = directory / "stand-in"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{PROJECT}" exec "{sys.executable}" -m tests.e2e.az_stand_in "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return Shell(target, directory, program=program)


@pytest.fixture(scope="module")
def shell(guarded: LocalTarget, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    made = shell_with(guarded, tmp_path_factory.mktemp("commands"))
    made.environment |= {
        "IDENTITY_ENDPOINT": guarded.endpoints["identity"],
        "IDENTITY_HEADER": guarded.endpoints["contributor_identity_header"],
    }
    made.ran(f"az cloud register --name Local --endpoint-resource-manager {guarded.endpoints['front_door']}")
    made.ran("az cloud set --name Local && az login --identity")
    return made


def is_not_here(command: Printed) -> bool:
    return any(f"{command.words} ".startswith(f"{words} ") for words in NOT_HERE)


def test_every_documented_command_is_run_somewhere_or_said_to_need_azure() -> None:
    unknown = [
        f"{command.place}: {command.text}"
        for command in documented()
        if command.words not in az_stand_in.COMMANDS and command.words not in _MENTIONS and not is_not_here(command)
    ]
    assert unknown == []


def test_what_is_said_to_need_azure_is_documented() -> None:
    begun = {words for words in NOT_HERE for command in documented() if f"{command.words} ".startswith(f"{words} ")}
    assert begun == set(NOT_HERE)


def test_errors_print_commands_and_each_is_known() -> None:
    printed = printed_by_errors()
    assert {command.words for command in printed} >= {"role assignment create"}
    assert {command.words for command in printed} <= set(az_stand_in.COMMANDS)


@pytest.mark.local_target
@pytest.mark.timeout(600)
@pytest.mark.parametrize("command", printed_by_errors(), ids=lambda command: f"{command.place}-{command.words}")
def test_a_command_that_an_error_prints_does_what_it_is_printed_for(
    shell: Shell, guarded: LocalTarget, command: Printed
) -> None:
    scope = f"/subscriptions/{guarded.endpoints['subscription_id']}/resourceGroups/apps-eastus"
    shell.ran(command.text.format(scope=scope, principal=PRINCIPAL))


@pytest.mark.local_target
@pytest.mark.timeout(600)
def test_the_generic_commands_know_vaults_and_disks(shell: Shell, guarded: LocalTarget) -> None:
    group = f"/subscriptions/{guarded.endpoints['subscription_id']}/resourceGroups/backup"
    vault = f"{group}/providers/Microsoft.DataProtection/backupVaults/generic"
    disk = f"{group.replace('/backup', '/apps-westeurope')}/providers/Microsoft.Compute/disks/web01-data"
    body = '{"location": "westeurope", "properties": {}}'
    shell.ran(f"az rest --method put --url '{vault}?api-version=2026-06-01' --body '{body}'")
    shell.ran("az provider register --namespace Microsoft.DataProtection")
    assert "Registered" in shell.ran("az provider show --namespace Microsoft.DataProtection")
    for resource in (vault, disk):
        assert '"team": "blue"' in shell.ran(f"az tag create --resource-id {resource} --tags team=blue")
    listed = shell.ran("az resource list --resource-type Microsoft.DataProtection/backupVaults")
    assert '"generic"' in listed
    assert '"web01-data"' not in listed
    assert '"web01-data"' in shell.ran("az resource list")
    found = shell.ran(example("use-with-az.md", "The `dataprotection` extension", "sh"))
    assert vault.replace("/backupVaults/", "/BackupVaults/") in found


@pytest.mark.local_target
@pytest.mark.timeout(600)
def test_a_lock_is_removed_by_the_command_that_the_refusal_prints(shell: Shell, guarded: LocalTarget) -> None:
    clients = Clients(guarded.endpoints)
    clients.make_group("commands-locked")
    scope = f"/subscriptions/{guarded.endpoints['subscription_id']}/resourceGroups/commands-locked"
    vault = f"{scope}/providers/Microsoft.DataProtection/backupVaults/locked"
    body = '{"location": "westeurope", "properties": {}}'
    url = f"{vault}?api-version=2026-06-01"
    shell.ran(f"az rest --method put --url '{url}' --body '{body}'")
    clients.lock(scope)
    refused = shell.run(f"az rest --method delete --url '{url}'")
    assert refused.returncode != 0
    assert "ScopeLocked" in refused.stderr
    (command,) = set(re.findall(r"az lock delete --ids '[^']+'", refused.stderr))
    shell.ran(command)
    shell.ran(f"az rest --method delete --url '{url}'")


@pytest.mark.local_target
@pytest.mark.timeout(600)
def test_the_page_for_this_machine_runs_as_it_stands(guarded: LocalTarget, tmp_path: Path) -> None:
    shell = shell_with(guarded, tmp_path)
    shell.environment = {name: shell.environment[name] for name in ("PATH", "HOME")}
    shutil.rmtree(shell.folder / ".local" / "az", ignore_errors=True)
    said = shell.ran(example("use-with-az.md", "On this machine", "sh"))
    clients = Clients(guarded.endpoints)
    points = list(clients.backup.recovery_points.list("backup", "first", "web01-data"))
    assert len(points) == 1
    assert str(points[0].properties.as_dict()["recoveryPointId"]) in said
    group = f"/subscriptions/{guarded.endpoints['subscription_id']}/resourceGroups/restores-westeurope"
    disk = clients.disk(f"{group}/providers/Microsoft.Compute/disks/web01-data-restored")
    assert disk["properties"]["provisioningState"] == "Succeeded"


@pytest.mark.local_target
@pytest.mark.timeout(600)
def test_protection_rules_and_previews_of_the_pages_are_taken_as_they_stand(shell: Shell, guarded: LocalTarget) -> None:
    clients, subscription = Clients(guarded.endpoints), guarded.endpoints["subscription_id"]
    vault = make_vault(clients, "by-tag", "tagged").partition("/backupPolicies")[0]
    front_door = guarded.endpoints["front_door"]
    shell.environment |= called(guarded, "by-tag", "tagged")
    shell.ran(example("protect-by-tag.md", "", "sh"))
    previewed = shell.ran(example("preview.md", "What will this policy do?", "sh"))
    assert '"slotCount": 90' in previewed
    forecast = shell.ran(example("preview.md", "When are limits of Azure met?", "sh"))
    assert '"unknown": []' in forecast
    cost = shell.ran(example("preview.md", "What will it cost?", "sh"))
    assert '"perGibMonth": 0.05' in cost
    assert '"unknown": []' in cost
    gaps = shell.ran(example("preview.md", "What if nothing is done?", "sh"))
    assert gaps.count('"value": [') == 2
    asked = {"client": clients.backup, "subscription_id": subscription, "group": "by-tag", "vault": "tagged"}
    exec(example("preview.md", "With the SDK", "python"), asked)
    assert asked["preview"]["slotCount"] == 366
    assert len(asked["forecast"]["limits"]) == 4
    assert 0 < asked["cost"]["least"] < asked["cost"]["estimate"] < asked["cost"]["most"]
    assert asked["disks"]
    url = f"{front_door}{vault}/protectionRules/gold?api-version=2026-06-01"
    assert '"priority": 100' in shell.ran(f"az rest --method get --url '{url}' --resource '{front_door}'")


@pytest.mark.local_target
@pytest.mark.timeout(600)
def test_a_hold_is_set_and_cleared_as_its_page_says(shell: Shell, guarded: LocalTarget) -> None:
    clients = Clients(guarded.endpoints)
    shell.environment |= backed_up(guarded, clients, "held")
    said = shell.ran(example("legal-holds.md", "", "sh"))
    assert said.count('"reason": "regional court, case 17"') == 3
    assert said.count('"endTime": null') == 4, "only the answer to clearing it says when it ends"
    assert ["regional court, case 18" in said, "regional court, case 19" in said] == [True, True]
    (point,) = clients.backup.recovery_points.list("held", "held", "one")
    # The local target's weakenings wait for nothing; tags follow one after another.
    until(lambda: cases_in_tag(clients, str(point.name)), lambda there: there == [False, True, True], seconds=120)


@pytest.mark.local_target
@pytest.mark.timeout(600)
def test_restores_are_tested_as_their_page_says_and_damage_is_found(shell: Shell, guarded: LocalTarget) -> None:
    clients = Clients(guarded.endpoints)
    names = backed_up(guarded, clients, "tested")
    clients.make_group("for-tests")
    clients.control("PUT", "settings", {"role_propagation_seconds": 0})
    vault = f"/subscriptions/{names['S']}/resourceGroups/tested/providers/Microsoft.DataProtection/backupVaults/tested"
    plan = f"{names['APP']}{vault}/restoreTestPlans/weekly"
    target = f"/subscriptions/{names['S']}/resourceGroups/for-tests"
    shell.environment |= {**names, "TARGET": target, "PLAN": plan}
    refused = shell.run(example("restore-tests.md", "What does it cost?", "sh"))
    assert refused.returncode != 0
    printed = dict.fromkeys(re.findall(r"az role assignment create .*?ServicePrincipal", refused.stderr))
    assert [each for each in printed if "Disk Restore Tester" in each]
    for command in printed:
        shell.ran(command)
    told = json.loads(shell.ran(example("restore-tests.md", "What does it cost?", "sh")))
    assert told["backupInstanceCount"] == 1
    assert told["nextRun"]
    shell.ran(example("restore-tests.md", "Make a plan", "sh"))
    passed = ended_test(clients, 1)
    assert passed["status"] in ("Completed", "CompletedWithWarnings"), passed
    evidence = passed["extendedInfo"]["additionalDetails"]
    assert evidence["SampledRanges"] == "16"
    assert len(evidence["DataHash"]) == 64
    clients.control("POST", "damage", {"data": "other"})
    shell.ran(f"az rest --method post --url '{plan}/run?api-version=2026-06-01' --resource '{names['AUDIENCE']}'")
    failed = ended_test(clients, 2)
    assert failed["status"] == "Failed", failed
    assert "other data" in str(failed["errorDetails"])
    report = clients.backup.send_request(
        HttpRequest("GET", f"{vault}/complianceReport", params={"api-version": "2026-06-01"})
    ).json()
    (row,) = report["value"]
    assert (row["restoreTests"], row["restoreTestsFailed"], row["lastRestoreTest"]["verdict"]) == (1, 1, "Failed")
    left = [each["id"] for each in clients.disks() if "/diskbackup-test-" in each["id"]]
    assert left == []


def ended_test(clients: Clients, number: int) -> dict[str, Any]:
    """The newest of so many restore tests, once it has ended."""

    def look() -> list[dict[str, Any]]:
        listed = (job.as_dict()["properties"] for job in clients.backup.jobs.list("tested", "tested"))
        return [dict(each) for each in listed if each["operation"] == "RestoreTest"]

    ended = until(look, lambda jobs: len(jobs) == number and jobs[0]["status"] != "InProgress", seconds=180)
    name = str(ended[0]["activityID"])
    return dict(clients.backup.jobs.get("tested", "tested", name).as_dict()["properties"])


@pytest.mark.local_target
def test_a_recovery_point_is_copied_to_another_region_as_its_page_says(shell: Shell, guarded: LocalTarget) -> None:
    clients = Clients(guarded.endpoints)
    shell.environment |= {**backed_up(guarded, clients, "copied"), "P": "daily"}
    shell.environment |= {"PRINCIPAL": APP_PRINCIPAL}
    clients.control("PUT", "settings", {"role_propagation_seconds": 0})
    said = shell.ran(example("copies.md", "", "sh"))
    assert said.count('"targetLocation": "northeurope"') == 2
    clients.backup.backup_instances.begin_adhoc_backup("copied", "copied", "one", wanted.on_demand()).result()
    vault = f"/subscriptions/{guarded.endpoints['subscription_id']}/resourceGroups/copied/providers/"
    path = f"{vault}Microsoft.DataProtection/backupVaults/copied/backupInstances/one/recoveryPointCopies"
    asked = HttpRequest("GET", path, params={"api-version": "2026-06-01"})
    told = until(
        lambda: clients.backup.send_request(asked).json()["value"],
        lambda found: [each["properties"]["state"] for each in found] == ["Completed"],
        seconds=240,
    )
    (copy,) = [each for each in clients.snapshots() if each["id"] == told[0]["properties"]["snapshotId"]]
    assert copy["properties"]["creationData"]["createOption"] == "CopyStart"
    shell.environment["SNAPSHOT_ID"] = copy["id"]
    said = shell.ran(example("copies.md", "Restore", "sh"))
    assert "InProgress" in said or "Completed" in said, "the job is among those of the other region"
    for name, group in (("by-the-app", "restored-north"), ("from-the-copy", "copies-north")):
        shell.ran(f"az disk wait --created --resource-group {group} --name {name}")
        disk = json.loads(shell.ran(f"az disk show --resource-group {group} --name {name}"))
        assert disk["location"] == "northeurope"
        assert disk["properties"]["creationData"]["sourceResourceId"] == copy["id"]


def cases_in_tag(clients: Clients, point: str) -> list[bool]:
    (snapshot,) = [each for each in clients.snapshots() if point in str(each.get("tags"))]
    told = (snapshot.get("tags") or {}).get("diskbackup-hold", "")
    return [case in told for case in ("case-17", "case-18", "case-19")]


@pytest.mark.local_target
@pytest.mark.timeout(600)
def test_what_azure_has_billed_is_told_once_the_printed_command_gave_the_right(
    shell: Shell, guarded: LocalTarget
) -> None:
    clients = Clients(guarded.endpoints)
    names = backed_up(guarded, clients, "billed")
    clients.control("PUT", "settings", {"role_propagation_seconds": 0, "cost_known_after_days": 1})
    vault = f"/subscriptions/{names['S']}/resourceGroups/billed/providers/Microsoft.DataProtection/backupVaults/billed"
    question = HttpRequest(
        "POST",
        f"{vault}/backupInstances/one/estimateCost",
        params={"api-version": "2026-06-01"},
        json={"usedBytes": 1 << 30, "changedBytes": 1 << 20, "location": "eastus", "includeBilled": True},
    )
    refused = clients.backup.send_request(question).json()
    assert refused["billed"] is None
    assert refused["total"]["cost"]["estimate"] > 0
    command = re.search(r"(az role assignment create .*?ServicePrincipal)\.", refused["unknown"][0])
    assert command is not None
    shell.ran(command[1].replace("<principal id>", APP_PRINCIPAL))
    told = clients.backup.send_request(question).json()
    assert told["billed"] is not None, told["unknown"]
    assert told["billed"]["days"] == [], "what is of today is billed tomorrow"


# Each page has a disk of its own, as a disk is protected once: plain ones, which no page names.
PLAIN_DISKS = iter(("web01-os", "video01-plus", "sql01-os", "sql01-data", "trusted01-os"))


def make_vault(clients: Clients, group: str, vault: str) -> str:
    """A vault in a group that is made for it, with a policy; the policy's id."""
    clients.make_group(group)
    backup = clients.backup
    backup.backup_vaults.begin_create_or_update(group, vault, models.BackupVaultResource(wanted.vault())).result()
    daily = models.BaseBackupPolicyResource(wanted.policy("P1D", "P7D"))
    return str(backup.backup_policies.create_or_update(group, vault, "daily", daily).id)


def called(target: LocalTarget, group: str, vault: str) -> dict[str, str]:
    """What pages call the app, the subscription, a group and a vault."""
    front_door = target.endpoints["front_door"]
    return {"APP": front_door, "AUDIENCE": front_door, "S": target.endpoints["subscription_id"], "G": group, "V": vault}


def backed_up(target: LocalTarget, clients: Clients, name: str) -> dict[str, str]:
    """A disk that no other page has, protected as `one` by a vault of that name in a group of that name, with a
    recovery point; what pages call all that."""
    backup, subscription = clients.backup, target.endpoints["subscription_id"]
    policy = make_vault(clients, name, name)
    disk = clients.disk(f"/subscriptions/{subscription}/{APPS}/providers/Microsoft.Compute/disks/{next(PLAIN_DISKS)}")
    protection = models.BackupInstanceResource(wanted.instance(disk, policy))
    backup.backup_instances.begin_create_or_update(name, name, "one", protection).result()
    job = backup.backup_instances.begin_adhoc_backup(name, name, "one", wanted.on_demand()).result().job_id
    until(lambda: backup.jobs.get(name, name, job_name(job)).properties.status, lambda status: status != "InProgress")
    return {**called(target, name, name), "I": "one"}


def job_name(job: str) -> str:
    return job.rpartition("/")[2]


@pytest.mark.local_target
@pytest.mark.timeout(600)
def test_the_page_on_moving_in_runs_as_it_stands(shell: Shell, guarded: LocalTarget) -> None:
    clients, subscription = Clients(guarded.endpoints), guarded.endpoints["subscription_id"]
    clients.control("PUT", "settings", {"role_propagation_seconds": 0})
    make_vault(clients, "moved-in", "new")
    old, vault = (VaultKey(subscription=subscription, group="moved-in", name=name) for name in ("old", "new"))
    instance = put_old_vault(clients, old)
    shell.environment |= called(guarded, vault.group, vault.name)
    shell.environment |= {"OLD_VAULT": old.resource_id, "PRINCIPAL": APP_PRINCIPAL}
    shell.ran(example("move-in.md", "What the app needs", "sh"))
    ca = guarded.endpoints["ca_file"]
    command = example("move-in.md", "With progress, from a shell", "sh").replace("python", sys.executable, 1)
    said = shell.ran(f'cd "{PROJECT}"; {command.strip()} --ca "{ca}"')
    assert "1 instances with 1 recovery points; 0 things stay where they are" in said
    told = json.loads(shell.ran(example("move-in.md", "What would come over?", "sh")))
    assert [(each["sourceInstanceId"], each["action"]) for each in told["value"]] == [(instance, "Import")]
    assert [each["action"] for each in told["value"][0]["recoveryPoints"]] == ["Adopt"]
    clients.control("PUT", "settings", {"azure_backup_seconds": [1, 2]})
    assert moved(clients, vault, lambda: shell.ran(example("move-in.md", "Move", "sh"))) == "Completed"
    (point,) = clients.backup.recovery_points.list(vault.group, vault.name, instance.rpartition("/")[2])
    assert json_of(point.properties)["expiryTime"] == told["value"][0]["recoveryPoints"][0]["expiryTime"]
    assert moved(clients, vault, lambda: shell.ran(example("move-in.md", "Finish", "sh"))) == "CompletedWithWarnings"
    undone = shell.ran(f'cd "{PROJECT}"; {command.strip().replace("--dry-run", "--undo")} --ca "{ca}"')
    assert "UndoImport: Completed" in undone
    assert moved(clients, vault, lambda: shell.ran(example("move-in.md", "Undo", "sh"))) == "Completed"
    assert list(clients.backup.backup_instances.list(vault.group, vault.name)) == []


@pytest.mark.local_target
@pytest.mark.timeout(600)
def test_the_page_on_what_scripts_took_runs_as_it_stands(shell: Shell, guarded: LocalTarget) -> None:
    clients = Clients(guarded.endpoints)
    names = backed_up(guarded, clients, "scripts")
    clients.control("PUT", "settings", {"role_propagation_seconds": 0})
    instance = clients.backup.backup_instances.get("scripts", "scripts", "one").properties
    assert instance is not None
    disk = clients.disk(str(instance.data_source_info.resource_id))
    for name, tags in (("nightly-1", {"made-by": "cron"}), ("AzureBackup_0_1", {"CreatedBy": "AzureBackup"})):
        creation = {"createOption": "Copy", "sourceResourceId": disk["id"]}
        wish = {"location": disk["location"], "properties": {"creationData": creation, "incremental": True}}
        taking = clients.compute[names["S"]].snapshots
        taking.begin_create_or_update("scripts", name, Snapshot({**wish, "tags": tags})).result()
    gone = f"/subscriptions/{names['S']}/resourceGroups/scripts/providers/Microsoft.DataProtection/backupVaults/gone"
    groups = {"SCRIPTS_GROUP": "scripts", "OLD_GROUP": "scripts", "GONE_VAULT": gone, "PRINCIPAL": APP_PRINCIPAL}
    shell.environment |= {**names, **groups}
    role, command, request = examples("move-in.md", "Snapshots that scripts took", "sh")
    shell.ran(role)
    ca = guarded.endpoints["ca_file"]

    def ran(text: str) -> str:
        return shell.ran(f'cd "{PROJECT}"; {text.strip().replace("python", sys.executable, 1)} --ca "{ca}"')

    assert "1 snapshots; 0 stay as they are; 0 would expire in a day" in ran(command)
    (told,) = json.loads(shell.ran(request))["value"]
    assert (told["action"], told["backupInstanceName"]) == ("Adopt", "one")
    assert "AdoptSnapshots: Completed" in ran(command.replace("--dry-run", ""))
    points = list(clients.backup.recovery_points.list("scripts", "scripts", "one"))
    assert told["expiryTime"] in {json_of(point.properties)["expiryTime"] for point in points}
    role, left = examples("move-in.md", "What a deleted vault left behind", "sh")
    shell.ran(role)
    assert "1 snapshots; 0 stay as they are" in ran(left)
    assert "UndoAdoption: Completed" in ran(command.replace("--dry-run", "--undo"))
    assert len(list(clients.backup.recovery_points.list("scripts", "scripts", "one"))) == len(points) - 1


def moved(clients: Clients, vault: VaultKey, ask: Callable[[], object]) -> str:
    """How the job ended that was asked for."""
    before = {job.name for job in clients.backup.jobs.list(vault.group, vault.name)}
    ask()

    def look() -> str:
        jobs = {job.name: json_of(job.properties) for job in clients.backup.jobs.list(vault.group, vault.name)}
        kinds = ("ImportVault", "UndoImport", "FinishImport")
        (job,) = [told for name, told in jobs.items() if name not in before and told["operation"] in kinds]
        return str(job["status"])

    return until(look, lambda status: status != "InProgress", seconds=180)


def put_old_vault(clients: Clients, old: VaultKey) -> str:
    """A vault of Azure Backup that protects a disk and has a recovery point of it; answers the instance's id."""
    disk = clients.disk(f"/subscriptions/{old.subscription}/{APPS}/providers/Microsoft.Compute/disks/portal01")
    snapshots = GroupId(subscription=old.subscription, group="snapshots-westeurope")
    creation = {"createOption": "Copy", "sourceResourceId": disk["id"]}
    wish = {"location": disk["location"], "properties": {"creationData": creation, "incremental": True}}
    name = snapshot_name(disk["id"], datetime.now(UTC))
    taken = clients.compute[old.subscription].snapshots.begin_create_or_update(snapshots.group, name, Snapshot(wish))
    instance = instance_json(disk["id"], vault=old, group=snapshots)
    point = point_json(instance["id"], read_snapshot(taken.result().as_dict()))
    clients.control("POST", "azure-backup", {"value": [vault_json(old), policy_json(vault=old), instance, point]})
    return str(instance["id"])


# ------------------------------------------------------------------ curl


def curls() -> list[str]:
    """The curl commands of the operator's page, each on one line."""
    text = (PROJECT / "docs" / "operations.md").read_text().replace("\\\n", " ")
    return [" ".join(line.split()) for line in text.splitlines() if line.strip().startswith("curl ")]


def test_the_operators_page_has_commands_for_curl() -> None:
    assert len(curls()) >= 3


@pytest.mark.local_target
@pytest.mark.parametrize("command", curls(), ids=lambda command: command.split('"')[1].rpartition("/")[2])
def test_a_curl_command_of_the_operators_page_does_what_it_says(command: str, guarded: LocalTarget) -> None:
    local = command.replace("https://$app.azurewebsites.net", guarded.endpoints["api"])
    local = local.replace("/subscriptions/.../resourceGroups/...", _snapshots(guarded))
    settings = {"master_key": guarded.endpoints["master_key"], "PATH": os.environ["PATH"]}
    run = subprocess.run(["sh", "-c", f"{local} --fail"], env=settings, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, f"{local}\n{run.stdout}\n{run.stderr}"


def _snapshots(target: LocalTarget) -> str:
    return f"/subscriptions/{target.endpoints['subscription_id']}/resourceGroups/snapshots-westeurope"
