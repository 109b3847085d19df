"""A report as CSV files, one for each table: UTF-8, comma, CRLF, formula-safe.

Law: a file of a marked report has a last column that is empty; its heading is the mark.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from .content import Report
from .tables import Cell
from .wording import printable

_LIVE = ("=", "+", "-", "@", "\t", "\r")


def csv_files(report: Report) -> Iterator[tuple[str, bytes]]:
    """Every table, with the name of its file."""
    for table in report.tables():
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\r\n")
        ending = (report.mark,) if report.mark else ()
        writer.writerow([*(column.name for column in table.columns), *ending])
        empty = [""] * len(ending)
        writer.writerows([*map(_cell, row), *empty] for row in table.rows)
        yield f"{report.name}-{_plain(table.name)}.csv", out.getvalue().encode()


def _plain(name: str) -> str:
    return "-".join(re.findall(r"\w+", name.casefold()))


def _cell(cell: Cell) -> str:
    if isinstance(cell, int):
        return str(cell)
    return safe_cell(printable("; ".join(cell) if isinstance(cell, tuple) else cell))


def safe_cell(text: str) -> str:
    """A cell no spreadsheet takes for a formula (CWE-1236)."""
    return f"'{text}" if text.startswith(_LIVE) else text
