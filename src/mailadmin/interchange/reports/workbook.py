"""A report as a workbook: a sheet for each table, typed, with filters, a frozen header and no formula anywhere.

Laws: text is text, whatever it begins with; the same report gives the same bytes, so no member of the file carries the
time of its writing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, time
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from ...errors import BadInput
from .content import Report
from .tables import Cell, Column, Holds, Table
from .wording import listed, printable

LONGEST_TEXT = 32_767
"""Excel's limit for a cell, in UTF-16 units."""

MOST_ROWS = 1_048_576
CUT = "… (cut)"
NAMES = "Names"
_ESCAPE = re.compile("(?=_x[0-9A-Fa-f]{4}_)")
_NEVER_IN_A_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")


def xlsx(report: Report) -> bytes:
    """The workbook. Raises BadInput where there is no room for the temporary files it is drawn in."""
    try:
        return _drawn(report)
    except _no_room() as error:
        raise BadInput("The workbook cannot be drawn: its temporary files cannot be written.") from error


def _no_room() -> tuple[type[Exception], ...]:
    """What is raised then: openpyxl writes by lxml, where that is installed."""
    try:
        from lxml.etree import SerialisationError
    except ImportError:
        return (OSError,)
    return OSError, SerialisationError


def _drawn(report: Report) -> bytes:
    from openpyxl import Workbook

    book: Any = Workbook(write_only=True)
    names: list[tuple[Cell, ...]] = []
    for table in report.tables():
        _write(book, table.name, table, [names_of(table.name, table, row, names) for row in table.rows])
    columns = (Column("Sheet", Holds.CHOICE, 20), Column("Entry", width=50), Column("Name", width=40))
    if names:
        _write(book, NAMES, Table(NAMES, columns, names), names)
    made = datetime.combine(report.as_of, time())
    book.properties.title, book.properties.creator = printable(report.title), "mailadmin"
    book.properties.description = report.mark or None
    book.properties.created = made
    written = BytesIO()
    book.save(written)
    return _without_times(written, made)


def names_of(title: str, table: Table, row: Sequence[Cell], names: list[tuple[Cell, ...]]) -> tuple[Cell, ...]:
    """The row with its names told shortly; all of them are noted in `names`, where a person can filter."""
    told: list[Cell] = []
    for cell in row:
        if isinstance(cell, tuple):
            entry = next((c for c, column in zip(row, table.columns, strict=True) if column.name in _ENTRY), row[0])
            names += [(title, entry, name) for name in cell]
            told.append(listed(cell))
        else:
            told.append(cell)
    return tuple(told)


_ENTRY = ("What", "Finding", "Setting")


def _write(book: Any, title: str, table: Table, rows: Sequence[Sequence[Cell]]) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.dimensions import RowDimension  # type: ignore[import-not-found]

    sheet: Any = book.create_sheet(sheet_name(title, book.sheetnames))
    for number, column in enumerate(table.columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    styles = {holds: _style(sheet, _FORMATS.get(holds, "General")) for holds in Holds}

    heights = {lines: RowDimension(sheet, ht=lines * _LINE) for lines in range(2, _MOST_LINES + 1)}

    cells: list[Any] = [WriteOnlyCell(sheet) for _ in table.columns]

    def append(row: Sequence[Cell], style: Callable[[Cell, Holds], Any]) -> None:
        """Write a row. The same cells are filled again and again: a row is written as soon as it is appended."""
        for made, value, column in zip(cells, row, table.columns, strict=True):
            made._value = value if isinstance(value, int) else text(str(value)) if value else None
            made.data_type = "n" if isinstance(value, int) or not value else "s"
            made._style = style(value, column.holds)
        sheet.append(cells)

    def styled(value: Cell, holds: Holds) -> Any:
        return styles[Holds.TEXT if value and isinstance(value, str) else holds]

    head = _style(sheet, "General", head=True)
    names = [column.name for column in table.columns]
    if (lines := _lines(table.columns, [f"{name}  " for name in names])) > 1:  # bold is broader
        sheet.row_dimensions[1] = heights[lines]
    append(names, lambda *_: head)
    fitting = rows if len(rows) < MOST_ROWS else rows[: MOST_ROWS - 2]
    for number, row in enumerate(fitting, 2):
        if (lines := _lines(table.columns, row)) > 1:
            sheet.row_dimensions[number] = heights[lines]
        append(row, styled)
    if len(fitting) < len(rows):
        more = f"… and {len(rows) - len(fitting):,} more, which no sheet can hold"
        append([more, *[""] * (len(table.columns) - 1)], styled)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(table.columns))}{len(fitting) + 1}"
    _ask_for_dates(sheet, table, len(fitting) + 1)


_FORMATS = {Holds.NUMBER: "#,##0", Holds.FILL_IN_DATE: "yyyy-mm-dd"}


_LINE, _MOST_LINES = 15, 27
"""Points of a line, and as many lines as a row of Excel can be high (409 points)."""


def _lines(columns: Sequence[Column], row: Sequence[Cell]) -> int:
    """How many lines a row needs: not every program finds out by itself."""
    needed = 1
    for column, value in zip(columns, row, strict=True):
        if isinstance(value, str) and (len(value) > column.width or "\n" in value):
            needed = max(needed, sum(len(line) // column.width + 1 for line in value.split("\n")))
    return min(needed, _MOST_LINES)


def _style(sheet: Any, number_format: str, *, head: bool = False) -> Any:
    """A style made once and shared, and never changed: hundreds of thousands of cells would each make their own."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill

    pattern: Any = WriteOnlyCell(sheet)
    if head:
        pattern.font = Font(name="Calibri", size=11, bold=True)
        pattern.fill = PatternFill("solid", start_color="DCE6EE")
    pattern.alignment = Alignment(vertical="top", wrap_text=True)
    pattern.number_format = number_format
    return pattern._style


def _ask_for_dates(sheet: Any, table: Table, last: int) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation  # type: ignore[import-not-found]

    for number, column in enumerate(table.columns, 1):
        if column.holds is Holds.FILL_IN_DATE and last > 1:
            letter = get_column_letter(number)
            rule = DataValidation(
                type="date",
                operator="greaterThan",
                formula1="36526",
                allow_blank=True,
                sqref=f"{letter}2:{letter}{last}",
            )
            rule.error, rule.errorTitle = "Enter a date.", column.name
            sheet.data_validations.append(rule)


def text(value: str) -> str:
    """Text as a cell holds it: unchanged, but for what XML or Excel cannot hold, and cut with a mark where too long.

    `_x000D_` is how a workbook writes a carriage return (ECMA-376, ST_Xstring); what looks like it is escaped itself.
    """
    value = printable(value)
    if "_x" in value:
        value = _ESCAPE.sub("_x005F", value)
    value = value.replace("\r", "_x000D_")
    if len(value) > LONGEST_TEXT // 2 and len(value.encode("utf-16-le")) // 2 > LONGEST_TEXT:
        kept = value.encode("utf-16-le")[: 2 * (LONGEST_TEXT - len(CUT))]
        value = kept.decode("utf-16-le", "ignore") + CUT
    return value


def sheet_name(wanted: str, taken: Sequence[str]) -> str:
    """A name Excel takes: at most 31 characters, none of its own, not taken yet whatever the case."""
    cleaned = _NEVER_IN_A_SHEET_NAME.sub("-", printable(wanted)).strip("' ") or "Sheet"
    found, number = cleaned[:31], 1
    while found.casefold() in {name.casefold() for name in taken}:
        number += 1
        ending = f" ({number})"
        found = cleaned[: 31 - len(ending)] + ending
    return found


_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def _without_times(written: BytesIO, made: datetime) -> bytes:
    """The same archive with one fixed time in all of it, in place of the time of its writing."""
    stamp = made.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    fixed = BytesIO()
    with ZipFile(written) as source, ZipFile(fixed, "w", ZIP_DEFLATED) as target:
        for member in source.namelist():
            content = source.read(member)
            if member == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>" + stamp + rb"\g<2>", content)
            info = ZipInfo(member, (1980, 1, 1, 0, 0, 0))
            info.compress_type, info.external_attr = ZIP_DEFLATED, 0o600 << 16
            target.writestr(info, content)
    return fixed.getvalue()
