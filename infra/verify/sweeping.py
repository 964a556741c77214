"""Removes what a run made, in the order in which nothing is left behind: instances with their snapshots, policies and
vaults at the app, which Azure knows nothing of, then the resource group with all that is in it.

A group is a run's own if it bears the run's tag, which every run sets with the PUT that makes the group. None else is
touched: not one of the same name, not one with the tag under another name. Of other runs' groups only those go that
whoever calls says are left behind, for another run may be on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from infra.verify.api import RESOURCES, Api
from infra.verify.exchanges import Exchange

TAG = "disk-backup-verify"
PREFIX = f"{TAG}-"
STARTED = f"{TAG}-started"
PROVIDER = "providers/Microsoft.DataProtection"


class Foreign(Exception):
    """A resource group that no run made."""


def is_own(group: dict[str, Any]) -> bool:
    tags = group.get("tags") or {}
    return str(group.get("name", "")).startswith(PREFIX) and tags.get(TAG) == group["name"].removeprefix(PREFIX)


def check_own(api: Api, subscription: str, name: str) -> bool:
    """Whether a group is there and a run's own. Raises Foreign for one that is another's."""
    path = f"/subscriptions/{subscription}/resourceGroups/{name}"
    found = api.arm("GET", path, version=RESOURCES, expect=(200, 404))
    if found.status == 200 and not is_own(found.body):
        raise Foreign(f"resource group '{name}' was not made by this command: it is left alone")
    return found.status == 200


def tags_of(run: str, now: datetime) -> dict[str, str]:
    return {TAG: run, STARTED: now.strftime("%Y-%m-%dT%H:%M:%SZ")}


def left_groups(api: Api, subscription: str, is_left: Callable[[str, datetime], bool]) -> list[str]:
    """The names of the runs' groups of which `is_left` says, by the run's name and its start, that it is over."""
    listed = _pages(api, f"/subscriptions/{subscription}/resourceGroups")
    return [str(group["name"]) for group in listed if is_own(group) and is_left(group["tags"][TAG], _started(group))]


def _started(group: dict[str, Any]) -> datetime:
    """When the run began, by its tag; long ago where somebody changed that."""
    try:
        return datetime.fromisoformat(group["tags"][STARTED])
    except (KeyError, ValueError):
        return datetime.min.replace(tzinfo=UTC)


def remove(api: Api, subscription: str, name: str) -> None:
    """A run's group and all that it made in it; again where it was interrupted. Raises Foreign, Unexpected."""
    if not check_own(api, subscription, name):
        return
    path = f"/subscriptions/{subscription}/resourceGroups/{name}"
    for vault in _listed(api, f"{path}/{PROVIDER}/backupVaults"):
        empty(api, vault)
    api.arm_done("DELETE", path, version=RESOURCES)
    api.look_at(path, is_gone, version=RESOURCES)


def empty(api: Api, vault: str) -> None:
    """Delete a vault with what it holds."""
    for instance in _listed(api, f"{vault}/backupInstances"):
        api.app_done("DELETE", instance)
        api.look_at(instance, is_gone)
    for policy in _listed(api, f"{vault}/backupPolicies"):
        api.app("DELETE", policy, expect=(200, 204))
    api.app_done("DELETE", vault)
    api.look_at(vault, is_gone)


def is_gone(looked: Exchange) -> bool:
    return looked.status == 404


def _listed(api: Api, path: str) -> list[str]:
    return [str(each["id"]) for each in api.app("GET", path, expect=(200,)).body["value"]]


def _pages(api: Api, path: str) -> Iterator[dict[str, Any]]:
    page = api.arm("GET", f"{path}?$filter=tagName eq '{TAG}'", version=RESOURCES, expect=(200,))
    yield from page.body["value"]
    while link := page.body.get("nextLink"):
        page = api.look(link, lambda _: True)
        yield from page.body["value"]
