"""The host's access keys, in the blobs where Azure keeps them: `azure-webjobs-secrets/<host id>/host.json`.

Made once, by the first instance; whoever comes later reads them.
"""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Any

from .storage import Storage

SECRETS_CONTAINER = "azure-webjobs-secrets"
EVENT_GRID_KEY = "eventgrid_extension"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKeys:
    """Values by what they open; `function` opens every function, `master` opens everything."""

    master: str
    function: str
    event_grid: str


async def host_keys(storage: Storage, host_id: str) -> HostKeys:
    """The keys of this host, made if nobody made them yet. Raises StorageError."""
    await storage.create_container(SECRETS_CONTAINER)
    path = f"{SECRETS_CONTAINER}/{host_id}/host.json"
    stored = await storage.read_blob(path)
    if stored is None:
        await storage.write_blob(path, json.dumps(_new_keys()).encode(), only_if_new=True)
        stored = await storage.read_blob(path)
    content = json.loads(stored or b"{}")
    return HostKeys(
        master=content["masterKey"]["value"],
        function=_value(content["functionKeys"], "default"),
        event_grid=_value(content["systemKeys"], EVENT_GRID_KEY),
    )


def is_one_of(given: str, *keys: str) -> bool:
    """Whether `given` is one of `keys`; each comparison takes as long whatever is right in it."""
    return any(hmac.compare_digest(given.encode(), key.encode()) for key in keys)


def _new_keys() -> dict[str, Any]:
    return {
        "masterKey": _new_key("master"),
        "functionKeys": [_new_key("default")],
        "systemKeys": [_new_key(EVENT_GRID_KEY)],
    }


def _new_key(name: str) -> dict[str, Any]:
    return {"name": name, "value": secrets.token_urlsafe(40), "encrypted": False}


def _value(keys: list[dict[str, Any]], name: str) -> str:
    return next(str(key["value"]) for key in keys if key["name"] == name)
