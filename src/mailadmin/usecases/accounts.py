"""From an answer of the resolver to an account that can send: its profile, its secret by reference, its own From."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..bootstrap import App
from ..domain.canonical import canonical
from ..domain.messages import Address
from ..domain.profiles import ExchangeProfile, MailProfile, Secret, SmtpProfile, user_name_of
from ..domain.services import NOT_CAPTURED, Security, ServiceKind
from ..domain.settings import (
    CLEAR_TEXT_AUTH,
    EHLO_NAME,
    EXCHANGE_CA_FILE,
    PINNED_CERTIFICATE,
    SMTP_CA_FILE,
    SMTP_DEADLINE,
    SMTPUTF8,
    SettingsInForce,
)
from ..errors import KeyNeeded, NotReady, Unsupported
from ..resolution.explanation import reason
from ..resolution.provenance import Resolution, Status


class Account(NamedTuple):
    """The account a message goes out by: profile, own From, its Cost Centre, and a hash of all that."""

    profile: MailProfile
    own: Address
    cost_centre: str
    profile_hash: str


_REMEDIES = {
    Status.CHOOSE: "Choose one with --service.",
    Status.NO_DEFAULT_SERVICE: "Set a default service in a Cost Centre on the path, or send attended.",
    Status.DISABLED: "Fill the service in, or untick Use Service so that the next Cost Centre is asked.",
    Status.INCOMPLETE: "Enter what is missing in the Cost Centre or in the user's override.",
    Status.NO_SERVICE: "Tick Use Service in a Cost Centre on the path.",
}


def account_of(app: App, resolution: Resolution, settings: SettingsInForce) -> Account:
    """The account an answer stands for. Raises NotReady with reason and remedy, Unsupported, GateRefused."""
    if resolution.status is not Status.READY or resolution.service is None:
        what = f"{resolution.context}: {resolution.status} - {reason(resolution)}."
        raise NotReady(what, remedy=_REMEDIES.get(resolution.status, ""))
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
        case other:
            raise Unsupported(f"Nothing is sent by {other} from here.", remedy="Choose SMTP or EXCHANGE.")
    name, email = resolution.sender
    return Account(
        profile,
        Address(email or "", name or ""),
        centre,
        _hash(profile, centre, values),
    )


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
