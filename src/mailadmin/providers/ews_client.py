"""A mailbox of an Exchange server by EWS, with `exchangelib` as the one who knows its XML.

Laws: each call is one request, and none is tried again in here; whatever the library raises becomes an error of ours,
without its text, which may repeat what was sent. A folder is named as every mailbox names it, so none is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from exchangelib import DELEGATE, UTC, Account, FileAttachment, HTMLBody, Mailbox, Message
from exchangelib.errors import EWSError, ResponseMessageError, TransportError
from exchangelib.folders import Drafts, Folder, Inbox, Root, SentItems
from exchangelib.properties import DistinguishedFolderId
from exchangelib.services import CreateItem, GetFolder, SendItem
from exchangelib.version import EXCHANGE_2013, Version

from ..domain.messages import Address, Attachment, Outgoing
from ..domain.profiles import ExchangeServerProfile
from ..errors import (
    MailAdminError,
    MailFailed,
    Outcome,
    ProtocolViolation,
    ServiceRefused,
)
from . import http
from .ews_errors import refusal
from .ews_session import connected


class Draft(NamedTuple):
    """A message that waits in the mailbox: its id, and the key that changes whenever anybody changes it."""

    id: str
    change_key: str

    def __str__(self) -> str:
        return f"{self.id} {self.change_key}"


@contextmanager
def opened(profile: ExchangeServerProfile) -> Iterator[ExchangeMailbox]:
    """The mailbox, signed in to; closed at the end. Raises MailFailed."""
    with connected(profile) as config:
        with _in_our_words("login"):
            account = Account(
                profile.mailbox, access_type=DELEGATE, config=config, locale="en_US", default_timezone=UTC
            )
            if account.version.build < EXCHANGE_2013:
                what = f"this is {_named(account.version)}; it cannot keep a message and its attachments in one step."
                raise ServiceRefused("login", what, outcome=Outcome.FAILED, remedy="Use Exchange 2013 or newer.")
        yield ExchangeMailbox(account)


class ExchangeMailbox:
    """What is asked of a mailbox. Each call is one request."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._root = Root(account=account)

    @property
    def version(self) -> str:
        """Which Exchange it is, in words."""
        return _named(self._account.version)

    @property
    def transcript(self) -> tuple[str, ...]:
        """What was asked so far, and the status of each answer."""
        return tuple(self._account.protocol.transcript)

    def look_at(self) -> None:
        """Ask for the mailbox's folders. Raises MailFailed where it is not there or not ours to use."""
        wanted = [self._folder(kind) for kind in (Inbox, Drafts, SentItems)]
        with _in_our_words("mailbox"):
            for answer in GetFolder(account=self._account).call(wanted, additional_fields=None, shape="IdOnly"):
                if isinstance(answer, Exception):
                    raise answer

    def save(self, outgoing: Outgoing) -> Draft:
        """Keep a message with all its attachments in Drafts, in one step."""
        with _in_our_words("draft"):
            made = CreateItem(account=self._account).get(
                items=[self._item(outgoing)],
                folder=self._folder(Drafts),
                message_disposition="SaveOnly",
                send_meeting_invitations="SendToNone",
            )
            return Draft(made.id, made.changekey)

    def send(self, draft: Draft) -> None:
        """Send a draft, and keep the copy in Sent Items. Raises DraftChanged where it is not the one that was kept."""
        with _in_our_words("send", unfinished=Outcome.UNKNOWN):
            SendItem(account=self._account).get(
                items=[Message(id=draft.id, changekey=draft.change_key)],
                saved_item_folder=self._folder(SentItems),
                expect_result=None,
            )

    def draft(self, message_id: str) -> Draft | None:
        """The draft of a message."""
        found = self._find(Drafts, message_id)
        return Draft(found.id, found.changekey) if found is not None else None

    def has_sent(self, message_id: str) -> bool:
        """Whether a message is in Sent Items."""
        return self._find(SentItems, message_id) is not None

    def _find(self, kind: type[Folder], message_id: str) -> Any:
        with _in_our_words("look-up"):
            asked = self._folder(kind).filter(message_id=message_id).only("id", "changekey")
            return next(iter(asked[:1]), None)

    def _folder(self, kind: type[Folder]) -> Folder:
        """A folder by the name every mailbox has it under; it needs no request."""
        mailbox = Mailbox(email_address=self._account.primary_smtp_address)
        name = DistinguishedFolderId(id=kind.DISTINGUISHED_FOLDER_ID, mailbox=mailbox)
        return kind(root=self._root, _distinguished_id=name)

    def _item(self, outgoing: Outgoing) -> Message:
        message = outgoing.message
        return Message(
            account=self._account,
            folder=self._folder(Drafts),
            author=_mailbox(outgoing.sender),
            subject=message.subject,
            body=HTMLBody(message.html) if message.html is not None else message.text or "",
            to_recipients=list(map(_mailbox, message.to)),
            cc_recipients=list(map(_mailbox, message.cc)),
            bcc_recipients=list(map(_mailbox, message.bcc)),
            reply_to=list(map(_mailbox, message.reply_to)),
            importance=message.importance.value.capitalize(),
            message_id=outgoing.message_id,
            attachments=list(map(_file, message.attachments)),
        )


def _named(version: Version) -> str:
    """Which Exchange it is; by its number where the library knows no name."""
    return f"Exchange {version.build}" if version.fullname == "UNKNOWN" else str(version.fullname)


def _mailbox(address: Address) -> Mailbox:
    return Mailbox(email_address=address.email, name=address.name or None, routing_type="SMTP")


def _file(attachment: Attachment) -> FileAttachment:
    return FileAttachment(
        name=attachment.name,
        content=attachment.content,
        content_type=attachment.media_type,
        is_inline=attachment.content_id is not None,
        content_id=attachment.content_id,
    )


@contextmanager
def _in_our_words(stage: str, unfinished: Outcome = Outcome.RETRY) -> Iterator[None]:
    """Every error of the library as one of ours; `unfinished` is what is known where no answer tells."""
    try:
        yield
    except _FOREIGN as error:
        # Not `from error`: its text may repeat what was sent.
        raise _translated(error, stage, unfinished) from None


_FOREIGN = (
    EWSError,
    MailFailed,
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)
"""What the library raises for the server's answers and for those it cannot read, and our session below it."""


def _translated(error: Exception, stage: str, unfinished: Outcome) -> MailAdminError:
    if (ours := next((cause for cause in http.causes(error) if isinstance(cause, MailFailed)), None)) is not None:
        ours.outcome = unfinished if ours.outcome is Outcome.UNKNOWN else ours.outcome
        return ours
    if isinstance(error, ResponseMessageError):
        return refusal(stage, type(error).__name__, outcome_if_unfinished=unfinished)
    if isinstance(error, TransportError) and (found := _UNKNOWN_CODE.match(str(error))):
        return refusal(stage, found[1], outcome_if_unfinished=unfinished)
    what = f"the answer is not one an Exchange server gives ({type(error).__name__})."
    remedy = "Check that the address is that of Exchange.asmx."
    return ProtocolViolation(stage, what, outcome=unfinished, remedy=remedy)


_UNKNOWN_CODE = re.compile(r"Unknown ResponseCode in ResponseMessage: (Error[A-Za-z]{1,80})\b")
"""What the library says of a code it has no error for."""
