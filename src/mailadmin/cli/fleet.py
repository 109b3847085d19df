"""mailadmin fleet …: the same question asked of many sites."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
CheckOption = Annotated[bool, typer.Option("--check", help="End with exit code 1 where a site could not be asked.")]


@commands.command()
def effective(
    sites: SitesArgument,
    tag: TagOption = None,
    jobs: JobsOption = 1,
    scheduler: SchedulerOption = None,
    resume: ResumeOption = None,
    check: CheckOption = False,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """How everybody's mail goes out, site by site: how many are ready, and what stands in the others' way.

    Example: mailadmin fleet effective sites.toml --jobs 2
    """
    _ask("effective", sites, tag, _runner(jobs, scheduler), resume, {}, form, raw=raw, rows=False, check=check)


@commands.command()
def audit(
    sites: SitesArgument,
    key: Annotated[str, typer.Option(help="The permission key.")] = UPDATE_FROM,
    tag: TagOption = None,
    jobs: JobsOption = 1,
    scheduler: SchedulerOption = None,
    rows: RowsOption = False,
    resume: ResumeOption = None,
    check: CheckOption = False,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Who holds a permission, site by site; with --rows everybody who does, might, or depends on the rule.

    Example: mailadmin fleet audit sites.toml --rows --format csv
    """
    _ask("audit", sites, tag, _runner(jobs, scheduler), resume, {"key": key}, form, raw=raw, rows=rows, check=check)


@commands.command()
def verify(
    sites: SitesArgument,
    tag: TagOption = None,
    jobs: JobsOption = 1,
    rows: RowsOption = False,
    resume: ResumeOption = None,
    check: CheckOption = False,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Would every account of every site work; nothing is sent. Never on a cluster: it needs the stores' keys.

    Example: mailadmin fleet verify sites.toml --rows
    """
    _ask("verify", sites, tag, _runner(jobs, None), resume, {}, form, raw=raw, rows=rows, check=check)


@commands.command()
def scan(
    sites: SitesArgument,
    tag: TagOption = None,
    jobs: JobsOption = 1,
    scheduler: SchedulerOption = None,
    rows: RowsOption = False,
    resume: ResumeOption = None,
    check: CheckOption = False,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """What each site's scripts still use of the obsoleted members.

    Example: mailadmin fleet scan sites.toml --rows
    """
    _ask("scan", sites, tag, _runner(jobs, scheduler), resume, {}, form, raw=raw, rows=rows, check=check)


def _runner(jobs: int, scheduler: str | None) -> Runner:
    from ..errors import BadInput
    from ..usecases.fleet import one_after_the_other
    from ..usecases.fleet_runners import in_processes, on_cluster

    if scheduler is not None and jobs > 1:
        raise BadInput("--jobs is for this machine and --scheduler for a cluster.", remedy="Choose one.")
    if scheduler is not None:
        return on_cluster(scheduler)
    return in_processes(jobs) if jobs > 1 else one_after_the_other


def _ask(
    question: str,
    sites: Path,
    tags: list[str] | None,
    runner: Runner,
    resume: Path | None,
    options: dict[str, str],
    form: Form,
    *,
    raw: bool,
    rows: bool,
    check: bool,
) -> None:
    from ..interchange.sites import read_sites, tagged
    from ..usecases import fleet

    chosen = tagged(read_sites(sites), tags or ())
    asked = fleet.QUESTIONS[question]
    with working(asked.title) as step:

        def progress(answer: Answer, done: int) -> None:
            step(f"{done} of {len(chosen)}: {answer.site}")

        answers = fleet.ask(question, chosen, options=options, runner=runner, progress=progress, resume=resume)
    failed = [answer for answer in answers if answer.failed]
    if rows:
        lines = [(answer.site, *row) for answer in answers for row in answer.rows]
        emit(("site", *asked.columns), lines, form, raw=raw, title=asked.title)
    else:
        emit(*_figures(asked.figures, chosen, answers, short=form is Form.TABLE), form, raw=raw, title=asked.title)
    for answer in failed if rows or form is Form.TABLE else ():
        say(f"{answer.site} could not be asked: {answer.reason}")
    if failed and check:
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
