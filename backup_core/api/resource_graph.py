"""Azure Resource Graph, as far as clients of Azure Backup ask it: three queries over what the caller may see.

A request looks at so many records and no more. What it did not come to, and what did not fit into its page, is under
`$skipToken`: the same query and scope again with that. A page may be short, or empty, and yet not be the last.

Leaves to others: what a query says (graph_query.py), how a row looks (graph_rows.py).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from backup_core.api import graph_rows
from backup_core.api.call import SAFE_VALUE, Answer, Call
from backup_core.api.graph_query import GraphQuery, Table, read_query
from backup_core.api.linked import refuse_closed
from backup_core.api.wire import body_of, reached
from backup_core.domain.errors import Fault, InvalidInput
from backup_core.domain.instance import BackupInstance
from backup_core.domain.job import Job, last_id_at
from backup_core.domain.reading import Node, raise_faults
from backup_core.domain.resource_ids import GUID, VaultKey
from backup_core.domain.vault import Vault
from backup_core.ports import Ports, every
from backup_core.workflows import catalogue
from backup_core.workflows.guards import guarded_vaults

RECORDS_AT_ONCE = 5_000
ROWS_AT_MOST = 1_000  # in a page (documented)
SUBSCRIPTIONS_AT_MOST = 1_000
SKIP_AT_MOST = 1_000_000
FORMATS = ("objectArray", "table")
SCOPES = ("AtScopeAndBelow", "AtScopeAndAbove", "AtScopeExact", "AtScopeAboveAndBelow")
_ACTION = "Microsoft.ResourceGraph/resources/action"
_TARGET = "options.$skipToken"
_OPENING_COSTS = 10  # records: what a vault's first read takes longer than one more record

Place = tuple[str, ...]  # a vault's subscription, group and name in small letters, and a record's key or ""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """`after` is the place of the last record of the page before; `seen` are the rows up to there, `skip` those still
    to be passed over, `total` all rows where they are known."""

    query: GraphQuery
    subscriptions: tuple[str, ...]
    top: int
    form: str
    skip: int = 0
    after: Place = ()
    seen: int = 0
    total: int | None = None

    @property
    def digest(self) -> str:
        """Tells one query and scope from another."""
        told = repr((self.query.table, self.query.among_sorted, self.query.later, self.subscriptions))
        return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A page. `following` asks for the next one, None where there is none; `total` are all rows, or at least those."""

    rows: list[Row]
    total: int
    following: _Ask | None


def resources(ports: Ports, call: Call) -> Answer:
    ask = _read(call)
    for subscription in ask.subscriptions:
        refuse_closed(call, f"/subscriptions/{subscription}", target="subscriptions", action=_ACTION)
    found = _find(ports, call, ask)
    body: Row = {"totalRecords": found.total, "count": len(found.rows), "data": _data(ask, found.rows), "facets": []}
    if found.following is not None:
        body["$skipToken"] = _write_token(found.following)
    return Answer(status=200, body={**body, "resultTruncated": "false"})


# ---------------------------------------------------------------- what is asked


def _read(call: Call) -> _Ask:
    """Raises InvalidInput that names every fault of the body."""
    node = body_of(call)
    options = node.child("options")
    for name in ("managementGroups", "facets"):
        if node.items(name):
            node.fault(name, "is not served: name subscriptions, or none for all that you may see")
    subscriptions = _read_subscriptions(node)
    top = options.number("$top", 1, ROWS_AT_MOST)
    skip = options.number("$skip", 0, SKIP_AT_MOST)
    form = options.choice("resultFormat", FORMATS)
    options.flag("allowPartialScopes")
    options.choice("authorizationScopeFilter", SCOPES)
    query = _read_query(node)
    token = options.text("$skipToken")
    raise_faults(node)
    assert query is not None, "else there was a fault"
    ask = _Ask(
        query=query, subscriptions=subscriptions, top=top or ROWS_AT_MOST, form=form or FORMATS[0], skip=skip or 0
    )
    return _continued(ask, token) if token else ask


def _read_subscriptions(node: Node) -> tuple[str, ...]:
    given = node.items("subscriptions")
    wrong = [each for each in given if not (isinstance(each, str) and GUID.fullmatch(each))]
    if wrong:
        node.fault("subscriptions", f"must hold ids of subscriptions, not {wrong[0]!r:.80}", "InvalidSubscriptionId")
        return ()
    if len(given) > SUBSCRIPTIONS_AT_MOST:
        node.fault("subscriptions", f"has {len(given)} entries; at most {SUBSCRIPTIONS_AT_MOST} are asked at once")
    return tuple(sorted({each.lower() for each in given}))


def _read_query(node: Node) -> GraphQuery | None:
    """A text of any length that a body may have, with line breaks."""
    text = node.raw("query")
    if not isinstance(text, str) or not text.strip():
        node.fault("query", "is required and must be text", "InvalidQuery")
        return None
    try:
        return read_query(text)
    except InvalidInput as error:
        node.faults.extend(error.faults)
        return None


def _continued(ask: _Ask, token: str) -> _Ask:
    """Raises InvalidInput for a token that was not written for this query and scope."""
    try:
        digest, after, seen, skip, total = json.loads(base64.urlsafe_b64decode(token))
        is_sound = (
            digest == ask.digest
            and isinstance(after, list)
            and len(after) == 4
            and all(SAFE_VALUE.fullmatch(each) for each in after[: 4 if after[3] else 3])
            and all(type(each) is int and each >= 0 for each in (seen, skip, 0 if total is None else total))
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        is_sound = False
    if not is_sound:
        raise InvalidInput([Fault(target=_TARGET, message="take it unchanged from an answer to the same query")])
    return replace(ask, after=tuple(after), seen=seen, skip=skip, total=total)


def _write_token(ask: _Ask) -> str:
    told = [ask.digest, ask.after, ask.seen, ask.skip, ask.total]
    return base64.urlsafe_b64encode(json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()).decode()


# ---------------------------------------------------------------- what is found


def _find(ports: Ports, call: Call, ask: _Ask) -> _Found:
    """The page: `top` rows, or fewer where looking for them takes too long. Where it is not known how many there are,
    the rest is counted as far as one request goes."""
    rows: list[Row] = []
    spent = matched = 0
    looked_at = shown_last = ask.after
    is_whole = True
    for cost, place, row in _records(ports, call, ask):
        is_full = matched > ask.skip + ask.top
        if spent + cost > RECORDS_AT_ONCE or (is_full and ask.total is not None):
            is_whole = False
            break
        spent, looked_at = spent + cost, place
        if row is None:
            continue
        matched += 1
        if ask.skip < matched <= ask.skip + ask.top:
            rows.append(row)
            shown_last = place
    total = ask.seen + matched
    known = total if is_whole else ask.total
    if matched > ask.skip + ask.top:
        following = replace(ask, after=shown_last, seen=ask.seen + ask.skip + ask.top, skip=0, total=known)
    else:
        following = replace(ask, after=looked_at, seen=total, skip=max(ask.skip - matched, 0), total=known)
    is_last = is_whole and matched <= ask.skip + ask.top
    return _Found(rows=rows, total=total if known is None else known, following=None if is_last else following)


def _records(ports: Ports, call: Call, ask: _Ask) -> Iterator[tuple[int, Place, Row | None]]:
    """Every record behind `ask.after`, in order: what it costs to look at, its place, and its row; None where that is
    not asked for, or not for the caller."""
    before, first = ask.after[:-1], "".join(ask.after[-1:])
    guarded: Collection[VaultKey] = guarded_vaults(ports) if ask.query.table is Table.VAULTS else ()
    for vault in _vaults(ports, call, ask):
        place = _place(vault)
        if ask.query.table is Table.VAULTS:
            shown = graph_rows.of_vault(ports, vault, is_guarded=vault.key in guarded)
            yield 1, (*place, ""), _row(call, ask, shown)
            continue
        if place > before:
            yield _OPENING_COSTS, (*place, ""), None
        begin = first if place == before else ""
        for key, row in _within(ports, ask, vault, begin):
            if key != begin:
                yield 1, (*place, key), _row(call, ask, row)


def _vaults(ports: Ports, call: Call, ask: _Ask) -> list[Vault]:
    """Those that have to be looked into, from the one on in which the page before ended."""
    found: dict[Place, Vault] = {}
    for subscription in ask.subscriptions or (None,):
        found |= {_place(vault): vault for vault in catalogue.every_vault(ports, subscription=subscription)}
    before = ask.after[:-1]
    is_done = ask.query.table is Table.VAULTS  # with the vault itself
    return [
        found[place]
        for place in sorted(found)
        if (place > before if is_done else place >= before)
        and call.may_see(found[place].key)
        and ask.query.may_lie_in(found[place].key)
    ]


def _place(vault: Vault) -> Place:
    return (vault.key.subscription.lower(), vault.key.group.lower(), vault.key.name.lower())


def _within(ports: Ports, ask: _Ask, vault: Vault, first: str) -> Iterator[tuple[str, Row | None]]:
    """The records of a vault from the key `first` on, and their rows."""
    if ask.query.table is Table.INSTANCES:
        for instance in every(ports, BackupInstance, vault.key, first=first or None):
            is_listed = not instance.value.is_deleted
            row = graph_rows.of_instance(ports, vault, instance.value) if is_listed else None
            yield instance.value.name.lower(), row
        return
    since = ask.query.begun_after
    last = None if since is None or since <= catalogue.EPOCH else last_id_at(since)
    for job in every(ports, Job, vault.key, first=first or None, last=last):
        yield job.value.job_id, graph_rows.of_job(ports, vault, job.value)


def _row(call: Call, ask: _Ask, row: Row | None) -> Row | None:
    return row if row is not None and ask.query.takes(row) and reached(call, [row]) else None


# ---------------------------------------------------------------- what is told


def _data(ask: _Ask, rows: list[Row]) -> Any:
    columns = graph_rows.COLUMNS[ask.query.table]
    if ask.form == "objectArray":
        return rows
    types = [{"name": name, "type": "object" if name in graph_rows.OBJECTS else "string"} for name in columns]
    return {"columns": types, "rows": [[row[name] for name in columns] for row in rows]}
