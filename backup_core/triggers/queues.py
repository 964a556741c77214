"""Queue triggers: one function per queue, for on the Flex plan each scales by itself; the message says its kind.

Leaves to others: what each kind of message is (workflows/job_kinds.py), the queue that Event Grid delivers into
(events.py), and messages that failed five times: poison queues have no listener, the tick empties them
(workflows/poison_queues.py).
"""

from __future__ import annotations

import azure.functions as func

from backup_core.app import Services
from backup_core.domain.messages import BACKUP, REQUESTS, RETENTION

CONNECTION = "AzureWebJobsStorage"


def queue_blueprint(services: Services) -> func.Blueprint:
    blueprint = func.Blueprint()
    for queue in (BACKUP, RETENTION, REQUESTS):
        _add_queue(blueprint, services, queue)
    return blueprint


def _add_queue(blueprint: func.Blueprint, services: Services, queue: str) -> None:
    @blueprint.function_name(queue.removeprefix("diskbackup-"))
    @blueprint.queue_trigger(arg_name="message", queue_name=queue, connection=CONNECTION)
    @services.observe
    def run_step(message: func.QueueMessage) -> None:
        from backup_core.workflows.job_kinds import run

        run(services.ports(), message.get_body())
        services.watch_if_late()
