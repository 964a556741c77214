"""Keeps the simulator's state on disk: one SQLite file, every accepted write committed before its answer.

In write-ahead mode with synchronous=NORMAL a commit costs well under a millisecond and survives SIGKILL of the
simulator; a power cut of the machine may lose the newest commits, never the file's consistency.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

Json = dict[str, Any]


class Store:
    """Named JSON documents and the ledger. Writes gather in one transaction until `commit`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "arm.sqlite3", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS documents "
            "(kind TEXT, key TEXT, json BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )
        self._db.execute("CREATE TABLE IF NOT EXISTS ledger (n INTEGER PRIMARY KEY, json BLOB)")
        self._open = False
        self._last_entry = self._db.execute("SELECT COALESCE(MAX(n), 0) FROM ledger").fetchone()[0]

    def documents(self, kind: str) -> Iterator[tuple[str, Json]]:
        """All documents of one kind with their keys."""
        rows = self._db.execute("SELECT key, json FROM documents WHERE kind = ?", (kind,)).fetchall()
        for key, text in rows:
            yield key, msgspec.json.decode(text)

    def put(self, kind: str, key: str, document: Json) -> None:
        self._begin()
        self._db.execute(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (kind, key, msgspec.json.encode(document))
        )

    def remove(self, kind: str, key: str) -> None:
        self._begin()
        self._db.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key))

    def write_down(self, entry: Json) -> int:
        """Appends one entry to the ledger and returns its number; numbers grow by one from 1."""
        self._begin()
        self._last_entry += 1
        self._db.execute("INSERT INTO ledger VALUES (?, ?)", (self._last_entry, msgspec.json.encode(entry)))
        return int(self._last_entry)

    def ledger(self) -> list[Json]:
        """All entries, oldest first; each carries its number as `n`."""
        rows = self._db.execute("SELECT n, json FROM ledger ORDER BY n").fetchall()
        return [{"n": n, **msgspec.json.decode(text)} for n, text in rows]

    def commit(self) -> None:
        """Makes everything written so far durable. Costs nothing when nothing was written."""
        if self._open:
            self._db.execute("COMMIT")
            self._open = False

    def close(self) -> None:
        self.commit()
        self._db.close()

    def _begin(self) -> None:
        if not self._open:
            self._db.execute("BEGIN")
            self._open = True
