"""What can go wrong on purpose: faults that are switched on from the page, a command or a seed.

Law: the same seed and the same order of calls strike the same calls.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from threading import Lock
from typing import NamedTuple

from ..errors import BadInput
from .refusals import GraphRefusal


class Fault(StrEnum):
    """A fault, by the name it has in commands."""

    BAD_LOGIN = "bad-login"
    REFUSED_SENDER = "refused-sender"
    REFUSED_RECIPIENT = "refused-recipient"
    GREYLISTED = "greylisted"
    THROTTLED = "throttled"
    THROTTLED_UNTIL = "throttled-until"
    UNAVAILABLE = "unavailable"
    SLOW = "slow"
    LOST_REPLY = "lost-reply"
    SENT_COPY_LATE = "sent-copy-late"
    TOKEN_EXPIRED = "token-expired"  # noqa: S105
    UPLOAD_RESET = "upload-reset"


class Effect(NamedTuple):
    """What a fault does. `amount` is what it is given unless somebody says otherwise, and `unit` what that counts."""

    title: str
    told: str
    unit: str = ""
    amount: int = 0


FAULTS: Mapping[Fault, Effect] = {
    Fault.BAD_LOGIN: Effect(
        "Login refused", "The right password is refused too: 535 5.7.8 by SMTP, AADSTS7000215 by Entra."
    ),
    Fault.REFUSED_SENDER: Effect(
        "Sender refused", "The sender may not send: 550 5.7.60 by SMTP, ErrorSendAsDenied by Graph."
    ),
    Fault.REFUSED_RECIPIENT: Effect(
        "Recipient refused",
        "A recipient is refused: 550 5.1.1 by SMTP, ErrorInvalidRecipients by Graph. 0 means every one.",
        "which recipient",
        0,
    ),
    Fault.GREYLISTED: Effect(
        "Greylisted",
        "Each recipient is put off a few times, 451 4.7.1, before the message is taken (SMTP).",
        "attempts",
        1,
    ),
    Fault.THROTTLED: Effect("Throttled", "Graph answers 429 and says for how long in seconds.", "seconds to wait", 5),
    Fault.THROTTLED_UNTIL: Effect(
        "Throttled until", "Graph answers 429 and says until when by a date.", "seconds from now", 5
    ),
    Fault.UNAVAILABLE: Effect("Not available", "Nothing is done: 421 4.3.2 by SMTP, 503 by Entra, Graph and uploads."),
    Fault.SLOW: Effect(
        "Slow", "Answers are late: to every call of Graph and every upload, and to MAIL FROM by SMTP.", "seconds", 3
    ),
    Fault.LOST_REPLY: Effect(
        "Reply lost", "The message is accepted, and the connection closed before the answer: sent, or not?"
    ),
    Fault.SENT_COPY_LATE: Effect(
        "Sent copy late", "What was sent still shows as a draft for so many looks (Graph).", "looks", 2
    ),
    Fault.TOKEN_EXPIRED: Effect(
        "Token expires midway", "Graph takes a token for so many calls only, then answers 401.", "calls", 2
    ),
    Fault.UPLOAD_RESET: Effect(
        "Upload cut", "The connection is reset at a chunk of an upload, and the chunk is not kept.", "which chunk", 2
    ),
}
"""TABLE: what each fault does, in the order of every list."""


class Switch(NamedTuple):
    """A fault that is on: its amount, how many times it is still to strike (None: until switched off), how often."""

    amount: int
    times: int | None
    share: float


def _always(amount: int) -> bool:
    return True


class Faults:
    """The switches, for every server of a sandbox. Safe to use from any thread."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = Lock()
        self._random = random.Random(seed)  # noqa: S311
        self._on: dict[Fault, Switch] = {}
        self._struck: Counter[Fault] = Counter()

    def switch_on(
        self, fault: Fault, amount: int | None = None, *, times: int | None = None, share: float = 1.0
    ) -> None:
        """Let a fault strike: until it is switched off or `times` over, every time or a `share` of the times.

        Raises BadInput for an amount below 0, fewer than one time or a share outside 0 to 1.
        """
        amount = FAULTS[fault].amount if amount is None else amount
        if amount < 0 or (times is not None and times < 1) or not 0 <= share <= 1:
            raise BadInput(
                f"The fault {fault} cannot be switched on like this: amount {amount}, times {times}, share {share}.",
                remedy="An amount is 0 or more, times 1 or more, a share from 0 to 1.",
            )
        with self._lock:
            self._on[fault] = Switch(amount, times, share)

    def switch_off(self, fault: Fault) -> None:
        """Let a fault strike no more."""
        with self._lock:
            self._on.pop(fault, None)

    def on(self) -> Mapping[Fault, Switch]:
        """The faults that are on."""
        with self._lock:
            return dict(self._on)

    def struck(self, fault: Fault) -> int:
        """How many times a fault has struck."""
        return self._struck[fault]

    def strike(self, fault: Fault, where: Callable[[int], bool] = _always) -> int | None:
        """The fault's amount if it strikes here and now, else None; `where` says by the amount whether it is here."""
        with self._lock:
            switch = self._on.get(fault)
            if switch is None or not where(switch.amount) or self._random.random() >= switch.share:
                return None
            self._struck[fault] += 1
            if switch.times == 1:
                del self._on[fault]
            elif switch.times is not None:
                self._on[fault] = switch._replace(times=switch.times - 1)
            return switch.amount


def interfere(faults: Faults, pause: Callable[[float], object], clock: Callable[[], datetime]) -> None:
    """Let the faults strike that can befall every call of Graph. Raises GraphRefusal where one refuses it."""
    if (seconds := faults.strike(Fault.SLOW)) is not None:
        pause(seconds)
    if faults.strike(Fault.UNAVAILABLE) is not None:
        raise GraphRefusal("ServiceUnavailable")
    if (seconds := faults.strike(Fault.THROTTLED)) is not None:
        raise _throttled(str(seconds))
    if (seconds := faults.strike(Fault.THROTTLED_UNTIL)) is not None:
        raise _throttled(format_datetime(clock() + timedelta(seconds=seconds), usegmt=True))


def _throttled(retry_after: str) -> GraphRefusal:
    return GraphRefusal("ApplicationThrottled", limit="RequestRate", headers={"Retry-After": retry_after})
