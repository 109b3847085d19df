"""Would this service work: the account tried rung by rung, as it is saved, without sending anything."""

from __future__ import annotations

from typing import Any

from ..domain.services import Override, Service, ServiceKind
from ..migration.edits import Edits, place_of
from ..usecases import editing, verifying
from ..usecases.verifying import Subject, Verified
from . import verifying as tables
from .desk import Desk
from .form import Form
from .shown import Shown, Tone, said
from .work import Step

DEADLINE = 20.0
"""Seconds until an account that does not answer is given up."""


class VerifyPanel:
    """The button that verifies a service's own account, or one user's, and what came of it."""

    def __init__(
        self, form: Form, desk: Desk, edits: Edits, cost_centre: str, service: ServiceKind, user: str | None = None
    ) -> None:
        self._form, self._desk, self._edits = form, desk, edits
        self._asked = cost_centre, service, user
        row = (
            Override(cost_centre=cost_centre, service=service, user_id=user)
            if user
            else Service(cost_centre=cost_centre, service=service)
        )
        self._place = place_of(row)
        self.shown = Shown()
        self.button = form.button("Verify", self.verify, tooltip="Try this account rung by rung; nothing is sent")

    def verify(self) -> None:
        """Try the account as it is saved."""
        if self._edits.is_changed(self._place):
            self.shown.say(Tone.WARNING, "Save first: what is tried is what is saved.")
            return
        self._form.work(self._tried, self._show)

    def _tried(self, step: Step) -> list[Verified]:
        wanted = verifying.with_deadline(self._subjects(), DEADLINE)
        return verifying.verify(self._desk.app, wanted, progress=lambda done, of: step("Trying accounts", done, of))

    def _subjects(self) -> list[Subject]:
        return editing.accounts(self._desk.app, *self._asked)

    def _show(self, found: Any) -> None:
        if not found:
            words = "Nobody could send by this account as it is saved, so there is nothing to try."
            self.shown.say(Tone.WARNING, words, "Explain says of every user why.")
            return
        alike: dict[str, list[Verified]] = {}
        for verified in found:
            alike.setdefault(verified.subject.name, []).append(verified)
        users = len({user for verified in found for user in verified.subject.users})
        summary = said(Tone.HINT, f"{users:,} user(s) send by it." if users != 1 else "1 user sends by it.")
        self.shown.show(summary, *(tables.rungs(its, name) for name, its in alike.items()))
