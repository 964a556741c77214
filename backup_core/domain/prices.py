"""List prices of what a backup costs, as they were when somebody read them. What is not in the list is not known.

The list is a file of its own (price_list.py), which an operator's command writes anew (infra/prices.py); nothing that
ships asks for a price. What Azure bills may be less: agreements, discounts and free grants are not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

from backup_core.domain.price_list import ROWS


class Meter(Enum):
    """What is counted: GiB-months of incremental snapshots, which are billed as Standard HDD whatever the disk is
    (documented), by redundancy; GB that leave a region for another one of its continent; executions and GB-seconds of a
    Flex Consumption app; operations on locally redundant tables."""

    SNAPSHOTS_LRS = "Standard_LRS"
    SNAPSHOTS_ZRS = "Standard_ZRS"
    TRANSFER = "TransferWithinContinent"
    EXECUTIONS = "Executions"
    EXECUTION_TIME = "ExecutionTime"
    TABLE_OPERATIONS = "TableOperations"


class Origin(Enum):
    """How a price was come by."""

    READ = "answered by Azure's Retail Prices API"
    REPORTED = "printed by public tools that asked Azure's Retail Prices API"
    REMEMBERED = "remembered, not looked up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """`amount` is for `units` of what the meter counts; `read_on` a day, or a month where the day is not known."""

    meter: Meter
    location: str
    currency: str
    amount: float
    units: int
    read_on: str
    origin: Origin

    @property
    def of_one(self) -> float:
        return self.amount / self.units


def find_price(meter: Meter, location: str, currency: str) -> Price | None:
    """`location` as regions are named in ids, `currency` in capital letters. None: nobody has read it."""
    return prices().get((meter, location, currency))


@cache
def prices() -> Mapping[tuple[Meter, str, str], Price]:
    """All that are known, by meter, region and currency."""
    found = (
        Price(
            meter=Meter(meter),
            location=location,
            currency=currency,
            amount=amount,
            units=units,
            read_on=read_on,
            origin=Origin[origin],
        )
        for meter, location, currency, amount, units, read_on, origin in ROWS
    )
    return {(price.meter, price.location, price.currency): price for price in found}
