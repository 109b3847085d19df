"""Every error mailadmin raises, each with its remedy and the exit code it ends a command with.

MailAdminError
├── BadInput (ValueError)              2  what was given cannot be used; nothing was changed
│   ├── SourceRejected                    an export with problems: all of them at once
│   ├── UnknownName (LookupError)         a user, code or run that is not there
│   └── GateRefused                       text that may not travel in a message
│       ├── AddressRejected
│       ├── HeaderRejected
│       │   └── EncodedWordRejected
│       └── SerialisationMismatch         what would go out is not what was meant
├── DifferencesFound                   1  a check found what it should not find
├── Refused (PermissionError)          3  understood, and not done
│   ├── Tampered                          a file is not as it was written
│   ├── StalePlan                         the store moved since the plan was made
│   ├── AlreadyApplied
│   ├── PlanExpired
│   ├── WrongStore
│   ├── NotConfirmed
│   ├── RollbackConflict                  rows changed since the run that is to be taken back
│   ├── KeyNeeded                         a secret would have to be kept or read without a key
│   ├── NotPermitted                      the user may not do this
│   ├── RecipientNotContact               a portal writes to contacts of its business partner alone
│   ├── NotReady                          no service, or one that is not filled in
│   ├── Unsupported                       the service cannot do what the message needs
│   ├── MailStopped                       all mail of this site is switched off
│   ├── TestModeBlocked                   forced test mode without a redirect address
│   ├── BulkRefused                       one message, one person pressing send
│   └── DraftChanged                      not the draft, account or sender it was when it was kept
├── MailFailed (ConnectionError)       4  the mail system or the network failed; says what is known of the message
│   ├── StageTimeout (TimeoutError)
│   ├── ConnectionClosed
│   ├── ProtocolViolation                 not SMTP, or more than was asked for
│   │   └── ReplyTooLarge
│   ├── TlsFailed
│   │   ├── TlsRequired                   the server offers no TLS, or took it back
│   │   ├── TlsTooOld
│   │   └── CertificateInvalid
│   ├── PlaintextAuthRefused              a password is never sent in the clear
│   ├── AuthFailed
│   ├── ServiceRefused                    the server said no; its code, meaning and remedy
│   └── EndpointRefused                   an address outside the chosen cloud
└── StoreFailed (OSError)              5
    ├── StoreBusy
    ├── NotAStore
    └── StoreTooNew
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import ClassVar, NamedTuple


class Problem(NamedTuple):
    """One thing wrong with an input: where it is, what it is, and what to do about it."""

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" ({self.remedy})" if self.remedy else "")


class MailAdminError(Exception):
    """What went wrong, in words for the person in front of the screen, and how to mend it."""

    exit_code: ClassVar[int] = 2
    kept: str = ""
    """The id of the message in the outbox, where this is about one that was kept."""

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\n{self.remedy}" if self.remedy else self.what


class BadInput(MailAdminError, ValueError):
    """An input that cannot be used. Nothing was changed."""


class SourceRejected(BadInput):
    """An export with problems: every one of them, so that one round of mending is enough."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems: Sequence[Problem] = tuple(problems)
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(
            f"{source} was not taken: {count} problem{'s' if count != 1 else ''}\n{lines}",
            remedy="Mend them in the export and take it again; nothing was kept.",
        )


class UnknownName(BadInput, LookupError):
    """A name that stands for nothing here."""

    def __init__(self, kind: str, name: str, *, remedy: str = "") -> None:
        self.kind = kind
        self.name = name
        super().__init__(f"There is no {kind} {name!r}.", remedy=remedy)


class DifferencesFound(MailAdminError):
    """A check found differences where none were expected."""

    exit_code = 1

    def __init__(self, what: str, differences: Sequence[str], *, remedy: str = "") -> None:
        self.differences = tuple(differences)
        lines = "\n".join(f"  {difference}" for difference in self.differences)
        super().__init__(f"{what}\n{lines}", remedy=remedy)


class GateRefused(BadInput):
    """Text that may not travel in a message. It is refused, never repaired."""

    def __init__(self, field: str, what: str, *, remedy: str = "") -> None:
        self.field = field
        super().__init__(f"{field}: {what}", remedy=remedy)


class AddressRejected(GateRefused):
    """Not one plain address of the form local-part@domain."""


class HeaderRejected(GateRefused):
    """Text that could end its header, or mislead whoever reads it."""


class EncodedWordRejected(HeaderRejected):
    """Text that mail programs would decode a second time (RFC 2047)."""


class SerialisationMismatch(GateRefused):
    """What would go out, read back, is not what was meant."""


class Refused(MailAdminError, PermissionError):
    """The request was understood and is not carried out. Nothing was changed."""

    exit_code = 3


class Tampered(Refused):
    """A sealed or fingerprinted document is not as it was written."""


class StalePlan(Refused):
    """The store moved since the plan was made."""

    def __init__(self, moved: Sequence[str]) -> None:
        self.moved = tuple(moved)
        lines = "\n".join(f"  {row}" for row in self.moved)
        super().__init__(
            f"The plan is stale: the store changed since it was made.\n{lines}",
            remedy="Make the plan again and look at its effects before applying it.",
        )


class AlreadyApplied(Refused):
    """This very plan has been applied before."""


class PlanExpired(Refused):
    """The plan is too old to be applied without another look."""


class WrongStore(Refused):
    """The plan was made for another store."""


class NotConfirmed(Refused):
    """The first eight digits of the plan's hash were not given, or not these."""


class RollbackConflict(Refused):
    """Rows of the run were changed after it."""

    def __init__(self, conflicts: Sequence[str]) -> None:
        self.conflicts = tuple(conflicts)
        lines = "\n".join(f"  {row}" for row in self.conflicts)
        super().__init__(
            f"{len(self.conflicts)} row(s) cannot be taken back without losing what was done after this run:\n{lines}",
            remedy="Take back the others with --skip-conflicts, or undo the later run first.",
        )


class KeyNeeded(Refused):
    """A secret would have to be kept or read, and there is no key for it."""


class NotPermitted(Refused):
    """The user may not do this."""


class RecipientNotContact(Refused):
    """A portal's message names somebody who is no contact of the business partner."""

    def __init__(self, partner: str, foreign: Sequence[str]) -> None:
        self.partner = partner
        self.foreign = tuple(foreign)
        super().__init__(
            f"No contact of {partner}, or not an active one: {', '.join(self.foreign)}. Nothing was sent to anybody.",
            remedy="Choose among the active contacts of this business partner, or have the contact entered first.",
        )


class NotReady(Refused):
    """There is no service for this, or it is not filled in."""


class Unsupported(Refused):
    """The service cannot do what the message needs. Nothing was sent."""


class MailStopped(Refused):
    """All mail of this site is switched off."""


class TestModeBlocked(Refused):
    """Forced test mode wants mail sent and names nobody to send it to."""

    __test__ = False


class BulkRefused(Refused):
    """Bulk e-mail is not what this is for."""


class DraftChanged(Refused):
    """Not the draft, account or sender it was when it was kept."""


class Outcome(StrEnum):
    """What is known of a message when sending it failed."""

    RETRY = "retry"
    FAILED = "failed"
    UNKNOWN = "unknown"


class MailFailed(MailAdminError, ConnectionError):
    """The mail system or the network failed at a stage; `outcome` is what is known of the message."""

    exit_code = 4

    def __init__(
        self, stage: str, what: str, *, outcome: Outcome = Outcome.RETRY, code: int | None = None, remedy: str = ""
    ) -> None:
        self.stage = stage
        self.outcome = outcome
        self.code = code
        self.transcript: tuple[str, ...] = ()
        super().__init__(f"{stage}: {what}", remedy=remedy)


class StageTimeout(MailFailed, TimeoutError):
    """No answer in time."""


class ConnectionClosed(MailFailed):
    """The other side closed the connection."""


class ProtocolViolation(MailFailed):
    """The other side did not speak the protocol."""


class ReplyTooLarge(ProtocolViolation):
    """An answer without end."""


class TlsFailed(MailFailed):
    """No protected connection came about; nothing was sent in the clear instead."""


class TlsRequired(TlsFailed):
    """The server offers no TLS, or took it back."""


class TlsTooOld(TlsFailed):
    """The server knows nothing newer than TLS 1.1."""


class CertificateInvalid(TlsFailed):
    """The server's certificate does not prove that it is the server."""


class PlaintextAuthRefused(MailFailed):
    """The password would have gone out in the clear."""


class AuthFailed(MailFailed):
    """User name, password, application or secret were not accepted."""


class ServiceRefused(MailFailed):
    """The server understood and said no."""


class EndpointRefused(MailFailed):
    """A request would have left the chosen cloud."""


class StoreFailed(MailAdminError, OSError):
    """The store could not do what was asked. Unless the connection was lost in COMMIT, nothing was changed."""

    exit_code = 5


class StoreBusy(StoreFailed):
    """Somebody else is writing to the store."""


class NotAStore(StoreFailed):
    """A database that is not a mailadmin store."""


class StoreTooNew(StoreFailed):
    """A store written by a newer mailadmin."""
