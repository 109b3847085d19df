"""Opening a store, and the transactions in which it is read and written.

Laws: every transaction is explicit; a writing one takes its lock at its begin and is alone (SQLite: BEGIN IMMEDIATE,
because a lock taken later fails at once with BUSY_SNAPSHOT; PostgreSQL: an advisory lock of the database); a reading
one sees one state; the PRAGMAs below are asserted on every connection; a store that is not ours, or newer than we are,
is neither read nor written.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import uuid
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from ..domain.organisation import GLOBAL, CostCentre
from ..errors import BadInput, MailAdminError, NotAStore, StoreBusy, StoreFailed, StoreTooNew
from . import backup
from .tables import ROWS, STORE, stored
from .writers import Writers, writers_of

SCHEMA_VERSION = 7
APPLICATION_ID = 0x6D61696C
"""`mail`, in the header of every SQLite store of ours, and the name of the lock in PostgreSQL."""

LOCK_TIMEOUT_MS = 10_000
"""How long a writer waits for another before it gives up, in milliseconds."""

PRAGMAS: dict[str, int | str] = {
    "busy_timeout": LOCK_TIMEOUT_MS,
    "foreign_keys": 1,
    "synchronous": 2,
    "trusted_schema": 0,
    "cell_size_check": 1,
    "secure_delete": 1,
    "journal_mode": "delete",
}
"""TABLE: what every SQLite connection is set to; DELETE, because WAL needs SQLite >= 3.51.3 and a local disk."""

NOT_KNOWN = "Whether the last step was kept is not known: mailadmin history says."

_WRITING = "mailadmin_writing"


class Store:
    """One database. Opening it creates it where there is none (`created_at` is then its birthday).

    `actor` is whom others are told of while this one writes.
    """

    def __init__(self, url: str, *, created_at: str, actor: str = "somebody") -> None:
        self.url = url
        self.engine = _engine(url)
        self.writers = writers_of(self.engine, f"{actor} on {socket.gethostname()}, process {os.getpid()}")
        self._reader = self.engine
        self._writer = self.engine.execution_options(**{_WRITING: True})
        if self.engine.dialect.name == "postgresql":
            self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ")
        try:
            self._open(created_at)
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"Store({self.engine.url.render_as_string()!r})"

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the store."""
        with translated(self.url), self._reader.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that has the store to itself; all of it is kept, or nothing.

        Where COMMIT fails, and only there, it may not be known which: its answer can be lost.
        """
        with translated(self.url, self.writers), self._writer.connect() as connection:
            transaction = connection.begin()
            with (
                translated(self.url, self.writers, lost=NOT_KNOWN),
                transaction,
                translated(self.url, self.writers),
                self.writers.writing(connection),
            ):
                yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def _open(self, created_at: str) -> None:
        with self.reading() as connection:
            version = _schema_version(connection)
        if version is None or version < SCHEMA_VERSION:
            self._bring_up(version, created_at)
        elif version > SCHEMA_VERSION:
            raise StoreTooNew(
                f"The store has schema {version}, this mailadmin knows schema {SCHEMA_VERSION}.",
                remedy="Use the newer mailadmin that wrote it.",
            )

    def _bring_up(self, version: int | None, created_at: str) -> None:
        """Create the store, or upgrade it after a copy of it as it was."""
        database = self.engine.url.database
        if version is not None and database and self.engine.dialect.name == "sqlite":
            backup.copy_file(Path(database), f"schema{version}")
        with self.writing() as connection:
            version = _schema_version(connection)
            if version is not None and self.engine.dialect.name == "postgresql":
                backup.copy_tables(connection, f"mailadmin_schema{version}")
            _upgrade(connection)
            if version is None:
                _found(connection, created_at)
            connection.execute(update(STORE).values(schema_version=SCHEMA_VERSION))
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


class _Connection(sqlite3.Connection):
    """Its cursors end with its transaction. From Python 3.11 on, one that the traceback of a KeyboardInterrupt keeps
    alive would keep the store locked, closed connection or not, for as long as a notebook remembers its last error.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._open: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()

    def cursor(self, *args: Any) -> Any:
        opened = super().cursor(*args)
        self._open.add(opened)
        return opened

    def rollback(self) -> None:
        self._end()
        super().rollback()

    def close(self) -> None:
        self._end()
        super().close()

    def _end(self) -> None:
        for cursor in list(self._open):
            cursor.close()


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        in_a_file = parsed.get_backend_name() == "sqlite"
        driver = {"factory": _Connection} if in_a_file else {}
        engine = create_engine(parsed, hide_parameters=True, pool_pre_ping=not in_a_file, connect_args=driver)
    except (ArgumentError, ModuleNotFoundError) as error:
        raise BadInput(
            f"{url.partition(':')[0]}://… is not a store's URL that can be opened here: {type(error).__name__}.",
            remedy="sqlite:///mailadmin.db, or postgresql://… with the extra [postgresql].",
        ) from error
    if in_a_file:
        _private(parsed.database)
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    else:
        event.listen(engine, "begin", _lock)
    return engine


def _private(database: str | None) -> None:
    """Create the file for its owner alone: it will hold secrets, if only encrypted."""
    if not database or database == ":memory:":
        return
    path = Path(database)
    if not path.parent.is_dir():
        raise BadInput(f"There is no folder {path.parent} for the store.", remedy="Make it, or name another place.")
    if not path.exists():
        with contextlib.suppress(FileExistsError), translated(str(path)):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _set_pragmas(dbapi: Any, _record: object) -> None:
    dbapi.isolation_level = None
    try:
        with contextlib.closing(dbapi.cursor()) as cursor:
            for name, value in PRAGMAS.items():
                cursor.execute(f"PRAGMA {name} = {value}")
                found = cursor.execute(f"PRAGMA {name}").fetchone()[0]
                if found != value and not (name == "journal_mode" and found == "memory"):
                    raise StoreFailed(f"SQLite did not take PRAGMA {name} = {value}; it says {found}.")
    except BaseException:  # a connection its pool never got would stay open
        dbapi.close()
        raise


def is_writing(connection: Connection) -> bool:
    """Whether a connection's transaction has the store to itself."""
    return bool(connection.get_execution_options().get(_WRITING, False))


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing(connection) else "BEGIN")


def _lock(connection: Connection) -> None:
    """Writers go one after the other; who waits too long is told who writes."""
    if is_writing(connection):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPLICATION_ID})")


def _schema_version(connection: Connection) -> int | None:
    """The schema of an existing store, None of an empty database. Raises NotAStore for anything else."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if connection.dialect.name == "sqlite":
        application = connection.exec_driver_sql("PRAGMA application_id").scalar()
        if application != APPLICATION_ID:
            raise NotAStore("This SQLite file is not a mailadmin store.", remedy="Name another file with --store.")
    rows = connection.execute(select(STORE.c.schema_version)).all() if STORE.name in tables else []
    if len(rows) != 1 or not isinstance(rows[0][0], int):
        raise NotAStore("This database is not a mailadmin store.", remedy="Name another database with --store.")
    return rows[0][0]


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "schema"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise NotAStore(f"The store cannot be upgraded: {error}.", remedy="Restore it from a backup.") from error


def _found(connection: Connection, created_at: str) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    lineage = uuid.uuid4().hex
    connection.execute(
        insert(STORE).values(id=1, lineage=lineage, serial=0, schema_version=SCHEMA_VERSION, created_at=created_at)
    )
    connection.execute(insert(ROWS["cost_centres"]).values(stored(CostCentre(code=GLOBAL), 0)))


@contextlib.contextmanager
def translated(
    where: str, writers: Writers | None = None, *, lost: str = "Nothing was changed; try again."
) -> Iterator[None]:
    """Turn what a database says into errors of ours, without its parameters; `lost` is for a lost connection."""
    try:
        yield
    except SQLAlchemyError as error:
        said = str(error.orig if isinstance(error, DBAPIError) else error).splitlines()[0]
        if "locked" in said or "busy" in said or "lock timeout" in said:
            who = writers.now() if writers else ""
            raise StoreBusy(
                f"{who or 'Somebody else'} is writing to the store.",
                remedy="Nothing was changed; try again.",
            ) from error
        if "not a database" in said:
            raise NotAStore(f"{where} is not a mailadmin store.", remedy="Name another file with --store.") from error
        if "readonly" in said:
            raise StoreFailed("The store can only be read here.", remedy="Check the file's permissions.") from error
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise StoreFailed(f"The connection to the store was lost: {said}", remedy=lost) from error
        raise StoreFailed(f"The store failed: {said}") from error
    except MailAdminError:
        raise
    except OSError as error:
        raise StoreFailed(f"The store cannot be opened: {error.strerror or error}") from error
