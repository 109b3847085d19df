"""Configure: the site as a tree, the fields of whatever is chosen, what a change does to whom, and saving it as a run.

Laws: nothing is written before Save is confirmed; what is saved can be undone; changes that are not saved stay in the
draft wherever one goes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ipywidgets import VBox, Widget

from ..audit.access import Everybody
from ..domain.services import COST_CENTRE_SERVICES, Service, ServiceKind
from ..errors import BadInput
from ..interchange.reports.markup import tag
from ..migration.editing import Place
from ..migration.effects import Effects
from ..migration.plan import Plan
from ..storage.directory import Owner
from ..usecases import editing, keeping, picking
from ..usecases.editing import Basis
from . import site_tree
from .desk import Desk
from .drafting import DraftForm
from .effects_panel import EffectsPanel, counted
from .fields import Field, Kind
from .form import PRIMARY, row
from .new_cost_centre import NewCostCentre
from .overrides_panel import OverridesPanel
from .panels import Panel
from .roles_panel import RolesPanel
from .row_panel import RowPanel
from .saving import Confirmation
from .service_panel import ServicePanel
from .shown import Shown, Tone, said
from .site_tree import Heading
from .verify_panel import VerifyPanel

Found = TypeVar("Found")

GENERAL = "General"
_TITLES = {"entities": "Entity", "branches": "Branch", "web_configurations": "Web configuration: Email"}
_HEADINGS = {
    Heading.PLACES: "Choose an entity or a branch: which Cost Centre it asks is set there.",
    Heading.WEB_CONFIGURATIONS: "Choose a web configuration: its Email page is set there.",
}


class ConfigureForm(DraftForm):
    """The form: what is chosen on the left, its fields beside it, and beneath the tree what the draft does."""

    def __init__(self, desk: Desk) -> None:
        intro = f"Choose a line, change its fields, look at what that does to whom, then save. {desk.words}"
        super().__init__("Configure e-mail services", intro, runner=desk.runner)
        self.desk = desk
        self.edits = editing.begin(desk.app)
        self.panel: Any = None
        self._chosen: Place | Heading | None = None
        self.find = Field("Find", hint="A part of a code or name; all lines while this is empty.")
        self.find.watch(self._draw_tree)
        self.tree = Field("Site", Kind.LIST, choices=site_tree.lines(self.edits))
        self.tree.widget.rows = 18
        self.tree.widget.add_class("mailadmin-tree")
        self.tree.watch(lambda: self.attempt(self._choose))
        self.page = Field("Page", Kind.CHOICE, choices=[(GENERAL, (None, False))])
        self.page.watch(lambda: self.attempt(self._turn))
        self.heading = Shown()
        self.content = Panel()
        self.effects = EffectsPanel(desk)
        self.save_button = self.button("Save …", self.save, style=PRIMARY, tooltip="Show the plan, then apply it")
        self.discard_button = self.button("Discard", self.discard, tooltip="Forget every change that is not saved")
        self.undo_button = self.button("Undo", self.undo, tooltip="Take back what was saved last")
        self.confirmation = Confirmation(self, self.apply, self.not_yet)
        self.key_button = self.button("Make the store's key", self.make_key)
        self.key = VBox([Shown(said(Tone.WARNING, *_NO_KEY)), self.key_button])
        self.place = VBox([self.heading, self.page.box, self.content.box])
        buttons = row(self.save_button, self.discard_button, self.undo_button)
        self.draft = VBox([self.effects.box, buttons])
        side = VBox([self.draft, self.confirmation.box, self.progress.box, self.message])
        tree = VBox([self.find.box, self.tree.box])
        self.layout = VBox([tree, self.place, side])
        self.layout.add_class("mailadmin-desk")
        self.lay_out(self.key, self.layout)
        # What comes of a press stands beneath the button, not at the foot of a long page.
        self.box.children = [part for part in self.box.children if part not in side.children]
        desk.watch(self.reread)
        self._changed()
        self._show_key()
        self._choose()

    def _choose(self) -> None:
        chosen = self.tree.value
        if chosen is None or chosen == self._chosen:
            return
        self._chosen = chosen
        cost_centre = isinstance(chosen, tuple) and chosen[0] == "cost_centres"
        self.page.box.layout.display = None if cost_centre else "none"
        pages: list[tuple[str, tuple[ServiceKind | None, bool]]] = [(GENERAL, (None, False))]
        for kind in COST_CENTRE_SERVICES:
            pages += [(str(kind), (kind, False)), (f"{kind}: users' own values", (kind, True))]
        before = self.page.value
        self.page.choose_from(pages if cost_centre else pages[:1])
        if self.page.value == before:
            self._turn()

    def _turn(self) -> None:
        """Show the page of what is chosen."""
        service, own = self.page.value or (None, False)
        match self._chosen:
            case Heading.ROLES:
                self._show_roles()
            case Heading.COST_CENTRES:
                self._show_new()
            case Heading():
                self._put(str(self._chosen), Shown(said(Tone.HINT, _HEADINGS[self._chosen])))
            case (table, _) as place if self.edits.row(place) is not None:
                if table != "cost_centres" or service is None:
                    self._show_row(place)
                elif own:
                    self._show_overrides(place, service)
                else:
                    self._show_service(place, service)
            case _:
                self._put("", Shown(said(Tone.HINT, "It is not there any more; choose another line.")))

    def _put(self, title: str, *parts: Widget, panel: Any = None, note: str = "") -> None:
        """Other content."""
        self.panel = panel
        self.heading.show(tag("h3", title), *([said(Tone.HINT, note)] if note else []))
        self.content.put(*parts)

    def _show_row(self, place: Place) -> None:
        standing: Any = self.edits.row(place)
        title = _TITLES.get(place[0], "Cost Centre")
        note = site_tree.used_by(self.edits, standing.code) if place[0] == "cost_centres" else ""
        panel = RowPanel(self.edits, place, self._changed)
        back = self.button("Put back", lambda: self.put_back(place), tooltip="Forget the changes of this row")
        words = f"{note[:1].upper()}{note[1:]}." if note else ""
        self._put(f"{title} {site_tree.named(standing)}", panel.box, row(back), panel=panel, note=words)

    def _show_service(self, place: Place, service: ServiceKind) -> None:
        centre: Any = self.edits.row(place)
        blank = Service(cost_centre=centre.code, service=service)
        panel = ServicePanel(self.desk, self.edits, blank, self._changed)
        verify = VerifyPanel(self, self.desk, self.edits, centre.code, service)
        back = self.button("Put back", lambda: self.put_back(panel.place), tooltip="Forget the changes of this page")
        title = f"{service} of {site_tree.named(centre)}"
        self._put(title, panel.box, row(verify.button, back), verify.shown, panel=panel)

    def _show_overrides(self, place: Place, service: ServiceKind) -> None:
        centre: Any = self.edits.row(place)

        def show(owners: list[Owner]) -> None:
            panel = OverridesPanel(self, self.desk, self.edits, centre.code, service, owners, self._changed)
            self._put(f"{service} of {site_tree.named(centre)}: users' own values", panel.box, panel=panel)

        self._read(lambda: picking.owners(self.desk.app, centre.code, service), show)

    def _show_roles(self) -> None:
        def show(people: Everybody) -> None:
            panel = RolesPanel(self.desk, self.edits, people, self._changed)
            self._put(str(Heading.ROLES), panel.box, panel=panel)

        self._read(lambda: editing.everybody(self.desk.app), show)

    def _show_new(self) -> None:
        panel = NewCostCentre(self, self.edits, self._added)
        self._put("New Cost Centre", panel.box, panel=panel, note="Or choose one in the list, to change it.")

    def _added(self, place: Place) -> None:
        self._changed()
        self.tree.value = place

    def _read(self, read: Callable[[], Found], show: Callable[[Found], None]) -> None:
        """Read beside the page what grows with users, and show it, unless another page is wanted by then."""
        self._put("", Shown(said(Tone.HINT, "Reading the users …")))
        page = self.page.value

        def go_on(found: Found) -> None:
            if self.tree.value != self._chosen:
                self._choose()
            elif self.page.value != page:
                self._turn()
            else:
                show(found)

        self.work(lambda _step: read(), go_on)

    def _changed(self) -> None:
        """The draft is another one."""
        self._leave_plan()
        self.message.show()
        self._draw_tree()
        self.effects.follow(self.edits)
        changes = len(self.edits.operations)
        self.discard_button.description = f"Discard {counted(changes)}" if changes else "Discard"
        self.save_button.disabled = self.discard_button.disabled = not changes
        self.undo_button.layout.display = None if self.last else "none"

    def _draw_tree(self) -> None:
        lines = site_tree.lines(self.edits, self.find.value)
        if [words for words, _ in lines] != [words for words, _ in self.tree.widget.options]:
            self.tree.choose_from(lines)

    def put_back(self, place: Place) -> None:
        """Leave one row as it is in the store."""
        self.edits.put_back(place)
        self._changed()
        self._turn()

    def discard(self) -> None:
        """Leave everything as it is in the store."""
        self.edits.discard()
        self._changed()
        self._turn()
        self.say(Tone.GOOD, "The changes are forgotten; nothing was written.")

    def make_key(self) -> None:
        """Make the store's key, so that passwords can be kept."""
        where = keeping.create_key(self.desk.app)
        self._show_key()
        self.say(Tone.GOOD, f"The key is in {where}.", "Keep a copy in a safe place.")

    def _show_key(self) -> None:
        self.key.layout.display = "none" if self.desk.app.seal() else None

    def save(self) -> None:
        """Make the plan of the draft and show it."""
        if self.panel is not None and getattr(self.panel, "problems", None):
            raise BadInput("A field cannot be saved as it is.", remedy="Mend what is marked, or put it back.")

        self.ask()

    def basis(self) -> Basis:
        """As the effects beside the fields have it."""
        return self.effects.basis()

    def show_plan(self, plan: Plan, effects: Effects) -> None:
        """In the draft's place."""
        self.draft.layout.display = "none"
        super().show_plan(plan, effects)

    def not_yet(self) -> None:
        """Leave the plan; the draft stays."""
        self._leave_plan()
        self.say(Tone.HINT, "Nothing was written.")

    def _leave_plan(self) -> None:
        self.confirmation.close()
        self.draft.layout.display = None

    def reread(self) -> None:
        """Look at the store again, after another form changed it; a draft is kept."""
        if not self.edits.operations:
            self._begin()

    def _begin(self) -> None:
        self.edits = editing.begin(self.desk.app)
        self._changed()
        self._turn()
        self._show_key()


_NO_KEY = (
    "This store has no key yet, so passwords cannot be kept.",
    "The key is made once and lies beside the store, readable by you alone; whoever has it can read the passwords.",
)


def configure(desk: Desk) -> ConfigureForm:
    """The form that changes services, who uses them, and who may change From."""
    return ConfigureForm(desk)
