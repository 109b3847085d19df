"""What was read and checked once, and is not read again until the database was changed.

Laws: SQLite itself is asked whether anybody committed since (`PRAGMA data_version`, within the transaction that reads)
and whether this connection wrote; a writing transaction remembers nothing, since it may be taken back; nor does any on
PostgreSQL, which cannot be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import Connection

from .keys import Sealer
from .unit_of_work import is_writing

Found = TypeVar("Found")


def remembered(connection: Connection, sealer: Sealer | None, what: Hashable, read: Callable[[], Found]) -> Found:
    """What `read` finds, or found when nothing was different. It is shared: nobody may change it."""
    if connection.dialect.name != "sqlite" or is_writing(connection):
        return read()
    dbapi: Any = connection.connection.dbapi_connection
    changed = connection.exec_driver_sql("PRAGMA data_version").scalar_one(), dbapi.total_changes
    checked = None if sealer is None else sealer.seal(b"checked under this sealer")
    known = connection.info.get((__name__, what))
    if known is None or known[:2] != (changed, checked):
        known = connection.info[__name__, what] = changed, checked, read()
    found: Found = known[2]
    return found
