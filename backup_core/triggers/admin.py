"""What an operator does rarely and with the master key: rebuild the catalogue from the snapshots."""

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
        """Body: {"snapshotResourceGroups": ["/subscriptions/.../resourceGroups/...", ...]}. Answers what came back."""
        from backup_core.domain.resource_ids import parse_group_id
        from backup_core.workflows.reconcile import rebuild_catalogue

        try:
            groups = [parse_group_id(text) for text in json.loads(req.get_body())["snapshotResourceGroups"]]
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            return _answer(400, {"error": {"code": "BadRequest", "message": f"snapshotResourceGroups: {error}"}})
        report = rebuild_catalogue(services.ports(), groups)
        body = {
            "recoveryPoints": report.adopted_points,
            "unreadableGroups": report.unreadable_groups,
            "postponed": report.postponed,
        }
        return _answer(200, body)

    return blueprint


def _answer(status: int, body: Mapping[str, object]) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(body), status_code=status, mimetype="application/json")
