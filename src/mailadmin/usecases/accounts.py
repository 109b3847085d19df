"""From an answer of the resolver to an account that can send: its profile, its secret by reference, its own From."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..bootstrap import App
from ..domain.canonical import canonical
from ..domain.keys import match_key
from ..domain.messages import Address
from ..domain.organisation import User
from ..domain.profiles import (
    ExchangeProfile,
    ExchangeServerProfile,
    MailProfile,
    OutlookProfile,
    Secret,
    SmtpProfile,
    ews_endpoint,
    user_name_of,
)
from ..domain.services import FIELD_NAMES, NOT_CAPTURED, Security, ServiceKind
from ..domain.settings import (
    CLEAR_TEXT_AUTH,
    CLOUDS,
    EHLO_NAME,
    EXCHANGE_CA_FILE,
    MAILTO,
    OUTLOOK_GETS,
    PINNED_CERTIFICATE,
    SMTP_CA_FILE,
    SMTP_DEADLINE,
    SMTPUTF8,
    SettingsInForce,
)
from ..errors import KeyNeeded, NotReady, Unsupported
from ..resolution.explanation import reason
from ..resolution.provenance import Resolution, Status
from ..storage import repository


class Account(NamedTuple):
    """The account a message goes out by: profile, own From, its Cost Centre, and a hash of all that."""

    profile: MailProfile
    own: Address
    cost_centre: str
    profile_hash: str


REMEDIES = {
    Status.CHOOSE: "Choose one with --service.",
    Status.NO_DEFAULT_SERVICE: "Set a default service in a Cost Centre on the path, or send attended.",
    Status.DISABLED: "Fill the service in, or untick Use Service so that the next Cost Centre is asked.",
    Status.INCOMPLETE: "Enter what is missing in the Cost Centre or in the user's override.",
    Status.NO_SERVICE: "Tick Use Service in a Cost Centre on the path.",
}
"""What to do about every status in which nothing can be sent."""


def account_of(app: App, resolution: Resolution, settings: SettingsInForce) -> Account:
    """The account an answer stands for. Raises NotReady with reason and remedy, Unsupported, GateRefused."""
    if resolution.status is not Status.READY or resolution.service is None:
        what = f"{resolution.context}: {resolution.status} - {reason(resolution)}."
        raise NotReady(what, remedy=REMEDIES.get(resolution.status, ""))
    centre = resolution.winner.cost_centre if resolution.winner else ""
    values = {name: value for name, (value, _) in resolution.fields.items()}
    match resolution.service:
        case ServiceKind.SMTP:
            profile: MailProfile = SmtpProfile(
                server=values["server"],
                port=values["port"],
                security=Security(values["security"]),
                user_name=user_name_of(values["user_name"]),
                password=_secret(app, values["password"]),
                ehlo_name=settings.get(EHLO_NAME, centre) or "localhost.localdomain",
                ca_file=settings.get(SMTP_CA_FILE, centre),
                pinned_certificate=settings.get(PINNED_CERTIFICATE, centre),
                clear_text_auth=settings.is_on(CLEAR_TEXT_AUTH, centre),
                smtputf8=settings.is_on(SMTPUTF8, centre),
                deadline=float(settings.get(SMTP_DEADLINE, centre)),
            )
        case ServiceKind.EXCHANGE:
            secret = _secret(app, values["client_secret"])
            profile = ExchangeProfile(
                tenant_id=values["tenant_id"],
                client_id=values["client_id"],
                client_secret=secret or Secret(lambda: ""),
                mailbox=values["mailbox"],
                hosts=settings.hosts(centre),
                ca_file=settings.get(EXCHANGE_CA_FILE, centre),
            )
        case ServiceKind.EXCHANGE_SERVER:
            profile = _exchange_server(app, values, settings.get(EXCHANGE_CA_FILE, centre))
        case ServiceKind.OUTLOOK:
            own = _address_of(app, resolution)
            profile = OutlookProfile(own=own, mailto=settings.get(OUTLOOK_GETS) == MAILTO)
            return Account(profile, Address(own), centre, _hash(profile, centre, values))
    name, email = resolution.sender
    return Account(
        profile,
        Address(email or "", name or ""),
        centre,
        _hash(profile, centre, values),
    )


_EXCHANGE_ONLINE = frozenset(host for cloud in CLOUDS.values() for host in cloud.uploads)
"""Hosts of Exchange Online at which there is EWS too."""


def _exchange_server(app: App, values: Mapping[str, Any], ca_file: str) -> ExchangeServerProfile:
    try:
        endpoint = ews_endpoint(values["server"], values["port"])
    except ValueError as error:
        raise NotReady(f"{error}.", remedy="Enter mail.example.com, or the https address of Exchange.asmx.") from None
    password = _secret(app, values["password"])
    user_name = user_name_of(values["user_name"])
    if user_name is None or password is None:
        raise NotReady("Exchange lets nobody in without a user name and a password.", remedy="Enter both.")
    mailbox = Address(values["sender_email"]).email
    profile = ExchangeServerProfile(
        endpoint=endpoint, user_name=user_name, password=password, mailbox=mailbox, ca_file=ca_file
    )
    if profile.server in _EXCHANGE_ONLINE:
        # Microsoft ended user name and password for EWS there in 2022, and ends EWS itself: data/advisories.toml.
        what = f"{profile.server} is Exchange Online, which takes no user name and password by EWS."
        raise Unsupported(what, remedy="Choose Exchange Online (service EXCHANGE): an application with its secret.")
    return profile


_SENDER_EMAIL = FIELD_NAMES.index("sender_email")


def _address_of(app: App, resolution: Resolution) -> str:
    """The address of whoever sends by Outlook: from the e-mail settings, else the user's. Raises NotReady."""
    layers = [layer for layer in (resolution.own, resolution.base) if layer is not None and layer.personal]
    if found := next((layer.values[_SENDER_EMAIL] for layer in layers if layer.values[_SENDER_EMAIL]), None):
        return Address(found).email
    if user := resolution.context.user:
        with app.store.reading() as connection:
            rows = repository.rows(connection, app.sealer(connection), ("users",), [match_key(user)])
        for row in rows.values():
            if isinstance(row, User) and row.email:
                return Address(row.email).email
    whom = user or "nobody in particular"
    raise NotReady(f"No e-mail address of {whom} is known.", remedy="Enter it in the e-mail settings, or name a user.")


def _hash(profile: MailProfile, centre: str, values: Mapping[str, Any]) -> str:
    """What makes it this account: its settings, secrets by fingerprint, and how it is connected to."""
    how = {
        name: str(value)
        for name in profile.__dataclass_fields__
        if not isinstance(value := getattr(profile, name), Secret | float)
    }
    return hashlib.sha256(canonical([str(profile.service), centre, values, how])).hexdigest()


def _secret(app: App, fingerprint: str | None) -> Secret | None:
    if fingerprint is None:
        return None
    if fingerprint == NOT_CAPTURED:
        raise KeyNeeded("A password is known to be set and was never read.", remedy="Enter it: mailadmin secret set")
    return app.secret(fingerprint)
