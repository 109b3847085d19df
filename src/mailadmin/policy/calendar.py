"""What becomes of an activity in a calendar: entered, changed, taken out, or left out with the reason.

Laws: project activities are never entered; what is entered keeps its UID for ever, and every change raises its sequence
(RFC 5545 3.8.7.4); what has not changed is not told anybody again. Sources: Monitor ERP, "Export activities to calendar
program by default"; domain decision 20.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ..domain.activities import Activity
from ..domain.keys import match_key
from .readiness import Readiness


class Standing(StrEnum):
    """What is known of an activity in a calendar."""

    ENTERING = "entering"
    ENTERED = "entered"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An activity as a calendar was told of it: its UID, the event's id (Exchange), and how often it was changed.

    `document` is the activity itself, as long as it stands in a calendar.
    """

    activity: str
    uid: str
    user_id: str
    service: str
    account: str
    remote_id: str | None
    sequence: int
    content_hash: str
    standing: Standing
    updated_at: str
    document: str | None = None


class Act(StrEnum):
    """What is to be done about an activity."""

    ENTER = "enter"
    CHANGE = "change"
    CANCEL = "cancel"
    NOTHING = "nothing"
    LEAVE_OUT = "leave out"


class Step(NamedTuple):
    """What is to be done, under which sequence, and why."""

    act: Act
    sequence: int = 0
    reason: str = ""


PROJECT = "project activities are not entered in calendars"


def step_of(activity: Activity, known: Known | None, readiness: Readiness) -> Step:
    """What is to be done about an activity, as it is and as a calendar knows it."""
    there = known if known is not None and known.standing is not Standing.CANCELLED else None
    if activity.cancelled or activity.is_project:
        why = PROJECT if activity.is_project else "it is cancelled"
        if there is None:
            return Step(Act.LEAVE_OUT if activity.is_project else Act.NOTHING, reason=why)
        return Step(Act.CANCEL, there.sequence + 1, why)
    if not activity.responsible:
        return Step(Act.LEAVE_OUT, reason="nobody is responsible for it")
    if not readiness.ready:
        return Step(Act.LEAVE_OUT, reason=f"{activity.responsible} is not ready: {'; '.join(readiness.missing)}")
    if known is None:
        return Step(Act.ENTER)
    if there is None:
        return Step(Act.ENTER, known.sequence + 1, "it was cancelled before")
    if match_key(there.user_id) != match_key(activity.responsible):
        return Step(Act.LEAVE_OUT, reason=f"it stands in the calendar of {there.user_id}; cancel it there first")
    same = there.content_hash == activity.content_hash
    if there.standing is Standing.ENTERING:
        act = Act.CHANGE if there.remote_id else Act.ENTER
        return Step(act, there.sequence if same else there.sequence + 1, "whether it was entered is not known")
    return Step(Act.NOTHING, there.sequence, "nothing has changed") if same else Step(Act.CHANGE, there.sequence + 1)
