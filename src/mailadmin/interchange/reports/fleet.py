"""A fleet told as one report: a line per site, the sites that could not be asked with the reason, and every row.

Law: a site that was not asked is never counted as one where nothing was found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from .content import Browsed, Number, Numbers, Part, Report, Section, Words
from .tables import Cell, Column, Holds, Table

_NAMES_SHOWN = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A site's figures, or why there are none."""

    site: str
    tags: str
    figures: tuple[int, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetAnswers:
    """What was asked of a fleet and what came of it. `rows` begin with their site."""

    question: str
    title: str
    as_of: date
    figures: Sequence[str]
    lines: Sequence[Line]
    columns: Sequence[str]
    rows: Sequence[tuple[Cell, ...]]


def fleet_report(told: FleetAnswers) -> Report:
    """The report: equal answers and an equal day give an equal one."""
    behind = [Section("rows", "Behind the figures", (Browsed("rows", _rows(told)),), paper="wide")] if told.rows else []
    return Report(
        name=f"fleet-{told.question}",
        title=told.title,
        as_of=told.as_of,
        about=f"{len(told.lines):,} sites.",
        sections=(
            Section("summary", "Summary", tuple(_summary(told))),
            Section("sites", "Site by site", (Browsed("sites", _sites(told)),), paper="wide"),
            *behind,
        ),
        closing="",
    )


def _summary(told: FleetAnswers) -> Iterator[Part]:
    missing = [line.site for line in told.lines if line.reason]
    asked = len(told.lines) - len(missing)
    sentences = [f"{asked:,} of {len(told.lines):,} sites were asked."]
    if missing:
        shown = ", ".join(missing[:_NAMES_SHOWN])
        more = f" and {len(missing) - _NAMES_SHOWN:,} more" if len(missing) > _NAMES_SHOWN else ""
        sentences.append(f"These could not be, and no figure holds them: {shown}{more}.")
    yield Words(tuple(sentences))
    sums = [sum(line.figures[place] for line in told.lines if not line.reason) for place in range(len(told.figures))]
    unasked = Number("Not asked", len(missing), "sites, each with its reason below", "alarm" if missing else "plain")
    yield Numbers((*(Number(_heading(n), s, "in all sites") for n, s in zip(told.figures, sums, strict=True)), unasked))


def _sites(told: FleetAnswers) -> Table:
    numbers = (Column(_heading(name), Holds.NUMBER, 12) for name in told.figures)
    columns = (
        Column("Site", width=24),
        Column("Tags", Holds.CHOICE, 16),
        *numbers,
        Column("Not asked, because", width=40),
    )
    rows: list[tuple[Cell, ...]] = [
        (line.site, line.tags, *(line.figures if not line.reason else [""] * len(told.figures)), line.reason)
        for line in told.lines
    ]
    return Table("Site by site", columns, rows, sheet="Sites")


def _rows(told: FleetAnswers) -> Table:
    columns = (Column("Site", Holds.CHOICE, 24), *(Column(_heading(name), width=24) for name in told.columns))
    return Table("Behind the figures", columns, list(told.rows), sheet="Rows")


def _heading(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
