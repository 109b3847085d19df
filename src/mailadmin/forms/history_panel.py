"""What the past says: whose answer changed by whose change, and whose messages had another From."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from ipywidgets import VBox

from ..audit.history import AccessChange, Turn
from ..errors import BadInput
from ..usecases import auditing
from ..usecases.auditing import Use
from . import auditing as tables
from .display import Table
from .fields import Field, Kind
from .form import columns
from .inquiry import Inquiry
from .paged import PagedTable
from .panels import Panel
from .shown import Shown, Tone, said

_BEGINNING = date(1970, 1, 1)


class Span(NamedTuple):
    """A permission, and from which to which day it is asked about."""

    key: str
    first: date
    last: date


class ChangesPanel:
    """Whose answer changed between two days."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self.first = Field("From the beginning of", Kind.DATE, hint="Blank: since the store was made.")
        self.last = Field("to the end of", Kind.DATE, hint="Blank: until now.")
        for field in (self.first, self.last):
            field.watch(inquiry.changed)
        self.result = Panel()
        self.box = VBox([columns(self.first, self.last), self.result.box])

    def refresh(self) -> None:
        """Walk the audit trail."""
        app = self._inquiry.desk.app

        def ask(span: Span) -> tuple[AccessChange, ...]:
            return auditing.changes(app, span.first, span.last, span.key)

        self._inquiry.answer("Walking the audit trail", self.span, ask, self._show)

    def span(self) -> Span:
        """What is asked. Raises BadInput where the days are the wrong way round."""
        first, last = self.first.value or _BEGINNING, self.last.value or self._inquiry.desk.app.clock().date()
        if last < first:
            self.last.complain("It is before the first day.")
            raise BadInput("The last day is before the first.", remedy="Exchange the two.")
        return Span(self._inquiry.asked().key, first, last)

    def _show(self, found: Sequence[AccessChange]) -> None:
        counted = Counter(change.change for change in found)
        told = ", ".join(f"{counted[turn]:,} {turn}" for turn in Turn)
        summary = said(Tone.PLAIN, f"{self._inquiry.asked().key}: {told}. The audit trail was verified first.")
        self.result.put(Shown(summary), _paged(self._inquiry, tables.changes(found)))


class UsePanel:
    """Every message whose From was changed, or was to be."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self.result = Panel()
        self.box = VBox([self.result.box])

    def refresh(self) -> None:
        """Look at outbox and audit trail."""
        app = self._inquiry.desk.app
        self._inquiry.answer("Verifying the audit trail", tuple, lambda _: auditing.use(app), self._show)

    def _show(self, found: Sequence[Use]) -> None:
        if not found:
            nobody = "Nobody changed the From of a message, and nobody was refused to."
            self.result.put(Shown(said(Tone.GOOD, nobody)))
            return
        self.result.put(_paged(self._inquiry, tables.used(found)))


def _paged(inquiry: Inquiry, table: Table) -> Any:
    return PagedTable(table.title, table.columns, table.rows, runner=inquiry.desk.runner).box
