"""The attachments of a draft: small ones in a request each, large ones by upload session, in pieces.

Laws: attachments are added in order, so their number tells how far it got; pieces go in order, are resumed where the
server says, and an attachment that is there is never uploaded again.
Source: Graph documentation, outlook-large-attachments: 3 to 150 MB, each piece at most 4 MB.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..domain.messages import Attachment
from ..errors import (
    ConnectionClosed,
    DraftChanged,
    MailFailed,
    Outcome,
    ProtocolViolation,
    ServiceRefused,
    StageTimeout,
)
from .graph_client import GraphClient
from .graph_errors import refusal
from .graph_resources import attachment_item, file_attachment, objects
from .http import Answer

SESSION_FROM = 3_000_000
"""Bytes from which an attachment needs a session."""

PIECE = 3_932_160
"""Bytes of a piece: a multiple of 320 KiB below 4 MB, as Microsoft's own libraries send."""

_MOST_RESUMES = 8
_STAGE = "attachment"
_RANGE = re.compile(r"([0-9]{1,12})(?:-[0-9]{0,12})?")
_SESSION_OVER = frozenset({404, 409, 410, 416})
"""What a session answers that is no more, or is elsewhere: a later try gets a new one."""


def attach(client: GraphClient, draft: str, attachments: Sequence[Attachment], done: int = 0) -> None:
    """Add to a draft all attachments but the first `done`. Raises MailFailed."""
    for count in range(done + 1, len(attachments) + 1):
        if len(attachments[count - 1].content) >= SESSION_FROM:
            upload(client, draft, attachments[:count])
        else:
            resource = file_attachment(attachments[count - 1])
            path = ("messages", draft, "attachments")
            client.expect(client.call("POST", *path, stage=_STAGE, json_body=resource, repeat=False), _STAGE)


def attached(client: GraphClient, draft: str, attachments: Sequence[Attachment]) -> int:
    """How many of the attachments, in their order, a draft holds. Raises DraftChanged where it holds others."""
    there = _there(client, draft)
    if not _are(there, attachments[: len(there)]):
        raise DraftChanged(
            "The draft was changed in the mailbox: the attachments.",
            remedy="Send it from the mailbox itself, or write the message anew here.",
        )
    return len(there)


def upload(client: GraphClient, draft: str, attachments: Sequence[Attachment]) -> None:
    """Upload the last of the attachments to a draft that holds the others. Raises MailFailed."""
    content = attachments[-1].content
    address = _session(client, draft, attachments[-1])
    start = resumes = 0
    while start < len(content):
        end = min(start + PIECE, len(content))
        answer, failure = _put(client, address, content, start, end)
        if failure is None:
            if answer is None or answer.status == 201:
                return
            start = _next_start(answer.json(), end, start + 1, end)
        elif resumes < _MOST_RESUMES and _may_resume(answer, failure):
            client.wait(_STAGE, resumes, answer)
            resumes += 1
            if _are(_there(client, draft), attachments):
                return
            start = _resumed(client, address, start, end)
        else:
            raise failure
    if not _are(_there(client, draft), attachments):
        name = attachments[-1].name
        raise ServiceRefused(_STAGE, f"{name} did not arrive whole.", remedy="Nothing was sent. Try again.")


def _session(client: GraphClient, draft: str, attachment: Attachment) -> str:
    path = ("messages", draft, "attachments", "createUploadSession")
    answer = client.call("POST", *path, stage=_STAGE, json_body=attachment_item(attachment))
    address = client.expect(answer, _STAGE).get("uploadUrl")
    if not isinstance(address, str):
        raise ServiceRefused(_STAGE, "Microsoft Graph gave no address to upload to.", remedy="Try again.")
    return address


def _put(
    client: GraphClient, address: str, content: bytes, start: int, end: int
) -> tuple[Answer | None, MailFailed | None]:
    """The answer to a piece, if any, and what is wrong, if anything."""
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Range": f"bytes {start}-{end - 1}/{len(content)}",
    }
    try:
        answer = client.put(address, content[start:end], headers)
    except MailFailed as failure:
        return None, failure
    if answer.ok:
        return answer, None
    return answer, refusal(_STAGE, answer, outcome=Outcome.RETRY if answer.status in _SESSION_OVER else None)


def _may_resume(answer: Answer | None, failure: MailFailed) -> bool:
    if answer is None:
        return isinstance(failure, ConnectionClosed | ProtocolViolation | StageTimeout)
    return answer.status == 429 or not answer.settled


def _resumed(client: GraphClient, address: str, start: int, end: int) -> int:
    """Where the server wants to go on, as far as it can be asked."""
    try:
        answer = client.upload_state(address)
    except MailFailed:
        return start
    return _next_start(answer.json(), start, 0, end) if answer.ok else start


def _next_start(state: dict[str, Any], otherwise: int, least: int, most: int) -> int:
    """The first byte a session expects: one that was not sent before its turn, and none that leaves a hole."""
    ranges = state.get("nextExpectedRanges")
    if ranges is None:
        return otherwise
    found = _RANGE.fullmatch(str(ranges[0])) if isinstance(ranges, list) and ranges else None
    if found is None or not least <= int(found[1]) <= most:
        raise ProtocolViolation(_STAGE, "the upload session expects what cannot be.", outcome=Outcome.RETRY)
    return int(found[1])


def _there(client: GraphClient, draft: str) -> list[tuple[str, int]]:
    """Names and sizes of the attachments of a draft; Graph does not page them."""
    path = ("messages", draft, "attachments")
    answer = client.call("GET", *path, stage=_STAGE, query={"$select": "name,size"})
    found = objects(client.expect(answer, _STAGE), "value")
    return [(str(a.get("name")), size if isinstance(size := a.get("size"), int) else 0) for a in found]


def _are(there: list[tuple[str, int]], attachments: Sequence[Attachment]) -> bool:
    """Whether these are the attachments; Exchange counts its own overhead into a size."""
    wanted = sorted((a.name, len(a.content)) for a in attachments)
    pairs = zip(sorted(there), wanted, strict=False)
    return len(there) == len(wanted) and all(a[0] == b[0] and a[1] >= b[1] for a, b in pairs)
