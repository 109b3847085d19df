"""What the DNS says of From domains: every answer a resolver can give, and those that are no answer."""

from __future__ import annotations

import re
import time

import dns.resolver
import pytest

from mailadmin.audit.domains import Dkim, Dmarc, DomainRecords, FromDomain, Spf
from mailadmin.errors import BadInput
from mailadmin.providers.dns_records import read
from tests.name_server import SERVFAIL, SILENCE, Zone, serving

DOMAIN = "kowhai.example"
KEY = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3"


def records(zone: Zone, *selectors: str, domain: str = DOMAIN, deadline: float = 5.0) -> DomainRecords:
    sent_from = FromDomain(domain, 1, exchange=False, logins=("mail.other.example",))
    with serving(zone) as server:
        return read([sent_from], server.address, selectors, deadline)[0]


def spf(*texts: bytes | str, **others: tuple[str, ...] | str) -> Spf | None:
    return records({DOMAIN: texts, **others}).spf


def dmarc(*texts: str) -> Dmarc | None:
    return records({DOMAIN: (), f"_dmarc.{DOMAIN}": texts}).dmarc


def test_a_domain_that_is_not_there() -> None:
    found = records({})
    assert (found.exists, found.spf, found.dmarc, found.unknown) == (False, None, None, ())


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param((), Spf(), id="none"),
        pytest.param(("google-site-verification=1", "v=spf10 -all"), Spf(), id="other texts"),
        pytest.param(("v=spf1 +all",), Spf(("v=spf1 +all",), all="pass"), id="everybody"),
        pytest.param(("v=spf1 ip4:192.0.2.1 -all",), Spf(("v=spf1 ip4:192.0.2.1 -all",), all="fail"), id="strict"),
        pytest.param(("v=spf1 ip4:192.0.2.1",), Spf(("v=spf1 ip4:192.0.2.1",), all="neutral"), id="no end"),
        pytest.param(("v=spf1 -all", "v=spf1 ~all"), Spf(("v=spf1 -all", "v=spf1 ~all")), id="two"),
    ],
)
def test_spf(texts: tuple[str, ...], expected: Spf) -> None:
    assert spf(*texts) == expected


def test_spf_follows_includes_and_redirects() -> None:
    zone = {
        DOMAIN: ("v=spf1 include:a.example redirect=b.example",),
        "a.example": ("v=spf1 include:spf.protection.outlook.com -all",),
        "b.example": ("v=spf1 include:c.example ~all",),
        "c.example": ("v=spf1 -all",),
        "spf.protection.outlook.com": ("v=spf1 -all",),
    }
    found = records(zone).spf
    assert found is not None
    assert (found.all, found.includes, found.problem) == (
        "softfail",
        ("a.example", "c.example", "spf.protection.outlook.com"),
        "",
    )


def test_spf_that_is_an_error_says_why() -> None:
    found = spf("v=spf1 ipv4:192.0.2.1 -all")
    assert found is not None
    assert found.problem


def test_spf_with_too_many_lookups_is_an_error() -> None:
    chain: dict[str, tuple[str, ...]] = {f"s{i}.example": (f"v=spf1 include:s{i + 1}.example -all",) for i in range(12)}
    zone: Zone = {DOMAIN: ("v=spf1 include:s0.example -all",), **chain, "s12.example": ("v=spf1 -all",)}
    found = records(zone).spf
    assert found is not None
    assert "lookups" in found.problem


def test_includes_without_end_come_to_one() -> None:
    """A server that makes up names as it is asked for them."""

    class Endless(dict[str, tuple[str, ...]]):
        def get(self, name: str, default: object = None) -> tuple[str, ...]:  # type: ignore[override]
            number = int(re.sub(r"\D", "", name) or 0)
            return (f"v=spf1 include:s{number + 1}.example -all",)

    with serving({}) as server:
        server.zone = Endless()
        found = read([FromDomain(DOMAIN, 1, exchange=False, logins=())], server.address, (), 20.0)[0]
    assert found.spf == Spf(("v=spf1 include:s1.example -all",), problem="its includes have no end")


def test_an_include_that_is_not_answered_leaves_spf_unknown() -> None:
    found = records({DOMAIN: ("v=spf1 include:a.example -all",), "a.example": SERVFAIL})
    assert (found.spf, found.unknown) == (None, ("SPF, a.example: the resolver could not answer",))


def test_nobody_but_the_resolver_is_asked() -> None:
    zone: Zone = {DOMAIN: ("v=spf1 exp=why.example -all",), "why.example": ("because",)}
    with serving(zone) as server:
        read([FromDomain(DOMAIN, 1, exchange=False, logins=())], server.address, (), 5.0)
        assert "why.example" in server.asked


@pytest.mark.parametrize(
    ("texts", "policy", "strict"),
    [
        pytest.param(("v=DMARC1; p=none",), "none", (False, False), id="none"),
        pytest.param(("v=DMARC1; p=reject; aspf=s",), "reject", (True, False), id="strict SPF"),
        pytest.param(("v=DMARC1; p=quarantine; adkim=s; aspf=s",), "quarantine", (True, True), id="strict"),
        pytest.param((), "", (False, False), id="missing"),
        pytest.param(("something else",), "", (False, False), id="other text"),
    ],
)
def test_dmarc(texts: tuple[str, ...], policy: str, strict: tuple[bool, bool]) -> None:
    found = dmarc(*texts)
    assert found is not None
    assert (found.policy, (found.strict_spf, found.strict_dkim), found.problem) == (policy, strict, "")


@pytest.mark.parametrize("texts", [("v=DMARC1; p=perhaps",), ("v=DMARC1; p=none", "v=DMARC1; p=reject")])
def test_dmarc_that_is_an_error(texts: tuple[str, ...]) -> None:
    found = dmarc(*texts)
    assert found is not None
    assert found.problem


def test_where_reports_go_is_not_asked_about() -> None:
    zone: Zone = {DOMAIN: (), f"_dmarc.{DOMAIN}": ("v=DMARC1; p=reject; rua=mailto:x@elsewhere.example",)}
    with serving(zone) as server:
        read([FromDomain(DOMAIN, 1, exchange=False, logins=())], server.address, (), 5.0)
        assert [name for name in server.asked if "elsewhere" in name] == []


def test_a_subdomain_takes_the_policy_of_its_registered_domain() -> None:
    zone: Zone = {"news.kowhai.example": (), f"_dmarc.{DOMAIN}": ("v=DMARC1; p=reject; sp=none",)}
    found = records(zone, domain="news.kowhai.example")
    assert found.dmarc is not None
    assert found.dmarc.policy == "none"
    assert found.registered == {"news.kowhai.example": DOMAIN, "mail.other.example": "other.example"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param((KEY,), Dkim("s1._domainkey.kowhai.example", "", KEY), id="key"),
        pytest.param(
            "CNAME s1.provider.example",
            Dkim("s1._domainkey.kowhai.example", "s1.provider.example", KEY),
            id="by way of the provider",
        ),
        pytest.param(
            "CNAME gone.provider.example",
            Dkim("s1._domainkey.kowhai.example", "gone.provider.example", "", "there is no key at this name"),
            id="provider has none",
        ),
        pytest.param(
            ("v=DKIM1; p=",),
            Dkim("s1._domainkey.kowhai.example", "", "v=DKIM1; p=", "the key is withdrawn (p= is blank)"),
            id="withdrawn",
        ),
        pytest.param(
            ("hello",),
            Dkim("s1._domainkey.kowhai.example", "", "hello", "the record is no DKIM key"),
            id="something else",
        ),
    ],
)
def test_dkim(content: str | tuple[str, ...], expected: Dkim) -> None:
    zone: Zone = {DOMAIN: (), "s1._domainkey.kowhai.example": content, "s1.provider.example": (KEY,)}
    assert records(zone, "s1").dkim == (expected,)


def test_no_answer_is_unknown_and_not_absent() -> None:
    refused = records({DOMAIN: SERVFAIL})
    assert (refused.exists, refused.spf, refused.unknown) == (
        True,
        None,
        ("kowhai.example: the resolver could not answer",),
    )
    partly = records({DOMAIN: ("v=spf1 -all",), f"_dmarc.{DOMAIN}": SERVFAIL})
    assert (partly.spf, partly.dmarc) == (Spf(("v=spf1 -all",), all="fail"), None)
    assert partly.unknown == ("_dmarc.kowhai.example: the resolver could not answer",)


def test_one_deadline_for_everything() -> None:
    domains = [FromDomain(f"d{i}.example", 1, exchange=False, logins=()) for i in range(50)]
    began = time.monotonic()
    with serving({domain.domain: SILENCE for domain in domains}) as server:
        found = read(domains, server.address, (), 0.5)
    assert [records.unknown for records in found] == [(f"d{i}.example: no answer in time",) for i in range(50)]
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"v=spf1 <script>alert(1)</script> -all", id="markup"),
        pytest.param(b"v=spf1 \x1b[2J\r\n\x00 -all", id="control characters"),
        pytest.param(b"v=spf1 \xff\xfe -all", id="no UTF-8"),
        pytest.param(b"v=spf1 " + b"a" * 1500 + b" -all", id="long"),
        pytest.param("v=spf1 \u202egro.example -all".encode(), id="written backwards"),
    ],
)
def test_hostile_records_are_one_printable_line(text: bytes) -> None:
    found = spf(text)
    assert found is not None
    assert found.problem
    for shown in (found.problem, *found.records):
        assert len(shown) <= 300
        assert not [c for c in shown if not c.isprintable()]


@pytest.mark.parametrize("resolver", ["ns.example", "1.2.3", "127.0.0.1:99999", ""])
def test_what_is_no_resolver(resolver: str) -> None:
    with pytest.raises(BadInput, match="The resolver"):
        read([], resolver)


def test_what_is_no_selector() -> None:
    with pytest.raises(BadInput, match="no DKIM selector"):
        read([], "127.0.0.1:53", ["a b"])


def test_a_machine_without_a_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", unreadable)
    with pytest.raises(BadInput, match="has no resolver"):
        read([], "system")
