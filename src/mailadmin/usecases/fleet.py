"""The same question asked of many sites: one row per site, and what each found, whoever did the asking.

Laws: a site that cannot be asked is a row with its reason, never an abort; no secret and no key goes anywhere, a site
is opened where it is asked, with what is there; the answers are the same whoever works on them and in whatever order.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..bootstrap import App, connect
from ..domain.canonical import sha256
from ..domain.permissions import UPDATE_FROM
from ..errors import BadInput, MailAdminError, StoreFailed
from ..interchange.sites import Site
from ..resolution.provenance import Status

Cell = str | int | None
Row = tuple[Cell, ...]
Options = Mapping[str, Any]


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
    """What a site's store, or folder, answers: figures for its line, and the rows behind them."""

    figures: Row
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask of a site: the columns of its figures and of its rows, and who answers."""

    title: str
    figures: tuple[str, ...]
    columns: tuple[str, ...]
    ask: Callable[[Site, Options], Found]


def _opened(site: Site) -> App:
    """The site's store, which must be there: asking a fleet makes no stores."""
    if "://" not in site.store and not Path(site.store).is_file():
        raise StoreFailed(f"There is no store at {site.store}.", remedy="Mend the list of sites.")
    return connect(site.store)


def _effective(site: Site, options: Options) -> Found:
    from . import configuring

    app = _opened(site)
    try:
        (people,) = configuring.effective(app)
    finally:
        app.close()
    counts = Counter(people.answers[code].status for code in people.codes)
    return Found((len(people), *(counts[status] for status in Status)))


def _audit(site: Site, options: Options) -> Found:
    from . import auditing

    app = _opened(site)
    try:
        access = auditing.access(app, options.get("key", UPDATE_FROM))
        rows = tuple(
            (holder.user_id, holder.name, str(holder.level), str(holder.decision), holder.reason)
            for holder in access.rows()
            if holder.decision != "DENY" or holder.conflict
        )
        counts = Counter(str(holder.decision) for holder in access.rows())
        conflicts = sum(holder.conflict for holder in access.rows())
    finally:
        app.close()
    return Found((sum(counts.values()), counts["ALLOW"], counts["DENY"], counts["UNKNOWN"], conflicts), rows)


def _verify(site: Site, options: Options) -> Found:
    from . import verifying

    app = _opened(site)
    try:
        found = verifying.verify(app, verifying.subjects(app))
    finally:
        app.close()
    counts = Counter(str(one.result) for one in found)
    rows = tuple(
        (one.subject.service, one.subject.cost_centre, one.subject.name, len(one.subject.users), str(one.result))
        for one in found
    )
    return Found((len(found), *(counts[str(result)] for result in verifying.WORST_FIRST)), rows)


def _scan(site: Site, options: Options) -> Found:
    from . import scanning

    if not site.scripts:
        remedy = 'scripts = ["folder"] in the list of sites.'
        raise BadInput("No script folders are named for this site.", remedy=remedy)
    scan = scanning.scan(site.scripts)
    rows = tuple((one.file, one.use.line, one.use.column, one.use.member) for one in scan.code)
    return Found((scan.files, len(scan.code), len(scan.found) - len(scan.code), len(scan.problems)), rows)


_STATUSES = tuple(str(status).replace(" ", "_") for status in Status)

QUESTIONS: dict[str, Question] = {
    "effective": Question("How everybody's mail goes out", ("users", *_STATUSES), (), _effective),
    "audit": Question(
        "Who holds the permission",
        ("users", "allow", "deny", "unknown", "conflicts"),
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


def ask_site(question: str, site: Site, options: Options) -> Answer:
    """One site's answer; what goes wrong there is its reason. This is what travels to whoever does the work."""
    try:
        found = QUESTIONS[question].ask(site, options)
    except MailAdminError as error:
        return Answer(site.name, error.what.partition("\n")[0])
    except Exception as error:
        # Whatever a site's store does must not take the others' answers along; the text may hold values.
        return Answer(site.name, f"{type(error).__name__}, which should not have happened")
    return Answer(site.name, "", found.figures, found.rows)


Runner = Callable[[str, Sequence[Site], Options], Iterator[Answer]]
"""Asks every site and gives each answer as soon as it is there."""


def one_after_the_other(question: str, sites: Sequence[Site], options: Options) -> Iterator[Answer]:
    """Here, in this process: what costs least for sites of usual size (docs/scaling.md)."""
    for site in sites:
        yield ask_site(question, site, options)


def ask(
    question: str,
    sites: Sequence[Site],
    *,
    options: Options | None = None,
    runner: Runner = one_after_the_other,
    progress: Callable[[Answer, int], None] = lambda answer, done: None,
    resume: Path | None = None,
) -> list[Answer]:
    """Every site's answer, in the order of the list. With `resume`, answers are kept there as they come.

    What is kept there already, for the same question of the same site, is not asked again; failures are. Raises
    BadInput for a file that holds something else.
    """
    options = dict(options or {})
    book = Book(resume, question, options) if resume else None
    found = book.known(sites) if book else {}
    open_ = [site for site in sites if site.name not in found]
    for answer in runner(question, open_, options):
        found[answer.site] = answer
        if book and not answer.failed:
            book.keep(answer, sites)
        progress(answer, len(found))
    return [found[site.name] for site in sites]


class Book:
    """A file of answers, a line each: what was done before somebody, or something, stopped the work."""

    def __init__(self, file: Path, question: str, options: Options) -> None:
        self._file = file
        self._question = question
        self._options = options

    def known(self, sites: Iterable[Site]) -> dict[str, Answer]:
        """The answers that are there, by site. A last line that was not finished is passed over. Raises BadInput."""
        if not self._file.exists():
            return {}
        marks = {self._mark(site): site.name for site in sites}
        found: dict[str, Answer] = {}
        lines = self._file.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines, 1):
            try:
                kept = json.loads(line)
                mark, figures, rows = kept["asked"], kept["figures"], kept["rows"]
            except (ValueError, KeyError, TypeError):
                if line and number < len(lines):
                    raise BadInput(f"{self._file} line {number} is no answer of a fleet.") from None
                continue
            if (name := marks.get(mark)) is not None:
                found[name] = Answer(name, "", tuple(figures), tuple(map(tuple, rows)))
        return found

    def keep(self, answer: Answer, sites: Iterable[Site]) -> None:
        """Add an answer."""
        site = next(site for site in sites if site.name == answer.site)
        line = {"asked": self._mark(site), "site": answer.site, "figures": answer.figures, "rows": answer.rows}
        self._file.touch(mode=0o600)
        with self._file.open("a", encoding="utf-8") as opened:
            opened.write(json.dumps(line, ensure_ascii=False) + "\n")
            opened.flush()
            with suppress(OSError):
                os.fsync(opened.fileno())

    def _mark(self, site: Site) -> str:
        """What was asked of whom: another question, key or store is another mark."""
        return sha256([self._question, dict(self._options), site.name, site.store, list(site.scripts)])
