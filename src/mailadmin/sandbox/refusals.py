"""How Graph refuses: its codes, statuses and words.

Sources: Microsoft's documentation, and real answers that were published; a status that was not is the likeliest.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from .listener import Reply

REFUSALS: Mapping[str, tuple[int, str]] = {
    "ApplicationThrottled": (429, "Application is over its {limit} limit."),
    "Authorization_RequestDenied": (403, "Insufficient privileges to complete the operation."),
    "BadRequest": (400, "{0}"),
    "ErrorAccessDenied": (403, "{0}"),
    "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize": (
        400,
        "The attachment size {size} is less than the minimum of {least} for an upload session.",
    ),
    "ErrorInvalidIdMalformed": (400, "Id is malformed."),
    "ErrorInvalidPropertyUpdateSentMessage": (400, "Update operation is invalid for property of a sent message."),
    "ErrorInvalidRecipients": (400, "At least one recipient is not valid., {0}"),
    "ErrorInvalidUrlQueryFilter": (400, "The query filter contains one or more invalid nodes."),
    "ErrorInvalidUser": (404, "The requested user '{user}' is invalid."),
    "ErrorInvalidAllDay": (
        400,
        "The Event.Start property for an all-day event needs to be set to midnight.",
    ),
    "ErrorItemNotFound": (404, "The specified object was not found in the store."),
    "ErrorMessageSizeExceeded": (413, "The message exceeds the maximum supported size."),
    "ErrorMimeContentInvalidBase64String": (400, "Invalid base64 string for MIME content."),
    "ErrorDuplicateTransactionId": (
        409,
        "Your request can't be completed. An event with the same transactionId has been created before.",
    ),
    "ErrorFolderNotFound": (404, "The specified folder could not be found in the store."),
    "ErrorPropertyValidationFailure": (400, "At least one property failed validation."),
    "ErrorSendAsDenied": (
        403,
        "The user account which was used to submit this request does not have the right to send mail on behalf of the "
        "specified sending account. Cannot submit message.",
    ),
    "InvalidAuthenticationToken": (401, "{0}"),
    "InvalidInternetMessageHeader": (400, "The internet message header name '{name}' should start with 'x-' or 'X-'."),
    "InvalidInternetMessageHeaderCollection": (
        400,
        "Maximum number of headers in one message should be less than or equal to 5.",
    ),
    "InvalidRange": (416, "{0}"),
    "InvalidUploadSession": (404, "The upload session was not found."),
    "LengthRequired": (411, "The request has no Content-Length."),
    "MailboxNotEnabledForRESTAPI": (
        404,
        "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
    ),
    "NoPermissionsInAccessToken": (
        401,
        "The token contains no permissions, or permissions can not be understood.",
    ),
    "NotEmulated": (501, "The sandbox does not emulate {what}."),
    "RequestBodyRead": (400, "{0}"),
    "RequestEntityTooLarge": (413, "The maximum request length supported is 4MB."),
    "ServiceUnavailable": (503, "The service is unavailable."),
}
"""TABLE: each refusal's status and words."""

ACCESS_DENIED = "Access is denied. Check credentials and try again."
POLICY_DENIED = "Access to OData is disabled."


class GraphRefusal(Exception):
    """A request that Graph refuses."""

    def __init__(self, code: str, *words: object, headers: Mapping[str, str] | None = None, **named: object) -> None:
        self.code = code
        self.status, message = REFUSALS[code]
        self.message = message.format(*words, **named)
        self.headers = headers or {}
        super().__init__(f"{self.status} {code}: {self.message}")

    def reply(self, at: datetime, traced: Mapping[str, str]) -> Reply:
        """What Graph answers."""
        inner = {"date": f"{at:%Y-%m-%dT%H:%M:%S}", **traced}
        said = {"code": self.code, "message": self.message, "innerError": inner}
        return Reply.of(self.status, {"error": said}, self.headers)
