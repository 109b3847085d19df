"""What Microsoft Graph's refusals mean: cause and remedy by error code. Source: Graph documentation."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import AuthFailed, MailFailed, Outcome, ServiceRefused
from .http import Answer


class Known(NamedTuple):
    """An error code of Graph: what it means, what to do, and whether a later try may succeed."""

    meaning: str
    remedy: str
    outcome: Outcome = Outcome.FAILED


_CONSENT = (
    "Have the application permission granted and consented to (Entra, API permissions), or by RBAC for Applications."
)
GRAPH_ERRORS: dict[str, Known] = {
    "InvalidAuthenticationToken": Known("the token is not accepted", "Check the tenant and the cloud."),
    "NoPermissionsInAccessToken": Known("the application has no permissions at all", _CONSENT),
    "ErrorAccessDenied": Known(
        "the application lacks a permission, or an access policy keeps it from this mailbox", _CONSENT
    ),
    "ErrorSendAsDenied": Known(
        "the mailbox may not send as this From address",
        "Have Send As or Send on Behalf granted in Exchange to this mailbox on the From address.",
    ),
    "MailboxNotEnabledForRESTAPI": Known(
        "the mailbox is inactive, unlicensed or on premises", "Check the mailbox and its licence in Exchange."
    ),
    "ErrorInvalidUser": Known("there is no such user in the tenant", "Check the mailbox of the service."),
    "ResourceNotFound": Known("the mailbox or message is not there", "Check the mailbox of the service."),
    "Request_ResourceNotFound": Known("the mailbox is not there", "Check the mailbox of the service."),
    "ErrorItemNotFound": Known("the message is not there", "It may have been deleted or sent from the mailbox."),
    "ErrorInvalidRecipients": Known("a recipient is not valid", "Check To, Cc and Bcc."),
    "ErrorMessageSizeExceeded": Known("the message is larger than the mailbox may send", "Send smaller attachments."),
    "RequestEntityTooLarge": Known("the request is larger than 4 MB", "Shorten the text of the message."),
    "ErrorMimeContentInvalidBase64String": Known("the message arrived damaged", "Try again.", Outcome.RETRY),
    "ErrorQuotaExceeded": Known("the mailbox is full", "Have it emptied or enlarged."),
    "ErrorExceededMessageLimit": Known("the mailbox has sent its most for now", "Try again later.", Outcome.RETRY),
    "ApplicationThrottled": Known("too many requests", "Try again later.", Outcome.RETRY),
    "TooManyRequests": Known("too many requests", "Try again later.", Outcome.RETRY),
}
"""TABLE: the codes people meet."""


_CODE = re.compile(r"[A-Za-z_.]{1,80}")
"""Without digits: what is repeated cannot be a token."""


def code_of(answer: Answer) -> str:
    """The error's code, or '' where there is none that could be one."""
    error = answer.json().get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) and (code in GRAPH_ERRORS or _CODE.fullmatch(code)) else ""


def refusal(stage: str, answer: Answer, *, outcome: Outcome | None = None) -> MailFailed:
    """The error a refusing answer stands for; `outcome` where the stage knows better."""
    code = code_of(answer)
    known = GRAPH_ERRORS.get(code)
    shown = f"{answer.status} {code}".strip()
    what = f"{known.meaning} ({shown})." if known else f"Microsoft Graph answered {shown}."
    kind = AuthFailed if answer.status == 401 else ServiceRefused
    transient = answer.status in {408, 429} or answer.status >= 500
    found = outcome or (known.outcome if known else Outcome.RETRY if transient else Outcome.FAILED)
    return kind(stage, what, outcome=found, code=answer.status, remedy=known.remedy if known else "")
