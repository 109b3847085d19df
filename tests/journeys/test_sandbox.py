"""A store pointed at the sandbox: every service by its own account, the real servers back at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailadmin.bootstrap import App
from mailadmin.domain.messages import Address, Attachment, Message
from mailadmin.domain.services import ServiceKind
from mailadmin.errors import AuthFailed, ServiceRefused
from mailadmin.interchange.configuration import DocumentFormat
from mailadmin.providers.ladder import Result
from mailadmin.resolution.provenance import Context
from mailadmin.sandbox.faults import Fault
from mailadmin.storage.outbox import State
from mailadmin.usecases import configuring, reconciling, sandboxing, sending, verifying
from mailadmin.usecases.preparing import Wish
from tests.cli import Desk
from tests.sites import site

ANN, BOB = Context(user="ann"), Context(user="bob")
EXCHANGE = ServiceKind.EXCHANGE


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    found = site(tmp_path)
    yield found
    found.close()


def message(**given: object) -> Message:
    return Message(to=(Address("x@d.test"),), subject="Statement", text="Hello.\n", **given)  # type: ignore[arg-type]


def test_every_service_is_tried_by_its_own_account_and_the_store_is_as_it_was(app: App, tmp_path: Path) -> None:
    before = configuring.export_configuration(app, DocumentFormat.TOML)
    tried = sandboxing.try_out(app, folder=tmp_path / "inbox")
    assert [(t.service, t.user, t.sent.entry.state, t.sent.entry.account) for t in tried] == [
        (ServiceKind.SMTP, "ann", State.SENT, "lending@kowhai.example at localhost"),
        (EXCHANGE, "ann", State.SENT, "mailbox lending@kowhai.example"),
    ]
    assert configuring.export_configuration(app, DocumentFormat.TOML) == before
    assert len(list((tmp_path / "inbox").glob("*.eml"))) == 2


def test_a_store_without_any_service_gets_something_to_try(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk("key", "create")
    import mailadmin

    app = mailadmin.connect(desk.store, environment={})
    assert [t.sent.entry.account for t in sandboxing.try_out(app)] == [
        "sandbox at localhost",
        "mailbox sandbox@example.com",
    ]
    app.close()


def test_a_draft_kept_and_sent_arrives_in_sent_items_with_its_attachments(app: App) -> None:
    large = Attachment("large.pdf", b"%PDF-1.7" + bytes(4_000_000), "application/pdf")
    small = Attachment("small.pdf", b"%PDF-1.7", "application/pdf")
    with sandboxing.sandboxed(app) as playing:
        kept = sending.save_draft(app, message(attachments=(large, small)), ANN._replace(service=EXCHANGE))
        (draft,) = playing.sandbox.inbox
        assert (draft.folder, kept.entry.state) == ("Drafts", State.DRAFT)
        sent = sending.send_kept(app, kept.entry.id)
        (received,) = playing.sandbox.inbox
        assert (received.folder, sent.entry.state) == ("Sent Items", State.SENT)
        assert sorted(part.name for part in received.reading().parts) == ["large.pdf", "small.pdf"]


def test_another_from_goes_by_the_own_account(app: App) -> None:
    with sandboxing.sandboxed(app) as playing:
        sending.send(app, message(), BOB, Wish("group@kowhai.example"))
        (received,) = playing.sandbox.inbox
    assert (received.account, received.sender) == ("lending@kowhai.example", "group@kowhai.example")


def test_a_lost_reply_is_unknown_by_smtp_and_looked_up_by_exchange(app: App) -> None:
    from mailadmin.errors import ConnectionClosed

    with sandboxing.sandboxed(app) as playing:
        playing.sandbox.faults.switch_on(Fault.LOST_REPLY, times=1)
        with pytest.raises(ConnectionClosed):
            sending.send(app, message(), ANN)
        playing.sandbox.faults.switch_on(Fault.LOST_REPLY, times=1)
        by_exchange = sending.send(app, message(), ANN._replace(service=EXCHANGE))
        arrived = len(playing.sandbox.inbox)
    assert [entry.state for entry in reconciling.messages(app, State.UNKNOWN)] == [State.UNKNOWN]
    assert (by_exchange.entry.state, arrived) == (State.SENT, 2)


def test_faults_are_told_with_cause_and_remedy(app: App) -> None:
    with sandboxing.sandboxed(app) as playing:
        playing.sandbox.faults.switch_on(Fault.BAD_LOGIN)
        with pytest.raises(AuthFailed, match="user name or password are wrong"):
            sending.send(app, message(), ANN)
        playing.sandbox.faults.switch_off(Fault.BAD_LOGIN)
        playing.sandbox.faults.switch_on(Fault.REFUSED_SENDER)
        with pytest.raises(ServiceRefused, match="may not send as this From"):
            sending.send(app, message(), ANN._replace(service=EXCHANGE))


def test_every_rung_holds_in_the_sandbox_and_breaks_where_it_should(app: App) -> None:
    with sandboxing.sandboxed(app) as playing:
        wanted = verifying.subjects(app, every_service=True)
        verified = verifying.verify(app, wanted)
        assert {(v.subject.service, v.result) for v in verified} == {
            (ServiceKind.SMTP, Result.PASSED),
            (EXCHANGE, Result.PASSED),
        }
        playing.sandbox.faults.switch_on(Fault.BAD_LOGIN)
        broken = [v.broken.name for v in verifying.verify(app, wanted) if v.broken]
        assert sorted(broken) == ["login", "login", "token"]
        assert len(playing.sandbox.inbox) == 0
