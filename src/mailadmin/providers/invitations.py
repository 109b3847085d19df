"""An activity as an invitation that calendars understand: iCalendar by iTIP (RFC 5545, 5546), as one attachment.

Laws: times are in UTC, so that no reader's idea of a time zone moves them; UID and organizer stay, the sequence rises;
the same activity at the same moment gives the same bytes.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from ..domain.activities import Activity
from ..domain.addresses import same_address
from ..domain.messages import Address, Attachment

_MAKER = "-//mailadmin//activities//EN"
FILE = "invitation.ics"


class Method(StrEnum):
    """What is asked of a calendar (RFC 5546 1.4)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


def invitation(
    activity: Activity,
    uid: str,
    sequence: int,
    organizer: Address,
    attendees: tuple[Address, ...],
    at: datetime,
    method: Method,
) -> Attachment:
    """The invitation, changed invitation or cancellation, to at least one (RFC 5546 3.2.2); `at` is now, in UTC."""
    event = Event()
    event.add("uid", uid)
    event.add("sequence", sequence)
    event.add("dtstamp", at)
    event.add("summary", activity.subject)
    begins, ends = activity.days if activity.all_day else (activity.begins, activity.ends)
    event.add("dtstart", begins)
    event.add("dtend", ends)
    event.add("status", "CANCELLED" if method is Method.CANCEL else "CONFIRMED")
    for name, text in (("location", activity.location), ("description", activity.description)):
        if text:
            event.add(name, text)
    event.add("organizer", _person(organizer))
    for person in attendees:
        own = same_address(person.email, organizer.email)
        asked = {"PARTSTAT": "ACCEPTED"} if own else {"PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"}
        event.add("attendee", _person(person, ROLE="REQ-PARTICIPANT", **asked))
    if activity.reminder is not None and method is Method.REQUEST:
        event.add_component(_alarm(activity))
    calendar = Calendar()
    calendar.add("prodid", _MAKER)
    calendar.add("version", "2.0")
    calendar.add("method", str(method))
    calendar.add_component(event)
    return Attachment(FILE, calendar.to_ical(), f"text/calendar; method={method.lower()}")


def _person(address: Address, **parameters: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{address.email}")
    for name, value in ({"CN": address.name} if address.name else {}).items() | parameters.items():
        person.params[name] = vText(value)
    return person


def _alarm(activity: Activity) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", activity.subject)
    alarm.add("trigger", timedelta(minutes=-(activity.reminder or 0)))
    return alarm


def times_in_words(activity: Activity) -> str:
    """When it is, for people: local time, and its time zone."""
    if activity.all_day:
        first, after = activity.days
        last = after - timedelta(days=1)
        return _day(first) if first == last else f"{_day(first)} to {_day(last)}"
    same = activity.start.date() == activity.end.date()
    end = f"{activity.end:%H:%M}" if same else f"{_day(activity.end.date())} {activity.end:%H:%M}"
    return f"{_day(activity.start.date())} {activity.start:%H:%M} to {end} ({activity.time_zone})"


def _day(day: date) -> str:
    return f"{day:%Y-%m-%d}"
