"""Move in from Azure Disk Backup, or from scripts, with progress in a shell: the requests of docs/move-in.md, page by
page and to the end of the job.

    python -m infra.move_in --app https://APP --audience api://ID --vault ID --from OLD_ID
        [--dry-run | --undo | --finish]
    python -m infra.move_in --app https://APP --audience api://ID --vault ID --snapshots-in SCOPE
        [--name PATTERN] [--tag NAME[=VALUE]]... [--created-from TIME] [--created-until TIME] [--disk ID]...
        (--retention-tag NAME | --retention DURATION) [--instance NAME] [--deleted-vault ID] [--dry-run | --undo]

Signs in as azure-identity's DefaultAzureCredential does: `az login` on a workstation, a managed identity in Azure. It
waits where the app asks for patience (429). Interrupt it whenever you like: the job goes on without it, and the same
command looks at the job that is running.

Exit status 0 when all is done, 2 when something stays where it is (each with its reason), 1 when the app refuses or the
job fails.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DefaultAzureCredential

VERSION = "2026-06-01"
LOOK_EVERY = 5.0  # seconds between two looks at a job
TRIES = 8  # of a request that the app puts off, or does not answer
_PASSING = (429, 500, 502, 503, 504)
_RUNNING = "UserErrorMaxConcurrentOperationLimitReached"
_OPERATIONS = {
    "importVault": "ImportVault",
    "undoImport": "UndoImport",
    "finishImport": "FinishImport",
    "adoptSnapshots": "AdoptSnapshots",
    "undoAdoption": "UndoAdoption",
}


class Refused(Exception):
    """The app, or its sign-in, says no."""


class App:
    """The API of one deployment. `ca` is a file of certificate authorities to trust instead of the public ones."""

    def __init__(self, url: str, audience: str, ca: str | None) -> None:
        self._url = url.rstrip("/")
        self._scope = f"{audience.rstrip('/')}/.default"
        self._verify: str | bool = ca or True
        self._credential = DefaultAzureCredential()

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> requests.Response:
        """An answer that is none of those that pass. Raises Refused with the error's code and message."""
        url = path if path.startswith("https://") else f"{self._url}{path}?api-version={VERSION}"
        for tries_left in reversed(range(TRIES)):
            answer = self._once(method, url, body)
            if answer is not None and answer.status_code < 400:
                return answer
            if answer is not None and (answer.status_code not in _PASSING or not tries_left):
                raise Refused(_words(answer))
            if not tries_left:
                raise Refused(f"{url} does not answer")
            time.sleep(float(answer.headers.get("Retry-After", 5)) if answer is not None else 5)
        raise AssertionError("the last try answers or raises")

    def _once(self, method: str, url: str, body: Mapping[str, Any] | None) -> requests.Response | None:
        try:
            token = self._credential.get_token(self._scope).token
            headers = {"Authorization": f"Bearer {token}"}
            return requests.request(method, url, json=body, headers=headers, verify=self._verify, timeout=240)
        except ClientAuthenticationError as error:
            raise Refused(f"no token: {error.message}") from error
        except requests.RequestException:
            return None


def _words(answer: requests.Response) -> str:
    try:
        error = answer.json()["error"]
        return f"{error['code']}: {error['message']}"
    except (ValueError, KeyError, TypeError):
        return f"the app answered {answer.status_code}"


def main(arguments: Sequence[str] | None = None) -> int:
    wanted = _read(arguments)
    app = App(wanted.app, wanted.audience, wanted.ca)
    try:
        if wanted.scope is not None:
            return _adopt(app, wanted)
        body = {"sourceVaultId": wanted.origin}
        if wanted.dry_run:
            return _dry_run(app, wanted.vault, body)
        action = "undoImport" if wanted.undo else "finishImport" if wanted.finish else "importVault"
        return _follow(app, wanted.vault, _begun(app, wanted.vault, action, body))
    except Refused as error:
        print(error, file=sys.stderr)
        return 1


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.move_in", description="Move in from Azure Disk Backup.")
    parser.add_argument("--app", required=True, help="the app's URL")
    parser.add_argument("--audience", required=True, help="the application id that its tokens are for")
    parser.add_argument("--vault", required=True, help="resource id of the vault to move into")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--from", dest="origin", help="resource id of the vault of Azure Backup")
    source.add_argument("--snapshots-in", dest="scope", help="id of a resource group or subscription: adopt snapshots")
    parser.add_argument("--ca", help="file of certificate authorities to trust instead of the public ones")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="say what would come over, and change nothing")
    what.add_argument("--undo", action="store_true", help="give back what came over")
    what.add_argument("--finish", action="store_true", help="delete old instances that have no snapshot left")
    _add_rule(parser.add_argument_group("which snapshots, and how long they are kept"))
    wanted = parser.parse_args(arguments)
    if wanted.scope is not None and wanted.finish:
        parser.error("an adoption has no old instances to finish with")
    if wanted.origin is not None and _rule(wanted).keys() > {"sourceScope"}:
        parser.error("a vault comes over whole; snapshots are chosen with --snapshots-in")
    return wanted


def _add_rule(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--name", help="what their names are like: * for anything, ? for one letter")
    group.add_argument("--tag", action="append", default=[], help="NAME, or NAME=VALUE; all of them must be there")
    group.add_argument("--created-from", help="the earliest creation, such as 2026-03-02T00:00:00Z")
    group.add_argument("--created-until", help="the latest creation")
    group.add_argument("--disk", action="append", default=[], help="resource id of a disk that they are of")
    group.add_argument("--instance", help="the backup instance they go to, instead of the one of their disk")
    group.add_argument("--retention-tag", help="a retention tag of the instance's policy")
    group.add_argument("--retention", help="how long from their creation on, such as P30D")
    group.add_argument("--deleted-vault", help="resource id of the deleted vault of Azure Backup that left them behind")


def _rule(wanted: argparse.Namespace) -> dict[str, Any]:
    """The body that the app is sent, without what was not said."""
    conditions = [
        {"name": name, **({"values": [value]} if is_valued else {})}
        for name, is_valued, value in (tag.partition("=") for tag in wanted.tag)
    ]
    said = {
        "namePattern": wanted.name,
        "tagConditions": conditions,
        "createdFrom": wanted.created_from,
        "createdUntil": wanted.created_until,
        "dataSourceIds": wanted.disk,
        "backupInstanceName": wanted.instance,
        "retentionTagName": wanted.retention_tag,
        "retentionDuration": wanted.retention,
        "deletedVaultId": wanted.deleted_vault,
    }
    return {"sourceScope": wanted.scope, **{name: value for name, value in said.items() if value}}


# ---------------------------------------------------------------- a dry run


def _dry_run(app: App, vault: str, body: Mapping[str, Any]) -> int:
    stays = points = instances = 0
    for page in _pages(app, f"{vault}/dryRunImport", body):
        for policy in page["policies"]:
            stays += _tell("policy", policy["name"], policy)
        for instance in page["value"]:
            kept = [each for each in instance["recoveryPoints"] if not each["faults"]]
            stays += _tell("instance", instance["name"], instance, f"{len(kept)} recovery points")
            stays += sum(
                _tell("  recovery point", each["name"], each) for each in instance["recoveryPoints"] if each["faults"]
            )
            points, instances = points + len(kept), instances + 1
        print(f"{instances} of {page['instanceCount']} instances looked at", file=sys.stderr)
    print(f"{instances} instances with {points} recovery points; {stays} things stay where they are")
    return 2 if stays else 0


def _adopt(app: App, wanted: argparse.Namespace) -> int:
    body = _rule(wanted)
    if wanted.dry_run:
        return _dry_run_adoption(app, wanted.vault, body)
    action = "undoAdoption" if wanted.undo else "adoptSnapshots"
    return _follow(app, wanted.vault, _begun(app, wanted.vault, action, body))


def _dry_run_adoption(app: App, vault: str, body: Mapping[str, Any]) -> int:
    stays = overdue = seen = 0
    for page in _pages(app, f"{vault}/dryRunAdoption", body):
        for each in page["value"]:
            kept = f"{each['backupInstanceName']}, until {each['expiryTime']}" if each["expiryTime"] else ""
            late = ": over by then, and kept for a day" if each["isOverdue"] else ""
            stays += _tell("snapshot", each["snapshotId"].rpartition("/")[2], each, f"{kept}{late}")
            overdue, seen = overdue + each["isOverdue"], seen + 1
        print(f"{seen} of {page['snapshotCount']} snapshots looked at", file=sys.stderr)
    print(f"{seen} snapshots; {stays} stay as they are; {overdue} would expire in a day")
    return 2 if stays else 0


def _pages(app: App, path: str, body: Mapping[str, Any]) -> Iterator[Any]:
    link: str | None = path
    while link:
        page = app.ask("POST", link, body).json()
        yield page
        link = page.get("nextLink")


def _tell(kind: str, name: str, told: Mapping[str, Any], more: str = "") -> bool:
    """Whether it stays where it is, with every reason."""
    print(f"{kind} {name}: {told['action']}{f', {more}' if more else ''}")
    for fault in told["faults"]:
        print(f"    {fault['code']}: {fault['message']}")
    return bool(told["faults"])


# ---------------------------------------------------------------- a job


def _begun(app: App, vault: str, action: str, body: Mapping[str, Any]) -> str:
    """The id of the job, or of the one of its kind that is running already."""
    before = {each["name"] for each in _jobs(app, vault, action)}
    try:
        app.ask("POST", f"{vault}/{action}", body)
    except Refused as refused:
        running = [each for each in _jobs(app, vault, action) if each["properties"]["status"] == "InProgress"]
        if not (str(refused).startswith(_RUNNING) and running):
            raise
        print(f"job {running[0]['name']} is running already", file=sys.stderr)
        return str(running[0]["name"])
    (mine, *_) = [each["name"] for each in _jobs(app, vault, action) if each["name"] not in before]
    return str(mine)


def _jobs(app: App, vault: str, action: str) -> list[Any]:
    found = app.ask("GET", f"{vault}/backupJobs").json()["value"]
    return [each for each in found if each["properties"]["operation"] == _OPERATIONS[action]]


def _follow(app: App, vault: str, job: str) -> int:
    said = ""
    while True:
        properties = app.ask("GET", f"{vault}/backupJobs/{job}").json()["properties"]
        said = _say_once(_standing(properties), said)
        if properties["status"] != "InProgress":
            return _ended(properties)
        time.sleep(LOOK_EVERY)


def _standing(properties: Mapping[str, Any]) -> str:
    told = properties["extendedInfo"]["additionalDetails"] or {}
    counted = "Disks" if "Disks" in told else "BackupInstances"
    done, total, waiting = (told.get(f"{counted}{name}", "0") for name in ("Done", "", "Waiting"))
    what, points = "disks" if counted == "Disks" else "instances", told.get("RecoveryPoints", "0")
    return f"{done} of {total} {what}, {points} recovery points, {waiting} wait for Azure"


def _say_once(words: str, said: str) -> str:
    if words != said:
        print(words, file=sys.stderr, flush=True)
    return words


def _ended(properties: Mapping[str, Any]) -> int:
    for error in properties["errorDetails"] or ():
        print(f"{error['code']}: {error['message']} {' '.join(error['recommendedAction'] or ())}", file=sys.stderr)
    warnings = properties["extendedInfo"]["warningDetails"] or ()
    for each in warnings:
        told = each["warning"]
        print(f"{each['resourceName'].rpartition('/')[2]}: {told['code']}: {told['message']}")
    print(f"{properties['operation']}: {properties['status']}")
    return 1 if properties["errorDetails"] else 2 if warnings else 0


if __name__ == "__main__":
    sys.exit(main())
