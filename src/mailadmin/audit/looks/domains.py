"""From domains: whether receivers can tell this site's mail from a forger's (SPF, DKIM, DMARC)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..domains import EXCHANGE_INCLUDE, DomainRecords
from ..facts import DOMAINS, Facts
from ..findings import Seen
from .rule import HIGH, INFO, LOW, MEDIUM, PRUDENCE, Rule

Sees = Callable[[DomainRecords], str]


def _of_domains(sees: Sees) -> Callable[[Facts], Iterator[Seen]]:
    def look(facts: Facts) -> Iterator[Seen]:
        for records in facts.domains:
            if words := sees(records):
                yield Seen(records.domain, words)

    return look


def _unknown(records: DomainRecords) -> str:
    return f"unknown: {'; '.join(records.unknown)}" if records.unknown else ""


def _not_there(records: DomainRecords) -> str:
    return "" if records.exists else f"{records.sent_from.accounts} account(s) send from a domain that does not exist"


def _no_spf(records: DomainRecords) -> str:
    missing = records.exists and records.spf is not None and not records.spf.records
    return "has no SPF record" if missing else ""


def _bad_spf(records: DomainRecords) -> str:
    if records.spf is None:
        return ""
    if len(records.spf.records) > 1:
        return f"has {len(records.spf.records)} SPF records; receivers take that for an error"
    return f"the SPF record is not valid: {records.spf.problem}" if records.spf.problem else ""


def _open_spf(records: DomainRecords) -> str:
    if records.spf is None or len(records.spf.records) != 1:
        return ""
    return "the SPF record lets every machine send (+all)" if records.spf.all == "pass" else ""


def _soft_spf(records: DomainRecords) -> str:
    if records.spf is None or len(records.spf.records) != 1 or records.spf.problem:
        return ""
    return "the SPF record says nothing about all other machines" if records.spf.all in {"neutral", ""} else ""


def _spf_without_exchange(records: DomainRecords) -> str:
    if not records.sent_from.exchange or records.spf is None or len(records.spf.records) != 1 or records.spf.problem:
        return ""
    if EXCHANGE_INCLUDE in records.spf.includes:
        return ""
    return f"Exchange Online sends for it, and the SPF record does not include {EXCHANGE_INCLUDE}"


def _no_dmarc(records: DomainRecords) -> str:
    missing = records.exists and records.dmarc is not None and not records.dmarc.record
    return "has no DMARC record" if missing else ""


def _bad_dmarc(records: DomainRecords) -> str:
    return f"the DMARC record is not valid: {records.dmarc.problem}" if records.dmarc and records.dmarc.problem else ""


def _lax_dmarc(records: DomainRecords) -> str:
    lax = records.dmarc is not None and records.dmarc.policy == "none" and not records.dmarc.problem
    return "the DMARC policy is none: forged mail is delivered" if lax else ""


def _not_aligned(records: DomainRecords) -> str:
    if records.dmarc is None or not records.dmarc.policy:
        return ""
    strict = records.dmarc.strict_spf and records.dmarc.strict_dkim
    astray = [login for login in records.sent_from.logins if not _aligned(records, login, strict=strict)]
    how = "strict" if strict else "relaxed"
    return f"mail is handed in by {', '.join(astray)}, not aligned with From ({how} DMARC alignment)" if astray else ""


def _aligned(records: DomainRecords, login: str, *, strict: bool) -> bool:
    if strict:
        return login == records.domain
    return records.registered.get(login, login) == records.registered.get(records.domain, records.domain)


unknown = _of_domains(_unknown)
not_there = _of_domains(_not_there)
no_spf = _of_domains(_no_spf)
bad_spf = _of_domains(_bad_spf)
open_spf = _of_domains(_open_spf)
soft_spf = _of_domains(_soft_spf)
spf_without_exchange = _of_domains(_spf_without_exchange)
no_dmarc = _of_domains(_no_dmarc)
bad_dmarc = _of_domains(_bad_dmarc)
lax_dmarc = _of_domains(_lax_dmarc)
not_aligned = _of_domains(_not_aligned)


def bad_dkim(facts: Facts) -> Iterator[Seen]:
    """DKIM selectors without a key that counts."""
    for records in facts.domains:
        for key in records.dkim:
            if key.problem:
                through = f" (by way of {key.alias})" if key.alias else ""
                yield Seen(key.name, f"{key.problem}{through}")


RULES: tuple[Rule, ...] = (
    Rule(
        "domain-not-there",
        HIGH,
        "Mail is sent from a domain that does not exist",
        "Receivers refuse it, and nobody can answer.",
        "RFC 5321 section 2.3.5",
        "Correct the sender's address, or register the domain.",
        not_there,
        DOMAINS,
    ),
    Rule(
        "spf-missing",
        MEDIUM,
        "No SPF record",
        "Receivers cannot tell which servers may send for this domain.",
        "RFC 7208",
        "Publish one: v=spf1, the servers that send, -all.",
        no_spf,
        DOMAINS,
    ),
    Rule(
        "spf-not-valid",
        HIGH,
        "The SPF record is an error",
        "Receivers treat an error as no record, and some refuse the mail.",
        "RFC 7208 section 4.5, 4.6",
        "Publish exactly one valid record with at most 10 lookups.",
        bad_spf,
        DOMAINS,
    ),
    Rule(
        "spf-for-everybody",
        HIGH,
        "SPF lets everybody send",
        "+all says that every machine of the world may send for this domain.",
        "RFC 7208 section 5.1",
        "End the record with -all or ~all.",
        open_spf,
        DOMAINS,
    ),
    Rule(
        "spf-says-nothing",
        LOW,
        "SPF says nothing about other machines",
        "Without -all or ~all at its end the record forbids nobody anything.",
        "RFC 7208 section 5.1",
        "End the record with -all or ~all.",
        soft_spf,
        DOMAINS,
    ),
    Rule(
        "spf-without-provider",
        HIGH,
        "SPF does not name the provider that sends",
        "Mail by Exchange Online fails SPF at every receiver.",
        "Microsoft 365 documentation, SPF",
        "Add include:spf.protection.outlook.com to the record.",
        spf_without_exchange,
        DOMAINS,
    ),
    Rule(
        "dmarc-missing",
        MEDIUM,
        "No DMARC record",
        "Receivers are not told what to do with mail that only pretends to be from this domain.",
        "RFC 7489",
        "Publish one at _dmarc, first with p=none and rua, later with p=reject.",
        no_dmarc,
        DOMAINS,
    ),
    Rule(
        "dmarc-not-valid",
        MEDIUM,
        "The DMARC record is an error",
        "Receivers ignore it.",
        "RFC 7489 section 6.3",
        "Correct the record.",
        bad_dmarc,
        DOMAINS,
    ),
    Rule(
        "dmarc-none",
        LOW,
        "DMARC asks for nothing",
        "p=none is for watching; forged mail is delivered all the same.",
        "RFC 7489 section 6.3",
        "Read the reports, then choose quarantine, then reject.",
        lax_dmarc,
        DOMAINS,
    ),
    Rule(
        "dmarc-not-aligned",
        MEDIUM,
        "From and the account's domain are not aligned",
        "What hands the mail in passes for another domain, so that DMARC fails unless the From domain signs with DKIM.",
        "RFC 7489 section 3.1",
        "Send by an account of the From domain, or have the provider sign with a DKIM key of that domain.",
        not_aligned,
        DOMAINS,
    ),
    Rule(
        "dkim-not-valid",
        MEDIUM,
        "No DKIM key at the selector",
        "Signatures made with it cannot be checked.",
        "RFC 6376",
        "Publish the key, or the CNAME the provider names.",
        bad_dkim,
        DOMAINS,
    ),
    Rule(
        "dns-unknown",
        INFO,
        "What the DNS says is unknown",
        "No answer is not a good answer.",
        PRUDENCE,
        "Ask again, or another resolver: --resolver HOST:PORT",
        unknown,
        DOMAINS,
    ),
)
