"""A portal's Email Setup page: its fields under the words of that page, checked while they are typed.

Laws: a value that cannot stand is said at its field and does not enter the draft; the password is told as set, not
set, changed or cleared, never shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ipywidgets import VBox

from ..domain.keys import match_key
from ..domain.portals import PORTAL_FEATURES, Portal
from ..errors import MailAdminError
from ..interchange.reports.markup import tag
from ..migration.editing import Place, address_of
from ..migration.edits import Edits, place_of
from ..policy.readiness import Readiness, of_portal
from ..usecases import editing, portal_settings
from ..usecases.portal_settings import LABELS
from .desk import Desk
from .fields import Field, Kind
from .form import Form, columns, row
from .shown import Shown, Tone, said

_FEATURES = {
    "order_pad": "Order Pad: order placed",
    "password_reset": "Password reset",
    "user_initiated": "User-initiated emails",
}
_HINTS = {
    "default_from": "Shown as the sender wherever no other address is given. Required for user-initiated emails.",
    "override_from": "Ticked, each feature sends from its own address; all of them should be filled in then.",
    "smtp_server": "Required for user-initiated emails.",
    "smtp_port": "0 is the standard port: 587 with SSL, 25 without.",
    "user_name": "Blank for a server that asks for none.",
    "enable_ssl": "Tick it where the provider asks for SSL, TLS or a secure connection.",
}
_KINDS = {
    "override_from": Kind.YES_NO,
    "enable_ssl": Kind.YES_NO,
    "smtp_port": Kind.PORT,
    "password": Kind.SECRET,
}


class EmailSetup:
    """The page of one portal; `changed` is called whenever the draft is another one."""

    def __init__(self, form: Form, desk: Desk, edits: Edits, blank: Portal, changed: Callable[[], None]) -> None:
        self._desk, self._edits, self._blank, self._tell = desk, edits, blank, changed
        self.place: Place = place_of(blank)
        self.fields = {name: self._field(name) for name in LABELS}
        self.fields["password"].watch(self._entered)
        self.senders = {name: self._sender(name) for name in self._features()}
        self.new_feature = Field("Another feature", hint="Its name, such as open_table.")
        self.new_feature.widget.continuous_update = False
        self.add_button = form.button("Add feature", self.add_feature)
        self.away_button = form.button("Take the password away", self.take_away)
        self.features = VBox([])
        self.state = Shown()
        fields = self.fields
        self.box = VBox(
            [
                *(fields[name].box for name in ("default_from", "override_from")),
                self.features,
                Shown(tag("h4", "Server")),
                *(fields[name].box for name in ("smtp_server", "smtp_port", "enable_ssl", "user_name", "password")),
                row(self.away_button),
                self.state,
            ]
        )
        self._lay_out_features()
        self.show()

    @property
    def portal(self) -> Portal:
        """The portal as it will be."""
        found = self._edits.row(self.place)
        return found if isinstance(found, Portal) else self._blank

    @property
    def readiness(self) -> Readiness:
        """Whether its users could send, were it saved like this."""
        return of_portal(self.portal)

    @property
    def problems(self) -> list[Field]:
        """The fields whose value cannot stand."""
        return [field for field in (*self.fields.values(), *self.senders.values()) if field.problem]

    def add_feature(self) -> None:
        """A field for a feature of the portal's own."""
        name = self.new_feature.value.strip()
        if not name:
            return self.new_feature.complain("Type the feature's name first.")
        if match_key(name) in map(match_key, self.senders):
            return self.new_feature.complain("It is there already.")
        self.senders[name] = self._sender(name)
        self.new_feature.value = ""
        return self._lay_out_features()

    def take_away(self) -> None:
        """Remove the password."""
        self._edits.forget(self.place, "password")
        self.show()
        self._tell()

    def show(self) -> None:
        """Say at every field how it stands."""
        for field in (*self.fields.values(), *self.senders.values()):
            if field.kind is not Kind.SECRET:
                field.validate()
        self.features.layout.display = None if self.fields["override_from"].value else "none"
        self.fields["password"].note.say(*self._password_state())
        self.away_button.layout.display = None if self.portal.password is not None else "none"
        readiness = self.readiness
        shown = said(Tone.GOOD, "The Email button is shown: the portal's users can send.")
        hidden = said(Tone.WARNING, f"The Email button is hidden: {', '.join(readiness.missing)} is missing.")
        warnings = (said(Tone.WARNING, warning) for warning in readiness.warnings)
        self.state.show(shown if readiness.ready else hidden, *warnings)

    def _features(self) -> list[str]:
        own = [sender.feature for sender in self.portal.senders]
        known = set(map(match_key, PORTAL_FEATURES))
        return [*PORTAL_FEATURES, *(name for name in own if match_key(name) not in known)]

    def _field(self, name: str) -> Field:
        kind, value, check = _KINDS.get(name, Kind.TEXT), getattr(self.portal, name), None
        if kind is Kind.SECRET:
            return Field(LABELS[name], kind)
        if kind is Kind.TEXT:
            value, check = value or "", lambda text: portal_settings.refusal(name, text.strip())
        made = Field(LABELS[name], kind, value or None, hint=_HINTS[name], check=check)
        made.watch(self._take)
        return made

    def _sender(self, feature: str) -> Field:
        given = {match_key(sender.feature): sender.address for sender in self.portal.senders}
        label = f"From of {_FEATURES.get(feature, feature)}"
        made = Field(
            label,
            value=given.get(match_key(feature), ""),
            hint="Blank: the default address.",
            check=lambda text: portal_settings.refusal("default_from", text.strip()),
        )
        made.watch(self._take)
        return made

    def _lay_out_features(self) -> None:
        fields = [field.box for field in self.senders.values()]
        self.features.children = [*fields, columns(self.new_feature, self.add_button)]

    def _entered(self) -> None:
        """A password was typed: the draft keeps it, the field does not."""
        field = self.fields["password"]
        if (secret := field.value) is None:
            return
        field.forget()
        try:
            if self._edits.row(self.place) is None:
                self._edits.put(self._blank)
            editing.enter_secret(self._desk.app, self._edits, self.place, "password", secret)
        except MailAdminError as error:
            field.complain(str(error).replace("\n", " "))
            return
        self.show()
        self._tell()

    def _take(self) -> None:
        """Put what stands in the fields into the draft; what cannot stand stays as it is in the store."""
        values = {name: field.value for name, field in self.fields.items() if name != "password" and not field.problem}
        values = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        values["smtp_port"] = values["smtp_port"] or None
        senders = {name: field.value.strip() for name, field in self.senders.items() if not field.problem}
        try:
            self._edits.put(portal_settings.changed(self.portal, values, senders))
        except MailAdminError as error:
            self.state.say(Tone.ERROR, error.what)
            return
        self.show()
        self._tell()

    def _password_state(self) -> tuple[Tone, str]:
        standing: Any = self._edits.standing(self.place)
        had = getattr(standing, "password", None) is not None
        portal = self.portal
        if (self.place, "password") in self._edits.entered:
            return Tone.GOOD, "Changed; kept when you save." if had else "Set; kept when you save."
        if portal.password is not None:
            return Tone.HINT, "Set. What you type replaces it."
        if had and address_of(portal, "password") != address_of(standing, "password"):
            return Tone.WARNING, "Cleared: it was entered for another server, port, SSL or user name. Enter it again."
        return (Tone.WARNING, "Taken away.") if had else (Tone.HINT, "Not set.")
