"""Sending by an Exchange server: what `exchangelib` really asks, what arrives, and what is said when it goes wrong."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mailadmin import providers
from mailadmin.domain.messages import Address, Attachment, Delivery, Importance, Outgoing
from mailadmin.errors import (
    AuthFailed,
    BadInput,
    CertificateInvalid,
    DraftChanged,
    EndpointRefused,
    GateRefused,
    MailFailed,
    Outcome,
    ProtocolViolation,
    ReplyTooLarge,
    ServiceRefused,
    StageTimeout,
    Unsupported,
)
from mailadmin.providers.base import Journal
from mailadmin.providers.ews import EwsProvider
from mailadmin.providers.ews_errors import CHANGED, EWS_ERRORS
from mailadmin.providers.http import LARGEST_BODY
from mailadmin.providers.ladder import EXPIRES_SOON, RUNGS, Result, climb
from tests import certificates
from tests.canaries import found_in
from tests.certificates import Shown
from tests.ews_endpoint import BODY, MAILBOX, SUBJECT, USER, EwsEndpoint, answer, error, fault, honest, lost, running
from tests.letters import Kept, outgoing, to
from tests.scripted_graph import FakeClock

OWN = Address(MAILBOX)


@pytest.fixture
def server() -> Iterator[EwsEndpoint]:
    with running() as endpoint:
        yield endpoint


def letter(number: int = 0, **parts: Any) -> Outgoing:
    return outgoing(message_id=f"<{number:032x}@kowhai.example>", **({"sender": OWN} | parts))


def provider(server: EwsEndpoint, draft_id: str | None = None, **changes: Any) -> EwsProvider:
    return EwsProvider(server.profile(**changes), draft_id=draft_id, clock=FakeClock().clock)


def send(server: EwsEndpoint, journal: Journal | None = None, **changes: Any) -> Delivery:
    return provider(server, **changes).send(letter(), journal or Kept())


def failed(server: EwsEndpoint, kind: type[MailFailed] = MailFailed, **changes: Any) -> MailFailed:
    with pytest.raises(kind) as raised:
        send(server, **changes)
    return raised.value


# --- what arrives


@pytest.mark.parametrize("ways", [("Basic",), ("NTLM",), ("Negotiate", "NTLM", "Basic")])
def test_a_message_arrives_whole_whatever_the_way_to_sign_in(ways: tuple[str, ...]) -> None:
    files = (
        Attachment("Statement ē.pdf", bytes(range(256)) * 40, "application/pdf"),
        Attachment("logo.png", b"picture", "image/png", "logo@x"),
    )
    wanted = letter(
        to=(Address("ann@example.com", "Ann Kōwhai"),),
        cc=to("cc@example.com"),
        bcc=to("hidden@example.com"),
        reply_to=to(MAILBOX),
        subject='Māui & Sons <"50%">',
        html='<p>Dear <b>Ann</b> & co <img src="cid:logo@x"></p>\n',
        attachments=files,
        importance=Importance.HIGH,
    )
    with running(*ways) as server:
        delivery = provider(server).send(wanted, Kept())
    (mail,) = server.sent
    assert (mail.folder, mail.message_id) == ("sentitems", wanted.message_id)
    assert (mail.text(SUBJECT), mail.text(BODY)) == (wanted.message.subject, wanted.message.html)
    people = {
        "ToRecipients": ["ann@example.com"],
        "CcRecipients": ["cc@example.com"],
        "BccRecipients": ["hidden@example.com"],
        "ReplyTo": [MAILBOX],
        "From": [MAILBOX],
    }
    assert {name: mail.addresses(name) for name in people} == people
    assert mail.text("t:Importance") == "High"
    assert mail.attachments == [(a.name, a.content, a.content_id or "", a.content_id is not None) for a in files]
    assert server.operations() == ["ConvertId", "CreateItem", "SendItem"]
    assert set(server.signed_in) == {"NTLM" if "NTLM" in ways else "Basic"}
    assert {status.code for status in delivery.recipients} == {202}
    assert delivery.saved_in == f"Sent Items of {MAILBOX}"


def test_what_was_asked_is_told_when_it_went_well_and_when_not(server: EwsEndpoint) -> None:
    assert send(server).transcript == ("POST: 401", "ConvertId: 200", "CreateItem: 200", "SendItem: 200")
    server.always["CreateItem"] = fault("ErrorAccessDenied")
    assert failed(server).transcript == ("POST: 401", "ConvertId: 200", "CreateItem: 500")


def test_text_stays_text(server: EwsEndpoint) -> None:
    provider(server).send(letter(text="a < b & c\n\n  d\te\n"), Kept())
    assert server.sent[0].text(BODY) == "a < b & c\n\n  d\te\n"
    assert server.sent[0].written.find("{*}Body").get("BodyType") == "Text"  # type: ignore[union-attr]


def test_another_from_is_send_as(server: EwsEndpoint) -> None:
    shared = letter(sender=Address("office@kowhai.example"))
    sender = provider(server)
    sender.send(shared, Kept())
    assert server.sent[0].addresses("From") == ["office@kowhai.example"]
    assert sender.rights(shared) == (f"Send As or Send on Behalf for {MAILBOX} on office@kowhai.example (in Exchange)",)
    assert sender.rights(letter()) == ()


def test_it_is_kept_before_it_is_sent_and_the_journal_knows(server: EwsEndpoint) -> None:
    class Looking(Kept):
        def created(self, remote_id: str) -> None:
            (draft,) = server.in_folder("drafts")
            assert remote_id == f"{draft.id} {draft.change_key}"
            super().created("it")

        def sending(self) -> None:
            assert (len(server.in_folder("drafts")), server.sent) == (1, [])
            super().sending()

    journal = Looking()
    send(server, journal)
    assert journal.told == ["created it", "sending"]


def test_many_at_once_by_one_account_do_not_get_into_each_others_way(server: EwsEndpoint) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: provider(server).send(letter(n), Kept()), range(16)))
    assert sorted(mail.message_id for mail in server.sent) == [letter(n).message_id for n in range(16)]


# --- drafts


def test_a_draft_is_kept_and_sent_later(server: EwsEndpoint) -> None:
    kept = provider(server).save_draft(letter(), Kept())
    assert (len(server.in_folder("drafts")), server.sent, kept.saved_in) == (1, [], f"Drafts of {MAILBOX}")
    provider(server, kept.remote_id).send(letter(), Kept())
    assert (server.in_folder("drafts"), len(server.sent), server.count("CreateItem")) == ([], 1, 1)


def test_a_draft_somebody_edited_is_not_sent_from_here(server: EwsEndpoint) -> None:
    kept = provider(server).save_draft(letter(), Kept())
    server.in_folder("drafts")[0].changes += 1
    with pytest.raises(DraftChanged, match="was changed in the mailbox"):
        provider(server, kept.remote_id).send(letter(), Kept())
    assert server.sent == []


def test_a_draft_somebody_deleted_is_not_sent(server: EwsEndpoint) -> None:
    kept = provider(server).save_draft(letter(), Kept())
    server.items.clear()
    with pytest.raises(DraftChanged, match="no longer there"):
        provider(server, kept.remote_id).send(letter(), Kept())


def test_a_draft_that_was_sent_meanwhile_is_not_sent_twice(server: EwsEndpoint) -> None:
    kept = provider(server).save_draft(letter(), Kept())
    provider(server, kept.remote_id).send(letter(), Kept())
    again = provider(server, kept.remote_id).send(letter(), Kept())
    assert (again.said, len(server.sent)) == ("an earlier try had sent it", 1)


# --- answers that are lost


@pytest.mark.parametrize("before", [honest, None])
def test_a_lost_answer_about_the_draft_leaves_one_draft_or_none(server: EwsEndpoint, before: Any) -> None:
    server.plan("CreateItem", lost(before))
    if before is None:
        assert failed(server).outcome is Outcome.RETRY
        assert server.items == {}
    else:
        send(server)
        assert (len(server.sent), server.count("CreateItem"), server.in_folder("drafts")) == (1, 1, [])


def test_a_lost_answer_about_sending_is_looked_up(server: EwsEndpoint) -> None:
    server.plan("SendItem", lost(honest))
    assert send(server).said == "accepted, as its place in Sent Items shows"
    assert len(server.sent) == 1


def test_what_was_not_sent_is_tried_again_with_the_same_draft(server: EwsEndpoint) -> None:
    server.plan("SendItem", lost())
    sender, journal = provider(server), Kept()
    with pytest.raises(MailFailed) as raised:
        sender.send(letter(), journal)
    assert (raised.value.outcome, journal.told[-1]) == (Outcome.RETRY, "sending")
    provider(server, journal.told[0].removeprefix("created ")).send(letter(), Kept())
    assert (len(server.sent), server.count("CreateItem")) == (1, 1)


@pytest.mark.parametrize("act", [lost(honest), answer(500, b"oops"), answer(502), answer(503), answer(200, b"<x")])
def test_what_cannot_be_seen_stays_unknown(server: EwsEndpoint, act: Any) -> None:
    server.plan("SendItem", act)
    server.always["FindItem"] = answer(500)
    found = failed(server, ServiceRefused)
    assert (found.outcome, found.stage) == (Outcome.UNKNOWN, "send")


def test_it_is_looked_up_by_its_message_id(server: EwsEndpoint) -> None:
    sender = provider(server)
    assert sender.look_up(letter()) is None
    kept = sender.save_draft(letter(), Kept())
    sender.save_draft(letter(1), Kept())
    finder = provider(server)
    assert (finder.look_up(letter()), finder.draft_id) == (False, kept.remote_id)
    finder.send(letter(), Kept())
    assert provider(server).look_up(letter()) is True
    assert [mail.message_id for mail in server.in_folder("drafts")] == [letter(1).message_id]


# --- refusals


@pytest.mark.parametrize("how", [error, fault])
@pytest.mark.parametrize("code", list(EWS_ERRORS))
def test_every_code_people_meet_is_explained_and_nothing_is_sent(server: EwsEndpoint, code: str, how: Any) -> None:
    server.always["CreateItem"] = how(code)
    found = failed(server)
    known = EWS_ERRORS[code]
    assert (known.meaning in found.what, found.remedy, server.sent) == (True, known.remedy, [])
    assert found.outcome is known.outcome or found.outcome is Outcome.RETRY


@pytest.mark.parametrize("code", ["ErrorSendAsDenied", "ErrorInvalidRecipients", "ErrorMessageSizeExceeded"])
def test_a_send_that_is_refused_has_failed(server: EwsEndpoint, code: str) -> None:
    server.plan("SendItem", error(code))
    found = failed(server, ServiceRefused)
    assert (found.outcome, code in found.what) == (Outcome.FAILED, True)


@pytest.mark.parametrize("code", list(CHANGED))
def test_codes_of_a_changed_draft(server: EwsEndpoint, code: str) -> None:
    server.plan("SendItem", error(code))
    with pytest.raises(DraftChanged):
        send(server)


def test_an_unknown_code_is_named_and_its_text_is_not_repeated(server: EwsEndpoint) -> None:
    server.always["CreateItem"] = error("ErrorCannotSaveSentItemInArchiveFolder", f"text {server.password}")
    found = failed(server)
    assert ("ErrorCannotSaveSentItemInArchiveFolder" in found.what, found_in(str(found).encode())) == (True, set())


@pytest.mark.parametrize("way", ["Basic", "NTLM"])
def test_a_wrong_password_is_tried_once(way: str) -> None:
    with running(way) as server:
        found = failed(server, AuthFailed, password="wrong")
        assert (found.outcome, found.code, USER in found.what) == (Outcome.FAILED, 401, True)
        assert (server.signed_in, server.requests, "wrong" in str(found)) == ([], [], False)


def test_a_server_that_breaks_off_in_the_midst_of_signing_in() -> None:
    with running("NTLM") as server:
        server.breaks_off = True
        assert failed(server, AuthFailed).outcome is Outcome.FAILED


def test_a_password_basic_cannot_carry_is_not_tried() -> None:
    with running("Basic") as server:
        assert "Basic alone" in failed(server, ServiceRefused, password="пароль").what
        assert server.requests == []


def test_a_server_with_no_way_in_for_a_password() -> None:
    with running("Bearer") as server:
        assert "no way to sign in" in failed(server, ServiceRefused).what


@pytest.mark.parametrize(
    ("act", "kind", "outcome", "words"),
    [
        (answer(503, Retry_After="120"), ServiceRefused, Outcome.RETRY, "it asks to wait 120 seconds"),
        (answer(503, Retry_After="soon"), ServiceRefused, Outcome.RETRY, "not available."),
        (answer(429), ServiceRefused, Outcome.RETRY, "too many requests"),
        (answer(403), ServiceRefused, Outcome.FAILED, "may not use EWS"),
        (answer(404), ServiceRefused, Outcome.FAILED, "no EWS at this address"),
        (answer(413), ServiceRefused, Outcome.FAILED, "too large"),
        (answer(302, Location="https://elsewhere.example/"), EndpointRefused, Outcome.FAILED, "elsewhere"),
        (answer(401), AuthFailed, Outcome.FAILED, "does not accept"),
        (answer(500, b"<html>Server Error</html>"), ProtocolViolation, Outcome.RETRY, "not one an Exchange"),
        (answer(200, b"<html>hello</html>"), ProtocolViolation, Outcome.RETRY, "not one an Exchange"),
        (answer(200, b""), ProtocolViolation, Outcome.RETRY, "not one an Exchange"),
        (answer(200, b"\0" * 100), ProtocolViolation, Outcome.RETRY, "not one an Exchange"),
        (answer(200, b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'), ProtocolViolation,
         Outcome.RETRY, "not one an Exchange"),
        (answer(200, b" " * (LARGEST_BODY + 1)), ReplyTooLarge, Outcome.RETRY, "larger than"),
        (lost(), MailFailed, Outcome.RETRY, "no answer"),
    ],
)  # fmt: skip
def test_answers_that_are_none(
    server: EwsEndpoint, act: Any, kind: type[MailFailed], outcome: Outcome, words: str
) -> None:
    server.always["CreateItem"] = act
    found = failed(server, kind)
    assert (found.outcome, words in found.what, server.sent) == (outcome, True, [])


def test_a_server_that_hangs_costs_its_deadline(server: EwsEndpoint) -> None:
    released = threading.Event()

    def hang(_call: Any) -> None:
        released.wait(20)

    server.always["ConvertId"] = hang
    try:
        assert failed(server, StageTimeout, deadline=0.5).outcome is Outcome.RETRY
    finally:
        released.set()


def test_another_mailbox_needs_to_be_there(server: EwsEndpoint) -> None:
    assert "no such mailbox" in failed(server, mailbox="ghost@kowhai.example").what
    server.mailboxes.add("office@kowhai.example")
    send(server, mailbox="office@kowhai.example")
    assert len(server.sent) == 1


def test_exchange_2010_is_too_old(server: EwsEndpoint) -> None:
    server.build = (14, 3, 123, 4)
    assert "Exchange Server 2010" in failed(server, ServiceRefused).what
    assert server.count("CreateItem") == 0


def test_what_exchange_cannot_be_given_is_said_before_any_traffic(server: EwsEndpoint) -> None:
    with pytest.raises(GateRefused, match=r"text: holds the character U\+0001"):
        provider(server).ready(letter(text="a\x01b"))
    with pytest.raises(Unsupported, match="X- headers; a From name of one's own"):
        provider(server).ready(letter(sender=Address(MAILBOX, "Anna"), headers=(("X-Case", "7"),)))
    assert server.requests == []


# --- TLS, the environment, what is left behind


@pytest.mark.parametrize("shown", [certificates.of_a_stranger, certificates.expired, certificates.of_another_name])
def test_no_password_meets_a_server_that_cannot_prove_who_it_is(shown: Callable[[], Shown]) -> None:
    with running("Basic", shown=shown()) as server:
        found = failed(server, CertificateInvalid)
        assert (found.outcome, server.signed_in, server.requests) == (Outcome.RETRY, [], [])


def test_nothing_in_the_environment_changes_where_it_goes(server: EwsEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    send(server)
    assert len(server.sent) == 1


def test_a_file_of_authorities_that_is_not_there(server: EwsEndpoint) -> None:
    with pytest.raises(BadInput, match="There is no file of certificate authorities"):
        send(server, ca_file="/nowhere.pem")


@pytest.mark.parametrize("way", ["Basic", "NTLM"])
def test_the_library_logs_nothing_and_keeps_nothing(way: str, caplog: pytest.LogCaptureFixture) -> None:
    from exchangelib.protocol import CachingProtocol

    caplog.set_level(logging.DEBUG)
    with running(way) as server:
        send(server)
        server.always["CreateItem"] = answer(200, b"<html>hello</html>")
        failed(server)
        server.always["CreateItem"] = lost()
        failed(server)
    said = [record for record in caplog.records if record.name.partition(".")[0] != "asyncio"]
    assert (said, CachingProtocol._protocol_cache) == ([], {})


def test_without_the_extra_it_says_which_and_sends_nothing(
    server: EwsEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(providers, "ews_client", raising=False)
    monkeypatch.delitem(sys.modules, "mailadmin.providers.ews_client", raising=False)
    monkeypatch.setitem(sys.modules, "exchangelib", None)
    with pytest.raises(Unsupported, match="exchangelib, which is not installed") as raised:
        send(server)
    assert 'pip install "mailadmin[on-premises]"' in raised.value.remedy


def test_until_a_message_goes_out_the_library_is_not_loaded() -> None:
    code = "import sys, mailadmin.providers.registry; print('exchangelib' in sys.modules, 'lxml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


# --- the ladder


def rungs(server: EwsEndpoint, **changes: Any) -> dict[str, tuple[Result, str]]:
    return {rung.name: (rung.result, rung.meaning) for rung in climb(server.profile(**changes), MAILBOX)}


def broken(server: EwsEndpoint, name: str, **changes: Any) -> str:
    """What broke, at this rung, with those below it held and those above it not reached."""
    found = rungs(server, **changes)
    place = list(found).index(name)
    results = [result for result, _ in found.values()]
    assert set(results[:place]) <= {Result.PASSED, Result.WARNING}, found
    assert (results[place], set(results[place + 1 :])) == (Result.FAILED, {Result.NOT_REACHED}), found
    return found[name][1]


def test_every_rung_holds_and_nothing_is_kept_or_sent(server: EwsEndpoint) -> None:
    found = rungs(server)
    assert list(found) == list(RUNGS[server.profile().service])
    passed = {name for name, (result, _) in found.items() if result in {Result.PASSED, Result.WARNING}}
    assert passed == {"DNS", "connect", "TLS", "login", "mailbox"}
    assert found["login"][1] == f"Microsoft Exchange Server 2019, signed in as {USER}"
    assert (found["send as"][0], server.items) == (Result.NOT_NEEDED, {})
    assert server.operations() == ["ConvertId", "GetFolder"]
    assert EXPIRES_SOON.days == 30


def test_each_rung_breaks_in_its_own_way(server: EwsEndpoint) -> None:
    assert "no host" in broken(server, "DNS", endpoint="https://nobody.invalid/EWS/Exchange.asmx")
    assert "takes no connection at port 1" in broken(
        server, "connect", endpoint="https://127.0.0.1:1/EWS/Exchange.asmx"
    )
    assert "not accepted" in broken(server, "TLS", ca_file="")
    assert "does not accept" in broken(server, "login", password="wrong")
    assert "no EWS" in broken(server, "login", endpoint=f"https://localhost:{server.port}/elsewhere")
    assert "no such mailbox" in broken(server, "mailbox", mailbox="ghost@kowhai.example")
    server.always["GetFolder"] = error("ErrorAccessDenied")
    assert "may not use this mailbox" in broken(server, "mailbox")


def test_outlook_is_not_verifiable_from_here() -> None:
    from mailadmin.domain.profiles import OutlookProfile

    (rung,) = climb(OutlookProfile(own=MAILBOX), MAILBOX)
    assert (rung.name, rung.result) == ("Outlook", Result.NOT_NEEDED)
    assert "nothing of it can be verified from here" in rung.meaning
