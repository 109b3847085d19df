"""Servers: how the connection is protected, and what will stop working."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from ...domain.profiles import is_loopback
from ...domain.services import Security, Unit
from ...domain.settings import CLEAR_TEXT_AUTH, PINNED_CERTIFICATE
from ..accounts import Account
from ..advisories import Advisory, concerning
from ..facts import Facts
from ..findings import Seen
from .rule import HIGH, LOW, MEDIUM, PRUDENCE, Rule

PLAIN, AUTO, TLS, STARTTLS, IF_OFFERED = Security
RELAY, SUBMISSIONS, SUBMISSION = 25, 465, 587
"""The ports of SMTP (RFC 8314): between servers, TLS from the start, STARTTLS."""


def _of_servers(sees: Callable[[Account, Security, int], str], *units: Unit) -> Callable[[Facts], Iterator[Seen]]:
    """The look at every account with a server elsewhere that has one of these units of its own."""

    def look(facts: Facts) -> Iterator[Seen]:
        for account in facts.accounts:
            if account.server and not is_loopback(account.server) and account.has_own(*units):
                security, port = Security(account.values["security"]), int(account.values["port"])
                if words := sees(account, security, port):
                    yield Seen(account.name, words)

    return look


def _clear_text_login(account: Account, security: Security, port: int) -> str:
    if security is not PLAIN or not account.signs_in:
        return ""
    return f"sends user name and password to {account.server} unprotected (security None)"


def _unprotected(account: Account, security: Security, port: int) -> str:
    if security is not PLAIN or account.signs_in:
        return ""
    return f"mail travels to {account.server} unprotected (security None, no login)"


def _auto_on_25(account: Account, security: Security, port: int) -> str:
    if security is not AUTO or port not in {0, RELAY}:
        return ""
    return f"uses {account.server} on port 25 with security Auto: protected only if the server offers it"


def _only_if_offered(account: Account, security: Security, port: int) -> str:
    if security is not IF_OFFERED and (security is not AUTO or port in {0, RELAY, SUBMISSIONS}):
        return ""
    return f"is protected at {account.server} only if STARTTLS is offered (security {security})"


def _port_disagrees(account: Account, security: Security, port: int) -> str:
    from_start, later = security is TLS, security in {STARTTLS, IF_OFFERED, PLAIN}
    if (port == SUBMISSIONS and later) or (port in {RELAY, SUBMISSION} and from_start):
        return f"port {port} of {account.server} and security {security} do not go together"
    return ""


clear_text_login = _of_servers(_clear_text_login, Unit.SERVER, Unit.CREDENTIALS)
unprotected = _of_servers(_unprotected, Unit.SERVER)
auto_on_25 = _of_servers(_auto_on_25, Unit.SERVER)
only_if_offered = _of_servers(_only_if_offered, Unit.SERVER)
port_disagrees = _of_servers(_port_disagrees, Unit.SERVER)


def clear_text_allowed(facts: Facts) -> Iterator[Seen]:
    """The setting that lets passwords travel unprotected."""
    for place, value in _settled(facts, CLEAR_TEXT_AUTH):
        if value == "yes":
            yield Seen(place, f"{CLEAR_TEXT_AUTH} is on")


def certificate_pinned(facts: Facts) -> Iterator[Seen]:
    """Servers that are believed for one certificate instead of an authority."""
    for place, value in _settled(facts, PINNED_CERTIFICATE):
        if value:
            yield Seen(place, "one certificate is accepted without asking an authority, and nothing else")


def _settled(facts: Facts, name: str) -> Iterator[tuple[str, str]]:
    """A setting's value for the site, and for every Cost Centre with another one."""
    site = facts.settings.get(name)
    yield "site", site
    for row in facts.organisation.cost_centres.values():
        if (own := facts.settings.get(name, row.code)) != site:
            yield f"cost centre {row.code}", own


def retired(facts: Facts) -> Iterator[Seen]:
    """Accounts by a way of sending that has ended."""
    return _advised(facts, lambda advisory: advisory.since <= facts.as_of)


def retiring(facts: Facts) -> Iterator[Seen]:
    """Accounts by a way of sending that will end."""
    return _advised(facts, lambda advisory: advisory.since > facts.as_of)


def _advised(facts: Facts, chosen: Callable[[Advisory], bool]) -> Iterator[Seen]:
    """Every advisory at every place it concerns; users' own accounts are counted, not named."""
    counted: Counter[tuple[str, Advisory]] = Counter()
    for account in facts.accounts:
        if account.has_own(Unit.SERVER, Unit.CREDENTIALS):
            place = f"{account.cost_centre} / {account.service}" if account.cost_centre else account.name
            for advisory in concerning(facts.advisories, account.service, account.server, account.signs_in):
                counted[place, advisory] += bool(account.user)
    for (place, advisory), overrides in counted.items():
        if chosen(advisory):
            also = f"; {overrides} override(s) are concerned" if overrides else ""
            words = f"{advisory.words(facts.as_of)}{also}. {advisory.remedy} Source: {advisory.source}."
            yield Seen(f"{place}: {advisory.id}", words)


RULES: tuple[Rule, ...] = (
    Rule(
        "clear-text-login",
        HIGH,
        "User name and password in clear text",
        "Whoever is on the way reads the password, and sends as this company from then on.",
        "RFC 4954 section 4; RFC 8314",
        "Choose StartTls (587) or SslOnConnect (465).",
        clear_text_login,
    ),
    Rule(
        "clear-text-allowed",
        HIGH,
        "Passwords are allowed over an unprotected connection",
        "The setting exists for servers that cannot do better; it holds for every account there.",
        "RFC 4954 section 4",
        "mailadmin settings set smtp.clear_text_auth no",
        clear_text_allowed,
    ),
    Rule(
        "unprotected-connection",
        MEDIUM,
        "Mail travels unprotected",
        "Letters about loans and debts can be read and changed on the way.",
        "RFC 8314",
        "Choose StartTls or SslOnConnect; inside one's own network, accept this finding.",
        unprotected,
    ),
    Rule(
        "auto-on-port-25",
        MEDIUM,
        "Security Auto on port 25",
        "Auto means STARTTLS if it is offered: whoever removes the offer on the way gets everything in clear text.",
        "MailKit SecureSocketOptions; RFC 8314",
        "Choose StartTls, and port 587 where the server has it.",
        auto_on_25,
    ),
    Rule(
        "protected-if-offered",
        LOW,
        "Protected only if the server offers it",
        "An offer can be removed on the way; then nothing is protected and nobody is told.",
        "MailKit SecureSocketOptions; RFC 8314",
        "Choose StartTls.",
        only_if_offered,
    ),
    Rule(
        "port-and-security",
        MEDIUM,
        "Port and security do not go together",
        "465 speaks TLS from the first byte, 25 and 587 do not: such an account cannot have worked.",
        "RFC 8314",
        "SslOnConnect with 465, StartTls with 587.",
        port_disagrees,
    ),
    Rule(
        "certificate-pinned",
        LOW,
        "One certificate is believed without an authority",
        "When the server's certificate is renewed, mail stops until somebody enters the new one.",
        PRUDENCE,
        "Have the server get a certificate of an authority, or set smtp.ca_file.",
        certificate_pinned,
    ),
    Rule(
        "retired-method",
        HIGH,
        "This way of sending has ended",
        "The provider has switched it off or may do so any day.",
        "data/advisories.toml, each with its own source",
        "See the finding: what to do is said there, with the day it was read.",
        retired,
    ),
    Rule(
        "method-retiring",
        MEDIUM,
        "This way of sending will end",
        "On that day these accounts stop sending.",
        "data/advisories.toml, each with its own source",
        "See the finding: what to do is said there, with the day it was read.",
        retiring,
    ),
)
