"""What an Exchange server's refusals mean: cause and remedy by response code. Source: EWS reference, ResponseCode."""

from __future__ import annotations

import re

from ..domain.profiles import ExchangeServerProfile
from ..errors import AuthFailed, DraftChanged, EndpointRefused, MailAdminError, MailFailed, Outcome, ServiceRefused
from .graph_errors import Known

_DELEGATE = "Have Full Access to the mailbox granted in Exchange to the user name, or sign in as its owner."
_LATER = "Try again later."

EWS_ERRORS: dict[str, Known] = {
    "ErrorAccessDenied": Known("the user name may not use this mailbox", _DELEGATE),
    "ErrorSendAsDenied": Known(
        "the mailbox may not send as this From address",
        "Have Send As or Send on Behalf granted in Exchange to this mailbox on the From address.",
    ),
    "ErrorNonExistentMailbox": Known("there is no such mailbox", "Check the e-mail address of the account."),
    "ErrorMissingEmailAddress": Known("the user name has no mailbox", "Check user name and e-mail address."),
    "ErrorAccountDisabled": Known("the account is disabled", "Have it enabled, or use another."),
    "ErrorPasswordExpired": Known("the password has expired", "Have it changed, then enter the new one."),
    "ErrorPasswordChangeRequired": Known("the password must be changed first", "Change it, then enter the new one."),
    "ErrorInvalidRecipients": Known("a recipient is not valid", "Check To, Cc and Bcc."),
    "ErrorMessageSizeExceeded": Known("the message is larger than the mailbox may send", "Send smaller attachments."),
    "ErrorQuotaExceeded": Known("the mailbox is full", "Have it emptied or enlarged."),
    "ErrorSubmissionQuotaExceeded": Known("the mailbox has sent its most for now", _LATER, Outcome.RETRY),
    "ErrorServerBusy": Known("the server is busy", _LATER, Outcome.RETRY),
    "ErrorMailboxStoreUnavailable": Known("the mailbox's database is not mounted", _LATER, Outcome.RETRY),
    "ErrorMailboxMoveInProgress": Known("the mailbox is being moved", _LATER, Outcome.RETRY),
    "ErrorExceededConnectionCount": Known("the account has too many connections", _LATER, Outcome.RETRY),
    "ErrorTimeoutExpired": Known("the server gave up", _LATER, Outcome.RETRY),
    "ErrorInvalidSchemaVersionForMailboxVersion": Known(
        "the mailbox is on a server that knows none of our versions of EWS", "Use Exchange 2013 or newer."
    ),
}
"""TABLE: the codes people meet."""

EWS_STATUSES: dict[int, Known] = {
    403: Known("the account may not use EWS", "Have EWS allowed for it (Set-CASMailbox)."),
    404: Known("there is no EWS at this address", "Check the server's address: …/EWS/Exchange.asmx."),
    413: Known("the message is too large", "Send smaller attachments."),
    429: Known("too many requests", _LATER, Outcome.RETRY),
    503: Known("the server is not available", _LATER, Outcome.UNKNOWN),
}
"""TABLE: the HTTP statuses people meet."""

CHANGED: dict[str, str] = {
    "ErrorItemNotFound": "The draft is no longer there: it was sent from the mailbox, or deleted.",
    "ErrorStaleObject": "The draft was changed in the mailbox.",
    "ErrorInvalidChangeKey": "The draft was changed in the mailbox.",
}
"""TABLE: the codes that say a draft is not the one that was kept."""

_UNFINISHED = frozenset({"ErrorInternalServerError", "ErrorTimeoutExpired"})
"""Codes after which a request may have been carried out all the same."""

_SECONDS = re.compile(r"[0-9]{1,5}")
_CODE = re.compile(r"Error[A-Za-z]{1,80}")
"""Without digits: what is repeated cannot be a secret."""


def refusal(stage: str, code: str, *, outcome_if_unfinished: Outcome = Outcome.RETRY) -> MailAdminError:
    """The error a response code stands for."""
    if code in CHANGED:
        remedy = "Send it from the mailbox itself, or write the message anew here."
        return DraftChanged(CHANGED[code], remedy=remedy)
    known = EWS_ERRORS.get(code)
    shown = code if _CODE.fullmatch(code) else "in words we do not know"
    what = f"{known.meaning} ({shown})." if known else f"Exchange refused: {shown}."
    outcome = known.outcome if known else Outcome.FAILED
    if code in _UNFINISHED:
        outcome = outcome_if_unfinished
    return ServiceRefused(stage, what, outcome=outcome, remedy=known.remedy if known else "")


def not_signed_in(user_name: str) -> AuthFailed:
    """The server took neither user name nor password (HTTP 401)."""
    return AuthFailed(
        "login",
        f"Exchange does not accept {user_name} with this password (401).",
        outcome=Outcome.FAILED,
        code=401,
        remedy="Check both; the user name as DOMAIN\\name or name@domain, as Outlook on the web takes it.",
    )


def refused(profile: ExchangeServerProfile, status: int, retry_after: str) -> MailFailed:
    """What an HTTP status other than 200 means."""
    stage = f"POST {profile.server}"
    if status == 401:
        return not_signed_in(profile.user_name)
    if 300 <= status < 400:
        what = f"{profile.server} wanted to send the request elsewhere ({status})."
        remedy = "Enter the address of the server itself, with /EWS/Exchange.asmx."
        return EndpointRefused(stage, what, outcome=Outcome.FAILED, code=status, remedy=remedy)
    known = EWS_STATUSES.get(status, Known("", "", Outcome.UNKNOWN if status >= 500 else Outcome.FAILED))
    meaning = f", {known.meaning}" if known.meaning else ""
    asks = f"; it asks to wait {retry_after} seconds" if _SECONDS.fullmatch(retry_after) else ""
    what = f"{profile.server} answered {status}{meaning}{asks}."
    return ServiceRefused(stage, what, outcome=known.outcome, code=status, remedy=known.remedy)
