"""What somebody reads off old screens and types or pastes: rows that pass the same reader as those of an export.

Laws: a table is taken whole or not at all, with every problem of it told at its cell; what was typed and what was
exported give the same rows. The text of a secret is in `secrets` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ..domain.keys import match_key
from ..domain.profiles import Secret
from ..errors import BadInput, SourceRejected, UnknownName
from ..migration.content import PRESENT, TABLES, Table, secret_location
from ..migration.differences import Change, differences
from ..migration.records import Record, Records
from . import references
from .carriers import NOT_SET, Place, RawTable
from .csv_tables import table_in_file
from .findings import Findings
from .headers import Columns, columns_of, is_long
from .intake import Intake
from .layouts import content_of
from .legacy_exports import LegacyExport, taken
from .rows import Content, first_part

DOTS = "•••"
"""What an old screen shows of a secret that is set."""

_SOURCE = "noted by hand"


class Noted(NamedTuple):
    """One table that was read. `columns` are those it speaks of: a value that is not there is blank.

    `blank` are the keys of rows it takes away, `remarks` what is worth knowing.
    """

    table: Table
    columns: frozenset[str]
    rows: Mapping[str, Record]
    blank: frozenset[str]
    secrets: Mapping[str, Secret]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notes:
    """Everything noted so far: rows by table and key, a secret being PRESENT, and secrets by `secret_location`."""

    tables: Mapping[str, Mapping[str, Record]] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict, repr=False)

    def rows(self, table: str) -> list[Record]:
        """The rows of a table, by their keys."""
        return [row for _, row in sorted(self.tables.get(table, {}).items())]

    def row(self, table: str, key: str) -> Record:
        """A row by its key; nothing where there is none."""
        return self.tables.get(table, {}).get(key, {})

    def with_(self, noted: Noted) -> Notes:
        """These notes with a table more, or rows of it replaced."""
        name = noted.table.name
        rows = dict(self.tables.get(name, {}))
        for key, row in noted.rows.items():
            kept = {column: value for column, value in rows.get(key, {}).items() if column not in noted.columns}
            rows[key] = kept | row
        rows = {key: row for key, row in rows.items() if key not in noted.blank}
        spoken_of = set(_secrets_in(noted.table, noted.rows))
        secrets = {at: secret for at, secret in self.secrets.items() if at not in spoken_of} | dict(noted.secrets)
        tables = {**self.tables, name: rows}
        present = {at for table, its in tables.items() for at in _secrets_in(TABLES[table], its)}
        return Notes(tables, {at: secret for at, secret in secrets.items() if at in present})

    def changes(self, noted: Noted) -> list[Change]:
        """What taking a table would change; a secret entered again as `changed (hidden)`."""
        after = self.with_(noted)
        found = list(differences(self._records(), after._records()))
        again = sorted(self.secrets.keys() & noted.secrets.keys())
        return found + [Change(*_parts(at), "set", "changed (hidden)") for at in again]

    def _records(self) -> dict[str, Records]:
        return {name: Records(self.rows(name)) for name in self.tables}

    def export(self) -> LegacyExport:
        """All of it as an export: what a snapshot is taken of.

        Raises BadInput where there is nothing yet, SourceRejected for names that stand for nothing.
        """
        findings = Findings()
        contents = {name: _content(name, self.tables[name]) for name in TABLES if self.tables.get(name)}
        if not contents:
            raise BadInput("Nothing is noted yet.", remedy="Type in a screen or paste a table first.")
        references.check(contents, findings)
        secrets = {}
        for at, secret in self.secrets.items():
            with secret.reveal() as text:
                secrets[at] = text
        return taken(contents, Intake(findings, secrets=secrets), _SOURCE, None)


def _content(name: str, rows: Mapping[str, Record]) -> Content:
    content = Content(TABLES[name], name, Place(f"{name}, row "))
    for number, (key, row) in enumerate(sorted(rows.items()), 1):
        content.claim(key, number)
        content.rows.append(dict(row))
    return content


def _secrets_in(table: Table, rows: Mapping[str, Record]) -> Iterator[str]:
    """Where the rows of a table have a secret."""
    for key, row in rows.items():
        if "property" in table.keys and row.get("value") == PRESENT and "property" in row:
            member = table.member(str(row["property"]))
            yield from [secret_location(table.name, "", member.name)] if member and member.secret else []
        for column in table.columns:
            if column.secret and row.get(column.name) == PRESENT:
                yield secret_location(table.name, first_part(key), column.name)


def _parts(location: str) -> tuple[str, str, str]:
    table, _, rest = location.partition("/")
    key, _, column = rest.rpartition("/")
    return table, key, column


def read_screen(table: str, record: Mapping[str, object]) -> Noted:
    """One row as typed on a form: a value per column, None or '' being blank, a Secret where one was entered.

    Of the Global Settings, a value per member. Raises SourceRejected with every problem, by column.
    """
    its = TABLES[table]
    cells = {name: _clear(value) for name, value in record.items()}
    if "property" in its.keys:
        header = ["property", "value"]
        lines = [[name, cell] for name, cell in cells.items() if cell not in NOT_SET]
    else:
        header, lines = list(cells), [list(cells.values())]
    raw = RawTable(table, table, list(header), list(enumerate(lines, 1)), Place(f"{table}, row "))
    noted = _read(raw, its, Findings())
    blank = {match_key(name) for name, cell in cells.items() if cell in NOT_SET} if "property" in its.keys else set()
    return noted._replace(blank=frozenset(blank), columns=frozenset(header))


def _clear(value: object) -> object:
    if not isinstance(value, Secret):
        return value
    with value.reveal() as text:
        return text


def read_pasted(table: str, text: str) -> Noted:
    """A table as a spreadsheet puts it on the clipboard: tabs between cells, the names of the columns first.

    A blank secret leaves the one that was noted. Raises UnknownName for no such table, SourceRejected with every
    problem.
    """
    if table not in TABLES:
        raise UnknownName("table", table, remedy=f"Tables are: {', '.join(TABLES)}.")
    findings = Findings()
    raw = pasted(table, text, findings)
    if raw.header is None:
        raise BadInput("Nothing was pasted.", remedy="Copy the cells with the row of column names, and paste them.")
    return _read(raw, TABLES[table], findings)


def pasted(table: str, text: str, findings: Findings) -> RawTable:
    """A pasted text as a raw table. Raises BadInput where it is none."""
    return table_in_file(text.encode(), Path(f"pasted {table}"), findings)._replace(name=table)


def _read(raw: RawTable, table: Table, findings: Findings) -> Noted:
    intake = Intake(findings)
    content = content_of(raw, table, intake)
    named = columns_of(raw, table.long if is_long(raw, table) else table, Intake())
    if findings.problems:
        raise SourceRejected(raw.where, findings.problems)
    rows = {key: content.rows[position] for key, position in content.positions.items()}
    if not rows and "property" not in table.keys:
        raise BadInput(f"{raw.where} holds no row.", remedy="Copy the rows together with the names of the columns.")
    return Noted(
        table,
        _columns(table, named or [], rows.values(), long=is_long(raw, table)),
        rows,
        frozenset(),
        {at: _secret(secret) for at, secret in intake.secrets.items()},
        findings.notes,
    )


def _columns(table: Table, named: Columns, rows: Iterable[Record], *, long: bool) -> frozenset[str]:
    """The columns a table speaks of: those it names, or, where each row is one value, those that have one."""
    if long and "property" not in table.keys:
        return frozenset(name for row in rows for name in row)
    secret = {column.name for column in table.columns if column.secret}
    return frozenset(column.name for column in named if column) - secret


def _secret(text: str) -> Secret:
    return Secret(lambda: text)
