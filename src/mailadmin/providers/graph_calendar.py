"""Activities as events in a mailbox of Exchange Online: entered, changed, taken out; Exchange tells whoever is invited.

Laws: an event is entered once, whatever became of the answer (`transactionId`); it keeps its id, and with it the UID
that Exchange gave it; one that is gone is no error when it is to go. Source: Graph documentation, event resource.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from ..domain.activities import Activity
from ..domain.messages import Address
from ..domain.profiles import ExchangeProfile
from ..errors import MailFailed, Outcome, ServiceRefused
from .graph_client import Clock, GraphClient
from .graph_resources import Json, id_of, objects, recipient

RIGHTS = ("Calendars.ReadWrite (application): enter, change and take out events",)
"""The application permissions of Entra this needs (Graph documentation, create event)."""

_PAGE, _MOST_PAGES = 50, 4


def transaction_of(uid: str, sequence: int) -> str:
    """The id by which Exchange knows a repeated request for the same event."""
    return str(uuid5(UUID(uid.partition("@")[0]), str(sequence)))


def event_resource(activity: Activity, attendees: tuple[Address, ...]) -> Json:
    """The event. Times are in UTC: what time zones Exchange knows by name is a list of its own."""
    begins, ends = (activity.start, activity.end) if activity.all_day else (activity.begins, activity.ends)
    return {
        "subject": activity.subject,
        "body": {"contentType": "text", "content": activity.description},
        "start": _time(begins),
        "end": _time(ends),
        "isAllDay": activity.all_day,
        "location": {"displayName": activity.location},
        "attendees": [{**recipient(person), "type": "required"} for person in attendees],
        "isReminderOn": activity.reminder is not None,
        **({"reminderMinutesBeforeStart": activity.reminder} if activity.reminder is not None else {}),
    }


def _time(at: datetime) -> Json:
    return {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}


class GraphCalendar:
    """The calendar of a mailbox. Raises MailFailed saying what is known of the event."""

    def __init__(self, profile: ExchangeProfile, *, clock: Clock | None = None) -> None:
        self.profile = profile
        self.clock = clock

    def enter(self, event: Json, transaction: str) -> str:
        """Enter an event; its id. The same transaction enters no second one."""
        with GraphClient(self.profile, self.clock) as client:
            try:
                body = {**event, "transactionId": transaction}
                answer = client.call("POST", "events", stage="event", json_body=body, repeat=False)
                if answer.ok and (created := id_of(answer.json())) is not None:
                    return created
                if answer.settled and not answer.ok and answer.status != 409:
                    client.expect(answer, "event")
                what = f"Microsoft Graph answered {answer.status}."
            except MailFailed as error:
                if error.outcome is not Outcome.UNKNOWN:
                    raise
                what = "no answer came."
            if (found := _find(client, transaction)) is not None:
                return found
            raise ServiceRefused("event", f"no event was entered: {what}", remedy="Enter it again; it is entered once.")

    def change(self, event: Json, remote_id: str) -> str:
        """Change an event; its id. Raises ServiceRefused with code 404 where somebody deleted it."""
        with GraphClient(self.profile, self.clock) as client:
            answer = client.call("PATCH", "events", remote_id, stage="event", json_body=event)
            return id_of(client.expect(answer, "event")) or remote_id

    def cancel(self, remote_id: str) -> bool:
        """Take an event out; Exchange tells whoever was invited. False where it was gone already."""
        with GraphClient(self.profile, self.clock) as client:
            answer = client.call("DELETE", "events", remote_id, stage="event")
            if answer.status == 404:
                return False
            if not answer.ok:
                client.expect(answer, "event")
            return True


def _find(client: GraphClient, transaction: str) -> str | None:
    """The event of a transaction, looked for among the newest."""
    query: dict[str, Any] = {"$select": "id,transactionId", "$top": str(_PAGE), "$orderby": "createdDateTime desc"}
    for page in range(_MOST_PAGES):
        answer = client.call("GET", "events", stage="look-up", query={**query, "$skip": str(page * _PAGE)})
        events = objects(client.expect(answer, "look-up"), "value")
        ours = next((id_of(event) for event in events if event.get("transactionId") == transaction), None)
        if ours is not None or len(events) < _PAGE:
            return ours
    return None
