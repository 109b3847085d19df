"""Acceptances: whole or not at all, and until the end of a day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from mailadmin.domain.acceptances import Acceptance

GIVEN: dict[str, Any] = {"rule": "r", "subject": "s", "reason": "why", "owner": "ann", "until": "2027-01-31"}


def test_it_holds_to_the_end_of_its_last_day() -> None:
    accepted = Acceptance(**GIVEN)
    days = date(2027, 1, 30), date(2027, 1, 31), date(2027, 2, 1)
    assert [accepted.holds(day) for day in days] == [True, True, False]


def test_a_day_of_toml_is_the_same_day() -> None:
    assert Acceptance(**{**GIVEN, "until": date(2027, 1, 31)}) == Acceptance(**GIVEN)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rule", ""),
        ("subject", " "),
        ("reason", ""),
        ("owner", "\t"),
        ("subject", "a\nb"),
        ("until", "2027-02-30"),
        ("until", "20270131"),
        ("until", "31/01/2027"),
        ("until", None),
    ],
)
def test_what_is_no_acceptance(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Acceptance(**{**GIVEN, field: value})


@pytest.mark.parametrize("field", list(GIVEN))
def test_nothing_may_be_left_out(field: str) -> None:
    with pytest.raises(ValidationError):
        Acceptance(**{name: value for name, value in GIVEN.items() if name != field})
