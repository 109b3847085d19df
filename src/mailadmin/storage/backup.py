"""A copy of a store as it is, made before its schema is changed."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import Connection, inspect

from ..errors import StoreFailed


def copy_file(database: Path, name: str) -> Path:
    """A copy of a SQLite store beside it, for its owner alone, made with SQLite's own backup (whole, even in use).

    Raises StoreFailed where there is no room for it; an earlier copy of that name is then left as it was.
    """
    copy = database.with_name(f"{database.name}.{name}")
    temporary = copy.with_name(f".{copy.name}.new")
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(temporary)) as target:
            source.backup(target)
        temporary.replace(copy)
    except (OSError, sqlite3.Error) as error:
        raise StoreFailed(
            f"The store could not be copied to {copy}: {error}.", remedy="Nothing was changed; make room and try again."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return copy


def copy_tables(connection: Connection, name: str) -> str:
    """A copy of every table in a schema of its own, in the transaction that will change them (PostgreSQL)."""
    connection.exec_driver_sql(f'CREATE SCHEMA "{name}"')
    for table in inspect(connection).get_table_names():
        connection.exec_driver_sql(f'CREATE TABLE "{name}"."{table}" AS TABLE "{table}"')
    return name
