"""Activities: what one may say, times of a named zone, and what makes one another than it was."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.activities import LONGEST, MOST_ATTENDEES, Activity
from mailadmin.domain.messages import Address
from mailadmin.errors import BadInput

GIVEN: dict[str, Any] = {
    "id": "A-1",
    "subject": "Visit",
    "start": datetime(2026, 12, 1, 9, 30),
    "end": datetime(2026, 12, 1, 10, 30),
    "time_zone": "Pacific/Auckland",
}


def activity(**changes: Any) -> Activity:
    return Activity(**GIVEN | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": " "}, "no id"),
        ({"id": "a\u200bb"}, "U+200B"),
        ({"subject": ""}, "no subject"),
        ({"subject": "a\r\nBcc: x"}, "subject"),
        ({"location": "a\nb"}, "location"),
        ({"end": datetime(2026, 12, 1, 9, 30)}, "before it begins"),
        ({"end": GIVEN["start"] + LONGEST + timedelta(minutes=1)}, "longer than"),
        ({"start": datetime(2026, 12, 1, 9, tzinfo=UTC)}, "offset"),
        ({"time_zone": "Auckland"}, "no time zone"),
        ({"time_zone": "../../etc/passwd"}, "no time zone"),
        ({"time_zone": "Pacific"}, "no time zone"),
        ({"time_zone": ""}, "no time zone"),
        ({"all_day": True}, "all day"),
        ({"reminder": -1}, "reminder"),
        ({"description": "a\0b"}, "U+0000"),
        ({"start": datetime(2026, 9, 27, 2, 30), "end": datetime(2026, 9, 27, 4)}, "put forward"),
        ({"attendees": tuple(Address(f"a{n}@x.test") for n in range(MOST_ATTENDEES + 1))}, "people are invited"),
    ],
)
def test_what_cannot_be_an_activity_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said.replace("+", r"\+")):
        activity(**changes)


def test_times_are_those_of_the_zone_in_summer_and_winter() -> None:
    assert activity().begins == datetime(2026, 11, 30, 20, 30, tzinfo=UTC)
    winter = activity(start=datetime(2026, 6, 1, 9), end=datetime(2026, 6, 1, 10))
    assert (winter.begins, winter.ends) == (
        datetime(2026, 5, 31, 21, tzinfo=UTC),
        datetime(2026, 5, 31, 22, tzinfo=UTC),
    )


def test_of_an_hour_that_comes_twice_the_first_is_meant() -> None:
    twice = activity(start=datetime(2026, 4, 5, 2, 30), end=datetime(2026, 4, 5, 4))
    assert (twice.begins, twice.ends - twice.begins) == (datetime(2026, 4, 4, 13, 30, tzinfo=UTC), timedelta(hours=2.5))


def test_a_whole_day_is_that_day_wherever_one_is() -> None:
    assert activity(all_day=True, start=datetime(2026, 12, 24), end=datetime(2026, 12, 26)).days == (
        date(2026, 12, 24),
        date(2026, 12, 26),
    )


CHANGED: dict[str, Any] = {
    "id": "A-2",
    "subject": "Other",
    "start": datetime(2026, 12, 1, 9),
    "end": datetime(2026, 12, 1, 11),
    "time_zone": "UTC",
    "location": "There",
    "description": "More",
    "responsible": "ann",
    "attendees": (Address("a@x.test"),),
    "is_project": True,
    "reminder": 5,
    "cancelled": True,
}


def test_whatever_a_calendar_shows_makes_it_another_one() -> None:
    assert CHANGED.keys() | {"all_day"} == {field.name for field in fields(Activity)}
    hashes = {replace(activity(), **{name: value}).content_hash for name, value in CHANGED.items()}
    assert len(hashes | {activity().content_hash}) == len(CHANGED) + 1
    assert activity(id="a-1", responsible="ANN").content_hash == activity(responsible="ann").content_hash


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), st.sampled_from(["UTC", "Pacific/Auckland"]))
def test_it_is_the_same_after_having_been_kept(start: datetime, zone: str) -> None:
    try:
        found = activity(
            start=start, end=start + timedelta(days=1), time_zone=zone, attendees=(Address("a@x.test", "A"),)
        )
    except BadInput:
        return  # an hour that is skipped there; told of above
    assert Activity.of(found.document) == found
