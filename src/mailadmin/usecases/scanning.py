"""Scanning scripts for what finPOWER Connect 6.00.02 made obsolete: needs no store and changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..domain.keys import visible
from ..errors import BadInput, Problem
from ..interchange.script_files import files_below, text_of
from ..interchange.script_lexing import Kind
from ..interchange.script_sieve import Verdict, sieved
from ..interchange.scripts import Use, language_of, uses_in

MOST_USES = 100_000
"""More are not listed: such a tree is not a site's scripts."""


class Found(NamedTuple):
    """A place that names an obsoleted member, and the file it is in, as the person would call it; escaped."""

    file: str
    use: Use


class Scan(NamedTuple):
    """What a scan found, by file, line and column; `problems` are places it could not look at, or not wholly."""

    found: tuple[Found, ...]
    files: int
    binary: int
    problems: tuple[Problem, ...]

    @property
    def counts(self) -> Counter[Kind]:
        """How many places there are of each kind."""
        return Counter(place.use.kind for place in self.found)

    @property
    def code(self) -> tuple[Found, ...]:
        """Those in which code uses a member: what no longer works after the upgrade."""
        return tuple(place for place in self.found if place.use.kind is Kind.CODE)


def scan(paths: Iterable[str | Path], *, progress: Callable[[str], None] = lambda step: None) -> Scan:
    """Everything below the paths that names an obsoleted member. Raises BadInput for a path that is not there."""
    files, problems = files_below(map(Path, paths))
    progress(f"{len(files):,} files")
    verdicts = sieved(files)
    found: list[Found] = []
    for (file, _), verdict in zip(files, verdicts, strict=True):
        if verdict == Verdict.KEPT:
            found += _uses(file, problems, MOST_USES - len(found))
        elif verdict not in tuple(Verdict):
            problems.append(Problem(visible(file), verdict))
    return Scan(tuple(found), len(files), verdicts.count(Verdict.BINARY), tuple(sorted(problems)))


def _uses(file: str, problems: list[Problem], room: int) -> Iterator[Found]:
    try:
        text, unreadable = text_of(file)
    except BadInput as error:  # it was there a moment ago
        problems.append(Problem(visible(file), error.what))
        return
    uses = uses_in(text, language_of(Path(file).suffix, text), room + 1)
    if unreadable:
        problems.append(Problem(visible(file), unreadable))
    if len(uses) > room:
        problems.append(
            Problem(visible(file), f"more than {MOST_USES:,} places are not listed", "Scan less at a time.")
        )
    yield from (Found(visible(file), use) for use in uses[:room])
