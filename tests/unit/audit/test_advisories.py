"""Dated facts: whom they concern, what they say as of a day, and what is wrong with a list of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from mailadmin.audit.advisories import Advisory, advisories_of, concerning
from mailadmin.bootstrap import advisories
from mailadmin.domain.services import ServiceKind
from mailadmin.errors import BadInput, SourceRejected

SMTP, EXCHANGE = ServiceKind.SMTP, ServiceKind.EXCHANGE
ENTRY: dict[str, Any] = {
    "id": "a",
    "title": "It ends",
    "service": "SMTP",
    "server": "smtp.test",
    "needs_login": True,
    "since": date(2026, 12, 31),
    "text": "For good.",
    "remedy": "Use another.",
    "source": "MC1",
    "read": date(2026, 11, 22),
}


def one(**changed: Any) -> Advisory:
    (found,) = advisories_of({"advisory": [ENTRY | changed]}, "facts.toml")
    return found


def test_the_list_that_comes_with_mailadmin_holds_facts_with_source_and_day() -> None:
    found = advisories()
    assert [a.id for a in found] == [
        "smtp-auth-exchange-online",
        "ews-exchange-online-blocked",
        "ews-exchange-online-end",
    ]
    assert all(a.source and a.remedy and a.text for a in found)


@pytest.mark.parametrize(
    ("service", "server", "signs_in", "expected"),
    [
        (SMTP, "smtp.test", True, True),
        (SMTP, "SMTP.Test", True, True),
        (SMTP, "smtp.test", False, False),
        (SMTP, "smtp.test.example", True, False),
        (SMTP, "", True, False),
        (EXCHANGE, "smtp.test", True, False),
    ],
)
def test_it_concerns_a_service_at_a_server_that_signs_in(
    service: ServiceKind, server: str, signs_in: bool, expected: bool
) -> None:
    assert one().concerns(service, server, signs_in) is expected


def test_without_a_server_it_concerns_every_one_and_without_login_those_without_too() -> None:
    found = one(server="", needs_login=False)
    assert found.concerns(SMTP, "any.test", False)
    assert not found.concerns(EXCHANGE, "any.test", True)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2026, 11, 23), "It ends (in 38 day(s), on 2026-12-31; read on 2026-11-22)"),
        (date(2026, 12, 31), "It ends (since 2026-12-31; read on 2026-11-22)"),
        (date(2027, 6, 1), "It ends (since 2026-12-31; read on 2026-11-22)"),
    ],
)
def test_it_says_when_as_of_a_day(on: date, expected: str) -> None:
    assert one().words(on) == expected


def test_the_nearest_comes_first() -> None:
    later, sooner, other = (
        one(id="z", since=date(2027, 4, 1)),
        one(id="y", since=date(2026, 10, 1)),
        one(service="EXCHANGE"),
    )
    same = replace(sooner, id="b")
    assert concerning([later, sooner, other, same], SMTP, "smtp.test", True) == (same, sooner, later)


def test_a_bad_list_names_every_problem_and_where() -> None:
    without_source = {name: value for name, value in ENTRY.items() if name != "source"}
    bad = [ENTRY | {"since": "soon", "service": "FAX"}, without_source, ENTRY | {"colour": "red"}]
    with pytest.raises(SourceRejected) as raised:
        advisories_of({"advisory": bad}, "facts.toml")
    told = [str(problem) for problem in raised.value.problems]
    for where in ("0.service", "0.since", "1.source", "2.colour"):
        assert any(f"facts.toml {where}" in line for line in told), told
    assert len(told) == 4


@pytest.mark.parametrize("document", [{}, {"advisories": []}, {"advisory": [], "more": 1}])
def test_a_document_that_is_no_list_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"facts\.toml is no list of advisories"):
        advisories_of(document, "facts.toml")
