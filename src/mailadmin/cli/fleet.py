"""mailadmin fleet …: the same question asked of many sites."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from ..domain.permissions import UPDATE_FROM
from .output import Form, FormOption, RawOption, emit, say, working

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..interchange.sites import Site
    from ..usecases.fleet import Answer, Runner

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
    asked = _Asked("effective", sites, tag, {})
    _ask(asked, _runner(jobs, scheduler), resume, out, _Shown(form, raw=raw, rows=False, check=check))


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
    asked = _Asked("audit", sites, tag, {"key": key})
    _ask(asked, _runner(jobs, scheduler), resume, out, _Shown(form, raw=raw, rows=rows, check=check))


@commands.command()
def verify(
    sites: SitesArgument,
    tag: TagOption = None,
    jobs: JobsOption = 1,
    rows: RowsOption = False,
    resume: ResumeOption = None,
    out: OutOption = None,
    check: CheckOption = False,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Would every account of every site work; nothing is sent. Never on a cluster: it needs the stores' keys.

    Example: mailadmin fleet verify sites.toml --rows
    """
    asked = _Asked("verify", sites, tag, {})
    _ask(asked, _runner(jobs, None), resume, out, _Shown(form, raw=raw, rows=rows, check=check))


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
    asked = _Asked("scan", sites, tag, {})
    _ask(asked, _runner(jobs, scheduler), resume, out, _Shown(form, raw=raw, rows=rows, check=check))


def _runner(jobs: int, scheduler: str | None) -> Runner:
    from ..errors import BadInput
    from ..usecases.fleet import one_after_the_other
    from ..usecases.fleet_runners import in_processes, on_cluster

    if scheduler is not None and jobs > 1:
        raise BadInput("--jobs is for this machine and --scheduler for a cluster.", remedy="Choose one.")
    if scheduler is not None:
        return on_cluster(scheduler)
    return in_processes(jobs) if jobs > 1 else one_after_the_other


class _Asked(NamedTuple):
    """What is asked, of which sites of a list."""

    question: str
    sites: Path
    tags: list[str] | None
    options: dict[str, str]


class _Shown(NamedTuple):
    """How the answers are shown."""

    form: Form
    raw: bool
    rows: bool
    check: bool


def _ask(asked: _Asked, runner: Runner, resume: Path | None, out: Path | None, shown: _Shown) -> None:
    from ..interchange.sites import read_sites, tagged
    from ..usecases import fleet
    from ..usecases.fleet_reporting import write_fleet_report

    question = fleet.QUESTIONS[asked.question]
    sites = tagged(read_sites(asked.sites), asked.tags or ())
    written: list[Path] = []
    with working(question.title) as step:

        def progress(answer: Answer, done: int) -> None:
            step(f"{done} of {len(sites)}: {answer.site}")

        answers = fleet.ask(
            asked.question, sites, options=asked.options, runner=runner, progress=progress, resume=resume
        )
        if out is not None:
            step("report")
            written = write_fleet_report(asked.question, sites, answers, out, datetime.now(UTC).date())
    failed = [answer for answer in answers if answer.failed]
    if shown.rows:
        lines = [(answer.site, *row) for answer in answers for row in answer.rows]
        emit(("site", *question.columns), lines, shown.form, raw=shown.raw, title=question.title)
    else:
        figures = _figures(question.figures, sites, answers, short=shown.form is Form.TABLE)
        emit(*figures, shown.form, raw=shown.raw, title=question.title)
    for answer in failed if shown.rows or shown.form is Form.TABLE else ():
        say(f"{answer.site} could not be asked: {answer.reason}")
    for file in written:
        say(f"{file}: {file.stat().st_size:,} bytes")
    if failed and shown.check:
        raise typer.Exit(1)


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
