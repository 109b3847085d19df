"""A database as tables: one SELECT per table, from a TOML file.

Laws: nothing is written: one SELECT or WITH per table, in a transaction that may only read where the database knows
such a thing, and rolled back always. The URL, which may hold a password, is in no message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import UUID

from ..errors import BadInput
from . import budgets
from .carriers import Place, RawTable, Unusable
from .findings import Findings, shown

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

_NOISE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_READS = re.compile(r"\s*(select|with)\b", re.IGNORECASE)
_FETCH = 1_000


def tables_in_database(url: str, queries: Path, findings: Findings) -> Iterator[RawTable]:
    """The result of each SELECT in the TOML file `queries`, such as `users = "SELECT … FROM …"`.

    Raises BadInput when the file or the URL cannot be used.
    """
    statements = _statements(queries, findings)
    engine = _engine(url)
    return _tables(engine, statements, queries.name, findings)


def _statements(queries: Path, findings: Findings) -> dict[str, str]:
    import tomllib

    try:
        found = tomllib.loads(budgets.read_regular(queries, budgets.MEGABYTE).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadInput(f"{queries.name} is not UTF-8: byte {error.start}.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"{queries.name} is no TOML: {error}.", remedy='Write users = "SELECT … FROM …".') from None
    statements = {}
    for table, statement in found.items():
        if (what := _unfit(statement)) is None:
            statements[table] = statement.strip().rstrip(";")
        else:
            findings.problem(f"{queries.name}, {shown(table)[1:-1]}", what, "Write one SELECT as text.")
    return statements


def _unfit(statement: object) -> str | None:
    """Why this is not one statement that only reads, or None."""
    if not isinstance(statement, str):
        return "is not text"
    bare = _NOISE.sub(" ", statement).strip().rstrip(";")
    if not _READS.match(bare):
        return "is not a SELECT"
    return "holds more than one statement" if ";" in bare else None


def _engine(written: str) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError
    from sqlalchemy.pool import NullPool

    try:
        url = make_url(written)
        if url.get_backend_name() == "sqlite":
            return _sqlite(url)
        return create_engine(url, poolclass=NullPool, hide_parameters=True)
    except (ArgumentError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput("The URL of the database cannot be read.", remedy="Write postgresql://host/name.") from None
    except (SQLAlchemyError, ImportError) as error:
        raise BadInput(f"There is no driver for this database: {type(error).__name__}.") from None


def _sqlite(url: URL) -> Engine:
    import sqlite3

    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    file = Path((url.database or "").removeprefix("file:"))
    if not url.database or not file.is_file():
        raise BadInput(f"There is no database {file.name!r}.", remedy="Write sqlite:///path/to/file.")

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"file:{quote(file.resolve().as_posix())}?mode=ro", uri=True)

    return create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)


def _tables(engine: Engine, statements: Mapping[str, str], name: str, findings: Findings) -> Iterator[RawTable]:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with engine.connect() as connection:
            if engine.dialect.name not in ("sqlite", "postgresql"):
                findings.note(name, f"{engine.dialect.name} was not opened read-only; nothing was committed")
            for table, statement in statements.items():
                yield _table(connection, table, statement, name, findings)
    except SQLAlchemyError as error:
        raise BadInput(f"The database cannot be opened: {_reason(error)}.") from None


def _table(connection: Connection, table: str, statement: str, name: str, findings: Findings) -> RawTable:
    where = f"{name}, {shown(table)[1:-1]}"
    rows = _results(connection, statement, where, findings)
    header = next(rows, (0, []))[1]
    return RawTable(table, where, header, rows, Place(f"{where}, result "))


def _results(
    connection: Connection, statement: str, where: str, findings: Findings
) -> Iterator[tuple[int, list[object]]]:
    """The header as row 0, then the rows; the transaction is rolled back when it ends or is left."""
    from sqlalchemy.exc import SQLAlchemyError

    options = {"no_parameters": True, "stream_results": True, "max_row_buffer": _FETCH}
    try:
        if connection.dialect.name == "postgresql":
            connection.execution_options(postgresql_readonly=True)
        with connection.begin() as transaction:
            try:
                result = connection.exec_driver_sql(statement, execution_options=options)
                yield 0, list(result.keys())
                for number, row in enumerate(result, 1):
                    yield number, [_plain(cell) for cell in row]
            finally:
                transaction.rollback()
    except (SQLAlchemyError, UnicodeError) as error:
        findings.problem(where, f"the database refused the SELECT: {_reason(error)}", "Try it there by hand.")


def _plain(cell: object) -> object:
    if cell is None or isinstance(cell, str | int | float | UUID):
        return cell
    if isinstance(cell, Decimal) and cell.is_finite():
        return cell
    return Unusable(f"holds a {type(cell).__name__}, not text", "CAST it to text in the SELECT.")


def _reason(error: Exception) -> str:
    """The first line the database said; SQLAlchemy's own text would add the statement."""
    original = getattr(error, "orig", None)
    # Data exceptions (class 22) quote the value, which may be a password.
    if original is None or str(getattr(original, "sqlstate", "")).startswith("22"):
        return type(error).__name__
    return str(original).partition("\n")[0][:200]
