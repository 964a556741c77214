"""Which installation of this product a set of tables belongs to: two may look after the disks of one subscription.

Leaves to others: making and reading it (workflows/installations.py), and what it proves (domain/ownership.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One row for the whole app, written once. `taken_over` are installations whose snapshots an operator gave to this
    one: tables that were lost had another id."""

    installation_id: str
    taken_over: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Those whose snapshots count as ours."""
        return (self.installation_id, *self.taken_over)

    def take_over(self, others: Iterable[str]) -> Installation:
        return replace(self, taken_over=tuple(sorted({*self.taken_over, *others} - {self.installation_id})))
