"""What the DNS says about From domains, asked of one resolver, within one deadline.

Laws: only that resolver is asked; a record is foreign text and is escaped here; what was not answered is unknown, and
never taken for absent. SPF and DMARC are judged by checkdmarc, the registered domain by its Public Suffix List.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import checkdmarc.dmarc
import checkdmarc.spf
import checkdmarc.utils
import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

from ..audit.domains import Dkim, Dmarc, DomainRecords, FromDomain, Spf
from ..domain.keys import visible
from ..domain.settings import SYSTEM_RESOLVER, resolver_at
from ..errors import BadInput

PATIENCE = 3.0
"""Seconds for one question."""

MOST_QUESTIONS = 300
"""For what one record leads to: RFC 7208 4.6.4 allows 10 lookups, of which an mx may be 10 names of two addresses."""

_LONGEST_SHOWN = 300
_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9_-]{1,63}){0,3}")


class _UnknownError(Exception):
    """No answer, in words."""


class _EndlessError(Exception):
    """One record led to question after question."""


class _NotThereError(Exception):
    """There is no such name; `alias` is what it is a CNAME for."""

    def __init__(self, alias: str = "") -> None:
        super().__init__()
        self.alias = alias


class _Found(NamedTuple):
    """The texts at a name, and what it is a CNAME for."""

    texts: tuple[str, ...] = ()
    alias: str = ""


class Resolver(dns.resolver.Resolver):
    """One resolver, with a deadline for everything it is asked; `troubles` are the questions it did not answer."""

    def __init__(self, where: str, deadline: float) -> None:
        try:
            super().__init__(configure=where == SYSTEM_RESOLVER)
        except dns.resolver.NoResolverConfiguration:
            raise BadInput("This machine has no resolver.", remedy="Name one: --resolver ADDRESS:PORT") from None
        if where != SYSTEM_RESOLVER:
            self.nameservers = [_nameserver(where)]
        self.troubles: list[str] = []
        self._left = MOST_QUESTIONS
        self._until = time.monotonic() + deadline

    def resolve(self, qname: Any, rdtype: Any = "TXT", *_: Any, **__: Any) -> Any:
        """The answer. Raises what dnspython raises; the deadline's end is a time-out."""
        name = dns.name.from_text(str(qname)) if not isinstance(qname, dns.name.Name) else qname
        self._left -= 1
        if self._left < 0:
            raise _EndlessError
        left = self._until - time.monotonic()
        try:
            if left <= 0:
                raise dns.exception.Timeout
            return super().resolve(name, rdtype, lifetime=min(PATIENCE, left), search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            raise
        except (dns.exception.DNSException, OSError) as error:
            self.troubles.append(f"{name.to_text(omit_final_dot=True)}: {_why(error)}")
            raise

    def texts(self, name: str) -> _Found:
        """The TXT records of a name, and questions anew for what they lead to. Raises _NotThereError, _UnknownError."""
        self._left = MOST_QUESTIONS
        try:
            answer = self.resolve(name, "TXT")
        except dns.resolver.NXDOMAIN as error:
            raise _NotThereError(_alias(name, error.canonical_name)) from None
        except dns.resolver.NoAnswer:
            return _Found()
        except (dns.exception.DNSException, OSError) as error:
            raise _UnknownError(f"{name}: {_why(error)}") from None
        texts = (b"".join(record.strings).decode(errors="backslashreplace") for record in answer)
        return _Found(tuple(sorted(texts)), _alias(name, answer.canonical_name))


def _nameserver(where: str) -> dns.nameserver.Nameserver:
    try:
        return dns.nameserver.Do53Nameserver(*resolver_at(where))
    except ValueError as error:
        raise BadInput(f"The resolver {where!r} {error}.") from None


def _why(error: Exception) -> str:
    if isinstance(error, dns.exception.Timeout):
        return "no answer in time"
    if isinstance(error, dns.resolver.NoNameservers):
        return "the resolver could not answer"
    return f"the question failed ({type(error).__name__})"


def _alias(name: str, canonical: dns.name.Name) -> str:
    found = canonical.to_text(omit_final_dot=True)
    return "" if found.lower() == name.lower() else _shown(found)


def read(
    domains: Iterable[FromDomain], resolver: str, selectors: Iterable[str] = (), deadline: float = 20.0
) -> tuple[DomainRecords, ...]:
    """The records of these domains. `resolver` is address:port or `system`. Raises BadInput for what is neither."""
    selectors = tuple(selectors)
    if bad := next((s for s in selectors if not _SELECTOR.fullmatch(s)), None):
        raise BadInput(f"{bad!r} is no DKIM selector.", remedy="It is the name before ._domainkey, such as selector1.")
    asking = Resolver(resolver, deadline)
    # checkdmarc keeps answers for the whole process, whichever resolver gave them.
    checkdmarc.utils.DNS_CACHE.clear()
    return tuple(_records(asking, domain, selectors) for domain in domains)


def _records(asking: Resolver, sent_from: FromDomain, selectors: tuple[str, ...]) -> DomainRecords:
    registered = {name: checkdmarc.utils.get_base_domain(name) for name in (sent_from.domain, *sent_from.logins)}
    known = DomainRecords(sent_from, registered=registered)
    try:
        found = asking.texts(sent_from.domain)
    except _NotThereError:
        return known._replace(exists=False)
    except _UnknownError as error:
        return known._replace(unknown=(str(error),))
    unknown: list[str] = []
    return known._replace(
        spf=_or_unknown(unknown, lambda: _spf(asking, sent_from.domain, found.texts)),
        dmarc=_or_unknown(unknown, lambda: _dmarc(asking, sent_from.domain, registered[sent_from.domain])),
        dkim=tuple(
            key for s in selectors if (key := _or_unknown(unknown, lambda s=s: _dkim(asking, s, sent_from.domain)))
        ),
        unknown=tuple(unknown),
    )


def _or_unknown(unknown: list[str], ask: Any) -> Any:
    try:
        return ask()
    except _UnknownError as error:
        unknown.append(str(error))
        return None


def _spf(asking: Resolver, domain: str, texts: Iterable[str]) -> Spf:
    records = tuple(text for text in texts if re.match(r"v=spf1(?: |$)", text, re.IGNORECASE))
    shown = tuple(map(_shown, records))
    if len(records) != 1:
        return Spf(shown)
    before = len(asking.troubles)
    try:
        # exp= is looked up beside the resolver given: it is told the same one, so that nobody else is asked.
        judged = checkdmarc.spf.parse_spf_record(
            records[0], domain, resolver=asking, nameservers=list(asking.nameservers), timeout=PATIENCE
        )
    except (checkdmarc.spf.SPFError, dns.exception.DNSException) as error:
        _check_answered(asking, before)
        return Spf(shown, problem=_shown(str(error)))
    except _EndlessError:
        return Spf(shown, problem="its includes have no end")
    _check_answered(asking, before)
    parsed = judged["parsed"]
    return Spf(shown, all=_all(parsed), includes=tuple(sorted(set(_included(parsed)))))


def _check_answered(asking: Resolver, before: int) -> None:
    if missing := asking.troubles[before:]:
        raise _UnknownError(f"SPF, {_shown(missing[0])}")


def _all(parsed: Mapping[str, Any]) -> str:
    redirect = parsed.get("redirect")
    if redirect and redirect.get("parsed"):
        return _all(redirect["parsed"])
    return str(parsed.get("all") or "")


def _included(parsed: Mapping[str, Any]) -> Iterator[str]:
    for mechanism in parsed["mechanisms"]:
        if mechanism["mechanism"] == "include":
            yield str(mechanism["value"]).lower().rstrip(".")
            if mechanism.get("parsed"):
                yield from _included(mechanism["parsed"])
    redirect = parsed.get("redirect")
    if redirect and redirect.get("parsed"):
        yield from _included(redirect["parsed"])


def _dmarc(asking: Resolver, domain: str, registered: str) -> Dmarc:
    for place in dict.fromkeys((domain, registered)):
        try:
            found = asking.texts(f"_dmarc.{place}")
        except _NotThereError:
            continue
        records = [text for text in found.texts if re.match(r"v\s*=\s*DMARC1", text, re.IGNORECASE)]
        if len(records) > 1:
            return Dmarc(_shown(records[0]), problem=f"there are {len(records)} records at _dmarc.{place}")
        if records:
            return _judged(asking, records[0], place, inherited=place != domain)
    return Dmarc()


def _judged(asking: Resolver, record: str, place: str, *, inherited: bool) -> Dmarc:
    # Where reports go is not judged here, and asking who takes them would be asking about others.
    parts = [part for part in record.split(";") if not re.match(r"\s*ru[af]\s*=", part, re.IGNORECASE)]
    try:
        tags: Mapping[str, Any] = checkdmarc.dmarc.parse_dmarc_record(";".join(parts), place, resolver=asking)["tags"]
    except (checkdmarc.dmarc.DMARCError, dns.exception.DNSException) as error:
        return Dmarc(_shown(record), problem=_shown(str(error)))
    policy = str(tags["sp" if inherited else "p"]["value"])
    return Dmarc(
        _shown(record), "", policy, strict_spf=tags["aspf"]["value"] == "s", strict_dkim=tags["adkim"]["value"] == "s"
    )


def _dkim(asking: Resolver, selector: str, domain: str) -> Dkim:
    name = f"{selector}._domainkey.{domain}"
    try:
        found = asking.texts(name)
    except _NotThereError as error:
        return Dkim(name, error.alias, problem="there is no key at this name")
    if len(found.texts) != 1:
        what = f"there are {len(found.texts)} records at this name" if found.texts else "there is no key at this name"
        return Dkim(name, found.alias, problem=what)
    tags = {key.strip(): value.strip() for key, _, value in (tag.partition("=") for tag in found.texts[0].split(";"))}
    problem = ""
    if "p" not in tags or tags.get("v", "DKIM1") != "DKIM1":
        problem = "the record is no DKIM key"
    elif not tags["p"]:
        problem = "the key is withdrawn (p= is blank)"
    return Dkim(name, found.alias, _shown(found.texts[0]), problem)


def _shown(text: str) -> str:
    """Foreign text as it may be shown: one line, not without end."""
    shown = visible(text)
    return shown if len(shown) <= _LONGEST_SHOWN else shown[: _LONGEST_SHOWN - 1] + "…"
