"""The pages of the customer portal, drawn: documents, one document, choosing contacts, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from ..domain.portals import DOCUMENT_KINDS, Contact, Portal, PortalDocument
from ..errors import MailAdminError
from ..policy.readiness import Readiness
from .faults import Faults
from .markup import Child, line, tag
from .portal_documents import ALL, Sample, money, of_kind
from .views import frame

if TYPE_CHECKING:
    from .portal_page import Outcome, Place

_PLACES = {"to": "To", "cc": "Cc", "bcc": "Bcc"}


def nothing(faults: Faults) -> bytes:
    """What is shown where nobody is behind the page."""
    words = "This sandbox belongs to no store, so there is no portal to see."
    return frame("/portal", "Portal", faults, tag("h1", "Customer portal"), tag("p", words, class_="about"))


def welcome(found: Sequence[tuple[Portal, Readiness, Sequence[Place]]], faults: Faults) -> bytes:
    """The portals, and whose documents can be looked at."""
    about = "The portal as its users see it, with made-up documents. Choose whose you look at."
    cards = (_portal(portal, readiness, places) for portal, readiness, places in found)
    shown = tag("div", *cards, class_="faults") if found else _none_yet()
    return frame("/portal", "Portal", faults, tag("h1", "Customer portal"), tag("p", about, class_="about"), shown)


def _none_yet() -> Element:
    words = tag("p", "Make one with: ", tag("code", "mailadmin portal set CODE"))
    return tag("div", tag("h2", "There is no portal yet"), words, class_="card empty")


def _portal(portal: Portal, readiness: Readiness, places: Sequence[Place]) -> Element:
    title = f"portal-{line(portal.code)}"
    badge = tag("span", "can send" if readiness.ready else "cannot send", class_="badge")
    words = [tag("p", f"Missing: {', '.join(readiness.missing)}. Its pages show no Email button.")]
    links = (tag("li", tag("a", f"Documents of {line(place.business_partner)}", href=place.path())) for place in places)
    return tag(
        "section",
        tag("h2", tag("span", f"Portal {line(portal.code)}", id=title), badge),
        *([] if readiness.ready else words),
        tag("ul", *links, class_="plain") if places else tag("p", "No business partner has contacts yet."),
        class_="card fault",
        aria_labelledby=title,
    )


def documents(place: Place, samples: Sequence[Sample], faults: Faults) -> bytes:
    """Every document of a business partner, by kind."""
    title = f"Documents of {line(place.business_partner)}"
    about = tag("p", f"Portal {line(place.portal.code)}", class_="about")
    sections = (
        _kind(place, kind, list(found)) for kind, found in groupby(samples, lambda sample: sample.document.kind)
    )
    return frame("", title, faults, _back("/portal", "Portals"), tag("h1", title), about, *sections)


def _kind(place: Place, kind: str, samples: Sequence[Sample]) -> Element:
    report = tag("a", PortalDocument(kind).title, href=place.path(kind, ALL), class_="button")
    head = tag("div", tag("h2", DOCUMENT_KINDS[kind].many, id=kind), report, class_="top")
    return tag("section", head, _listed(place, DOCUMENT_KINDS[kind].many, samples), aria_labelledby=kind)


def _listed(place: Place, caption: str, samples: Sequence[Sample]) -> Element:
    rows = [
        (
            tag("a", one.document.title, href=place.path(*one.parts)),
            one.date,
            money(one.total),
        )
        for one in samples
    ]
    return _table(caption, ("Document", "Date", "NZD"), rows)


def document(place: Place, sample: Sample, faults: Faults) -> bytes:
    """One document, or the report of a kind; the Email button stands there where the portal can send."""
    title = sample.document.title
    email = tag("a", "Email", href=place.path(*sample.parts, "email"), class_="button main")
    about = tag("p", f"{line(place.business_partner)}, {sample.date}", class_="about")
    head = tag("div", tag("div", tag("h1", title), about), email if place.ready else None, class_="top")
    down = tag(
        "p", tag("a", "Download the PDF", href=place.path(*sample.parts, "pdf"), class_="button"), class_="actions"
    )
    if sample.document.number:
        rows = [
            (one.item, str(one.quantity), money(one.price), money(one.quantity * one.price)) for one in sample.lines
        ]
        table = _table("Lines", ("Item", "Quantity", "Price", "NZD"), rows)
    else:
        table = _listed(place, "Documents", of_kind(place.business_partner, sample.document.kind))
    return frame("", title, faults, _back(place.path(), "Documents"), head, table, down)


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Child]]) -> Element:
    shown = (
        tag(
            "tr",
            tag("th", first, scope="row"),
            *(_cell(head, cell) for head, cell in zip(heads[1:], cells, strict=True)),
        )
        for first, *cells in rows
    )
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in heads)))
    table = tag("table", tag("caption", caption, class_="unseen"), head, tag("tbody", *shown))
    return tag("div", table, class_="card list even")


def _cell(head: str, content: Child) -> Element:
    return tag("td", tag("div", content), data_label=head)


def email(place: Place, sample: Sample, offered: Sequence[Contact], once: str, faults: Faults) -> bytes:
    """Choosing who gets it: contacts of the business partner, and no field for an address."""
    title = f"Email {sample.document.title}"
    about = tag("p", f"{sample.document.file_name} goes with it. It can go to contacts of "
                f"{line(place.business_partner)} and to nobody else.", class_="about")  # fmt: skip
    back = _back(place.path(*sample.parts), sample.document.title)
    if not offered:
        words = tag("p", "An active contact with an e-mail address is needed.")
        empty = tag("div", tag("h2", "There is nobody to write to"), words, class_="card empty")
        return frame("", title, faults, back, tag("h1", title), about, empty)
    rows = [
        (tag("span", line(one.name), tag("span", line(one.email), class_="under"), id=f"contact-{number}"),
         *(_box(name, label, one.email, number) for name, label in _PLACES.items()))
        for number, one in enumerate(offered)
    ]  # fmt: skip
    text = tag("textarea", "", name="text", id="text", rows=5)
    form = tag(
        "form",
        tag("input", type="hidden", name="once", value=once),
        _table("Contacts", ("Contact", *_PLACES.values()), rows),
        tag("p", tag("label", "Message", for_="text"), text),
        tag("p", tag("button", "Send", class_="main"), class_="actions"),
        method="post",
        action=place.path(*sample.parts, "email"),
    )
    return frame("", title, faults, back, tag("h1", title), about, form)


def _box(name: str, label: str, address: str, number: int) -> Element:
    word = f"{name}-{number}"
    box = tag("input", type="checkbox", name=name, value=address, aria_labelledby=f"{word} contact-{number}")
    return tag("label", box, tag("span", label, id=word), class_="tick")


def sent(place: Place, sample: Sample, outcome: Outcome, faults: Faults) -> bytes:
    """What became of it."""
    rows = [
        (line(one.email), f"{one.code} {line(one.said)}".strip() if one.code else "not yet")
        for one in outcome.recipients
    ]
    told = tag("dl", tag("dt", "State"), tag("dd", f"{outcome.state}: {line(outcome.words)}"),
               tag("dt", "From"), tag("dd", line(outcome.sender)), class_="facts")  # fmt: skip
    title = f"{sample.document.title}: {outcome.state}"
    inbox = tag("p", tag("a", "See it in the inbox", href="/", class_="button"), class_="actions")
    table = _table("Recipients", ("Recipient", "Answer"), rows)
    return frame("", title, faults, _back_to(place, sample), tag("h1", title), tag("div", told, class_="card"),
                 tag("h2", "Recipients"), table, inbox)  # fmt: skip


def refused(place: Place, sample: Sample, error: MailAdminError, faults: Faults) -> bytes:
    """Why nothing was sent."""
    lines = (tag("p", line(words)) for words in str(error).split("\n") if words)
    told = tag("div", *lines, class_="card said", role="alert")
    return frame("", "Not sent", faults, _back_to(place, sample), tag("h1", "Not sent"), told)


def _back_to(place: Place, sample: Sample) -> Element:
    return _back(place.path(*sample.parts), sample.document.title)


def _back(path: str, words: str) -> Element:
    return tag("p", tag("a", f"← {words}", href=path), class_="back")
