"""Whole columns out of a store, each as one text that the database puts together: half of what rows cost.

Law: the columns of one reading are of the same rows, in the order of `keys`: match keys as Python compares them, not as
a database sorts text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from operator import le
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, case, func, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction, aggregate_strings

from ..domain.keys import match_key
from ..errors import Tampered
from .tables import ROWS


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
    """One column: how the database puts it together, and how that is taken apart."""

    together: ColumnElement[Any]
    apart: Callable[[str], Sequence[Any]]


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
    return Whole(marks, lambda text: text.encode().translate(_TRUTH))


_TRUTH = bytes.maketrans(b"01", b"\0\1")


class Users(NamedTuple):
    """Columns of all users, in the order of their keys."""

    keys: Sequence[str]
    user_ids: Sequence[str]
    others: Sequence[Sequence[Any]]


def of_users(connection: Connection, *columns: Whole) -> Users:
    """Keys and ids of all users, and these columns. Raises Tampered where they do not fit together."""
    wanted = (lined(ROWS["users"].c.user_id), *columns)
    number, *texts = connection.execute(select(func.count(), *[column.together for column in wanted])).one()
    read: list[Sequence[Any]] = [
        column.apart(text) if number else [] for column, text in zip(wanted, texts, strict=True)
    ]
    if any(len(column) != number for column in read):
        raise Tampered(
            "A user has an id or roles that mailadmin would not have written.",
            remedy="Restore the store from a backup.",
        )
    keys = _keys(texts[0] or "", read[0])
    if not all(map(le, keys, keys[1:])):
        order = sorted(range(number), key=keys.__getitem__)
        keys, read = [keys[row] for row in order], [[column[row] for row in order] for column in read]
    return Users(keys, read[0], read[1:])


def _keys(text: str, user_ids: Sequence[str]) -> list[str]:
    """The match keys of ids that are `text` together: names of ASCII, all at once."""
    return text.lower().split("\n") if user_ids and text.isascii() else list(map(match_key, user_ids))
