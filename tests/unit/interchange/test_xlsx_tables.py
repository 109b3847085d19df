"""XLSX as Excel writes it, and as an attacker would (FI-21 to FI-31)."""

from __future__ import annotations

import datetime as dt
import io
import resource
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from mailadmin.errors import BadInput, Problem, SourceRejected
from mailadmin.interchange.legacy_exports import LegacyExport, read_legacy_export

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
AS_TEXT = "Format the column as text and type it again."


def sheet(title: str = "portals") -> tuple[Workbook, Worksheet]:
    """A workbook whose only sheet has the header code, password, smtp_port, enable_ssl."""
    book = Workbook()
    (only,) = book.worksheets
    only.title = title
    only.append(["code", "password", "smtp_port", "enable_ssl"])
    return book, only


def read(folder: Path, book: Workbook) -> LegacyExport:
    book.save(folder / "x.xlsx")
    return read_legacy_export(folder / "x.xlsx")


def problems(folder: Path, book: Workbook) -> list[Problem]:
    with pytest.raises(SourceRejected) as caught:
        read(folder, book)
    return list(caught.value.problems)


def raw(rows: str, *, before: str = "", namespace: str = MAIN, **parts: bytes | str) -> bytes:
    """A workbook of one sheet `entities` with these rows, written by hand."""
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    content: Mapping[str, bytes | str] = {
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="a" Type="{relations}/officeDocument" '
        f'Target="/xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{namespace}" xmlns:r="{relations}"><sheets>'
        f'<sheet name="entities" sheetId="1" r:id="b"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="b" '
        f'Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="c" '
        f'Type="{relations}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{namespace}"><si><t>code</t></si><si><r><t>a</t></r><r><t>_x0042_</t></r>'
        "<rPh><t>x</t></rPh></si></sst>",
        "xl/worksheets/sheet1.xml": f'{before}<worksheet xmlns="{namespace}"><sheetData>{rows}</sheetData></worksheet>',
        **{name.replace("__", "/").replace("_dot_", "."): part for name, part in parts.items()},
    }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in content.items():
            archive.writestr(name, part)
    return data.getvalue()


def read_raw(folder: Path, data: bytes) -> LegacyExport:
    (folder / "x.xlsx").write_bytes(data)
    return read_legacy_export(folder / "x.xlsx")


HEADER = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
CELL = '<c t="s"><v>1</v></c>'
SHEET = f'<worksheet xmlns="{MAIN}"><sheetData>{HEADER}<row>{CELL}</row></sheetData></worksheet>'


def stating_less(data: bytes) -> bytes:
    """The workbook with a directory that states one byte less for its last entry, the sheet."""
    at = data.rindex(b"PK\x01\x02") + 24
    less = int.from_bytes(data[at : at + 4], "little") - 1
    return data[:at] + less.to_bytes(4, "little") + data[at + 4 :]


@pytest.mark.parametrize("namespace", [MAIN, STRICT])
def test_shared_and_inline_texts(namespace: str, tmp_path: Path) -> None:
    rows = '<row r="3"><c r="A3" t="s"><v>1</v></c></row><row><c t="inlineStr"><is><t>=c</t></is></c></row>'
    export = read_raw(tmp_path, raw(HEADER + rows, namespace=namespace))
    assert export.tables == {"entities": [{"code": "=c"}, {"code": "aB"}]}


@pytest.mark.parametrize(
    "sheet",
    [
        SHEET,
        SHEET.replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x="),
        SHEET.replace("><", ">\n  <"),
        SHEET.replace("</sheetData>", "</sheetData><anchor><col>1</col><row>2</row><c/></anchor>"),
        SHEET.encode("utf-16"),
        SHEET.replace(CELL, '<c t="inlineStr"><is><t>&#97;</t><r><t>B</t></r><rPh><t>x</t></rPh></is></c>'),
        SHEET.replace(CELL, '<c t="str"><v><![CDATA[a]]>_x0042_</v></c>'),
    ],
    ids=["plain", "prefix", "indented", "anchor", "UTF-16", "rich", "CDATA"],
)  # fmt: skip
def test_one_sheet_however_it_is_written(sheet: str | bytes, tmp_path: Path) -> None:
    export = read_raw(tmp_path, raw("", xl__worksheets__sheet1_dot_xml=sheet))
    assert export.tables == {"entities": [{"code": "aB"}]}


def test_text_that_comes_in_pieces(tmp_path: Path) -> None:
    texts = [f"{number:04}" + "é&" * (number % 3 * 4_000) for number in range(20)]
    book = Workbook()
    book.worksheets[0].title = "entities"
    for row in [["code", "description"], *([text[:4], text] for text in texts)]:
        book.worksheets[0].append(row)
    assert [row["description"] for row in read(tmp_path, book).tables["entities"]] == texts


def test_text_that_begins_like_a_formula(tmp_path: Path) -> None:
    book, portals = sheet()
    portals.append(["a", "x", "587 "])
    portals["B2"].value = "=2+50"
    portals["B2"].data_type = "s"
    portals["B2"].quotePrefix = True
    assert read(tmp_path, book).secrets == {"portals/a/password": "=2+50"}


@pytest.mark.parametrize("formula", ["=1+1", "=HYPERLINK(1)", '=WEBSERVICE("http://x.test")', "=cmd|' /C calc'!A0"])
def test_a_formula_is_refused_with_its_address(formula: str, tmp_path: Path) -> None:
    book, portals = sheet()
    portals.append(["a", formula])
    assert problems(tmp_path, book) == [
        Problem("x.xlsx, sheet portals, row 2, column password", "cell B2 holds a formula",
                "Put the value in its place, as text."),
    ]  # fmt: skip


def test_a_formula_in_the_header_is_refused(tmp_path: Path) -> None:
    book, portals = sheet()
    portals["C1"] = "=1+1"
    assert problems(tmp_path, book) == [
        Problem("x.xlsx, sheet portals, header", "cell C1 holds a formula", "Put the value in its place, as text."),
    ]


def test_a_formula_with_a_kept_result_is_refused(tmp_path: Path) -> None:
    rows = '<row r="2"><c r="A2" t="str"><f>1+1</f><v>2</v></c></row>'
    with pytest.raises(SourceRejected, match="cell A2 holds a formula"):
        read_raw(tmp_path, raw(HEADER + rows))


def test_numbers(tmp_path: Path) -> None:
    book, portals = sheet()
    portals.append([123, 4567, 587, True])
    portals.append([1.5, 123456789012345, 25.0, 0])
    export = read(tmp_path, book)
    assert export.tables == {
        "portals": [
            {"code": "1.5", "password": "present", "smtp_port": 25, "enable_ssl": False},
            {"code": "123", "password": "present", "smtp_port": 587, "enable_ssl": True},
        ]
    }
    assert export.secrets == {"portals/123/password": "4567", "portals/1.5/password": "123456789012345"}
    remark = "a number was taken as text; leading and trailing zeros are lost, if there were any"
    assert export.notes == (
        f"x.xlsx, sheet portals, column code: {remark} (row 2, row 3)",
        f"x.xlsx, sheet portals, column password: {remark} (row 2, row 3)",
        "x.xlsx: holds 2 secrets in clear text; lock it away or delete it when it is no longer needed",
    )


@pytest.mark.parametrize(
    ("value", "code", "what"),
    [
        (123, "00000", "cell A2 holds a number shown with zeros in front, which are not in the file"),
        (1234567890123456, "General", "cell A2 holds a number of more than 15 digits, of which Excel keeps 15"),
        (dt.date(2025, 11, 13), "General", "cell A2 holds a date"),
        (45000, "dd/mm/yyyy", "cell A2 holds a date"),
        (45000.5, "[h]:mm", "cell A2 holds a date"),
        (True, "General", "True is not text"),
        ("#N/A", "General", "cell A2 holds an error such as #N/A"),
    ],
)
def test_values_that_are_refused(value: object, code: str, what: str, tmp_path: Path) -> None:
    book, portals = sheet()
    portals.append([value])
    if code != "General":
        portals["A2"].number_format = code
    assert [problem.what for problem in problems(tmp_path, book)] == [what]


def test_a_date_is_refused_whatever_year_the_workbook_counts_from(tmp_path: Path) -> None:
    book, portals = sheet()
    book.epoch = CALENDAR_MAC_1904
    portals.append([dt.date(2025, 11, 13)])
    assert [problem.what for problem in problems(tmp_path, book)] == ["cell A2 holds a date"]


@pytest.mark.parametrize("code", ["00000", '0.00 "days"', "@", "#,##0", "[Red]0"])
def test_number_formats_that_lose_nothing(code: str, tmp_path: Path) -> None:
    book, portals = sheet()
    portals.append([12345])
    portals["A2"].number_format = code
    assert read(tmp_path, book).tables == {"portals": [{"code": "12345"}]}


def test_what_is_hidden_is_read_and_noted(tmp_path: Path) -> None:
    book, portals = sheet()
    portals.append(["a"])
    portals.append(["b"])
    portals.row_dimensions[3].hidden = True
    portals.column_dimensions["C"].hidden = True
    users = book.create_sheet("Users")
    users.append(["user_id", "name"])
    users.append(["a", "A"])
    users.sheet_state = "veryHidden"
    book.create_sheet("Sheet3")
    export = read(tmp_path, book)
    assert export.tables == {"users": [{"user_id": "a", "name": "A"}], "portals": [{"code": "a"}, {"code": "b"}]}
    assert export.notes == (
        "x.xlsx, sheet Sheet3: is empty",
        "x.xlsx, sheet Users: is hidden; it was read all the same",
        "x.xlsx, sheet portals: has hidden columns; they were read all the same",
        "x.xlsx, sheet portals: has hidden rows; they were read all the same (row 3)",
    )


def test_an_unknown_sheet(tmp_path: Path) -> None:
    book, portals = sheet()
    portals.append(["a"])
    book.create_sheet("History").append(["x"])
    (problem,) = problems(tmp_path, book)
    assert problem[:2] == ("x.xlsx, sheet History", "the table 'History' is not known")
    export = read_legacy_export(tmp_path / "x.xlsx", ignore_unknown=True)
    assert (export.tables, export.not_taken) == ({"portals": [{"code": "a"}]}, ("History",))


def test_a_cell_beyond_the_header(tmp_path: Path) -> None:
    book, portals = sheet()
    portals["H5"] = "x"
    assert problems(tmp_path, book) == [
        Problem("x.xlsx, sheet portals, row 5", "cell H5 has a value and its column has no name",
                "Name the column or clear the cell."),
    ]  # fmt: skip


def test_an_empty_sheet_of_a_table(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].title = "users"
    (problem,) = problems(tmp_path, book)
    assert problem[:2] == ("x.xlsx, sheet users", "is empty: there is not even a header")


def test_the_last_cell_of_a_sheet_costs_nothing(tmp_path: Path) -> None:
    book, portals = sheet()
    portals["XFD1048576"] = "x"
    book.save(tmp_path / "x.xlsx")
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with pytest.raises(SourceRejected, match="cell XFD1048576 has a value and its column has no name"):
        read_legacy_export(tmp_path / "x.xlsx")
    assert time.perf_counter() - started < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_a_header_as_wide_as_a_sheet(tmp_path: Path) -> None:
    book, portals = sheet()
    portals["XFD1"] = "x"
    (problem,) = problems(tmp_path, book)
    assert problem[:2] == ("x.xlsx, sheet portals", "has 16384 columns, more than 256")


def test_macros_and_links_are_noted(tmp_path: Path) -> None:
    rows = '<row r="2"><c r="A2" t="s"><v>1</v></c></row>'
    parts = {
        "xl__vbaProject_dot_bin": "",
        "xl__externalLinks__externalLink1_dot_xml": "",
        "xl__connections_dot_xml": "",
    }
    assert read_raw(tmp_path, raw(HEADER + rows, **parts)).notes == (
        "x.xlsx: has data connections; they were not used",
        "x.xlsx: has links to other workbooks; they were not followed",
        "x.xlsx: holds macros; they were not read",
    )


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (raw(HEADER, before="<!DOCTYPE x [<!ENTITY e 'x'>]>"), "holds a document type or an entity"),
        (raw(HEADER, before="<!DOCTYPE x SYSTEM 'file:///etc/passwd'>"), "holds a document type or an entity"),
        (raw(HEADER + "<row"), "is damaged or missing"),
        (raw(HEADER + '<row r="1"/>'), "the rows of xl/worksheets/sheet1.xml are out of order"),
        (raw(HEADER + '<row r="x"/>'), "the rows of xl/worksheets/sheet1.xml are out of order"),
        (raw(HEADER + "<row>" + "<c/>" * 16_385 + "</row>"), "has a row of more than 16384 cells"),
        (raw(HEADER + '<row r="2"><c r="ZZZ2"/></row>'), "has a row of more than 16384 cells"),
        (raw(HEADER + '<row r="2"><c r="A3"/></row>'), "has a cell whose address is not that of its row"),
        (raw(HEADER + '<row r="2"><c r="a2"/></row>'), "has a cell whose address is not that of its row"),
        (raw(HEADER + f'<row><c t="str"><v>{"x" * 229_377}</v></c></row>'), "a text of more than 229376 characters"),
        (raw(HEADER, xl__sharedStrings_dot_xml=f"<sst><si>{'<t>xxxxxxx</t>' * 32_769}</si></sst>"), "more than 229376"),
        (raw(HEADER, xl__worksheets__sheet1_dot_xml=SHEET.replace("</worksheet>", "<x></worksheet>")), "is damaged or"),
        (stating_less(raw(HEADER, xl__worksheets__sheet1_dot_xml=SHEET)), "is damaged or missing"),
        (raw(HEADER, xl__sharedStrings_dot_xml="<sst>"), "xl/sharedStrings.xml is damaged or missing"),
        (raw(HEADER, xl__workbook_dot_xml="x"), "xl/workbook.xml is damaged or missing"),
        (raw(HEADER, _rels___dot_rels="<x/>"), "the workbook itself is missing"),
        (raw('<row r="1"><c r="A1" t="s"><v>9</v></c></row>'), "header: cell A1 cannot be read"),
        (raw(HEADER + '<row r="2"><c r="A2" t="s"><v>-1</v></c></row>'), "cell A2 cannot be read"),
        (raw(HEADER + '<row r="2"><c r="A2" t="zz"><v>x</v></c></row>'), "cell A2 cannot be read"),
        (raw(HEADER + f'<row r="2"><c r="A2"><v>{"1" * 5000}</v></c></row>'), "of more than 15 digits"),
        (raw(HEADER + '<row r="2"><c r="A2" t="d"><v>2025-11-13</v></c></row>'), "cell A2 holds a date"),
        (raw(HEADER + '<row r="2"><c r="A2" t="inlineStr"><is><t>_x0000_</t></is></c></row>'), "character U+0000"),
        (raw(HEADER + '<row r="2"><c r="A2" t="s"><v>1</v></c><c r="A2" t="s"><v>1</v></c></row>'), "stands twice"),
    ],
)  # fmt: skip
def test_damaged_workbooks(data: bytes, what: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        read_raw(tmp_path, data)
    assert what in str(caught.value)


def _zip(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return data.getvalue()


def _stating(size: int) -> bytes:
    """An archive whose directory says that much: it is refused before anybody tries."""
    data = bytearray(_zip([("xl/a", b"a")]))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = size.to_bytes(4, "little")
    return bytes(data)


def _locked() -> bytes:
    data = bytearray(_zip([("xl/a", b"a")]))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (_stating(1_500_000_001), "unpacks to more than 1500 MB."),
        (_zip([("xl/a", bytes(2_000_000))]), "has an entry that unpacks to more than 100 times its size."),
        (_zip([(f"xl/{n}", b"") for n in range(1_001)]), "has 1001 entries, more than 1000."),
        (_zip([("../../x", b"")]), "has an entry that points out of the archive."),
        (_zip([("/x", b"")]), "has an entry that points out of the archive."),
        (_zip([("xl/a", bytes(150_000_001))], zipfile.ZIP_STORED), "holds more than 150 MB."),
        (_locked(), "has entries protected by a password."),
    ],
    ids=["bomb", "ratio", "entries", "dots", "root", "size", "password"],
)
def test_archives_beyond_the_budget(data: bytes, what: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        read_raw(tmp_path, data)
    assert caught.value.what == f"x.xlsx {what}"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has two entries of one name"):
        read_raw(tmp_path, _zip([("xl/a", b"1"), ("xl/a", b"2")]))


def test_nothing_is_written(tmp_path: Path) -> None:
    read_raw(tmp_path, raw(HEADER))
    assert [path.name for path in tmp_path.iterdir()] == ["x.xlsx"]
