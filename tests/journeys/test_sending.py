"""Sending as a use case: which account, whether it may, and what is known of it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, update

import mailadmin
from mailadmin.bootstrap import App
from mailadmin.domain.messages import Address, Attachment, Delivery, Message, Outgoing, RecipientStatus
from mailadmin.domain.profiles import MailProfile
from mailadmin.domain.services import ServiceKind
from mailadmin.errors import (
    AddressRejected,
    BulkRefused,
    ConnectionClosed,
    DraftChanged,
    MailFailed,
    MailStopped,
    NotPermitted,
    NotReady,
    Outcome,
    Refused,
    ServiceRefused,
    Tampered,
    TestModeBlocked,
    UnknownName,
    Unsupported,
)
from mailadmin.providers.base import Journal, Provider
from mailadmin.providers.capabilities import Ability, Capability
from mailadmin.providers.registry import PROVIDERS
from mailadmin.resolution.provenance import Context
from mailadmin.storage import outbox
from mailadmin.storage.outbox import State
from mailadmin.usecases import maintaining, reconciling, sending, switching
from mailadmin.usecases.preparing import Wish
from mailadmin.usecases.reconciling import Verdict
from tests.canaries import canary
from tests.sites import CONFIGURATION, configure, permission, rows, site

ANN, BOB = Context(user="ann"), Context(user="bob")


def message(*to: str, **given: Any) -> Message:
    return Message(to=tuple(map(Address, to or ("x@d.test",))), subject="Statement", text="Hello.\n", **given)


Answer = Callable[[Outgoing, Journal], dict[str, int]]


class Post:
    """Stands in for every provider: answers as told, and counts what it accepted."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.accepted: list[tuple[str, str]] = []
        self.sent: list[Outgoing] = []
        self.accounts: list[str] = []

    def __call__(self, profile: MailProfile, *, draft_id: str | None = None) -> Provider[Any, Any]:
        return _Fake(self, profile, draft_id)


class _Fake(Provider[Outgoing, Delivery]):
    name = "fake"
    ABILITY = Ability(frozenset(Capability))

    def __init__(self, post: Post, profile: MailProfile, draft_id: str | None) -> None:
        self._post, self.profile, self.draft_id = post, profile, draft_id

    @property
    def ability(self) -> Ability:
        return PROVIDERS[self.profile.service].ABILITY

    def build(self, outgoing: Outgoing) -> Outgoing:
        return outgoing

    def post(self, built: Outgoing, journal: Journal) -> Delivery:
        self._post.sent.append(built)
        self._post.accounts.append(self.profile.account)
        codes = self._post.answers.pop(0)(built, journal) if self._post.answers else accept(built, journal)
        statuses = tuple(RecipientStatus(a.email, codes.get(a.email, 250), "as told") for a in built.recipients)
        self._post.accepted += [(built.message_id, s.email) for s in statuses if s.accepted]
        return Delivery(account=self.profile.account, recipients=statuses, said="as told")

    def keep(self, built: Outgoing, journal: Journal) -> Delivery:
        journal.created("draft-1")
        statuses = tuple(RecipientStatus(a.email, 201, "kept") for a in built.recipients)
        return Delivery(account=self.profile.account, recipients=statuses, remote_id="draft-1", saved_in="Drafts")

    def parse(self, posted: Delivery, outgoing: Outgoing) -> Delivery:
        return posted


def accept(built: Outgoing, journal: Journal) -> dict[str, int]:
    journal.sending()
    return {}


def codes(**told: int) -> Answer:
    def answer(built: Outgoing, journal: Journal) -> dict[str, int]:
        journal.sending()
        return {f"{name}@d.test": code for name, code in told.items()}

    return answer


def fail(error: Exception, *, after_sending: bool = True) -> Answer:
    def answer(built: Outgoing, journal: Journal) -> dict[str, int]:
        if after_sending:
            journal.sending()
        raise error

    return answer


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    found = site(tmp_path)
    yield found
    found.close()


def states(app: App) -> list[State]:
    return [entry.state for entry in reconciling.messages(app)]


# --- the account and its From


def test_a_message_goes_out_by_the_account_the_rules_choose_and_says_why(app: App) -> None:
    post = Post()
    sent = sending.send(app, message(), Context(user="eve"), provider=post)
    assert (sent.entry.state, sent.entry.sender_email, sent.entry.sender_reason) == (
        State.SENT,
        "eve@kowhai.example",
        "the account's own",
    )
    assert post.accounts == ["lending@kowhai.example at mail.kowhai.example"]
    assert sent.entry.message_id == f"<{sent.entry.id}@kowhai.example>"
    assert sent.resolution.fields["sender_email"] == ("eve@kowhai.example", "user override (GLOBAL)")


def test_another_from_needs_the_permission_and_goes_by_the_own_account(app: App) -> None:
    post, wish = Post(), Wish("group@kowhai.example")
    for who in (ANN, Context(user="cia"), Context()):
        with pytest.raises(NotPermitted):
            sending.send(app, message(), who, wish, provider=post)
    assert (post.sent, states(app)) == ([], [])
    sent = sending.send(app, message(), BOB, wish, provider=post)
    assert post.accounts == ["lending@kowhai.example at mail.kowhai.example"]
    assert (sent.entry.sender_email, sent.entry.own_email) == ("group@kowhai.example", "lending@kowhai.example")
    assert sent.entry.sender_reason == "Messaging.Email.UpdateFrom: role Clerks allows"


def test_the_rule_for_contradicting_roles_is_a_setting(app: App) -> None:
    switching.set_value(app, "permission.rule", "allow wins")
    sent = sending.send(app, message(), Context(user="cia"), Wish("group@kowhai.example"), provider=Post())
    assert sent.entry.state is State.SENT


def test_ticked_and_blank_is_a_stop_and_never_falls_through_au_32(app: App) -> None:
    with pytest.raises(NotReady, match="every field is blank"):
        sending.send(app, message(), Context(user="dan"), provider=Post())


def test_unattended_without_default_service_is_refused_and_attended_asks(app: App, tmp_path: Path) -> None:
    configure(app, tmp_path, rows("[[cost_centres]]", 'code = "GLOBAL"'))
    with pytest.raises(NotReady, match="no default service"):
        sending.send(app, message(), ANN, provider=Post())
    with pytest.raises(NotReady, match=r"the person chooses \(ready: SMTP, EXCHANGE\)"):
        sending.send(app, message(), ANN._replace(attended=True), provider=Post())
    chosen = ANN._replace(service=ServiceKind.EXCHANGE)
    assert sending.send(app, message(), chosen, provider=Post()).entry.account == "mailbox lending@kowhai.example"


def test_nobody_by_this_name_sends_nothing(app: App) -> None:
    with pytest.raises(UnknownName):
        sending.send(app, message(), Context(user="nobody"), provider=Post())


def test_there_is_no_way_to_send_many_messages_at_once(app: App) -> None:
    with pytest.raises(BulkRefused, match="One message at a time"):
        sending.send(app, [message(), message()], ANN, provider=Post())  # type: ignore[arg-type]


def test_what_a_service_cannot_do_is_refused_before_anything_is_kept(app: App) -> None:
    with pytest.raises(Unsupported, match="save as draft"):
        sending.save_draft(app, message(), ANN, provider=Post())
    large = message(attachments=(Attachment("a.bin", bytes(150_000_001)),))
    with pytest.raises(Unsupported, match=r"150,000,001 bytes \(a\.bin"):
        sending.send(app, large, ANN._replace(service=ServiceKind.EXCHANGE), provider=Post())
    with pytest.raises(AddressRejected):
        message("ok@d.test, evil@d.test")
    assert states(app) == []


# --- dry run, test mode, stopped mail


def test_a_dry_run_decides_everything_and_sends_nothing(app: App) -> None:
    post = Post()
    sent = sending.send(app, message(), ANN, dry_run=True, provider=post)
    assert (sent.entry.state, post.sent, sent.entry.message) == (State.WOULD_SEND, [], None)
    with pytest.raises(NotPermitted):
        sending.send(app, message(), ANN, Wish("group@kowhai.example"), dry_run=True, provider=post)


def test_forced_test_mode_has_three_outcomes(app: App) -> None:
    post = Post()
    wide = message("a@d.test", cc=(Address("b@d.test"),), bcc=(Address("c@d.test"),))
    switching.set_value(app, "test_mode.forced", "yes")
    assert sending.send(app, wide, ANN, provider=post).entry.state is State.NOT_SENT
    switching.set_value(app, "test_mode.send_email_messages", "yes")
    with pytest.raises(TestModeBlocked):
        sending.send(app, wide, ANN, provider=post)
    switching.set_value(app, "test_mode.redirect_to_email", "all@d.test")
    assert sending.send(app, wide, ANN, provider=post).entry.state is State.SENT
    (outgoing,) = post.sent
    assert [a.email for a in outgoing.recipients] == ["all@d.test"]
    assert (outgoing.message.cc, outgoing.message.bcc) == ((), ())


def test_what_waited_is_sent_by_the_test_mode_of_now_au_34(app: App) -> None:
    post = Post(fail(ServiceRefused("RCPT TO", "later", code=451)))
    with pytest.raises(ServiceRefused):
        sending.send(app, message("a@d.test"), ANN, provider=post)
    switching.set_value(app, "test_mode.forced", "yes")
    switching.set_value(app, "test_mode.send_email_messages", "yes")
    switching.set_value(app, "test_mode.redirect_to_email", "all@d.test")
    (entry,) = reconciling.messages(app)
    sending.send_kept(app, entry.id, provider=post)
    assert [to for _, to in post.accepted] == ["all@d.test"]


def test_stopped_mail_stops_everything_and_says_why(app: App) -> None:
    post = Post(fail(ServiceRefused("RCPT TO", "later", code=451)))
    with pytest.raises(ServiceRefused):
        sending.send(app, message(), ANN, provider=post)
    (entry,) = reconciling.messages(app)
    switching.stop_mail(app, "this is a copy for testing")
    exchange = ANN._replace(service=ServiceKind.EXCHANGE)
    for attempt in (
        lambda: sending.send(app, message(), ANN, provider=post),
        lambda: sending.send(app, message(), ANN, dry_run=True, provider=post),
        lambda: sending.save_draft(app, message(), exchange, provider=post),
        lambda: sending.send_kept(app, entry.id, provider=post),
    ):
        with pytest.raises(MailStopped, match="mail is stopped because this is a copy for testing"):
            attempt()
    assert (len(post.sent), states(app)) == (1, [State.HELD])
    switching.resume_mail(app)
    assert sending.send_kept(app, entry.id, provider=post).entry.state is State.SENT


# --- outcomes


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (ConnectionClosed("EHLO", "gone"), State.RETRY),
        (ConnectionClosed("end of message", "gone", outcome=Outcome.UNKNOWN), State.UNKNOWN),
        (ServiceRefused("MAIL FROM", "no", outcome=Outcome.FAILED, code=550), State.FAILED),
    ],
    ids=["before the dot", "after the dot", "refused"],
)
def test_a_failure_is_kept_as_what_is_known_of_it(app: App, error: MailFailed, state: State) -> None:
    with pytest.raises(type(error)):
        sending.send(app, message(), ANN, provider=Post(fail(error)))
    (entry,) = reconciling.messages(app)
    _, attempts = reconciling.message(app, entry.id[:8])
    assert (entry.state, [a.outcome for a in attempts]) == (state, [str(state)])


def test_refused_recipients_are_told_and_only_the_others_are_tried_again_sm_76_77(app: App) -> None:
    post = Post(codes(a=451, b=550))
    sent = sending.send(app, message("a@d.test", "b@d.test", "c@d.test"), ANN, provider=post)
    assert sent.entry.state is State.RETRY
    assert sending.send_kept(app, sent.entry.id, provider=post).entry.state is State.PARTIAL
    assert [[a.email for a in o.recipients] for o in post.sent] == [["a@d.test", "b@d.test", "c@d.test"], ["a@d.test"]]
    assert len({o.message_id for o in post.sent}) == 1
    assert sorted(to for _, to in post.accepted) == ["a@d.test", "c@d.test"]
    assert [len(a.email) for a in post.sent[1].message.to] == [8, 8, 8]


def test_too_many_recipients_at_once_follow_in_parts_sm_80(app: App) -> None:
    def hundred(built: Outgoing, journal: Journal) -> dict[str, int]:
        journal.sending()
        return {a.email: 452 for a in built.recipients[100:]}

    many = [f"r{i}@d.test" for i in range(250)]
    post = Post(hundred, hundred, hundred)
    sent = sending.send(app, message(*many), ANN, provider=post)
    assert [len(o.recipients) for o in post.sent] == [250, 150, 50]
    assert sent.entry.state is State.SENT
    assert sorted(to for _, to in post.accepted) == sorted(many)
    _, attempts = reconciling.message(app, sent.entry.id)
    assert [(a.attempt, a.outcome) for a in attempts] == [(1, "RETRY"), (2, "RETRY"), (3, "SENT")]


def test_a_crash_while_sending_is_unknown_and_never_sent_again_by_itself_sm_83(app: App, tmp_path: Path) -> None:
    class Crash(BaseException):
        pass

    post = Post(fail(Crash()))  # type: ignore[arg-type]
    with pytest.raises(Crash):
        sending.send(app, message(), ANN, provider=post)
    assert states(app) == [State.SENDING]
    app = _later(app, hours=1)
    (entry,) = reconciling.messages(app)
    assert entry.state is State.UNKNOWN
    with pytest.raises(Refused, match="UNKNOWN"):
        sending.send_kept(app, entry.id, provider=post)
    assert [f.words for f in reconciling.reconcile(app)] == [
        "SMTP keeps nothing to look at: ask a recipient, or look into the server's log"
    ]
    assert reconciling.decide(app, entry.id, Verdict.SEND_AGAIN).state is State.RETRY
    sent = sending.send_kept(app, entry.id, provider=post)
    assert (sent.entry.state, sent.entry.message_id) == (State.SENT, entry.message_id)


def _later(app: App, **delta: int) -> App:
    object.__setattr__(app, "clock", lambda: datetime.now(UTC) + timedelta(**delta))
    return app


def test_a_crash_before_sending_leaves_it_to_be_sent(app: App) -> None:
    class Crash(BaseException):
        pass

    post = Post(fail(Crash(), after_sending=False))  # type: ignore[arg-type]
    with pytest.raises(Crash):
        sending.send(app, message(), ANN, provider=post)
    (entry,) = reconciling.messages(app)
    assert entry.state is State.INTENT
    assert sending.send_kept(app, entry.id, provider=post).entry.state is State.SENT


def test_two_people_do_not_send_the_same_message(app: App) -> None:
    def meanwhile(built: Outgoing, journal: Journal) -> dict[str, int]:
        sending.send_kept(app, built.uuid, provider=quicker)
        journal.sending()
        raise AssertionError("the second was allowed to go on")

    quicker = Post()
    slower = Post(fail(ServiceRefused("RCPT TO", "later", code=451)), meanwhile)
    with pytest.raises(ServiceRefused):
        sending.send(app, message(), ANN, provider=slower)
    (entry,) = reconciling.messages(app)
    with pytest.raises(Refused):
        sending.send_kept(app, entry.id, provider=slower)
    assert (len(quicker.accepted), len(slower.accepted), states(app)) == (1, 0, [State.SENT])


# --- drafts, and what is decided again


def draft(app: App, post: Post, context: Context = BOB, wish: Wish | None = None) -> str:
    kept = sending.save_draft(app, message(), context._replace(service=ServiceKind.EXCHANGE), wish, provider=post)
    assert (kept.entry.state, kept.entry.remote_id) == (State.DRAFT, "draft-1")
    return kept.entry.id


def test_a_draft_is_sent_as_it_was_kept(app: App) -> None:
    post = Post()
    sent = sending.send_kept(app, draft(app, post), provider=post)
    assert (sent.entry.state, sent.entry.message) == (State.SENT, None)


def test_a_draft_whose_account_changed_asks_first(app: App, tmp_path: Path) -> None:
    post = Post()
    kept = draft(app, post)
    text = (tmp_path / "site.toml").read_text().replace('mailbox = "lending@', 'mailbox = "loans@')
    secret = canary()
    configure(app, tmp_path, text)
    from mailadmin.usecases import configuring, migrating

    plan = configuring.plan_secret(app, "GLOBAL", ServiceKind.EXCHANGE, "client_secret", secret)
    migrating.apply(app, plan, plan.confirmation)
    with pytest.raises(DraftChanged, match=r"mailbox loans@kowhai\.example .* was to go out by mailbox lending@"):
        sending.send_kept(app, kept, provider=post)
    assert post.sent == []
    sent = sending.send_kept(app, kept, accept_changes=True, provider=post)
    assert (sent.entry.sender_email, sent.entry.remote_id) == ("loans@kowhai.example", None)


def test_a_permission_taken_away_holds_what_waited_au_10_11(app: App, tmp_path: Path) -> None:
    post = Post()
    kept = draft(app, post, wish=Wish("group@kowhai.example"))
    configure(app, tmp_path, rows(*permission("Clerks", "Deny")))
    with pytest.raises(NotPermitted):
        sending.send_kept(app, kept, provider=post)
    assert (post.sent, states(app)) == ([], [State.HELD])
    configure(app, tmp_path, rows(*permission("Clerks", "Allow")))
    assert sending.send_kept(app, kept, provider=post).entry.state is State.SENT


@pytest.mark.parametrize(
    ("column", "value"),
    [("sender_email", "evil@kowhai.example"), ("message", "{}"), ("recipients", "[]"), ("state", "RETRY")],
)
def test_a_kept_message_changed_in_the_store_is_never_sent_au_14(app: App, column: str, value: str) -> None:
    post = Post()
    kept = draft(app, post)
    with app.store.writing() as connection:
        connection.execute(update(outbox.OUTBOX).values({column: value}))
    with pytest.raises(Tampered, match="not as it was written"):
        sending.send_kept(app, kept, provider=post)
    assert post.sent == []
    assert any(check.check == "outbox" and check.state == maintaining.PROBLEM for check in maintaining.doctor(app))


def test_recipients_changed_in_a_store_without_a_key_are_noticed_too(tmp_path: Path) -> None:
    app = mailadmin.connect(tmp_path / "open.db", environment={})
    configure(
        app,
        tmp_path,
        CONFIGURATION.replace('"lending@kowhai.example"\nsender_name', '"no authentication"\nsender_name'),
    )
    post = Post(fail(ServiceRefused("RCPT TO", "later", code=451)))
    with pytest.raises(ServiceRefused):
        sending.send(app, message("a@d.test"), ANN, provider=post)
    with app.store.writing() as connection:
        forged = func.replace(outbox.OUTBOX.c.message, "a@d.test", "evil@d.test")
        connection.execute(update(outbox.OUTBOX).values(message=forged))
    (entry,) = reconciling.messages(app)
    with pytest.raises(DraftChanged):
        sending.send_kept(app, entry.id, provider=post)
    assert (len(post.sent), states(app)) == (1, [State.QUARANTINED])
    app.close()


def test_a_draft_that_could_not_be_kept_at_the_server_says_where_it_is(app: App, monkeypatch: Any) -> None:
    def lost(fake: _Fake, built: Outgoing, journal: Journal) -> Delivery:
        raise ServiceRefused("draft", "later", code=503)

    monkeypatch.setattr(_Fake, "keep", lost)
    with pytest.raises(ServiceRefused, match=r"in the outbox all the same, as [0-9a-f]{8} \(DRAFT\)"):
        sending.save_draft(app, message(), ANN._replace(service=ServiceKind.EXCHANGE), provider=Post())


def test_a_changed_attachment_is_put_aside(app: App) -> None:
    post = Post()
    whole = message(attachments=(Attachment("a.pdf", b"%PDF-1.7 as signed", "application/pdf"),))
    kept = sending.save_draft(app, whole, BOB._replace(service=ServiceKind.EXCHANGE), provider=post).entry.id
    with app.store.writing() as connection:
        connection.execute(update(outbox.FILES).values(content=b"%PDF-1.7 as forged"))
    with pytest.raises(DraftChanged):
        sending.send_kept(app, kept, provider=post)
    assert (post.sent, states(app)) == ([], [State.QUARANTINED])


def test_a_backup_put_back_holds_what_waited_st_34(app: App) -> None:
    post = Post(*[fail(ServiceRefused("RCPT TO", "later", code=451)) for _ in range(5)])
    for _ in range(5):
        with pytest.raises(ServiceRefused):
            sending.send(app, message(), ANN, provider=post)
    assert len(reconciling.hold_all(app)) == 5
    assert set(states(app)) == {State.HELD}


def test_every_outcome_stands_in_the_audit_trail(app: App) -> None:
    before = maintaining.verify_trail(app)
    sending.send(app, message(), BOB, Wish("group@kowhai.example"), provider=Post())
    sending.send(app, message(), ANN, dry_run=True, provider=Post())
    assert maintaining.verify_trail(app) == before + 2


def test_what_was_sent_is_not_archived(app: App) -> None:
    whole = message(attachments=(Attachment("a.pdf", b"%PDF-1.7", "application/pdf"),))
    entry = sending.send(app, whole, ANN, provider=Post()).entry
    with app.store.reading() as connection:
        assert (entry.message, outbox.files_of(connection, entry)) == (None, {})
