"""What the DNS says about a From domain: its SPF, DMARC and DKIM records, and whatever could not be found out.

Law: no answer is not a good answer; what was not learned stands in `unknown`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..domain.keys import match_key
from ..domain.services import ServiceKind
from .accounts import Account, domain_of

EXCHANGE_INCLUDE = "spf.protection.outlook.com"
"""What the SPF record of a domain includes that Exchange Online sends for (Microsoft 365 documentation)."""


EXCHANGE_SUBMISSION = "smtp.office365.com"
"""Where Exchange Online takes mail by SMTP."""


class Spf(NamedTuple):
    """SPF records of a domain (RFC 7208): as written, what is wrong with them, what `all` says, what is included."""

    records: tuple[str, ...] = ()
    problem: str = ""
    all: str = ""
    includes: tuple[str, ...] = ()


class Dmarc(NamedTuple):
    """The DMARC record of a domain (RFC 7489): as written, what is wrong with it, policy, strict alignment or not."""

    record: str = ""
    problem: str = ""
    policy: str = ""
    strict_spf: bool = False
    strict_dkim: bool = False


class Dkim(NamedTuple):
    """The key at one DKIM selector (RFC 6376): the name asked, its CNAME target, the record, what is wrong with it."""

    name: str
    alias: str = ""
    record: str = ""
    problem: str = ""


class FromDomain(NamedTuple):
    """A domain mail is sent from: who sends it, and by logins of which domains."""

    domain: str
    accounts: int
    exchange: bool
    logins: tuple[str, ...]


class DomainRecords(NamedTuple):
    """The records of one From domain. `registered` is the registered domain of each domain that matters here."""

    sent_from: FromDomain
    exists: bool = True
    spf: Spf | None = None
    dmarc: Dmarc | None = None
    dkim: tuple[Dkim, ...] = ()
    registered: Mapping[str, str] = {}
    unknown: tuple[str, ...] = ()

    @property
    def domain(self) -> str:
        """The domain."""
        return self.sent_from.domain


def from_domains(accounts: Iterable[Account]) -> tuple[FromDomain, ...]:
    """The domains accounts send from, by name. A sender that is no address has a rule of its own."""
    found: dict[str, list[Account]] = defaultdict(list)
    for account in accounts:
        if "." in (domain := domain_of(account.sender)):
            found[domain].append(account)
    return tuple(
        FromDomain(
            domain,
            len(senders),
            any(_by_exchange(account) for account in senders),
            tuple(sorted({account.login_domain for account in senders} - {""})),
        )
        for domain, senders in sorted(found.items())
    )


def _by_exchange(account: Account) -> bool:
    return account.service is ServiceKind.EXCHANGE or match_key(account.server) == EXCHANGE_SUBMISSION
