"""Senders: whose address stands in From, and whether it may and can."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ...domain.addresses import address
from ...domain.keys import match_key
from ...domain.portals import PORTAL_FEATURES
from ...domain.services import ServiceKind, Unit
from ...errors import AddressRejected
from ..accounts import Account, domain_of
from ..facts import Facts
from ..findings import Seen
from .rule import HIGH, KB_22347, LOW, MEDIUM, PRUDENCE, Rule


def outside_domain(facts: Facts) -> Iterator[Seen]:
    """Senders of another domain than the account that sends, and than its Cost Centre's sender."""
    main = {(a.cost_centre, a.service): domain_of(a.sender) for a in facts.accounts if not a.user and a.cost_centre}
    for account in _with_own_sender(facts):
        domain = domain_of(account.sender)
        expected = {account.login_domain, main.get((account.cost_centre, account.service), "") if account.user else ""}
        expected.discard("")
        if domain and expected and domain not in expected:
            yield Seen(account.name, f"sends as {account.sender}, outside {' and '.join(sorted(expected))}")


def duplicate_sender(facts: Facts) -> Iterator[Seen]:
    """Addresses that several users have as their own."""
    users: dict[str, set[str]] = defaultdict(set)
    for account in _with_own_sender(facts):
        if account.user:
            users[match_key(account.sender)].add(account.user)
    for sender, who in users.items():
        if len(who) > 1:
            yield Seen(sender, f"is the sender of {len(who)} users: {_some(who)}")


def sends_as_another(facts: Facts) -> Iterator[Seen]:
    """Users whose own sender is the address of somebody else."""
    for account in _with_own_sender(facts):
        others = facts.addressees.get(match_key(account.sender), ()) if account.user else ()
        if others and match_key(account.user) not in map(match_key, others):
            yield Seen(account.name, f"sends as {account.sender}, the address of {_some(set(others))}")


def unusable_sender(facts: Facts) -> Iterator[Seen]:
    """Senders that are no address that may travel."""
    for account in _with_own_sender(facts):
        if words := _refused(account.sender):
            yield Seen(account.name, f"has a sender that may not travel: {words}")


def unusable_contact(facts: Facts) -> Iterator[Seen]:
    """Contacts whose address is none, or several: nothing is ever split out of it."""
    for contact in facts.contacts:
        if contact.active and (words := _refused(contact.email)):
            yield Seen(f"{contact.business_partner} / {contact.name} / {contact.email}", words)


def portal_sender_missing(facts: Facts) -> Iterator[Seen]:
    """Portals whose features are to have a From of their own, and some have none (Vision33)."""
    for portal in facts.organisation.portals.values():
        filled = {match_key(sender.feature) for sender in portal.senders if sender.address}
        blank = [feature for feature in PORTAL_FEATURES if match_key(feature) not in filled]
        if portal.override_from and blank:
            yield Seen(f"portal {portal.code}", f"no From of their own for {', '.join(blank)}: the default is used")


def _with_own_sender(facts: Facts) -> Iterator[Account]:
    for account in facts.accounts:
        unit = Unit.MAILBOX if account.service is ServiceKind.EXCHANGE else Unit.SENDER_EMAIL
        if account.sender and account.has_own(unit):
            yield account


def _refused(email: str) -> str:
    try:
        address(email)
    except AddressRejected as error:
        return error.what.removeprefix(f"{error.field}: ")
    return ""


def _some(names: set[str]) -> str:
    found = sorted(names, key=match_key)
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")


RULES: tuple[Rule, ...] = (
    Rule(
        "sender-outside-domain",
        MEDIUM,
        "A sender outside the service's domain",
        "Receivers see mail of one domain handed in by another, which is what forgers do (SPF, DMARC).",
        "RFC 7489",
        "Send as an address of the account's domain, or have the other domain name this service.",
        outside_domain,
    ),
    Rule(
        "duplicate-sender",
        MEDIUM,
        "Two users send as one address",
        "Answers reach one of them, and nobody can say who wrote.",
        PRUDENCE,
        "Give each user an address, or take the overrides away and use the Cost Centre's.",
        duplicate_sender,
    ),
    Rule(
        "sends-as-another",
        HIGH,
        "A user sends as somebody else",
        "An override that names a colleague's address is a change of From that nobody is asked about again.",
        KB_22347,
        "Correct the override, or give Messaging.Email.UpdateFrom to whoever has to write for others.",
        sends_as_another,
    ),
    Rule(
        "unusable-sender",
        HIGH,
        "A sender that may not travel",
        "It is no plain address, so that every message by this account is refused.",
        "RFC 5321, RFC 5322",
        "Enter one plain address: name@example.com.",
        unusable_sender,
    ),
    Rule(
        "unusable-contact",
        MEDIUM,
        "A contact whose address is none, or several",
        "It cannot be written to; an address with more in it than an address is how mail is led astray.",
        "RFC 5322; CWE-93",
        "Enter one plain address in the contact; several addresses are several contacts.",
        unusable_contact,
    ),
    Rule(
        "portal-sender-missing",
        LOW,
        "A portal feature without its own From",
        "With the default overridden, every feature is to have an address; a blank one falls back to the default.",
        "Vision33 Customer Portal, Email Setup",
        "Fill in the address of every feature, or untick the override.",
        portal_sender_missing,
    ),
)
