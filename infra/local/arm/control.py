"""The control API under /_simulator/: for tests, demos and benches on this machine. It is not ARM and asks no token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from infra.local.arm import backup, data, disks, machines, seed, snapshots
from infra.local.arm.buckets import FrontDoor, ProviderPolicies
from infra.local.arm.gateway import Gateway
from infra.local.arm.paths import TYPE_NAMES, parse
from infra.local.arm.wire import Json
from infra.local.arm.world import Resource


class Control:
    """One method for each request; ValueError and KeyError in a body become 400 with a reason."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._world = gateway.world
        self._routes: dict[tuple[str, str], Callable[[Json], Any]] = {
            ("GET", "health"): self._health,
            ("GET", "ledger"): self._ledger,
            ("GET", "storage"): self._storage,
            ("GET", "counts"): self._counts,
            ("DELETE", "counts"): self._clear_counts,
            ("GET", "faults"): lambda _: {"faults": gateway.faults.all()},
            ("POST", "faults"): lambda wish: gateway.faults.add(wish).as_json(),
            ("DELETE", "faults"): self._remove_faults,
            ("GET", "settings"): lambda _: self._world.settings.as_json(),
            ("PUT", "settings"): self._set,
            ("DELETE", "buckets"): self._refill,
            ("POST", "disks"): self._add_disks,
            ("POST", "machines"): lambda wish: {"id": machines.add(self._world, wish).id},
            ("POST", "disks/delete-behind"): self._delete_disk,
            ("POST", "snapshots/delete-behind"): self._delete_snapshot,
            ("POST", "damage"): self._damage,
            ("POST", "azure-backup"): lambda wish: {"resources": backup.keep(self._world, wish["value"])},
        }

    async def answer(self, request: web.BaseRequest) -> web.Response:
        path = request.path.removeprefix("/_simulator/").strip("/")
        wish: Json = dict(request.query)
        if path.startswith("faults/") and request.method == "DELETE":
            path, wish = "faults", {"id": path.removeprefix("faults/")}
        chosen = self._routes.get((request.method, path))
        if chosen is None:
            return _json(404, {"error": f"the control API has no {request.method} {path}"})
        self._world.settle(self._gateway.clock())
        try:
            body = await request.read()
            wish = {**wish, **(msgspec.json.decode(body) if body else {})}
            result = chosen(wish)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return _json(400, {"error": f"{type(error).__name__}: {error}"})
        finally:
            self._world.commit()
        return _json(200, result)

    def _health(self, _: Json) -> Json:
        return {"status": "ok", "disks": len(self._world.disks), "snapshots": len(self._world.snapshots)}

    def _ledger(self, _: Json) -> Json:
        return {"entries": self._world.store.ledger()}

    def _storage(self, _: Json) -> Json:
        """Bytes of each snapshot as it is now, merges of deleted ones included."""
        return {"snapshots": [{"id": each.id, "used_bytes": each.hidden["used"]} for each in self._world.snapshots]}

    def _damage(self, wish: Json) -> Json:
        """Of the disk or snapshot `id`, or without one of the next disk that is made from a snapshot."""
        if "id" not in wish:
            self._world.damages.append(wish)
            return {"waiting": len(self._world.damages)}
        route = parse(wish["id"])
        found = self._world.collections[route.kind].find(wish["id"])
        if found is None:
            raise ValueError(f"there is no {wish['id']}")
        data.damage(found, wish)
        self._world.keep(found)
        return {"damaged": found.id}

    def _counts(self, _: Json) -> Json:
        rows = [
            {"method": method, "what": what, "status": status, "count": count}
            for (method, what, status), count in sorted(self._gateway.counts.items())
        ]
        return {"calls": rows, "principals": dict(self._gateway.principals), "total": sum(row["count"] for row in rows)}

    def _clear_counts(self, _: Json) -> Json:
        self._gateway.counts.clear()
        self._gateway.principals.clear()
        return {"total": 0}

    def _remove_faults(self, wish: Json) -> Json:
        return {"removed": self._gateway.faults.remove(int(wish["id"]) if "id" in wish else None)}

    def _set(self, wish: Json) -> Json:
        self._world.set(self._world.settings.changed(wish))
        return self._world.settings.as_json()

    def _refill(self, _: Json) -> Json:
        self._gateway.front_door = FrontDoor()
        self._gateway.policies = ProviderPolicies()
        return {"buckets": "full"}

    def _add_disks(self, wish: Json) -> Json:
        """Disks as if they had always been there: nobody is told of them."""
        return {"ids": [disk.id for disk in seed.add_disks(self._world, wish, now=self._gateway.clock())]}

    def _delete_disk(self, wish: Json) -> Json:
        disk = self._named("disk", wish)
        disks.remove(self._world, disk, self._gateway.clock())
        self._world.write_down("disk.deleted_behind", self._gateway.clock(), id=disk.id)
        self._tell_of_loss(disk)
        return {"deleted": disk.id}

    def _delete_snapshot(self, wish: Json) -> Json:
        snapshot = self._named("snapshot", wish)
        snapshots.remove(self._world, snapshot, self._gateway.clock())
        self._world.write_down("snapshot.deleted_behind", self._gateway.clock(), id=snapshot.id)
        self._tell_of_loss(snapshot)
        return {"deleted": snapshot.id}

    def _tell_of_loss(self, resource: Resource) -> None:
        self._world.tell("delete", resource.id, TYPE_NAMES[resource.kind], self._gateway.clock())

    def _named(self, kind: str, wish: Json) -> Resource:
        found = self._world.collections[kind].find(wish["id"])
        if found is None:
            raise ValueError(f"there is no {kind} {wish['id']}")
        return found


def _json(status: int, body: Any) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")
