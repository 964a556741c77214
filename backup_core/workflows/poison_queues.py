"""The duty that empties the poison queues: reads what lies there, gives each message up, and only then deletes it.

A poison queue with a listener of its own would be one more scale group and twelve requests a minute; so it costs one
request a minute, and what failed five times is told a minute later. A tick that dies in between leaves the message,
which is given up again: to the same end.
"""

from __future__ import annotations

import logging

from backup_core.domain.messages import QUEUES
from backup_core.ports import Ports
from backup_core.workflows.job_kinds import give_up

log = logging.getLogger("diskbackup.poison")

ROUNDS = 3  # requests of one run to a queue that has more than one request brings


class NotGivenUp(Exception):
    """Messages could not be given up; they are looked at again when they are visible again."""


def empty_poison_queues(ports: Ports) -> int:
    """Answers how many messages were given up. Raises NotGivenUp, CloudUnavailable."""
    given_up = failed = 0
    for queue in QUEUES:
        for _ in range(ROUNDS):
            messages = ports.queue.poisoned(queue)
            for message in messages:
                try:
                    give_up(ports, queue, message.text)
                    ports.queue.forget(message)
                except Exception:  # what one message brings about keeps nobody from the others
                    log.exception("poison.not_given_up queue=%s", queue)
                    failed += 1
                else:
                    given_up += 1
            if not messages:
                break
    if failed:
        raise NotGivenUp(f"{failed} messages could not be given up; the log has each with its trace")
    return given_up
