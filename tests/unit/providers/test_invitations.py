"""Invitations: what people and calendars read, and that nothing but an invitation is taken for one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mailadmin.domain.activities import Activity
from mailadmin.domain.addresses import INVITATIONS
from mailadmin.domain.messages import Address, Attachment, Message, Outgoing
from mailadmin.errors import HeaderRejected
from mailadmin.providers.invitations import Method, invitation, times_in_words
from mailadmin.providers.mime import to_mime

AT = datetime(2026, 11, 23, 6, tzinfo=UTC)
ANN, BEN = Address("ann@kowhai.example", "Ann"), Address("ben@client.example")


def activity(**changes: Any) -> Activity:
    given: dict[str, Any] = {
        "id": "A",
        "subject": "Visit",
        "start": datetime(2026, 12, 1, 9, 30),
        "end": datetime(2026, 12, 1, 10, 30),
        "time_zone": "Pacific/Auckland",
        "reminder": 15,
    }
    return Activity(**given | changes)


DAY = {"all_day": True, "start": datetime(2026, 12, 24), "end": datetime(2026, 12, 25)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "2026-12-01 09:30 to 10:30 (Pacific/Auckland)"),
        ({"end": datetime(2026, 12, 2, 8)}, "2026-12-01 09:30 to 2026-12-02 08:00 (Pacific/Auckland)"),
        (DAY, "2026-12-24"),
        (DAY | {"end": datetime(2026, 12, 27)}, "2026-12-24 to 2026-12-26"),
    ],
)
def test_when_it_is_in_words(changes: dict[str, Any], words: str) -> None:
    assert times_in_words(activity(**changes)) == words


def test_the_same_activity_at_the_same_moment_is_the_same_file() -> None:
    made = [invitation(activity(), "u@x", 0, ANN, (ANN, BEN), AT, Method.REQUEST) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].media_type == "text/calendar; method=request"
    assert b"ATTENDEE;CN=Ann;PARTSTAT=ACCEPTED" in made[0].content


def test_a_cancellation_rings_nobody() -> None:
    file = invitation(activity(), "u@x", 1, ANN, (BEN,), AT, Method.CANCEL)
    assert (file.media_type, b"VALARM" in file.content, b"STATUS:CANCELLED" in file.content) == (
        "text/calendar; method=cancel",
        False,
        True,
    )


def sent(file: Attachment) -> bytes:
    message = Message(to=(BEN,), subject="x", text="y", attachments=(file,))
    return to_mime(
        Outgoing(message=message, sender=ANN, message_id="<a@x.test>", date=AT.isoformat(), recipients=(BEN,))
    )


@pytest.mark.parametrize("kind", INVITATIONS)
def test_an_invitation_is_an_alternative_and_a_plain_file(kind: str) -> None:
    raw = sent(Attachment("invitation.ics", b"BEGIN:VCALENDAR\r\n", kind))
    method = kind.rpartition("=")[2].upper().encode()
    assert raw.count(b'Content-Type: text/calendar; charset="utf-8"; method=' + method) == 1
    assert raw.count(b"Content-Type: application/ics") == 1
    assert b"multipart/alternative" in raw


def test_a_calendar_somebody_attaches_is_a_file_and_no_more() -> None:
    raw = sent(Attachment("holidays.ics", b"METHOD:REQUEST\r\n", "text/calendar"))
    assert (raw.count(b"text/calendar"), b"multipart/alternative" in raw, b"method=" in raw) == (1, False, False)


@pytest.mark.parametrize(
    "kind", ["text/calendar; method=publish", "text/calendar; method=request; x=y", "text/plain; a=b"]
)
def test_no_other_media_type_has_a_parameter(kind: str) -> None:
    with pytest.raises(HeaderRejected):
        Attachment("a.ics", b"", kind)
