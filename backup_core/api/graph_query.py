"""The queries of Azure Resource Graph that are served: those of `az dataprotection ... list-from-resourcegraph`, with
their filters (read in extension 1.5.5, and recorded).

A query opens with a fixed text, one of three, and goes on with filters. No more of the query language is read: what
would have to be guessed at is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from backup_core.api.wire import read_instant
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.resource_ids import VaultKey

CODE = "InvalidQuery"
_INSTANCES = (
    "RecoveryServicesResources | where type =~ 'microsoft.dataprotection/backupvaults/backupinstances' "
    "| extend vaultName = split(split(id, '/Microsoft.DataProtection/backupVaults/')[1],'/')[0] "
    "| extend protectionState = properties.currentProtectionState "
    "| extend datasourceId = properties.dataSourceInfo.resourceID"
)
_VAULTS = "resources | where type =~ 'microsoft.dataprotection/backupvaults'"
_JOBS = (
    "RecoveryServicesResources | where type =~ 'microsoft.dataprotection/backupvaults/backupjobs' "
    "| extend vaultName = properties.vaultName | extend status = properties.status "
    "| extend operation = case( tolower(properties.operationCategory) startswith 'backup' "
    "and properties.isUserTriggered == 'true', strcat('OnDemand',properties.operationCategory), "
    "tolower(properties.operationCategory) startswith 'backup' and properties.isUserTriggered == 'false', "
    "strcat('Scheduled', properties.operationCategory), type =~ 'microsoft.dataprotection/backupVaults/backupJobs', "
    "properties.operationCategory, 'Invalid') | extend datasourceId = properties.dataSourceId"
)
_TOKEN = re.compile(r"\s*(datetime\([^()']*\)|'[^'\\]*'|in~|[\w.]+|=~|==|[|=()\[\],>])")
_SHOWN = 60  # letters of what is not understood


class Table(Enum):
    """What is asked for."""

    VAULTS = "backup-vault"
    INSTANCES = "backup-instance"
    JOBS = "job"


@dataclass(frozen=True, slots=True)
class _Served:
    opening: str
    columns: tuple[str, ...]
    times: tuple[str, ...] = ()


SERVED: Mapping[Table, _Served] = {
    Table.VAULTS: _Served(_VAULTS, ("resourceGroup", "name", "id")),
    Table.INSTANCES: _Served(
        _INSTANCES,
        (
            "properties.dataSourceInfo.datasourceType",
            "resourceGroup",
            "vaultName",
            "protectionState",
            "datasourceId",
            "id",
            "name",
        ),
    ),
    Table.JOBS: _Served(
        _JOBS,
        ("properties.dataSourceType", "resourceGroup", "vaultName", "operation", "status", "datasourceId"),
        ("properties.startTime", "properties.endTime"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphQuery:
    """`among` are columns with the values, case folded, of which each must have one; `later` are columns that must
    tell a time later than that."""

    table: Table
    among: tuple[tuple[str, frozenset[str]], ...] = ()
    later: tuple[tuple[str, datetime], ...] = ()

    def takes(self, row: Mapping[str, Any]) -> bool:
        """Whether a row passes all filters. No time is later than none (as null compares in that language)."""
        return all(str(_at(row, column)).casefold() in values for column, values in self.among) and all(
            (told := _at(row, column)) is not None and read_instant(told) > than for column, than in self.later
        )

    def may_lie_in(self, vault: VaultKey) -> bool:
        """Whether a vault is worth looking into. False is certain."""
        known = {"resourceGroup": vault.group.casefold()}
        if self.table is not Table.VAULTS:
            known["vaultName"] = vault.name.casefold()
        return all(known[column] in values for column, values in self.among if column in known)

    @property
    def among_sorted(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return tuple((column, tuple(sorted(values))) for column, values in self.among)

    @property
    def begun_after(self) -> datetime | None:
        return max((than for column, than in self.later if column == "properties.startTime"), default=None)


def _at(row: Mapping[str, Any], column: str) -> Any:
    value: Any = row
    for name in column.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def read_query(text: str) -> GraphQuery:
    """Raises InvalidInput that names every filter which is not understood, or the queries that are served."""
    try:
        parts = _parts(text)
    except ValueError as error:
        raise _not_served(str(error)) from error
    for table, served in SERVED.items():
        opening = _parts(served.opening)
        if _lowered(parts[: len(opening)]) == _lowered(opening):
            return _read_filters(table, parts[len(opening) :])
    raise _not_served("is none of these")


def _parts(text: str) -> list[list[str]]:
    """The tokens between the bars. Raises ValueError for what is no token."""
    parts: list[list[str]] = [[]]
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"cannot be read from {text[at : at + _SHOWN].strip()!r} on")
        at = match.end()
        if match[1] == "|":
            parts.append([])
        else:
            parts[-1].append(match[1])
    return parts


def _lowered(parts: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[token.lower() for token in part] for part in parts]


def _read_filters(table: Table, parts: Sequence[Sequence[str]]) -> GraphQuery:
    among: list[tuple[str, frozenset[str]]] = []
    later: list[tuple[str, datetime]] = []
    faults: list[Fault] = []
    for part in parts:
        try:
            match part:
                case ["where", column, "in~", "(", *values, ")"] if column in SERVED[table].columns:
                    among.append((column, _read_values(values)))
                case ["where", column, ">", time] if column in SERVED[table].times:
                    later.append((column, _read_time(time)))
                case _:
                    raise ValueError(f"is not understood; {_filters(table)}")
        except ValueError as error:
            said = " ".join(part)
            faults.append(Fault(target="query", message=f"'| {said[: 2 * _SHOWN]}' {error}", code=CODE))
    if faults:
        raise InvalidInput(faults)
    return GraphQuery(table=table, among=tuple(among), later=tuple(later))


def _read_values(tokens: Sequence[str]) -> frozenset[str]:
    """`'a' , 'b'`. Raises ValueError."""
    values, commas = tokens[::2], tokens[1::2]
    if len(values) != len(commas) + 1 or set(commas) - {","} or not all(each[0] == "'" for each in values):
        raise ValueError("does not hold a list like ('a','b')")
    return frozenset(value[1:-1].casefold() for value in values)


def _read_time(token: str) -> datetime:
    """`datetime(2026-03-01T00:00:00Z)`. Raises ValueError."""
    if not token.startswith("datetime("):
        raise ValueError("does not hold a time like datetime(2026-03-01T00:00:00Z)")
    return read_instant(token.removeprefix("datetime(").removesuffix(")").strip())


def _filters(table: Table) -> str:
    served = SERVED[table]
    told = f"filters are '| where <column> in~ (...)' of {', '.join(served.columns)}"
    return told + (f", and '| where <column> > datetime(...)' of {', '.join(served.times)}" if served.times else "")


def _not_served(what: str) -> InvalidInput:
    """Three faults and what was wrong: an answer shows each query by itself."""
    queries = [
        Fault(target="query", message=f"{each.opening} ({_filters(table)})", code=CODE)
        for table, each in SERVED.items()
    ]
    message = f"{what}; served are only the queries of `az dataprotection <{'|'.join(each.value for each in SERVED)}> "
    return InvalidInput([Fault(target="query", message=f"{message}list-from-resourcegraph`:", code=CODE), *queries])
