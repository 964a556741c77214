"""Timer triggers: each calls one workflow. The platform runs one of each at a time across all hosts."""

from __future__ import annotations

import azure.functions as func

from backup_core.app import Services

DISPATCH = "0 * * * * *"
SWEEP = "20 * * * * *"
WATCH = "5,25,45 * * * * *"  # off the full minute, when dispatch works
OBJECTIVES = "30 * * * * *"
RECONCILE = "40 7,22,37,52 * * * *"


def timer_blueprint(services: Services) -> func.Blueprint:
    blueprint = func.Blueprint()

    @blueprint.timer_trigger(arg_name="timer", schedule=DISPATCH)
    @services.observe
    def dispatch(timer: func.TimerRequest) -> None:
        from backup_core.workflows.dispatch import dispatch as dispatch_due

        dispatch_due(services.ports())
        services.ping()

    @blueprint.timer_trigger(arg_name="timer", schedule=SWEEP)
    @services.observe
    def sweep(timer: func.TimerRequest) -> None:
        from backup_core.workflows.retention import sweep as sweep_due

        sweep_due(services.ports())

    @blueprint.timer_trigger(arg_name="timer", schedule=WATCH)
    @services.observe
    def watch(timer: func.TimerRequest) -> None:
        services.watch()

    @blueprint.timer_trigger(arg_name="timer", schedule=OBJECTIVES)
    @services.observe
    def objectives(timer: func.TimerRequest) -> None:
        from backup_core.workflows.objectives import check_objectives

        check_objectives(services.ports())

    @blueprint.timer_trigger(arg_name="timer", schedule=RECONCILE)
    @services.observe
    def reconcile(timer: func.TimerRequest) -> None:
        from backup_core.workflows.reconcile import reconcile as reconcile_all
        from backup_core.workflows.tag_rules import apply_all as apply_all_rules

        try:
            reconcile_all(services.ports())
        finally:  # a reconciler that fails is no reason to leave new disks unprotected
            apply_all_rules(services.ports())

    return blueprint
