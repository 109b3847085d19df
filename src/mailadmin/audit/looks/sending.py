"""Sending as a whole: test mode and stopped mail, which are meant for copies of a site."""

from __future__ import annotations

from collections.abc import Iterator

from ...domain.settings import FORCED, FORCED_REDIRECT, FORCED_SENDS, STOPPED
from ..facts import Facts
from ..findings import Seen
from .rule import MEDIUM, Rule

_SITE = "site"


def mail_stopped(facts: Facts) -> Iterator[Seen]:
    """All mail switched off."""
    if because := facts.settings.get(STOPPED):
        yield Seen(_SITE, f"all mail is stopped, because {because}")


def test_mode_forced(facts: Facts) -> Iterator[Seen]:
    """Mail that seems to succeed and goes to nobody, or to one address (KB 20704)."""
    if facts.settings.is_on(FORCED):
        redirect = facts.settings.get(FORCED_REDIRECT)
        if not facts.settings.is_on(FORCED_SENDS):
            yield Seen(_SITE, "test mode is forced: mail seems to succeed, and nothing is sent")
        elif redirect:
            yield Seen(_SITE, f"test mode is forced: all mail goes to {redirect}")
        else:
            yield Seen(_SITE, "test mode is forced without a redirect address: every message is an error")


RULES: tuple[Rule, ...] = (
    Rule(
        "mail-stopped",
        MEDIUM,
        "All mail is stopped",
        "That is meant for copies of a site.",
        "mailadmin, sending",
        "mailadmin mail resume, where this is no copy.",
        mail_stopped,
    ),
    Rule(
        "test-mode-forced",
        MEDIUM,
        "Test mode is forced",
        "That is meant for copies of a site: nobody is told that nothing reaches the customer.",
        "finPOWER Connect KB 20704",
        "mailadmin settings set test_mode.forced no, where this is no copy.",
        test_mode_forced,
    ),
)
