"""What an operator does rarely and with the master key: rebuild the catalogue from the snapshots, and say go on after
a set-back of the tables."""

from __future__ import annotations

import json
from collections.abc import Mapping

import azure.functions as func

from backup_core.app import Services


def admin_blueprint(services: Services) -> func.Blueprint:
    blueprint = func.Blueprint()

    @blueprint.route(route="diskbackup/catalogue/rebuild", methods=["POST"], auth_level=func.AuthLevel.ADMIN)
    @services.observe
    def catalogue_rebuild(req: func.HttpRequest) -> func.HttpResponse:
        """Body: {"snapshotResourceGroups": ["/subscriptions/.../resourceGroups/...", ...]}. Answers what came back.

        With "takeOver": true, snapshots that another installation made count as ours from now on, with false they do
        not; without it, they do if the tables hold no backup instance. "left" says how many snapshots wait for
        another call.
        """
        from backup_core.domain.resource_ids import parse_group_id
        from backup_core.workflows.rebuild import rebuild_catalogue

        try:
            asked = json.loads(req.get_body())
            groups = [parse_group_id(text) for text in asked["snapshotResourceGroups"]]
            wanted = asked.get("takeOver")
            if wanted not in (None, True, False):
                raise ValueError("takeOver is true or false")
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            return _answer(400, {"error": {"code": "BadRequest", "message": f"snapshotResourceGroups: {error}"}})
        report = rebuild_catalogue(services.ports(), groups, take_over_others=wanted)
        body = {
            "recoveryPoints": report.adopted_points,
            "recoveryPointCopies": report.copies,
            "takenOver": report.taken_over,
            "foreignSnapshots": report.foreign,
            "unreadableGroups": report.unreadable_groups,
            "postponed": report.postponed,
            "left": report.left,
        }
        return _answer(200, body)

    return blueprint


def resume_blueprint(services: Services) -> func.Blueprint:
    blueprint = func.Blueprint()

    @blueprint.route(route="diskbackup/catalogue/resume", methods=["POST"], auth_level=func.AuthLevel.ADMIN)
    @services.observe
    def catalogue_resume(req: func.HttpRequest) -> func.HttpResponse:
        """An operator's word that tables which were set back are put right: deletions and restores go on."""
        from backup_core.workflows.set_back import go_on

        settled = go_on(services.ports())
        since = settled.seen_at.isoformat() if settled else None
        return _answer(200, {"resumed": settled is not None, "setBackSeen": since})

    return blueprint


def _answer(status: int, body: Mapping[str, object]) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(body), status_code=status, mimetype="application/json")
