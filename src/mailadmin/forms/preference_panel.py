"""The e-mail settings of one user, or of the system: their fields, checked while they are typed.

Laws: a value that cannot stand is said at its field and does not enter the draft; a secret stands behind a padlock and
is told as set, not set, changed or cleared; what the method in force does not use cannot be typed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ipywidgets import VBox

from ..domain.preferences import AuthenticationFlow, CopyToSelf, EmailMethod, MailPreference
from ..domain.profiles import Secret
from ..domain.services import ServiceKind
from ..errors import MailAdminError
from ..interchange.reports.markup import tag
from ..migration.editing import address_of
from ..migration.edits import Edits
from ..policy import copies
from ..usecases import editing, preferring
from ..usecases.preferring import LABELS, METHODS, SECRETS
from .desk import Desk
from .fields import Choice, Field, Kind
from .form import Form
from .padlock import Padlock
from .shown import Shown, Tone
from .signature_panel import SignaturePanel

_HINTS = {
    "email": "The address mail comes from.",
    "user_name": "The account's user name.",
    "server": "Name or IP address; of an Exchange server also its https address.",
    "port": "0 is the standard port; with SSL normally 587 or 465.",
    "use_ssl": "SSL or TLS: STARTTLS, unless the port is 465.",
    "authentication_flow": "For Exchange Online. With Client secret nobody's password is used.",
    "tenant_id": "Of the application registered in Microsoft Entra ID.",
    "client_id": "Of the application registered in Microsoft Entra ID.",
    "copy_to_self": "Only where mail goes out server based.",
}
_CHOICES: dict[str, list[Choice]] = {
    "method": [(words, method) for method, words in METHODS.items()],
    "use_ssl": [("yes", True), ("no", False)],
    "authentication_flow": [(str(flow), flow) for flow in AuthenticationFlow],
    "copy_to_self": [("No copy", CopyToSelf.NO_COPY), ("Copy (CC)", CopyToSelf.CC), ("Bcc", CopyToSelf.BCC)],
}
_SECTIONS: dict[str, tuple[str, ...]] = {
    "": ("method", "email"),
    "Account": ("user_name", "password", "server", "port", "use_ssl"),
    "Exchange Online": ("authentication_flow", "tenant_id", "client_id", "client_secret"),
    "Copy and signature": ("copy_to_self",),
}


class PreferencePanel:
    """The page of one owner; `changed` is called whenever the draft is another one."""

    def __init__(self, form: Form, desk: Desk, edits: Edits, user: str, changed: Callable[[], None]) -> None:
        self._desk, self._edits, self._tell = desk, edits, changed
        self.user = user
        self.place = preferring.place_of_user(user)
        self.fields = {name: self._field(name) for name in LABELS if name not in {*SECRETS, "signature_html"}}
        self.secrets = {name: self._padlock(name) for name in SECRETS}
        self.signature = SignaturePanel(form, self._signed)
        self.state = Shown()
        parts: list[Any] = []
        for heading, names in _SECTIONS.items():
            parts += [Shown(tag("h4", heading))] if heading else []
            parts += [(self.secrets if name in SECRETS else self.fields)[name].box for name in names]
        self.box = VBox([*parts, *([self.signature.box] if user else []), self.state])
        self.signature.show(self.row.signature_html or "")

    @property
    def row(self) -> MailPreference:
        """The settings as they will be."""
        return preferring.row(self._edits, self.user)

    @property
    def problems(self) -> list[Field]:
        """The fields whose value cannot stand."""
        return [field for field in self.fields.values() if field.problem]

    def _field(self, name: str) -> Field:
        value, hint = getattr(self.row, name), _HINTS.get(name, "")

        def check(typed: Any) -> str:
            return preferring.refusal(name, typed.strip() if type(typed) is str else typed)

        label = self._label(name)
        if name in _CHOICES:
            nothing = ("as the system says" if self.user else "not set", None)
            made = Field(label, Kind.CHOICE, value, choices=[nothing, *_CHOICES[name]], hint=hint, check=check)
        elif name == "port":
            made = Field(label, Kind.PORT, value or None, hint=hint)
        else:
            made = Field(label, value=value or "", hint=hint, check=check)
            # What is in force is asked of the store once a field is left, not at every key.
            made.widget.continuous_update = False
        made.watch(self._take)
        return made

    def _label(self, name: str) -> str:
        """The system's account can be at an SMTP server too."""
        return LABELS[name] if self.user else LABELS[name].replace("(Exchange)", "(Exchange/SMTP)")

    def _padlock(self, name: str) -> Padlock:
        return Padlock(self._label(name), lambda secret: self._entered(name, secret))

    def _entered(self, name: str, secret: Secret) -> None:
        if self._edits.row(self.place) is None:
            self._edits.put(self.row)
        editing.enter_secret(self._desk.app, self._edits, self.place, name, secret)
        self._tell()

    def _signed(self, html: str) -> None:
        self._put(preferring.changed(self.row, {"signature_html": html}))
        self._tell()

    def _take(self) -> None:
        """Put what stands in the fields into the draft; what cannot stand stays as it is in the store."""
        standing: Any = self._edits.standing(self.place)
        values = {
            name: getattr(standing, name, None) if field.problem else self._value(name, standing)
            for name, field in self.fields.items()
        }
        try:
            self._put(preferring.changed(self.row, values))
        except MailAdminError as error:
            self.state.say(Tone.ERROR, error.what)
            return
        self.state.show()
        self._tell()

    def _value(self, name: str, standing: Any) -> Any:
        value = self.fields[name].value
        if name == "port":
            return value or (0 if getattr(standing, "port", None) == 0 else None)
        return value.strip() if type(value) is str else value

    def _put(self, row: MailPreference) -> None:
        self._edits.put(row)
        preferring.drop_if_blank(self._edits, self.user)

    def show(self, service: ServiceKind | None) -> None:
        """Say at every field how it stands under the method in force."""
        online, outlook = service is ServiceKind.EXCHANGE, service is ServiceKind.OUTLOOK
        words = METHODS[EmailMethod.EXCHANGE_ONLINE]
        needless = f"Not needed: with {words} the application signs in." if online else ""
        needless = needless or ("Not needed: Outlook signs in by itself." if outlook else "")
        if bool(self.user) and bool(needless) != self.secrets["password"].button.disabled:
            self.secrets["password"].lock(needless)
        for name, padlock in self.secrets.items():
            padlock.say(*self._secret_state(name))
        self.fields["copy_to_self"].widget.disabled = outlook
        if not self.fields["copy_to_self"].problem:
            self.fields["copy_to_self"].clear()
        if outlook:
            self.fields["copy_to_self"].note.say(Tone.WARNING, copies.BY_OUTLOOK)

    def _secret_state(self, name: str) -> tuple[Tone, str]:
        row, standing = self.row, self._edits.standing(self.place)
        had = getattr(standing, name, None) is not None
        if (self.place, name) in self._edits.entered:
            return Tone.GOOD, "Changed; kept when you save." if had else "Set; kept when you save."
        if getattr(row, name) is not None:
            return Tone.HINT, "Set. What you type replaces it."
        if standing is not None and had and address_of(row, name) != address_of(standing, name):
            what = "tenant or client" if name == "client_secret" else "server, port, SSL or user name"
            return Tone.WARNING, f"Cleared: it was entered for another {what}. Enter it again."
        return Tone.HINT, "Not set."
