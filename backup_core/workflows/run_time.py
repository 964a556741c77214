"""How long a run works that has more to do than it has time for: it begins nothing new when its time is up, and says
where another goes on.

The platform kills a run that takes longer than `functionTimeout` (host.json), and with it every other run of its worker
hangs. So no run of ours comes near it: the longest takes this time, and once more what it began last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from backup_core.ports import Clock, Ports

WORK_FOR = timedelta(seconds=45)


@dataclass(frozen=True, slots=True)
class Time:
    """The time in which a run begins something new."""

    clock: Clock
    until: datetime

    @classmethod
    def of_run(cls, ports: Ports) -> Time:
        """Of a run that begins now."""
        return cls(ports.clock, ports.clock.now() + WORK_FOR)

    def at_least(self, some: timedelta) -> Time:
        """This time, or `some` from now on, whichever ends later."""
        return Time(self.clock, max(self.until, self.clock.now() + some))

    @property
    def is_up(self) -> bool:
        return self.clock.now() >= self.until
