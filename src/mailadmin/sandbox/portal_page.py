"""A small customer portal: a business partner's reports and documents, and the *Email* button upper right.

Laws: what is sent, to whom and whether at all is decided by whoever is behind the page; what a browser hands over is
checked there again; a form sends once, however often it is handed over.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from http import HTTPStatus
from threading import Lock
from typing import NamedTuple, Protocol
from urllib.parse import parse_qsl, quote

from ..domain.keys import match_key
from ..domain.messages import RecipientStatus
from ..domain.portals import Portal, PortalDocument
from ..errors import MailAdminError, UnknownName
from ..policy.readiness import Readiness
from ..policy.recipients import Contacts
from . import portal_views as views
from .faults import Faults
from .listener import Reply, Request
from .portal_documents import Sample, as_pdf, documents_of, found_as


class Chosen(NamedTuple):
    """What a portal's user has chosen and written, as the browser handed it over."""

    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    text: str


class Outcome(NamedTuple):
    """What became of it: the state in a word and in a sentence, From, and what was said of each recipient."""

    state: str
    words: str
    sender: str
    recipients: Sequence[RecipientStatus]


class Behind(Protocol):
    """Who decides for the page: a store with its portals and contacts."""

    def standings(self) -> Sequence[tuple[Portal, Readiness]]:
        """Every portal, and whether its users can send."""

    def partners(self) -> Sequence[str]:
        """Business partners with contacts; where there are many, the first of them."""

    def contacts(self, business_partner: str) -> Contacts:
        """Whom one may write to about a business partner."""

    def send(self, portal: str, business_partner: str, document: PortalDocument, pdf: bytes, chosen: Chosen) -> Outcome:
        """Send it. Raises MailAdminError for whatever may not be sent."""


class Place(NamedTuple):
    """Where somebody is in the portal."""

    portal: Portal
    ready: bool
    business_partner: str

    def path(self, *parts: str) -> str:
        """The address of a page of this portal and business partner."""
        return "/".join(
            ("/portal", *(quote(part, safe="") for part in (self.portal.code, self.business_partner, *parts)))
        )


class PortalPage:
    """The pages beneath /portal. For any thread."""

    def __init__(self, behind: Behind, faults: Faults) -> None:
        self._behind = behind
        self._faults = faults
        self._outcomes: dict[str, tuple[Place, Sample, Outcome | MailAdminError]] = {}
        self._sending = Lock()

    def answer(self, request: Request) -> Reply:
        """The reply to a request whose path begins with /portal. Raises LookupError where there is nothing."""
        match request.segments:
            case ("portal",) if request.method == "GET":
                return _html(views.welcome(self._places(), self._faults))
            case ("portal", code, partner) if request.method == "GET":
                place = self._place(code, partner)
                return _html(views.documents(place, documents_of(place.business_partner), self._faults))
            case ("portal", code, partner, kind, number, *rest):
                return self._of_document(request, self._place(code, partner), kind, number, rest)
        raise LookupError(request.target)

    def _of_document(self, request: Request, place: Place, kind: str, number: str, rest: Sequence[str]) -> Reply:
        sample = found_as(place.business_partner, kind, number)
        match request.method, *rest:
            case ("GET",):
                return _html(views.document(place, sample, self._faults))
            case ("GET", "pdf"):
                name = quote(sample.document.file_name, safe="")
                disposition = f"attachment; filename*=UTF-8''{name}"
                headers = {"Content-Type": "application/pdf", "Content-Disposition": disposition}
                return Reply(200, as_pdf(place.business_partner, sample), headers)
            case ("GET", "email") if place.ready:
                found = self._behind.contacts(place.business_partner)
                return _html(views.email(place, sample, found.offered, secrets.token_hex(8), self._faults))
            case ("POST", "email"):
                return self._sent(request, place, sample)
            case ("GET", "sent", once):
                return self._told(place, sample, once)
        raise LookupError(request.target)

    def _sent(self, request: Request, place: Place, sample: Sample) -> Reply:
        given = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        named: dict[str, tuple[str, ...]] = {name: tuple(v for n, v in given if n == name) for name, _ in given}
        once = next(iter(named.get("once", ())), "") or secrets.token_hex(8)
        chosen = Chosen(
            named.get("to", ()), named.get("cc", ()), named.get("bcc", ()), "\n".join(named.get("text", ()))
        )
        with self._sending:
            if once not in self._outcomes:
                self._outcomes[once] = place, sample, self._outcome(place, sample, chosen)
        return Reply(303, headers={"Location": place.path(*sample.parts, "sent", once)})

    def _outcome(self, place: Place, sample: Sample, chosen: Chosen) -> Outcome | MailAdminError:
        try:
            code, partner = place.portal.code, place.business_partner
            return self._behind.send(code, partner, sample.document, as_pdf(place.business_partner, sample), chosen)
        except MailAdminError as error:
            return error

    def _told(self, place: Place, sample: Sample, once: str) -> Reply:
        was, what, outcome = self._outcomes[once]
        if (was.path(), what.document) != (place.path(), sample.document):
            raise LookupError(once)
        if isinstance(outcome, MailAdminError):
            return _html(views.refused(place, sample, outcome, self._faults), HTTPStatus.FORBIDDEN)
        return _html(views.sent(place, sample, outcome, self._faults))

    def _places(self) -> list[tuple[Portal, Readiness, list[Place]]]:
        partners = self._behind.partners()
        return [
            (portal, readiness, [Place(portal, readiness.ready, partner) for partner in partners])
            for portal, readiness in self._behind.standings()
        ]

    def _place(self, code: str, partner: str) -> Place:
        """Raises UnknownName."""
        offered, unusable = self._behind.contacts(partner)
        named = [one.business_partner for one in (*offered, *(one for one, _ in unusable))]
        for portal, readiness in self._behind.standings():
            if match_key(portal.code) == match_key(code) and named:
                return Place(portal, readiness.ready, named[0])
        raise UnknownName("portal or business partner", f"{code}, {partner}")


def _html(page: bytes, status: int = 200) -> Reply:
    return Reply(status, page, {"Content-Type": "text/html; charset=utf-8"})
