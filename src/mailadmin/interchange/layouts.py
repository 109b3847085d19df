"""How the rows of a raw table become rows of the content: wide, a column per value, or long, a row per value.

Laws: both layouts of one content give the same rows. Keys are matched by `match_key`; two that meet that way are a
problem naming both rows. A secret leaves the table here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from ..domain.keys import match_key
from ..migration.content import PRESENT, Column, Table, secret_location
from ..migration.records import Record
from . import budgets
from .carriers import NOT_SET, RawRow, RawTable, Runs
from .cells import BadCell, Convert, Remark, converter_of, is_mask
from .findings import shown
from .headers import Columns, columns_of, is_long
from .intake import Intake
from .plain_cells import NotPlain, converter_of_many
from .rows import Content, first_part, key_of, keys_of

_BAD: Final = object()
"""Stands in a row for a cell that could not be read, so that it does not pass for a blank one."""


def content_of(raw: RawTable, table: Table, intake: Intake) -> Content:
    """The rows of `raw`; every problem of every row goes to the findings of `intake`."""
    content = Content(table, raw.where, raw.place)
    long = is_long(raw, table)
    columns = columns_of(raw, table.long if long else table, intake)
    if columns is None:
        return content
    reader = (_Long if long else _Wide)(raw, content, columns, intake)
    left = budgets.ROWS
    for run in Runs.of(raw.rows).runs:
        reader.take_run(run[:left])
        if len(run) > left:
            intake.findings.problem(raw.where, f"has more than {budgets.ROWS} rows", "Export less at a time.")
            break
        left -= len(run)
    return content


class _Slot(NamedTuple):
    """One column being read."""

    column: Column
    convert: Convert
    remark: Remark


class _Reader:
    """Cells to values; what goes wrong is told with row and column."""

    def __init__(self, raw: RawTable, content: Content, columns: Columns, intake: Intake) -> None:
        self.raw = raw
        self.content = content
        self.table = content.table
        self.intake = intake
        self.number = 0
        self.slots = [self._slot(column) if column else None for column in columns]

    def _slot(self, column: Column) -> _Slot:
        where = f"{self.raw.where}, column {column.name}"

        def remark(what: str) -> None:
            self.intake.findings.note(where, what, short(self.content.place(self.number)))

        return _Slot(column, converter_of(column), remark)

    def take(self, number: int, cells: list[object]) -> None:
        """Adds one row to the content."""
        raise NotImplementedError

    def take_run(self, run: Sequence[RawRow]) -> None:
        """Adds rows to the content, one by one."""
        for number, cells in run:
            self.take(number, cells)

    def _bad(self, column: str, what: str, remedy: str = "") -> None:
        self.intake.findings.problem(f"{self.content.place(self.number)}, column {column}", what, remedy)

    def _value(self, slot: _Slot, cell: object) -> object:
        """What the cell holds: None where it is not set, _BAD where it cannot be read."""
        try:
            return slot.convert(cell, slot.remark)
        except BadCell as error:
            quoted = error.shows and not slot.column.secret
            self._bad(slot.column.name, f"{shown(cell)} {error.what}" if quoted else error.what, error.remedy)
            return _BAD

    def _cells(self, cells: list[object]) -> Iterator[tuple[_Slot, object]]:
        """The cells that are set and taken."""
        for slot, cell in zip(self.slots, cells, strict=True):
            if slot is not None and cell not in NOT_SET:
                yield slot, cell

    def _twice(self, column: str, written: str, first: int) -> None:
        what = f"{written} stands already in {short(self.content.place(first))}, so written or as a name that matches"
        self._bad(column, what, "Names match whatever their case, width and outer blanks. Leave one of them.")

    def _kept(self, slot: _Slot, value: object, key: str) -> object:
        """What stands in the row for `value`: itself, or PRESENT for a secret, whose text goes to the secrets."""
        if not slot.column.secret or value is _BAD:
            return value
        if is_mask(str(value)):
            slot.remark("only the dots of a screen: the secret is set, but not known")
        else:
            self.intake.secrets[secret_location(self.table.name, key, slot.column.name)] = str(value)
        return PRESENT


class _Wide(_Reader):
    """A row per key."""

    def __init__(self, raw: RawTable, content: Content, columns: Columns, intake: Intake) -> None:
        super().__init__(raw, content, columns, intake)
        taken = [column for column in columns if column]
        self.required = {column.name for column in taken if column.required and not column.may_be_blank}
        self.has_keys = {column.name for column in taken}.issuperset(self.table.keys)
        self.secrets = [slot for slot in self.slots if slot and slot.column.secret]
        self.converters = [(column, converter_of_many(column)) if column else None for column in columns]
        self.repeats = len(set(taken)) < len(taken)

    def take_run(self, run: Sequence[RawRow]) -> None:
        """Adds rows to the content: by column, or one by one where something has to be told about one of them."""
        try:
            columns = self._by_column([cells for _, cells in run])
        except NotPlain:
            super().take_run(run)
            return
        keys = list(keys_of(*(columns[name] for name in self.table.keys)))
        numbers = [number for number, _ in run]
        if self.content.claim_all(keys, numbers):
            self._keep_secrets(columns, keys, numbers)
            self.content.rows.extend(columns)
        else:
            super().take_run(run)

    def _by_column(self, rows: Sequence[list[object]]) -> dict[str, list[Any]]:
        """The values of rows of which each has all it needs. Raises NotPlain."""
        if not self.has_keys or self.repeats or len(rows) < 2:
            raise NotPlain
        cells = zip(self.converters, zip(*rows, strict=True), strict=True)
        columns = {to[0].name: to[1](cells) for to, cells in cells if to is not None}
        if any(None in columns[name] for name in self.required.union(self.table.keys)):
            raise NotPlain
        return columns

    def _keep_secrets(self, columns: dict[str, list[Any]], keys: list[str], numbers: list[int]) -> None:
        found = [(slot, columns[slot.column.name]) for slot in self.secrets if any(columns[slot.column.name])]
        if not found:
            return
        for position, (key, number) in enumerate(zip(keys, numbers, strict=True)):
            self.number = number
            for slot, values in found:
                if values[position] is not None:
                    values[position] = self._kept(slot, values[position], first_part(key))

    def take(self, number: int, cells: list[object]) -> None:
        """Adds one row to the content."""
        self.number = number
        row: Record = {}
        # Not _cells() and _value(): this loop sees every cell of a million rows.
        for slot, cell in zip(self.slots, cells, strict=True):
            if slot is None or cell in NOT_SET:
                continue
            try:
                value = slot.convert(cell, slot.remark)
            except BadCell:
                value = self._value(slot, cell)
            if value is not None:
                row[slot.column.name] = value
        if row:
            self._keep(row)

    def _keep(self, row: Record) -> None:
        lacking = self.required - row.keys()
        for name in sorted(lacking):
            self._bad(name, "is blank", "A value is required here.")
        parts = [row.get(name, "") for name in self.table.keys]
        if not (self.has_keys and lacking.isdisjoint(self.table.keys)) or _BAD in parts:
            return
        key = key_of(*map(str, parts))
        if (first := self.content.claim(key, self.number)) is not None:
            self._twice(self.table.keys[0], " / ".join(shown(part) for part in parts), first)
            return
        for slot in self.secrets:
            if (value := row.get(slot.column.name)) is not None:
                row[slot.column.name] = self._kept(slot, value, first_part(key))
        self.content.rows.append(row)


class _Long(_Reader):
    """A row per key and member; `global_settings` has no key but the member."""

    def __init__(self, raw: RawTable, content: Content, columns: Columns, intake: Intake) -> None:
        super().__init__(raw, content, columns, intake)
        self.owner_key = next((name for name in self.table.keys if name != "property"), "")
        if self.owner_key and not any(column and column.name == self.owner_key for column in columns):
            # The missing column has been told; to tell it again for every row would help nobody.
            self.slots = [None] * len(columns)
        self.seen: dict[tuple[str, str], int] = {}
        self.members: dict[str, _Slot | None] = {}

    def take(self, number: int, cells: list[object]) -> None:
        """Adds the value of one member to the content."""
        self.number = number
        found = {slot.column.name: (slot, cell) for slot, cell in self._cells(cells)}
        if not found:
            return
        value = found.pop("value", (None, None))[1]
        names = {name: self._value(slot, cell) for name, (slot, cell) in found.items()}
        owner = self._owner(names)
        member = self._member(names.get("property"), value)
        if member is None or owner is None:
            return
        key = match_key(owner)
        first = self.seen.setdefault((key, member.column.name), number)
        if first != number:
            self._twice("property", shown(member.column.name), first)
        elif value is not None and (read := self._value(member, value)) is not None:
            self._put(key, member, self._kept(member, read, key))

    def _owner(self, names: dict[str, object]) -> str | None:
        """The key as written, whose row is there from now on; '' for the Global Settings; None where it is bad."""
        if not self.owner_key:
            return ""
        written = names.get(self.owner_key)
        if written is None:
            self._bad(self.owner_key, "is blank", "A value is required here.")
        if not isinstance(written, str):
            return None
        if self.content.claim(match_key(written), self.number) is None:
            self.content.rows.append({self.owner_key: written})
        return written

    def _member(self, written: object, value: object) -> _Slot | None:
        if not isinstance(written, str):
            if written is None and (value is not None or not self.owner_key):
                self._bad("property", "is blank", "A value is required here.")
            return None
        if written not in self.members:
            column = self.table.member(written)
            self.members[written] = self._slot(column) if column else None
        if (slot := self.members[written]) is None:
            where = f"{self.content.place(self.number)}, column property"
            name = f"{self.table.name}.{shown(written)[1:-1]}"
            self.intake.unknown(where, f"the property {shown(written)} is not known", name)
        return slot

    def _put(self, key: str, member: _Slot, value: object) -> None:
        name = member.column.name
        if self.owner_key:
            self.content.rows.put(self.content.positions[key], name, value)
        else:
            self.content.claim(match_key(name), self.number)
            self.content.rows.append({"property": name, "value": value})


def short(place: str) -> str:
    """The row alone: its table stands in the same message."""
    return place.rpartition(", ")[2]
