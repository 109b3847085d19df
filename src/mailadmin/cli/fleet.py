"""mailadmin fleet …: the same question asked of many sites."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ..domain.permissions import UPDATE_FROM
from .output import Form, FormOption, RawOption, emit, say, working

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..interchange.sites import Site
    from ..usecases.fleet import Answer, Question, Runner

commands = typer.Typer(no_args_is_help=True, help="The same question asked of many sites.")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(commands, name="fleet")


SitesArgument = Annotated[Path, typer.Argument(metavar="SITES", help="TOML file: [[site]] with name, store, tags.")]
TagOption = Annotated[list[str] | None, typer.Option(help="Only sites with this tag; repeat for more.")]
JobsOption = Annotated[int, typer.Option(min=1, help="Processes of this machine.")]
SchedulerOption = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="A Dask cluster that is there already, tcp://host:port.")
]
RowsOption = Annotated[bool, typer.Option("--rows", help="The rows behind the figures, of all sites.")]
ResumeOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Keep answers there as they come; what is there is not asked again.")
]
OutOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write one report across the sites there: HTML, XLSX, CSV, PDF.")
]
CheckOption = Annotated[bool, typer.Option("--check", help="End with exit code 1 where a site could not be asked.")]


@commands.command()
def effective(
    sites: SitesArgument,
    tag: TagOption = None,
    jobs: JobsOption = 1,
    scheduler: SchedulerOption = None,
    resume: ResumeOption = None,
    out: OutOption = None,
    check: CheckOption = False,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """How everybody's mail goes out, site by site: how many are ready, and what stands in the others' way.

    Example: mailadmin fleet effective sites.toml --jobs 2
    """
    work = _Work(sites, tag, jobs, scheduler, resume)
    _ask("effective", work, _Shown(form, out, raw=raw, rows=False, check=check))


@commands.command()
def audit(
    sites: SitesArgument,
    key: Annotated[str, typer.Option(help="The permission key.")] = UPDATE_FROM,
    tag: TagOption = None,
    jobs: JobsOption = 1,
    scheduler: SchedulerOption = None,
    rows: RowsOption = False,
    resume: ResumeOption = None,
    out: OutOption = None,
    check: CheckOption = False,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Who holds a permission, site by site; with --rows everybody who does, might, or depends on the rule.

    Example: mailadmin fleet audit sites.toml --rows --format csv
    """
    work = _Work(sites, tag, jobs, scheduler, resume)
    _ask("audit", work, _Shown(form, out, raw=raw, rows=rows, check=check), key=key)


@commands.command()
def verify(
    sites: SitesArgument,
    tag: TagOption = None,
    jobs: JobsOption = 1,
    scheduler: SchedulerOption = None,
    rows: RowsOption = False,
    resume: ResumeOption = None,
    out: OutOption = None,
    check: CheckOption = False,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Would every account of every site work; nothing is sent. A worker of a cluster needs the sites' keys beside it.

    Example: mailadmin fleet verify sites.toml --rows
    """
    work = _Work(sites, tag, jobs, scheduler, resume)
    _ask("verify", work, _Shown(form, out, raw=raw, rows=rows, check=check))


@commands.command()
def scan(
    sites: SitesArgument,
    tag: TagOption = None,
    jobs: JobsOption = 1,
    scheduler: SchedulerOption = None,
    rows: RowsOption = False,
    resume: ResumeOption = None,
    out: OutOption = None,
    check: CheckOption = False,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """What each site's scripts still use of the obsoleted members.

    Example: mailadmin fleet scan sites.toml --rows
    """
    work = _Work(sites, tag, jobs, scheduler, resume)
    _ask("scan", work, _Shown(form, out, raw=raw, rows=rows, check=check))


class _Work(NamedTuple):
    """Which sites of a list are asked, by whom, and where answers are kept."""

    sites: Path
    tags: list[str] | None
    jobs: int
    scheduler: str | None
    resume: Path | None

    def runner(self) -> Runner:
        """Who asks. Raises BadInput for two at once."""
        from ..errors import BadInput
        from ..usecases.fleet import one_after_the_other

        if self.scheduler is None and self.jobs == 1:
            return one_after_the_other
        if self.scheduler is not None and self.jobs > 1:
            raise BadInput("--jobs is for this machine and --scheduler for a cluster.", remedy="Choose one.")
        from ..usecases.fleet_runners import in_processes, on_cluster

        return on_cluster(self.scheduler) if self.scheduler is not None else in_processes(self.jobs)


class _Shown(NamedTuple):
    """How the answers are shown."""

    form: Form
    out: Path | None
    raw: bool
    rows: bool
    check: bool

    @property
    def streams(self) -> bool:
        """Whether rows are printed as they come: a table has to know them all for its widths, and a report, too."""
        return self.rows and self.form is Form.CSV and self.out is None


def _ask(name: str, work: _Work, shown: _Shown, key: str = UPDATE_FROM) -> None:
    from ..interchange.sites import read_sites, tagged
    from ..usecases import fleet
    from ..usecases.fleet_reporting import write_fleet_report

    question, runner = fleet.QUESTIONS[name], work.runner()
    sites = tagged(read_sites(work.sites), work.tags or ())
    asked = fleet.Asked(name, key, rows=shown.rows or shown.out is not None)
    held: list[Answer] = []
    written: list[Path] = []
    with _progress(question.title, shown) as step:
        answers = fleet.ask(
            asked,
            sites,
            runner=runner,
            progress=lambda answer, done: step(f"{done} of {len(sites)}: {answer.site}"),
            resume=work.resume,
        )
        if shown.streams:
            emit(("site", *question.columns), _rows(answers, held), shown.form, raw=shown.raw)
        else:
            held.extend(answers)
        if shown.out is not None:
            step("report")
            written = write_fleet_report(name, sites, held, shown.out, datetime.now(UTC).date())
    if not shown.streams:
        _show(question, sites, held, shown)
    failed = [answer for answer in held if answer.failed]
    for answer in failed if shown.rows or shown.form is Form.TABLE else ():
        say(f"{answer.site} could not be asked: {answer.reason}")
    for file in written:
        say(f"{file}: {file.stat().st_size:,} bytes")
    if failed and shown.check:
        raise typer.Exit(1)


def _progress(title: str, shown: _Shown) -> AbstractContextManager[Any]:
    """The progress line; none where rows are coming down the same screen."""
    return nullcontext(lambda step: None) if shown.streams and sys.stdout.isatty() else working(title)


def _rows(answers: Iterable[Answer], passed: list[Answer]) -> Iterator[tuple[object, ...]]:
    """The rows of all sites as they come; every answer has `passed` then, without its rows."""
    for answer in answers:
        passed.append(answer._replace(rows=()))
        for row in answer.rows:
            yield answer.site, *row


def _show(question: Question, sites: Sequence[Site], answers: Sequence[Answer], shown: _Shown) -> None:
    if shown.rows:
        columns: Sequence[str] = ("site", *question.columns)
        lines: Iterable[Sequence[object]] = _rows(answers, [])
    else:
        columns, lines = _figures(question.figures, sites, answers, short=shown.form is Form.TABLE)
    emit(columns, lines, shown.form, raw=shown.raw, title=question.title)


def _figures(
    names: tuple[str, ...], sites: Sequence[Site], answers: Sequence[Answer], *, short: bool
) -> tuple[tuple[str, ...], list[tuple[str | int | None, ...]]]:
    """Columns and lines, one per site; `short` where the reasons stand below them."""
    blank = ("",) * len(names)
    lines = [
        (
            site.name,
            ";".join(site.tags),
            *(answer.figures or blank),
            "yes" if short and answer.failed else answer.reason,
        )
        for site, answer in zip(sites, answers, strict=True)
    ]
    return ("site", "tags", *names, "not_asked"), lines
