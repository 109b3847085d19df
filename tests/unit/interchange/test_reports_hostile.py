"""Hostile text in every place of a report stays text: in the page, in the workbook, on paper (OU-01 to OU-14)."""

from __future__ import annotations

import io
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from openpyxl import load_workbook

from mailadmin.interchange.reports import page, paper, workbook
from mailadmin.interchange.reports.content import Bar, Explained, Number, Path, Way
from mailadmin.interchange.reports.markup import tag
from mailadmin.interchange.reports.migration_report import MigrationReport
from mailadmin.interchange.reports.tables import Cell, Column, Holds, Table
from mailadmin.interchange.reports.wording import printable
from mailadmin.interchange.workbooks import unescaped
from mailadmin.migration.kinds import Kind

FORMULAS = (
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "=cmd|'/c calc'!A1", '=HYPERLINK("http://x")', "＝1+1", ";=1",
)  # fmt: skip
MARKUP = (
    '"><svg onload=alert(1)>', "' onmouseover='alert(1)", "</script><script>alert(1)</script>",
    "</textarea><img src=x onerror=alert(1)>",
    "{{7*7}}", "${7*7}", "`x`", r"$\href{javascript:alert(1)}{x}$", "</style><script>alert(1)</script>", "<!--", "]]>",
    '<button data-commandlinker-command="docmanager:delete-file">', '<a href="javascript:alert(1)">x</a>',
    "</title></svg><script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;", "\u2028alert(1)\u2029",
    '#eval("1+1") #read("/etc/passwd") *bold* _it_ $x$ @ref <label> // comment', '#import "@preview/x:1.0.0"',
    "https://evil.example/?x", "[link](javascript:alert(1))",
)  # fmt: skip
BROKEN = ("a\x00b", "a\x0bb", "a\ud800b", "a\uffffb", "a\u202eb", "x" * 40_000, "_x0041_ and _x000D_", "", " ")
PAYLOADS = (*FORMULAS, *MARKUP, *BROKEN)


def hostile_report(text: str, rows: int = 2) -> MigrationReport:
    """A report with this text wherever a report has text from outside."""
    column = Column("Text")

    def table(title: str, *columns: Column, cells: tuple[Cell, ...]) -> Table:
        return Table(title, columns, [cells] * rows)

    effects = table(
        "Effects", Column("Who"), Column("Branch", Holds.CHOICE), Column("Effect", Holds.WORD), column,
        cells=(text, text, Kind.STOPS.value, f"{text}\n{text}"),
    )  # fmt: skip
    asked = table("Asked", column, column, column, column, column, column, cells=(text,) * 6)
    fields = table("Fields", column, column, column, column, column, cells=(text,) * 5)
    names = Column("For", Holds.NAMES)
    actions = table(
        "Manual actions", Column("No.", Holds.NUMBER), column, Column("What"), column, names,
        Column("Owner", Holds.FILL_IN), Column("Done on", Holds.FILL_IN_DATE),
        cells=(1, text, text, text, (text,) * 5, "", ""),
    )  # fmt: skip
    summary = Table("Effects", (Column("Effect", Holds.WORD), Column("Users", Holds.NUMBER),
                    Column("Web", Holds.NUMBER), column), [(Kind.STOPS.value, 7, 1, text)])  # fmt: skip
    numbers = Table("Numbers", (column, Column("Before", Holds.NUMBER), Column("After", Holds.NUMBER)), [(text, 1, 2)])
    written = Table("Written", (column, *(Column(k, Holds.NUMBER) for k in ("a", "b", "c"))), [(text, 1, 2, 3)])
    proof = [("Plan hash (SHA-256)", "0" * 64), ("Confirmation of the plan", "0" * 8), ("Source", text),
             ("Report made with", text)]  # fmt: skip
    return MigrationReport(
        title="E-mail migration report",
        as_of=date(2026, 11, 23),
        sentences=(text, text),
        numbers=(Number("Compared", 8, "everybody", "alarm"),),
        kinds=tuple(map(str, Kind)),
        summary=summary,
        statuses=numbers,
        paths=(
            Path(Way(text, works=True), Way(text, works=False), 7),
            Path(Way("b", works=True), Way("c", works=True), 1),
        ),
        branches=(Bar(text, tuple(range(len(Kind)))),),
        effects=effects,
        explained=(Explained(text, Kind.STOPS.value, (text,), (asked, fields)),),
        actions=actions,
        findings=table("Findings", column, Column("Finding"), column, names, cells=(text, text, text, (text,))),
        dropped=table(
            "Dropped settings", Column("Setting"), column, names, cells=(text, text, (text, text, text, text))
        ),
        left_alone=table("Left alone", column, names, cells=(text, (text,))),
        written=written,
        proof=Table("Fingerprints", (column, column), proof),
    )


class Read(HTMLParser):
    """What a browser would make of a page: elements with their attributes, and texts."""

    def __init__(self, written: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(written.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]


def scripts(written: bytes) -> list[str]:
    return re.findall(r"<script[^>]*>(.*?)</script>", written.decode(), re.DOTALL)


HARMLESS = Read(page.html(hostile_report("harmless").report())).shape


@pytest.mark.parametrize("text", PAYLOADS)
def test_no_text_changes_what_the_page_is_made_of(text: str) -> None:
    read = Read(page.html(hostile_report(text).report()))
    assert read.shape == HARMLESS


@pytest.mark.parametrize("text", PAYLOADS)
def test_nothing_in_the_page_is_live_or_leads_out(text: str) -> None:
    read = Read(page.html(hostile_report(text).report()))
    names = {name for _, attributes in read.elements for name in attributes}
    assert not [name for name in names if name.startswith("on")]
    assert not names & {"src", "srcset", "action", "formaction", "data-commandlinker-command", "style"}
    links = [attributes["href"] or "" for _, attributes in read.elements if "href" in attributes]
    assert links
    assert all(link.startswith("#") for link in links)


@pytest.mark.parametrize("text", [text for text in PAYLOADS if text.strip()])
def test_the_page_says_the_text_as_it_is(text: str) -> None:
    written = page.html(hostile_report(text).report())
    cells = "".join(Read(written).texts).replace("\r\n", "\n")
    assert printable(text) in cells
    data = json.loads(scripts(written)[0])
    assert data["columns"][0]["texts"] == [printable(text)]
    assert data["rows"] == 2


def test_the_data_of_the_script_can_neither_end_it_nor_break_a_line() -> None:
    data = scripts(page.html(hostile_report("</script><!--\u2028\u2029&").report()))[0]
    assert not set("<>&\u2028\u2029") & set(data)
    assert "\\u003c/script\\u003e" in data


def test_the_policy_allows_our_script_alone() -> None:
    written = page.html(hostile_report("x").report())
    (policy,) = (a["content"] for _, a in Read(written).elements if a.get("http-equiv") == "Content-Security-Policy")
    digest = b64encode(sha256(scripts(written)[1].encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert len(scripts(written)) == 2


def test_markup_refuses_handlers_and_addresses() -> None:
    for name, value in (
        ("onclick", "x"),
        ("src", "x"),
        ("href", "https://x.example"),
        ("style", "x"),
        ("formaction", "x"),
    ):
        with pytest.raises(ValueError, match=name):
            tag("a", "x", **{name: value})
    assert tag("td", "a<b", class_="x", hidden=None, lang=False) == '<td class="x">a&lt;b</td>'
    assert tag("rect", x=0, hidden=True) == '<rect x="0" hidden></rect>'


def texts_of(written: bytes) -> Iterator[tuple[str, str, object]]:
    """Sheet, type and value of every cell that is not empty, as another program reads them."""
    for sheet in load_workbook(io.BytesIO(written)):
        for row in sheet.iter_rows():
            yield from ((sheet.title, cell.data_type, cell.value) for cell in row if cell.value is not None)


@pytest.mark.parametrize("text", [*FORMULAS, *MARKUP])
def test_text_in_the_workbook_is_text_unchanged(text: str) -> None:
    found = list(texts_of(workbook.xlsx(hostile_report(text).report())))
    assert {kind for _, kind, _ in found} == {"s", "n"}
    assert all(isinstance(value, int) for _, kind, value in found if kind == "n")
    for sheet in ("Manual actions", "Effects", "Explained", "Findings", "Dropped settings", "Fingerprints", "Names"):
        assert text in [unescaped(str(value)) for title, _, value in found if title == sheet], sheet


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x00b", "a\ufffdb"),
        ("a\x0bb", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("a\uffffb", "a\ufffdb"),
        ("a\u202eb", "a\ufffdb"),
        ("_x0041_", "_x005F_x0041_"),
        ("x" * 32_767, "x" * 32_767),
        ("x" * 40_000, "x" * (32_767 - 7) + "… (cut)"),
        ("😀" * 20_000, "😀" * ((32_767 - 7) // 2) + "… (cut)"),
    ],
)
def test_what_no_cell_can_hold_is_replaced_or_cut_with_a_mark(text: str, expected: str) -> None:
    assert workbook.text(text) == expected
    found = [value for title, _, value in texts_of(workbook.xlsx(hostile_report(text).report())) if title == "Findings"]
    assert expected in found


def test_sheet_names_are_clean_short_and_unique() -> None:
    taken: list[str] = []
    for wanted in ("a/b", "A-B", "a[b]", "x" * 40, "x" * 40, "", "'quoted'", "a\x00b"):
        taken.append(workbook.sheet_name(wanted, taken))
    assert taken == ["a-b", "A-B (2)", "a-b-", "x" * 31, "x" * 27 + " (2)", "Sheet", "quoted", "a\ufffdb"]


def test_no_text_is_read_as_markup_on_paper() -> None:
    text = "\n".join([*FORMULAS, *MARKUP, *BROKEN])
    assert paper.pdf(hostile_report(text, rows=1).report()).startswith(b"%PDF")


def test_a_page_of_a_hundred_thousand_hostile_rows_holds_them_once() -> None:
    report = hostile_report(MARKUP[0])
    report = replace(report, effects=replace(report.effects, rows=[*report.effects.rows] * 50_000))
    written = page.html(report.report())
    assert len(written) < 2_000_000
    data = json.loads(scripts(written)[0])
    assert (data["rows"], len(data["columns"][0]["codes"])) == (100_000, 100_000)
    assert sum(tag == "tr" for tag, _ in Read(written).elements) < 300
