"""A legacy export, read whole or not at all: what the consultant noted before the upgrade.

Laws: one content gives the same tables whatever the carrier, encoding and layout. Every problem of the whole source is
told in one go. The text of a secret is in `secrets` and nowhere else, no message included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..domain.keys import match_key, visible
from ..errors import BadInput, SourceRejected
from ..migration.content import TABLES
from ..migration.records import Records
from ..resolution.population import uncollected
from . import references
from .carriers import Carrier, RawRow, RawTable, Runs
from .confinement import confined
from .findings import Findings, shown
from .folders import tables_in_folder
from .intake import Intake
from .layouts import content_of
from .rows import Content
from .uploads import Uploads, files_among, name_of

Progress = Callable[[str], None]
Source = Path | str | Uploads


@dataclass(frozen=True)
class LegacyExport:
    """What a legacy export holds.

    `tables`: those that are there, their rows sorted by key, each row only the values that are set, a secret being
    PRESENT.
    `secrets`: clear text by `secret_location`. `not_taken`: unknown tables and columns.
    `notes`: what is worth knowing. `source`: the name given, without its folder. `sha256`: of the bytes read; for a
    folder, of the lines `sha256sum` prints for its files; None for a database.
    """

    tables: Mapping[str, Records]
    secrets: dict[str, str] = field(repr=False)
    not_taken: tuple[str, ...]
    notes: tuple[str, ...]
    source: str
    sha256: str | None


def read_legacy_export(
    source: Source,
    *,
    ignore_unknown: bool = False,
    sql: str | None = None,
    progress: Progress | None = None,
) -> LegacyExport:
    """Reads a folder of CSV files, an XLSX workbook or a JSON file, or the bytes of such; with `sql`, a database.

    `sql` is the URL of the database, and `source` then a TOML file with one SELECT per table. `ignore_unknown` leaves
    out unknown tables and columns instead of refusing them. `progress` is called with a line per table, and within a
    long one with a line every 100,000 rows.

    Raises BadInput when there is no such source or it is no legacy export; SourceRejected, holding every problem, when
    it is one that cannot be taken as it is.
    """
    path = Path(name_of(source) if isinstance(source, Mapping) else source)
    intake = Intake(ignore_unknown=ignore_unknown)
    with opened(source, intake.findings, sql) as carrier, uncollected():
        contents = _contents(carrier.tables, intake, progress or (lambda line: None))
    references.check(contents, intake.findings)
    if sql is None and (held := len(intake.secrets)):
        what = f"holds {held} secret{'s' if held != 1 else ''} in clear text"
        intake.findings.note(path.name, f"{what}; lock it away or delete it when it is no longer needed")
    if not contents and not intake.findings.problems:
        raise BadInput(f"{path.name} holds no table that is known.", remedy=f"Known are: {', '.join(TABLES)}.")
    return taken(contents, intake, path.name, carrier.digest())


def taken(contents: Mapping[str, Content], intake: Intake, source: str, sha256: str | None) -> LegacyExport:
    """What was read, as an export. Raises SourceRejected with every problem of it."""
    if intake.findings.problems:
        raise SourceRejected(source, intake.findings.problems)
    return LegacyExport(
        tables={name: contents[name].sorted_rows() for name in TABLES if name in contents},
        secrets=intake.secrets,
        not_taken=tuple(sorted(intake.findings.not_taken)),
        notes=intake.findings.notes,
        source=visible(source),
        sha256=sha256,
    )


@contextmanager
def opened(source: Source, findings: Findings, sql: str | None = None) -> Iterator[Carrier]:
    """The carrier of a source, for as long as the block lasts. Raises BadInput."""
    if isinstance(source, Mapping):
        files, folder = files_among(source, findings)
        given = [source[file.name] for file in files]
        with confined(files, findings, folder=folder, given=given) as carrier:
            yield carrier
        return
    source = Path(source)
    if sql is not None:
        from .sql_tables import tables_in_database

        yield Carrier(tables_in_database(sql, source, findings), lambda: None)
        return
    folder = source.is_dir()
    files = tables_in_folder(source, findings) if folder else [source]
    with confined(files, findings, folder=folder) as carrier:
        yield carrier


def _contents(raw_tables: Iterator[RawTable], intake: Intake, progress: Progress) -> dict[str, Content]:
    contents: dict[str, Content] = {}
    for raw in raw_tables:
        table = TABLES.get(match_key(raw.name))
        if raw.header is None and table is None:
            intake.findings.note(raw.where, "is empty")
        elif table is None:
            intake.unknown(raw.where, f"the table {shown(raw.name)} is not known", shown(raw.name)[1:-1])
        elif table.name in contents:
            intake.findings.problem(raw.where, f"the table {table.name} stands twice", "Leave one of them.")
        elif raw.header is None:
            intake.findings.problem(raw.where, "is empty: there is not even a header", "Leave it out.")
        else:
            counted = Runs(_counted(Runs.of(raw.rows).runs, table.name, progress))
            contents[table.name] = content_of(raw._replace(rows=counted), table, intake)
            progress(f"{table.name}: {len(contents[table.name].rows):,} rows")
    return contents


def _counted(runs: Iterable[Sequence[RawRow]], name: str, progress: Progress) -> Iterator[Sequence[RawRow]]:
    count = 0
    for run in runs:
        yield run
        before, count = count, count + len(run)
        for step in range(before // _STEP + 1, count // _STEP + 1):
            progress(f"{name}: {step * _STEP:,} rows …")


_STEP = 100_000
