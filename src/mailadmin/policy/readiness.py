"""What is still missing before something works, and what is odd about it though it does.

Source: Vision33, user-initiated e-mails: default From and SMTP server name are required; with *Override* ticked all
feature addresses should be filled in. Domain decisions 15 and 17.
"""

from __future__ import annotations

from typing import NamedTuple

from ..domain.addresses import address
from ..domain.keys import match_key
from ..domain.portals import PORTAL_FEATURES, Portal
from ..errors import AddressRejected


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
