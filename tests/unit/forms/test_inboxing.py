"""The sandbox's inbox: what arrived, as its receiver sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailadmin.domain.messages import Address, Attachment, Message
from mailadmin.domain.services import ServiceKind
from mailadmin.forms.composing import compose
from mailadmin.forms.desk import Desk
from mailadmin.forms.inboxing import inbox
from mailadmin.forms.work import at_once
from mailadmin.resolution.provenance import Context
from mailadmin.usecases import sending
from tests.desks import sandbox_desk
from tests.sites import site
from tests.widget_state import alive, shown, states, widgets

IMG = "<img src=x onerror=alert(1)>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with sandbox_desk(tmp_path) as opened:
        yield opened


def send(desk: Desk, subject: str = "Statement", service: ServiceKind | None = None, html: str | None = None) -> None:
    message = Message(
        to=(Address("x@d.test", "Xenia"),),
        bcc=(Address("b@d.test"),),
        subject=subject,
        text="Hello.\n",
        html=html,
        attachments=(Attachment("x.pdf", b"%PDF", "application/pdf"),),
    )
    sending.send(desk.app, message, Context(user="ann", service=service))


def test_what_arrives_shows_at_once_with_the_account_that_was_used(desk: Desk) -> None:
    form = inbox(desk)
    assert "There is nothing here yet." in form.table.where.value
    writing = compose(desk, user="ann")
    writing.recipients.address.value, writing.subject.value = "x@d.test", "News"
    writing.send_button.click()
    assert [word for word in ("News", "x@d.test", "lending@kowhai.example", "SMTP") if word not in shown(form)] == []


@pytest.mark.parametrize("service", [ServiceKind.SMTP, ServiceKind.EXCHANGE])
def test_a_message_is_shown_with_how_it_came_and_what_was_said(desk: Desk, service: ServiceKind) -> None:
    send(desk, service=service)
    form = inbox(desk)
    form.table.look.value = 0
    wanted = ["Hello.", "x.pdf", "4 bytes", "x@d.test, b@d.test", "lending@kowhai.example", "What was said on the line"]
    assert [word for word in wanted if word not in form.shown.value] == []


def test_html_stands_in_a_frame_that_may_do_nothing(desk: Desk) -> None:
    send(desk, html=f"<p>Dear Ann</p><script>alert(1)</script>{IMG}")
    form = inbox(desk)
    form.look_at(1)
    assert 'sandbox=""' in form.shown.value
    assert "default-src &#x27;none&#x27;" in form.shown.value
    assert [word for word in ("allow-", "<script", "alert(1)") if word in form.shown.value] == []
    assert alive(form) == set()


def test_hostile_subjects_are_text(desk: Desk) -> None:
    send(desk, subject=IMG)
    form = inbox(desk)
    form.look_at(1)
    assert (alive(form), "CANARY" in states(form)) == (set(), False)
    assert "&lt;img" in form.shown.value
    assert repr(form) == "Form: Sandbox inbox"


def test_when_it_came_is_shown_on_request(desk: Desk) -> None:
    send(desk)
    form = inbox(desk)
    assert desk.sandbox is not None
    year = f"{desk.sandbox.inbox[1].at:%Y}-"
    assert year not in form.table.table.value
    form.when.value = True
    assert year in form.table.table.value


def test_many_messages_take_no_more_widgets(desk: Desk) -> None:
    form = inbox(desk)
    before = len(list(widgets(form.box)))
    for _ in range(3):
        send(desk)
    form.refresh_button.click()
    assert len(list(widgets(form.box))) == before <= 40


def test_a_store_without_a_sandbox_says_so(tmp_path: Path) -> None:
    desk = Desk(site(tmp_path), runner=at_once)
    assert "there is no sandbox here" in inbox(desk).message.value
    desk.close()
