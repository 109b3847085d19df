"""One legacy export in every carrier: a CSV folder written again as XLSX, JSON, other CSV, or a database."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from openpyxl import Workbook

from mailadmin.migration.content import TABLES, Kind, Table

Sheet = tuple[list[str], list[list[str]]]
"""A header and its rows, all text as in the CSV files."""

Sheets = Mapping[str, Sheet]


def sheets_in(folder: Path) -> dict[str, Sheet]:
    """What a folder of UTF-8, comma separated CSV files holds."""
    found = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            header, *rows = csv.reader(lines)
        found[path.stem] = (header, rows)
    return found


def as_csv(sheets: Sheets, folder: Path, *, delimiter: str = ",", encoding: str = "utf-8-sig") -> Path:
    """A folder of CSV files."""
    folder.mkdir(exist_ok=True)
    for name, (header, rows) in sheets.items():
        with (folder / f"{name}.csv").open("w", encoding=encoding, newline="") as lines:
            csv.writer(lines, delimiter=delimiter).writerows([header, *rows])
    return folder


def as_xlsx(sheets: Sheets, path: Path) -> Path:
    """A workbook in which every cell is text, one that begins with `=` included."""
    book = Workbook(write_only=False)
    book.remove(book.worksheets[0])
    for name, (header, rows) in sheets.items():
        sheet = book.create_sheet(name)
        for number, row in enumerate([header, *rows], 1):
            for column, text in enumerate(row, 1):
                if text:
                    cell = sheet.cell(number, column, text)
                    cell.data_type = "s"
    book.save(path)
    return path


def as_json(sheets: Sheets, path: Path) -> Path:
    """A JSON document whose flags and ports are booleans and numbers, and whose blanks are null."""
    content = {
        name: [
            {column: _native(name, column, cell, row) for column, cell in zip(header, row, strict=True)} for row in rows
        ]
        for name, (header, rows) in sheets.items()
    }
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def as_utf16_long(sheets: Sheets, folder: Path) -> Path:
    """UTF-16, semicolons, flags as -1 and 0, ports as 587.0, preferences and web configurations long."""
    other = {}
    for name, (header, rows) in sheets.items():
        told = [[_other(name, column, cell, row) for column, cell in zip(header, row, strict=True)] for row in rows]
        other[name] = _long(header, told) if TABLES[name].members and "property" not in header else (header, told)
    return as_csv(other, folder, delimiter=";", encoding="utf-16")


def as_sqlite(sheets: Sheets, folder: Path) -> tuple[str, Path]:
    """A database whose columns have no types, and the TOML file of its SELECTs: (URL, TOML)."""
    folder.mkdir(exist_ok=True)
    with sqlite3.connect(folder / "legacy.sqlite") as database:
        for name, (header, rows) in sheets.items():
            columns = ", ".join(f'"{column}"' for column in header)
            database.execute(f'CREATE TABLE "{name}" ({columns})')
            marks = ", ".join("?" for _ in header)
            cells = [[cell or None for cell in row] for row in rows]
            database.executemany(f'INSERT INTO "{name}" VALUES ({marks})', cells)
    database.close()
    toml = folder / "queries.toml"
    toml.write_text("".join(f"{name} = 'SELECT * FROM \"{name}\"'\n" for name in sheets), encoding="utf-8")
    return f"sqlite:///{folder / 'legacy.sqlite'}", toml


def _kind(table: Table, column: str, row: Sequence[str]) -> Kind:
    found = table.member(row[0]) if table.name == "global_settings" and column == "value" else table.column(column)
    return found.kind if found else Kind.TEXT


def _native(name: str, column: str, cell: str, row: Sequence[str]) -> object:
    kind = _kind(TABLES[name], column, row)
    if cell == "":
        return None
    if kind is Kind.FLAG:
        return cell == "True"
    return int(cell) if kind is Kind.PORT else cell


def _other(name: str, column: str, cell: str, row: Sequence[str]) -> str:
    kind = _kind(TABLES[name], column, row)
    if kind is Kind.FLAG:
        return {"True": "-1", "False": "0"}.get(cell, cell)
    return f"{cell}.0" if kind is Kind.PORT and cell else cell


def _long(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Sheet:
    """A row per member that is set; a key that has none keeps one row without a property."""
    long: list[list[str]] = []
    for key, *cells in rows:
        told = [[key, member, cell] for member, cell in zip(header[1:], cells, strict=True) if cell]
        long += told or [[key, "", ""]]
    return [header[0], "property", "value"], long
