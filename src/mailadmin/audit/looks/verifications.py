"""Verifications: what was seen when an account was last tried, and which were not tried."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from ..facts import Facts, Tried
from ..findings import Seen
from .rule import HIGH, INFO, LOW, MEDIUM, PRUDENCE, Rule

FRESH = timedelta(days=90)
"""How old a verification may be to count in an audit."""

ALL_MAILBOXES = "MailboxFolder.ReadWrite.All"
"""Required by the release note, used by no call that sends, and covered by no access policy (Graph documentation)."""


def certificate_not_verified(facts: Facts) -> Iterator[Seen]:
    """Accounts whose server could not prove who it is."""
    for tried in facts.verifications:
        for name, result, meaning in tried.rungs:
            if name == "TLS" and result == "failed":
                yield Seen(_name(tried), f"{meaning} (tried on {tried.at[:10]})")


def unprotected_when_tried(facts: Facts) -> Iterator[Seen]:
    """Accounts whose TLS was missing or about to lapse when tried."""
    for tried in facts.verifications:
        for name, result, meaning in tried.rungs:
            if name == "TLS" and result == "warning":
                yield Seen(_name(tried), f"{meaning} (tried on {tried.at[:10]})")


def does_not_work(facts: Facts) -> Iterator[Seen]:
    """Accounts that failed when tried, but for their TLS."""
    for tried in facts.verifications:
        for name, result, meaning in tried.rungs:
            if result == "failed" and name != "TLS":
                yield Seen(_name(tried), f"{name}: {meaning} (tried on {tried.at[:10]}; {tried.users} user(s))")


def roles_missing(facts: Facts) -> Iterator[Seen]:
    """Applications without the permissions of the release note."""
    for tried in facts.verifications:
        for name, result, meaning in tried.rungs:
            if name == "roles" and result == "warning":
                yield Seen(_name(tried), f"{meaning} (tried on {tried.at[:10]})")


def not_tried(facts: Facts) -> Iterator[Seen]:
    """Services with accounts nobody verified, or not lately; counted, since a service may have many."""
    counted: dict[str, list[bool]] = defaultdict(list)
    for tried in facts.verifications:
        lately = bool(tried.at) and facts.as_of - date.fromisoformat(tried.at[:10]) <= FRESH
        counted[f"{tried.cost_centre} / {tried.service}"].append(lately)
    for place, tries in counted.items():
        if missing := tries.count(False):
            yield Seen(place, f"{missing} of {len(tries)} account(s) were not verified in the last {FRESH.days} days")


def tenant_wide(facts: Facts) -> Iterator[Seen]:
    """Applications that may change every mailbox of the tenant, as the release note has it."""
    applications: dict[str, list[str]] = defaultdict(list)
    for account in facts.accounts:
        if client := account.values.get("client_id"):
            applications[str(client)].append(account.cost_centre or account.name)
    for client, places in applications.items():
        said = [m for t in facts.verifications if t.application == client for n, _, m in t.rungs if n == "roles" and m]
        if not said or any(ALL_MAILBOXES not in meaning for meaning in said):
            seen = "holds" if said else "is told by the release note to hold"
            where = ", ".join(sorted(set(places))[:3])
            yield Seen(f"application {client}", f"{seen} {ALL_MAILBOXES} for every mailbox of the tenant ({where})")


def _name(tried: Tried) -> str:
    return f"{tried.cost_centre} / {tried.service} / {tried.name}"


_GRAPH = "Microsoft Graph permissions reference; finPOWER Connect KB 22347"


RULES: tuple[Rule, ...] = (
    Rule(
        "certificate-not-verified",
        HIGH,
        "No protected connection with a verified certificate",
        "Without it nobody knows whether the password goes to the server or to somebody who pretends to be it.",
        "RFC 8314 section 5; RFC 7817",
        "See mailadmin verify --rungs, then verify again.",
        certificate_not_verified,
    ),
    Rule(
        "tls-to-look-at",
        LOW,
        "Protection to look at",
        "There was none when the account was tried, or its certificate is about to expire.",
        "RFC 8314",
        "Choose StartTls, or have the certificate renewed; then verify again.",
        unprotected_when_tried,
    ),
    Rule(
        "account-does-not-work",
        HIGH,
        "The account did not work when it was tried",
        "Who sends by it finds out when a letter does not go.",
        PRUDENCE,
        "See mailadmin verify --rungs, then verify again.",
        does_not_work,
    ),
    Rule(
        "graph-roles-missing",
        MEDIUM,
        "The application lacks permissions",
        "The release note asks for three; without them drafts, attachments or sending fail.",
        _GRAPH,
        "Have them consented to (Entra, API permissions), unless RBAC for Applications grants them.",
        roles_missing,
    ),
    Rule(
        "graph-tenant-wide",
        MEDIUM,
        "Graph permissions reach every mailbox",
        "Application permissions hold for the whole tenant unless scoped, and MailboxFolder.ReadWrite.All cannot be by "
        "an access policy: who has the client secret can change anybody's mailbox folders.",
        _GRAPH,
        "Scope Mail.Send and Mail.ReadWrite by RBAC for Applications and withdraw the consent in Entra; ask the vendor "
        "whether MailboxFolder.ReadWrite.All is needed.",
        tenant_wide,
    ),
    Rule(
        "not-verified-lately",
        INFO,
        "Accounts nobody tried lately",
        "Nobody knows whether they work, or whether their server can be believed.",
        PRUDENCE,
        "mailadmin verify --all",
        not_tried,
    ),
)
