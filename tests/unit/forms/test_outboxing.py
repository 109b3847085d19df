"""The outbox: what each state offers, pressed; a page that asks for more is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailadmin.domain.messages import Address, Message
from mailadmin.domain.services import ServiceKind
from mailadmin.errors import MailFailed
from mailadmin.forms.desk import Desk
from mailadmin.forms.outboxing import ACTIONS, Action, OutboxForm, outbox
from mailadmin.forms.results import TONES
from mailadmin.resolution.provenance import Context
from mailadmin.sandbox.faults import Fault
from mailadmin.storage.outbox import SENDABLE, State
from mailadmin.usecases import reconciling, sending
from tests.desks import sandbox_desk
from tests.sites import configure, rows
from tests.widget_state import alive, offered, shown, states, widgets

IMG = "<img src=x onerror=alert(1)>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with sandbox_desk(tmp_path) as opened:
        yield opened


def message(subject: str = "Statement") -> Message:
    return Message(to=(Address("x@d.test", "Xenia"),), subject=subject, text="Hello.\n")


def send(desk: Desk, fault: Fault | None = None, subject: str = "Statement") -> str:
    assert desk.sandbox is not None
    if fault is not None:
        desk.sandbox.faults.switch_on(fault, times=1)
    try:
        return sending.send(desk.app, message(subject), Context(user="ann")).entry.id
    except MailFailed as error:
        return error.kept


def draft(desk: Desk, user: str = "ann") -> str:
    return sending.save_draft(desk.app, message(), Context(user=user, service=ServiceKind.EXCHANGE)).entry.id


def looking_at(desk: Desk, named: str) -> OutboxForm:
    form = outbox(desk)
    form.look_at(named)
    return form


def state(desk: Desk, named: str) -> State:
    return reconciling.message(desk.app, named)[0].state


def buttons(form: OutboxForm) -> list[str]:
    return offered(*form.buttons.values())


def test_every_state_is_said_and_offers_something_or_nothing() -> None:
    assert list(ACTIONS) == list(State)
    assert list(TONES) == list(State)
    assert {one for one, actions in ACTIONS.items() if Action.GIVE_UP in actions} == SENDABLE
    assert {action for actions in ACTIONS.values() for action in actions} == set(Action)


def test_messages_are_listed_newest_first_and_when_is_shown_on_request(desk: Desk) -> None:
    first, second = send(desk, subject="One"), send(desk, subject="Two")
    form = outbox(desk)
    assert {row[0] for row in form.table.found} == {first[:8], second[:8]}
    assert [
        word for word in ("SENT", "One", "x@d.test", "ann", "lending@kowhai.example") if word not in shown(form)
    ] == []
    year = reconciling.message(desk.app, first)[0].created_at[:4]
    assert f"{year}-" not in shown(form)
    form.when.value = True
    assert f"{year}-" in form.table.table.value


def test_one_message_in_full_with_its_history_and_what_was_said(desk: Desk) -> None:
    named = send(desk)
    form = outbox(desk)
    form.table.look.value = 0
    assert f"Message {named[:8]}" in form.shown.value
    assert "Try 1: SENT" in form.shown.value
    assert "AUTH PLAIN ****" in form.shown.value
    assert buttons(form) == []


def test_a_draft_is_sent(desk: Desk) -> None:
    named = draft(desk)
    form = looking_at(desk, named)
    assert buttons(form) == ["Send it", "Open for edit", "Give it up"]
    form.buttons[Action.SEND].click()
    assert state(desk, named) is State.SENT
    assert "SENT" in form.message.value
    assert buttons(form) == []


def test_what_was_not_accepted_is_tried_again(desk: Desk) -> None:
    named = send(desk, Fault.GREYLISTED)
    form = looking_at(desk, named)
    assert buttons(form) == ["Try again", "Open for edit", "Give it up"]
    form.buttons[Action.TRY].click()
    assert state(desk, named) is State.SENT


def test_what_nobody_can_tell_is_looked_up_and_then_decided_by_a_person(desk: Desk) -> None:
    named = send(desk, Fault.LOST_REPLY)
    form = looking_at(desk, named)
    assert buttons(form) == ["Look up what became of it", "It was sent", "It was not sent", "It may be sent again"]
    form.buttons[Action.LOOK_UP].click()
    assert "SMTP keeps nothing to look at" in form.message.value
    form.buttons[Action.TRY].click()
    assert "is UNKNOWN" in form.message.value
    form.buttons[Action.WAS_SENT].click()
    assert state(desk, named) is State.SENT
    assert desk.sandbox is not None
    assert len(desk.sandbox.inbox) == 1


@pytest.mark.parametrize(("action", "after"), [(Action.WAS_NOT, State.FAILED), (Action.MAY_AGAIN, State.RETRY)])
def test_a_person_says_what_became_of_it(desk: Desk, action: Action, after: State) -> None:
    named = send(desk, Fault.LOST_REPLY)
    looking_at(desk, named).buttons[action].click()
    assert state(desk, named) is after


def test_giving_up_is_asked_twice_and_takes_the_text_with_it(desk: Desk) -> None:
    named = draft(desk)
    form = looking_at(desk, named)
    form.buttons[Action.GIVE_UP].click()
    assert state(desk, named) is State.DRAFT
    assert "press the button again" in form.message.value
    form.buttons[Action.GIVE_UP].click()
    entry, _ = reconciling.message(desk.app, named)
    assert (entry.state, entry.message, entry.note) == (State.CANCELLED, None, "tester gave it up")
    assert buttons(form) == []


def test_what_was_given_up_is_not_sent_whatever_a_page_asks(desk: Desk) -> None:
    named = draft(desk)
    form = looking_at(desk, named)
    reconciling.cancel(desk.app, named)
    form.buttons[Action.SEND].click()
    assert "is CANCELLED" in form.message.value
    form.buttons[Action.EDIT].click()
    assert "cannot be edited" in form.message.value
    form.buttons[Action.GIVE_UP].click()
    form.buttons[Action.GIVE_UP].click()
    assert "nothing to give up" in form.message.value


def test_an_edit_opens_beneath_and_replaces_it(desk: Desk) -> None:
    named = draft(desk)
    form = looking_at(desk, named)
    form.buttons[Action.EDIT].click()
    assert form.editor is not None
    assert form.editor.subject.value == "Statement"
    form.editor.subject.value = "Another"
    form.editor.send_button.click()
    assert state(desk, named) is State.CANCELLED
    assert "replaced by" in form.shown.value
    assert "Another" in form.table.table.value


def test_a_changed_account_is_asked_about(desk: Desk, tmp_path: Path) -> None:
    named = draft(desk)
    form = looking_at(desk, named)
    other = ("[[overrides]]", 'cost_centre = "GLOBAL"', 'service = "EXCHANGE"', 'user_id = "ann"',
             'mailbox = "sandbox@example.com"')  # fmt: skip
    configure(desk.app, tmp_path, rows(*other))
    form.buttons[Action.SEND].click()
    assert "its account changed" in form.message.value
    assert form.accept.box.layout.display is None
    assert state(desk, named) is State.DRAFT
    form.accept.value = True
    form.buttons[Action.SEND].click()
    assert "its account changed" not in form.message.value


def test_hostile_subjects_are_text_and_no_secret_leaves(desk: Desk) -> None:
    named = send(desk, subject=IMG)
    form = looking_at(desk, named)
    assert (alive(form), "CANARY" in states(form)) == (set(), False)
    assert "&lt;img" in form.shown.value
    assert repr(form) == "Form: Outbox"


def test_an_outbox_has_few_widgets_however_often_it_is_edited(desk: Desk) -> None:
    form = looking_at(desk, draft(desk))
    assert len(list(widgets(form.box))) <= 50
    form.buttons[Action.EDIT].click()
    with_editor = len(list(widgets(form.box)))
    form.buttons[Action.EDIT].click()
    assert len(list(widgets(form.box))) == with_editor
