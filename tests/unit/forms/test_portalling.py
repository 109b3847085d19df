"""The portal's forms: what is typed is checked, saved as a run and undone; a document reaches contacts alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ipywidgets import Text, Textarea

import mailadmin
from mailadmin.domain.portals import Contact, Portal
from mailadmin.forms.desk import Desk, Practice
from mailadmin.forms.portal_contacts import SHOWN
from mailadmin.forms.portal_sending import PortalSending, portal_send
from mailadmin.forms.portalling import PortalForm, portal
from mailadmin.forms.recipients import Part
from mailadmin.forms.work import at_once
from mailadmin.sandbox.inbox import Received
from mailadmin.sandbox.pdf import one_page
from mailadmin.usecases import applying, editing, keeping, portal_settings
from mailadmin.usecases import portal as by_portal
from mailadmin.usecases.sandboxing import sandboxed
from tests.canaries import canary, found_in
from tests.widget_state import alive, offered, shown, states, widgets

AROHA, BEN = "aroha@harbour-bakery.example", "ben@harbour-bakery.example"
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    app = mailadmin.connect(tmp_path / "mailadmin.db", environment={}, actor="tester")
    keeping.create_key(app)
    portal_settings.practise(app)
    with sandboxed(app) as playing:
        opened = Desk(app, runner=at_once)
        opened.sandbox = playing.sandbox
        yield opened
    opened.close()


def received(desk: Desk) -> list[Received]:
    assert desk.sandbox is not None
    return list(desk.sandbox.inbox)


def kept(desk: Desk, code: str = "CUSTOMER") -> Portal:
    return by_portal.standing(desk.app, code).portal


def said(form: PortalForm) -> str:
    assert form.setup is not None
    return form.setup.state.value


# --- Email Setup --------------------------------------------------------------------------------------------------


def test_the_page_has_the_labels_of_the_portals_own_page(desk: Desk) -> None:
    form = portal(desk)
    assert form.setup is not None
    labels = [form.setup.fields[name].label for name in form.setup.fields]
    assert labels == [
        "Default 'From' Address for email",
        "Override default 'From Address for specific emails'",
        "SMTP Server Name (DNS name or IP)",
        "Port",
        "User Name",
        "Password",
        "Enable SSL",
    ]
    assert [field.label for field in form.setup.senders.values()] == [
        "From of Order Pad: order placed",
        "From of Password reset",
        "From of User-initiated emails",
    ]


def test_readiness_follows_what_is_typed(desk: Desk) -> None:
    form = portal(desk)
    form.which.value = "EMPLOYEE"
    assert form.setup is not None
    assert "The Email button is hidden: Default &#x27;From&#x27; Address for email is missing." in said(form)
    form.setup.fields["default_from"].value = "staff@kowhai.example"
    assert "The Email button is shown" in said(form)
    assert not by_portal.standing(desk.app, "EMPLOYEE").readiness.ready
    form.save_button.click()
    assert by_portal.standing(desk.app, "EMPLOYEE").readiness.ready


def test_what_cannot_stand_is_said_at_its_field_and_not_saved(desk: Desk) -> None:
    form = portal(desk)
    assert form.setup is not None
    for name, value in (("default_from", "x"), ("smtp_server", "https://x/"), ("user_name", "a\nb")):
        form.setup.fields[name].value = value
        assert "mailadmin-error" in form.setup.fields[name].note.value, name
    form.setup.senders["order_pad"].value = "a@b.test, c@d.test"
    assert "mailadmin-error" in form.setup.senders["order_pad"].note.value
    form.save_button.disabled = False
    form.save_button.click()
    assert "cannot be saved" in form.message.value
    assert kept(desk).default_from == "portal@kowhai.example"


def test_saving_is_one_run_and_undo_takes_it_back(desk: Desk) -> None:
    form = portal(desk)
    before = kept(desk)
    assert form.setup is not None
    form.setup.fields["default_from"].value = "new@kowhai.example"
    form.setup.senders["password_reset"].value = "accounts@kowhai.example"
    form.save_button.click()
    after = kept(desk)
    assert (after.default_from, {s.feature for s in after.senders}) == (
        "new@kowhai.example",
        {"order_pad", "password_reset", "user_initiated"},
    )
    assert after.password == before.password
    form.undo_button.click()
    assert kept(desk) == before
    assert form.setup.fields["default_from"].value == "portal@kowhai.example"
    assert form.undo_button.layout.display == "none"


def test_discarding_forgets_everything(desk: Desk) -> None:
    form = portal(desk)
    assert form.setup is not None
    form.setup.fields["smtp_port"].value = 2525
    form.discard_button.click()
    assert (form.setup.fields["smtp_port"].value, form.edits.operations) == (kept(desk).smtp_port, ())
    assert (form.save_button.disabled, form.discard_button.disabled) == (True, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("smtp_server", "smtp.elsewhere.example"), ("smtp_port", 465), ("enable_ssl", False), ("user_name", "other")],
)
def test_the_password_stays_only_with_what_it_was_entered_for(desk: Desk, name: str, value: object) -> None:
    form = portal(desk)
    assert form.setup is not None
    had = form.setup.fields[name].value
    form.setup.fields[name].value = value
    assert "Cleared: it was entered for another" in form.setup.fields["password"].note.value
    assert "Password is missing" in said(form)
    form.setup.fields[name].value = had
    assert "Set. What you type replaces it." in form.setup.fields["password"].note.value
    form.setup.fields[name].value = value
    form.save_button.click()
    assert kept(desk).password is None


def test_a_password_is_kept_and_stands_nowhere(desk: Desk) -> None:
    form = portal(desk)
    secret = canary()
    assert form.setup is not None
    before = kept(desk).password
    form.setup.fields["password"].widget.value = secret
    assert "Changed; kept when you save." in form.setup.fields["password"].note.value
    assert found_in(states(form).encode()) == set()
    form.save_button.click()
    assert kept(desk).password not in {None, before}
    assert found_in(states(form).encode()) == set()
    form.setup.away_button.click()
    assert "Taken away." in form.setup.fields["password"].note.value
    form.save_button.click()
    assert kept(desk).password is None


def test_features_stand_there_only_while_override_is_ticked_and_more_can_be_added(desk: Desk) -> None:
    form = portal(desk)
    assert form.setup is not None
    form.setup.new_feature.value = "Open_Table"
    form.setup.add_button.click()
    form.setup.senders["Open_Table"].value = "tables@kowhai.example"
    form.save_button.click()
    assert ("Open_Table", "tables@kowhai.example") in [(s.feature, s.address) for s in kept(desk).senders]
    form.setup.new_feature.value = "ORDER_PAD"
    form.setup.add_button.click()
    assert "It is there already." in form.setup.new_feature.note.value
    form.setup.fields["override_from"].value = False
    assert form.setup.features.layout.display == "none"
    assert "do not count: Override is not ticked" in said(form)


def test_a_new_portal_is_written_when_it_is_saved(desk: Desk) -> None:
    form = portal(desk)
    form.new_code.value = "customer"
    form.new_button.click()
    assert "There is a portal of that code." in form.new_code.note.value
    form.new_code.value = "SHOP"
    form.new_button.click()
    assert form.which.value == "SHOP"
    assert "SHOP" not in [one.portal.code for one in by_portal.portals(desk.app)]
    assert form.setup is not None
    form.setup.fields["default_from"].value = "shop@kowhai.example"
    form.save_button.click()
    assert kept(desk, "SHOP").default_from == "shop@kowhai.example"
    assert form.which.value == "SHOP"


def test_a_store_without_a_portal_says_so(tmp_path: Path) -> None:
    desk = Desk(mailadmin.connect(tmp_path / "m.db", environment={}), runner=at_once)
    form, sending = portal(desk), portal_send(desk)
    assert "Choose a portal, or add one." in shown(form)
    assert "Choose a portal, or make one" in sending.state.value
    assert sending.parts.layout.display == "none"
    desk.close()


# --- sending ------------------------------------------------------------------------------------------------------


def chosen(desk: Desk, **parts: Part) -> PortalSending:
    form = portal_send(desk)
    form.contacts.partner.value = "C20000"
    for email, part in {f"{name}@harbour-bakery.example": part for name, part in parts.items()}.items():
        form.contacts.contacts[email].value = part
    return form


def upload(form: PortalSending, name: str, content: bytes) -> None:
    file = {
        "name": name,
        "type": "application/pdf",
        "size": len(content),
        "content": memoryview(content),
        "last_modified": datetime(2026, 1, 2, tzinfo=UTC),
    }
    form.upload.value = (file,)


def own(form: PortalSending, kind: str = "invoice", number: str = "4711", content: bytes = b"") -> PortalSending:
    form.sample.value = None
    form.kind.value, form.number.value = kind, number
    upload(form, "secret plans.pdf", content or one_page("Invoice", []))
    return form


def test_a_document_goes_to_the_contacts_chosen_under_its_own_name(desk: Desk) -> None:
    form = own(chosen(desk, aroha=Part.TO, ben=Part.BCC))
    form.check_button.click()
    assert "a dry run" in form.message.value
    assert received(desk) == []
    form.send_button.click()
    (found,) = received(desk)
    reading = found.reading()
    assert set(found.recipients) == {AROHA, BEN}
    assert (reading.header("Subject"), reading.header("To"), reading.header("Bcc")) == ("Invoice 4711", AROHA, "")
    assert [part.name for part in reading.parts] == ["Invoice 4711.pdf"]
    assert "SENT" in form.message.value
    form.send_button.click()
    assert len(received(desk)) == 1


def test_without_a_number_it_is_the_report_of_its_kind(desk: Desk) -> None:
    own(chosen(desk, ben=Part.CC), "credit-memo", "").send_button.click()
    assert received(desk)[0].reading().header("Subject") == "Credit memos at a glance"


def test_in_practice_there_are_documents_to_choose_from(desk: Desk) -> None:
    desk.practice = Practice.PORTAL
    form = chosen(desk, aroha=Part.TO)
    titles = [words for words, _ in form.sample.widget.options]
    assert ("Invoice 8911" in titles, titles[-1]) == (True, "a PDF of my own")
    form.send_button.click()
    assert received(desk)[0].reading().parts[0].content.startswith(b"%PDF-")


def test_contacts_that_cannot_be_written_to_are_not_offered_and_say_why(desk: Desk) -> None:
    form = chosen(desk)
    assert list(form.contacts.contacts) == [AROHA, BEN]
    told = form.contacts.others.value
    for words in ("Carla Gone", "the contact is not active", "Dan Twice"):
        assert words in told


def test_there_is_no_field_for_an_address(desk: Desk) -> None:
    form = chosen(desk)
    boxes = {widget.description for widget in widgets(form.box) if isinstance(widget, Text | Textarea)}
    assert boxes == {"Find a business partner", "Find a contact", "Number", "Message"}


@pytest.mark.parametrize("missing", ["partner", "contacts", "file", "pdf"])
def test_what_is_missing_is_said_and_nothing_is_sent(desk: Desk, missing: str) -> None:
    form = (
        portal_send(desk)
        if missing == "partner"
        else chosen(desk, **({} if missing == "contacts" else {"ben": Part.TO}))
    )
    if missing != "file":
        own(form, content=b"MZ" if missing == "pdf" else b"")
    form.send_button.click()
    assert "mailadmin-error" in form.message.value
    assert received(desk) == []


def test_where_the_button_is_hidden_nothing_can_be_sent(desk: Desk) -> None:
    form = portal_send(desk)
    assert form.which.value == "CUSTOMER"
    form.which.value = "EMPLOYEE"
    assert form.parts.layout.display == "none"
    assert "The Email button is hidden" in form.state.value


def test_another_form_that_saves_is_heard_of(desk: Desk) -> None:
    setup, sending = portal(desk), portal_send(desk)
    sending.which.value = "EMPLOYEE"
    setup.which.value = "EMPLOYEE"
    assert setup.setup is not None
    setup.setup.fields["default_from"].value = "staff@kowhai.example"
    setup.save_button.click()
    assert sending.parts.layout.display is None


def test_a_widget_changed_behind_the_forms_back_reaches_nobody_foreign(desk: Desk) -> None:
    form = own(chosen(desk, aroha=Part.TO))
    form.contacts._chosen["evil@x.test"] = Part.BCC
    form.send_button.click()
    assert "evil@x.test" in form.message.value
    assert received(desk) == []


def test_many_contacts_make_no_more_widgets_and_the_chosen_stay_chosen(desk: Desk) -> None:
    many = [Contact(business_partner="C1", name=f"Person {n:03}", email=f"p{n}@c1.example") for n in range(500)]
    edits = editing.begin(desk.app)
    for row in many:
        edits.put(row)
    plan = editing.plan(desk.app, edits, editing.basis(desk.app))
    applying.apply(desk.app, plan, plan.confirmation)
    form = portal_send(desk)
    form.contacts.find.value = "c1"
    form.contacts.partner.value = "C1"
    assert len(form.contacts.contacts) == SHOWN
    assert "of 500 are shown" in form.contacts.others.value
    form.contacts.narrow.value = "person 499"
    form.contacts.contacts["p499@c1.example"].value = Part.TO
    form.contacts.narrow.value = ""
    assert form.contacts.of(Part.TO) == ("p499@c1.example",)
    assert "To: p499@c1.example" in form.contacts.others.value
    assert len(list(widgets(form.box))) <= 100
    assert len(list(widgets(portal(desk).box))) <= 100


def test_hostile_names_are_text(desk: Desk) -> None:
    edits = editing.begin(desk.app)
    edits.put(Portal(code=EVIL, default_from=EVIL, smtp_server=EVIL, user_name=EVIL))
    edits.put(Contact(business_partner=EVIL, name=EVIL, email=f"{EVIL}@x.test"))
    edits.put(Contact(business_partner=EVIL, name=EVIL, email="ok@x.test"))
    plan = editing.plan(desk.app, edits, editing.basis(desk.app))
    applying.apply(desk.app, plan, plan.confirmation)
    setup, sending = portal(desk), portal_send(desk)
    setup.which.value = sending.which.value = EVIL
    sending.which.value = "CUSTOMER"
    sending.contacts.partner.value = EVIL
    sending.contacts.contacts["ok@x.test"].value = Part.TO
    assert (alive(setup), alive(sending)) == (set(), set())


def test_a_file_that_was_given_is_in_no_widgets_state(desk: Desk) -> None:
    form = own(chosen(desk), content=b"%PDF- CANARY-PDF")
    assert "CANARY-PDF" not in states(form)


def test_the_forms_are_their_titles(desk: Desk) -> None:
    assert [repr(portal(desk)), repr(portal_send(desk))] == [
        "Form: Customer portal: Email Setup",
        "Form: Customer portal: send a document",
    ]
    assert offered(portal(desk).undo_button) == []
