"""Ids and request bodies that the tests of the simulator share."""

from __future__ import annotations

from typing import Any

import requests

from infra.local.arm.seed import FIRST

APPS, SNAPSHOTS, RESTORES = "apps-westeurope", "snapshots-westeurope", "restores-westeurope"


def disk_id(name: str, group: str = APPS, subscription: str = FIRST) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/disks/{name}"


def snapshot_id(name: str, group: str = SNAPSHOTS, subscription: str = FIRST) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/snapshots/{name}"


def group_path(name: str, subscription: str = FIRST) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{name}"


def snapshot_of(source_id: str, location: str = "westeurope", **creation: Any) -> dict[str, Any]:
    return {
        "location": location,
        "sku": {"name": "Standard_LRS"},
        "tags": {"made-by": "test"},
        "properties": {
            "creationData": {"createOption": "Copy", "sourceResourceId": source_id, **creation},
            "incremental": True,
        },
    }


def copy_of(snapshot: str, sku: str = "Premium_LRS", **properties: Any) -> dict[str, Any]:
    return {
        "location": "westeurope",
        "sku": {"name": sku},
        "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": snapshot}, **properties},
    }


def empty_disk(size: int = 10, sku: str = "Premium_LRS", location: str = "westeurope", **body: Any) -> dict[str, Any]:
    properties = {"creationData": {"createOption": "Empty"}, "diskSizeGB": size, **body.pop("properties", {})}
    return {"location": location, "sku": {"name": sku}, "properties": properties, **body}


def code(answer: requests.Response) -> str:
    return str(answer.json()["error"]["code"])
