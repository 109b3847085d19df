"""Sending by SMTP: the five security modes of MailKit, one sign-in, every recipient's own answer.

Laws: nothing falls back to clear text; a password never goes over an unprotected connection unless the service allows
it or the server is this machine; a refused recipient is told, not dropped. Source: MailKit SecureSocketOptions.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..domain.addresses import is_international
from ..domain.messages import Delivery, Outgoing, RecipientStatus
from ..domain.profiles import SmtpProfile, is_loopback
from ..domain.services import Security
from ..errors import MailFailed, Outcome, PlaintextAuthRefused, ServiceRefused, TlsRequired, Unsupported
from . import tls
from .base import Journal, Provider
from .capabilities import Ability, Capability
from .mime import to_mime
from .smtp_session import Session, in_words

TOO_MANY = 452
"""Too many recipients for one transaction (RFC 5321 4.5.3.1.10): the others come in the next."""


class Mail(NamedTuple):
    """What is handed over: envelope and bytes."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    international: bool


class Answers(NamedTuple):
    """What the server said: to every recipient, and to the message."""

    recipients: tuple[RecipientStatus, ...]
    said: str
    transcript: tuple[str, ...]


class Way(NamedTuple):
    """How the connection is made: port, TLS from the first byte, STARTTLS required or welcome."""

    port: int
    implicit: bool
    required: bool
    welcome: bool


def way(security: Security, port: int) -> Way:
    """MailKit's table: what a security mode does at a port; port 0 is the mode's standard port."""
    port = port or (465 if security is Security.SSL_ON_CONNECT else 25)
    if security is Security.SSL_ON_CONNECT or (security is Security.AUTO and port == 465):
        return Way(port, True, False, False)
    required = security is Security.START_TLS
    return Way(port, False, required, required or security in {Security.AUTO, Security.START_TLS_WHEN_AVAILABLE})


class SmtpProvider(Provider[Mail, Answers]):
    """One SMTP account."""

    name = "SMTP"
    ABILITY = Ability(
        frozenset(Capability) - {Capability.DRAFT, Capability.SENT_ITEMS, Capability.INTERNATIONAL},
    )

    def __init__(self, profile: SmtpProfile) -> None:
        self.profile = profile

    @property
    def ability(self) -> Ability:
        """Addresses outside ASCII are a setting of the service."""
        extra = {Capability.INTERNATIONAL} if self.profile.smtputf8 else set()
        return Ability(self.ABILITY.can | extra)

    def build(self, outgoing: Outgoing) -> Mail:
        """Envelope from our own list, never from headers."""
        message = outgoing.message
        recipients = tuple(a.email for a in outgoing.recipients)
        shown = (a.email for a in (outgoing.sender, *message.to, *message.cc, *message.reply_to))
        international = any(map(is_international, (*recipients, *shown)))
        return Mail(outgoing.sender.email, recipients, to_mime(outgoing), international)

    def post(self, built: Mail, journal: Journal) -> Answers:
        """One connection, one transaction."""
        profile = self.profile
        session = Session(profile.server, ehlo_name=profile.ehlo_name, deadline=profile.deadline)
        try:
            connect(session, profile)
            sign_in(session, profile)
            return _transact(session, built, journal)
        except MailFailed as error:
            error.transcript = tuple(session.transcript)
            raise
        finally:
            session.leave()

    def parse(self, posted: Answers, outgoing: Outgoing) -> Delivery:
        """Accepted for those whose answer was 2xx."""
        return Delivery(
            account=self.profile.account,
            recipients=posted.recipients,
            said=posted.said,
            transcript=posted.transcript,
        )


def connect(session: Session, profile: SmtpProfile) -> None:
    """Connect as the security mode says. Raises TlsRequired, CertificateInvalid, … and never falls back."""
    chosen = way(profile.security, profile.port)
    context = None
    if chosen.implicit or chosen.welcome:
        context = tls.shared_context(profile.ca_file, pinned=bool(profile.pinned_certificate))
    session.open(chosen.port, context if chosen.implicit else None, profile.pinned_certificate)
    session.greet()
    offered = session.offers("starttls") is not None
    if context is not None and chosen.welcome and offered:
        session.upgrade(context, profile.pinned_certificate)
    elif chosen.required or (chosen.welcome and not session.does_esmtp):
        raise TlsRequired(
            session.stage,
            f"{profile.server} does not offer STARTTLS at port {chosen.port}.",
            outcome=Outcome.FAILED,
            remedy="Check the port (587), or use SslOnConnect with port 465. Nothing was sent in the clear.",
        )


def sign_in(session: Session, profile: SmtpProfile) -> None:
    """Sign in where the account has a user. Raises PlaintextAuthRefused before a byte of it, AuthFailed."""
    if profile.user_name is None or profile.password is None:
        return
    if not (session.protected or profile.clear_text_auth or is_loopback(profile.server)):
        raise PlaintextAuthRefused(
            "AUTH",
            f"the connection to {profile.server} is not protected, so the password was not sent.",
            outcome=Outcome.FAILED,
            remedy="Choose StartTls or SslOnConnect; or allow it for this service (smtp.clear_text_auth).",
        )
    with profile.password.reveal() as password:
        session.sign_in(profile.user_name, password)


def _transact(session: Session, mail: Mail, journal: Journal) -> Answers:
    _mail_from(session, mail)
    statuses = _rcpt_to(session, mail.recipients)
    if not any(status.accepted for status in statuses):
        return Answers(statuses, "no recipient was accepted; nothing was sent", tuple(session.transcript))
    journal.sending()
    session.stage = "DATA"
    code, said = session.docmd("DATA")
    if code != 354:
        session.refused(code, said)
    code, said = session.transmit(mail.raw)
    if not 200 <= code < 300:
        session.refused(code, said)
    return Answers(statuses, f"{code} {in_words(said)}", tuple(session.transcript))


def _mail_from(session: Session, mail: Mail) -> None:
    session.stage = "MAIL FROM"
    size = session.offers("size") or ""
    limit = int(size) if re.fullmatch(r"[0-9]{1,18}", size) else 0
    if 0 < limit < len(mail.raw):
        raise ServiceRefused(
            session.stage,
            f"the message has {len(mail.raw):,} bytes, {session.server} takes {limit:,}.",
            outcome=Outcome.FAILED,
            code=552,
            remedy="Send fewer or smaller attachments.",
        )
    options = [f"SIZE={len(mail.raw)}"] if session.offers("size") is not None else []
    if mail.international:
        if session.offers("smtputf8") is None:
            raise Unsupported(
                f"{session.server} takes no addresses outside ASCII (SMTPUTF8).",
                remedy="Nothing was sent. Use an address with a plain part before @.",
            )
        options += ["SMTPUTF8", "BODY=8BITMIME"]
    code, said = session.docmd("MAIL", " ".join([f"FROM:<{mail.sender}>", *options]))
    if code != 250:
        session.refused(code, said)


def _rcpt_to(session: Session, recipients: tuple[str, ...]) -> tuple[RecipientStatus, ...]:
    session.stage = "RCPT TO"
    statuses: list[RecipientStatus] = []
    for place, recipient in enumerate(recipients):
        code, said = session.docmd("RCPT", f"TO:<{recipient}>")
        if code == 421 or 300 <= code < 400:
            session.refused(code, said)
        statuses.append(RecipientStatus(recipient, code, in_words(said)))
        if code == TOO_MANY and any(status.accepted for status in statuses):
            left = recipients[place + 1 :]
            statuses += [RecipientStatus(other, TOO_MANY, "not tried: too many recipients at once") for other in left]
            break
    return tuple(statuses)
