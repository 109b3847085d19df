"""What is still missing before something works, and what is odd about it though it does.

Sources: Vision33, user-initiated e-mails: default From and SMTP server name are required; with *Override* ticked all
feature addresses should be filled in (domain decisions 15 and 17). Monitor ERP: all e-mail settings must be right
before calendar integration can be used (domain decisions 20 and 21).
"""

from __future__ import annotations

from typing import NamedTuple

from ..domain.addresses import address
from ..domain.keys import match_key
from ..domain.organisation import User
from ..domain.portals import PORTAL_FEATURES, Portal
from ..domain.preferences import AuthenticationFlow, MailPreference
from ..domain.services import FIELDS, NO_AUTHENTICATION, ServiceKind
from ..errors import AddressRejected
from ..resolution.provenance import Resolution, Status, Tier


class Readiness(NamedTuple):
    """What is missing, and warnings. Nothing missing is ready."""

    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether it works."""
        return not self.missing


def of_portal(portal: Portal) -> Readiness:
    """Whether users of a portal can send e-mail. Where they cannot, the portal shows no button."""
    return Readiness(tuple(_missing(portal)), tuple(_warnings(portal)))


def _missing(portal: Portal) -> list[str]:
    missing = []
    if not portal.default_from:
        missing.append("Default 'From' Address for email")
    if not portal.smtp_server:
        missing.append("SMTP Server Name")
    if portal.user_name and not portal.password:
        missing.append("Password")
    if portal.password and not portal.user_name:
        missing.append("User Name")
    return missing


def _warnings(portal: Portal) -> list[str]:
    given = {match_key(sender.feature): sender for sender in portal.senders}
    warnings = [
        f"{what} is no address one can send from: {error.what}"
        for what, text in (("The default From", portal.default_from), *((s.feature, s.address) for s in portal.senders))
        if text and (error := _rejected(text))
    ]
    if portal.override_from:
        blank = [feature for feature in PORTAL_FEATURES if match_key(feature) not in given]
        if blank:
            warnings.append(
                f"Override is ticked and these features have no From of their own: {', '.join(blank)}. "
                "They send from the default address."
            )
    elif portal.senders:
        named = ", ".join(sender.feature for sender in portal.senders)
        warnings.append(f"Addresses are given for {named}, and do not count: Override is not ticked.")
    if portal.smtp_server and not portal.enable_ssl:
        warnings.append("Enable SSL is off: mail, and the password if there is one, travel unprotected.")
    return warnings


def _rejected(text: str) -> AddressRejected | None:
    try:
        address(text)
    except AddressRejected as error:
        return error
    return None


NEEDS_OUTLOOK = "needs Outlook, where the calendar is; it is not reached from here"
ON_PREMISES = "Exchange on premises has calendars; events are not entered there from here."
NO_CALENDAR = "a calendar: SMTP has none (or allow calendar.invitations_by_smtp)"

_LABELS = {field.name: field.label for field in FIELDS}


def of_calendar(user: User, answer: Resolution, own: MailPreference, *, invitations: bool) -> Readiness:
    """Whether a user's activities can stand in a calendar.

    `own` is the user's e-mail settings with the system's behind them, `invitations` whether the site allows them by
    SMTP.
    """
    if not user.active or user.locked_out:
        return Readiness(("an active user: this one is inactive or locked out",))
    match answer.service:
        case None:
            return Readiness(("an e-mail method",))
        case ServiceKind.OUTLOOK:
            return Readiness((NEEDS_OUTLOOK,))
        case ServiceKind.SMTP if not invitations:
            return Readiness((NO_CALENDAR,))
    winner = answer.winner
    missing = [_LABELS[name] for name in answer.missing]
    if winner is None:
        missing.append(f"somebody on the path who uses {answer.service}")
    elif winner.tier is Tier.PREFERENCE:
        missing = [
            *(label for label in missing if label not in _OTHERWISE),
            *_missing_of_preference(answer.service, own),
        ]
    elif answer.status is Status.DISABLED:
        missing.append("every field: the service is switched off there")
    remarks = (*answer.remarks, *((ON_PREMISES,) if answer.service is ServiceKind.EXCHANGE_SERVER else ()))
    return Readiness(tuple(missing), remarks)


_OTHERWISE = frozenset(_LABELS[name] for name in ("mailbox", "sender_email", "user_name", "password"))
"""What Monitor's settings call otherwise, or ask for under other conditions."""


def _missing_of_preference(service: ServiceKind, own: MailPreference) -> list[str]:
    wanted = [("E-mail address", own.email)]
    if service in {ServiceKind.EXCHANGE, ServiceKind.EXCHANGE_SERVER}:
        wanted.append(("User name (Exchange)", own.user_name))
    if service is ServiceKind.EXCHANGE_SERVER or (service is ServiceKind.EXCHANGE and _by_password(own)):
        wanted.append(("Password (Exchange)", own.password))
    if service is ServiceKind.SMTP:
        signed = not own.user_name or own.user_name == NO_AUTHENTICATION or own.password
        wanted.append(("Password", "there or not needed" if signed else None))
    return [what for what, value in wanted if not value]


def _by_password(own: MailPreference) -> bool:
    return match_key(own.authentication_flow or "") == match_key(AuthenticationFlow.USER_NAME)
