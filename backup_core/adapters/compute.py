"""Managed disks and snapshots in Azure, through the compute SDK: one HTTP call per method, no waiting, no retries.

`read` and `values` are for other adapters that call ARM with the same identity and budgets (azure_backup.py).
Leaves to others: what refusals mean (azure_errors.py), whose turn it is (meters.py), and connections (clients.py).
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

from backup_core.adapters import cost_query
from backup_core.adapters.azure_errors import Absent, Call, CallKind, translated
from backup_core.adapters.clients import ComputeClients
from backup_core.adapters.disk_data import read_ranges
from backup_core.adapters.meters import Lane, Meters
from backup_core.domain.acting import OWN, not_held
from backup_core.domain.data_sample import ByteRange
from backup_core.domain.disk import Disk, OperationState, Snapshot
from backup_core.domain.errors import IdentityNotHeld, PermissionMissing, RequestRefused, Throttled
from backup_core.domain.pacing import News
from backup_core.domain.permissions import Grant, Permissions
from backup_core.domain.resource_ids import (
    DISK,
    ENCRYPTION_SET,
    GROUP_FORM,
    SNAPSHOT,
    GroupId,
    ResourceId,
    parse_group_id,
    parse_resource_id,
    plain_location,
)
from backup_core.domain.restored_disk import access_of, closed_as
from backup_core.domain.surroundings import BilledDay, EncryptionSet, Group, Identity, Lock, Offer, Usage
from backup_core.domain.swap import DataDisk, Machine
from backup_core.ports import is_asking

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential
    from azure.mgmt.compute import ComputeManagementClient

T = TypeVar("T")
Send = Callable[["ComputeManagementClient", Callable[[Any], None]], T]  # the second is the SDK's raw_response_hook

LANES: Mapping[CallKind, Lane] = {
    CallKind.GET_DISK: Lane("reads", "LowCostGet"),
    CallKind.FIND_DISK: Lane("reads", "LowCostGet"),
    CallKind.FIND_SNAPSHOT: Lane("reads", "LowCostGet"),
    CallKind.LIST_SNAPSHOTS: Lane("reads", "HighCostGet"),
    CallKind.LIST_DISKS: Lane("reads", "HighCostGet"),
    CallKind.GET_OPERATION: Lane("reads", "GetOperation"),
    CallKind.START_SNAPSHOT: Lane("writes", "HighCostSnapshotCreateHydrate"),
    CallKind.START_COPY: Lane("writes", "HighCostSnapshotCreateHydrate"),
    CallKind.START_DISK: Lane("writes", "CreateUpdateDisks"),
    CallKind.DELETE_SNAPSHOT: Lane("deletes", "DeleteDisks"),
    CallKind.DELETE_DISK: Lane("deletes", "DeleteDisks"),
    CallKind.OPEN_DISK: Lane("writes", "HighCostDiskHydrate"),
    CallKind.CLOSE_DISK: Lane("writes", "HighCostDiskHydrate"),
    CallKind.OPEN_SNAPSHOT: Lane("writes", "HighCostSnapshotCreateHydrate"),
    CallKind.CLOSE_SNAPSHOT: Lane("writes", "HighCostSnapshotCreateHydrate"),
    CallKind.BIND_SNAPSHOT: Lane("writes"),  # its policy at the provider is not known
    CallKind.TAG_SNAPSHOT: Lane("writes", "HighCostSnapshotCreateHydrate"),
    CallKind.FIND_MACHINE: Lane("reads"),  # the policies of machines are others than those of disks
    CallKind.CHANGE_MACHINE: Lane("writes"),
    CallKind.FIND_ENCRYPTION_SET: Lane("reads", "LowCostGet"),
    # ARM's own, but for the usages, whose policy at the provider is not known.
    CallKind.FIND_GROUP: Lane("reads"),
    CallKind.READ_LOCKS: Lane("reads"),
    CallKind.LIST_REGIONS: Lane("reads"),
    CallKind.READ_PERMISSIONS: Lane("reads"),
    CallKind.READ_USAGE: Lane("reads"),
    CallKind.READ_OFFER: Lane("reads"),
    CallKind.FIND_ORIGIN: Lane("reads"),
    CallKind.LIST_ORIGIN: Lane("reads"),
    # A POST, which ARM counts among the writes. Its refusals are frequent, and must not hold back any snapshot.
    CallKind.READ_COST: Lane("CostManagement"),
    CallKind.CHANGE_ORIGIN: Lane("writes"),
}
# The versions of what is not the compute SDK's, which names its own.
_VERSIONS: Mapping[CallKind, str] = {
    CallKind.FIND_GROUP: "2021-04-01",
    CallKind.FIND_MACHINE: "2024-07-01",
    CallKind.CHANGE_MACHINE: "2024-07-01",
    CallKind.READ_LOCKS: "2020-05-01",
    CallKind.LIST_REGIONS: "2022-12-01",
    CallKind.READ_PERMISSIONS: "2022-04-01",
    CallKind.READ_USAGE: "2024-07-01",
    CallKind.READ_OFFER: "2021-07-01",
    CallKind.FIND_ORIGIN: "2024-04-01",
    CallKind.LIST_ORIGIN: "2024-04-01",
    CallKind.READ_COST: "2025-03-01",
    CallKind.CHANGE_ORIGIN: "2024-04-01",
}
_AUTHORIZATION = "/providers/Microsoft.Authorization"


class ArmDiskCloud:
    """See ports.DiskCloud. `endpoint` is ARM's, `scope` what tokens are for. Thread-safe.

    When Azure's budget of calls is used up, a call raises Throttled without being made, with its own place in line in
    `retry_after_seconds`: whoever comes back then needs no further spread.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        scope: str,
        credential: TokenCredential,
        meters: Meters | None = None,
        per_call_policies: Sequence[Any] = (),
        identities: Mapping[str, Callable[[], TokenCredential]] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._scope = scope
        self._credential = credential
        self._meters = meters or Meters()
        self._extra_policies = tuple(per_call_policies)
        self._clients = ComputeClients(
            endpoint=endpoint, scope=scope, credential=credential, per_call_policies=per_call_policies
        )
        self._lock = threading.Lock()
        named = {name.lower(): held for name, held in (identities or {}).items()}
        self._identities: Mapping[str, Callable[[], TokenCredential]] = {OWN: lambda: credential, **named}
        self._acting: dict[str, ArmDiskCloud] = {OWN: self}

    def acting_as(self, identity: str) -> ArmDiskCloud:
        """Azure counts most calls by subscription, whoever makes them: all of us share the meters."""
        name = identity.lower()
        with self._lock:
            if name not in self._acting:
                twin = ArmDiskCloud(
                    endpoint=self._endpoint,
                    scope=self._scope,
                    credential=self._credential_of(identity),
                    meters=self._meters,
                    per_call_policies=self._extra_policies,
                )
                twin._identities, twin._acting, twin._lock = self._identities, self._acting, self._lock
                self._acting[name] = twin
            return self._acting[name]

    def _credential_of(self, identity: str) -> TokenCredential:
        held = self._identities.get(identity.lower())
        return held() if held else _NotHeld(identity)

    def holds(self, identity: str) -> bool:
        return identity.lower() in self._identities

    def get_disk(self, disk_id: str) -> Disk:
        return Disk(raw=self._get_disk(CallKind.GET_DISK, disk_id))

    def find_disk(self, disk_id: str) -> Disk | None:
        try:
            return Disk(raw=self._get_disk(CallKind.FIND_DISK, disk_id))
        except Absent:
            return None

    def start_snapshot(self, snapshot_id: str, *, source: Disk, tags: Mapping[str, str]) -> str:
        """The SKU is left out: Azure then keeps that of the disk's earlier snapshots, and starts with zone-redundant
        storage where there is any. Network access is not inherited (recorded: AllowAll), and said."""
        item = parse_resource_id(snapshot_id, SNAPSHOT)
        body: dict[str, Any] = {
            "location": source.location,
            "tags": dict(tags),
            "properties": {
                "creationData": {"createOption": "Copy", "sourceResourceId": source.id},
                "incremental": True,
                **access_of(source.raw.get("properties") or {}),
            },
        }
        if source.raw.get("extendedLocation"):
            body["extendedLocation"] = source.raw["extendedLocation"]
        answer = self._ask(
            Call(kind=CallKind.START_SNAPSHOT, target=snapshot_id, source=source.id),
            lambda client, hook: client.snapshots.begin_create_or_update(
                item.group, item.name, _content(body), polling=False, raw_response_hook=hook
            ),
            region=source.location,
        )
        return _operation_url(answer)

    def start_copy(
        self, snapshot_id: str, *, source: Snapshot, location: str, tags: Mapping[str, str], encryption_set_id: str = ""
    ) -> str:
        """Locally redundant: it is the second copy, and not every region has zones. A disk access lies in one region,
        so a source that names one has a copy that nobody exports."""
        item = parse_resource_id(snapshot_id, SNAPSHOT)
        body: dict[str, Any] = {
            "location": location,
            "sku": {"name": "Standard_LRS"},
            "tags": dict(tags),
            "properties": {
                "creationData": {"createOption": "CopyStart", "sourceResourceId": source.id},
                "incremental": True,
                **closed_as(source.raw.get("properties") or {}),
                **({"encryption": _with_key(encryption_set_id)} if encryption_set_id else {}),
            },
        }
        answer = self._ask(
            Call(kind=CallKind.START_COPY, target=snapshot_id, source=source.id),
            lambda client, hook: client.snapshots.begin_create_or_update(
                item.group, item.name, _content(body), polling=False, raw_response_hook=hook
            ),
            region=location,
        )
        return _operation_url(answer)

    def find_snapshot(self, snapshot_id: str) -> Snapshot | None:
        item = parse_resource_id(snapshot_id, SNAPSHOT)
        try:
            answer = self._ask(
                Call(kind=CallKind.FIND_SNAPSHOT, target=snapshot_id),
                lambda client, hook: client.snapshots.get(item.group, item.name, raw_response_hook=hook),
            )
        except Absent:
            return None
        return read_snapshot(answer.json())

    def get_operation(self, url: str) -> OperationState | None:
        """Raises RequestRefused for a URL that is not ARM's: the token that goes with the call is for ARM only.

        The built-in disk roles may not read operations, and nothing documents that the URL's signature stands for it.
        Where Azure refuses, the operation counts as forgotten: what it was for tells how it ended.
        """
        try:
            return _operation_state(self.read(Call(kind=CallKind.GET_OPERATION, target=url), url))
        except (Absent, PermissionMissing):
            return None

    def snapshot_of(self, operation: OperationState) -> Snapshot | None:
        output = operation.output
        return read_snapshot(output) if output and output.get("id") and output.get("properties") else None

    def delete_snapshot(self, snapshot_id: str) -> str:
        item = parse_resource_id(snapshot_id, SNAPSHOT)
        try:
            answer = self._ask(
                Call(kind=CallKind.DELETE_SNAPSHOT, target=snapshot_id),
                lambda client, hook: client.snapshots.begin_delete(
                    item.group, item.name, polling=False, raw_response_hook=hook
                ),
            )
        except Absent:
            return ""
        return _operation_url(answer)

    def bind_snapshot(self, snapshot_id: str, *, days: int) -> None:
        """The plain action, which never shortens; locking a policy would take a right that can also end one."""
        item = parse_resource_id(snapshot_id, SNAPSHOT)
        policy = {"immutabilityDurationDays": days, "type": "Unlocked"}
        self._ask(
            Call(kind=CallKind.BIND_SNAPSHOT, target=snapshot_id),
            lambda client, hook: client.snapshots.begin_update_immutability_policy(
                item.group, item.name, _content(policy), polling=False, raw_response_hook=hook
            ),
        )

    def tag_snapshot(self, snapshot_id: str, tags: Mapping[str, str]) -> None:
        item = parse_resource_id(snapshot_id, SNAPSHOT)
        with suppress(Absent):
            self._ask(
                Call(kind=CallKind.TAG_SNAPSHOT, target=snapshot_id),
                lambda client, hook: client.snapshots.begin_update(
                    item.group, item.name, _content({"tags": dict(tags)}), polling=False, raw_response_hook=hook
                ),
            )

    def list_snapshots(self, group: GroupId) -> Iterator[Snapshot]:
        call = Call(kind=CallKind.LIST_SNAPSHOTS, target=group.text)
        listed = self._pages(
            call, lambda client, hook: client.snapshots.list_by_resource_group(group.group, raw_response_hook=hook)
        )
        return map(read_snapshot, listed)

    def list_all_snapshots(self, subscription: str) -> Iterator[Snapshot]:
        call = Call(kind=CallKind.LIST_SNAPSHOTS, target=f"/subscriptions/{subscription}")
        return map(read_snapshot, self._pages(call, lambda client, hook: client.snapshots.list(raw_response_hook=hook)))

    def list_disks(self, scope: str) -> Iterator[Disk]:
        group = parse_group_id(scope).group if GROUP_FORM.match(scope) else None
        call = Call(kind=CallKind.LIST_DISKS, target=scope)

        def begin(client: ComputeManagementClient, hook: Callable[[Any], None]) -> Any:
            if group is None:
                return client.disks.list(raw_response_hook=hook)
            return client.disks.list_by_resource_group(group, raw_response_hook=hook)

        try:
            for raw in self._pages(call, begin):
                yield Disk(raw=raw)
        except Absent:
            return

    def _pages(self, call: Call, begin: Send[Any]) -> Iterator[Mapping[str, Any]]:
        """What a list holds, in ARM's JSON. One call per page, each made when its first item is asked for."""
        pages: Iterator[Any] | None = None
        hooks: list[Callable[[Any], None]] = []

        def send(client: ComputeManagementClient, hook: Callable[[Any], None]) -> bool:
            nonlocal pages
            hooks[:] = [hook]
            if pages is None:
                pages = begin(client, lambda response: hooks[0](response)).by_page()
            return next(pages, None) is not None

        while True:
            answer = self._ask(call, send)
            yield from answer.json().get("value", ())
            if not answer.json().get("nextLink"):
                return

    def start_disk(self, disk_id: str, body: Mapping[str, Any]) -> str:
        item = parse_resource_id(disk_id, DISK)
        source = str(body.get("properties", {}).get("creationData", {}).get("sourceResourceId", ""))
        answer = self._ask(
            Call(kind=CallKind.START_DISK, target=disk_id, source=source),
            lambda client, hook: client.disks.begin_create_or_update(
                item.group, item.name, _content(body), polling=False, raw_response_hook=hook
            ),
        )
        return _operation_url(answer)

    def delete_disk(self, disk_id: str) -> str:
        item = parse_resource_id(disk_id, DISK)
        call = Call(kind=CallKind.DELETE_DISK, target=disk_id)
        return self._begin_if_there(
            call,
            lambda client, hook: client.disks.begin_delete(
                item.group, item.name, polling=False, raw_response_hook=hook
            ),
        )

    def start_access(self, resource_id: str, *, lasts: timedelta) -> str:
        kind, item = _disk_or_snapshot(resource_id)
        body = {"access": "Read", "durationInSeconds": int(lasts.total_seconds())}
        answer = self._ask(
            Call(kind=CallKind.OPEN_DISK if kind == DISK else CallKind.OPEN_SNAPSHOT, target=resource_id),
            lambda client, hook: (client.disks if kind == DISK else client.snapshots).begin_grant_access(
                item.group, item.name, _content(body), polling=False, raw_response_hook=hook
            ),
        )
        return _operation_url(answer)

    def end_access(self, resource_id: str) -> str:
        kind, item = _disk_or_snapshot(resource_id)
        call = Call(kind=CallKind.CLOSE_DISK if kind == DISK else CallKind.CLOSE_SNAPSHOT, target=resource_id)
        return self._begin_if_there(
            call,
            lambda client, hook: (client.disks if kind == DISK else client.snapshots).begin_revoke_access(
                item.group, item.name, polling=False, raw_response_hook=hook
            ),
        )

    def _begin_if_there(self, call: Call, send: Send[Any]) -> str:
        """As _ask, for what is as good as done where there is nothing."""
        try:
            return _operation_url(self._ask(call, send))
        except Absent:
            return ""

    def read_data(self, operation: OperationState, resource_id: str, ranges: Sequence[ByteRange]) -> Iterator[bytes]:
        url = str((operation.output or {}).get("accessSAS") or "")
        return read_ranges(self._clients.transport(), url, resource_id, ranges)

    def find_machine(self, machine_id: str) -> Machine | None:
        call = Call(kind=CallKind.FIND_MACHINE, target=machine_id)
        try:
            raw = self.read(call, f"{self.url(call.kind, machine_id)}&$expand=instanceView").json()
        except Absent:
            return None
        return Machine(raw=raw)

    def detach_disks(self, machine_id: str, disk_ids: Sequence[str]) -> str:
        return self._exchange(machine_id, {"dataDisksToDetach": [{"diskId": each} for each in disk_ids]})

    def attach_disks(self, machine_id: str, disks: Sequence[DataDisk]) -> str:
        return self._exchange(machine_id, {"dataDisksToAttach": [_attached(each) for each in disks]})

    def _exchange(self, machine_id: str, body: Mapping[str, Any]) -> str:
        call = Call(kind=CallKind.CHANGE_MACHINE, target=machine_id)
        return _operation_url(self.read(call, self.url(call.kind, f"{machine_id}/attachDetachDataDisks"), body))

    def replace_os_disk(self, machine: Machine, disk_id: str) -> str:
        """With the ETag where Azure gives one, so that a change that came between is not written over."""
        call = Call(kind=CallKind.CHANGE_MACHINE, target=machine.id, source=disk_id)
        etag = str(machine.raw.get("etag") or "")
        headers = {"If-Match": etag} if etag else {}
        url, body = self.url(call.kind, machine.id), machine.with_os_disk(disk_id)
        return _operation_url(self.read(call, url, body, method="PUT", headers=headers))

    def find_group(self, group: GroupId) -> Group | None:
        call = Call(kind=CallKind.FIND_GROUP, target=group.text)
        try:
            raw = self.read(call, self.url(call.kind, group.text)).json()
        except Absent:
            return None
        return Group(id=str(raw["id"]), location=str(raw["location"]))

    def locks_at(self, group: GroupId) -> tuple[Lock, ...]:
        call = Call(kind=CallKind.READ_LOCKS, target=group.text)
        try:
            return tuple(map(_read_lock, self.values(call, f"{group.text}{_AUTHORIZATION}/locks")))
        except Absent:
            return ()

    def permissions_at(self, scope: str) -> Permissions:
        call = Call(kind=CallKind.READ_PERMISSIONS, target=scope)
        try:
            entries = self.values(call, f"{scope}{_AUTHORIZATION}/permissions")
        except Absent:
            return Permissions()
        return Permissions(grants=tuple(map(_read_grant, entries)))

    def regions(self, subscription: str) -> frozenset[str]:
        call = Call(kind=CallKind.LIST_REGIONS, target=f"/subscriptions/{subscription}")
        return frozenset(str(entry["name"]).lower() for entry in self.values(call, f"{call.target}/locations"))

    def find_encryption_set(self, set_id: str) -> EncryptionSet | None:
        item = parse_resource_id(set_id, ENCRYPTION_SET)
        try:
            answer = self._ask(
                Call(kind=CallKind.FIND_ENCRYPTION_SET, target=set_id),
                lambda client, hook: client.disk_encryption_sets.get(item.group, item.name, raw_response_hook=hook),
            )
        except Absent:
            return None
        return _read_encryption_set(answer.json())

    def usage(self, subscription: str, location: str) -> Mapping[str, Usage]:
        call = Call(kind=CallKind.READ_USAGE, target=f"/subscriptions/{subscription}")
        region = quote(plain_location(location), safe="")
        path = f"{call.target}/providers/Microsoft.Compute/locations/{region}/usages"
        return {
            str(entry["name"]["value"]): Usage(current=int(entry["currentValue"]), limit=int(entry["limit"]))
            for entry in self.values(call, path)
        }

    def offered_disks(self, subscription: str, location: str) -> Offer:
        """A list of all kinds of everything in a region, of which a name stands once for each of its sizes."""
        call = Call(kind=CallKind.READ_OFFER, target=f"/subscriptions/{subscription}")
        region, path = plain_location(location), f"{call.target}/providers/Microsoft.Compute/skus"
        offered: dict[str, frozenset[str]] = {}
        for entry in self.values(call, path, "&$filter=" + quote(f"location eq '{region}'")):
            zones = _offered_zones(entry, region) if entry.get("resourceType") == "disks" else None
            if zones is not None:
                offered[str(entry["name"])] = offered.get(str(entry["name"]), frozenset()) | zones
        return offered

    def billed(self, scope: str, tags: Mapping[str, str], first: date, last: date) -> tuple[BilledDay, ...]:
        call = Call(kind=CallKind.READ_COST, target=scope)
        question, found = cost_query.question(tags, first, last), list[BilledDay]()
        url: str | None = self.url(call.kind, f"{scope}/providers/Microsoft.CostManagement/query")
        while url:
            body = self.read(call, url, question).json()
            found += cost_query.days(body, scope)
            url = cost_query.next_link(body)
        return tuple(sorted(found, key=lambda each: each.day))

    def news(self) -> Sequence[News]:
        return self._meters.news()

    def identity(self, resource_id: str = "") -> Identity:
        """Reads our own token, which the calls before have put into the credential's cache."""
        with translated(Call(kind=CallKind.READ_PERMISSIONS, target=resource_id or self._scope)):
            token = self._credential_of(resource_id).get_token(self._scope)
        claims = _claims(token.token)
        client_id = claims.get("appid") or claims.get("azp")  # of versions 1.0 and 2.0
        told = {"principal_id": claims.get("oid"), "client_id": client_id, "tenant_id": claims.get("tid")}
        return Identity(**{name: str(value or "") for name, value in told.items()})

    def url(self, kind: CallKind, path: str) -> str:
        return f"{self._endpoint.rstrip('/')}{quote(path)}?api-version={_VERSIONS[kind]}"

    def values(self, call: Call, path: str, query: str = "") -> list[Any]:
        """All entries of a list, which ARM answers in one page as long as it is short. `query` goes on after the api
        version."""
        found: list[Any] = []
        url: str | None = self.url(call.kind, path) + query
        while url:
            body = self.read(call, url).json()
            found += body.get("value", ())
            url = body.get("nextLink")
        return found

    def read(
        self,
        call: Call,
        url: str,
        question: Mapping[str, Any] | None = None,
        *,
        method: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """GET `url`, POST a question to it, or use another method. Raises RequestRefused when it is not ARM's: the
        token that goes with the call is for ARM only."""
        from azure.core.rest import HttpRequest

        if urlsplit(url)[:2] != urlsplit(self._endpoint)[:2]:
            raise RequestRefused(f"'{url}' is not at {self._endpoint}; it was not asked.", target=url)

        def send(client: ComputeManagementClient, hook: Callable[[Any], None]) -> None:
            chosen = method or ("POST" if question else "GET")
            request = HttpRequest(chosen, url, json=question, headers=dict(headers or {}))
            client.send_request(request, raw_response_hook=hook).raise_for_status()

        return self._ask(call, send, subscription=_subscription_in(urlsplit(url).path))

    def _get_disk(self, kind: CallKind, disk_id: str) -> Mapping[str, Any]:
        item = parse_resource_id(disk_id, DISK)
        answer = self._ask(
            Call(kind=kind, target=disk_id),
            lambda client, hook: client.disks.get(item.group, item.name, raw_response_hook=hook),
        )
        raw: Mapping[str, Any] = answer.json()
        return raw

    def _ask(self, call: Call, send: Send[Any], *, subscription: str | None = None, region: str = "") -> Any:
        """Make one call when it is our turn; answers the HTTP response. Raises the domain's errors."""
        subscription = subscription or _subscription_in(call.target)
        lane = LANES[call.kind].in_region(region)
        asks = is_asking()
        self._meters.enter(subscription, lane, asks=asks)
        seen: list[Any] = []
        throttled = False
        try:
            with translated(call):
                send(self._clients.of(subscription), lambda response: seen.append(response.http_response))
        except Throttled as error:
            throttled = True
            body = seen[-1].text() if seen else ""
            wait = self._meters.refused(
                subscription, lane, _headers(seen), error.retry_after_seconds, asks=asks, body=body
            )
            raise Throttled(error.message, retry_after_seconds=wait) from error
        finally:
            if not throttled:
                self._meters.answered(subscription, lane, _headers(seen))
        return seen[-1]


class _NotHeld:
    """In the place of the credential of an identity that the app does not hold."""

    def __init__(self, identity: str) -> None:
        self._identity = identity

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        del scopes, options
        raise IdentityNotHeld(f"{not_held(self._identity)}.", target=self._identity)


def _with_key(encryption_set_id: str) -> Mapping[str, str]:
    return {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": encryption_set_id}


def read_snapshot(raw: Mapping[str, Any]) -> Snapshot:
    """ARM's JSON of a snapshot as a value. While Azure has not stamped its creation yet, it counts as created now."""
    properties = raw.get("properties") or {}
    percent = properties.get("completionPercent")
    created = properties.get("timeCreated")
    return Snapshot(
        id=str(raw["id"]),
        location=str(raw.get("location", "")),
        tags=raw.get("tags") or {},
        created_at=datetime.fromisoformat(created).astimezone(UTC) if created else datetime.now(UTC),
        provisioning_state=str(properties.get("provisioningState", "Succeeded")),
        completion_percent=100.0 if percent is None else float(percent),
        source_id=str((properties.get("creationData") or {}).get("sourceResourceId", "")),
        size_bytes=int(properties.get("diskSizeBytes") or int(properties.get("diskSizeGB") or 0) << 30),
        raw=raw,
    )


def _attached(disk: DataDisk) -> dict[str, Any]:
    """The LUN is always said: Azure would choose one."""
    own: dict[str, Any] = {"diskId": disk.disk_id, "lun": disk.lun, "caching": disk.caching}
    own |= {"writeAcceleratorEnabled": True} if disk.write_accelerated else {}
    return own | ({"deleteOption": disk.delete_option} if disk.delete_option else {})


def _read_lock(raw: Mapping[str, Any]) -> Lock:
    """A lock's scope is what its id begins with."""
    lock_id = str(raw["id"])
    scope = lock_id[: lock_id.lower().rindex(f"{_AUTHORIZATION}/locks/".lower())]
    return Lock(name=str(raw["name"]), level=str(raw["properties"]["level"]), scope=scope)


def _read_grant(raw: Mapping[str, Any]) -> Grant:
    return Grant(actions=tuple(raw.get("actions") or ()), not_actions=tuple(raw.get("notActions") or ()))


def _offered_zones(raw: Mapping[str, Any], region: str) -> frozenset[str] | None:
    """The zones of a kind in a region, None where the subscription may not have it there."""
    places = [each for each in raw.get("locationInfo") or () if plain_location(str(each.get("location"))) == region]
    restrictions = raw.get("restrictions") or ()
    if not places or any(each.get("type") == "Location" for each in restrictions):
        return None
    closed = [(each.get("restrictionInfo") or {}).get("zones") or () for each in restrictions]
    return frozenset(zone for each in places for zone in each.get("zones") or ()).difference(*closed)


def _read_encryption_set(raw: Mapping[str, Any]) -> EncryptionSet:
    properties = raw.get("properties") or {}
    return EncryptionSet(
        id=str(raw["id"]),
        location=str(raw.get("location", "")),
        provisioning_state=str(properties.get("provisioningState", "Succeeded")),
        key_url=str((properties.get("activeKey") or {}).get("keyUrl", "")),
        key_error=str((properties.get("autoKeyRotationError") or {}).get("message", "")),
    )


def _claims(token: str) -> Mapping[str, Any]:
    """The claims of our own token, which needs no proof; none when it is no JWT."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError, RecursionError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def _disk_or_snapshot(resource_id: str) -> tuple[str, ResourceId]:
    kind = DISK if f"/{DISK}/".lower() in resource_id.lower() else SNAPSHOT
    return kind, parse_resource_id(resource_id, kind)


def _content(body: Mapping[str, Any]) -> io.BytesIO:
    return io.BytesIO(json.dumps(body).encode())


def _headers(seen: Sequence[Any]) -> Mapping[str, str]:
    return dict(seen[-1].headers) if seen else {}


def _operation_url(answer: Any) -> str:
    """Where the operation can be polled. The asynchronous operation is asked rather than the result's location."""
    return str(answer.headers.get("Azure-AsyncOperation") or answer.headers.get("Location") or "")


def _operation_state(answer: Any) -> OperationState:
    """Reads both kinds of operation URL: one tells the state, the other answers 202 until it has the result."""
    if answer.status_code == 202:
        return OperationState(status="InProgress")
    body = answer.json() if answer.text() else {}
    if "status" not in body:
        return OperationState(status="Succeeded", output=body or None)
    error = body.get("error") or {}
    return OperationState(
        status=str(body["status"]),
        error_code=str(error.get("code", "")),
        error_message=str(error.get("message", "")),
        output=(body.get("properties") or {}).get("output"),
    )


def _subscription_in(path: str) -> str:
    parts = path.lower().split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "subscriptions" else ""
