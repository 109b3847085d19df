"""Reports to hand over: what a plan does, written to files for people who will never open a command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from ..bootstrap import App
from ..errors import BadInput
from ..interchange.files import write_bytes_privately
from ..interchange.reports import page, paper, workbook
from ..interchange.reports.content import MigrationReport
from ..interchange.reports.migration import migration_report
from ..migration.plan import Purpose
from .migrating import effects, load_plan, load_snapshot


class Written(NamedTuple):
    """The files of a report, and what is worth knowing about them."""

    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def write_migration_report(
    app: App, plan_file: str | Path, folder: str | Path, *, as_of: date | None = None, pdf: bool | None = None
) -> Written:
    """Write `migration.html`, `migration.xlsx` and `migration.pdf` for a plan, each whole or not at all.

    `as_of` is the report's date, the plan's own unless given. `pdf` None: where typst is installed. Raises BadInput for
    a plan that is no migration, and where a PDF is asked for and typst is not installed.
    """
    if pdf:
        paper.check_installed()
    plan = load_plan(app, plan_file)
    if plan.purpose is not Purpose.MIGRATION:
        raise BadInput(f"{plan_file} is a {plan.purpose} plan.", remedy="Give a plan made by: mailadmin plan SNAPSHOT")
    report = migration_report(plan, effects(app, plan), load_snapshot(app, plan.snapshot_id), as_of=as_of)
    draw: dict[str, Callable[[MigrationReport], bytes]] = {"html": page.html, "xlsx": workbook.xlsx}
    with_pdf = paper.is_installed() if pdf is None else pdf
    if with_pdf:
        draw["pdf"] = paper.pdf
    into = Path(folder)
    try:
        drawn = {into / f"migration.{ending}": make(report) for ending, make in draw.items()}
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"The report cannot be written to {folder}: {error.strerror}.") from error
    for file, content in drawn.items():
        write_bytes_privately(file, content)
    return Written(tuple(drawn), tuple(_notes(into / "migration.pdf", written=with_pdf, wanted=pdf)))


def _notes(file: Path, *, written: bool, wanted: bool | None) -> Iterator[str]:
    if not written and wanted is None:
        yield f"no PDF was written. {paper.REMEDY}"
    if not written and file.exists():
        yield f"{file} is from an earlier report."
