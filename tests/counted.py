"""How much of a store is read: the cells that leave the database, by their characters."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mailadmin.storage import unit_of_work


class Counted:
    """What was read since counting began."""

    def __init__(self) -> None:
        self.characters = 0

    def __call__(self, rows: list[Any]) -> None:
        """Count these rows."""
        self.characters += sum(len(cell) if isinstance(cell, str | bytes) else 1 for row in rows for cell in row)


@contextmanager
def counted() -> Iterator[Counted]:
    """Count whatever is read by connections that are opened, and by cursors that are made, in here."""
    found = Counted()

    class Cursor(sqlite3.Cursor):
        def __iter__(self) -> Any:
            for row in sqlite3.Cursor.__iter__(self):
                found([row])
                yield row

        def fetchone(self) -> Any:
            row = super().fetchone()
            found([row] if row else [])
            return row

        def fetchmany(self, size: int | None = 1) -> list[Any]:
            rows = super().fetchmany(size)
            found(rows)
            return rows

        def fetchall(self) -> list[Any]:
            rows = super().fetchall()
            found(rows)
            return rows

    def cursor(self: Any, *_: Any) -> Any:
        opened = sqlite3.Connection.cursor(self, Cursor)
        self._open.add(opened)
        return opened

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unit_of_work._Connection, "cursor", cursor)
        yield found
