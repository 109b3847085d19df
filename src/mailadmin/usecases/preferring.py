"""E-mail settings of the system and of each user, as Monitor ERP has them: looked at with what is in force, changed.

Laws: what is in force is the resolver's answer and nothing else; a password stays only with the server, port, SSL and
user name it was entered for. Sources: Monitor ERP, "E-mail" of a user and of the system settings; domain decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..bootstrap import App
from ..domain.governed import Row
from ..domain.keys import match_key
from ..domain.organisation import User
from ..domain.preferences import SYSTEM, AuthenticationFlow, CopyToSelf, EmailMethod, MailPreference
from ..domain.profiles import Secret, ews_endpoint
from ..domain.services import ServiceKind
from ..errors import BadInput, UnknownName
from ..migration.editing import Place
from ..migration.edits import Edits
from ..migration.plan import Plan
from ..policy import plausible
from ..resolution.provenance import Context
from ..storage import repository
from ..storage.books import Run
from . import configuring, editing
from .applying import apply

LABELS: Mapping[str, str] = {
    "method": "E-mail method",
    "email": "E-mail address",
    "user_name": "User name (Exchange)",
    "password": "Password (Exchange)",
    "server": "Server address (Exchange/SMTP)",
    "port": "Port (Exchange/SMTP)",
    "use_ssl": "Use SSL",
    "authentication_flow": "Authentication flow",
    "tenant_id": "Directory (tenant) ID",
    "client_id": "Application (client) ID",
    "client_secret": "Client secret",
    "copy_to_self": "Send copy to own e-mail address",
    "signature_html": "E-mail signature",
}
"""TABLE: the settings as Monitor ERP calls them, in the order of its page."""

METHODS: Mapping[EmailMethod, str] = {
    EmailMethod.OUTLOOK: "Client based, via Microsoft Outlook",
    EmailMethod.EXCHANGE_SERVER: "Server based, via Microsoft Exchange",
    EmailMethod.SMTP: "Server based, via SMTP",
    EmailMethod.EXCHANGE_ONLINE: "Server based, via Microsoft Exchange Online",
}
"""TABLE: the e-mail methods as Monitor ERP calls them."""

SECRETS = ("password", "client_secret")
TABLE = "mail_preferences"
_LIKE = {"email": "sender_email", "server": "server", "tenant_id": "tenant_id", "client_id": "client_id"}
"""The settings whose text has a form, and the field of a service each is like."""


def place_of_user(user: str) -> Place:
    """Where a user's e-mail settings stand; the system's for ''."""
    return TABLE, (match_key(user),)


def begin(app: App, user: str = SYSTEM) -> Edits:
    """An empty draft over the e-mail settings of the system and a user. Raises UnknownName, Tampered."""
    with app.store.reading() as connection:
        rows = repository.rows(connection, app.sealer(connection), ("users", TABLE), [match_key(user)])
        if user != SYSTEM and ("users", (match_key(user),)) not in rows:
            raise UnknownName("user", user, remedy="mailadmin effective lists everybody.")
        return Edits(rows, repository.number_of_users(connection))


def row(edits: Edits, user: str) -> MailPreference:
    """The e-mail settings of a user in a draft, or the system's; one that says nothing where there is none."""
    found: Any = edits.row(place_of_user(user))
    return found or MailPreference(user_id=written(edits, user))


def written(edits: Edits, user: str) -> str:
    """A user's id as it is kept."""
    known = edits.row(("users", (match_key(user),)))
    return known.user_id if isinstance(known, User) else user


def refusal(name: str, value: object) -> str:
    """Why a value cannot stand in a setting, in words, or ''."""
    if name == "authentication_flow" and value == AuthenticationFlow.USER_NAME:
        return (
            "This flow signs in with a person's password. Microsoft ends that: it cannot pass a second factor, and "
            f"mailadmin does not do it. Choose {AuthenticationFlow.CLIENT_SECRET}."
        )
    if name == "signature_html" or not isinstance(value, str) or isinstance(value, EmailMethod | CopyToSelf):
        return ""
    if name == "server" and value.startswith("https://"):
        return "" if _is_ews(value) else "The whole address of an Exchange server ends in /EWS/Exchange.asmx."
    return plausible.refusal(_LIKE.get(name, name), value)


def _is_ews(text: str) -> bool:
    try:
        ews_endpoint(text, 0)
    except ValueError:
        return False
    return True


def changed(row: MailPreference, values: Mapping[str, Any]) -> MailPreference:
    """The settings with other values, each blank one taken away. Raises BadInput with everything that cannot stand."""
    given = {name: None if value == "" else value for name, value in values.items()}
    typed = [(LABELS[name], refusal(name, value)) for name, value in given.items()]
    if wrong := [f"{label}: {words}" for label, words in typed if words]:
        raise BadInput("\n".join([f"{owner(row.user_id)} cannot have this:", *wrong]), remedy="Nothing was changed.")
    return editing.changed(row, **given)


def owner(user: str) -> str:
    """Whose settings, in words."""
    return user or "The system"


class Change(NamedTuple):
    """A change of e-mail settings, still unsaved: as they are and will be, and its plan; no plan where it is so."""

    edits: Edits
    before: MailPreference
    after: MailPreference
    plan: Plan | None

    @property
    def cleared(self) -> tuple[str, ...]:
        """The secrets that go because they were entered for another address."""
        gone = [name for name in SECRETS if getattr(self.before, name) is not None]
        return tuple(name for name in gone if getattr(self.after, name) is None)

    @property
    def followers(self) -> int:
        """Of how many users the password goes with the system's server."""
        rows = [one.after for one in self.plan.operations] if self.plan else []
        mine = match_key(self.after.user_id)
        return sum(isinstance(one, MailPreference) and match_key(one.user_id) != mine for one in rows)


def plan_set(app: App, user: str, values: Mapping[str, Any], secrets: Mapping[str, Secret] | None = None) -> Change:
    """What changing the settings of a user, or of the system (''), would do; nothing is written.

    Raises UnknownName, BadInput with everything that cannot stand, KeyNeeded for a secret without a key.
    """
    edits = begin(app, user)
    before = row(edits, user)
    edits.put(changed(before, values))
    for column, secret in (secrets or {}).items():
        editing.enter_secret(app, edits, place_of_user(user), column, secret)
    drop_if_blank(edits, user)
    plan = editing.plan(app, edits, editing.basis(app)) if edits.operations else None
    return Change(edits, before, row(edits, user), plan)


def drop_if_blank(edits: Edits, user: str) -> None:
    """Settings that say nothing are none."""
    place = place_of_user(user)
    if edits.row(place) == MailPreference(user_id=written(edits, user)):
        edits.remove(place)


def save(app: App, change: Change) -> Run | None:
    """Write a change as one run, its secrets to the vault; None where it is so already."""
    return editing.save(app, change.edits, change.plan) if change.plan else None


def check_password(app: App, user: str) -> None:
    """Raises BadInput where a password would never be used, because the application signs in; UnknownName."""
    if configuring.explain(app, Context(user=user or None)).service is ServiceKind.EXCHANGE:
        what = f"With {METHODS[EmailMethod.EXCHANGE_ONLINE]} the application signs in, and no password is used."
        raise BadInput(what, remedy="Its secret is entered with: mailadmin user-settings secret --client-secret")


PRACTICE: tuple[Row, ...] = (
    *(
        User(user_id=user, name=name, email=f"{user.lower()}@norrby.example")
        for user, name in (
            ("ANNA", "Anna Berg"),
            ("BJORN", "Björn Ek"),
            ("CECILIA", "Cecilia Lund"),
            ("DAVID", "David Holm"),
            ("ERIK", "Erik Sand"),
        )
    ),
    MailPreference(
        method=EmailMethod.SMTP,
        email="erp@norrby.example",
        user_name="erp",
        server="mail.norrby.example",
        port=587,
        use_ssl=True,
        tenant_id="1c1b1a19-1817-4615-9413-121110090807",
        client_id="2c2b2a29-2827-4625-a423-222120191817",
        authentication_flow=AuthenticationFlow.CLIENT_SECRET,
        copy_to_self=CopyToSelf.NO_COPY,
    ),
    MailPreference(
        user_id="ANNA",
        email="anna@norrby.example",
        copy_to_self=CopyToSelf.BCC,
        signature_html="<p>Anna Berg<br><b>Norrby Verkstad</b></p>",
    ),
    MailPreference(
        user_id="BJORN",
        method=EmailMethod.EXCHANGE_ONLINE,
        email="bjorn@norrby.example",
        user_name="bjorn@norrby.example",
    ),
    MailPreference(user_id="CECILIA", method=EmailMethod.OUTLOOK, email="cecilia@norrby.example"),
    MailPreference(
        user_id="DAVID", method=EmailMethod.SMTP, email="david@norrby.example", server="mail.elsewhere.example"
    ),
)
"""A small company: settings of the system and of four users, of whom one lacks something, and one who has none."""


def practise(app: App) -> Run | None:
    """Give a store without e-mail settings something to practise with; a run like any other."""
    edits = editing.begin(app)
    with app.store.reading() as connection:
        edits.read(repository.rows(connection, app.sealer(connection), ("users", TABLE)))
    if edits.rows(TABLE):
        return None
    for one in PRACTICE:
        edits.put(one)
    plan = editing.plan(app, edits, editing.basis(app))
    return apply(app, plan, plan.confirmation)
