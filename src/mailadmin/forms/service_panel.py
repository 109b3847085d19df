"""The values of one service, of a Cost Centre or of one user within it: by unit, checked while they are typed.

Laws: a value that cannot stand is said at its field and does not enter the draft; a secret is told as set, not set,
changed or cleared, never shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ipywidgets import Button, VBox, Widget

from ..domain.services import FIELDS, NO_AUTHENTICATION, Override, Security, Service, Unit
from ..domain.services import Field as ServiceField
from ..errors import BadInput, MailAdminError
from ..interchange.reports.markup import tag
from ..migration.editing import Place, address_of
from ..migration.edits import Edits, place_of
from ..policy import plausible
from ..usecases import editing
from .desk import Desk
from .fields import Choice, Field, Kind
from .form import row as row_of
from .shown import Shown, Tone

HEADINGS: dict[Unit, str] = {
    Unit.SERVER: "Server",
    Unit.CREDENTIALS: "Signing in",
    Unit.SENDER_NAME: "Sender",
    Unit.SENDER_EMAIL: "",
    Unit.APPLICATION: "Application in Entra ID",
    Unit.MAILBOX: "Mailbox",
}
"""TABLE: what stands above the fields of every unit; a blank one goes on under the one before."""

_HINTS = {
    "server": "Name or address, such as smtp.example.com.",
    "port": "0 is the standard port of the security chosen.",
    "mailbox": "The address of the mailbox that sends.",
    "tenant_id": "Directory (tenant) ID.",
    "client_id": "Application (client) ID.",
    "sender_email": "The address mail comes from.",
}
_SECURITIES: list[Choice] = [("not set: Auto", None), *((str(mode), mode) for mode in Security)]


class ServicePanel:
    """Fields for the row whose key `blank` has; `changed` is called whenever the draft is another one."""

    def __init__(self, desk: Desk, edits: Edits, blank: Service | Override, changed: Callable[[], None]) -> None:
        self._desk = desk
        self._edits = edits
        self._blank = blank
        self._tell = changed
        self.place: Place = place_of(blank)
        row = self.row
        self._mine = [field for field in FIELDS if row.service in field.services]
        self.use = Field("Use Service", Kind.YES_NO, getattr(row, "use_service", None) or False)
        self.use.watch(self._take)
        self.no_user = Field("The server asks for no user name", Kind.YES_NO, row.user_name == NO_AUTHENTICATION)
        self.no_user.watch(self._take)
        self.fields = {field.name: self._field(field) for field in self._mine}
        self.how = Shown()
        self.state = Shown()
        (self._secret,) = [field.name for field in self._mine if field.secret]
        self.away = Button(description=f"Take the {self.fields[self._secret].label.lower()} away")
        self.away.add_class("mailadmin-button")
        self.away.on_click(lambda _: self.take_away())
        self.box = VBox(self._laid_out())
        self._show()

    @property
    def row(self) -> Service | Override:
        """The row as it will be; one that says nothing where there is none yet."""
        row: Any = self._edits.row(self.place)
        return self._blank if row is None else row

    @property
    def problems(self) -> list[Field]:
        """The fields whose value cannot stand."""
        return [field for field in self.fields.values() if field.problem]

    def _field(self, field: ServiceField) -> Field:
        name = field.name
        if field.secret:
            made = Field(field.label, Kind.SECRET)
            made.watch(self._entered)
            return made
        kinds = {"port": Kind.PORT, "security": Kind.CHOICE}
        kind = kinds.get(name, Kind.TEXT)
        check = (lambda text: plausible.refusal(name, text.strip())) if kind is Kind.TEXT else None
        choices = _SECURITIES if kind is Kind.CHOICE else []
        value = _typed(field, self.row)
        made = Field(field.label, kind, value, choices=choices, hint=_HINTS.get(name, ""), check=check)
        made.watch(self._take)
        return made

    def _laid_out(self) -> list[Widget]:
        parts: list[Widget] = [self.use.box] if isinstance(self._blank, Service) else []
        above = None
        for field in self._mine:
            if field.unit is not above:
                above = field.unit
                parts += [Shown(tag("h4", HEADINGS[above]))] if HEADINGS[above] else []
                parts += [self.no_user.box] if above is Unit.CREDENTIALS else []
            parts.append(self.fields[field.name].box)
            parts += [row_of(self.away)] if field.secret else []
            parts += [self.how] if field.name == "security" else []
        return [*parts, self.state]

    def _entered(self) -> None:
        """A secret was typed: the draft keeps it, the field does not."""
        field = self.fields[self._secret]
        if (secret := field.value) is None:
            return
        field.forget()
        try:
            if self._edits.row(self.place) is None:
                self._edits.put(self._blank)
            editing.enter_secret(self._desk.app, self._edits, self.place, self._secret, secret)
        except MailAdminError as error:
            field.complain(str(error).replace("\n", " "))
            return
        self._show()
        self._tell()

    def take_away(self) -> None:
        """Remove the secret from the row."""
        self._edits.forget(self.place, self._secret)
        self._show()
        self._tell()

    def _take(self) -> None:
        """Put what stands in the fields into the draft."""
        row = self.row
        # What the secret becomes follows from the rest; a password beside 'no authentication' could not even stand.
        values = {name: None if name == self._secret else self._value(name) for name in self.fields}
        if "user_name" in self.fields and self.no_user.value:
            values["user_name"] = NO_AUTHENTICATION
        if isinstance(row, Service):
            values["use_service"] = self.use.value
        try:
            self._put(editing.changed(row, **values))
        except BadInput as error:
            self.state.say(Tone.ERROR, error.what)
            return
        self._show()
        self._tell()

    def _put(self, row: Service | Override) -> None:
        """A row that says nothing is no row."""
        self._edits.put(row)
        if self._edits.row(self.place) == self._blank:
            if isinstance(row, Override):
                self._edits.remove(self.place)
            elif self._edits.standing(self.place) is None:
                self._edits.put_back(self.place)

    def _value(self, name: str) -> Any:
        """What a field stands for; where it cannot stand, what is in the store."""
        field = self.fields[name]
        standing: Any = self._edits.standing(self.place)
        if field.problem:
            # Not what was there a key before: half an address can look like a whole one.
            return getattr(standing, name, None)
        if field.kind is Kind.PORT:
            named = standing is not None and standing.port == 0 and bool(self.fields["server"].value.strip())
            return field.value or (0 if named else None)
        return field.value if field.kind is Kind.CHOICE else field.value.strip() or None

    def _show(self) -> None:
        """Say at every field how it stands."""
        row = self.row
        given = {field.name: getattr(row, field.name) for field in self._mine}
        required = isinstance(row, Service) and row.use_service
        odd = dict(plausible.doubts(row.service, given, required=required))
        for name, field in self.fields.items():
            if field.problem:
                field.complain(f"{field.problem} Not taken into the draft.")
            elif field.kind is Kind.SECRET:
                tone, words = self._secret_state(row, name)
                doubt = odd.get(name, "") if words == "Not set." else ""
                field.note.say(Tone.WARNING if doubt else tone, doubt or words)
            elif name in odd:
                field.note.say(Tone.WARNING, odd[name])
            else:
                field.clear()
        if "user_name" in self.fields:
            for name in ("user_name", "password"):
                self.fields[name].widget.disabled = self.no_user.value
            if self.no_user.value:
                self.fields["user_name"].widget.value = ""
        if "security" in self.fields:
            words = editing.connection_in_words(row.security, row.port or 0)
            self.how.say(Tone.HINT, *([words] if row.server or row.port or row.security else []))
        self.away.layout.display = None if given[self._secret] is not None else "none"
        self.state.say(*_state_of(row, given))

    def _secret_state(self, row: Any, name: str) -> tuple[Tone, str]:
        standing: Any = self._edits.standing(self.place)
        had = getattr(standing, name, None) is not None
        if (self.place, name) in self._edits.entered:
            return Tone.GOOD, "Changed; kept when you save." if had else "Set; kept when you save."
        if getattr(row, name) is not None:
            return Tone.HINT, "Set. What you type replaces it."
        if row.user_name == NO_AUTHENTICATION and name == "password":
            return Tone.HINT, "Not needed."
        if had and address_of(row, name) != address_of(standing, name):
            what = "server, port, security or user" if name == "password" else "tenant or client"
            return Tone.WARNING, f"Cleared: it was entered for another {what}. Enter it again."
        return (Tone.WARNING, "Taken away.") if had else (Tone.HINT, "Not set.")


def _typed(field: ServiceField, row: Any) -> Any:
    """A value as it stands in its field."""
    value = getattr(row, field.name)
    if field.name == "port":
        return value or 0
    if field.name == "security":
        return value
    return "" if value is None or value == NO_AUTHENTICATION else value


def _state_of(row: Service | Override, given: dict[str, Any]) -> tuple[Tone, str]:
    blank = all(value is None for value in given.values())
    if isinstance(row, Override):
        units = {field.unit for field in FIELDS if given.get(field.name) is not None}
        own = ", ".join(unit for unit in Unit if unit in units)
        return (
            Tone.HINT,
            f"Of the user's own: {own}. The rest is the Cost Centre's." if own else "Nothing of their own.",
        )
    if not row.use_service:
        return Tone.HINT, "Not used here: the next Cost Centre on the path is asked."
    if blank:
        return Tone.WARNING, "Ticked and blank: this service is switched off here, and nobody further up is asked."
    return Tone.HINT, "Used here: whoever comes to this Cost Centre sends by it."
