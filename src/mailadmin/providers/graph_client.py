"""Requests to Microsoft Graph for one mailbox: token, throttling, patience; what a request means is not known here.

Laws: at most four requests at once per application (Outlook's limit); what Graph asks us to wait is waited, up to two
minutes; a request that may not be repeated blindly is not repeated here.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ..domain import addresses
from ..domain.profiles import ExchangeProfile, is_guid
from ..errors import ConnectionClosed, MailFailed, Outcome, ProtocolViolation, ServiceRefused
from . import entra
from .graph_errors import refusal
from .http import Answer, Gate, segment

AT_ONCE = 4
"""Requests in flight per application (Graph throttling limits, Outlook service)."""

LONGEST_WAIT = 120.0
"""Seconds: whoever is asked to wait longer is told when to come back."""

_LONGEST_BACK_OFF = 32.0
_TRIES = 5
_SEMAPHORES: dict[str, threading.BoundedSemaphore] = {}
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Clock:
    """Time, so that tests need not wait for it."""

    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def semaphore(client_id: str) -> threading.BoundedSemaphore:
    """The one that counts an application's requests in flight."""
    with _LOCK:
        return _SEMAPHORES.setdefault(client_id, threading.BoundedSemaphore(AT_ONCE))


class GraphClient:
    """A mailbox as an application sees it; use it as a context manager. Raises BadInput for what is no mailbox."""

    def __init__(self, profile: ExchangeProfile, clock: Clock | None = None) -> None:
        self.profile = profile
        self.clock = clock or Clock()
        self.transcript: list[str] = []
        hosts = frozenset({profile.hosts.graph, *profile.hosts.uploads})
        self._gate = Gate(hosts, ca_file=profile.ca_file, deadline=profile.deadline)
        if not is_guid(profile.mailbox):
            addresses.address(profile.mailbox, "mailbox")
        self._root = f"https://{profile.hosts.graph}/v1.0/users/{segment(profile.mailbox)}"
        self._token: str | None = None

    def __enter__(self) -> GraphClient:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        self._gate.close()
        if isinstance(error, MailFailed):
            error.transcript = tuple(self.transcript)

    @property
    def token(self) -> str:
        """The access token, asked for when it is first needed. Raises AuthFailed."""
        if self._token is None:
            self._token = entra.token(self.profile)
            self.transcript.append(f"signed in at {self.profile.hosts.login} as application {self.profile.client_id}")
        return self._token

    def call(
        self,
        method: str,
        *path: str,
        stage: str,
        json_body: Any = None,
        query: Mapping[str, str] | None = None,
        repeat: bool = True,
    ) -> Answer:
        """One request to the mailbox; its answer, whatever it says, once Graph no longer asks us to wait.

        A throttled request (429) was not carried out and is repeated. With `repeat`, so is one that failed at the
        server or got none. A token that is no longer accepted is renewed once. Raises MailFailed.
        """
        url = "/".join([self._root, *map(segment, path)])
        body = b"" if json_body is None else json.dumps(json_body, ensure_ascii=False).encode()
        headers = {"Prefer": 'IdType="ImmutableId"', **({"Content-Type": "application/json"} if body else {})}
        renewed = False
        for attempt in range(_TRIES):
            authorised = {**headers, "Authorization": f"Bearer {self.token}"}
            try:
                answer = self._once(method, url, authorised, body, query)
            except (ConnectionClosed, ProtocolViolation):
                if not repeat or attempt == _TRIES - 1:
                    raise
                self.wait(stage, attempt)
                continue
            if answer.status == 401 and not renewed:
                challenge = answer.headers.get("WWW-Authenticate", "")
                renewed, self._token = True, entra.token(self.profile, renew=True, challenge=challenge)
            elif attempt < _TRIES - 1 and (answer.status == 429 or (repeat and not answer.settled)):
                self.wait(stage, attempt, answer)
            else:
                break
        return answer

    def put(self, upload_url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """One piece to an upload session: its address is the authorisation, so the token stays here."""
        return self._once("PUT", upload_url, headers, body, None, shown="(upload session)")

    def upload_state(self, upload_url: str) -> Answer:
        """What an upload session still expects."""
        return self._once("GET", upload_url, {}, None, None, shown="(upload session)")

    def expect(self, answer: Answer, stage: str, outcome: Outcome | None = None) -> dict[str, Any]:
        """The answer's JSON. Raises what a refusing answer means."""
        if not answer.ok:
            raise refusal(stage, answer, outcome=outcome)
        return answer.json()

    def _once(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        query: Mapping[str, str] | None,
        *,
        shown: str = "",
    ) -> Answer:
        with semaphore(self.profile.client_id):
            answer = self._gate.request(method, url, headers=headers, body=body, query=query)
        self.transcript.append(f"{method} {shown or url.removeprefix(self._root) or '/'}: {answer.status}")
        return answer

    def wait(self, stage: str, attempt: int, answer: Answer | None = None) -> None:
        """Wait as long as an answer asks, or longer with every attempt. Raises ServiceRefused for too long."""
        asked = retry_after(answer.headers.get("Retry-After", ""), self.clock.now()) if answer else None
        seconds = _back_off(attempt) if asked is None else asked
        if seconds > LONGEST_WAIT:
            raise ServiceRefused(
                stage,
                f"Microsoft Graph asks to wait {seconds:,.0f} seconds.",
                code=answer.status if answer else None,
                remedy="Nothing was sent. Try again after that time.",
            )
        self.clock.sleep(seconds)


def retry_after(text: str, now: datetime) -> float | None:
    """Seconds from a Retry-After header: digits, or a date (RFC 9110 10.2.3); None for anything else."""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - now).total_seconds())


def _back_off(attempt: int) -> float:
    return min(2.0**attempt, _LONGEST_BACK_OFF) * (0.5 + random.random() / 2)  # noqa: S311 - jitter, no secret
