"""mailadmin's ways to send, as the measurements call them: prepared here, carried out by what is given back."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

import mailadmin
from mailadmin.bootstrap import App
from mailadmin.domain.messages import Address, Attachment, Message, Outgoing
from mailadmin.domain.profiles import SmtpProfile
from mailadmin.domain.services import Security
from mailadmin.providers.base import Unjournalled
from mailadmin.providers.mime import to_mime
from mailadmin.providers.smtp import SmtpProvider
from mailadmin.resolution.provenance import Context
from mailadmin.storage import outbox
from mailadmin.usecases import configuring, journalling, keeping, migrating, sending

from .letters import EHLO_NAME, FILE_NAME, RECIPIENT, SENDER, SUBJECT, Letter

Carry = Callable[[int], None]
"""Builds, or sends, so many messages."""

SITE = """\
format = "mailadmin-configuration/1"

[[cost_centres]]
code = "GLOBAL"
default_service = "SMTP"

[[users]]
user_id = "ann"
name = "Ann"

[[services]]
cost_centre = "GLOBAL"
service = "SMTP"
use_service = true
server = "127.0.0.1"
port = {port}
security = "None"
user_name = "no authentication"
sender_email = "{sender}"
"""


def build(letter: Letter, _port: int) -> Carry:
    """A message, from values to the bytes that go out."""

    def carry(times: int) -> None:
        for _ in range(times):
            to_mime(_outgoing(letter))

    return carry


def send(letter: Letter, port: int) -> Carry:
    """Build and hand over, a new connection each; without the outbox."""
    profile = SmtpProfile(
        server="127.0.0.1", port=port, security=Security.NONE, user_name=None, password=None, ehlo_name=EHLO_NAME
    )

    def carry(times: int) -> None:
        for _ in range(times):
            SmtpProvider(profile).send(_outgoing(letter), Unjournalled())

    return carry


def outbox_send(letter: Letter, port: int) -> Carry:
    """The use case: everything decided, three times kept in a store with a key, a new connection each."""
    app = _site(port)

    def carry(times: int) -> None:
        before = _sent(app)
        for _ in range(times):
            sending.send(app, _message(letter), Context(user="ann"))
        assert _sent(app) == before + times

    return carry


def _outgoing(letter: Letter) -> Outgoing:
    message = _message(letter)
    return Outgoing(
        message=message,
        sender=Address(SENDER),
        message_id=f"<{uuid.uuid4().hex}@kowhai.example>",
        date="2026-11-01T00:00:00+00:00",
        recipients=message.recipients,
    )


def _message(letter: Letter) -> Message:
    files = (Attachment(FILE_NAME, letter.pdf, "application/pdf"),) if letter.pdf else ()
    return Message(to=(Address(RECIPIENT),), subject=SUBJECT, text=letter.text, attachments=files)


def _site(port: int) -> App:
    folder = Path(tempfile.mkdtemp(prefix="mailadmin-benchmark-"))
    app = mailadmin.connect(folder / "mailadmin.db", environment={}, actor="benchmark")
    keeping.create_key(app)
    (folder / "site.toml").write_text(SITE.format(port=port, sender=SENDER))
    plan = configuring.plan_import(app, folder / "site.toml")
    migrating.apply(app, plan, plan.confirmation)
    return app


def _sent(app: App) -> int:
    with app.store.reading() as connection:
        return len(outbox.entries(connection, journalling.seal_of(app, connection), (outbox.State.SENT,)))
