"""Microsoft Graph, as far as mail goes out by it: tokens, permissions, throttling, and which call is whose.

Laws: nothing is done before token, permission and mailbox are in order; a refused call changes nothing. What the calls
do stands in `messages`, `sending`, `attachments` and `folders`.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import NamedTuple

from . import attachments, calendar, folders, messages, sending
from .calls import MOST_BYTES, Call
from .exchange import Actor, Exchange
from .faults import Faults, interfere
from .listener import Hangup, Reply, Request
from .refusals import ACCESS_DENIED, POLICY_DENIED, GraphRefusal
from .tokens import Grant, Tokens

MOST_AT_ONCE = 4
"""So many calls of one application are answered at a time (Microsoft's throttling limits)."""

_READ, _WRITE, _SEND = {"Mail.Read", "Mail.ReadWrite"}, {"Mail.ReadWrite"}, {"Mail.Send"}
_USERS = {"User.Read.All", "User.ReadWrite.All", "Directory.Read.All"}
_CALENDAR, _CALENDAR_WRITE = {"Calendars.Read", "Calendars.ReadWrite"}, {"Calendars.ReadWrite"}
_MESSAGE, _FOLDER, _EVENT = "users/*/messages/*", "users/*/mailFolders/*", "users/*/events/*"


class Route(NamedTuple):
    """A call: method, path below the version (a star is a name), permissions of which one is enough, what it does."""

    method: str
    path: str
    roles: set[str]
    answer: Callable[..., Reply | Hangup]


ROUTES: tuple[Route, ...] = (
    Route("GET", "users/*", _USERS, folders.user),
    Route("GET", "users/*/mailFolders", _READ, folders.list_folders),
    Route("GET", _FOLDER, _READ, folders.get),
    Route("GET", f"{_FOLDER}/messages", _READ, folders.list_messages),
    Route("POST", f"{_FOLDER}/messages", _WRITE, messages.create),
    Route("GET", "users/*/messages", _READ, folders.list_messages),
    Route("POST", "users/*/messages", _WRITE, messages.create),
    Route("GET", _MESSAGE, _READ, messages.get),
    Route("PATCH", _MESSAGE, _WRITE, messages.update),
    Route("DELETE", _MESSAGE, _WRITE, messages.delete),
    Route("GET", f"{_MESSAGE}/$value", _READ, messages.mime),
    Route("POST", f"{_MESSAGE}/send", _SEND, sending.send),
    Route("POST", "users/*/sendMail", _SEND, sending.send_mail),
    Route("GET", f"{_MESSAGE}/attachments", _READ, attachments.list_attachments),
    Route("POST", f"{_MESSAGE}/attachments", _WRITE, attachments.attach),
    Route("POST", f"{_MESSAGE}/attachments/createUploadSession", _WRITE, attachments.create_upload_session),
    Route("GET", f"{_MESSAGE}/attachments/*", _READ, attachments.get),
    Route("DELETE", f"{_MESSAGE}/attachments/*", _WRITE, attachments.detach),
    Route("GET", "users/*/events", _CALENDAR, calendar.list_events),
    Route("POST", "users/*/events", _CALENDAR_WRITE, calendar.enter),
    Route("GET", _EVENT, _CALENDAR, calendar.get),
    Route("PATCH", _EVENT, _CALENDAR_WRITE, calendar.change),
    Route("DELETE", _EVENT, _CALENDAR_WRITE, calendar.delete),
)
"""TABLE: the calls that are emulated."""


class Graph:
    """The Graph host. `uploads` is the host large files go to; `pause` waits so many seconds. For any thread."""

    def __init__(
        self,
        exchange: Exchange,
        tokens: Tokens,
        faults: Faults,
        *,
        uploads: str,
        pause: Callable[[float], object],
    ) -> None:
        self._exchange = exchange
        self._tokens = tokens
        self._faults = faults
        self._uploads = uploads
        self._pause = pause
        self._lock = Lock()
        self._busy: Counter[str] = Counter()

    def answer(self, request: Request) -> Reply | Hangup:
        """The reply to a request."""
        traced = {
            "request-id": str(uuid.uuid4()),
            "client-request-id": request.header("client-request-id") or str(uuid.uuid4()),
        }
        try:
            grant = self._tokens.grant(request.header("Authorization"))
            with self._one_of_few(grant):
                interfere(self._faults, self._pause, self._exchange.clock)
                reply = self._called(request, grant)
        except GraphRefusal as refused:
            reply = refused.reply(self._exchange.clock(), traced)
        return Reply(reply.status, reply.body, traced | dict(reply.headers)) if isinstance(reply, Reply) else reply

    @contextmanager
    def _one_of_few(self, grant: Grant) -> Iterator[None]:
        client = grant.application.client_id
        with self._lock:
            if self._busy[client] >= MOST_AT_ONCE:
                raise GraphRefusal("ApplicationThrottled", limit="MailboxConcurrency", headers={"Retry-After": "1"})
            self._busy[client] += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy[client] -= 1

    def _called(self, request: Request, grant: Grant) -> Reply | Hangup:
        if request.length is None:
            raise GraphRefusal("LengthRequired")
        if request.length > MOST_BYTES:
            raise GraphRefusal("RequestEntityTooLarge")
        route, (user, *names) = _routed(request)
        if not route.roles & grant.application.roles:
            if route.roles == _USERS:
                raise GraphRefusal("Authorization_RequestDenied")
            raise GraphRefusal("ErrorAccessDenied", ACCESS_DENIED)
        actor = _actor(grant, user)
        call = Call(request, actor, self._exchange, self._faults, f"https://{request.header('Host')}", self._uploads)
        with self._exchange.lock:
            return route.answer(call, *names)


def _routed(request: Request) -> tuple[Route, list[str]]:
    """The route of a request, and the names in its path."""
    version, *path = request.segments
    if version == "v1.0" and path[:1] == ["me"]:
        raise GraphRefusal("BadRequest", "/me request is only valid with delegated authentication flow.")
    for route in ROUTES if version == "v1.0" else ():
        parts = route.path.split("/")
        if route.method == request.method and len(parts) == len(path) and all(map(_fits, parts, path)):
            return route, [name for part, name in zip(parts, path, strict=True) if part == "*"]
    raise GraphRefusal("BadRequest", f"Resource not found for the segment '{'/'.join(path)}'.")


def _fits(part: str, name: str) -> bool:
    return part == name or (part == "*" and name not in ("", ".", "..", "$value", "createUploadSession"))


def _actor(grant: Grant, user: str) -> Actor:
    mailbox = grant.tenant.mailbox(user)
    if mailbox is None:
        raise GraphRefusal("ErrorInvalidUser", user=user)
    if not mailbox.hosted:
        raise GraphRefusal("MailboxNotEnabledForRESTAPI")
    if not grant.application.reaches(mailbox):
        raise GraphRefusal("ErrorAccessDenied", POLICY_DENIED)
    return Actor(grant.application, mailbox)
