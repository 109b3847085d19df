"""A report as a PDF: a typst template that is always the same, and the report as data it reads.

Laws: no text of a report is ever part of the template; the same report gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from importlib.resources import files
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

from ...errors import BadInput
from . import pictures
from .colours import COLOURS
from .content import (
    Beside,
    Browsed,
    Details,
    FilledIn,
    Numbers,
    Part,
    Pictures,
    Report,
    Section,
    Words,
)
from .tables import Cell, Holds, Table
from .wording import day, listed, printable

PAPER_ROWS = 500
"""So many rows of a browsed table are printed at most, of those that are not quiet; all are in the workbook."""

REMEDY = "For PDF reports: pip install 'mailadmin[pdf]'"


def is_installed() -> bool:
    """Whether a PDF can be made."""
    return find_spec("typst") is not None


def check_installed() -> None:
    """Raises BadInput where no PDF can be made."""
    if not is_installed():
        raise BadInput("A PDF needs typst, which is not installed.", remedy=REMEDY)


def pdf(report: Report) -> bytes:
    """The PDF, tagged for screen readers (PDF/UA-1). Raises BadInput where typst is not installed."""
    drawn: bytes = _compile(report, format="pdf", pdf_standards=["ua-1"])
    return drawn


def png(report: Report, ppi: float = 96) -> list[bytes]:
    """Every page of the same document as a picture."""
    drawn = _compile(report, format="png", ppi=ppi)
    return drawn if isinstance(drawn, list) else [drawn]


def _compile(report: Report, **form: Any) -> Any:
    check_installed()
    import typst

    data = json.dumps(_data(report), ensure_ascii=False)
    fonts = _fonts()
    return typst.compile(
        files(__package__).joinpath("report.typ").read_bytes(),
        font_paths=[str(fonts)],
        ignore_system_fonts=_knows(fonts, data),
        sys_inputs={"report": data},
        timestamp=datetime.combine(report.as_of, time(), UTC),
        **form,
    )


def _fonts() -> Path:
    """The fonts that come with matplotlib: the same everywhere."""
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts" / "ttf"


def _knows(fonts: Path, text: str) -> bool:
    """Whether our font has every character. If not, the machine's own fonts help, and two machines may differ."""
    from matplotlib.ft2font import FT2Font

    known = FT2Font(str(fonts / "DejaVuSans.ttf")).get_charmap()
    return all(character == "\n" or ord(character) in known for character in set(text))


def _data(report: Report) -> dict[str, Any]:
    return {
        "title": printable(report.title),
        "date": [report.as_of.year, report.as_of.month, report.as_of.day],
        "day": day(report.as_of),
        "about": printable(report.about),
        "mark": printable(report.mark),
        "colours": {word: colour for word, (colour, _) in COLOURS.items()},
        "runs": [
            {"wide": wide, "sections": [_section(section, report) for section in sections]}
            for wide, sections in groupby(report.sections, key=lambda section: section.paper == "wide")
        ],
    }


def _section(section: Section, report: Report) -> dict[str, Any]:
    drawn = [{"form": type(part).__name__, **DRAWN[type(part)](part, report)} for part in section.parts]
    return {"title": section.title, "paper": section.paper, "parts": drawn}


def _words(part: Words, _: Report) -> dict[str, Any]:
    return {"sentences": [printable(sentence) for sentence in part.sentences]}


def _numbers(part: Numbers, _: Report) -> dict[str, Any]:
    return {"numbers": [number._asdict() for number in part.numbers]}


def _one(part: Table, _: Report) -> dict[str, Any]:
    return {"table": _table(part)}


def _beside(part: Beside, _: Report) -> dict[str, Any]:
    return {"tables": [_table(table) for table in part.tables]}


def _pictures(part: Pictures, _: Report) -> dict[str, Any]:
    drawn = [(pictures.draw(picture), picture.table) for picture in part.pictures]
    return {"pictures": [{"svg": svg, "told": pictures.told(svg), "table": _table(table)} for svg, table in drawn]}


def _filled_in(part: FilledIn, _: Report) -> dict[str, Any]:
    return {"table": _table(part.table)}


def _browsed(part: Browsed, report: Report) -> dict[str, Any]:
    """The rows that are not quiet, and what is said of the others."""
    table = part.table
    places = [place for place, column in enumerate(table.columns) if column.holds is Holds.WORD]
    loud = [row for row in table.rows if not any(row[place] == part.quiet for place in places)]
    quiet, left = len(table.rows) - len(loud), max(len(loud) - PAPER_ROWS, 0)
    told = [f"The {quiet:,} {part.quiet_words} are not printed."] if quiet else []
    told += [f"Of the {len(loud):,} others the first {PAPER_ROWS:,} are printed."] if left else []
    told += [f"All of them are in the workbook, {report.name}.xlsx."] if told else []
    return {"table": _table(replace(table, rows=loud[:PAPER_ROWS])), "told": " ".join(told)}


def _details(part: Details, _: Report) -> dict[str, Any]:
    return {
        "explained": [
            {
                "who": printable(one.who),
                "kind": one.kind,
                "sentences": [printable(sentence) for sentence in one.sentences],
                "tables": [_table(table) for table in one.tables],
            }
            for one in part.explained
        ]
    }


DRAWN: Mapping[type[Part], Callable[[Any, Report], dict[str, Any]]] = {
    Words: _words,
    Numbers: _numbers,
    Table: _one,
    Beside: _beside,
    Pictures: _pictures,
    Browsed: _browsed,
    FilledIn: _filled_in,
    Details: _details,
}
"""TABLE: every part as data for the template."""


def _table(table: Table) -> dict[str, Any]:
    return {
        "title": printable(table.title),
        "columns": [{"name": column.name, "holds": column.holds, "width": column.width} for column in table.columns],
        "rows": [[_cell(cell) for cell in row] for row in table.rows],
        "none": table.none,
    }


def _cell(cell: Cell) -> str:
    if isinstance(cell, int):
        return f"{cell:,}"
    return printable(listed(cell) if isinstance(cell, tuple) else cell)
