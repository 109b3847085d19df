"""Whole columns out of a store, each as a text that the database puts together: half of what rows cost.

While Python takes one piece of a table apart, the database puts the next together: called from another thread, on the
same connection and in the same transaction (docs/decisions/0018).

Laws: nobody else uses the connection until the last table was taken. The columns of users are in the order of their
keys: match keys as Python compares them, not as a database sorts text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, MutableSequence, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain, islice
from operator import le
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    QueuePool,
    Row,
    Select,
    TableClause,
    Text,
    case,
    func,
    literal_column,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction, aggregate_strings

from ..domain.keys import match_key
from ..errors import Tampered


class json_list(GenericFunction[Any]):  # noqa: N801
    """A column as the text of a JSON list."""

    type = Text()
    inherit_cache = True


@compiles(json_list, "sqlite")
def _sqlite_list(element: json_list, compiler: Any, **options: Any) -> str:
    return f"json_group_array({compiler.process(element.clauses, **options)})"


@compiles(json_list, "postgresql")
def _postgresql_list(element: json_list, compiler: Any, **options: Any) -> str:
    return f"json_agg({compiler.process(element.clauses, **options)})::text"


class Whole(NamedTuple):
    """One column: how the database puts it together, how that is taken apart, and what holds it then."""

    together: ColumnElement[Any]
    apart: Callable[[str], Sequence[Any]]
    empty: Callable[[], MutableSequence[Any]] = list


def word(text: str) -> ColumnElement[str]:
    """A text of ours in a statement itself: SQLite copies a parameter once for every row."""
    return literal_column(f"'{text}'", Text)


def listed(column: ColumnElement[Any]) -> Whole:
    """Any column."""
    return Whole(json_list(column), json.loads)


def lined(column: ColumnElement[Any]) -> Whole:
    """A column of texts without line breaks; '' where there is none. Cheaper than `listed` for longer ones."""
    return Whole(aggregate_strings(func.coalesce(column, word("")), "\n"), lambda text: text.split("\n"))


def marked(flag: ColumnElement[bool]) -> Whole:
    """A column of flags, as bytes."""
    marks = aggregate_strings(case((flag, word("1")), else_=word("0")), "")
    return Whole(marks, lambda text: text.encode().translate(_TRUTH), bytearray)


_TRUTH = bytes.maketrans(b"01", b"\0\1")


PIECES, SMALLEST = 16, 25_000
"""Into how many pieces a table of SQLite is divided, and below how many rows it is not."""

Lists = list[MutableSequence[Any]]


def whole(connection: Connection, *tables: tuple[TableClause, Sequence[Whole]]) -> Generator[Lists, None, None]:
    """Columns of one table after the other. Raises Tampered where they do not fit together."""
    statements = [_pieces(connection, table, columns) for table, columns in tables]
    with closing(_read_ahead(connection, list(chain.from_iterable(statements)))) as texts:
        for (_, columns), pieces in zip(tables, statements, strict=True):
            read = [column.empty() for column in columns]
            for piece in islice(texts, len(pieces)):
                number, parts = piece[0], tuple[str, ...](piece[1:])
                for column, found, text in zip(columns, read, parts, strict=True):
                    _extend(found, column, text, number)
            yield read


def _extend(found: MutableSequence[Any], column: Whole, text: str, number: int) -> None:
    before = len(found)
    found.extend(column.apart(text) if number else ())
    if len(found) != before + number:
        raise Tampered(
            "A name or a list in the store is one that mailadmin would not have written.",
            remedy="Restore the store from a backup.",
        )


def _pieces(connection: Connection, table: TableClause, columns: Sequence[Whole]) -> list[Select[Any]]:
    together = select(func.count(), *[column.together for column in columns]).select_from(table)
    if connection.dialect.name != "sqlite":
        return [together]
    row: ColumnElement[int] = literal_column("rowid")
    last = connection.execute(select(func.max(row)).select_from(table)).scalar() or 0
    step = max(last // PIECES + 1, SMALLEST)
    ends = range(step, last, step)
    after = [[row > start] for start in ends]
    until = [[row <= end] for end in ends]
    return [together.where(*lower, *upper) for lower, upper in zip([[], *after], [*until, []], strict=True)]


def _read_ahead(connection: Connection, statements: Sequence[Select[Any]]) -> Generator[Row[Any], None, None]:
    """The row that each statement gives; the next is asked for while one is looked at, where a driver lets threads."""

    def read(statement: Select[Any]) -> Row[Any]:
        return connection.execute(statement).one()

    if not isinstance(connection.engine.pool, QueuePool):
        yield from map(read, statements)
        return
    with ThreadPoolExecutor(1) as reader:
        yield from reader.map(read, statements)


class Users(NamedTuple):
    """Columns of all users, in the order of their keys."""

    keys: Sequence[str]
    user_ids: Sequence[str]
    others: Sequence[Sequence[Any]]


def of_users(user_ids: Sequence[str], *others: Sequence[Any]) -> Users:
    """Columns of all users as they were read, put in the order of their keys."""
    keys = _keys(user_ids)
    if all(map(le, keys, islice(keys, 1, None))):
        return Users(keys, user_ids, others)
    order = sorted(range(len(keys)), key=keys.__getitem__)
    keys, user_ids, *sorted_ = [[column[row] for row in order] for column in (keys, user_ids, *others)]
    return Users(keys, user_ids, sorted_)


def _keys(user_ids: Sequence[str]) -> list[str]:
    """The match keys of ids: names of ASCII, all at once."""
    text = "\n".join(user_ids)
    return text.lower().split("\n") if user_ids and text.isascii() else list(map(match_key, user_ids))
