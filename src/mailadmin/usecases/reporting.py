"""Reports to hand over: what a plan does, or what an audit found, for people who will never open a command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from .. import __version__
from ..audit.rules import rule_set
from ..bootstrap import App
from ..domain.governed import GOVERNED
from ..domain.permissions import UPDATE_FROM
from ..errors import BadInput, StoreBusy
from ..interchange.files import write_bytes_privately
from ..interchange.reports import page, paper, workbook
from ..interchange.reports.audit import Audit, audit_report
from ..interchange.reports.content import Report
from ..interchange.reports.csv_files import csv_files
from ..interchange.reports.evidence import MANIFEST, Evidence, Manifest, proven
from ..interchange.reports.json_file import fingerprint, json_file
from ..interchange.reports.migration import migration_report
from ..interchange.reports.wording import listed
from ..migration.plan import Plan, Purpose
from ..storage import repository
from ..storage.repository import State
from ..storage.tables import OF_USERS
from . import auditing, finding, maintaining, notebooks
from .auditing import Exports
from .migrating import Progress, effects, load_plan, load_snapshot

NO_KEY = "the manifest is unsealed, since there is no key: whoever alters a file can alter the manifest as well."


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
    into = Path(folder)
    made = drawn(_migration(app, plan, as_of), pdf)
    write_files(into, made)
    files = tuple(into / name for name in made)
    return Written(files, tuple(_notes(into / "migration.pdf", written="migration.pdf" in made, wanted=pdf)))


def _migration(app: App, plan: Plan, as_of: date | None) -> Report:
    return migration_report(plan, effects(app, plan), load_snapshot(app, plan.snapshot_id), as_of=as_of).report()


_FORMS: Mapping[str, Callable[[Report], bytes]] = {"html": page.html, "xlsx": workbook.xlsx, "pdf": paper.pdf}


def _unheard(_stage: str) -> None:
    """Where nobody waits for it."""


def drawn(report: Report, pdf: bool | None, tell: Progress = _unheard) -> dict[str, bytes]:
    """The report in its forms; `pdf` None: where typst is installed."""
    with_pdf = paper.is_installed() if pdf is None else pdf
    forms = [form for form in _FORMS if form != "pdf" or with_pdf]
    made = {}
    for form in forms:
        tell(f"Drawing the {form.upper()}")
        made[f"{report.name}.{form}"] = _FORMS[form](report)
    return made


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, made where there is none, each whole or not at all. Raises BadInput."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"The report cannot be written to {folder}: {error.strerror}.") from error
    for name, content in files.items():
        write_bytes_privately(folder / name, content)


def _notes(file: Path, *, written: bool, wanted: bool | None) -> Iterator[str]:
    if not written and wanted is None:
        yield f"no PDF was written. {paper.REMEDY}"
    if not written and file.exists():
        yield f"{file} is from an earlier report."


def audit(app: App, as_of: date, key: str = UPDATE_FROM, *, rights: Exports = ()) -> Audit:
    """Everything an audit finds as of a day, with the mailbox rights of Exchange exports if there are any.

    Raises Tampered where the store or its audit trail is not as it was written, BadInput.
    """
    maintaining.verify_trail(app)
    _check_rows(app)
    return Audit(
        as_of=as_of,
        access=auditing.access(app, key, at=as_of),
        changes=auditing.changes(app, date.min.replace(year=1970), as_of, key),
        uses=[use for use in auditing.use(app) if use.at[:10] <= as_of.isoformat()],
        findings=finding.findings(app, as_of=as_of),
        rights=auditing.rights(app, rights, key) if rights else None,
    )


def _check_rows(app: App) -> None:
    """Every governed row counts, also one this audit has no question about. Those of users are checked when asked."""
    with app.store.reading() as connection:
        repository.rows(connection, app.sealer(connection), [table for table in GOVERNED if table not in OF_USERS])


def write_audit_report(
    app: App,
    folder: str | Path,
    key: str = UPDATE_FROM,
    *,
    as_of: date | None = None,
    rights: Exports = (),
    pdf: bool | None = None,
    notebook: bool = False,
    progress: Progress = _unheard,
) -> Written:
    """Write an audit as HTML, XLSX, PDF, JSON and CSV, with a manifest sealed by the store's key, into a folder.

    `as_of` is the clock's day unless given; `notebook` runs `3-audit.ipynb` as well. The folder is new or empty, or
    holds an earlier report of the same files; it is written to when everything is drawn, so that whatever `progress`
    raises leaves nothing behind. Raises BadInput where it is not, Tampered as `audit` does.
    """
    if pdf:
        paper.check_installed()
    day = as_of or app.clock().date()
    into = Path(folder)
    state = _state(app)
    progress("Asking everything")
    found = audit_report(audit(app, day, key, rights=rights))
    if _state(app) != state:
        raise StoreBusy("The store was changed while it was audited.", remedy="Make the report again.")
    evidence = _evidence(app, state, found)
    report = proven(found, evidence)
    files = drawn(report, pdf, progress)
    progress("Drawing JSON and CSV")
    files["audit.json"] = json_file(found, evidence)
    files.update(csv_files(report))
    if notebook:
        progress("Running the notebook")
        files.update(notebooks.run(app, "3-audit", {"as_of": day.isoformat(), "key": key}, mark=report.mark))
    seal = app.seal()
    files[MANIFEST] = Manifest.over(report.name, evidence, files, seal).text().encode()
    progress("Writing")
    _check_free(into, files)
    write_files(into, files)
    notes = [] if seal else [NO_KEY]
    if pdf is None and "audit.pdf" not in files:
        notes.append(f"no PDF was written. {paper.REMEDY}")
    return Written(tuple(into / name for name in files), tuple(notes))


def _state(app: App) -> State:
    with app.store.reading() as connection:
        return repository.state(connection)


def _evidence(app: App, state: State, report: Report) -> Evidence:
    rules = rule_set()
    return Evidence(
        data=fingerprint(report),
        entry=state.anchor.seq,
        mac=state.anchor.mac,
        store=f"{state.lineage}, serial {state.serial}",
        tool=f"mailadmin {__version__}",
        rules=f"version {rules.version}, {rules.digest}",
        actor=app.actor,
        as_of=report.as_of.isoformat(),
    )


def _check_free(folder: Path, files: Mapping[str, bytes]) -> None:
    """Raises BadInput where the folder holds what is not written anew: it would pass for a part of this report."""
    others = sorted(path.name for path in folder.iterdir() if path.name not in files) if folder.is_dir() else []
    if others:
        raise BadInput(f"{folder} holds something else: {listed(others)}.", remedy="Name a new folder with --out.")
