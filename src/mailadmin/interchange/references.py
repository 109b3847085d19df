"""Whether what one table names is there in another.

Laws: only a table that is there can miss a row. GLOBAL is always there. A user without a row, or a role without a
permission, is worth a note and no more: exports leave such rows out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..domain.keys import match_key
from ..domain.organisation import GLOBAL
from ..migration.content import Column, Kind
from .findings import Findings, shown
from .layouts import short
from .rows import Content, first_part

Contents = Mapping[str, Content]


def check(contents: Contents, findings: Findings) -> None:
    """Tells every name that stands for nothing."""
    for content in contents.values():
        for column in content.table.columns:
            if column.reference in contents:
                _check_column(content, column, _keys(contents[column.reference]), findings)
    for owner in ("user_preferences", "mail_preferences"):
        if owner in contents and "users" in contents:
            _check_users(contents[owner], contents["users"], findings)
    if "cost_centres" in contents:
        _check_global(contents["cost_centres"], findings)


def _keys(content: Content) -> set[str]:
    keys = set(map(first_part, content.positions))
    return keys | {match_key(GLOBAL)} if content.table.name == "cost_centres" else keys


def _check_column(content: Content, column: Column, known: set[str], findings: Findings) -> None:
    values = content.rows.column(column.name)
    unknown = {name for name in _named(values) if match_key(name) not in known}
    missing: dict[str, list[int]] = {}
    for value, number in zip(values, content.numbers, strict=True) if unknown else ():
        for name in value if isinstance(value, list) else [value]:
            if name in unknown:
                missing.setdefault(name, []).append(number)
    for name, numbers in missing.items():
        _tell(content, column, name, numbers, findings)


def _named(values: Iterable[object]) -> set[str]:
    """Each name in a column once; what could not be read is no name."""
    return {
        name for value in values for name in (value if isinstance(value, list) else [value]) if isinstance(name, str)
    }


def _tell(content: Content, column: Column, name: str, numbers: list[int], findings: Findings) -> None:
    """One problem per missing name, however many rows have it: the name is what has to be mended."""
    what = f"{shown(name)} has no row in {column.reference}"
    if column.kind is Kind.NAMES:
        for number in numbers:
            findings.note(f"{content.where}, column {column.name}", what, short(content.place(number)))
        return
    others = [short(content.place(number)) for number in numbers[1:]]
    more = f" and {len(others) - _ROWS_TOLD} more" if len(others) > _ROWS_TOLD else ""
    also = f"; nor has it for {', '.join(others[:_ROWS_TOLD])}{more}" if others else ""
    remedy = f"Add it to {column.reference}, or mend the name."
    findings.problem(f"{content.place(numbers[0])}, column {column.name}", what + also, remedy)


_ROWS_TOLD = 5


def _check_users(content: Content, users: Content, findings: Findings) -> None:
    for key, position in content.positions.items():
        if key and key not in users.positions:
            findings.note(f"{content.where}, column user_id", "has no row in users", short(content.place_of(position)))


def _check_global(content: Content, findings: Findings) -> None:
    if (position := content.positions.get(match_key(GLOBAL))) is not None:
        content.rows.put(position, "code", GLOBAL)
        if content.rows.column("active")[position] is False:
            where = f"{content.place_of(position)}, column active"
            findings.problem(where, "GLOBAL is always active", "Write True.")
