"""Who sends a message and how it would go out: the person, the place, the service, and the account that follows.

Law: what is shown here is asked for anew at every change; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ipywidgets import VBox

from ..bootstrap import App
from ..domain.addresses import address, display_name
from ..domain.permissions import UPDATE_FROM
from ..domain.services import COST_CENTRE_SERVICES
from ..errors import MailAdminError, UnknownName
from ..resolution.explanation import reason
from ..resolution.provenance import Context
from ..storage.directory import Listed
from ..usecases import composing
from ..usecases.composing import Prospect
from ..usecases.preparing import Wish
from . import display
from .fields import Choice, Field, Kind
from .form import Form, columns
from .recipients import blank_or
from .shown import Shown, Tone, folded, listed, of_error, said
from .work import Step

MANY = 20_000
"""Users from whom on a search takes longer than a blink."""

NOBODY: Choice = ("nobody in particular: the account itself", None)


class Senders:
    """The fields that say who sends, and the way a message would go; `changed` is called after every change."""

    def __init__(self, form: Form, app: App, changed: Callable[[], None]) -> None:
        self._form = form
        self._app = app
        self._many = composing.how_many_users(app) > MANY
        self._changed = changed
        self.prospect: Prospect | None = None
        places = composing.places(app)
        self.search = Field("Find a person", hint="Part of a user id or a name.")
        self.user = Field("Who sends", Kind.CHOICE, choices=[NOBODY])
        self.branch = Field("Branch", Kind.CHOICE, choices=[("the person's own", None), *_coded(places.branches)])
        webs = [("none: on the desktop", None), *((web.code, web.code) for web in places.web_configurations)]
        self.web = Field("Web configuration", Kind.CHOICE, choices=webs)
        services = [("chosen by rule", None), *((str(service), service) for service in COST_CENTRE_SERVICES)]
        self.service = Field("Service", Kind.CHOICE, choices=services)
        self.way = Shown()
        self.sender = Field("Another From", hint="Empty: the account's own.", check=blank_or(address))
        self.sender_name = Field("Name beside From", hint="Empty: the account's own.", check=blank_or(_name))
        for field in (self.search, self.sender, self.sender_name):
            field.widget.continuous_update = False
        self.search.watch(self.look_for)
        for field in (self.user, self.branch, self.web, self.service):
            field.watch(self.look)
        self.box = VBox(
            [
                columns(self.search, self.user),
                columns(self.branch, self.web, self.service),
                self.way,
                columns(self.sender, self.sender_name),
            ]
        )
        self.box.add_class("mailadmin-row")
        self._offer(composing.users(app, ""))

    @property
    def context(self) -> Context:
        """Who asks, and how."""
        return Context(
            user=self.user.value,
            branch=self.branch.value,
            web_configuration=self.web.value,
            service=self.service.value,
            attended=True,
        )

    @property
    def wish(self) -> Wish:
        """Another From, another name: whatever stands in the fields, permitted or not, for sending decides."""
        return Wish(self.sender.value.strip() or None, self.sender_name.value.strip() or None)

    def look_for(self) -> None:
        """Offer the users who are like what was typed; the only one there is, is chosen."""
        wanted = self.search.value

        def search(step: Step) -> list[Listed]:
            step("Looking for people")
            return composing.users(self._app, wanted)

        if self._many:
            self._form.attempt(lambda: self._form.work(search, self._found))
        else:
            self._found(composing.users(self._app, wanted))

    def _found(self, found: list[Listed]) -> None:
        self._offer(found)
        if not self.search.value.strip():
            self.search.clear()
        elif not found:
            self.search.complain("Nobody's user id or name holds this.")
        elif len(found) == 1:
            self.user.value = found[0].user_id
            self.search.note.say(Tone.GOOD, f"{_in_words(found[0])} is chosen.")
        elif len(found) == composing.MOST_LISTED:
            self.search.note.say(Tone.HINT, f"{len(found)} or more: type more of the name.")
        else:
            self.search.note.say(Tone.HINT, f"{len(found)} found: choose one of them as who sends.")

    def choose(self, user_id: str | None) -> None:
        """Let this user send. An id that is nobody's leaves the sender as it is."""
        found = composing.user(self._app, user_id) if user_id else None
        if found is not None:
            self._offer([found, *composing.users(self._app, "")])
        if found is not None or user_id is None:
            self.user.value = found.user_id if found else None

    def ask(self, context: Context, wish: Wish) -> None:
        """Put in what a kept message was asked for with."""
        self.choose(context.user)
        offered = (
            (self.branch, context.branch),
            (self.web, context.web_configuration),
            (self.service, context.service),
        )
        for field, value in offered:
            field.value = value if value in [known for _, known in field.widget.options] else None
        self.sender.value, self.sender_name.value = wish.sender or "", wish.sender_name or ""

    def look(self) -> None:
        """Show how a message would go out now, and what stands in its way."""
        self.prospect = None
        try:
            self.prospect = composing.prospect(self._app, self.context)
            self.way.show(*_way(self.prospect))
        except UnknownName as error:
            self.way.show(of_error(error))
        may_change = self.prospect is not None and self.prospect.permitted.allowed
        self.sender.box.layout.display = None if may_change else "none"
        self._changed()

    def _offer(self, found: Iterable[Listed]) -> None:
        named = [(_in_words(one), one.user_id) for one in dict.fromkeys(found)]
        chosen = self.user.value
        kept = [] if chosen is None or chosen in [known for _, known in named] else [(str(chosen), chosen)]
        self.user.choose_from([NOBODY, *kept, *named])


def _way(found: Prospect) -> Iterator[object]:
    resolution, account = found.resolution, found.account
    if account is not None:
        how = f"By {resolution.service} of cost centre {account.cost_centre}: {account.profile.account}"
        yield said(
            Tone.PLAIN, f"{how} ({found.standing.word})." if found.standing else f"{how}.", f"From: {account.own}"
        )
    if account is not None and found.permitted.allowed:
        yield said(Tone.HINT, f"You may send as another From: {found.permitted.reason}.")
    elif account is not None:
        yield said(Tone.HINT, f"From cannot be changed, for want of {UPDATE_FROM}: {found.permitted.reason}.")
    if found.copy:
        yield said(Tone.HINT, f"A copy goes to {found.copy.to} ({found.copy.how}), by the e-mail settings.")
    if found.problems and found.resolution.context.user is None:
        yield said(Tone.HINT, "Choose who sends. The account itself cannot:", *map(_problem, found.problems))
    elif found.problems:
        yield listed(Tone.ERROR, "Nothing can be sent like this:", (_problem(error) for error in found.problems))
    if found.note:
        yield said(Tone.WARNING, f"{found.note[:1].upper()}{found.note[1:]}.")
    yield folded(f"Why: {reason(resolution)}", display.explanation(resolution, found.standing))


def _problem(error: MailAdminError) -> str:
    return f"{error.what} {error.remedy}".strip()


def _coded(rows: Iterable[Any]) -> list[Choice]:
    return [(f"{one.code} · {one.description}" if one.description else one.code, one.code) for one in rows]


def _in_words(user: Listed) -> str:
    return f"{user.user_id} · {user.name}{'' if user.active else ' (not active)'}"


def _name(text: str) -> str:
    return display_name(text, "name")
