"""Rows by the thousand: few enough to hold, enough that what every statement costs is shared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

SIZE = 1_000

Batch = Sequence[tuple[Any, ...]]
Item = TypeVar("Item")


def batches(connection: Connection, query: Any) -> Iterator[Batch]:
    """Plain tuples straight from the driver: a million rows cost a third of what result objects cost."""
    with closing(connection.execute(query)) as result:
        cursor = result.cursor
        if cursor is None:
            return
        driver = connection.dialect.loaded_dbapi.Error
        try:
            while batch := cursor.fetchmany(SIZE):
                yield batch
        except driver as error:  # past SQLAlchemy, which would have said so itself
            raise DBAPIError.instance(None, None, error, driver) from error


def batched(items: Iterable[Item]) -> Iterator[list[Item]]:
    """The same items, in lists."""
    coming = iter(items)
    while batch := list(islice(coming, SIZE)):
        yield batch
