"""Explain: which settings are in force for somebody, who was asked in turn, who won, and what to do if nobody did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ipywidgets import VBox

from ..domain.services import COST_CENTRE_SERVICES
from ..errors import BadInput, UnknownName
from ..interchange.reports.markup import tag
from ..migration.effects import SubjectEffect
from ..migration.kinds import kind_of
from ..migration.snapshot import Snapshot
from ..resolution.provenance import STATUS_MEANINGS, Context, Resolution, Status
from ..usecases import composing, configuring, migrating, verifying
from ..usecases.verifying import Standing
from . import display, pictures
from .desk import Desk
from .fields import Choice, Field, Kind
from .form import PRIMARY, Form, row
from .people import PersonPicker
from .shown import Shown, Tone, said
from .work import Step

WHAT_TO_DO: Mapping[Status, str] = {
    Status.READY: "Nothing: mail can go out.",
    Status.INCOMPLETE: "Enter what is missing in Configure: in the Cost Centre's service, or in the user's own values.",
    Status.DISABLED: "Fill the service in, or untick Use Service so that the next Cost Centre is asked.",
    Status.CHOOSE: "Choose a service when sending, or give a Cost Centre on the path a default service.",
    Status.NO_SERVICE: "Tick Use Service in a Cost Centre on the path, and fill it in.",
    Status.NO_DEFAULT_SERVICE: "Give a Cost Centre on the path a default service; until then such mail is refused.",
}
"""TABLE: what to do about every status, in the words of the forms."""

_TONES = {Status.READY: Tone.GOOD, Status.CHOOSE: Tone.WARNING}


class Answer(NamedTuple):
    """An answer, how its account stands, and the user's answer before the upgrade where a snapshot tells."""

    now: Resolution
    standing: Standing
    before: Resolution | None


class ExplainForm(Form):
    """Pick somebody, and where and how they send; the answer follows."""

    def __init__(self, desk: Desk) -> None:
        intro = "Pick somebody: it shows whose settings their mail goes out by, who was asked in turn, and why."
        super().__init__("Explain: who sends by which settings, and why", intro, runner=desk.runner)
        self.desk = desk
        self._snapshot: Snapshot | None = None
        self._read_snapshot = False
        places = composing.places(desk.app)
        self.person = PersonPicker("Person", lambda _user: self.attempt(self.explain), desk)
        branches: list[Choice] = [("their own", None), *((_named(b), b.code) for b in places.branches)]
        self.branch = Field("Branch", Kind.CHOICE, choices=branches)
        webs: list[Choice] = [("none: on the desktop", None)]
        webs += [(web.code, web.code) for web in places.web_configurations]
        self.web = Field("Web configuration", Kind.CHOICE, choices=webs)
        kinds: list[Choice] = [("by rule", None), *((str(kind), kind) for kind in COST_CENTRE_SERVICES)]
        self.service = Field("Service", Kind.CHOICE, choices=kinds)
        self.attended = Field("A person is there to choose a service", Kind.YES_NO)
        for field in (self.branch, self.web, self.service, self.attended):
            field.watch(self._again)
        self.ask = self.button("Explain", self.explain, style=PRIMARY)
        self.answer = Shown()
        where = VBox([field.box for field in (self.branch, self.web, self.service, self.attended)])
        self.lay_out(self.person.box, where, row(self.ask), self.answer)
        desk.watch(self._again)

    def _again(self) -> None:
        if self.person.value is not None:
            self.attempt(self.explain)

    def explain(self) -> None:
        """Answer for whoever is picked."""
        user = self.person.value
        if user is None:
            raise BadInput("Nobody is picked.", remedy="Search for a person and choose one.")
        asked = Context(user, self.branch.value, None, self.web.value, self.service.value, self.attended.value)
        self.work(lambda step: self._answer(asked, step), self._show)

    def _answer(self, asked: Context, step: Step) -> Answer:
        now = configuring.explain(self.desk.app, asked)
        if not self._read_snapshot:
            step("Reading the snapshot")
            taken = migrating.snapshots(self.desk.app)
            self._snapshot = migrating.load_snapshot(self.desk.app, taken[-1].id) if taken else None
            self._read_snapshot = True
        return Answer(now, verifying.standing(self.desk.app, now), self._before(asked))

    def _before(self, asked: Context) -> Resolution | None:
        """The user's answer before the upgrade, which knew neither branches nor web configurations for a user."""
        if self._snapshot is None or asked.web_configuration or asked.service or asked.branch:
            return None
        try:
            return migrating.explain_legacy(self._snapshot, asked.user or "")
        except UnknownName:
            return None

    def _show(self, found: Answer) -> None:
        now = found.now
        page = display.explanation(now, found.standing)
        state = said(
            _TONES.get(now.status, Tone.ERROR),
            f"{now.status}: {STATUS_MEANINGS[now.status]}.",
            *([] if now.status is Status.READY else [f"What to do: {WHAT_TO_DO[now.status]}"]),
        )
        before = _compared(found.before, now) if found.before is not None else []
        self.answer.show(state, pictures.tiers(now), page, *before)


def _compared(before: Resolution, now: Resolution) -> list[object]:
    """The answer before the upgrade, beside the one now."""
    effect = SubjectEffect(now.context.user or "", "", kind_of(before, now), before, now)
    return [
        tag("h3", "Before the upgrade, by the last snapshot"),
        pictures.tiers(before),
        display.field_by_field(effect),
    ]


def _named(branch: Any) -> str:
    return f"{branch.code} {branch.description}".strip()


def explain(desk: Desk) -> ExplainForm:
    """The form that says whose settings somebody's mail goes out by, and why."""
    return ExplainForm(desk)
