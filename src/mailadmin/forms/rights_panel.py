"""Rights in Exchange: its exports handed in, and three gates side by side: permission, consent, mailbox right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ipywidgets import VBox

from ..audit.gates import REMEDIES, Mismatch, RightsComparison
from ..errors import BadInput
from ..interchange.reports.markup import Markup
from ..migration.draft import whom
from ..usecases import auditing
from .display import Table
from .form import PRIMARY, row
from .handing import UploadBox
from .inquiry import Asked, Inquiry
from .paged import PagedTable
from .panels import Panel
from .shown import Shown, Tone, folded, listed, said, verbatim

COLUMNS = ("user", "From", "permission here", "consent in Entra", "right in Exchange", "used", "what does not fit")
_HOW = """\
Get-RecipientPermission -ResultSize Unlimited |
  Select-Object Identity, Trustee, AccessControlType, @{n='AccessRights';e={$_.AccessRights -join ';'}} |
  Export-Csv sendas.csv -NoTypeInformation -Encoding utf8

Get-Mailbox -ResultSize Unlimited |
  Select-Object DisplayName, PrimarySmtpAddress, @{n='GrantSendOnBehalfTo';e={$_.GrantSendOnBehalfTo -join ';'}} |
  Export-Csv onbehalf.csv -NoTypeInformation -Encoding utf8"""
"""What an administrator types in Exchange Online PowerShell (its documentation names the columns)."""


class RightsPanel:
    """The page."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self.upload = UploadBox(self.add, description="Choose exports", accept=".csv,.txt")
        self.upload.add_class("mailadmin-button")
        self.list = Shown()
        self.compare_button = inquiry.form.button("Compare", self.compare, style=PRIMARY)
        self.forget_button = inquiry.form.button("Forget the files", self.forget)
        self.result = Panel()
        how = Shown(
            said(
                Tone.PLAIN,
                "A changed From passes three gates: the permission here, the consent in Entra, the right in Exchange.",
            ),
            folded("How to export the rights in Exchange", verbatim(_HOW)),
        )
        buttons = row(self.upload, self.compare_button, self.forget_button)
        self.box = VBox([how, buttons, self.list, self.result.box])

    def refresh(self) -> None:
        """Show what was handed in, compared."""
        self._list()
        if self._inquiry.exports:
            self.compare()

    def add(self, files: Mapping[str, bytes]) -> None:
        """Take exports; one of the same name replaces the other."""
        self._inquiry.exports.update(files)
        self._inquiry.form.attempt(self.refresh)

    def forget(self) -> None:
        """Leave the exports out of everything that is asked from now on."""
        self._inquiry.exports.clear()
        self.upload.value = ()
        self.result.put()
        self._list()

    def compare(self) -> None:
        """Set the gates side by side. Raises BadInput where nothing was handed in."""
        if not self._inquiry.exports:
            raise BadInput("There is no export yet.", remedy="Choose the files first.")
        app, exports = self._inquiry.desk.app, dict(self._inquiry.exports)
        self.result.put()

        def ask(asked: Asked) -> RightsComparison:
            return auditing.rights(app, exports, asked.key)

        self._inquiry.answer("Comparing", self._inquiry.asked, ask, self._show)

    def _list(self) -> None:
        exports = self._inquiry.exports
        self.forget_button.layout.display = None if exports else "none"
        rows = [(name, f"{-(-len(content) // 1024):,} KB") for name, content in sorted(exports.items())]
        if rows:
            self.list.show(
                Table("Handed in", ("file", "size"), rows), said(Tone.HINT, "They go into the report as well.")
            )
        else:
            self.list.say(Tone.HINT, "CSV files as Export-Csv writes them. They are read and not kept.")

    def _show(self, found: RightsComparison) -> None:
        rows = [tuple(row) for row in found.rows]
        table = PagedTable("The gates side by side", COLUMNS, rows, runner=self._inquiry.desk.runner)
        notes = [listed(Tone.HINT, "Worth knowing", found.notes)] if found.notes else []
        self.result.put(Shown(_summary(found), *notes), table.box)


def _summary(found: RightsComparison) -> Markup | Table:
    counted = Counter(Mismatch(one.kind) for one in found.findings)
    if not counted:
        return said(Tone.GOOD, "The gates agree everywhere.")
    subjects = {kind: sorted({f.subject for f in found.findings if f.kind == kind}) for kind in counted}
    rows = [(kind, counted[kind], whom(subjects[kind]), REMEDIES[kind]) for kind in Mismatch if kind in counted]
    return Table("What does not fit", ("what", "count", "about", "what to do"), rows)
