"""Accepted exceptions that are about nothing any more."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import FOUND, Facts
from ..findings import Seen, acceptance_key
from .rule import INFO, PRUDENCE, Rule


def without_finding(facts: Facts) -> Iterator[Seen]:
    """Acceptances of findings that were looked for and not there. What could not be looked at is left alone."""
    unclear = tuple(records.domain for records in facts.domains if records.unknown)
    for acceptance in facts.acceptances:
        rule, subject = acceptance_key(acceptance)
        looked = rule in facts.asked and not subject.endswith(unclear)
        if looked and (rule, subject) not in facts.found:
            words = f"{acceptance.owner} accepted it until {acceptance.until}, and it is found no more"
            yield Seen(f"{acceptance.rule}: {acceptance.subject}", words)


RULES: tuple[Rule, ...] = (
    Rule(
        "exception-without-finding",
        INFO,
        "An accepted exception nobody needs any more",
        "Were the finding to come back, it would be accepted unseen.",
        PRUDENCE,
        "mailadmin audit accept RULE SUBJECT --withdraw",
        without_finding,
        FOUND,
    ),
)
