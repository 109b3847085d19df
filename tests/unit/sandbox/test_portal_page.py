"""The portal's page: documents, the Email button only where the portal can send, and nothing decided in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import pytest

from mailadmin.domain.messages import RecipientStatus
from mailadmin.domain.portals import DOCUMENT_KINDS, Contact, Portal, PortalDocument
from mailadmin.errors import MailAdminError, RecipientNotContact
from mailadmin.policy.readiness import Readiness, of_portal
from mailadmin.policy.recipients import Contacts, contacts_of
from mailadmin.sandbox.faults import Faults
from mailadmin.sandbox.inbox import Inbox
from mailadmin.sandbox.listener import Reply
from mailadmin.sandbox.page import Page
from mailadmin.sandbox.portal_documents import documents_of
from mailadmin.sandbox.portal_page import Chosen, Outcome
from tests.unit.sandbox.microsoft import asked
from tests.unit.sandbox.test_page import HERE, MARKUP, Parsed

PORTALS = (
    Portal(code="CUST", default_from="shop@k.example", smtp_server="s"),
    Portal(code="BARE", smtp_server="s"),
)
PEOPLE = (
    Contact(business_partner="C1", name="Aroha", email="aroha@c1.example"),
    Contact(business_partner="C1", name="Gone", email="gone@c1.example", active=False),
    Contact(business_partner="C2", name="Eru", email="eru@c2.example"),
)


class Counter:
    """Who decides, and notes what was asked for; `refuses` is what it says to it."""

    def __init__(self, portals: Sequence[Portal] = PORTALS, people: Sequence[Contact] = PEOPLE) -> None:
        self.portals, self.people = portals, people
        self.asked: list[tuple[str, str, str, Chosen]] = []
        self.files: list[bytes] = []
        self.refuses: MailAdminError | None = None

    def standings(self) -> list[tuple[Portal, Readiness]]:
        return [(one, of_portal(one)) for one in self.portals]

    def partners(self) -> list[str]:
        return sorted({one.business_partner for one in self.people})

    def contacts(self, business_partner: str) -> Contacts:
        return contacts_of(business_partner, self.people)

    def send(self, portal: str, business_partner: str, document: PortalDocument, pdf: bytes, chosen: Chosen) -> Outcome:
        self.asked.append((portal, business_partner, document.title, chosen))
        self.files.append(pdf)
        if self.refuses:
            raise self.refuses
        everybody = (*chosen.to, *chosen.cc, *chosen.bcc)
        return Outcome("SENT", "accepted", "shop@k.example", [RecipientStatus(one, 250, "OK") for one in everybody])


class Opened:
    def __init__(self, behind: Counter | None = None) -> None:
        self.behind = behind or Counter()
        self.page = Page(Inbox(), Faults(), {}, self.behind)

    def get(self, path: str) -> Reply:
        found = self.page.answer(asked("GET", f"https://localhost:8025{path}"))
        assert isinstance(found, Reply)
        return found

    def post(self, path: str, *fields: tuple[str, str], origin: str = HERE) -> Reply:
        body = urlencode(fields).encode()
        return self.page.answer(asked("POST", f"https://localhost:8025{path}", body, Origin=origin))


INVOICE = next(one.document for one in documents_of("C1") if one.document.kind == "invoice")
PATH = f"/portal/CUST/C1/invoice/{INVOICE.number}"


def links(reply: Reply) -> list[str]:
    return [str(attributes["href"]) for name, attributes in Parsed(reply).elements if name == "a"]


def test_every_document_and_report_of_a_partner_can_be_opened_and_downloaded() -> None:
    opened = Opened()
    assert "/portal/CUST/C1" in links(opened.get("/portal"))
    pages = [link for link in links(opened.get("/portal/CUST/C1")) if link.startswith("/portal/CUST/C1/")]
    assert len(pages) == len(documents_of("C1")) + len(DOCUMENT_KINDS)
    for page in pages:
        assert f"{page}/email" in links(opened.get(page))
        down = opened.get(f"{page}/pdf")
        assert (down.status, down.body[:5], down.headers["Content-Type"]) == (200, b"%PDF-", "application/pdf")


def test_the_button_is_hidden_where_the_portal_is_not_ready_and_what_is_behind_it_too() -> None:
    opened = Opened()
    bare = PATH.replace("CUST", "BARE")
    assert opened.get(bare).status == 200
    assert [link for link in links(opened.get(bare)) if "email" in link] == []
    assert opened.get(f"{bare}/email").status == 404
    assert "Default 'From' Address for email" in " ".join(Parsed(opened.get("/portal")).words)


def test_only_active_contacts_of_the_partner_are_offered_and_there_is_no_field_for_an_address() -> None:
    boxes = [attributes for name, attributes in Parsed(Opened().get(f"{PATH}/email")).elements if name == "input"]
    ticks = [(box["name"], box["value"]) for box in boxes if box["type"] == "checkbox"]
    assert ticks == [(name, "aroha@c1.example") for name in ("to", "cc", "bcc")]
    assert {box["type"] for box in boxes} == {"checkbox", "hidden"}


def test_what_is_chosen_is_handed_over_with_the_document() -> None:
    opened = Opened()
    fields = ("to", "aroha@c1.example"), ("bcc", "b@c1.example"), ("bcc", "c@c1.example"), ("text", "Kia ora")
    sent = opened.post(f"{PATH}/email", *fields)
    assert opened.behind.asked == [
        ("CUST", "C1", INVOICE.title, Chosen(("aroha@c1.example",), (), ("b@c1.example", "c@c1.example"), "Kia ora"))
    ]
    assert opened.behind.files[0].startswith(b"%PDF-")
    told = opened.get(sent.headers["Location"])
    assert (sent.status, told.status) == (303, 200)
    for words in ("SENT", "shop@k.example", "aroha@c1.example"):
        assert words in told.body.decode()


def test_a_form_handed_over_twice_sends_once() -> None:
    opened = Opened()
    once = ("once", "abc"), ("to", "aroha@c1.example")
    places = {opened.post(f"{PATH}/email", *once).headers["Location"] for _ in range(3)}
    assert (len(places), len(opened.behind.asked)) == (1, 1)


def test_a_refusal_is_told_and_is_no_result() -> None:
    opened = Opened()
    opened.behind.refuses = RecipientNotContact("C1", ["evil@x.test"])
    told = opened.get(opened.post(f"{PATH}/email", ("to", "evil@x.test")).headers["Location"])
    assert told.status == 403
    assert "evil@x.test" in told.body.decode()


def test_another_page_cannot_send() -> None:
    opened = Opened()
    assert opened.post(f"{PATH}/email", ("to", "aroha@c1.example"), origin="https://x.test").status == 403
    assert opened.behind.asked == []


@pytest.mark.parametrize(
    "path",
    [
        "/portal/NONE/C1",
        "/portal/CUST/C9",
        "/portal/CUST",
        "/portal/CUST/C1/invoice",
        "/portal/CUST/C1/invoice/1",
        "/portal/CUST/C1/letter/all",
        f"{PATH}/sent/none",
        f"{PATH}/other",
        f"{PATH.replace('C1', 'C2')}",
    ],
)
def test_what_is_not_there_is_not_found(path: str) -> None:
    assert Opened().get(path).status == 404


def test_a_result_stands_at_its_own_document_alone() -> None:
    opened = Opened()
    place = opened.post(f"{PATH}/email", ("to", "aroha@c1.example")).headers["Location"]
    other = next(one.document for one in documents_of("C1") if one.document.kind == "order")
    assert opened.get(place.replace(f"invoice/{INVOICE.number}", f"order/{other.number}")).status == 404
    assert opened.get(place.replace("CUST", "BARE")).status == 404


def test_nothing_is_sent_by_looking() -> None:
    opened = Opened()
    assert opened.post("/portal").status == 404
    assert opened.post(PATH).status == 404
    assert opened.behind.asked == []


def test_without_anybody_behind_it_the_page_says_so() -> None:
    page = Page(Inbox(), Faults(), {})
    told = page.answer(asked("GET", "https://localhost:8025/portal"))
    assert (told.status, "no portal to see" in told.body.decode()) == (200, True)
    assert page.answer(asked("GET", f"https://localhost:8025{PATH}")).status == 404
    assert Opened(Counter((), ())).get("/portal").status == 200


@pytest.mark.parametrize("text", [text for text in MARKUP if text.isprintable()])
def test_hostile_names_stay_text(text: str) -> None:
    portal = Portal(code=text, default_from="a@b.test", smtp_server="s")
    person = Contact(business_partner=text, name=text, email="aroha@c1.example")
    opened = Opened(Counter((portal, Portal(code="BARE")), (person,)))
    opened.behind.refuses = RecipientNotContact(text, [text])
    pages = [opened.get("/portal")]
    (place,) = [
        link for link in links(pages[0]) if not link.endswith("/portal") and "BARE" not in link and link.count("/") == 3
    ]
    pages.append(opened.get(place))
    document = next(link for link in links(pages[1]) if "/invoice/" in link)
    pages += [opened.get(document), opened.get(f"{document}/email")]
    pages.append(opened.get(opened.post(f"{document}/email", ("to", text)).headers["Location"]))
    assert [page.status for page in pages] == [200, 200, 200, 200, 403]
    for page in pages:
        names = [name for name, _ in Parsed(page).elements]
        assert names.count("script") == 1
        assert {"img", "svg", "b"} & set(names) == set()
        assert [key for _, attributes in Parsed(page).elements for key in attributes if key.startswith("on")] == []
