"""A portal's e-mail settings changed: as a draft, a plan and a run like everything else, its password to the vault.

Law: a password stays only with the server, port, SSL and user name it was entered for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from ..bootstrap import App
from ..domain.keys import match_key
from ..domain.portals import Contact, FeatureSender, Portal
from ..domain.profiles import Secret
from ..errors import BadInput, UnknownName
from ..migration.editing import Place
from ..migration.edits import Edits, place_of
from ..migration.plan import Plan
from ..policy import plausible
from ..storage.books import Run
from . import editing
from .applying import apply

LABELS: Mapping[str, str] = {
    "default_from": "Default 'From' Address for email",
    "override_from": "Override default 'From Address for specific emails'",
    "smtp_server": "SMTP Server Name (DNS name or IP)",
    "smtp_port": "Port",
    "user_name": "User Name",
    "password": "Password",
    "enable_ssl": "Enable SSL",
}
"""TABLE: the settings of a portal as its Email Setup page calls them."""

_LIKE = {"default_from": "sender_email", "smtp_server": "server", "user_name": "user_name"}
"""The settings that are typed, and the field of a service each is like."""


def place_named(code: str) -> Place:
    """Where a portal's row stands."""
    return "portals", (match_key(code),)


def refusal(name: str, text: str) -> str:
    """Why a text cannot stand in a setting, in words, or ''; an address of a feature is like the default."""
    return plausible.refusal(_LIKE[name], text)


def changed(portal: Portal, values: Mapping[str, Any], senders: Mapping[str, str]) -> Portal:
    """The portal with other values and features' addresses, each blank one taken away.

    Raises BadInput with everything that cannot stand.
    """
    given = {name: (value or None) if isinstance(value, str) else value for name, value in values.items()}
    typed = [(LABELS[name], refusal(name, given[name] or "")) for name in _LIKE if name in given]
    typed += [(f"From of {feature}", refusal("default_from", address)) for feature, address in senders.items()]
    if wrong := [f"{label}: {words}" for label, words in typed if words]:
        what = "\n".join([f"Portal {portal.code} cannot have this:", *wrong])
        raise BadInput(what, remedy="Nothing was changed.")
    return editing.changed(portal, **given, senders=_senders(portal, senders))


def _senders(portal: Portal, changes: Mapping[str, str]) -> tuple[FeatureSender, ...]:
    found = {match_key(sender.feature): sender for sender in portal.senders}
    for feature, address in changes.items():
        standing = found.pop(match_key(feature), None)
        if address:
            found[match_key(feature)] = _sender(standing.feature if standing else feature, address)
    return tuple(found[key] for key in sorted(found))


def _sender(feature: str, address: str) -> FeatureSender:
    try:
        return FeatureSender(feature=feature, address=address)
    except ValidationError:
        raise BadInput(f"{feature!r} cannot be the name of a feature.", remedy="A name such as order_pad.") from None


class Change(NamedTuple):
    """A change of a portal, still unsaved: the portal as it is and will be, and its plan; no plan where it is so."""

    edits: Edits
    before: Portal | None
    after: Portal
    plan: Plan | None

    @property
    def cleared(self) -> bool:
        """Whether the password goes because it was entered for another address."""
        return self.before is not None and self.before.password is not None and self.after.password is None


def plan_set(
    app: App, code: str, values: Mapping[str, Any], senders: Mapping[str, str], password: Secret | None = None
) -> Change:
    """What making or changing a portal would do; nothing is written. Raises BadInput, KeyNeeded without a key."""
    edits = editing.begin(app)
    standing = edits.row(place_named(code))
    before = standing if isinstance(standing, Portal) else None
    portal = changed(before or editing.changed(Portal(code="new"), code=code), values, senders)
    edits.put(portal)
    if password is not None:
        editing.enter_secret(app, edits, place_of(portal), "password", password)
    after: Any = edits.row(place_of(portal))
    plan = editing.plan(app, edits, editing.basis(app)) if edits.operations else None
    return Change(edits, before, after, plan)


def save(app: App, change: Change) -> Run | None:
    """Write a change as one run, its password to the vault; None where it is so already."""
    return editing.save(app, change.edits, change.plan) if change.plan else None


def remove(app: App, code: str) -> Run:
    """Take a portal away, as a run that can be taken back. Raises UnknownName."""
    edits = editing.begin(app)
    place = place_named(code)
    if edits.row(place) is None:
        raise UnknownName("portal", code, remedy="mailadmin portal status lists them.")
    edits.remove(place)
    plan = editing.plan(app, edits, editing.basis(app))
    return apply(app, plan, plan.confirmation)


PRACTICE: tuple[Portal | Contact, ...] = (
    Portal(
        code="CUSTOMER",
        default_from="portal@kowhai.example",
        override_from=True,
        smtp_server="mail.kowhai.example",
        user_name="portal",
        enable_ssl=True,
        senders=(
            FeatureSender(feature="order_pad", address="orders@kowhai.example"),
            FeatureSender(feature="user_initiated", address="documents@kowhai.example"),
        ),
    ),
    Portal(code="EMPLOYEE", smtp_server="mail.kowhai.example"),
    Contact(business_partner="C20000", name="Aroha Smith", email="aroha@harbour-bakery.example"),
    Contact(business_partner="C20000", name="Ben Tamihana", email="ben@harbour-bakery.example"),
    Contact(business_partner="C20000", name="Carla Gone", email="carla@harbour-bakery.example", active=False),
    Contact(business_partner="C20000", name="Dan Twice", email="dan@harbour-bakery.example, boss@elsewhere.example"),
    Contact(business_partner="C30000", name="Eru Wilson", email="eru@hilltop-cycles.example"),
)
"""Two portals, one of which lacks something, and the contacts of two business partners: something to try."""


def practise(app: App, rows: Iterable[Portal | Contact] = PRACTICE) -> Run | None:
    """Give a store without portals something to practise with; a run like any other."""
    edits = editing.begin(app)
    if edits.rows("portals"):
        return None
    for row in rows:
        edits.put(row)
    plan = editing.plan(app, edits, editing.basis(app))
    return apply(app, plan, plan.confirmation)
