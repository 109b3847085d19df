"""What SMTP servers say: cause and remedy of replies people meet. RFC 5321, 4954, 3463; Exchange Online's own."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import AuthFailed, MailFailed, Outcome, ServiceRefused


class Meaning(NamedTuple):
    """A reply that is known: what it means and what to do."""

    pattern: str
    meaning: str
    remedy: str


REPLIES: tuple[Meaning, ...] = (
    Meaning(
        r"^5.. 5\.7\.30",
        "Exchange Online no longer takes a user name and password for SMTP",
        "Use the Exchange service (an application with a client secret) for this account.",
    ),
    Meaning(
        r"^5.. 5\.7\.139.*(?:SmtpClientAuthentication is disabled)",
        "SMTP AUTH is switched off for this tenant or mailbox",
        "An Exchange administrator can allow it: Set-CASMailbox -SmtpClientAuthenticationDisabled $false.",
    ),
    Meaning(
        r"^5.. 5\.7\.139.*security defaults",
        "the tenant's security defaults forbid SMTP AUTH",
        "Use the Exchange service, or have security defaults replaced by Conditional Access.",
    ),
    Meaning(
        r"^5.. 5\.7\.139", "the tenant's policy did not let this sign-in through", "Ask the tenant's administrator."
    ),
    Meaning(
        r"^5.. 5\.7\.57",
        "the server wants a signed-in client, and nobody signed in",
        "Enter user name and password; for Exchange Online use port 587 with StartTls.",
    ),
    Meaning(
        r"SendAsDenied|5\.2\.252|5\.7\.60",
        "the account may not send as this From address",
        "Have Send As granted on that mailbox in Exchange, or send as the account itself.",
    ),
    Meaning(r"^5.. 5\.7\.3\b", "user name or password are wrong", "Enter them again in the Cost Centre's service."),
    Meaning(r"^5.. 5\.7\.8\b", "user name or password are wrong", "Enter them again in the Cost Centre's service."),
    Meaning(r"^530.*STARTTLS", "the server wants TLS first", "Choose StartTls or SslOnConnect."),
    Meaning(r"^530\b", "the server wants a signed-in client", "Enter user name and password of the service."),
    Meaning(r"^534\b", "the way of signing in is too weak for this server", "Ask whoever runs it which one it wants."),
    Meaning(r"^535\b", "user name or password are wrong", "Enter them again in the Cost Centre's service."),
    Meaning(r"^538\b", "the server wants TLS before anybody signs in", "Choose StartTls or SslOnConnect."),
    Meaning(r"^454\b", "signing in does not work just now", "Try again later."),
    Meaning(r"^421\b", "the server is closing or too busy", "Try again later."),
    Meaning(r"^45[0-2]\b", "the server cannot take it just now", "Try again later; greylisting takes some minutes."),
    Meaning(r"^552\b", "the message is larger than the server takes", "Send fewer or smaller attachments."),
    Meaning(r"^5.. 5\.1\.[0-3]|^550\b", "the server does not know or take this address", "Check how it is written."),
    Meaning(r"^554\b", "the server refused it", "Its own words say why; ask whoever runs it."),
)
"""TABLE: the first that fits counts; patterns are looked for in `<code> <text>`."""


def meaning_of(code: int, said: str) -> Meaning | None:
    """What a reply means, where it is known."""
    line = f"{code} {said}"
    return next((known for known in REPLIES if re.search(known.pattern, line)), None)


def outcome_of(code: int) -> Outcome:
    """4xx may be tried again, 5xx not (RFC 5321 4.2.1)."""
    return Outcome.RETRY if 400 <= code < 500 else Outcome.FAILED


def refusal(stage: str, server: str, code: int, said: str) -> MailFailed:
    """The error a refusing reply stands for."""
    known = meaning_of(code, said)
    what = f"{known.meaning} ({server} said {code} {said})." if known else f"{server} said {code} {said}."
    kind = AuthFailed if stage == "AUTH" or code in {530, 534, 535, 538} else ServiceRefused
    return kind(stage, what, outcome=outcome_of(code), code=code, remedy=known.remedy if known else "")
