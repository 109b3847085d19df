"""E-mail settings looked at: what the system says, what a user says, what is in force and why.

Law: what is in force is the resolver's answer and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ..bootstrap import App
from ..domain.governed import Organisation
from ..domain.keys import match_key
from ..domain.preferences import SYSTEM, AuthenticationFlow, EmailMethod, MailPreference
from ..domain.services import Security, ServiceKind
from ..errors import UnknownName
from ..migration.edits import Edits
from ..policy import copies
from ..policy.readiness import Readiness
from ..resolution.explanation import NOT_SET, SET
from ..resolution.provenance import Context, Resolution, Tier
from ..resolution.resolver import resolve
from ..storage import repository
from . import switching
from .calendar import Site
from .preferring import LABELS, METHODS, SECRETS, TABLE


class Line(NamedTuple):
    """A setting: what the system says, what the user says, what is in force, and why."""

    name: str
    label: str
    system: str
    own: str
    in_force: str
    why: str


class Page(NamedTuple):
    """The settings of a user beside the system's, how that user's mail goes out, and whether activities can follow."""

    user: str
    lines: tuple[Line, ...]
    answer: Resolution
    calendar: Readiness | None = None


def page(app: App, user: str = SYSTEM, edits: Edits | None = None) -> Page:
    """Every setting of a user, or the system alone, beside what is in force; of a draft where one is given.

    Raises UnknownName.
    """
    with app.store.reading() as connection:
        found = repository.organisation(connection, app.sealer(connection), [match_key(user)])
    settings = switching.in_force(app)
    if edits is not None:
        found = replace(found, preferences=Organisation.of(edits.rows(TABLE)).preferences)
    known = found.users.get(match_key(user)) if user else None
    if user and known is None:
        raise UnknownName("user", user, remedy="mailadmin effective lists everybody.")
    answer = resolve(Context(user=known.user_id if known else None), found)
    system = found.preferences.get(SYSTEM, MailPreference())
    mine = found.preferences.get(match_key(user), MailPreference()) if user else MailPreference()
    in_force = _InForce(system, mine, answer, found)
    lines = [
        Line(name, LABELS[name], told(name, getattr(system, name)), told(name, getattr(mine, name)), *in_force.of(name))
        for name in LABELS
    ]
    if known is None:
        return Page(SYSTEM, tuple(lines), answer)
    calendar = Site(found, settings, {}, "").standing(known.user_id).readiness
    return Page(known.user_id, tuple(lines), answer, calendar)


_FIELDS = {"use_ssl": "security", "email": "sender_email"}
"""The settings the resolver knows under another name."""

_NOT_USED = "", "not used"


class _InForce(NamedTuple):
    """Which of two settings counts, and why."""

    system: MailPreference
    mine: MailPreference
    answer: Resolution
    organisation: Organisation

    def of(self, name: str) -> tuple[str, str]:
        """The value in force, and where it comes from."""
        match name:
            case "method":
                return self._method()
            case "copy_to_self" | "signature_html":
                return self._beside(name)
            case "authentication_flow":
                return self._flow()
            case _:
                return self._field(name)

    def _method(self) -> tuple[str, str]:
        won = next((asked for asked in self.answer.service_asked if asked.won), None)
        if self.answer.service is None or won is None:
            return "", "nobody names a method or a default service"
        words = {method.service: text for method, text in METHODS.items()}[self.answer.service]
        return words, won.subject if won.tier is Tier.PREFERENCE else f"default of {won.cost_centre or won.subject}"

    def _beside(self, name: str) -> tuple[str, str]:
        if self.answer.service is ServiceKind.OUTLOOK:
            return "", "not used: Outlook knows nothing of it"
        if name == "signature_html":
            return told(name, self.mine.signature_html), self._origin(name)
        return str(copies.copy_wanted(self.organisation, self.answer.context.user)), self._origin(name) or "default"

    def _flow(self) -> tuple[str, str]:
        if self.answer.service is not ServiceKind.EXCHANGE:
            return _NOT_USED
        said = self.mine.authentication_flow or self.system.authentication_flow
        return said or AuthenticationFlow.CLIENT_SECRET, self._origin("authentication_flow") or "default"

    def _field(self, name: str) -> tuple[str, str]:
        field = _FIELDS.get(name, name)
        if self.answer.service is ServiceKind.EXCHANGE and name in {"email", "user_name"}:
            field = "mailbox"
        if name == "email" and self.answer.service is ServiceKind.OUTLOOK:
            return told(name, self.mine.email), self._origin(name) if self.mine.email else ""
        if field not in self.answer.fields:
            return _NOT_USED
        value, origin = self.answer.fields[field]
        return told(name, value), self._short(origin)

    def _short(self, origin: str) -> str:
        """An origin in the words of a page on which system and user stand side by side."""
        layers = [layer for layer in (self.answer.base, self.answer.own) if layer and layer.origin == origin]
        if not layers or not (self.answer.winner and self.answer.winner.tier is Tier.PREFERENCE):
            return origin
        return "of the user" if layers[0].personal else "of the system"

    def _origin(self, name: str) -> str:
        if getattr(self.mine, name) is not None:
            return "of the user"
        return "of the system" if getattr(self.system, name) is not None and name != "signature_html" else ""


def told(name: str, value: object) -> str:
    """A value as it may be seen: of a secret and of a signature only that there is one."""
    match value:
        case _ if name in SECRETS or name == "signature_html":
            return SET if value else NOT_SET
        case None:
            return ""
        case Security():
            return "no" if value is Security.NONE else f"yes: {value}"
        case bool():
            return "yes" if value else "no"
        case EmailMethod():
            return METHODS[value]
        case 0 if name == "port":
            return "0: the standard port"
        case _:
            return str(value)


class Standing(NamedTuple):
    """Somebody with settings of their own, or the system (''): those, and how mail goes out by them."""

    user: str
    row: MailPreference
    answer: Resolution


def everyone(app: App) -> list[Standing]:
    """The system and everybody who has e-mail settings of their own, by name."""
    with app.store.reading() as connection:
        sealer = app.sealer(connection)
        rows = repository.rows(connection, sealer, (TABLE,))
        found = repository.organisation(connection, sealer, [key[0] for _, key in rows])
    kept = {SYSTEM: MailPreference(), **found.preferences}
    return [
        Standing(row.user_id, row, resolve(Context(user=row.user_id or None), found)) for _, row in sorted(kept.items())
    ]
