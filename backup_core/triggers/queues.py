"""Queue triggers: decode the message, run its step. One function per kind of message, one more for its poison queue.

On the Flex plan each function scales by itself; the poison functions turn a message that failed five times into a
failed job and an event.
"""

from __future__ import annotations

import azure.functions as func

from backup_core.app import Services
from backup_core.domain.messages import MESSAGE_TYPES, Message, decode

CONNECTION = "AzureWebJobsStorage"


def queue_blueprint(services: Services) -> func.Blueprint:
    blueprint = func.Blueprint()
    for kind in MESSAGE_TYPES:
        _add_step(blueprint, services, kind)
        _add_poison(blueprint, services, kind)
    return blueprint


def _add_step(blueprint: func.Blueprint, services: Services, kind: type[Message]) -> None:
    @blueprint.function_name(kind.queue.removeprefix("diskbackup-").replace("-", "_"))
    @blueprint.queue_trigger(arg_name="message", queue_name=kind.queue, connection=CONNECTION)
    @services.observe
    def run_step(message: func.QueueMessage) -> None:
        from backup_core.triggers.steps import STEPS

        STEPS[kind](services.ports(), decode(kind, message.get_body()))
        services.watch_if_late()


def _add_poison(blueprint: func.Blueprint, services: Services, kind: type[Message]) -> None:
    @blueprint.function_name(kind.queue.removeprefix("diskbackup-").replace("-", "_") + "_poison")
    @blueprint.queue_trigger(arg_name="message", queue_name=f"{kind.queue}-poison", connection=CONNECTION)
    @services.observe
    def run_poison(message: func.QueueMessage) -> None:
        from backup_core.workflows.poison import give_up

        give_up(services.ports(), kind, message.get_body())
