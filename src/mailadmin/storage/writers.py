"""Who is writing to a store: a courtesy to the next one. Correctness rests on the transaction, never on this."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError

_PREFIX = "mailadmin: "


class Writers(Protocol):
    """Announces the one who writes, and names whoever does."""

    def writing(self, connection: Connection) -> contextlib.AbstractContextManager[None]:
        """Announce oneself for as long as the transaction goes on."""

    def now(self) -> str:
        """Whoever writes at this moment, or ''."""


class _BesideFile:
    """SQLite: a note beside the file."""

    def __init__(self, database: Path, me: str) -> None:
        self._note = database.with_name(database.name + ".writer")
        self._me = me

    @contextlib.contextmanager
    def writing(self, connection: Connection) -> Iterator[None]:
        with contextlib.suppress(OSError):
            handle = os.open(self._note, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)
            with os.fdopen(handle, "w") as note:
                note.write(self._me)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                self._note.unlink()

    def now(self) -> str:
        with contextlib.suppress(OSError):
            return self._note.read_text()
        return ""


class _InServer:
    """PostgreSQL: the connection's own name, read from whoever holds the lock."""

    def __init__(self, engine: Engine, me: str) -> None:
        self._engine = engine
        name = (_PREFIX + me).encode()[:63].decode(errors="ignore")

        @event.listens_for(engine, "connect")
        def introduce(dbapi: object, _record: object) -> None:
            with dbapi.cursor() as cursor:  # type: ignore[attr-defined]
                cursor.execute("SELECT set_config('application_name', %s, false)", (name,))
            dbapi.commit()  # type: ignore[attr-defined]

    def writing(self, connection: Connection) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def now(self) -> str:
        query = (
            "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()"
        )
        with contextlib.suppress(SQLAlchemyError), self._engine.connect() as connection:
            return str(connection.exec_driver_sql(query).scalar() or "").removeprefix(_PREFIX)
        return ""


def writers_of(engine: Engine, me: str) -> Writers:
    """The courtesy of this engine."""
    if engine.dialect.name == "sqlite":
        return _BesideFile(Path(engine.url.database or ":memory:"), me)
    return _InServer(engine, me)
