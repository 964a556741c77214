"""On which continent a region of Azure lies, as far as the price of a transfer between two of them goes: within Europe
and within North America one price holds (reported); of all other pairs none is known here.
"""

from __future__ import annotations

_EUROPE = (
    "austriaeast belgiumcentral denmarkeast francecentral francesouth germanynorth germanywestcentral italynorth "
    "northeurope norwayeast norwaywest polandcentral spaincentral swedencentral swedensouth switzerlandnorth "
    "switzerlandwest uksouth ukwest westeurope"
)
_NORTH_AMERICA = (
    "canadacentral canadaeast centralus eastus eastus2 mexicocentral northcentralus southcentralus westcentralus "
    "westus westus2 westus3"
)
_CONTINENTS = {
    region: name
    for name, regions in (("Europe", _EUROPE), ("North America", _NORTH_AMERICA))
    for region in regions.split()
}


def share_a_continent(one: str, other: str) -> bool:
    """Of two regions as they are named in ids; False, too, where it is not known."""
    continent = _CONTINENTS.get(one)
    return continent is not None and continent == _CONTINENTS.get(other)
