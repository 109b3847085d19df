"""A fleet's answers as one report in all its forms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from ..interchange.reports.csv_files import csv_files
from ..interchange.reports.fleet import FleetAnswers, Line, fleet_report
from ..interchange.sites import Site
from .fleet import QUESTIONS, Answer
from .reporting import drawn, write_files


def write_fleet_report(
    question: str, sites: Sequence[Site], answers: Sequence[Answer], folder: str | Path, as_of: date
) -> list[Path]:
    """Write what a fleet answered as HTML, XLSX, CSV and, where typst is installed, PDF. Raises BadInput."""
    asked, into = QUESTIONS[question], Path(folder)
    lines = [
        Line(
            site=site.name, tags=";".join(site.tags), figures=tuple(map(_number, answer.figures)), reason=answer.reason
        )
        for site, answer in zip(sites, answers, strict=True)
    ]
    report = fleet_report(
        FleetAnswers(
            question=question,
            title=asked.title,
            as_of=as_of,
            figures=asked.figures,
            lines=lines,
            columns=asked.columns,
            rows=[(answer.site, *("" if c is None else c for c in row)) for answer in answers for row in answer.rows],
        )
    )
    files = {**drawn(report, None), **dict(csv_files(report))}
    write_files(into, files)
    return [into / name for name in files]


def _number(cell: object) -> int:
    return cell if isinstance(cell, int) else 0
