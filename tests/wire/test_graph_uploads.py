"""Large attachments beside a Graph that cuts, loses and lies: what arrives is what was sent, once (group B)."""

from __future__ import annotations

import itertools
import logging
import random
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from mailadmin.domain.messages import Attachment
from mailadmin.errors import EndpointRefused, MailFailed, Outcome, ProtocolViolation, ServiceRefused, Unsupported
from mailadmin.providers import graph_uploads
from mailadmin.providers.graph import LARGEST_ATTACHMENT, GraphProvider
from tests.campaign import Counters
from tests.scripted_graph import (
    EVIL,
    Act,
    Exchange,
    KeptJournal,
    Mail,
    ScriptedGraph,
    answer,
    cut,
    done_then,
    error,
    expecting,
    hang,
    honest,
    letter,
    lost,
    running,
    told,
)

SIZE = 3_100_000


@pytest.fixture
def graph() -> Iterator[ScriptedGraph]:
    with running() as server:
        yield server


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five pieces instead of one, the last of them short."""
    monkeypatch.setattr(graph_uploads, "PIECE", 700_000)


def scan(size: int = SIZE, name: str = "scan.bin") -> Attachment:
    return Attachment(name, random.Random(size).randbytes(size))  # noqa: S311


def send(graph: ScriptedGraph, *attachments: Attachment, **changes: Any) -> Mail:
    """What came of a message with these attachments, which arrived whole, once and in order."""
    outgoing = letter(attachments=attachments)
    GraphProvider(graph.profile(**changes), clock=graph.clock.clock).send(outgoing, KeptJournal())
    (mail,) = graph.mails.values()
    assert [found[::2] for found in mail.attachments] == [(a.name, a.sha256) for a in attachments]
    assert graph.sent == [outgoing.uuid]
    return mail


def failed(graph: ScriptedGraph, *attachments: Attachment, kind: type[MailFailed] = MailFailed) -> MailFailed:
    outgoing = letter(attachments=attachments or (scan(),))
    with pytest.raises(kind) as raised:
        GraphProvider(graph.profile(), clock=graph.clock.clock).send(outgoing, KeptJournal())
    assert graph.sent == []
    return raised.value


# GR-31: the address of an upload is its authorisation.


def test_gr_31_an_upload_carries_no_token_and_its_address_is_in_no_log(
    graph: ScriptedGraph, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    outgoing, journal = letter(attachments=(scan(),)), KeptJournal()
    graph.plan("piece", lost)
    delivery = GraphProvider(graph.profile(), clock=graph.clock.clock).send(outgoing, journal)
    uploads = [exchange for exchange in graph.requests if exchange.path.startswith("/upload/")]
    assert [exchange.method for exchange in uploads] == ["PUT", "GET", "PUT"]
    assert [exchange.headers.get("Authorization") for exchange in uploads] == [None, None, None]
    assert [exchange.headers.get("Cookie") for exchange in uploads] == [None, None, None]
    (address,) = graph.sessions
    assert address not in caplog.text + repr(delivery)
    assert [line for line in delivery.transcript if "(upload session)" in line] != []


@pytest.mark.parametrize("act", [answer(403), answer(302, Location="https://127.0.0.2/"), lost, hang, told([], 500)])
def test_gr_31_nor_is_it_in_an_error(graph: ScriptedGraph, act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_uploads, "_MOST_RESUMES", 1)
    graph.always["piece"] = graph.always["pieces"] = act
    outgoing = letter(attachments=(scan(),))
    with pytest.raises(MailFailed) as raised:
        GraphProvider(graph.profile(deadline=0.5), clock=graph.clock.clock).send(outgoing, KeptJournal())
    said = "".join(traceback.format_exception(raised.value)) + repr(raised.value.transcript) + str(vars(raised.value))
    assert [name for name in graph.sessions if name in said] == []
    assert graph.token not in said


@pytest.mark.parametrize(
    "address",
    [
        "https://{evil}/upload/x?authtoken=y",
        "http://{own}/upload/x",
        "https://{own}@{evil}/upload/x",
        "https://[/upload/x",
        "https://{own}/upload/\r\nX-Evil: 1",
        "",
        "upload/x",
    ],
)
def test_gr_31_an_address_at_another_host_gets_no_byte(graph: ScriptedGraph, address: str) -> None:
    with running(EVIL) as evil:
        given = address.format(own=graph.address, evil=evil.address)
        graph.plan("session", told({"uploadUrl": given, **expecting(0)}, 201))
        assert failed(graph, kind=EndpointRefused).outcome is Outcome.FAILED
        assert (evil.connections, graph.count("piece")) == (0, 0)


@pytest.mark.parametrize("found", [{}, {"uploadUrl": None}, {"uploadUrl": 5}, {"uploadUrl": ["x"]}, [], None])
def test_a_session_without_an_address_is_named(graph: ScriptedGraph, found: object) -> None:
    graph.plan("session", told(found, 201))
    assert failed(graph, kind=ServiceRefused).outcome is Outcome.RETRY


# GR-33, GR-36: cut anywhere, it arrives whole and once.


def test_gr_33_a_reset_in_the_third_of_five_pieces_resumes_where_the_server_says(graph: ScriptedGraph) -> None:
    def forgetful(exchange: Exchange) -> None:
        (session,) = graph.sessions.values()
        del session.content[graph_uploads.PIECE :]
        lost(exchange)

    graph.plan("piece", honest, honest, forgetful)
    send(graph, scan(5 * graph_uploads.PIECE - 7))
    starts = [exchange.headers["Content-Range"] for exchange in graph.requests if exchange.operation == "piece"]
    assert [start.partition("-")[0] for start in starts] == [
        f"bytes {n * graph_uploads.PIECE}" for n in (0, 1, 2, 1, 2, 3, 4)
    ]
    assert starts[3] == "bytes 3932160-7864319/19660793"


def cut_everywhere(size: int, counters: Counters) -> None:
    """Cut an upload at every border of its pieces, one byte before and one after; kept, or thrown away."""
    attachment, piece = scan(size), graph_uploads.PIECE
    lengths = [min(piece, size - start) for start in range(0, size, piece)]
    cuts = [(n, keep) for n, length in enumerate(lengths) for keep in (0, 1, length - 1, length)]
    for (number, keep), kept in itertools.product(cuts, (True, False)):
        with counters.case(), running() as graph:
            graph.plan("piece", *[honest] * number, cut(keep, kept=kept))
            mail = send(graph, attachment)
            counters.equal(mail.attachments[0][2], attachment.sha256, f"cut after {keep} bytes of piece {number}")
            counters.equal(len(mail.attachments), 1, f"attachments, cut after {keep} bytes of piece {number}")


@pytest.mark.usefixtures("small_pieces")
def test_gr_33_cut_at_every_border_and_beside_it_it_arrives_whole_and_once() -> None:
    counters = Counters("B cuts")
    cut_everywhere(SIZE, counters)
    assert (counters.cases_run, counters.invariants_checked) == (40, 80)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("act", [lost, hang, error(500, "x"), error(503, "x"), answer(507), answer(200, b"[]")])
def test_gr_36_a_lost_last_answer_is_no_reason_to_upload_again(graph: ScriptedGraph, act: Act) -> None:
    graph.plan("piece", *[honest] * 4, done_then(act))
    send(graph, scan(), deadline=0.5)
    assert (graph.count("piece"), graph.count("session")) == (5, 1)


@pytest.mark.usefixtures("small_pieces")
def test_gr_36_of_a_like_name_the_second_one_is_told_from_the_first(graph: ScriptedGraph) -> None:
    graph.plan("piece", *[honest] * 4, done_then(lost), *[honest] * 4, done_then(lost), *[honest] * 2, lost)
    send(graph, scan(SIZE), scan(SIZE + 1), scan(SIZE - 1))
    assert graph.count("session") == 3


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("state", [lost, error(404, "ErrorItemNotFound"), error(503, "x"), answer(200, b"[]")])
def test_a_session_that_does_not_say_where_it_is_goes_on_with_the_same_piece(graph: ScriptedGraph, state: Act) -> None:
    graph.plan("piece", honest, lost)
    graph.plan("pieces", state)
    send(graph, scan())


# GR-34: where a session wants to go on.


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(
    ("ranges", "resumed"), [(["0-"], 0), (["26-100"], 26), (["700000"], 700_000), (["700000-700001", "5-"], 700_000)]
)
def test_gr_34_a_start_is_understood_with_and_without_an_end(
    graph: ScriptedGraph, ranges: list[str], resumed: int
) -> None:
    graph.plan("piece", honest, lost)
    graph.plan("pieces", told({"nextExpectedRanges": ranges}))
    send(graph, scan())
    starts = [exchange.headers["Content-Range"] for exchange in graph.requests if exchange.operation == "piece"]
    assert starts[2].startswith(f"bytes {resumed}-")


ODD_RANGES: list[Any] = [
    *([], ["x"], ["-5"], [""], [None], [5.5], [[]], {}, {"0": "26-"}, "26-100", 5, True),
    *(["9999999999999"], ["\u0663-"], ["0-\r\n"], ["1400001-"], ["3100001-"], ["99999999"]),
]


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("ranges", ODD_RANGES)
def test_gr_34_what_cannot_be_is_refused_while_resuming(graph: ScriptedGraph, ranges: object) -> None:
    graph.plan("piece", honest, lost)
    graph.plan("pieces", told({"nextExpectedRanges": ranges}))
    assert failed(graph, kind=ProtocolViolation).outcome is Outcome.RETRY
    assert graph.count("piece") == 2


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("ranges", [*ODD_RANGES, ["0-"], ["700000-"], ["26-100"]])
def test_gr_34_what_cannot_be_is_refused_after_a_piece_and_so_is_going_backwards(
    graph: ScriptedGraph, ranges: object
) -> None:
    graph.plan("piece", honest, done_then(told({"nextExpectedRanges": ranges})))
    assert failed(graph, kind=ProtocolViolation).outcome is Outcome.RETRY
    assert graph.count("piece") == 2


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("said", [{}, {"expirationDateTime": "x"}, [], "x"])
def test_gr_34_an_answer_without_ranges_goes_on_in_order(graph: ScriptedGraph, said: object) -> None:
    graph.plan("piece", *[done_then(told(said))] * 4)
    send(graph, scan())
    assert graph.count("piece") == 5


@pytest.mark.usefixtures("small_pieces")
def test_gr_34_a_part_of_a_piece_may_be_taken(graph: ScriptedGraph) -> None:
    def in_part(exchange: Exchange) -> None:
        (session,) = graph.sessions.values()
        session.put(len(session.content), exchange.body[:1000])
        told(expecting(len(session.content)))(exchange)

    graph.plan("piece", honest, in_part, in_part)
    send(graph, scan())


@pytest.mark.usefixtures("small_pieces")
def test_taken_whole_and_not_there_it_did_not_arrive(graph: ScriptedGraph) -> None:
    graph.always["piece"] = told({})
    found = failed(graph, kind=ServiceRefused)
    assert (found.outcome, graph.count("piece")) == (Outcome.RETRY, 5)
    assert "scan.bin did not arrive whole" in str(found)


# What is given up, and what is waited for.


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("act", [lost, error(503, "x"), answer(429), answer(507)])
def test_an_upload_that_never_gets_on_is_given_up(graph: ScriptedGraph, act: Act) -> None:
    graph.always["piece"] = act
    assert failed(graph).outcome is Outcome.RETRY
    assert graph.count("piece") == 9
    assert max(graph.clock.slept) <= 32


@pytest.mark.usefixtures("small_pieces")
def test_gr_01_a_throttled_piece_waits_as_long_as_it_is_asked(graph: ScriptedGraph) -> None:
    graph.plan("piece", honest, answer(429, Retry_After="17"))
    send(graph, scan())
    assert graph.clock.slept == [17]


@pytest.mark.parametrize("status", [404, 409, 410, 416])
def test_a_session_that_is_over_is_a_try_for_later(graph: ScriptedGraph, status: int) -> None:
    graph.plan("piece", error(status, "ErrorItemNotFound"))
    assert failed(graph).outcome is Outcome.RETRY


@pytest.mark.parametrize("code", ["ErrorQuotaExceeded", "ErrorMessageSizeExceeded", "ErrorAccessDenied"])
def test_a_refusal_for_good_is_one(graph: ScriptedGraph, code: str) -> None:
    graph.plan("piece", error(403, code))
    assert failed(graph).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    "value",
    [None, 5, "x", [None], ["x"], [{}], [{"name": "scan.bin"}], [{"name": "scan.bin", "size": "abc"}], {"name": 5}],
)
def test_a_list_of_attachments_that_makes_no_sense_holds_none(graph: ScriptedGraph, value: object) -> None:
    graph.plan("piece", done_then(lost))
    graph.always["attached"] = told({"value": value})
    assert failed(graph).outcome is Outcome.RETRY


# GR-37: sizes.


@pytest.mark.parametrize(
    ("size", "sessions"),
    [(0, 0), (1, 0), (2_900_000, 0), (2_999_999, 0), (3_000_000, 1), (3_100_000, 1), (graph_uploads.PIECE * 2, 1)],
)
def test_gr_37_from_three_megabytes_on_a_session_is_used(graph: ScriptedGraph, size: int, sessions: int) -> None:
    send(graph, scan(size))
    assert (graph.count("session"), graph.count("attach")) == (sessions, 1 - sessions)


def test_gr_37_no_request_is_larger_than_four_megabytes(graph: ScriptedGraph) -> None:
    send(graph, scan(2_999_999), scan(8_000_000, "b.bin"))
    assert max(int(exchange.headers.get("Content-Length") or 0) for exchange in graph.requests) < 4_000_000 + 10_000


def test_gr_37_150_megabytes_arrive(graph: ScriptedGraph) -> None:
    send(graph, Attachment("video.bin", bytes(range(250)) * (LARGEST_ATTACHMENT // 250)))
    assert graph.count("piece") == 39


def test_gr_37_a_byte_more_is_refused_before_any_traffic(graph: ScriptedGraph) -> None:
    with pytest.raises(Unsupported, match="150,000,001 bytes"):
        GraphProvider(graph.profile()).send(
            letter(attachments=(Attachment("video.bin", bytes(LARGEST_ATTACHMENT + 1)),)), KeptJournal()
        )
    assert graph.connections == 0
