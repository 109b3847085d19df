"""Who really gets a message: everybody named, or in forced test mode nobody but the redirect address.

Source: finPOWER KB 20704 (Force Test Mode options), three outcomes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ..domain.messages import Address, Message
from ..domain.settings import FORCED, FORCED_REDIRECT, FORCED_SENDS, STOPPED, SettingsInForce
from ..errors import MailStopped, TestModeBlocked


class Addressed(NamedTuple):
    """A message with the recipients it really goes to; `sends` is False where it only appears to be sent."""

    message: Message
    sends: bool
    note: str


def check_not_stopped(settings: SettingsInForce) -> None:
    """Raise MailStopped where all mail of the site is switched off."""
    if because := settings.get(STOPPED):
        raise MailStopped(f"mail is stopped because {because}", remedy="Let it go again with: mailadmin mail resume")


def in_test_mode(message: Message, settings: SettingsInForce) -> Addressed:
    """The message as forced test mode lets it out. Raises TestModeBlocked without a redirect address."""
    if not settings.is_on(FORCED):
        return Addressed(message, True, "")
    if not settings.is_on(FORCED_SENDS):
        return Addressed(message, False, "forced test mode: nothing is sent")
    redirect = settings.get(FORCED_REDIRECT)
    if not redirect:
        raise TestModeBlocked(
            "Cannot send Email whilst in forced Test Mode.",
            remedy="Use the Redirect 'To' Email Global Setting to override.",
        )
    only = Address(redirect)
    sent = replace(message, to=(only,), cc=(), bcc=(), reply_to=())
    return Addressed(sent, True, f"forced test mode: everything goes to {only.email}, CC and BCC are cleared")
