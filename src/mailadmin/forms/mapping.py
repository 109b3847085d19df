"""What becomes of the old settings: rule by rule, then what is written, what is worth knowing and what is dropped."""

from __future__ import annotations

from ipywidgets import VBox

from ..migration.concerned import concerned
from ..migration.plan import Plan
from ..migration.snapshot import Snapshot
from . import display
from .display import Table
from .form import Form, row
from .paged import PagedTable
from .panels import Panel
from .shown import Shown
from .work import Step


class Mapped:
    """The rules that matter for a snapshot, and its plan; every column of it on request."""

    def __init__(self, form: Form, snapshot: Snapshot, plan: Plan) -> None:
        self._form, self._plan = form, plan
        rows = [
            (one.rule.legacy, one.number if one.rule.members else "", one.rule.target, one.rule.not_derived)
            for one in concerned(snapshot.legacy())
        ]
        table = Table("What becomes what", ("old setting", "how many", "becomes", "cannot be derived"), rows)
        self.columns = Panel(row(form.button("Show every column that is written", self.show_columns)))
        self.box = VBox([Shown(table, display.plan(plan)), self.columns.box])
        self.box.add_class("mailadmin-row")

    def show_columns(self) -> None:
        """Show every column the plan writes."""
        operations = self._plan.operations

        def lines(_say: Step) -> list[tuple[object, ...]]:
            return [(one.name, one.kind, *change) for one in operations for change in one.changes()]

        def show(found: list[tuple[object, ...]]) -> None:
            columns = ("row", "change", "column", "before", "after")
            table = PagedTable(f"{len(operations):,} operation(s)", columns, found, runner=self._form.runner)
            self.columns.put(table.box)

        self._form.work(lines, show)
