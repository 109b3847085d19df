"""The report's workbook as a client opens it: a spreadsheet program shows what was written and runs nothing."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from tests.carriers import as_csv, sheets_in
from tests.cli import SAMPLE, Desk
from tests.engines import missing

Cells = list[list[str | float]]

HOSTILE = (
    *(
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(1)",
        '=HYPERLINK("http://x.test")',
        "=cmd|' /C calc'!A0",
        "'quoted",
        '"',
        "{{7*7}}",
    ),
    *("00123", "1E5", "TRUE", "2026-11-22", "12:30", "50%", "$1", "#N/A", "_x0041_", "a\nb", "a\tb", "<b>", "x" * 300),
    *("é", "e\u0301", "مرحبا", "𝒳", "👩‍👩‍👧", "a\u00a0b"),
)
CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true,false,false,false,-1"
"""Every sheet, by commas, in UTF-8; text between quotes, to tell it from numbers; numbers as they are kept."""


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on the sample company, some of whose people are called what spreadsheets would run or change."""
    desk = Desk(tmp_path_factory.mktemp("report"))
    sheets = sheets_in(SAMPLE / "kowhai-csv")
    for row, name in zip(sheets["users"][1], HOSTILE, strict=False):
        row[sheets["users"][0].index("name")] = name
    desk.migrate(as_csv(sheets, desk.file("export")))
    desk("report", "migration", desk.file("plan.json"), "--out", desk.file("report"), "--no-pdf")
    return desk.file("report") / "migration.xlsx"


def in_libreoffice(workbook: Path, folder: Path) -> dict[str, Cells]:
    """The cells of every sheet as LibreOffice reads them: text, numbers, '' for nothing."""
    if (program := shutil.which("soffice")) is None:
        missing("libreoffice-calc-nogui")
        return {}
    options = (f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to", CSV)
    out = folder / "out"
    subprocess.run([program, *options, "--outdir", out, workbook], capture_output=True, check=True, timeout=120)
    return {file.stem.partition("-")[2]: _cells(file) for file in out.glob("*.csv")}


def _cells(file: Path) -> Cells:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines, quoting=csv.QUOTE_NONNUMERIC))


def as_written(workbook: Path) -> dict[str, Cells]:
    """The same, as they stand in the file."""
    sheets = load_workbook(workbook).worksheets
    return {sheet.title: [list(map(_plain, row)) for row in sheet.iter_rows(values_only=True)] for sheet in sheets}


def _plain(value: object) -> str | float:
    # openpyxl leaves the escapes of ECMA-376 (ST_Xstring) in the text of a cell as they are.
    return unescape(value) if isinstance(value, str) else value if isinstance(value, int | float) else ""


def test_a_spreadsheet_shows_what_was_written(workbook: Path, tmp_path: Path) -> None:
    shown = in_libreoffice(workbook, tmp_path)
    assert shown == as_written(workbook)
    header, *rows = shown["Effects"]
    assert len(rows) == 402
    names = {row[header.index("Name")] for row in rows}
    assert [name for name in HOSTILE if name not in names] == []
