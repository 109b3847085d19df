"""The same question asked of many sites: one row per site, and what each found, whoever did the asking.

Laws: a site that cannot be asked is a row with its reason, never an abort; no secret and no key goes anywhere, a site
is opened where it is asked, with what is there; the answers are the same whoever works on them and in whatever order.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..audit.access import Word
from ..bootstrap import App, connect
from ..domain.canonical import sha256
from ..domain.permissions import UPDATE_FROM
from ..errors import BadInput, MailAdminError, StoreFailed
from ..interchange.sites import Site
from ..resolution.provenance import Status

Cell = str | int | None
Row = tuple[Cell, ...]


class Asked(NamedTuple):
    """What is asked of every site: a question, of which permission key, and whether the rows are wanted, too."""

    question: str
    key: str = UPDATE_FROM
    rows: bool = False


class Answer(NamedTuple):
    """What came of one site: its figures, and the rows behind them; or why there are none."""

    site: str
    reason: str
    figures: Row = ()
    rows: tuple[Row, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the site could not be asked."""
        return bool(self.reason)


class Found(NamedTuple):
    """What a site's store, or folder, answers: figures for its line, and the rows behind them, made if wanted."""

    figures: Row
    rows: Iterable[Row] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask of a site: the columns of its figures and of its rows, and who answers."""

    title: str
    figures: tuple[str, ...]
    columns: tuple[str, ...]
    ask: Callable[[Site, Asked], Found]


def _opened(site: Site) -> App:
    """The site's store, which must be there: asking a fleet makes no stores."""
    file = site.store.partition("///")[2] if site.store.startswith("sqlite") else site.store
    if "://" not in file and not Path(file).is_file():
        raise StoreFailed(f"There is no store at {site.store}.", remedy="Mend the list of sites.")
    return connect(site.store)


def _effective(site: Site, asked: Asked) -> Found:
    from . import configuring

    with closing(_opened(site)) as app:
        (people,) = configuring.effective(app)
    counts = dict.fromkeys(Status, 0)
    for code, users in Counter(people.codes).items():
        counts[people.answers[code].status] += users
    return Found((len(people), *counts.values()))


def _audit(site: Site, asked: Asked) -> Found:
    from . import auditing

    with closing(_opened(site)) as app:
        access = auditing.access(app, asked.key)
    told = access.those(lambda answer: answer.decision is not Word.DENY or answer.conflict)
    rows = ((one.user_id, one.name, str(one.level), str(one.decision), one.reason) for one in told)
    return Found((len(access), *access.counts.values(), access.conflicts), rows)


def _verify(site: Site, asked: Asked) -> Found:
    from . import verifying

    with closing(_opened(site)) as app:
        with app.store.reading() as connection:
            app.writer_sealer(connection)  # without the key of a site, its passwords would all seem to be wrong
        found = verifying.verify(app, verifying.subjects(app))
    counts = Counter(str(one.result) for one in found)
    rows = (
        (one.subject.service, one.subject.cost_centre, one.subject.name, len(one.subject.users), str(one.result))
        for one in found
    )
    return Found((len(found), *(counts[str(result)] for result in verifying.WORST_FIRST)), rows)


def _scan(site: Site, asked: Asked) -> Found:
    from . import scanning

    if not site.scripts:
        remedy = 'scripts = ["folder"] in the list of sites.'
        raise BadInput("No script folders are named for this site.", remedy=remedy)
    scan = scanning.scan(site.scripts)
    rows = ((one.file, one.use.line, one.use.column, one.use.member) for one in scan.code)
    return Found((scan.files, len(scan.code), len(scan.found) - len(scan.code), len(scan.problems)), rows)


_STATUSES = tuple(str(status).replace(" ", "_") for status in Status)

QUESTIONS: dict[str, Question] = {
    "effective": Question("How everybody's mail goes out", ("users", *_STATUSES), (), _effective),
    "audit": Question(
        "Who holds the permission",
        ("users", *(str(word).lower() for word in Word), "conflicts"),
        ("user_id", "name", "level", "decision", "reason"),
        _audit,
    ),
    "verify": Question(
        "Would every account work",
        ("accounts", "failed", "warning", "passed"),
        ("service", "cost_centre", "account", "users", "result"),
        _verify,
    ),
    "scan": Question(
        "What the scripts still use",
        ("files", "in_code", "elsewhere", "problems"),
        ("file", "line", "column", "member"),
        _scan,
    ),
}
"""TABLE: what can be asked of a fleet."""


def ask_site(asked: Asked, site: Site) -> Answer:
    """One site's answer; what goes wrong there is its reason. This is what travels to whoever does the work."""
    try:
        found = QUESTIONS[asked.question].ask(site, asked)
        rows = tuple(found.rows) if asked.rows else ()
    except MailAdminError as error:
        return Answer(site.name, error.what.partition("\n")[0])
    except Exception as error:
        # Whatever a site's store does must not take the others' answers along; the text may hold values.
        return Answer(site.name, f"{type(error).__name__}, which should not have happened")
    return Answer(site.name, "", found.figures, rows)


Runner = Callable[[Asked, Sequence[Site]], Iterator[Answer]]
"""Asks every site and gives each answer as soon as it is there."""


def one_after_the_other(asked: Asked, sites: Sequence[Site]) -> Iterator[Answer]:
    """Here, in this process: what costs least for sites of usual size (docs/scaling.md)."""
    for site in sites:
        yield ask_site(asked, site)


def ask(
    asked: Asked,
    sites: Sequence[Site],
    *,
    runner: Runner = one_after_the_other,
    progress: Callable[[Answer, int], None] = lambda answer, done: None,
    resume: Path | None = None,
) -> Iterator[Answer]:
    """Every site's answer, in the order of the list, as they come: only those that came early are held.

    With `resume`, answers are kept there. What is kept there already, for the same question of the same site, is not
    asked again; failures are. Raises BadInput for a file that holds something else.
    """
    book = Book(resume, asked, sites) if resume else None
    kept = {site.name for site in sites if book and site.name in book}
    coming = runner(asked, [site for site in sites if site.name not in kept])
    early: dict[str, Answer] = {}
    done = len(kept)
    for site in sites:
        if book and site.name in kept:
            yield book.answer(site.name)
            continue
        while site.name not in early:
            answer = next(coming)
            early[answer.site], done = answer, done + 1
            if book and not answer.failed:
                book.keep(answer)
            progress(answer, done)
        yield early.pop(site.name)


class Book:
    """A file of answers, a line each: what was done before somebody, or something, stopped the work.

    A last line that was not finished is taken away. Raises BadInput for a file that is no such book.
    """

    def __init__(self, file: Path, asked: Asked, sites: Iterable[Site]) -> None:
        self._file = file
        self._marks = {site.name: _mark(asked, site) for site in sites}
        self._places: dict[str, int] = {}
        try:
            file.touch(mode=0o600)
            self._read()
        except OSError as error:
            raise BadInput(f"{file} cannot be used to go on from: {error.strerror}.") from error

    def __contains__(self, site: str) -> bool:
        return self._marks[site] in self._places

    def answer(self, site: str) -> Answer:
        """What is kept of a site."""
        with self._file.open("rb") as opened:
            opened.seek(self._places[self._marks[site]])
            kept = json.loads(opened.readline())
        return Answer(site, "", tuple(kept["figures"]), tuple(map(tuple, kept["rows"])))

    def keep(self, answer: Answer) -> None:
        """Add an answer."""
        mark = self._marks[answer.site]
        line = {"asked": mark, "site": answer.site, "figures": answer.figures, "rows": answer.rows}
        with self._file.open("a", encoding="utf-8") as opened:
            opened.write(json.dumps(line, ensure_ascii=False) + "\n")
            opened.flush()
            with suppress(OSError):
                os.fsync(opened.fileno())

    def _read(self) -> None:
        place = 0
        with self._file.open("r+b") as opened:
            for number, line in enumerate(opened, 1):
                if not line.endswith(b"\n") and line.startswith(_BEGUN[: len(line)]):
                    opened.truncate(place)
                    break
                try:
                    kept = json.loads(line)
                    mark, _, _ = kept["asked"], kept["figures"], kept["rows"]
                    self._places[mark] = place
                except (ValueError, KeyError, TypeError):
                    raise BadInput(f"{self._file} line {number} is no answer of a fleet.") from None
                place += len(line)


_BEGUN = b'{"asked": "'


def _mark(asked: Asked, site: Site) -> str:
    """What was asked of whom: another question, key, store or version's columns are another mark."""
    question = QUESTIONS[asked.question]
    return sha256([*asked, question.figures, question.columns, site.name, site.store, site.scripts])
