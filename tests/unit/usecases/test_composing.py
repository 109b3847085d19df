"""What is shown before a message is sent, and a kept one opened again: nothing can go out twice by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailadmin.bootstrap import App
from mailadmin.domain.messages import Address, Attachment, Message
from mailadmin.domain.preferences import CopyToSelf
from mailadmin.domain.services import ServiceKind
from mailadmin.errors import BadInput, DraftChanged, NotReady, Refused, UnknownName
from mailadmin.forms.desk import Desk
from mailadmin.policy.copies import BY_OUTLOOK
from mailadmin.providers.capabilities import Capability
from mailadmin.resolution.provenance import Context
from mailadmin.storage import outbox
from mailadmin.storage.directory import Listed
from mailadmin.storage.outbox import Entry, State
from mailadmin.usecases import composing, journalling, reconciling, sending, switching
from mailadmin.usecases.composing import Copy
from mailadmin.usecases.preparing import Wish, prepare
from tests.desks import sandbox_desk
from tests.sites import configure, rows, site

ANN, BOB = Context(user="ann", service=ServiceKind.EXCHANGE), Context(user="bob", service=ServiceKind.EXCHANGE)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    opened = site(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with sandbox_desk(tmp_path) as opened:
        yield opened


def message(subject: str = "Statement") -> Message:
    files = (Attachment("x.txt", b"x"),)
    return Message(to=(Address("x@d.test"),), subject=subject, text="Hello.\n", attachments=files)


def put_to(app: App, named: str, state: State) -> None:
    with app.store.writing() as connection:
        entry = outbox.entry_of(connection, named, journalling.seal_of(app, connection))
        outbox.change(connection, entry, journalling.seal_of(app, connection), at=app.now(), state=state)


def entries(app: App) -> dict[str, Entry]:
    return {entry.subject: entry for entry in reconciling.messages(app)}


# --- what is shown


def test_a_prospect_tells_the_account_what_it_can_do_and_whether_from_may_change(app: App) -> None:
    found = composing.prospect(app, Context(user="ann", service=ServiceKind.EXCHANGE))
    assert found.account is not None
    assert found.ability is not None
    assert found.standing is not None
    assert (found.account.own.email, found.permitted.allowed, found.problems) == ("lending@kowhai.example", False, ())
    assert (Capability.DRAFT in found.ability.can, found.ability.largest_attachment) == (True, 150_000_000)
    assert found.standing.word == "never verified"
    assert composing.prospect(app, Context(user="bob")).permitted.allowed


def test_everything_in_the_way_is_told_at_once(app: App) -> None:
    switching.set_value(app, "test_mode.forced", "yes")
    switching.set_value(app, "test_mode.send_email_messages", "yes")
    switching.stop_mail(app, "this is a copy")
    found = composing.prospect(app, Context(user="dan"))
    assert [type(error).__name__ for error in found.problems] == ["MailStopped", "TestModeBlocked", "NotReady"]
    assert (found.account, found.ability, found.standing) == (None, None, None)


def test_a_prospect_agrees_with_what_sending_decides(app: App) -> None:
    for user in ("ann", "bob", "cia", "eve", None):
        asked = Context(user=user, attended=True)
        found, prepared = composing.prospect(app, asked), prepare(app, message(), asked)
        assert found.account is not None
        assert (found.account.profile_hash, found.account.own, found.permitted.allowed) == (
            prepared.account.profile_hash,
            prepared.sender.own,
            prepared.sender.may_change,
        )
    with pytest.raises(NotReady):
        prepare(app, message(), Context(user="dan"))


def test_nobody_of_that_name(app: App) -> None:
    with pytest.raises(UnknownName):
        composing.prospect(app, Context(user="nobody"))


def test_users_are_found_by_a_part_of_id_or_name_taken_literally(app: App, tmp_path: Path) -> None:
    more = [
        line for number in range(25) for line in ("[[users]]", f'user_id = "u{number:02}"', f'name = "Ünder {number}"')
    ]
    configure(app, tmp_path, rows(*more, "[[users]]", 'user_id = "50%_x"', 'name = "Odd"', "active = false"))
    assert [one.user_id for one in composing.users(app, "AN")] == ["ann", "dan"]
    assert [one.name for one in composing.users(app, "Ünder 7")] == ["Ünder 7"]
    assert [(one.user_id, one.active) for one in composing.users(app, "%_")] == [("50%_x", False)]
    assert len(composing.users(app, "")) == composing.MOST_LISTED
    assert composing.users(app, "nobody") == []
    assert (composing.user(app, "ANN"), composing.user(app, "an")) == (Listed("ann", "Ann", True), None)
    assert composing.how_many_users(app) == 31


def test_the_signature_is_the_senders_own(app: App, tmp_path: Path) -> None:
    own = ("[[mail_preferences]]", 'user_id = "ann"', 'signature_html = "<b>Ann</b>"')
    configure(app, tmp_path, rows(*own))
    assert composing.prospect(app, Context(user="ANN")).signature == "<b>Ann</b>"
    assert composing.prospect(app, Context(user="bob")).signature == ""
    assert composing.prospect(app, Context()).signature == ""


def test_a_copy_to_the_own_address_is_told_before(app: App, tmp_path: Path) -> None:
    assert composing.prospect(app, Context(user="ann")).copy is None
    own = ("[[mail_preferences]]", 'user_id = "ann"', 'copy_to_self = "Bcc"', 'email = "ann@kowhai.example"')
    configure(app, tmp_path, rows(*own))
    found = composing.prospect(app, Context(user="ann"))
    assert found.copy == Copy(CopyToSelf.BCC, Address("ann@kowhai.example", "Kowhai Lending"))
    assert prepare(app, message(), Context(user="ann")).message.bcc == (found.copy.to,)


def test_what_outlook_does_not_carry_is_told_before(app: App, tmp_path: Path) -> None:
    own = ("[[mail_preferences]]", 'user_id = "ann"', 'method = "outlook"', 'email = "ann@kowhai.example"')
    configure(app, tmp_path, rows(*own, 'copy_to_self = "CC"', 'signature_html = "<b>Ann</b>"'))
    found = composing.prospect(app, Context(user="ann"))
    assert (found.copy, found.signature, found.problems) == (None, "", ())
    assert f"{found.note}." == BY_OUTLOOK
    assert found.ability is not None
    assert Capability.DRAFT not in found.ability.can


def test_places_are_told_by_code(app: App) -> None:
    assert [branch.code for branch in composing.places(app).branches] == ["QUIET"]


def test_files_and_reports_become_attachments(tmp_path: Path) -> None:
    file = tmp_path / "logo.png"
    file.write_bytes(b"\x89PNG")
    assert composing.attachment_of(file) == Attachment("logo.png", b"\x89PNG", "image/png")
    assert composing.attachment_of(file, inline=True).content_id == "logo.png"
    assert composing.report_of(file) == [composing.attachment_of(file)]
    with pytest.raises(BadInput, match="no PDF"):
        composing.report_of(tmp_path)
    with pytest.raises(BadInput, match="cannot be read"):
        composing.attachment_of(tmp_path / "none")


# --- opened again


def draft(desk: Desk, context: Context = ANN, wish: Wish | None = None, subject: str = "Statement") -> str:
    return sending.save_draft(desk.app, message(subject), context, wish).entry.id


def test_a_kept_message_is_opened_as_it_was_written(desk: Desk) -> None:
    named = draft(desk, BOB, Wish("desk@kowhai.example", "The Desk"))
    found = composing.reopened(desk.app, named[:6])
    assert (found.message, found.context, found.wish) == (message(), BOB, Wish("desk@kowhai.example", "The Desk"))
    assert (found.entry.id, found.have_it, found.draft_stays) == (named, (), True)
    assert composing.reopened(desk.app, draft(desk)).wish == Wish(None, "")


@pytest.mark.parametrize("state", [state for state in State if state not in {*outbox.SENDABLE, State.FAILED}])
def test_what_went_out_or_may_have_is_neither_opened_nor_replaced(desk: Desk, state: State) -> None:
    named = draft(desk)
    put_to(desk.app, named, state)
    if state is State.SENDING:
        state = State.UNKNOWN  # nobody is at it
    with pytest.raises(Refused, match=f"cannot be edited, it is {state}"):
        composing.reopened(desk.app, named)
    for action in (sending.send, sending.save_draft):
        with pytest.raises(Refused, match=f"cannot be replaced, it is {state}"):
            action(desk.app, message("New"), ANN, replaces=named)
    assert list(entries(desk.app)) == ["Statement"]


def test_what_is_not_as_written_is_put_aside(desk: Desk) -> None:
    named = draft(desk)
    with desk.app.store.writing() as connection:
        seal = journalling.seal_of(desk.app, connection)
        entry = outbox.entry_of(connection, named, seal)
        assert entry.message is not None
        changed = {**entry.message, "to": [["evil@x.test", ""]]}
        outbox.change(connection, entry, seal, at=desk.app.now(), message=changed)
    with pytest.raises(DraftChanged):
        composing.reopened(desk.app, named)
    assert entries(desk.app)["Statement"].state is State.QUARANTINED


@pytest.mark.parametrize("state", sorted(outbox.SENDABLE))
def test_a_new_version_voids_the_old_one(desk: Desk, state: State) -> None:
    named = draft(desk)
    put_to(desk.app, named, state)
    sent = sending.send(desk.app, message("New"), ANN, replaces=named)
    found = entries(desk.app)
    assert (found["New"].state, found["Statement"].state) == (State.SENT, State.CANCELLED)
    assert found["Statement"].note == f"replaced by {sent.entry.id[:8]}"
    with pytest.raises(Refused, match="CANCELLED"):
        sending.send_kept(desk.app, named)


def test_what_failed_for_good_stays_failed_beside_its_new_version(desk: Desk) -> None:
    named = draft(desk)
    put_to(desk.app, named, State.FAILED)
    sending.send(desk.app, message("New"), ANN, replaces=named)
    found = entries(desk.app)
    assert (found["Statement"].state, found["New"].state) == (State.FAILED, State.SENT)


def test_a_dry_run_replaces_nothing(desk: Desk) -> None:
    named = draft(desk)
    sending.send(desk.app, message("New"), ANN, dry_run=True, replaces=named)
    assert entries(desk.app)["Statement"].state is State.DRAFT


def test_a_refused_new_version_leaves_the_old_one(desk: Desk) -> None:
    named = draft(desk)
    with pytest.raises(Refused):
        sending.send(desk.app, message("New"), ANN, Wish("ceo@kowhai.example"), replaces=named)
    assert {subject: entry.state for subject, entry in entries(desk.app).items()} == {"Statement": State.DRAFT}


def test_whoever_sends_the_old_one_first_wins_and_nothing_of_the_new_one_is_kept(desk: Desk) -> None:
    seen, _ = reconciling.message(desk.app, draft(desk))
    sending.send_kept(desk.app, seen.id)
    prepared = prepare(desk.app, message("New"), ANN)
    with pytest.raises(Refused, match="somebody else is at it"):
        journalling.enter(desk.app, prepared, ANN, State.INTENT, replaces=seen)
    assert {subject: entry.state for subject, entry in entries(desk.app).items()} == {"Statement": State.SENT}


def test_what_can_no_longer_go_out_cannot_be_given_up(desk: Desk) -> None:
    named = draft(desk)
    assert reconciling.cancel(desk.app, named).state is State.CANCELLED
    with desk.app.store.reading() as connection:
        assert outbox.files_of(connection, reconciling.message(desk.app, named)[0]) == {}
    with pytest.raises(Refused, match="nothing to give up"):
        reconciling.cancel(desk.app, named)


def test_a_portals_message_is_not_opened_in_the_wizard(desk: Desk) -> None:
    named = draft(desk)
    with desk.app.store.writing() as connection:
        seal = journalling.seal_of(desk.app, connection)
        entry = outbox.entry_of(connection, named, seal)
        outbox.change(connection, entry, seal, at=desk.app.now(), context={**entry.context, "portal": "P"})
    with pytest.raises(Refused, match="is a portal's"):
        composing.reopened(desk.app, named)
