"""A snapshot of whatever is at hand: files that were uploaded, a path on this machine, or what somebody typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..bootstrap import App
from ..errors import BadInput, Problem
from ..interchange.extracts import Extract, Where, extracts, extracts_of, where_of
from ..interchange.findings import Findings
from ..interchange.notes import DOTS as DOTS
from ..interchange.notes import Noted as Noted
from ..interchange.notes import Notes as Notes
from ..interchange.notes import pasted
from ..interchange.notes import read_pasted as read_pasted
from ..interchange.notes import read_screen as read_screen
from ..interchange.uploads import Uploads as Uploads
from ..interchange.uploads import is_table as is_table
from ..migration.snapshot import Snapshot
from .migrating import Progress, keep_snapshot, take_snapshot

Given = Path | Uploads | Notes


class Told(NamedTuple):
    """One problem of a source, part by part, with its row where that can be shown."""

    where: Where
    what: str
    remedy: str
    extract: Extract | None


def take(
    app: App,
    source: Given,
    *,
    keep_secrets: bool = True,
    ignore_unknown: bool = False,
    progress: Progress | None = None,
) -> Snapshot:
    """A snapshot of a source. Raises SourceRejected with every problem, BadInput, KeyNeeded."""
    if isinstance(source, Notes):
        return keep_snapshot(app, source.export(), keep_secrets=keep_secrets)
    return take_snapshot(app, source, keep_secrets=keep_secrets, ignore_unknown=ignore_unknown, progress=progress)


def told(source: Given, problems: Sequence[Problem]) -> list[Told]:
    """The problems for which a source was rejected, each with its row where that can be shown."""
    rows: Mapping[str, Extract] = {}
    if not isinstance(source, Notes):
        # What could not be read the first time is told without its rows.
        with suppress(BadInput):
            rows = extracts(source, problems)
    return _told(problems, rows)


def told_of_paste(table: str, text: str, problems: Sequence[Problem]) -> list[Told]:
    """The same of a table that was pasted."""
    return _told(problems, extracts_of([pasted(table, text, Findings())], problems))


def _told(problems: Sequence[Problem], rows: Mapping[str, Extract]) -> list[Told]:
    return [Told(where_of(one), one.what, one.remedy, rows.get(one.where)) for one in problems]
