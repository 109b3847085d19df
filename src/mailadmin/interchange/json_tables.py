"""A JSON document as tables: a key per table, each a list of objects.

Laws: a key that stands twice, NaN and what stands behind the end are refused. A value is text, a number, True, False or
nothing; never a list or an object.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..errors import BadInput
from . import budgets
from .carriers import Place, RawTable, Unusable
from .findings import Findings, shown

_SHAPE = 'Write {"users": [{"user_id": …}, …], …}.'


def tables_in_document(document: str, name: str, findings: Findings) -> Iterator[RawTable]:
    """The tables of a JSON document.

    Raises BadInput when it is no JSON, or not an object with a list of objects per table.
    """
    content = _parsed(document, name, findings)
    if not isinstance(content, dict):
        raise BadInput(f"{name} holds no object with a key per table.", remedy=_SHAPE)
    return (_table(key, rows, name, findings) for key, rows in content.items())


def _parsed(document: str, name: str, findings: Findings) -> object:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            for key in sorted({key for key in keys if keys.count(key) > 1}):
                findings.problem(name, f"the key {shown(key)} stands more than once in one object", "Leave one.")
        return found

    def no_number(constant: str) -> object:
        findings.problem(name, f"{constant} is no JSON value", "Write a number, text or null.")
        return None

    try:
        parsed: object = json.loads(document, object_pairs_hook=unique, parse_constant=no_number)
    except json.JSONDecodeError as error:
        # The cause is not kept: it holds the whole document, passwords and all.
        raise BadInput(f"{name}, line {error.lineno}, column {error.colno}: no JSON: {error.msg}.") from None
    except RecursionError:
        raise BadInput(f"{name} is nested deeper than {budgets.JSON_DEPTH} levels.", remedy=_SHAPE) from None
    except ValueError:
        raise BadInput(f"{name} holds a number of too many digits.", remedy="Write it as text.") from None
    return parsed


def _table(key: str, rows: object, name: str, findings: Findings) -> RawTable:
    where, place = f"{name}, {shown(key)[1:-1]}", Place(f"{name}, {key}[", "]")
    if not isinstance(rows, list):
        findings.problem(where, "is not a list of objects", _SHAPE)
        rows = []
    header = list(dict.fromkeys(column for row in rows if isinstance(row, dict) for column in row))
    return RawTable(key, where, list(header), _rows(rows, header, place, findings), place)


def _rows(
    rows: list[object], header: list[str], place: Place, findings: Findings
) -> Iterator[tuple[int, list[object]]]:
    for number, row in enumerate(rows):
        if isinstance(row, dict):
            yield number, [_plain(row.get(column)) for column in header]
        else:
            findings.problem(place(number), "is not an object", _SHAPE)


def _plain(value: object) -> object:
    if isinstance(value, list | dict):
        return Unusable("holds a list or an object", "Write one value.")
    return value
