"""Findings: what ought not to be so, by severity; one of them in full, with why and by which source; and accepting it.

Law: an accepted finding stays in the list, and accepting is a run like any other, which can be taken back.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from ipywidgets import VBox

from ..audit.findings import Finding, FindingKey, Findings, Severity, acceptance_key
from ..audit.rules import RULES
from ..interchange.reports.markup import tag
from ..migration.snapshot import Listed
from ..storage.books import Run
from ..usecases import accepting, finding, migrating
from ..usecases.finding import Dns
from . import auditing as tables
from .display import Table
from .fields import Choice, Field, Kind
from .form import PRIMARY, columns, row, valid
from .inquiry import Inquiry
from .paged import PagedTable, Row
from .panels import Panel, Part
from .shown import Shown, Tone, listed, said
from .snapshotting import named

COLUMNS = ("rule", "about", "severity", "what was found", "accepted until")


class Which(StrEnum):
    """Which findings are shown."""

    OPEN = "open ones"
    ACCEPTED = "accepted ones"
    ALL = "all"


WHICH: Mapping[Which, Callable[[Finding], bool]] = {
    Which.OPEN: lambda found: not found.exception_until,
    Which.ACCEPTED: lambda found: bool(found.exception_until),
    Which.ALL: lambda found: True,
}
"""TABLE: what a finding is for each choice."""


class Wanted(NamedTuple):
    """What the rules are asked: as of which day, with the DNS or without, with the widgets of which snapshot."""

    as_of: date
    dns: bool
    snapshot: str | None


class FindingsPanel:
    """The page."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self.found: Findings | None = None
        self._looked_at: FindingKey | None = None
        self.summary = Shown()
        self.summary.add_class("mailadmin-overview")
        self.day = Field(
            "Judged by the dates of", Kind.DATE, hint="Blank: today. What retires and what was accepted has an end."
        )
        self.dns = Field("Ask the DNS about the From domains (SPF, DKIM, DMARC)", Kind.YES_NO, False)
        self.snapshot = Field("Widgets of the site, as in", Kind.CHOICE, choices=_NO_SNAPSHOT)
        self.severity = Field("As severe as", Kind.CHOICE, Severity.INFO, choices=[(f"{s}", s) for s in Severity])
        self.rule = Field("By the rule", Kind.CHOICE, choices=_ANY_RULE)
        self.which = Field("Show", Kind.CHOICE, Which.OPEN, choices=[(w, w) for w in Which])
        for field in (self.day, self.dns, self.snapshot):
            field.watch(inquiry.changed)
        for field in (self.severity, self.rule, self.which):
            field.watch(self._list)
        self.table = PagedTable("Findings", COLUMNS, chosen=self._chosen, runner=inquiry.desk.runner)
        self.one = Panel()
        filters = columns(self.severity, self.rule, self.which)
        sources = VBox([self.day.box, self.snapshot.box, self.dns.box])
        self.box = VBox([self.summary, sources, filters, self.table.box, self.one.box])

    def refresh(self) -> None:
        """Ask the rules."""
        app = self._inquiry.desk.app

        def ask(wanted: Wanted) -> tuple[Findings, list[Listed]]:
            dns = Dns() if wanted.dns else None
            found = finding.findings(app, as_of=wanted.as_of, dns=dns, snapshot=wanted.snapshot)
            return found, migrating.snapshots(app)

        self._inquiry.answer("Asking the rules", self._wanted, ask, lambda answer: self._show(*answer))

    def _wanted(self) -> Wanted:
        return Wanted(
            self.day.value or self._inquiry.desk.app.clock().date(), bool(self.dns.value), self.snapshot.value
        )

    def _show(self, found: Findings, snapshots: Iterable[Listed]) -> None:
        self.found = found
        self.snapshot.choose_from([*_NO_SNAPSHOT, *((named(one), one.id) for one in snapshots)])
        counted = Counter(row.rule for row in found.rows)
        self.rule.choose_from([*_ANY_RULE, *((f"{RULES[r].title} ({n:,})", r) for r, n in counted.items())])
        unknown = [listed(Tone.WARNING, _UNKNOWN, map(_here, found.unknown))] if found.unknown else []
        picture = tables.severities(found) if found.open else said(Tone.GOOD, "There is no open finding.")
        self.summary.show(picture, *unknown)
        self._list()
        self.one.put()
        again = next((row for row in found.rows if row.key == self._looked_at), None)
        if again is not None:
            self.look_at(again)

    def _list(self) -> None:
        if self.found is not None:
            wanted, rule = WHICH[self.which.value], self.rule.value
            severe = self.found.at_least(self.severity.value).rows
            rows = [one for one in severe if wanted(one) and rule in (None, one.rule)]
            self.table.show([(f.rule, f.subject, f.severity, f.finding, f.exception_until) for f in rows])

    def _chosen(self, row: Row) -> None:
        rows = self.found.rows if self.found else ()
        found = next(one for one in rows if (one.rule, one.subject) == (row[0], row[1]))
        self._inquiry.form.attempt(lambda: self.look_at(found))

    def look_at(self, found: Finding) -> None:
        """Show one finding in full, with what can be done about it."""
        self._looked_at = found.key
        self.one.put(Shown(*_in_full(found)), *self._answering(found))

    def _answering(self, found: Finding) -> list[Part]:
        exceptions = self.found.exceptions if self.found else ()
        held = next((one for one in exceptions if acceptance_key(one) == found.key), None)
        if found.exception_until and held is not None:
            words = f"Accepted by {held.owner} until the end of {held.until}: {held.reason}"
            withdraw = self._inquiry.form.button(
                "Withdraw", lambda: self.withdraw(found), tooltip="Accept it no longer; it counts again"
            )
            return [Shown(said(Tone.GOOD, words)), row(withdraw)]
        self.reason = Field("Why it is accepted", check=_needed("Say why."), value=held.reason if held else None)
        self.owner = Field("Who answers for it", check=_needed("Name somebody."), value=held.owner if held else None)
        self.until = Field("Until the end of", Kind.DATE, check=_needed("Choose a last day."))
        accept = self._inquiry.form.button(
            "Accept", lambda: self.accept(found), style=PRIMARY, tooltip="Answer for it, with a reason and an end"
        )
        fields = (self.reason, self.owner, self.until)
        return [Shown(tag("h4", "Accept it")), *fields, row(accept)]

    def accept(self, found: Finding) -> None:
        """Answer for a finding; it stays in the list and counts again after the last day."""
        if not valid((self.reason, self.owner, self.until)):
            return
        how = {"reason": self.reason.value, "owner": self.owner.value, "until": self.until.value.isoformat()}
        app = self._inquiry.desk.app
        self._inquiry.form.work(
            lambda _step: accepting.accept(app, found.rule, found.subject, **how), self._accepted, stoppable=False
        )

    def _accepted(self, run: Run | None) -> None:
        self._inquiry.desk.tell()
        done = f"It is accepted: run {run.run}. Withdraw takes it back." if run else "It is accepted just so already."
        self._inquiry.form.say(Tone.GOOD, done)

    def withdraw(self, found: Finding) -> None:
        """Answer for it no longer."""
        app = self._inquiry.desk.app
        self._inquiry.form.work(
            lambda _step: accepting.withdraw(app, found.rule, found.subject), self._withdrawn, stoppable=False
        )

    def _withdrawn(self, run: Run) -> None:
        self._inquiry.desk.tell()
        self._inquiry.form.say(Tone.GOOD, f"It is no longer accepted: run {run.run}.")


_NO_SNAPSHOT: list[Choice] = [("no snapshot", None)]
_ANY_RULE: list[Choice] = [("any rule", None)]
_UNKNOWN = "What could not be looked at is not taken for fine:"


def _in_full(found: Finding) -> list[object]:
    rule = RULES[found.rule]
    about = (
        ("about", found.subject),
        ("what was found", found.finding),
        ("why it matters", rule.rationale),
        ("what to do", found.remedy),
        ("severity", found.severity),
        ("source", rule.source),
        ("rule", found.rule),
    )
    return [tag("h4", rule.title), Table("In full", ("what", "which"), about)]


def _needed(words: str) -> Callable[[Any], str]:
    return lambda value: "" if (value.strip() if isinstance(value, str) else value) else words


def _here(unknown: str) -> str:
    """Without the option of the command line: here it is a field."""
    return re.sub(r" \(--\w+\)", "", unknown)
