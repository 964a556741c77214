"""Timer triggers: the tick and the reconciler. The platform means to run one of each at a time across all hosts, and
mostly does: while its storage is silent for longer than a lease, two hosts fire the same (measured)."""

from __future__ import annotations

import azure.functions as func

from backup_core.app import Services

TICK = "0,15,30,45 * * * * *"
RECONCILE = "50 7,22,37,52 * * * *"  # off the full minute, when backups are started


def timer_blueprint(services: Services) -> func.Blueprint:
    blueprint = func.Blueprint()

    @blueprint.timer_trigger(arg_name="timer", schedule=TICK)
    @services.observe
    def tick(timer: func.TimerRequest) -> None:
        services.tick()

    @blueprint.timer_trigger(arg_name="timer", schedule=RECONCILE)
    @services.observe
    def reconcile(timer: func.TimerRequest) -> None:
        from backup_core.workflows.reconcile import begin_pass

        begin_pass(services.ports())

    return blueprint
