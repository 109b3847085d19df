"""Activities: what somebody has to do at a time, and what a calendar is told of it (Monitor ERP).

Laws: times are local times of a named time zone, as a clock on a wall there shows them; one that it never shows is
refused; the end is after the beginning. An activity's `content_hash` changes with whatever a calendar would show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ..errors import BadInput
from . import addresses
from .canonical import canonical
from .keys import match_key, unprintable, visible
from .messages import Address

LONGEST = timedelta(days=366)
"""So long may an activity last: what is longer was mistyped."""

MOST_ATTENDEES = 100
"""An activity is no mailing (RFC 5321 4.5.3.1.8 has every server take a hundred)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One activity. `start` and `end` are local times in `time_zone`; all day, the end is the day after the last.

    `responsible` is the user in whose calendar it stands, `reminder` minutes before. Raises BadInput and its kinds.
    """

    id: str
    subject: str
    start: datetime
    end: datetime
    time_zone: str = "UTC"
    all_day: bool = False
    location: str = ""
    description: str = ""
    responsible: str = ""
    attendees: tuple[Address, ...] = ()
    is_project: bool = False
    reminder: int | None = None
    cancelled: bool = False

    def __post_init__(self) -> None:
        for name in ("id", "subject", "location"):
            object.__setattr__(self, name, addresses.header_text(getattr(self, name), name).strip())
        if not self.id or (odd := unprintable(self.id)) is not None:
            raise BadInput("An activity has no id." if not self.id else f"An activity's id holds {odd}.")
        if not self.subject:
            raise self._odd("it has no subject")
        self._check_times()
        if len(self.attendees) > MOST_ATTENDEES:
            raise self._odd(f"{len(self.attendees)} people are invited, more than {MOST_ATTENDEES}")
        if self.reminder is not None and not 0 <= self.reminder <= 40_320:
            raise self._odd("its reminder is not between 0 minutes and four weeks before")
        if "\0" in self.description:
            raise self._odd("its description holds the character U+0000")

    def _check_times(self) -> None:
        if self.start.tzinfo or self.end.tzinfo:
            raise self._odd("a time says its own offset; write local time and time_zone")
        zone = _zone(self.time_zone)
        if zone is None:
            raise self._odd(f"there is no time zone {visible(self.time_zone)!r}; write one such as Pacific/Auckland")
        if self.all_day and (self.start.time(), self.end.time()) != (datetime.min.time(),) * 2:
            raise self._odd("it lasts all day, and begins or ends within one")
        for what, local in (("start", self.start), ("end", self.end)):
            back = local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
            if not self.all_day and back != local:
                raise self._odd(f"its {what} {local:%Y-%m-%d %H:%M} is skipped there: clocks are put forward")
        if not self.begins < self.ends:
            raise self._odd("it ends before it begins")
        if self.ends - self.begins > LONGEST:
            raise self._odd(f"it lasts longer than {LONGEST.days} days")

    def _odd(self, what: str) -> BadInput:
        return BadInput(f"Activity {visible(self.id)}: {what}.", remedy="Nothing was entered.")

    @property
    def document(self) -> dict[str, Any]:
        """It as a document that can be kept."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        told |= {"start": self.start.isoformat(), "end": self.end.isoformat()}
        return told | {"attendees": [[person.email, person.name] for person in self.attendees]}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Activity:
        """The activity of a document, checked again."""
        times = {name: datetime.fromisoformat(document[name]) for name in ("start", "end")}
        people = tuple(Address(email, name) for email, name in document["attendees"])
        return cls(**{**document, **times, "attendees": people})

    @property
    def key(self) -> str:
        """What names it."""
        return match_key(self.id)

    @property
    def begins(self) -> datetime:
        """The beginning in UTC; of two such times in autumn the first."""
        return self.start.replace(tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC)

    @property
    def ends(self) -> datetime:
        """The end in UTC."""
        return self.end.replace(tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC)

    @property
    def days(self) -> tuple[date, date]:
        """First day, and the day after the last, of one that lasts all day."""
        return self.start.date(), self.end.date()

    @property
    def content_hash(self) -> str:
        """SHA-256 of all a calendar is told."""
        told = self.document | {"id": self.key, "responsible": match_key(self.responsible)}
        return hashlib.sha256(canonical(told)).hexdigest()


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, no name of one, a folder of them
        return None
