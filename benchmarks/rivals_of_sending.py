"""The rivals: smtplib, aiosmtplib, redmail and Postfix's smtp-source, each as its manual says and with what helps it.

No side looks its own host name up, verifies anything or signs in; each builds every message anew, but for smtp-source,
which repeats one it never built.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from email import policy
from email.message import EmailMessage
from smtplib import SMTP
from typing import Any

from .letters import EHLO_NAME, FILE_NAME, RECIPIENT, SENDER, SUBJECT, Letter
from .senders import Carry


def smtplib_build(letter: Letter, _port: int) -> Carry:
    def carry(times: int) -> None:
        for _ in range(times):
            _email(letter).as_bytes(policy=policy.SMTP)

    return carry


def smtplib_send(letter: Letter, port: int) -> Carry:
    def carry(times: int) -> None:
        for _ in range(times):
            with SMTP("127.0.0.1", port, local_hostname=EHLO_NAME) as session:
                session.send_message(_email(letter))

    return carry


def smtplib_one_connection(letter: Letter, port: int) -> Carry:
    def carry(times: int) -> None:
        with SMTP("127.0.0.1", port, local_hostname=EHLO_NAME) as session:
            for _ in range(times):
                session.send_message(_email(letter))

    return carry


def aiosmtplib_send(letter: Letter, port: int) -> Carry:
    import aiosmtplib

    async def sent(times: int) -> None:
        for _ in range(times):
            await aiosmtplib.send(
                _email(letter), hostname="127.0.0.1", port=port, start_tls=False, local_hostname=EHLO_NAME
            )

    return lambda times: asyncio.run(sent(times))


def redmail_build(letter: Letter, port: int) -> Carry:
    sender = _redmail(port)

    def carry(times: int) -> None:
        for _ in range(times):
            sender.get_message(**_asked_of_redmail(letter)).as_bytes(policy=policy.SMTP)

    return carry


def redmail_send(letter: Letter, port: int) -> Carry:
    sender = _redmail(port)

    def carry(times: int) -> None:
        for _ in range(times):
            sender.send(**_asked_of_redmail(letter))

    return carry


def smtp_source(letter: Letter, port: int) -> Carry:
    """As many bytes as the message has on its way; what it sends holds nothing."""
    program = shutil.which("smtp-source") or "smtp-source"
    size = str(len(_email(letter).as_bytes(policy=policy.SMTP)))
    common = [program, "-4", "-M", EHLO_NAME, "-f", SENDER, "-t", RECIPIENT, "-l", size, "-s", "1"]

    def carry(times: int) -> None:
        subprocess.run([*common, "-m", str(times), f"127.0.0.1:{port}"], check=True)

    return carry


def _email(letter: Letter) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, RECIPIENT, SUBJECT
    message.set_content(letter.text)
    if letter.pdf:
        message.add_attachment(letter.pdf, maintype="application", subtype="pdf", filename=FILE_NAME)
    return message


def _redmail(port: int) -> Any:
    from redmail import EmailSender

    return EmailSender(host="127.0.0.1", port=port, use_starttls=False, local_hostname=EHLO_NAME)


def _asked_of_redmail(letter: Letter) -> dict[str, Any]:
    asked = {"subject": SUBJECT, "sender": SENDER, "receivers": [RECIPIENT], "text": letter.text}
    return {**asked, "attachments": {FILE_NAME: letter.pdf}} if letter.pdf else asked
