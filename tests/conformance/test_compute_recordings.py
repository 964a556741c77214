"""The simulator against Azure's recorded traffic on disks, snapshots and their operations.

Every recorded exchange is put into a kind: method, shape of the route, status, and error code or state. For each kind
equivalent requests are sent to the simulator over HTTPS, the recorded request bodies themselves where there are any,
and the answers are compared: status, header names, field names with their JSON types, throttling policies, and the
wording of errors. Each difference must be excused in EXCUSES, each kind that is not replayed in NOT_REPLAYED; an
excuse that excuses nothing fails as well.
"""

from __future__ import annotations

import copy
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from infra.local.arm.seed import FIRST, SECOND, disk_access_id, encryption_set_id
from tests.local.arm.bodies import copy_of, disk_id, empty_disk, group_path, snapshot_id, snapshot_of
from tests.local.arm.conftest import Simulator, simulator

__all__ = ["simulator"]  # the fixture

pytestmark = pytest.mark.conformance

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "recordings" / "compute"
FILES = ("disk-snapshot-traffic", "azure-cli-2023-2025-transcribed", "arm-errors")
RECENT = "2020-05-01"
STRANGER = "33333333-3333-4333-8333-333333333333"

# What is not replayed: kind (a pattern), and why.
NOT_REPLAYED = {
    r"GET disk/.* 404 html": "a path with several resource ids glued together by a test's mistake; answered by IIS",
    r"error 404 none": "the same mistake once more, on a longer path",
    r"GET operation 200 Succeeded (diskaccesses|diskencryptionsets)": "the simulator creates no disk accesses and no "
    "disk encryption sets; its own are seeded",
    r"error 429 RetryableError": "the Network provider's soft conflict; no recording shows it from Compute",
    r"error 400 OperationNotAllowed": "private endpoints of the Search provider",
    r"error 409 MissingSubscriptionRegistration": "every provider of the simulator is registered",
    r"error 504 ResourceReadFailed": "a virtual machine's read; the fault 504 stands for the gateway's time-outs",
    r"error 200 VMExtensionProvisioningError": "operations of virtual machines",
    r"error 409 none": "the result of a group's deletion that failed; groups of the simulator can always be deleted",
}

# What differs: kind, what, name (patterns), and why the difference is right or does no harm.
ANY = r".*"
NEVER_OURS = r"(header|field) (always|sometimes) recorded, never ours"
EXCUSES: tuple[tuple[str, str, str, str], ...] = (
    (ANY, NEVER_OURS, "server", "gone from Azure's answers by 2025"),
    (ANY, NEVER_OURS, "transfer-encoding", "hop by hop: ours has a length"),
    (ANY, NEVER_OURS, "connection", "hop by hop: each server closes when it likes"),
    (
        ANY,
        NEVER_OURS,
        "retry-after",
        (
            "put in by the Java recorder; the .NET "
            "recordings of 2019 have 2 on PUT; switched off for the replay (setting retry_after_on_accept)"
        ),
    ),
    (
        r"GET disk 200",
        "field of ours never recorded",
        r"properties\.(creationData\.performancePlus|dataAccessAuthMode|securityProfile\.secureVMDiskEncryptionSetId):.*",
        "documented; no disk that was recorded has them",
    ),
    (
        ANY,
        "header of ours never recorded",
        r"x-ms-ratelimit-remaining-subscription-global-.*",
        (
            "in Azure's answers "
            "since 2024, recorded in the transcribed exchanges of 2025, whose headers are incomplete and not compared"
        ),
    ),
    (
        r".* (ScopeLocked|ServerTimeout|ResourceNotFound|OperationNotAllowed|AuthorizationFailed)",
        "header of ours never recorded",
        r"x-ms-(request|correlation-request|routing-request)-id|x-ms-served-by",
        "removed by the azure-cli recorder, the only one that saw this kind; on all other answers of ARM",
    ),
    (
        r"GET snapshot 404 ResourceNotFound|error 404 ResourceGroupNotFound",
        "header of ours never recorded",
        r"x-ms-ratelimit-remaining-subscription-reads",
        (
            "removed by the azure-cli recorder on every GET, and older than "
            "the recordings of the second; a DELETE that finds no group was recorded with its counter"
        ),
    ),
    (
        r"DELETE group 409 ScopeLocked|error (200|400) .*",
        "header of ours never recorded",
        "x-content-type-options",
        "the only recordings of this kind are of 2017; on every answer since 2020",
    ),
    (
        r"error .*",
        "header of ours never recorded",
        "x-ms-(served-by|ratelimit-remaining-(resource|subscription-writes))",
        "recorded on virtual machines and other providers; the disk provider sends it with its own refusals",
    ),
    (
        r"error .*",
        "policy of ours never recorded",
        ANY,
        "recorded on virtual machines, which have policies of their own",
    ),
    (r"error 404 NotFound", NEVER_OURS, "x-ms-request-charge", "of another provider's own"),
    (r"error 409 OperationNotAllowed", NEVER_OURS, r"error\.details.*", "on prices of virtual machines only"),
    (
        r"error 409 OperationNotAllowed",
        "wording never recorded",
        r"sql01-os is in another subscription.*",
        "the real wording was not found; see COVERAGE.md",
    ),
    (r"error 404 NotFound", "wording never recorded", r"Snapshot nobody is not found\.", "remembered"),
    (
        r"error 400 InvalidParameter",
        "wording never recorded",
        r"Value .* is out of range\..*",
        "remembered; recorded are parameters of virtual machines",
    ),
    (
        r"error 403 LinkedAuthorizationFailed",
        "wording never recorded",
        r"The client .* on the linked scope\(s\).*",
        "as reported for snapshots by several users; the recorded ones are of links into other tenants",
    ),
    (
        ANY,
        "field of ours never recorded",
        r"(properties\.output\.)?properties\.publicNetworkAccess:str",
        "newer than the complete recordings; in all transcribed exchanges of 2023 to 2025",
    ),
    (
        r"GET disk 200|GET operation 200 Succeeded disk",
        "field of ours never recorded",
        r"(properties\.output\.)?properties\.completionPercent:float",
        "newer than the complete recordings; transcribed 2025",
    ),
    (
        r"GET (snapshot 200|operation 200 Succeeded snapshot)",
        "field of ours never recorded",
        (
            r"(properties\.output\.)?properties\.(completionPercent:float|snapshotAccessState:str|"
            r"creationData\.(logicalSectorSize|instantAccessDurationMinutes):int)"
        ),
        "of snapshots that are copied in the background; transcribed in 2025 from the monitor URL",
    ),
    (
        r"PUT snapshot 202",
        "field of ours never recorded",
        r"properties\.creationData\.instantAccessDurationMinutes:int",
        "an echo; the body of the only recorded one was not transcribed",
    ),
    (
        r"GET disk 200|GET operation.* disk",
        "field of ours never recorded",
        (
            r"(properties\.output\.)?(managedByExtended:list|properties\.purchasePlan.*|"
            r"properties\.supportedCapabilities\.architecture:str)"
        ),
        "in the SDK's models; no recorded disk had it",
    ),
    (
        r"GET (snapshot 200|operation 200 Succeeded snapshot)",
        "field of ours never recorded",
        r"(properties\.output\.)?properties\.supportedCapabilities.*",
        "inherited from the disk, as the SDK's models say",
    ),
    (
        r"GET disk\.list 200",
        "field of ours never recorded",
        r"value\[\]\..*",
        (
            "the recorded lists hold a few plain "
            "disks; an entry of ours equals the GET of that disk, which this test checks, and that is compared in full"
        ),
    ),
    (
        r"GET operation\.monitor 200 (disk|snapshot)",
        "field (of ours never recorded|always recorded, not always ours)",
        r"(properties|tags|zones|managedBy).*",
        (
            "one disk and one snapshot were recorded, both of Ultra; ours are of all "
            "kinds and equal the operation's output, which is compared in full"
        ),
    ),
    (ANY, NEVER_OURS, r"(properties\.output\.)?extendedLocation.*", "edge zones are not imitated"),
    (
        ANY,
        NEVER_OURS,
        (
            r"(properties\.output\.)?properties\.creationData\.(galleryImageReference.*|sourceUri:str|"
            r"storageAccountId:str|uploadSizeBytes:int)"
        ),
        "disks from galleries, imports and uploads are not imitated",
    ),
    (ANY, NEVER_OURS, r"(properties\.output\.)?properties\.securityProfile.*", "trusted-launch disks: none is seeded"),
    (
        r"PUT disk 202",
        NEVER_OURS,
        r"properties\.creationData\.imageReference.*|properties\.supportedCapabilities.*",
        "disks are not created from images by the simulator; the seeded ones have it",
    ),
    (
        r"PUT (disk|snapshot) 202",
        NEVER_OURS,
        (
            r"associatedXStoreEntities.*|managedBy:str|physicalZone:str|properties\."
            r"(faultDomain:int|isArmResource:bool|osState:str|diskState:str|diskSizeBytes:int|creationData\.sourceUniqueId:str)"
        ),
        "internals that the echo let through until 2021; gone in 2023, and newer wins",
    ),
    (
        r"PUT disk 202",
        NEVER_OURS,
        r"properties\.readOnly:bool",
        "the same: a default of Ultra disks in the echo of 2021",
    ),
)


@dataclass
class Seen:
    """What was seen of one kind on one side: how often, and in how many answers each name occurred."""

    count: int = 0
    with_headers: int = 0
    headers: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    fields: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    policies: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)

    def add(self, headers: dict[str, Any] | None, body: Any) -> None:
        self.count += 1
        for name in set(_fields(body)):
            self.fields[name] += 1
        if isinstance(body, dict) and isinstance(body.get("error"), dict):
            self.messages.add(_wording(str(body["error"].get("message"))))
        if headers is None:
            return
        self.with_headers += 1
        for name in {name.lower() for name in headers}:
            self.headers[name] += 1
        lowered = {name.lower(): str(value) for name, value in headers.items()}
        remaining = lowered.get("x-ms-ratelimit-remaining-resource", "")
        self.policies |= set(re.findall(r"Microsoft\.Compute/(\w+);", remaining))


def test_the_simulator_answers_as_azure_was_recorded_to_answer(simulator: Simulator) -> None:
    recorded = _recorded()
    ours = _replayed(simulator, recorded)
    left_out = {kind for kind in recorded if kind not in ours}
    unexplained = {kind for kind in left_out if not _matching(NOT_REPLAYED, kind)}
    differences = sorted({entry for kind in recorded if kind in ours for entry in _differences(kind, recorded, ours)})
    excused = {entry: [excuse for excuse in EXCUSES if _excuses(excuse, entry)] for entry in differences}

    print(f"{len(recorded)} kinds recorded, {len(ours)} replayed, {len(differences)} differences")
    open_differences = [entry for entry, excuses in excused.items() if not excuses]
    used = {excuse for excuses in excused.values() for excuse in excuses}
    assert not unexplained, "kinds that are neither replayed nor excused:\n" + "\n".join(sorted(unexplained))
    assert not open_differences, "differences that nobody excused:\n" + "\n".join(map(str, open_differences))
    assert not set(EXCUSES) - used, f"excuses that excuse nothing: {sorted(set(EXCUSES) - used)}"
    unused = [pattern for pattern in NOT_REPLAYED if not any(re.fullmatch(pattern, kind) for kind in left_out)]
    assert not unused, f"kinds said not to be replayed that are, or that were never recorded: {unused}"


def test_the_recordings_are_here() -> None:
    """Without them nothing is checked, and that must not look like success."""
    missing = [name for name in FILES if not (RECORDINGS / f"{name}.jsonl").is_file()]

    assert not missing, f"no recordings {missing} in {RECORDINGS}"
    assert sum(1 for _ in _exchanges()) > 1_500


def _recorded() -> dict[str, Seen]:
    """All recorded kinds. Field and header counts are those of recent api-versions where a kind has any."""
    recent: dict[str, Seen] = defaultdict(Seen)
    older: dict[str, Seen] = defaultdict(Seen)
    for exchange in _exchanges():
        seen = recent if _version(exchange) >= RECENT else older
        headers = None if exchange["file"].endswith("transcribed") else exchange["headers"]
        seen[_kind(exchange)].add(headers, exchange["response"])
    return {**older, **recent}


def _exchanges() -> Iterator[dict[str, Any]]:
    for name in FILES:
        text = (RECORDINGS / f"{name}.jsonl").read_text(encoding="utf-8")
        for line in text.split("\n"):
            if line:
                exchange = json.loads(line)
                exchange["file"] = name
                exchange["request"] = _as_json(exchange["request_body"])
                exchange["response"] = _as_json(exchange["body"])
                yield exchange


def _as_json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value.strip() else None
    except ValueError:
        return value


def _version(exchange: dict[str, Any]) -> str:
    return parse_qs(urlsplit(exchange["uri"]).query).get("api-version", [""])[0]


def _kind(exchange: dict[str, Any]) -> str:
    """'PUT disk 202', 'GET operation 200 Succeeded snapshot', 'DELETE group 404 ResourceGroupNotFound'..."""
    shape = _shape(exchange["uri"])
    status, response = exchange["status"], exchange["response"]
    code = _error_code(response)
    if shape == "other":
        return f"error {status} {code or 'none'}"
    state = _state(response, shape)
    return " ".join(part for part in (exchange["method"], shape, str(status), code or state) if part)


def _shape(uri: str) -> str:
    parts = urlsplit(uri)
    path = parts.path.lower()
    if "/diskoperations/" in path:
        return "operation.monitor" if "monitor=true" in parts.query.lower() else "operation"
    if found := re.search(r"/providers/microsoft\.compute/(disk|snapshot)s(?:/[^/]+(/.*)?)?$", path):
        if path.endswith("s") and not re.search(r"(disks|snapshots)/", path):
            return f"{found[1]}.list"
        action = {"/begingetaccess": ".beginGetAccess", "/endgetaccess": ".endGetAccess"}
        return found[1] + (action.get(found[2], found[2]) if found[2] else "")
    return "group" if re.fullmatch(r"/subscriptions/[^/]+/resourcegroups/[^/]+", path) else "other"


def _error_code(response: Any) -> str:
    error = response.get("error") if isinstance(response, dict) else None
    return str(error.get("code", "")) if isinstance(error, dict) else ""


def _state(response: Any, shape: str) -> str:
    if isinstance(response, str):
        return "html"
    if shape == "operation.monitor":
        return _output(response)
    if shape != "operation" or not isinstance(response, dict):
        return ""
    if response.get("status") != "Succeeded":
        return str(response.get("status"))
    return f"Succeeded {_output((response.get('properties') or {}).get('output'))}"


def _output(output: Any) -> str:
    if not output:
        return "nothing"
    if "accessSAS" in output:
        return "access"
    kind = str(output.get("type", "untyped")).rsplit("/", 1)[-1].lower()
    return {"disks": "disk", "snapshots": "snapshot"}.get(kind, kind)


def _fields(value: Any, path: str = "") -> Iterator[str]:
    """'properties.diskSizeGB:int' and so on; what callers name themselves (tags) is a star."""
    if isinstance(value, dict):
        for name, inner in value.items():
            shown = "*" if path.endswith("tags") else name
            yield f"{path}.{shown}:{type(inner).__name__}".lstrip(".")
            yield from _fields(inner, f"{path}.{shown}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from _fields(inner, f"{path}[]")


def _wording(message: str) -> str:
    """An error's text with names, ids and numbers taken out."""
    text = re.sub(r"'[^']*'", "'...'", message)
    text = re.sub(r"/subscriptions/\S+", "<id>", text)
    text = re.sub(r"^Disk \S+ is attached", "Disk <name> is attached", text)
    return re.sub(r"timestamp '...'.*", "timestamp '...'", text).strip()


def _differences(kind: str, recorded: dict[str, Seen], ours: dict[str, Seen]) -> Iterator[tuple[str, str, str]]:
    theirs, own = recorded[kind], ours[kind]
    if theirs.with_headers:
        yield from _named(kind, "header", theirs.headers, theirs.with_headers, own.headers, own.count)
        for policy in own.policies - theirs.policies:
            yield kind, "policy of ours never recorded", policy
    yield from _named(kind, "field", theirs.fields, theirs.count, own.fields, own.count)
    for message in own.messages - theirs.messages:
        yield kind, "wording never recorded", message


def _named(
    kind: str, what: str, theirs: dict[str, int], their_count: int, own: dict[str, int], own_count: int
) -> Iterator[tuple[str, str, str]]:
    for name in theirs:
        if name not in own:
            often = "always" if theirs[name] == their_count else "sometimes"
            yield kind, f"{what} {often} recorded, never ours", name
        elif theirs[name] == their_count and own[name] < own_count:
            yield kind, f"{what} always recorded, not always ours", name
    for name in own:
        if name not in theirs:
            yield kind, f"{what} of ours never recorded", name


def _matching(patterns: dict[str, str], kind: str) -> list[str]:
    return [pattern for pattern in patterns if re.fullmatch(pattern, kind)]


def _excuses(excuse: tuple[str, str, str, str], entry: tuple[str, str, str]) -> bool:
    return all(re.fullmatch(pattern, text) for pattern, text in zip(excuse[:3], entry, strict=True))


def _replayed(simulator: Simulator, recorded: dict[str, Seen]) -> dict[str, Seen]:
    """Our answers by kind: the kind is read off our own answer, so that a wrong status is a kind never recorded."""
    replay = Replay(simulator)
    replay.prepare()
    replay.recorded_writes()
    replay.reads()
    replay.access()
    replay.errors()
    replay.deletes()
    strange = sorted(set(replay.seen) - set(recorded) - set(OURS_ONLY))
    assert set(OURS_ONLY) <= set(replay.seen), "a kind in OURS_ONLY was not seen"
    assert not strange, "kinds of answers that Azure was never recorded to give:\n" + "\n".join(strange)
    return dict(replay.seen)


# Kinds that only the simulator was asked for, and why they are sent at all.
OURS_ONLY = {
    "GET disk 404 ResourceNotFound": "recorded for snapshots, 46 times; ARM makes it and knows no difference",
    "GET snapshot.list 200": "no list of snapshots was recorded; it must look like the list of disks",
    "GET operation.monitor 200 nothing": "the result of endGetAccess and DELETE: Location is in their 202",
    "PATCH disk 202": "no PATCH of a disk was recorded; it must look like its PUT",
}


class Replay:
    """Sends requests to the simulator and keeps what was seen of each answer."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.seen: dict[str, Seen] = defaultdict(Seen)
        self.disk, self.snapshot = disk_id("sql01-os"), snapshot_id("source")

    def send(
        self, method: str, path: str, body: Any = None, *, as_error: bool = False, **options: Any
    ) -> requests.Response:
        answer = self.simulator.call(method, path, body, **options)
        uri = "https://elsewhere/other" if as_error else answer.request.url
        exchange = {
            "method": method,
            "uri": uri,
            "status": answer.status_code,
            "response": _as_json(answer.text),
        }
        self.seen[_kind(exchange)].add(dict(answer.headers), exchange["response"])
        return answer

    def follow(self, accepted: requests.Response) -> None:
        """Polls once while the operation runs and once after, then asks the monitor URL."""
        assert accepted.status_code == 202, accepted.text
        self.send("GET", accepted.headers["Azure-AsyncOperation"])
        self.simulator.pass_time(600)
        ended = self.send("GET", accepted.headers["Azure-AsyncOperation"]).json()
        result = self.send("GET", accepted.headers["Location"])
        assert _as_json(result.text) == ended.get("properties", {}).get("output")

    def prepare(self) -> None:
        self.simulator.set(time_scale=1, reads_bucket=10_000, writes_bucket=10_000, deletes_bucket=10_000)
        self.simulator.wait_for(self.simulator.call("PUT", self.snapshot, snapshot_of(self.disk)))
        for name, source in (("ultra", "sql01-log"), ("full", "web01-data")):
            body = snapshot_of(disk_id(source))
            body["properties"]["incremental"] = name != "full"
            self.simulator.wait_for(self.simulator.call("PUT", snapshot_id(name), body))

    def recorded_writes(self) -> None:
        """Every recorded body of a PUT that the simulator imitates, once for each shape of body."""
        for number, (kind, body) in enumerate(_recorded_bodies(self)):
            self.simulator.pass_time(400)  # past the window of seven snapshots
            path = (disk_id if kind == "disk" else snapshot_id)(f"replayed-{number}", "restores-westeurope")
            if kind == "disk" and {"networkAccessPolicy", "encryption"} <= set(body["properties"]):
                # The whole disk sent back: an update.
                self.simulator.wait_for(self.simulator.call("PUT", path, _before(body)))
            self.follow(self.send("PUT", path, body))
            self.send("GET", path)
        self._further_snapshots()

    def _further_snapshots(self) -> None:
        """Kinds of snapshots that were recorded of empty snapshots only, which the simulator does not make."""
        private = snapshot_of(disk_id("web01-os"))
        access = {"networkAccessPolicy": "AllowPrivate", "diskAccessId": disk_access_id(FIRST, "westeurope")}
        private["properties"].update(access)
        encrypted = snapshot_of(disk_id("payroll-cmk"))
        key = {"diskEncryptionSetId": encryption_set_id(FIRST, "westeurope")}
        encrypted["properties"]["encryption"] = {"type": "EncryptionAtRestWithCustomerKey", **key}
        for name, body in (("private", private), ("encrypted", encrypted)):
            self.follow(self.send("PUT", snapshot_id(name), body))
            self.send("GET", snapshot_id(name))

    def reads(self) -> None:
        for group in ("apps-westeurope", "apps-northeurope", "apps-eastus"):
            for row in self.send("GET", disk_id("", group).rstrip("/")).json()["value"]:
                assert self.send("GET", row["id"]).json() == row
        self.send("GET", snapshot_id("").rstrip("/"))
        for name in ("source", "ultra", "full"):
            self.send("GET", snapshot_id(name))

    def access(self) -> None:
        wish = {"access": "Read", "durationInSeconds": 36_000}
        for path in (snapshot_id("source"), disk_id("scratch03", "apps-eastus")):
            self.follow(self.send("POST", f"{path}/beginGetAccess", wish))
            self.follow(self.send("POST", f"{path}/endGetAccess"))
        self.follow(self.send("PATCH", disk_id("web01-os"), {"tags": {"a": "b"}}))

    def errors(self) -> None:
        self.send("GET", disk_id("nobody"))
        self.send("GET", snapshot_id("nobody"))
        self.send("DELETE", disk_id("web01-os"))
        self.send("DELETE", group_path("nobody"))
        self.simulator.fault("status", status=503, what="operation")
        operations = f"/subscriptions/{FIRST}/providers/Microsoft.Compute/locations/westeurope/DiskOperations"
        self.send("GET", f"{operations}/00000000-0000-0000-0000-000000000001")
        self._errors_of_arm()
        self._failed_operations()

    def _errors_of_arm(self) -> None:
        """Errors recorded on other providers' routes, provoked on ours."""
        lock = f"{disk_id('payroll-cmk')}/providers/Microsoft.Authorization/locks/guard"
        self.simulator.call("PUT", lock, {"properties": {"level": "CanNotDelete"}})
        self.send("DELETE", group_path("apps-westeurope"))
        self.simulator.call("DELETE", lock)
        self.send("GET", disk_id("d"), principal=STRANGER, as_error=True)
        self.send("GET", disk_id("d", "nobody"), as_error=True)
        self.send("GET", f"/subscriptions/{FIRST}/providers/Microsoft.DocumentDB/operationResults/x", as_error=True)
        operation = f"/subscriptions/{FIRST}/providers/Microsoft.Compute/locations/westeurope/DiskOperations/x"
        self.send("GET", operation, as_error=True)
        self.send("PUT", disk_id("d"), empty_disk(0), as_error=True)
        self.send("PUT", disk_id("d"), copy_of(snapshot_id("nobody")), as_error=True)
        self.send("PUT", disk_id("web01-os"), {**empty_disk(256), "zones": ["2"]}, as_error=True)
        self.send("PUT", snapshot_id("s", subscription=SECOND), snapshot_of(self.disk), as_error=True)
        self._linked()
        self.simulator.fault("status", status=504)
        self.send("GET", disk_id("web01-os"), as_error=True)

    def _linked(self) -> None:
        role = "7efff54f-a5b4-42b5-a1c5-5411624893ce"
        path = f"{group_path('snapshots-westeurope')}/providers/Microsoft.Authorization/roleAssignments/{STRANGER}"
        body = {"properties": {"roleDefinitionId": role, "principalId": STRANGER}}
        assert self.simulator.call("PUT", path, body).status_code == 201
        self.simulator.pass_time(10)
        self.send("PUT", snapshot_id("s"), snapshot_of(self.disk), principal=STRANGER, as_error=True)

    def _failed_operations(self) -> None:
        """Operations that end Failed were recorded on virtual machines; ours are on disks."""
        smaller = self.simulator.call("PUT", disk_id("r"), copy_of(snapshot_id("source"), diskSizeGB=1))
        self.simulator.pass_time(60)
        self.send("GET", smaller.headers["Azure-AsyncOperation"], as_error=True)
        self.simulator.fault("fail_late")
        failing = self.simulator.call("PUT", disk_id("r2"), copy_of(snapshot_id("source")))
        self.simulator.pass_time(60)
        self.send("GET", failing.headers["Azure-AsyncOperation"], as_error=True)

    def deletes(self) -> None:
        for path in (disk_id("orders-v2"), snapshot_id("full")):
            self.follow(self.send("DELETE", path))


def _recorded_bodies(replay: Replay) -> Iterator[tuple[str, dict[str, Any]]]:
    shapes = set()
    for exchange in _exchanges():
        kind, body = _shape(exchange["uri"]), exchange["request"]
        if exchange["method"] != "PUT" or kind not in ("disk", "snapshot") or not isinstance(body, dict):
            continue
        shape = (kind, tuple(sorted(set(_fields(body)))), _option(body), str(body.get("sku")))
        if _is_imitated(kind, body) and shape not in shapes:
            shapes.add(shape)
            yield kind, _transplanted(kind, copy.deepcopy(body), replay)


def _before(body: dict[str, Any]) -> dict[str, Any]:
    """The disk that a recorded update changes, as it was: of the SKU that its tier tells, and no larger."""
    properties = body["properties"]
    shown = {"creationData": properties["creationData"], "diskSizeGB": properties["diskSizeGB"]}
    sku = body["sku"]["name"]
    if "tier" in properties:
        sku = "Premium_LRS"
        shown["diskSizeGB"] = 1 if properties["tier"] == "P1" else shown["diskSizeGB"]
    return {
        **{name: body[name] for name in ("location", "zones") if name in body},
        "sku": {"name": sku},
        "properties": shown,
    }


def _option(body: dict[str, Any]) -> str:
    return str(((body.get("properties") or {}).get("creationData") or {}).get("createOption"))


def _is_imitated(kind: str, body: dict[str, Any]) -> bool:
    options = ("Empty", "Copy") if kind == "disk" else ("Copy", "CopyStart")
    creation = (body.get("properties") or {}).get("creationData") or {}
    if kind == "snapshot" or _option(body) == "Copy":
        return _option(body) in options and bool(creation.get("sourceResourceId"))
    return _option(body) in options and "extendedLocation" not in body


def _transplanted(kind: str, body: dict[str, Any], replay: Replay) -> dict[str, Any]:
    """The body with ids of the simulator's own world in the place of the recorded ones."""
    properties = body["properties"]
    creation = properties["creationData"]
    body["location"] = "westeurope"
    source = creation.get("sourceResourceId")
    if source:
        ultra = (body.get("sku") or {}).get("name") == "UltraSSD_LRS"
        ours = snapshot_id("ultra") if ultra else replay.snapshot
        creation["sourceResourceId"] = ours if "/snapshots/" in source.lower() else replay.disk
        if creation.get("instantAccessDurationMinutes"):
            creation["sourceResourceId"] = disk_id("sql01-log")
        if properties.get("diskSizeGB"):
            properties["diskSizeGB"] = max(properties["diskSizeGB"], 200)
    if creation["createOption"] == "CopyStart":
        body["location"] = "eastus"
    encryption = properties.get("encryption") or {}
    if encryption.get("diskEncryptionSetId"):
        encryption["diskEncryptionSetId"] = encryption_set_id(FIRST, "westeurope")
    if body["properties"].get("diskAccessId"):
        body["properties"]["diskAccessId"] = disk_access_id(FIRST, "westeurope")
    return dict(body)
