"""The types of Microsoft Graph's calendars: Graph's metadata (v1.0), as `types` has those of mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Type(NamedTuple):
    """A type: what it extends, and its own properties by name."""

    base: str | None
    properties: Mapping[str, str]


CALENDAR_TYPES: Mapping[str, Type] = {
    "event": Type(
        "outlookItem",
        {
            "allowNewTimeProposals": "Edm.Boolean",
            "attachments": "Collection(graph.attachment)",
            "attendees": "Collection(graph.attendee)",
            "body": "graph.itemBody",
            "bodyPreview": "Edm.String",
            "cancelledOccurrences": "Collection(Edm.String)",
            "end": "graph.dateTimeTimeZone",
            "hasAttachments": "Edm.Boolean",
            "hideAttendees": "Edm.Boolean",
            "iCalUId": "Edm.String",
            "importance": "graph.importance",
            "isAllDay": "Edm.Boolean",
            "isCancelled": "Edm.Boolean",
            "isDraft": "Edm.Boolean",
            "isOnlineMeeting": "Edm.Boolean",
            "isOrganizer": "Edm.Boolean",
            "isReminderOn": "Edm.Boolean",
            "location": "graph.location",
            "locations": "Collection(graph.location)",
            "onlineMeeting": "graph.onlineMeetingInfo",
            "onlineMeetingProvider": "graph.onlineMeetingProviderType",
            "onlineMeetingUrl": "Edm.String",
            "organizer": "graph.recipient",
            "originalEndTimeZone": "Edm.String",
            "originalStart": "Edm.DateTimeOffset",
            "originalStartTimeZone": "Edm.String",
            "recurrence": "graph.patternedRecurrence",
            "reminderMinutesBeforeStart": "Edm.Int32",
            "responseRequested": "Edm.Boolean",
            "responseStatus": "graph.responseStatus",
            "sensitivity": "graph.sensitivity",
            "seriesMasterId": "Edm.String",
            "showAs": "graph.freeBusyStatus",
            "start": "graph.dateTimeTimeZone",
            "subject": "Edm.String",
            "transactionId": "Edm.String",
            "type": "graph.eventType",
            "webLink": "Edm.String",
        },
    ),
    "attendee": Type("attendeeBase", {"proposedNewTime": "graph.timeSlot", "status": "graph.responseStatus"}),
    "location": Type(
        None,
        {
            "address": "graph.physicalAddress",
            "coordinates": "graph.outlookGeoCoordinates",
            "displayName": "Edm.String",
            "locationEmailAddress": "Edm.String",
            "locationType": "graph.locationType",
            "locationUri": "Edm.String",
            "uniqueId": "Edm.String",
            "uniqueIdType": "graph.locationUniqueIdType",
        },
    ),
    "onlineMeetingInfo": Type(
        None,
        {
            "conferenceId": "Edm.String",
            "joinUrl": "Edm.String",
            "phones": "Collection(graph.phone)",
            "quickDial": "Edm.String",
            "tollFreeNumbers": "Collection(Edm.String)",
            "tollNumber": "Edm.String",
        },
    ),
    "patternedRecurrence": Type(None, {"pattern": "graph.recurrencePattern", "range": "graph.recurrenceRange"}),
    "responseStatus": Type(None, {"response": "graph.responseType", "time": "Edm.DateTimeOffset"}),
    "attendeeBase": Type("recipient", {"type": "graph.attendeeType"}),
    "timeSlot": Type(None, {"end": "graph.dateTimeTimeZone", "start": "graph.dateTimeTimeZone"}),
    "physicalAddress": Type(
        None,
        {
            "city": "Edm.String",
            "countryOrRegion": "Edm.String",
            "postalCode": "Edm.String",
            "state": "Edm.String",
            "street": "Edm.String",
        },
    ),
    "outlookGeoCoordinates": Type(
        None,
        {
            "accuracy": "Edm.Double",
            "altitude": "Edm.Double",
            "altitudeAccuracy": "Edm.Double",
            "latitude": "Edm.Double",
            "longitude": "Edm.Double",
        },
    ),
    "phone": Type(
        None, {"language": "Edm.String", "number": "Edm.String", "region": "Edm.String", "type": "graph.phoneType"}
    ),
    "recurrencePattern": Type(
        None,
        {
            "dayOfMonth": "Edm.Int32",
            "daysOfWeek": "Collection(graph.dayOfWeek)",
            "firstDayOfWeek": "graph.dayOfWeek",
            "index": "graph.weekIndex",
            "interval": "Edm.Int32",
            "month": "Edm.Int32",
            "type": "graph.recurrencePatternType",
        },
    ),
    "recurrenceRange": Type(
        None,
        {
            "endDate": "Edm.Date",
            "numberOfOccurrences": "Edm.Int32",
            "recurrenceTimeZone": "Edm.String",
            "startDate": "Edm.Date",
            "type": "graph.recurrenceRangeType",
        },
    ),
}

CALENDAR_ENUMS: Mapping[str, tuple[str, ...]] = {
    "attendeeType": ("required", "optional", "resource"),
    "dayOfWeek": ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"),
    "eventType": ("singleInstance", "occurrence", "exception", "seriesMaster"),
    "freeBusyStatus": ("unknown", "free", "tentative", "busy", "oof", "workingElsewhere"),
    "locationType": (
        "default",
        "conferenceRoom",
        "homeAddress",
        "businessAddress",
        "geoCoordinates",
        "streetAddress",
        "hotel",
        "restaurant",
        "localBusiness",
        "postalAddress",
    ),
    "locationUniqueIdType": ("unknown", "locationStore", "directory", "private", "bing"),
    "onlineMeetingProviderType": ("unknown", "skypeForBusiness", "skypeForConsumer", "teamsForBusiness"),
    "phoneType": (
        "home",
        "business",
        "mobile",
        "other",
        "assistant",
        "homeFax",
        "businessFax",
        "otherFax",
        "pager",
        "radio",
    ),
    "recurrencePatternType": (
        "daily",
        "weekly",
        "absoluteMonthly",
        "relativeMonthly",
        "absoluteYearly",
        "relativeYearly",
    ),
    "recurrenceRangeType": ("endDate", "noEnd", "numbered"),
    "responseType": ("none", "organizer", "tentativelyAccepted", "accepted", "declined", "notResponded"),
    "sensitivity": ("normal", "personal", "private", "confidential"),
    "weekIndex": ("first", "second", "third", "fourth", "last"),
}
