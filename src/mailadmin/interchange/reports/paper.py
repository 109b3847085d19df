"""A report as a PDF: a typst template that is always the same, and the report as data it reads.

Laws: no text of a report is ever part of the template; the same report gives the same bytes.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, time
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import BadInput
from . import pictures
from .content import Cell, Explained, Holds, MigrationReport, Table, day, listed, printable
from .page import SECTIONS

PAPER_ROWS = 500
"""So many rows of effects are printed at most, of those that change anything; all of them are in the workbook."""

REMEDY = "For PDF reports: pip install 'mailadmin[pdf]'"


def is_installed() -> bool:
    """Whether a PDF can be made."""
    return find_spec("typst") is not None


def check_installed() -> None:
    """Raises BadInput where no PDF can be made."""
    if not is_installed():
        raise BadInput("A PDF needs typst, which is not installed.", remedy=REMEDY)


def pdf(report: MigrationReport) -> bytes:
    """The PDF, tagged for screen readers (PDF/UA-1). Raises BadInput where typst is not installed."""
    drawn: bytes = _compile(report, format="pdf", pdf_standards=["ua-1"])
    return drawn


def png(report: MigrationReport, ppi: float = 96) -> list[bytes]:
    """Every page of the same document as a picture."""
    drawn = _compile(report, format="png", ppi=ppi)
    return drawn if isinstance(drawn, list) else [drawn]


def _compile(report: MigrationReport, **form: Any) -> Any:
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


def _data(report: MigrationReport) -> dict[str, Any]:
    old_to_new, by_branch = pictures.old_to_new(report), pictures.by_branch(report)
    return {
        "title": printable(report.title),
        "date": [report.as_of.year, report.as_of.month, report.as_of.day],
        "day": day(report.as_of),
        "sections": dict(SECTIONS),
        "sentences": [printable(sentence) for sentence in report.sentences],
        "numbers": [number._asdict() for number in report.numbers],
        "colours": {kind: colour for kind, (colour, _) in pictures.COLOURS.items()},
        "summary": _table(report.summary),
        "statuses": _table(report.statuses),
        "written": _table(report.written),
        "pictures": [
            {"svg": old_to_new, "told": pictures.told(old_to_new), **_table(report.paths_table)},
            {"svg": by_branch, "told": pictures.told(by_branch), **_table(report.branches_table)},
        ],
        "actions": _table(report.actions),
        "effects": _changing(report),
        "explained": [_explained(one) for one in report.explained],
        "findings": _table(report.findings),
        "dropped": _table(report.dropped),
        "left_alone": _table(report.left_alone),
        "proof": _table(report.proof),
    }


def _explained(one: Explained) -> dict[str, Any]:
    return {
        "who": printable(one.who),
        "effect": one.effect,
        "sentences": [printable(sentence) for sentence in one.sentences],
        "asked": _table(one.asked),
        "fields": _table(one.fields),
    }


def _changing(report: MigrationReport) -> dict[str, Any]:
    """The effects that change anything, and what is said of the others."""
    effects = report.effects
    place = next(i for i, column in enumerate(effects.columns) if column.holds is Holds.EFFECT)
    changing = [row for row in effects.rows if row[place] != report.kinds[-1]]
    same, left = len(effects.rows) - len(changing), max(len(changing) - PAPER_ROWS, 0)
    told = [f"The {same:,} for whom nothing changes are not printed."] if same else []
    told += [f"Of the {len(changing):,} others the first {PAPER_ROWS:,} are printed."] if left else []
    told += ["All of them are in the workbook, migration.xlsx."] if told else []
    printed = replace(effects, rows=changing[:PAPER_ROWS], none="Nothing changes for anybody.")
    return {**_table(printed), "told": " ".join(told)}


def _table(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "columns": [{"name": column.name, "holds": column.holds, "width": column.width} for column in table.columns],
        "rows": [[_cell(cell) for cell in row] for row in table.rows],
        "none": table.none,
    }


def _cell(cell: Cell) -> str:
    if isinstance(cell, int):
        return f"{cell:,}"
    return printable(listed(cell) if isinstance(cell, tuple) else cell)
