"""The host large attachments are uploaded to.

Laws (Microsoft: Attach large files to Outlook messages or events): chunks come in order, each of at most 4 MB; the
address is the credential, and an Authorization header is refused here, so that a client that sends one is found out.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from .calls import MOST_BYTES
from .exchange import Actor, Exchange, Item, Upload
from .faults import Fault, Faults, interfere
from .listener import Hangup, Reply, Request
from .messages import time
from .reading import Part
from .refusals import GraphRefusal

_RANGE = re.compile(r"bytes ([0-9]{1,12})-([0-9]{1,12})/([0-9]{1,12})")
_LIFE = timedelta(days=2)


def begun(exchange: Exchange, actor: Actor, item: Item, part: Part, size: int, *, host: str) -> dict[str, Any]:
    """A new upload session for a file of a draft, as Graph tells of it."""
    token = secrets.token_urlsafe(32)
    upload = exchange.uploads[token] = Upload(actor, item, part, size)
    users = f"{host}/api/v2.0/Users('{actor.mailbox.id}')"
    url = f"{users}/Messages('{item.id(immutable=True)}')/AttachmentSessions('{token[:16]}')?authtoken={token}"
    return {"uploadUrl": url, **_told(upload, exchange), "nextExpectedRanges": ["0-"]}


class Uploads:
    """The upload host. For any thread."""

    def __init__(self, exchange: Exchange, faults: Faults, pause: Callable[[float], object]) -> None:
        self._exchange = exchange
        self._faults = faults
        self._pause = pause

    def answer(self, request: Request) -> Reply | Hangup:
        """The reply to a request."""
        try:
            interfere(self._faults, self._pause, self._exchange.clock)
            with self._exchange.lock:
                return self._answered(request)
        except GraphRefusal as refused:
            return refused.reply(self._exchange.clock(), {})

    def _answered(self, request: Request) -> Reply | Hangup:
        if request.header("Authorization"):
            raise GraphRefusal("InvalidAuthenticationToken", "An upload has no Authorization header.")
        token = request.query.get("authtoken", "")
        upload = self._exchange.uploads.get(token)
        if upload is None or not upload.item.is_draft:
            raise GraphRefusal("InvalidUploadSession")
        match request.method:
            case "GET":
                return Reply.of(200, _told(upload, self._exchange))
            case "DELETE":
                del self._exchange.uploads[token]
                return Reply(204)
            case "PUT":
                return self._put(upload, token, request)
        raise GraphRefusal("BadRequest", "An upload session knows GET, PUT and DELETE.")

    def _put(self, upload: Upload, token: str, request: Request) -> Reply | Hangup:
        _check_chunk(upload, request)
        if self._faults.strike(Fault.UPLOAD_RESET, lambda which: which == upload.chunks + 1) is not None:
            return Hangup.RESET
        upload.chunks += 1
        upload.received += request.body
        if len(upload.received) < upload.size:
            return Reply.of(200, _told(upload, self._exchange))
        del self._exchange.uploads[token]
        file = self._exchange.attach(upload.actor, upload.item, replace(upload.part, content=bytes(upload.received)))
        path = request.path.partition("/AttachmentSessions(")[0]
        return Reply(201, headers={"Location": f"https://{request.header('Host')}{path}/Attachments('{file}')"})


def _check_chunk(upload: Upload, request: Request) -> None:
    if request.length is None:
        raise GraphRefusal("LengthRequired")
    if request.length > MOST_BYTES:
        raise GraphRefusal("RequestEntityTooLarge")
    matched = _RANGE.fullmatch(request.header("Content-Range"))
    if matched is None:
        raise GraphRefusal("InvalidRange", "The Content-Range header is missing or malformed.")
    first, last, size = map(int, matched.groups())
    if (first, last - first + 1, size) != (len(upload.received), request.length, upload.size) or last >= size:
        raise GraphRefusal("InvalidRange", f"The next range expected is {len(upload.received)}-, of {upload.size}.")


def _told(upload: Upload, exchange: Exchange) -> dict[str, Any]:
    return {
        "expirationDateTime": time(exchange.clock() + _LIFE),
        "nextExpectedRanges": [str(len(upload.received))],
    }
