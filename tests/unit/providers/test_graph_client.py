"""How long to wait when asked to, and when not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.providers.graph_client import AT_ONCE, retry_after, semaphore

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("5", 5),
        ("007", 7),
        ("99999999", 99999999),
        ("9" * 400, float("inf")),
        ("Sun, 22 Nov 2026 09:02:00 GMT", 120),
        ("Sun, 22 Nov 2026 10:00:00 +0100", 0),
        ("Sun, 22 Nov 2026 09:00:30 -0000", 30),
        ("Sun, 22 Nov 2020 09:00:00 GMT", 0),
    ],
)
def test_gr_01_seconds_and_dates_are_understood(text: str, seconds: float) -> None:
    assert retry_after(text, NOW) == seconds


@pytest.mark.parametrize("text", ["-5", "1.5", "abc", "", "NaN", "1e3", "\u0667", "inf", "5, 5", " ", "\u00b2", "5s"])
def test_gr_03_everything_else_is_not(text: str) -> None:
    assert retry_after(text, NOW) is None


@given(st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,5} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d [+-]\d{1,6}"))
def test_gr_03_no_text_whatever_does_harm(text: str) -> None:
    found = retry_after(text, NOW)
    assert found is None or found >= 0


def test_gr_48_an_application_has_four_places() -> None:
    places = semaphore("an application")
    assert [places.acquire(blocking=False) for _ in range(AT_ONCE + 1)] == [True] * AT_ONCE + [False]
    assert semaphore("an application") is places
    assert semaphore("another") is not places
    for _ in range(AT_ONCE):
        places.release()
