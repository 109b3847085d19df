"""Findings: what a rule saw and about what, whether somebody accepted it, and how two runs differ.

Laws: a finding is named by its rule and subject; an accepted one stays in the list; the worst comes first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from ..domain.acceptances import Acceptance
from ..domain.keys import match_key


class Severity(StrEnum):
    """How much a finding matters, the worst first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


FindingKey = tuple[str, str]
"""Rule and subject, in the form in which names are compared."""


class Finding(NamedTuple):
    """One thing found. `exception_until` is the last day of an acceptance that holds, else ''."""

    rule: str
    severity: Severity
    subject: str
    finding: str
    remedy: str
    exception_until: str = ""

    @property
    def key(self) -> FindingKey:
        """What names it in every run."""
        return match_key(self.rule), match_key(self.subject)


class Seen(NamedTuple):
    """What a rule saw: about what, in one sentence."""

    subject: str
    finding: str


FINDING_COLUMNS = Finding._fields
"""The columns of a finding, in order."""


class RuleSet(NamedTuple):
    """Which rules were asked: their version, and a digest of the table's words."""

    version: int
    digest: str


class Findings(NamedTuple):
    """Everything one run found.

    `unknown` says what could not be looked at: it is never taken for fine.
    """

    as_of: date
    rule_set: RuleSet
    rows: tuple[Finding, ...]
    exceptions: tuple[Acceptance, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def open(self) -> tuple[Finding, ...]:
        """Those nobody accepted."""
        return tuple(row for row in self.rows if not row.exception_until)

    @property
    def counts(self) -> dict[Severity, int]:
        """How many are open, by severity, every severity named."""
        counted = Counter(row.severity for row in self.open)
        return {severity: counted[severity] for severity in Severity}

    def at_least(self, severity: Severity) -> Findings:
        """Only those that matter as much or more."""
        return self._replace(rows=tuple(row for row in self.rows if row.severity.rank <= severity.rank))


def in_order(rows: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in the order in which they are shown."""
    return tuple(sorted(rows, key=_place))


def _place(row: Finding) -> tuple[int, str, str, str]:
    return row.severity.rank, row.rule, match_key(row.subject), row.finding


def accepted(rows: Iterable[Finding], acceptances: Iterable[Acceptance], on: date) -> tuple[Finding, ...]:
    """The same findings, with the last day of the acceptance that holds."""
    until = {acceptance_key(a): a.until for a in acceptances if a.holds(on)}
    days = ((row, until.get(row.key, "") if until else "") for row in rows)
    return tuple(row if row.exception_until == day else row._replace(exception_until=day) for row, day in days)


def acceptance_key(acceptance: Acceptance) -> FindingKey:
    """The finding an acceptance is about."""
    return match_key(acceptance.rule), match_key(acceptance.subject)


class Turn(StrEnum):
    """What became of a finding from one run to the next."""

    NEW = "new"
    REGRESSED = "regressed"
    CHANGED = "changed"
    IMPROVED = "improved"
    GONE = "gone"


class Difference(NamedTuple):
    """A finding as it is, or was if it is gone, and what became of it since `before`."""

    turn: Turn
    finding: Finding
    before: Finding | None = None


def compare(before: Iterable[Finding], after: Iterable[Finding]) -> tuple[Difference, ...]:
    """What changed between two runs, the worst first. What is as it was is not named."""
    old, new = {row.key: row for row in before}, {row.key: row for row in after}
    found = [Difference(Turn.GONE, row, row) for key, row in old.items() if key not in new]
    found += [Difference(Turn.NEW, row) for key, row in new.items() if key not in old]
    found += [
        Difference(turn, row, old[key]) for key, row in new.items() if key in old and (turn := _turn(old[key], row))
    ]
    turns = list(Turn)
    return tuple(sorted(found, key=lambda d: (turns.index(d.turn), *_place(d.finding))))


def _turn(old: Finding, new: Finding) -> Turn | None:
    before, after = _weight(old), _weight(new)
    if before != after:
        return Turn.REGRESSED if after < before else Turn.IMPROVED
    return Turn.CHANGED if old.finding != new.finding else None


def _weight(row: Finding) -> tuple[bool, int]:
    """The less, the worse: an open finding is worse than an accepted one, then severity decides."""
    return bool(row.exception_until), row.severity.rank
