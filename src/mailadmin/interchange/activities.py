"""Activities in a file: CSV, a workbook or JSON with one row per activity.

Laws: times are local, the time zone stands beside them; an id stands once; every problem is told in one go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ..domain.activities import Activity
from ..domain.keys import match_key, visible
from ..domain.messages import Address
from ..errors import BadInput, SourceRejected
from .carriers import RawTable
from .cells import BadCell, flag, line, text
from .confinement import confined
from .findings import Findings, shown

Read = Callable[[object], Any]


def _nothing(_remark: str) -> None:
    """No remark is worth a word here."""


def _time(cell: object) -> datetime | None:
    if isinstance(cell, datetime):
        return cell
    if (written := line(cell, _nothing)) is None:
        return None
    try:
        return datetime.fromisoformat(written.strip())
    except ValueError:
        raise BadCell("is no time", "Write 2026-12-01 09:30, or 2026-12-01 where it lasts all day.") from None


def _minutes(cell: object) -> int | None:
    written = (line(cell, _nothing) or "").strip()
    if written and not re.fullmatch(r"[0-9]{1,6}", written):
        raise BadCell("is no number of minutes", "Write 15, or nothing for no reminder.")
    return int(written) if written else None


_PERSON = re.compile(r"(?P<name>[^<>]*)<(?P<email>[^<>]+)>")


def _people(cell: object) -> tuple[Address, ...] | None:
    parts = [part.strip() for part in (line(cell, _nothing) or "").split(";") if part.strip()]
    found = [(_PERSON.fullmatch(part), part) for part in parts]
    try:
        return (
            tuple(Address(m["email"].strip(), m["name"].strip()) if m else Address(part) for m, part in found) or None
        )
    except BadInput as error:
        raise BadCell(error.what, "Write ann@kowhai.example; Ben <ben@kowhai.example>") from None


COLUMNS: Mapping[str, Read] = {
    "id": lambda cell: line(cell, _nothing),
    "subject": lambda cell: line(cell, _nothing),
    "start": _time,
    "end": _time,
    "time_zone": lambda cell: line(cell, _nothing),
    "all_day": lambda cell: flag(cell, _nothing),
    "location": lambda cell: line(cell, _nothing),
    "description": lambda cell: text(cell, _nothing),
    "responsible": lambda cell: line(cell, _nothing),
    "attendees": _people,
    "is_project": lambda cell: flag(cell, _nothing),
    "reminder": _minutes,
    "cancelled": lambda cell: flag(cell, _nothing),
}
"""TABLE: the columns of activities, and how each is read."""

_NEEDED = ("id", "subject", "start", "end")


def read_activities(file: Path) -> tuple[Activity, ...]:
    """The activities in a file. Raises BadInput, or SourceRejected with every problem."""
    findings = Findings()
    found: list[Activity] = []
    with confined([file], findings, folder=file.suffix.lower() == ".csv") as carrier:
        for table in carrier.tables:
            found += _activities(table, findings)
    keys = [activity.key for activity in found]
    for activity in found:
        if keys.count(activity.key) > 1:
            findings.problem(file.name, f"activity {shown(activity.id)} stands more than once", "Leave the newest.")
    if findings.problems:
        raise SourceRejected(visible(file.name), dict.fromkeys(findings.problems))
    return tuple(found)


def _activities(table: RawTable, findings: Findings) -> Iterator[Activity]:
    header = [match_key(str(name or "")) for name in table.header or ()]
    if wrong := [shown(name) for name in header if name not in COLUMNS]:
        findings.problem(
            table.where, f"holds columns that are not known: {', '.join(wrong)}", f"Known: {', '.join(COLUMNS)}"
        )
    if missing := [name for name in _NEEDED if name not in header]:
        findings.problem(table.where, f"lacks the columns {', '.join(missing)}")
    if wrong or missing:
        return
    for number, cells in table.rows:
        activity = _activity(dict(zip(header, cells, strict=True)), table.place(number), findings)
        if activity is not None:
            yield activity


def _activity(row: Mapping[str, object], where: str, findings: Findings) -> Activity | None:
    values: dict[str, Any] = {}
    before = len(findings.problems)
    for name, cell in row.items():
        try:
            value = COLUMNS[name](cell)
        except BadCell as error:
            findings.problem(f"{where}, {name}", error.what, error.remedy)
            continue
        if value is not None:
            values[name] = value
    for name in _NEEDED:
        if name not in values and len(findings.problems) == before:
            findings.problem(f"{where}, {name}", "is blank")
    if len(findings.problems) > before:
        return None
    try:
        return Activity(**values)
    except BadInput as error:
        findings.problem(where, error.what)
        return None
