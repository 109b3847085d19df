"""Activities in calendars, as the sandbox's Exchange keeps them and as invitations arrive by SMTP."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import icalendar
import pytest
import vobject  # type: ignore[import-untyped]
from sqlalchemy import select

import mailadmin
from mailadmin.bootstrap import App
from mailadmin.domain.activities import Activity
from mailadmin.domain.messages import Address
from mailadmin.domain.settings import CALENDAR_BY_SMTP, FORCED, FORCED_REDIRECT, FORCED_SENDS
from mailadmin.errors import MailStopped, Refused, Tampered, TestModeBlocked, UnknownName, Unsupported
from mailadmin.policy.calendar import Act, Standing
from mailadmin.policy.readiness import ON_PREMISES
from mailadmin.providers.graph_calendar import GraphCalendar, event_resource, transaction_of
from mailadmin.sandbox.calendar import Event
from mailadmin.sandbox.faults import Fault
from mailadmin.sandbox.inbox import CALENDAR, Received
from mailadmin.sandbox.types import check
from mailadmin.storage.calendar import CALENDAR_ENTRIES
from mailadmin.storage.tables import AUDIT_TRAIL
from mailadmin.usecases import calendar, keeping, maintaining, switching
from mailadmin.usecases.calendar import Told
from mailadmin.usecases.sandboxing import Playing, sandboxed
from tests.sites import configure, rows

BEN = Address("ben@client.example", "Ben")


def settings_of(method: str, *more: str) -> tuple[str, ...]:
    return ("[[mail_preferences]]", 'user_id = ""', f'method = "{method}"', *more)


ONLINE = settings_of(
    "exchange online",
    'tenant_id = "0f0e0d0c-0b0a-4908-8706-050403020100"',
    'client_id = "6f6e6d6c-1111-4222-8333-0123456789ab"',
)
SMTP = settings_of("smtp")
SERVER = ('server = "mail.kowhai.example"', "port = 587", "use_ssl = true")


def own(user: str, *more: str) -> tuple[str, ...]:
    """A user's own e-mail settings."""
    given = (f'email = "{user}@kowhai.example"', f'user_name = "{user}@kowhai.example"')
    return "[[mail_preferences]]", f'user_id = "{user}"', *given, *more


def people(*more: str) -> tuple[str, ...]:
    lines: list[str] = []
    for user, name in (("ann", "Ann"), ("bob", "Bob")):
        lines += ["[[users]]", f'user_id = "{user}"', f'name = "{name}"', f'email = "{user}@kowhai.example"']
        lines += own(user, *more)
    return tuple(lines)


def opened(folder: Path, *lines: str) -> App:
    """A site of two users with these e-mail settings."""
    app = mailadmin.connect(folder / "mailadmin.db", environment={}, actor="tester")
    keeping.create_key(app)
    configure(app, folder, rows(*lines))
    return app


@pytest.fixture
def online(tmp_path: Path) -> Iterator[tuple[App, Playing]]:
    app = opened(tmp_path, *ONLINE, *people())
    with sandboxed(app) as playing:
        yield app, playing
    app.close()


@pytest.fixture
def smtp(tmp_path: Path) -> Iterator[tuple[App, Playing]]:
    app = opened(tmp_path, *SMTP, *people(*SERVER))
    switching.set_value(app, CALENDAR_BY_SMTP, "yes")
    with sandboxed(app) as playing:
        yield app, playing
    app.close()


def activity(**changes: Any) -> Activity:
    given: dict[str, Any] = {
        "id": "A-1",
        "subject": "Visit the bank",
        "start": datetime(2026, 12, 1, 9, 30),
        "end": datetime(2026, 12, 1, 10, 30),
        "time_zone": "Pacific/Auckland",
        "location": "Queen Street 1",
        "description": "Bring the papers; all of them,\nplease.",
        "responsible": "ann",
        "attendees": (BEN,),
        "reminder": 15,
    }
    return Activity(**given | changes)


def enter(app: App, *activities: Activity, **how: Any) -> list[Told]:
    return list(calendar.enter(app, activities, **how))


def events(playing: Playing) -> list[Event]:
    return [event for mailbox in playing.sandbox.exchange.events.values() for event in mailbox.values()]


def arrived(playing: Playing) -> list[Received]:
    return list(playing.sandbox.inbox)


def done(told: list[Told]) -> list[tuple[Act, int, str]]:
    return [(one.act, one.sequence, one.words) for one in told]


# --- Exchange Online


def test_an_activity_is_an_event_that_changes_and_goes(online: tuple[App, Playing]) -> None:
    app, playing = online
    assert done(enter(app, activity())) == [(Act.ENTER, 0, "entered")]
    [event] = events(playing)
    assert {name: event.properties[name] for name in ("subject", "start", "end", "location", "isAllDay")} == {
        "subject": "Visit the bank",
        "start": {"dateTime": "2026-11-30T20:30:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-11-30T21:30:00", "timeZone": "UTC"},
        "location": {"displayName": "Queen Street 1"},
        "isAllDay": False,
    }
    assert done(enter(app, activity())) == [(Act.NOTHING, 0, "nothing has changed")]
    later = activity(end=datetime(2026, 12, 1, 11))
    assert done(enter(app, later)) == [(Act.CHANGE, 1, "changed")]
    [changed] = events(playing)
    assert (changed.id, changed.uid) == (event.id, event.uid)
    assert changed.properties["end"]["dateTime"] == "2026-11-30T22:00:00"
    assert done([calendar.cancel(app, "a-1")]) == [(Act.CANCEL, 2, "taken out")]
    assert events(playing) == []
    assert [(r.folder, r.headings().header("Subject"), r.recipients) for r in arrived(playing)] == [
        (CALENDAR, "Visit the bank", (BEN.email,)),
        (CALENDAR, "Changed: Visit the bank", (BEN.email,)),
        (CALENDAR, "Cancelled: Visit the bank", (BEN.email,)),
    ]
    [known] = calendar.entries(app)
    assert (known.standing, known.sequence, known.document, known.remote_id) == (Standing.CANCELLED, 2, None, None)


def test_what_was_cancelled_is_entered_anew_under_its_uid(online: tuple[App, Playing]) -> None:
    app, playing = online
    enter(app, activity())
    [before] = calendar.entries(app)
    calendar.cancel(app, "A-1")
    assert done(enter(app, activity())) == [(Act.ENTER, 2, "entered")]
    [after] = calendar.entries(app)
    assert (after.uid, len(events(playing))) == (before.uid, 1)


def test_an_activity_of_a_whole_day_has_that_day(online: tuple[App, Playing]) -> None:
    app, playing = online
    day = {"all_day": True, "start": datetime(2026, 12, 24), "end": datetime(2026, 12, 25)}
    assert done(enter(app, activity(**day))) == [(Act.ENTER, 0, "entered")]
    [event] = events(playing)
    assert (event.properties["start"]["dateTime"], event.properties["isAllDay"]) == ("2026-12-24T00:00:00", True)


def test_a_lost_answer_enters_no_second_event(online: tuple[App, Playing]) -> None:
    app, playing = online
    playing.sandbox.faults.switch_on(Fault.LOST_REPLY)
    assert done(enter(app, activity())) == [(Act.ENTER, 0, "entered")]
    assert len(events(playing)) == 1


def test_after_a_crash_it_is_entered_once(online: tuple[App, Playing], monkeypatch: pytest.MonkeyPatch) -> None:
    app, playing = online

    def crash(*_: object) -> str:
        raise KeyboardInterrupt

    honest = GraphCalendar.enter
    monkeypatch.setattr(GraphCalendar, "enter", lambda self, *given: crash(honest(self, *given)))
    with pytest.raises(KeyboardInterrupt):
        enter(app, activity())
    monkeypatch.undo()
    assert done(enter(app, activity())) == [(Act.ENTER, 0, "entered")]
    assert (len(events(playing)), len(arrived(playing))) == (1, 1)


def test_an_event_somebody_deleted_is_entered_anew_and_is_gone_when_it_is_to_go(online: tuple[App, Playing]) -> None:
    app, playing = online
    enter(app, activity())
    playing.sandbox.exchange.events.clear()
    changed = activity(subject="Visit another bank")
    assert done(enter(app, changed)) == [(Act.CHANGE, 1, "entered anew: somebody had deleted it")]
    playing.sandbox.exchange.events.clear()
    assert done([calendar.cancel(app, "A-1")]) == [(Act.CANCEL, 2, "it was gone already")]


def test_without_the_permission_nothing_is_entered_and_the_others_are_told(online: tuple[App, Playing]) -> None:
    app, playing = online
    playing.sandbox.faults.switch_on(Fault.BAD_LOGIN)
    [first, second] = enter(app, activity(), activity(id="A-2", is_project=True))
    assert (first.problem is not None, second.act, events(playing)) == (True, Act.LEAVE_OUT, [])
    [known] = calendar.entries(app)
    assert known.standing is Standing.ENTERING
    assert [found.state for found in maintaining.doctor(app) if found.check == "calendar"] == ["notice", "ok"]


def test_in_test_mode_nobody_is_invited_but_the_redirect_address(online: tuple[App, Playing]) -> None:
    app, playing = online
    switching.set_value(app, FORCED, "yes")
    assert done(enter(app, activity())) == [(Act.ENTER, 0, "forced test mode: nothing is entered")]
    assert (events(playing), calendar.entries(app)) == ([], [])
    switching.set_value(app, FORCED_SENDS, "yes")
    with pytest.raises(TestModeBlocked):
        enter(app, activity())
    switching.set_value(app, FORCED_REDIRECT, "test@kowhai.example")
    enter(app, activity())
    [event] = events(playing)
    assert [person["emailAddress"]["address"] for person in event.properties["attendees"]] == ["test@kowhai.example"]


def test_stopped_mail_stops_calendars_too(online: tuple[App, Playing]) -> None:
    app, playing = online
    switching.stop_mail(app, "a copy")
    with pytest.raises(MailStopped):
        enter(app, activity())
    assert events(playing) == []


def test_a_dry_run_tells_no_calendar(online: tuple[App, Playing]) -> None:
    app, playing = online
    assert done(enter(app, activity(), dry_run=True)) == [(Act.ENTER, 0, "would be done")]
    assert (events(playing), calendar.entries(app)) == ([], [])


def test_what_goes_another_way_now_is_not_changed_in_the_wrong_place(
    online: tuple[App, Playing], tmp_path: Path
) -> None:
    app, playing = online
    enter(app, activity())
    configure(app, tmp_path, rows(*(line.replace('name = "ann@', 'name = "bob@') for line in own("ann"))))
    [told] = enter(app, activity(subject="Elsewhere"))
    assert isinstance(told.problem, Refused)
    assert "stands in the calendar of mailbox ann@kowhai.example" in told.words
    assert [event.properties["subject"] for event in events(playing)] == ["Visit the bank"]


def test_what_was_done_stands_in_the_trail_and_the_doctor_is_content(online: tuple[App, Playing]) -> None:
    app, _ = online
    enter(app, activity())
    calendar.cancel(app, "A-1")
    lines = select(AUDIT_TRAIL.c.action).where(AUDIT_TRAIL.c.object == "activity A-1").order_by(AUDIT_TRAIL.c.seq)
    with app.store.reading() as connection:
        assert list(connection.execute(lines).scalars()) == ["enter", "cancel"]
    maintaining.verify_trail(app)
    assert {found.state for found in maintaining.doctor(app)} <= {maintaining.OK, maintaining.NOTICE}


@pytest.mark.parametrize(
    ("column", "value"), [("uid", "other"), ("remote_id", "AAkB"), ("mac", None), ("activity", "A-2")]
)
def test_what_is_kept_cannot_be_changed_behind_our_back(
    online: tuple[App, Playing], column: str, value: str | None
) -> None:
    app, _ = online
    enter(app, activity())
    with app.store.writing() as connection:
        connection.execute(CALENDAR_ENTRIES.update().values({column: value}))
    with pytest.raises(Tampered):
        calendar.entries(app)
    assert [found.check for found in maintaining.doctor(app) if found.state == maintaining.PROBLEM] == ["calendar"]


def test_requests_are_of_graphs_types() -> None:
    """The sandbox's types are held against Microsoft's definitions in tests/contract/test_graph_types.py."""
    event = event_resource(activity(), (BEN,))
    assert check({**event, "transactionId": transaction_of("5a9db0c5-0000-4000-8000-000000000001@x", 0)}, "event")
    assert event["attendees"] == [{"emailAddress": {"address": BEN.email, "name": "Ben"}, "type": "required"}]


# --- SMTP


def invitations(playing: Playing) -> list[tuple[str, Any, str]]:
    """Method, event and text of every invitation that arrived, each read by two libraries."""
    found = []
    for received in arrived(playing):
        message = email.message_from_bytes(received.raw, policy=email.policy.default)
        [part] = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
        [file] = [part for part in message.walk() if part.get_content_type() == "application/ics"]
        text = part.get_content()
        assert file.get_content().decode() == text
        parsed = icalendar.Calendar.from_ical(text)
        [event] = parsed.walk("VEVENT")
        other = vobject.readOne(text)
        assert (str(part.get_param("method")), other.vevent.uid.value) == (str(parsed["METHOD"]), str(event["UID"]))
        assert other.vevent.dtstart.value == event.decoded("DTSTART")
        found.append((str(parsed["METHOD"]), event, text))
    return found


def test_an_invitation_a_change_and_a_cancellation_have_one_uid(smtp: tuple[App, Playing]) -> None:
    app, playing = smtp
    enter(app, activity())
    enter(app, activity(end=datetime(2026, 12, 1, 11)))
    calendar.cancel(app, "A-1")
    found = invitations(playing)
    assert [method for method, _, _ in found] == ["REQUEST", "REQUEST", "CANCEL"]
    assert [int(event["SEQUENCE"]) for _, event, _ in found] == [0, 1, 2]
    assert len({str(event["UID"]) for _, event, _ in found}) == 1
    assert {str(event["ORGANIZER"]) for _, event, _ in found} == {"mailto:ann@kowhai.example"}
    assert [str(event["STATUS"]) for _, event, _ in found] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert [str(person) for person in found[0][1]["ATTENDEE"]] == ["mailto:ann@kowhai.example", f"mailto:{BEN.email}"]
    assert str(found[0][1]["DESCRIPTION"]) == "Bring the papers; all of them,\nplease."
    assert {recipient for received in arrived(playing) for recipient in received.recipients} == {
        "ann@kowhai.example",
        BEN.email,
    }


def test_no_text_of_an_activity_becomes_a_line_of_its_own(smtp: tuple[App, Playing]) -> None:
    app, playing = smtp
    enter(
        app, activity(subject="x;y,z:\\n", description="a\r\nATTENDEE:mailto:evil@x.test\nEND:VEVENT", location="q\\")
    )
    [(_, event, _)] = invitations(playing)
    assert [str(person) for person in event["ATTENDEE"]] == ["mailto:ann@kowhai.example", f"mailto:{BEN.email}"]
    assert "ATTENDEE:mailto:evil@x.test" in str(event["DESCRIPTION"])


def test_smtp_enters_nothing_unless_the_site_allows_invitations(smtp: tuple[App, Playing]) -> None:
    app, playing = smtp
    switching.set_value(app, CALENDAR_BY_SMTP, "no")
    [told] = enter(app, activity())
    assert (told.act, arrived(playing)) == (Act.LEAVE_OUT, [])
    assert "SMTP has none" in told.words


def test_test_mode_redirects_an_invitation_as_any_message(smtp: tuple[App, Playing]) -> None:
    app, playing = smtp
    for name, value in ((FORCED, "yes"), (FORCED_SENDS, "yes"), (FORCED_REDIRECT, "test@kowhai.example")):
        switching.set_value(app, name, value)
    enter(app, activity())
    assert [received.recipients for received in arrived(playing)] == [("test@kowhai.example",)]


# --- who is left out


def test_project_activities_and_what_nobody_does_are_left_out(smtp: tuple[App, Playing]) -> None:
    app, playing = smtp
    told = enter(app, activity(is_project=True), activity(id="A-2", responsible=""), activity(id="A-3", cancelled=True))
    assert [(one.act, one.words) for one in told] == [
        (Act.LEAVE_OUT, "project activities are not entered in calendars"),
        (Act.LEAVE_OUT, "nobody is responsible for it"),
        (Act.NOTHING, "it is cancelled"),
    ]
    assert arrived(playing) == []


def test_one_that_becomes_a_project_activity_is_taken_out(smtp: tuple[App, Playing]) -> None:
    app, playing = smtp
    enter(app, activity())
    [told] = enter(app, replace(activity(), is_project=True))
    assert (told.act, [method for method, _, _ in invitations(playing)]) == (Act.CANCEL, ["REQUEST", "CANCEL"])


def test_on_premises_nothing_is_entered_and_nothing_kept(tmp_path: Path) -> None:
    app = opened(tmp_path, *settings_of("exchange server"), *people(*SERVER))
    with sandboxed(app):
        assert [one.readiness.ready for one in calendar.standings(app)] == [True, True]
        [told] = enter(app, activity())
        assert (type(told.problem), told.words, calendar.entries(app)) == (Unsupported, ON_PREMISES, [])
    app.close()


def test_somebody_who_is_not_there_is_said_so(smtp: tuple[App, Playing]) -> None:
    app, _ = smtp
    [told] = enter(app, activity(responsible="nobody"))
    assert isinstance(told.problem, UnknownName)
    with pytest.raises(UnknownName):
        calendar.cancel(app, "A-9")
