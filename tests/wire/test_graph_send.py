"""Sending beside a hostile Graph: what was asked of it, what was sent, and what we say of it (group B)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mailadmin.domain.messages import Address, Attachment, Delivery
from mailadmin.errors import (
    BadInput,
    DraftChanged,
    MailFailed,
    Outcome,
    ServiceRefused,
    Unsupported,
)
from mailadmin.providers import graph as graph_module
from mailadmin.providers.graph import GraphProvider
from tests.scripted_graph import (
    MAILBOX,
    Act,
    Exchange,
    KeptJournal,
    Mail,
    ScriptedGraph,
    answer,
    closed,
    done_then,
    error,
    hang,
    honest,
    letter,
    lost,
    running,
    told,
)


@pytest.fixture
def graph() -> Iterator[ScriptedGraph]:
    with running() as server:
        yield server


def provider(graph: ScriptedGraph, draft_id: str | None = None, **changes: Any) -> GraphProvider:
    return GraphProvider(graph.profile(**changes), draft_id=draft_id, clock=graph.clock.clock)


def send(graph: ScriptedGraph, **changes: Any) -> Delivery:
    return provider(graph, **changes).send(letter(), KeptJournal())


def failed(graph: ScriptedGraph, kind: type[MailFailed] = MailFailed, **changes: Any) -> MailFailed:
    with pytest.raises(kind) as raised:
        send(graph, **changes)
    return raised.value


# GR-01 to GR-04: waiting.


def test_gr_01_what_graph_asks_to_wait_is_waited_then_it_is_asked_again_once(graph: ScriptedGraph) -> None:
    graph.plan("draft", answer(429, Retry_After="5"))
    send(graph)
    assert graph.clock.slept[0] == 5
    assert (graph.count("draft"), len(graph.sent)) == (2, 1)


@pytest.mark.parametrize("operation", ["draft", "send"])
def test_gr_01_throttled_time_after_time_it_is_given_up_and_nothing_was_sent(
    graph: ScriptedGraph, operation: str
) -> None:
    graph.always[operation] = error(429, "TooManyRequests")
    found = failed(graph, ServiceRefused)
    assert (found.outcome, found.code, graph.sent) == (Outcome.RETRY, 429, [])
    assert graph.count(operation) == 5


def test_gr_01_a_date_to_wait_for_is_understood(graph: ScriptedGraph) -> None:
    graph.plan("draft", answer(429, Retry_After="Sun, 22 Nov 2026 09:00:30 GMT"))
    send(graph)
    assert graph.clock.slept[0] == 30


@pytest.mark.parametrize("odd", ["-5", "1.5", "abc", "", "NaN", "1e3", "inf", "5, 5", "0x5", "99 Nov"])
def test_gr_03_an_odd_wait_is_a_growing_one_of_our_own(graph: ScriptedGraph, odd: str) -> None:
    graph.plan("draft", *[answer(429, Retry_After=odd)] * 4)
    send(graph)
    assert all(2**n / 2 <= slept <= 2**n for n, slept in enumerate(graph.clock.slept[:4]))
    assert len(graph.sent) == 1


@pytest.mark.parametrize("header", ["\u0667", "\u0663\u0660"])
def test_gr_03_digits_of_another_script_are_odd_too(graph: ScriptedGraph, header: str) -> None:
    graph.plan("draft", answer(429, Retry_After=header.encode().decode("latin-1")))
    send(graph)
    assert graph.clock.slept[0] <= 1


@pytest.mark.parametrize("asked", ["99999999", "121", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_gr_04_nobody_waits_longer_than_two_minutes(graph: ScriptedGraph, asked: str) -> None:
    graph.plan("draft", answer(429, Retry_After=asked))
    found = failed(graph, ServiceRefused)
    assert (found.outcome, graph.clock.slept, graph.sent) == (Outcome.RETRY, [], [])
    assert "seconds" in str(found)


def test_gr_04_two_minutes_are_waited(graph: ScriptedGraph) -> None:
    graph.plan("draft", answer(429, Retry_After="120"))
    send(graph)
    assert graph.clock.slept[0] == 120


# GR-06 to GR-12: a send of which nothing is known.


@pytest.mark.parametrize("status", [408, 500, 501, 502, 503, 504, 507, 509, 520, 599, 600, 999, 102, 103])
def test_gr_06_after_an_answer_that_says_nothing_it_is_looked_up_and_never_sent_twice(
    graph: ScriptedGraph, status: int
) -> None:
    graph.plan("send", done_then(answer(status)))
    delivery = send(graph)
    assert (len(graph.sent), graph.count("send")) == (1, 1)
    assert delivery.remote_id in graph.mails


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 507])
def test_gr_06_what_is_still_a_draft_after_the_last_look_is_sent_once_more(graph: ScriptedGraph, status: int) -> None:
    graph.plan("send", answer(status))
    send(graph)
    assert (len(graph.sent), graph.count("send"), graph.clock.slept) == (1, 2, [0, 1, 2, 4, 8])


def test_gr_06_504_four_times_is_one_mail(graph: ScriptedGraph) -> None:
    graph.always["send"] = done_then(error(504, "UnknownError"))
    send(graph)
    assert (len(graph.sent), graph.count("send")) == (1, 1)


def test_gr_06_never_done_it_is_tried_twice_and_then_unknown(graph: ScriptedGraph) -> None:
    graph.always["send"] = error(504, "UnknownError")
    assert failed(graph).outcome is Outcome.UNKNOWN
    assert (graph.sent, graph.count("send")) == ([], 2)


def test_gr_07_accepted_is_accepted_whatever_else_the_answer_says(graph: ScriptedGraph) -> None:
    graph.plan("send", done_then(answer(202, Retry_After="30")))
    delivery = send(graph)
    assert (delivery.said, graph.count("send"), graph.clock.slept) == ("202 accepted", 1, [])
    assert delivery.saved_in == f"Sent Items of {MAILBOX}"


@pytest.mark.parametrize("act", [lost, closed, hang])
def test_gr_09_no_answer_and_it_is_in_sent_items(graph: ScriptedGraph, act: Act) -> None:
    graph.plan("send", done_then(act))
    send(graph, deadline=0.5)
    assert (len(graph.sent), graph.count("send"), graph.count("look")) == (1, 1, 1)


@pytest.mark.parametrize("looks", [1, 2, 3, 4])
def test_gr_10_a_sent_copy_that_shows_late_is_waited_for(graph: ScriptedGraph, looks: int) -> None:
    graph.late = timedelta(seconds=[1, 3, 7, 15][looks - 1])
    graph.plan("send", done_then(lost))
    send(graph)
    assert (len(graph.sent), graph.count("send"), graph.count("look")) == (1, 1, looks + 1)


@pytest.mark.parametrize("act", [lost, hang, error(503, "x"), answer(200, b"[]"), told({"isDraft": "no"})])
def test_gr_10_looks_that_fail_are_repeated(graph: ScriptedGraph, act: Act) -> None:
    graph.plan("send", done_then(lost))
    graph.plan("look", act)
    send(graph, deadline=0.5)
    assert (len(graph.sent), graph.count("send")) == (1, 1)


@pytest.mark.parametrize(
    "act", [lost, error(503, "x"), error(403, "ErrorAccessDenied"), answer(429, Retry_After="9999")]
)
def test_gr_10_what_cannot_be_looked_up_is_unknown_and_not_sent_again(graph: ScriptedGraph, act: Act) -> None:
    graph.plan("send", lost)
    graph.always["look"] = act
    assert failed(graph).outcome is Outcome.UNKNOWN
    assert graph.count("send") == 1


def test_gr_10_looking_takes_its_polls_and_not_five_times_as_long(graph: ScriptedGraph) -> None:
    graph.plan("send", done_then(lost))
    graph.always["look"] = graph.always["folder"] = lost
    assert failed(graph).outcome is Outcome.UNKNOWN
    assert graph.count("look") == len(graph_module.POLLS)


def test_gr_12_a_message_that_is_not_there_is_unknown(graph: ScriptedGraph) -> None:
    graph.plan("send", done_then(lost))
    graph.always["look"] = error(404, "ErrorItemNotFound")
    graph.always["folder"] = told({"value": []})
    found = failed(graph)
    assert found.outcome is Outcome.UNKNOWN
    assert "outbox reconcile" in found.remedy
    assert graph.count("send") == 1


def test_gr_12_an_id_that_changed_all_the_same_is_found_in_sent_items_by_our_own(graph: ScriptedGraph) -> None:
    graph.plan("send", done_then(lost))
    graph.always["look"] = error(404, "ErrorItemNotFound")
    journal, outgoing = KeptJournal(), letter()
    provider(graph).send(outgoing, journal)
    assert (graph.sent, graph.count("send")) == ([outgoing.uuid], 1)
    assert provider(graph, journal.draft).look_up(outgoing) is True


@pytest.mark.parametrize(
    "refused", [error(404, "ErrorItemNotFound"), error(400, "ErrorInvalidOperation"), answer(429, Retry_After="999")]
)
def test_a_second_send_that_is_refused_does_not_make_the_first_one_fail(graph: ScriptedGraph, refused: Act) -> None:
    """The first one was carried out after the last look, so the second one found no draft any more."""

    def late(exchange: Exchange) -> None:
        graph.mails[exchange.names[1]].sends += 1
        graph.mails[exchange.names[1]].sent_at = graph.clock.time
        refused(exchange)

    graph.plan("send", lost, late)
    send(graph)
    assert (len(graph.sent), graph.count("send")) == (1, 2)


@pytest.mark.parametrize("kind", [error(403, "ErrorSendAsDenied"), error(400, "ErrorInvalidRecipients")])
def test_a_second_send_that_is_refused_for_good_of_what_is_a_draft_still_has_failed(
    graph: ScriptedGraph, kind: Act
) -> None:
    graph.plan("send", lost, kind)
    assert (failed(graph).outcome, graph.sent) == (Outcome.FAILED, [])


# Before the send nothing is unknown: nothing can have been sent.


@pytest.mark.parametrize("operation", ["discovery", "token", "draft", "folder", "attach", "session", "piece", "pieces"])
@pytest.mark.parametrize("act", [lost, closed, error(503, "x"), error(507, "x"), answer(200, b"[]"), answer(302)])
def test_trouble_before_the_send_never_leaves_a_message_unknown(graph: ScriptedGraph, operation: str, act: Act) -> None:
    graph.always[operation] = act
    if operation == "folder":
        graph.always["draft"] = lost
    if operation == "pieces":
        graph.always["piece"] = lost
    small, large = Attachment("small.txt", b"x"), Attachment("large.bin", bytes(3_000_000))
    outgoing, journal = letter(attachments=(small, large)), KeptJournal()
    sending = provider(graph)
    failures: list[MailFailed] = []
    try:
        sending.send(outgoing, journal)
    except MailFailed as failure:
        failures.append(failure)
    assert [failure.outcome for failure in failures if failure.outcome is Outcome.UNKNOWN] == []
    assert [f for f in failures if not f.transcript and operation not in {"discovery", "token"}] == []
    assert (journal.began, len(graph.sent)) == ((False, 0) if failures else (True, 1))


# GR-13: a draft whose id was lost.


def test_gr_13_a_draft_whose_answer_was_lost_is_found_by_our_own_header(graph: ScriptedGraph) -> None:
    graph.plan("draft", done_then(lost))
    journal = KeptJournal()
    delivery = provider(graph).send(letter(), journal)
    assert (len(graph.mails), len(graph.sent), delivery.remote_id) == (1, 1, journal.draft)


@pytest.mark.parametrize("status", [500, 501, 503, 507])
def test_gr_13_so_is_one_of_an_error_of_the_server(graph: ScriptedGraph, status: int) -> None:
    graph.plan("draft", done_then(error(status, "UnknownError")))
    send(graph)
    assert (len(graph.mails), len(graph.sent)) == (1, 1)


class Crashed(BaseException):
    """The end of the process."""


class CrashingJournal(KeptJournal):
    """A journal that does not live to keep the draft's id."""

    def created(self, remote_id: str) -> None:
        raise Crashed


def test_gr_13_a_crash_before_the_id_was_kept_leaves_one_draft_which_the_next_run_sends(graph: ScriptedGraph) -> None:
    outgoing = letter()
    with pytest.raises(Crashed):
        provider(graph).send(outgoing, CrashingJournal())
    again = provider(graph)
    assert again.look_up(outgoing) is False
    again.send(outgoing, KeptJournal())
    assert (len(graph.mails), graph.sent) == (1, [outgoing.uuid])


def test_gr_13_a_message_of_which_nothing_was_kept_is_found_in_sent_items(graph: ScriptedGraph) -> None:
    outgoing, other = letter(), letter()
    provider(graph).send(outgoing, KeptJournal())
    assert provider(graph).look_up(outgoing) is True
    assert provider(graph).look_up(other) is None


def test_gr_13_no_draft_and_no_answer_is_a_try_for_later(graph: ScriptedGraph) -> None:
    graph.plan("draft", lost)
    assert (failed(graph).outcome, graph.mails) == (Outcome.RETRY, {})


def test_gr_30_looking_through_folders_without_end_ends(graph: ScriptedGraph) -> None:
    others = {"value": [{"id": "x", "isDraft": True}] * 50, "@odata.nextLink": f"https://{graph.address}/x"}
    graph.always["folder"] = told(others)
    assert provider(graph).look_up(letter()) is None
    assert graph.count("folder") == 2 * 50


def test_gr_30_a_page_that_names_another_host_goes_on_at_ours(graph: ScriptedGraph) -> None:
    outgoing = letter()
    for _ in range(120):
        graph.mails[f"I{len(graph.mails)}=="] = Mail({"internetMessageHeaders": []})
    with pytest.raises(Crashed):
        provider(graph).send(outgoing, CrashingJournal())
    graph.mails = dict(sorted(graph.mails.items(), key=lambda item: "subject" not in item[1].resource))
    assert provider(graph).look_up(outgoing) is False
    asked = [exchange.query["$skip"] for exchange in graph.requests if exchange.operation == "folder"]
    assert asked == ["0", "50", "100"]


# A draft that is already there.


def kept(graph: ScriptedGraph, **parts: Any) -> tuple[Any, str]:
    """A message kept as a draft."""
    outgoing = letter(**parts)
    delivery = provider(graph).save_draft(outgoing, KeptJournal())
    assert delivery.remote_id
    return outgoing, delivery.remote_id


def test_a_kept_draft_is_sent_as_it_is(graph: ScriptedGraph) -> None:
    outgoing, draft = kept(graph, attachments=(Attachment("a.txt", b"a"),))
    assert graph.sent == []
    provider(graph, draft).send(outgoing, KeptJournal())
    assert (len(graph.mails), graph.sent, graph.count("attach")) == (1, [outgoing.uuid], 1)


def test_a_draft_says_where_it_is(graph: ScriptedGraph) -> None:
    delivery = provider(graph).save_draft(letter(), KeptJournal())
    assert (delivery.saved_in, delivery.said) == (f"Drafts of {MAILBOX}", "kept as draft")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"subject": "Other"}, "the subject"),
        ({"toRecipients": []}, "To"),
        ({"toRecipients": None}, "To"),
        ({"toRecipients": "x"}, "To"),
        ({"toRecipients": [{"emailAddress": "x"}]}, "To"),
        ({"toRecipients": ["x"]}, "To"),
        ({"ccRecipients": [{"emailAddress": {"address": "eve@evil.example"}}]}, "Cc"),
        ({"bccRecipients": [{"emailAddress": {"address": "eve@evil.example"}}]}, "Bcc"),
        ({"from": {"emailAddress": {"address": "ceo@kowhai.example"}}}, "From"),
        ({"from": "x"}, "From"),
        ({"from": {"emailAddress": ["x"]}}, "From"),
    ],
)
def test_a_draft_that_was_changed_in_the_mailbox_is_not_sent(
    graph: ScriptedGraph, change: dict[str, Any], word: str
) -> None:
    outgoing, draft = kept(graph)
    graph.mails[draft].resource.update(change)
    with pytest.raises(DraftChanged) as raised:
        provider(graph, draft).send(outgoing, KeptJournal())
    assert word in str(raised.value)
    assert graph.sent == []


@pytest.mark.parametrize("change", ["added", "removed", "renamed", "shrunk"])
def test_nor_is_one_whose_attachments_were(graph: ScriptedGraph, change: str) -> None:
    both = (Attachment("a.txt", bytes(1000)), Attachment("b.txt", b"b"))
    outgoing, draft = kept(graph, attachments=both)
    there = graph.mails[draft].attachments
    match change:
        case "added":
            there.append(("evil.exe", 1, ""))
        case "removed":
            del there[0]
        case "renamed":
            there[0] = ("c.txt", 1000, "")
        case "shrunk":
            there[0] = ("a.txt", 1, "")
    with pytest.raises(DraftChanged, match="attachments"):
        provider(graph, draft).send(outgoing, KeptJournal())
    assert graph.sent == []


def test_a_draft_that_was_sent_from_the_mailbox_is_not_sent_again(graph: ScriptedGraph) -> None:
    outgoing, draft = kept(graph)
    graph.mails[draft].sends, graph.mails[draft].sent_at = 1, graph.clock.time
    with pytest.raises(DraftChanged, match="already been sent"):
        provider(graph, draft).send(outgoing, KeptJournal())
    assert graph.sent == [outgoing.uuid]


def test_a_draft_that_was_deleted_is_named(graph: ScriptedGraph) -> None:
    outgoing, draft = kept(graph)
    del graph.mails[draft]
    with pytest.raises(ServiceRefused) as raised:
        provider(graph, draft).send(outgoing, KeptJournal())
    assert (raised.value.outcome, graph.sent) == (Outcome.FAILED, [])


def test_the_attachments_a_draft_lacks_are_added_and_like_names_are_told_apart(graph: ScriptedGraph) -> None:
    like = tuple(Attachment("scan.pdf", content) for content in (b"1" * 10, b"2" * 1000, b"3"))
    outgoing, journal = letter(attachments=like), KeptJournal()
    graph.plan("attach", honest, done_then(lost), error(503, "x"))
    with pytest.raises(MailFailed) as raised:
        provider(graph).send(outgoing, journal)
    assert raised.value.outcome is Outcome.RETRY
    with pytest.raises(MailFailed):
        provider(graph, journal.draft).send(outgoing, journal)
    provider(graph, journal.draft).send(outgoing, journal)
    (mail,) = graph.mails.values()
    assert [found[2] for found in mail.attachments] == [attachment.sha256 for attachment in like]
    assert graph.sent == [outgoing.uuid]


# GR-19: refusals, each with its next step.


def test_gr_19_three_refusals_three_messages(graph: ScriptedGraph) -> None:
    graph.plan("draft", error(403, "ErrorAccessDenied"), error(404, "MailboxNotEnabledForRESTAPI"))
    denied, no_mailbox = failed(graph), failed(graph)
    graph.plan("send", error(403, "ErrorSendAsDenied"))
    no_right = failed(graph)
    assert "permission" in str(denied)
    assert "Send As" in str(no_right)
    assert "licence" in str(no_mailbox)
    found = (denied, no_mailbox, no_right)
    assert {(e.outcome, bool(e.remedy)) for e in found} == {(Outcome.FAILED, True)}
    assert len({str(e) for e in found}) == 3


@pytest.mark.parametrize(
    "code",
    ["", "x" * 5000, "CANARY-0123456789ab", "a\r\nb", "\u202eevil", "Bearer eyJ0eXAi.x", "<script>", None, 5, [], {}],
)
def test_a_code_is_repeated_only_where_it_can_be_one(graph: ScriptedGraph, code: object) -> None:
    graph.plan("draft", told({"error": {"code": code, "message": "CANARY-0123456789ab"}}, 400))
    assert str(failed(graph)) == "draft: Microsoft Graph answered 400."


def test_a_refusal_says_what_was_asked_until_then(graph: ScriptedGraph) -> None:
    graph.plan("send", error(403, "ErrorSendAsDenied"))
    transcript = failed(graph).transcript
    assert transcript[0].startswith("signed in at ")
    assert [line.rpartition(": ")[2] for line in transcript[1:]] == ["201", "403"]


# GR-42, GR-43: whose mailbox.


@pytest.mark.parametrize(
    ("mailbox", "path"),
    [
        ("a/b@c.test", "a%2Fb%40c.test"),
        ("a#b@c.test", "a%23b%40c.test"),
        ("a?x=1@c.test", "a%3Fx%3D1%40c.test"),
        ("o'x@c.test", "o%27x%40c.test"),
        ("a+b&c@c.test", "a%2Bb%26c%40c.test"),
        ("11111111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-555555555555"),
    ],
)
def test_gr_42_a_mailbox_is_one_segment_of_the_path(graph: ScriptedGraph, mailbox: str, path: str) -> None:
    send(graph, mailbox=mailbox)
    asked = [exchange for exchange in graph.requests if exchange.path.startswith("/v1.0")]
    assert {exchange.path.split("/")[3] for exchange in asked} == {path}
    assert [exchange.operation for exchange in asked] == ["draft", "send"]


@pytest.mark.parametrize(
    "mailbox",
    [
        *(
            "x' or 1 eq 1 or mail eq '",
            "..",
            ".",
            "",
            "a@c.test/sendMail",
            "a@c.test\r\nX: y",
            "%2e%2e",
            "me",
            "a b@c.test",
        ),
        *("a%2fb@c.test", "../../v1.0/me", "a@c.test#", "\u0661@c.test\u0000"),
    ],
)
def test_gr_43_what_is_no_mailbox_is_refused_before_any_traffic(graph: ScriptedGraph, mailbox: str) -> None:
    with pytest.raises(BadInput):
        send(graph, mailbox=mailbox)
    assert graph.connections == 0


# GR-48: four at once.


def test_gr_48_eight_sends_at_once_are_four_at_the_server(graph: ScriptedGraph) -> None:
    """Every request is held until a fourth is there, and then for a while in which a fifth could come."""
    together = threading.Barrier(4)

    def held(exchange: Exchange) -> None:
        try:
            together.wait(0.2)
        except threading.BrokenBarrierError:
            together.reset()
        graph.released.wait(0.02)
        honest(exchange)

    provider(graph).send(letter(), KeptJournal())
    graph.most_in_flight = 0
    graph.always = dict.fromkeys(("draft", "send"), held)
    with ThreadPoolExecutor(8) as pool:
        outgoing = [letter() for _ in range(8)]
        list(pool.map(lambda one: provider(graph).send(one, KeptJournal()), outgoing))
    assert graph.most_in_flight == 4
    assert sorted(graph.sent[1:]) == sorted(one.uuid for one in outgoing)


# What Graph answers and is none.


@pytest.mark.parametrize(
    "found",
    [
        *({}, {"id": None}, {"id": 5}, {"id": ""}, {"id": ["x"]}, {"id": ".."}, {"id": "\ud800"}, {"id": "a b"}),
        *({"id": "a\r\nX: y"}, {"id": "../../evil"}, {"id": "x" * 5000}, [], "x", None, [[[]]] * 9),
    ],
)
def test_a_draft_without_an_id_that_can_be_one_is_named(graph: ScriptedGraph, found: object) -> None:
    graph.plan("draft", told(found, 201))
    error_ = failed(graph, ServiceRefused)
    assert (error_.outcome, graph.count("send")) == (Outcome.RETRY, 0)


@pytest.mark.parametrize(
    "value",
    [
        *(None, 5, "x", {}, [None], ["x"], [5], [[]], [{}], [{"internetMessageHeaders": 5}]),
        *([{"internetMessageHeaders": ["x"]}], [{"internetMessageHeaders": [{"name": 5, "value": []}]}]),
        *([{"internetMessageHeaders": [{"name": None}]}], [{"internetMessageHeaders": {"name": "x"}}]),
    ],
)
def test_a_folder_that_makes_no_sense_holds_nothing(graph: ScriptedGraph, value: object) -> None:
    graph.always["folder"] = told({"value": value})
    assert provider(graph).look_up(letter()) is None


@pytest.mark.parametrize("name", [None, 5, "", "..", "\ud800"])
def test_a_found_message_without_an_id_was_not_found(graph: ScriptedGraph, name: object) -> None:
    outgoing = letter()
    headers = [{"name": "x-mailadmin-id", "value": outgoing.uuid}]
    graph.always["folder"] = told({"value": [{"id": name, "internetMessageHeaders": headers}]})
    assert provider(graph).look_up(outgoing) is None


# What is refused before any traffic.


def test_an_address_outside_ascii_is_refused_before_any_traffic(graph: ScriptedGraph) -> None:
    with pytest.raises(Unsupported):
        provider(graph).send(letter("jürgen@partner.example"), KeptJournal())
    assert graph.connections == 0


def test_501_recipients_are_refused_before_any_traffic(graph: ScriptedGraph) -> None:
    with pytest.raises(Unsupported, match="501 recipients"):
        provider(graph).send(letter(*(f"r{n}@partner.example" for n in range(501))), KeptJournal())
    provider(graph).send(letter(*(f"r{n}@partner.example" for n in range(500))), KeptJournal())
    assert len(graph.sent) == 1


def test_what_was_accepted_was_accepted_for_everybody(graph: ScriptedGraph) -> None:
    outgoing = letter("a@partner.example", "b@partner.example", cc=(Address("c@partner.example"),))
    delivery = provider(graph).send(outgoing, KeptJournal())
    assert [status.email for status in delivery.recipients] == [a.email for a in outgoing.recipients]
    assert all(status.accepted for status in delivery.recipients)
    assert delivery.account == f"mailbox {MAILBOX}"


def test_another_sender_travels_as_from_and_the_mailbox_does_not(graph: ScriptedGraph) -> None:
    own, other = letter(), letter()
    provider(graph).send(own, KeptJournal())
    provider(graph).send(replace(other, sender=Address("ceo@kowhai.example", "The Chief")), KeptJournal())
    first, second = (mail.resource for mail in graph.mails.values())
    assert "from" not in first
    assert second["from"] == {"emailAddress": {"address": "ceo@kowhai.example", "name": "The Chief"}}
