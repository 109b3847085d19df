"""The sandbox's page: its inbox, its portal and its faults in a browser on this machine.

Laws: only a page of this machine is answered (the Host header, against DNS rebinding), only this page can switch
anything (the Origin header), and nothing that came by mail can run, fetch or lead anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from urllib.parse import parse_qsl, quote

from ..errors import BadInput, UnknownName
from . import portal_views, views
from .faults import Fault, Faults
from .inbox import Inbox, Received
from .listener import Reply, Request
from .portal_page import Behind, PortalPage

POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_SAFE = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})
_PAGE = 50


class Page:
    """The page. `addresses` says where everything listens, `portal` who decides for the portal. For any thread."""

    def __init__(
        self, inbox: Inbox, faults: Faults, addresses: Mapping[str, str], portal: Behind | None = None
    ) -> None:
        self._inbox = inbox
        self._faults = faults
        self._addresses = addresses
        self._portal = PortalPage(portal, faults) if portal else None

    def answer(self, request: Request) -> Reply:
        """The reply to a request."""
        reply = self._answered(request)
        return Reply(reply.status, reply.body, _SAFE | dict(reply.headers))

    def _answered(self, request: Request) -> Reply:
        host = request.header("Host")
        if re.sub(r":[0-9]+$", "", host) not in _MACHINE:
            return _plain(421, "This page is for this machine only: open it as localhost.")
        try:
            if request.method == "GET":
                return self._shown(request)
            if request.method == "POST":
                if request.header("Origin") != f"http://{host}":
                    return _plain(403, "Only this page itself can switch anything.")
                return self._switched(request)
        except (UnknownName, LookupError):
            return _html(views.not_found(self._faults), 404)
        except BadInput as error:
            return _plain(400, str(error))
        return _plain(405, "This page knows GET and POST.")

    def _shown(self, request: Request) -> Reply:
        match request.segments:
            case ("",):
                return _html(views.inbox(self._listing(request.query), self._faults))
            case ("faults",):
                return _html(views.faults(self._faults))
            case ("addresses",):
                return _html(views.addresses(self._addresses, self._faults))
            case ("portal", *_) if self._portal:
                return self._portal.answer(request)
            case ("portal",):
                return _html(portal_views.nothing(self._faults))
            case ("changes",):
                return Reply.of(200, {"changes": self._inbox.changes})
            case ("page.css" | "page.js" as name,):
                kind = "text/css" if name == "page.css" else "text/javascript"
                return Reply(200, _resource(name), {"Content-Type": f"{kind}; charset=utf-8"})
            case ("messages", number):
                received = self._message(number)
                return _html(views.message(received, received.reading(), self._faults))
            case ("messages", number, "raw"):
                received = self._message(number)
                return _download(f"{received.number:04}.eml", received.raw)
            case ("messages", number, "files", place):
                parts = dict(enumerate(self._message(number).reading().parts, start=1))
                part = parts[_counted(place)]
                return _download(part.name, part.content)
        raise LookupError(request.target)

    def _switched(self, request: Request) -> Reply:
        match request.segments:
            case ("faults", name, "on"):
                given = dict(parse_qsl(request.body.decode("utf-8", "replace")))
                amount = _counted(given["amount"]) if given.get("amount") else None
                times = _counted(given["times"]) if given.get("times") else None
                self._faults.switch_on(_fault(name), amount, times=times)
            case ("faults", name, "off"):
                self._faults.switch_off(_fault(name))
            case ("portal", *_) if self._portal:
                return self._portal.answer(request)
            case _:
                raise LookupError(request.target)
        return Reply(303, headers={"Location": "/faults"})

    def _message(self, number: str) -> Received:
        return self._inbox[_counted(number)]

    def _listing(self, query: Mapping[str, str]) -> views.Listing:
        search = query.get("search", "").strip()
        changes = self._inbox.changes
        newest = sorted(self._inbox, key=lambda received: received.number, reverse=True)
        found = [received for received in newest if _holds(received, search.lower())] if search else newest
        before = _counted(query["before"]) if query.get("before") else None
        rest = [received for received in found if before is None or received.number < before]
        older = rest[_PAGE - 1].number if len(rest) > _PAGE else None
        return views.Listing(rest[:_PAGE], len(found), changes, search, older)


def _holds(received: Received, search: str) -> bool:
    headings = received.headings()
    told = (
        headings.header("From"),
        headings.header("Subject"),
        received.sender,
        received.account,
        *received.recipients,
    )
    return any(search in text.lower() for text in told)


def _counted(text: str) -> int:
    """A number in an address or a form. Raises LookupError where it is none."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise LookupError(text)
    return int(text)


def _fault(name: str) -> Fault:
    if name not in set(Fault):
        raise LookupError(name)
    return Fault(name)


def _html(page: bytes, status: int = 200) -> Reply:
    return Reply(status, page, {"Content-Type": "text/html; charset=utf-8"})


def _plain(status: int, words: str) -> Reply:
    return Reply(status, words.encode(), {"Content-Type": "text/plain; charset=utf-8"})


def _download(name: str, content: bytes) -> Reply:
    """A file to keep, never to open here: under its own name, as bytes of no particular kind."""
    named = quote(name.encode("utf-8", "replace").replace(b"/", b"_").replace(b"\\", b"_"), safe="")
    disposition = f"attachment; filename*=UTF-8''{named}"
    return Reply(200, content, {"Content-Type": "application/octet-stream", "Content-Disposition": disposition})


@cache
def _resource(name: str) -> bytes:
    return files(__package__).joinpath(name).read_bytes()
