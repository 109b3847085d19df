"""The e-mail message wizard: pressed, typed into, and misused; what arrives is looked at in the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ipywidgets import HTML, Button
from ipywidgets.widgets.widget_description import DescriptionWidget

from mailadmin.domain.messages import Address, Attachment, Message
from mailadmin.domain.services import ServiceKind
from mailadmin.errors import AddressRejected, BadInput, Refused
from mailadmin.forms import senders
from mailadmin.forms.composing import ComposeForm, compose, open_for_edit
from mailadmin.forms.desk import Desk
from mailadmin.forms.recipients import Part
from mailadmin.resolution.provenance import Context
from mailadmin.sandbox.faults import Fault
from mailadmin.sandbox.inbox import Received
from mailadmin.storage.outbox import State
from mailadmin.usecases import reconciling, sending, switching
from tests.desks import sandbox_desk
from tests.sites import configure, rows
from tests.widget_state import alive, offered, shown, states, widgets

IMG = "<img src=x onerror=alert(1)>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with sandbox_desk(tmp_path) as opened:
        yield opened


def received(desk: Desk) -> list[Received]:
    assert desk.sandbox is not None
    return list(desk.sandbox.inbox)


def kept(desk: Desk) -> list[State]:
    return [entry.state for entry in reconciling.messages(desk.app)]


def written(desk: Desk, *to: str, user: str = "ann") -> ComposeForm:
    form = compose(desk, user=user)
    for email in to or ("x@d.test",):
        form.recipients.address.value = email
        form.recipients.add_button.click()
    form.subject.value, form.text.value = "Statement", "Hello."
    return form


def upload(form: ComposeForm, name: str, content: bytes, kind: str = "") -> None:
    file = {
        "name": name,
        "type": kind,
        "size": len(content),
        "content": memoryview(content),
        "last_modified": datetime(2026, 1, 2, tzinfo=UTC),
    }
    form.attachments.upload.value = (file,)


def test_a_message_is_sent_and_the_form_says_by_which_account_why_and_what_was_said(desk: Desk) -> None:
    form = written(desk)
    form.send_button.click()
    (found,) = received(desk)
    reading = found.reading()
    assert (reading.header("Subject"), reading.text, found.recipients) == ("Statement", "Hello.\r\n", ("x@d.test",))
    (entry,) = reconciling.messages(desk.app)
    said = form.message.value
    for words in (
        "SENT",
        "lending@kowhai.example",
        entry.id[:8],
        "What was said on the line",
        "250",
        "Why this account",
    ):
        assert words in said


def test_after_sending_the_message_is_empty_so_that_a_second_press_sends_nothing(desk: Desk) -> None:
    form = written(desk)
    form.send_button.click()
    form.send_button.click()
    assert len(received(desk)) == 1
    assert "There is nobody to send it to." in form.message.value
    assert "There is nobody to send it to." in form.recipients.address.note.value
    assert form.senders.user.value == "ann"


def test_a_check_decides_everything_and_sends_nothing(desk: Desk) -> None:
    form = written(desk)
    form.check_button.click()
    assert (received(desk), kept(desk)) == ([], [State.WOULD_SEND])
    assert "would send" in form.message.value
    assert form.recipients.of(Part.TO) == (Address("x@d.test"),)


def test_what_is_typed_and_not_added_is_meant(desk: Desk) -> None:
    form = compose(desk, user="ann")
    form.recipients.address.value, form.recipients.name.value = "x@d.test", "Xenia"
    form.send_button.click()
    (found,) = received(desk)
    assert found.reading().addresses("To") == [("Xenia", "x@d.test")]


def test_to_cc_bcc_and_reply_to(desk: Desk) -> None:
    form = compose(desk, user="bob")
    for part in Part:
        form.recipients.part.value = part
        form.recipients.address.value = f"{part.name.lower()}@d.test"
        form.recipients.add_button.click()
    form.send_button.click()
    (found,) = received(desk)
    reading = found.reading()
    assert [reading.addresses(name) for name in ("To", "Cc", "Bcc", "Reply-To")] == [
        [("", "to@d.test")],
        [("", "cc@d.test")],
        [],
        [("", "reply_to@d.test")],
    ]
    assert found.recipients == ("to@d.test", "cc@d.test", "bcc@d.test")


@pytest.mark.parametrize(
    "typed",
    [
        "a@d.test, b@d.test",
        "a@d.test; b@d.test",
        "Ann <a@d.test>",
        "=?utf-8?q?x?=@d.test",
        "a@d.test\nBcc: b@d.test",
        "a",
    ],
)
def test_what_is_not_one_address_is_refused_at_the_field_and_never_split(desk: Desk, typed: str) -> None:
    form = compose(desk, user="ann")
    form.recipients.address.value = typed
    assert 'role="alert"' in form.recipients.address.note.value
    form.send_button.click()
    assert (received(desk), kept(desk), form.recipients.people) == ([], [], [])
    with pytest.raises(AddressRejected):
        form.recipients.add()


def test_a_name_that_could_pass_for_an_address_is_refused_at_its_field(desk: Desk) -> None:
    form = compose(desk, user="ann")
    form.recipients.address.value, form.recipients.name.value = "x@d.test", "ceo@corp.test"
    form.recipients.add_button.click()
    assert form.recipients.people == []
    assert "may not hold @" in form.recipients.name.note.value


def test_nobody_stands_there_twice_and_everybody_can_be_taken_out(desk: Desk) -> None:
    form = written(desk, "x@d.test", "y@d.test")
    form.recipients.part.value, form.recipients.address.value = Part.CC, "X@D.test"
    form.recipients.add_button.click()
    assert "is there already" in form.recipients.address.note.value
    form.recipients.who.value = 0
    form.recipients.remove_button.click()
    assert form.recipients.of(Part.TO) == (Address("y@d.test"),)
    form.recipients.remove_button.click()
    assert "Choose whom to take out." in form.recipients.who.note.value


def test_who_sends_is_found_by_a_part_of_the_id_or_the_name(desk: Desk) -> None:
    form = compose(desk)
    form.senders.search.value = "Ann"
    assert form.senders.user.value == "ann"
    form.senders.search.value = "nobody like that"
    assert 'role="alert"' in form.senders.search.note.value
    assert form.senders.user.value == "ann"


def test_a_search_among_many_runs_beside_the_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "MANY", 1)
    waiting: list[Callable[[], None]] = []
    desk.runner = waiting.append
    form = compose(desk)
    form.senders.search.value = "Ann"
    assert (form.senders.user.value, form.progress.running) == (None, True)
    waiting.pop()()
    assert (form.senders.user.value, form.progress.running) == ("ann", False)


def test_the_way_is_shown_with_its_reason_and_how_the_account_stands(desk: Desk) -> None:
    form = compose(desk, user="ann")
    way = form.senders.way.value
    assert "By SMTP of cost centre GLOBAL: lending@kowhai.example at localhost (never verified)." in way
    assert "From cannot be changed" in way
    assert "no role says anything" in way
    assert form.senders.sender.box.layout.display == "none"
    form.senders.service.value = ServiceKind.EXCHANGE
    assert "By EXCHANGE of cost centre GLOBAL" in form.senders.way.value


def test_what_stands_in_the_way_is_said_before_sending(desk: Desk) -> None:
    switching.stop_mail(desk.app, "this is a copy")
    form = compose(desk, user="dan")
    way = form.senders.way.value
    assert "mail is stopped because this is a copy" in way
    assert "disabled" in way
    form.recipients.address.value = "x@d.test"
    form.send_button.click()
    assert "mail is stopped" in form.message.value
    assert received(desk) == []


def test_forced_test_mode_is_said_before_sending(desk: Desk) -> None:
    switching.set_value(desk.app, "test_mode.forced", "yes")
    form = written(desk)
    assert "Forced test mode: nothing is sent." in form.senders.way.value
    form.send_button.click()
    assert (received(desk), kept(desk)) == ([], [State.NOT_SENT])


def test_from_may_be_changed_by_whoever_has_the_permission(desk: Desk) -> None:
    form = written(desk, user="bob")
    assert form.senders.sender.box.layout.display is None
    form.senders.sender.value, form.senders.sender_name.value = "desk@kowhai.example", "The Desk"
    form.send_button.click()
    (found,) = received(desk)
    assert found.reading().addresses("From") == [("The Desk", "desk@kowhai.example")]
    assert found.account == "lending@kowhai.example"


def test_a_hidden_from_field_edited_by_a_page_is_refused_when_it_is_sent(desk: Desk) -> None:
    form = written(desk)
    form.senders.sender.widget.set_state({"value": "ceo@kowhai.example"})
    form.send_button.click()
    assert "ann may not send as ceo@kowhai.example" in form.message.value
    assert received(desk) == []


def test_a_permission_taken_away_while_writing_is_asked_for_again(desk: Desk, tmp_path: Path) -> None:
    form = written(desk, user="bob")
    form.senders.sender.value = "desk@kowhai.example"
    deny = (
        "[[role_permissions]]",
        'role = "Clerks"',
        'permission_key = "Messaging.Email.UpdateFrom"',
        'decision = "Deny"',
    )
    configure(desk.app, tmp_path, rows(*deny))
    form.send_button.click()
    assert "role Clerks denies" in form.message.value
    assert received(desk) == []


def test_drafts_are_offered_where_there_are_any(desk: Desk) -> None:
    form = written(desk)
    assert offered(form.send_button, form.draft_button) == ["Send"]
    form.senders.service.value = ServiceKind.EXCHANGE
    assert offered(form.send_button, form.draft_button) == ["Send", "Save as draft"]
    form.draft_button.click()
    assert kept(desk) == [State.DRAFT]
    assert [one.folder for one in received(desk)] == ["Drafts"]
    assert "kept, to be sent later" in form.message.value


def test_html_is_previewed_as_it_is_sent_and_carries_its_plain_text(desk: Desk) -> None:
    form = written(desk)
    form.is_html.value = True
    form.text.value = f"<p>Dear <b>Ann</b>, <a href='https://d.test/x'>here</a></p><script>alert(1)</script>{IMG}"
    assert 'sandbox=""' in form.preview.value
    assert "allow-scripts" not in form.preview.value
    assert "Dear Ann, here (https://d.test/x)" in form.preview.value
    sent = form.written()
    form.send_button.click()
    reading = received(desk)[0].reading()
    assert reading.html is not None
    assert reading.html.replace("\r\n", "\n").rstrip() == (sent.html or "").rstrip()
    assert [word for word in ("script", "onerror") if word in reading.html] == []
    assert "Dear Ann, here (https://d.test/x)" in (reading.text or "")


def test_the_signature_of_whoever_sends_is_beneath_unless_it_is_switched_off(desk: Desk, tmp_path: Path) -> None:
    signature = ("[[mail_preferences]]", 'user_id = "ann"', "signature_html = '<b>Ann</b><script>alert(1)</script>'")
    configure(desk.app, tmp_path, rows(*signature))
    form = written(desk)
    assert form.signed.box.layout.display is None
    assert form.bodies.text == "Hello.\n\n-- \nAnn\n"
    form.is_html.value = True
    assert form.bodies.html == "Hello.\n<div><b>Ann</b></div>"
    form.signed.value = False
    assert form.bodies.html == "Hello."
    form.senders.choose("bob")
    assert form.signed.box.layout.display == "none"


def test_files_are_taken_over_measured_and_sent(desk: Desk) -> None:
    form = written(desk)
    upload(form, "Statement.pdf", b"%PDF-1.7", "application/pdf")
    upload(form, "notes.txt", b"notes")
    assert form.attachments.upload.value == ()
    assert "%PDF" not in states(form)
    assert "2 file(s), 13 bytes" in form.attachments.listed.value
    form.attachments.which.value = 1
    form.attachments.remove_button.click()
    form.send_button.click()
    (part,) = received(desk)[0].reading().parts
    assert (part.name, part.content, part.content_type) == ("Statement.pdf", b"%PDF-1.7", "application/pdf")
    assert form.attachments.files == []


def test_a_file_whose_name_may_not_travel_is_named_and_the_others_are_taken(desk: Desk) -> None:
    form = compose(desk)
    upload(form, "a<b.txt", b"x")
    assert "no file can be kept under a name with &lt;" in form.attachments.upload.note.value
    assert form.attachments.files == []


def test_sizes_are_shown_against_what_the_account_takes(desk: Desk) -> None:
    form = compose(desk, user="ann")
    assert "often 10 to 35 MB" in form.attachments.listed.value
    form.senders.service.value = ServiceKind.EXCHANGE
    assert "up to 150.0 MB a file" in form.attachments.listed.value
    form.attachments.show(Attachment("big.bin", bytes(150_000_001)))
    assert "Too large for this account" in form.attachments.listed.value


@pytest.mark.parametrize("fault", [Fault.GREYLISTED, Fault.BAD_LOGIN])
def test_what_did_not_get_through_stays_and_is_replaced_by_what_is_sent_next(desk: Desk, fault: Fault) -> None:
    assert desk.sandbox is not None
    form = written(desk)
    desk.sandbox.faults.switch_on(fault, times=1)
    form.send_button.click()
    (first,) = reconciling.messages(desk.app)
    assert (received(desk), form.replaces, form.text.value) == ([], first.id, "Hello.\n")
    form.text.value = "Hello again."
    form.send_button.click()
    assert [(one.reading().text or "").strip() for one in received(desk)] == ["Hello again."]
    assert sorted(kept(desk)) == sorted([State.SENT, State.CANCELLED if first.state is State.RETRY else State.FAILED])
    assert form.replaces is None


def test_what_may_have_been_accepted_is_not_sent_by_a_second_press(desk: Desk) -> None:
    assert desk.sandbox is not None
    form = written(desk)
    desk.sandbox.faults.switch_on(Fault.LOST_REPLY, times=1)
    form.send_button.click()
    assert "It may have been accepted, so nothing is sent in its place." in form.message.value
    assert "What was said on the line" in form.message.value
    form.send_button.click()
    assert "cannot be replaced, it is UNKNOWN" in form.message.value
    assert (len(received(desk)), kept(desk)) == (1, [State.UNKNOWN])
    form.anew_button.click()
    assert (form.replaces, form.recipients.people) == (None, [])


def test_a_press_of_stop_does_not_hide_that_it_was_sent(desk: Desk) -> None:
    def stop_then(work: Callable[[], None]) -> None:
        form.progress.stop.click()
        work()

    desk.runner = stop_then
    form = written(desk)
    form.send_button.click()
    assert ("SENT" in form.message.value, len(received(desk))) == (True, 1)
    assert form.progress.stop.layout.display == "none"


# --- opened with something in it


def test_a_message_from_elsewhere_is_opened_filled_in(desk: Desk) -> None:
    source = Message(
        to=(Address("a@d.test", "A"),),
        cc=(Address("c@d.test"),),
        subject="Loan 7",
        html="<p>Hi</p>",
        attachments=(Attachment("x.txt", b"x"),),
        headers=(("X-Loan", "7"),),
    )
    form = open_for_edit(desk, source, user="ann")
    assert form.written().subject == "Loan 7"
    assert (form.written().to, form.written().cc, form.written().headers) == (source.to, source.cc, source.headers)
    assert (form.written().html, form.written().text) == ("<p>Hi</p>", "Hi\n")
    assert form.written().attachments == source.attachments


def test_a_report_is_opened_with_its_pdf_attached(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    with pytest.raises(BadInput, match="There is no PDF"):
        open_for_edit(desk, folder)
    for name in ("audit.pdf", "audit.html"):
        (folder / name).write_bytes(b"%PDF")
    assert [file.name for file in open_for_edit(desk, folder).attachments.files] == ["audit.pdf"]
    assert [file.name for file in open_for_edit(desk, str(folder / "audit.html")).attachments.files] == ["audit.html"]
    assert [f.name for f in compose(desk, attachments=[folder / "audit.pdf"]).attachments.files] == ["audit.pdf"]
    with pytest.raises(BadInput, match="cannot be read"):
        compose(desk, attachments=[folder / "none.pdf"])


def draft(desk: Desk, user: str = "ann") -> str:
    message = Message(to=(Address("x@d.test"),), subject="Draft", text="Hello.\n")
    return sending.save_draft(desk.app, message, Context(user=user, service=ServiceKind.EXCHANGE)).entry.id


def test_an_edited_draft_is_a_new_version_and_the_old_one_is_void(desk: Desk) -> None:
    old = draft(desk)
    form = open_for_edit(desk, old[:8])
    assert (form.senders.user.value, form.senders.service.value) == ("ann", ServiceKind.EXCHANGE)
    form.text.value = "Other words."
    form.send_button.click()
    entry, _ = reconciling.message(desk.app, old)
    assert (entry.state, entry.message) == (State.CANCELLED, None)
    assert entry.note.startswith("replaced by ")
    with pytest.raises(Refused, match="CANCELLED"):
        sending.send_kept(desk.app, old)
    sent = [one for one in received(desk) if one.folder == "Sent Items"]
    assert [(one.reading().text or "").strip() for one in sent] == ["Other words."]


def test_an_edit_is_decided_on_anew(desk: Desk) -> None:
    form = open_for_edit(desk, draft(desk))
    form.senders.sender.widget.set_state({"value": "ceo@kowhai.example"})
    form.send_button.click()
    assert "may not send as ceo@kowhai.example" in form.message.value
    assert kept(desk) == [State.DRAFT]


def test_what_was_sent_meanwhile_is_not_sent_again_by_an_edit(desk: Desk) -> None:
    old = draft(desk)
    form = open_for_edit(desk, old)
    sending.send_kept(desk.app, old)
    form.send_button.click()
    assert "cannot be replaced, it is SENT" in form.message.value
    assert kept(desk) == [State.SENT]


def test_what_went_out_is_not_opened(desk: Desk) -> None:
    old = draft(desk)
    sending.send_kept(desk.app, old)
    with pytest.raises(Refused, match="cannot be edited, it is SENT"):
        open_for_edit(desk, old)


def test_whoever_has_it_already_is_left_out_of_an_edit(desk: Desk) -> None:
    assert desk.sandbox is not None
    form = written(desk, "x@d.test", "y@d.test")
    desk.sandbox.faults.switch_on(Fault.GREYLISTED, times=1)
    form.send_button.click()
    (entry,) = reconciling.messages(desk.app)
    have_it = [status.email for status in entry.recipients if status.accepted]
    form = open_for_edit(desk, entry.id)
    assert entry.state is State.RETRY
    assert [one.email for one in form.recipients.of(Part.TO)] == [
        email for email in ("x@d.test", "y@d.test") if email not in have_it
    ]


# --- how it behaves


def test_hostile_names_are_text_everywhere(desk: Desk, tmp_path: Path) -> None:
    hostile = ("[[users]]", f"user_id = '{IMG}'", f"name = '{IMG}'", "[[mail_preferences]]", f"user_id = '{IMG}'",
               f"signature_html = '{IMG}'")  # fmt: skip
    configure(desk.app, tmp_path, rows(*hostile))
    form = compose(desk, user=IMG)
    assert form.senders.user.value == IMG
    form.recipients.address.value, form.recipients.name.value = "x@d.test", "R&D '\"$x$"
    form.recipients.add_button.click()
    form.subject.value = form.text.value = IMG
    form.check_button.click()
    assert alive(form) == set()
    assert "&lt;img" in shown(form)


def test_a_form_has_few_widgets_and_keeps_no_secret(desk: Desk) -> None:
    form = written(desk, *(f"x{number}@d.test" for number in range(50)))
    form.send_button.click()
    assert len(list(widgets(form.box))) <= 100
    assert "CANARY" not in states(form)
    assert repr(form) == "Form: Write a message"


def test_every_control_has_a_label(desk: Desk) -> None:
    controls = [one for one in widgets(written(desk).box) if isinstance(one, DescriptionWidget | Button)]
    assert [one for one in controls if not isinstance(one, HTML) and not one.description] == []
