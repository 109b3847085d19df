"""Lost replies and random answers by the hundred: nothing is sent twice, nothing is called what it is not (group B).

Counted at the server. The tests use short runs of these functions; the campaign uses long ones.
"""

from __future__ import annotations

import gzip
import json
import random
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

from mailadmin.domain.messages import Attachment, Outgoing
from mailadmin.errors import MailFailed, Outcome
from mailadmin.providers import entra
from mailadmin.providers.graph import GraphProvider
from tests.campaign import Counters
from tests.scripted_graph import (
    EVIL,
    OPERATIONS,
    Act,
    Exchange,
    KeptJournal,
    ScriptedGraph,
    answer,
    closed,
    done_then,
    error,
    honest,
    letter,
    lost,
    raw,
    running,
)

_PATIENCE = 50
_LOSSES: tuple[Act, ...] = (lost, closed, done_then(lost), done_then(closed), done_then(error(504, "UnknownError")))


def lose_replies(times: int, share: float, counters: Counters) -> None:
    """Send so many messages, losing a share of all replies, until each is known to have been sent."""
    dice = random.Random(counters.seed)  # noqa: S311

    def act(exchange: Exchange) -> None:
        strikes = dice.random() < share
        counters.faults_injected += strikes
        (dice.choice(_LOSSES) if strikes else honest)(exchange)

    with running() as graph:
        graph.late = timedelta(seconds=6)
        graph.always = dict.fromkeys(set(OPERATIONS) - {"discovery", "token"}, act)
        letters = [letter(attachments=(Attachment("a.txt", b"a"),) * (n % 3)) for n in range(times)]
        for outgoing in letters:
            with counters.case(faults=0):
                _deliver(graph, outgoing, counters)
        counters.equal(sorted(graph.sent), sorted(one.uuid for one in letters), "mails at the server")
        counters.equal(len(graph.drafts), 0, "drafts left at the server")
        found = {mail.uuid: len(mail.attachments) for mail in graph.mails.values()}
        counters.equal(found, {one.uuid: len(one.message.attachments) for one in letters}, "attachments")


def _deliver(graph: ScriptedGraph, outgoing: Outgoing, counters: Counters) -> None:
    """What an outbox does: RETRY is tried again with what was kept, UNKNOWN is looked up and decided by that."""
    journal = KeptJournal()
    sending = GraphProvider(graph.profile(), clock=graph.clock.clock)
    for _ in range(_PATIENCE):
        try:
            sending.send(outgoing, journal)
        except MailFailed as failure:
            counters.count(failure.outcome.value)
            counters.equal(failure.outcome is Outcome.FAILED, False, f"{failure} is for good")
            counters.unknown += failure.outcome is Outcome.UNKNOWN
            sending = GraphProvider(graph.profile(), draft_id=journal.draft, clock=graph.clock.clock)
            if _looked_up(sending, outgoing):
                return
        else:
            return
    raise AssertionError(f"{outgoing.uuid} was not sent in {_PATIENCE} tries")


def _looked_up(sending: GraphProvider, outgoing: Outgoing) -> bool:
    """Whether it is known to have been sent, asked until there is an answer."""
    for _ in range(_PATIENCE):
        with suppress(MailFailed):
            return sending.look_up(outgoing) is True
    raise AssertionError(f"{outgoing.uuid} was not looked up in {_PATIENCE} tries")


def test_a_fifth_of_all_replies_is_lost_and_nothing_is_sent_twice() -> None:
    counters = Counters("B lost replies")
    lose_replies(100, 0.2, counters)
    assert (counters.cases_run, counters.violations) == (100, 0)
    assert counters.faults_injected > 50


# Random answers.


class Trick(NamedTuple):
    """What one call gets, in words and in deed."""

    words: str
    act: Act


_UNSETTLED = (408, 500, 501, 502, 503, 504, 507, 520, 599, 999, 102)
_REFUSED = (400, 401, 402, 403, 404, 405, 409, 410, 412, 413, 415, 416, 418, 422, 423, 429, 431, 451, 499)
_MOVED = (300, 301, 302, 303, 304, 305, 307, 308)
_CODES = ("ErrorAccessDenied", "ErrorItemNotFound", "TooManyRequests", "x" * 200, "\u202e", 5, None, [], {"code": {}})
_ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, "", "x", "\ud800", [], {}, [None], {"value": None}, {"value": [5]}, {"value": {}}),
    *({"id": None}, {"id": ".."}, {"id": "x y"}, {"isDraft": "no"}, {"isDraft": None}, {"uploadUrl": 5}),
    *({"uploadUrl": "https://127.0.0.2/x"}, {"uploadUrl": "https://["}, {"nextExpectedRanges": [None]}),
    *({"nextExpectedRanges": ["99999999999"]}, {"nextExpectedRanges": "0-"}, {"value": [{"name": 5, "size": "x"}]}),
    *({"access_token": "a b"}, {"token_endpoint": "https://127.0.0.2/"}, {"error": 5}, {"error_codes": {"a": 1}}),
    *({"value": [{"internetMessageHeaders": [{"name": []}]}]}, {"@odata.nextLink": "https://127.0.0.2/"}),
)
_HEADERS: tuple[dict[str, str], ...] = (
    *({}, {}, {"Retry-After": "5"}, {"Retry-After": "-1"}, {"Retry-After": "999999"}, {"retry-after": "abc"}),
    *({"Content-Encoding": "gzip"}, {"Content-Encoding": "br, x"}, {"Content-Type": "text/html; charset=utf-7"}),
    *({"Location": "https://127.0.0.2/"}, {"Set-Cookie": "a=b; Domain=.0.0.1"}, {"Content-Length": "9"}),
    *({"WWW-Authenticate": 'Bearer claims="W10="'}, {"WWW-Authenticate": 'Bearer claims="eyJhIjp7fX0="'}),
    *({"Transfer-Encoding": "chunked"}, {"X": "y" * 5000}),
)


def _body(dice: random.Random) -> bytes:
    made: list[Callable[[], bytes]] = [
        lambda: b"",
        lambda: dice.randbytes(dice.randrange(200)),
        lambda: json.dumps(dice.choice(_ODD)).encode(),
        lambda: json.dumps({"error": {"code": dice.choice(_CODES), "message": "x"}}).encode(),
        lambda: json.dumps({"error": "invalid_client", "error_codes": [dice.choice([7000215, 90033, -5])]}).encode(),
        lambda: gzip.compress(json.dumps(dice.choice(_ODD)).encode()),
        lambda: b"[" * dice.choice([40, 5000]),
        lambda: b"<html>" * dice.randrange(50),
    ]
    return dice.choice(made)()


def _trick(dice: random.Random, operation: str) -> Trick:
    """Anything a server may do but lie: what it says was done was done, what it refuses was not."""
    kind = dice.choice(("lost", "closed", "garbage", "unsettled", "refused", "moved", "accepted"))
    body, headers = _body(dice), dice.choice(_HEADERS)
    first = dice.random() < 0.5
    status = dice.choice(
        {"unsettled": _UNSETTLED, "refused": _REFUSED, "moved": _MOVED}.get(kind, (200, 201, 202, 204))
    )
    act: Act
    match kind:
        case "lost" | "closed":
            act = lost if kind == "lost" else closed
        case "garbage":
            body = dice.choice([b"", b"HTTP/1.1 ", b"HTTP/1.1 503 OK\r\nContent-Length: 10\r\n\r\n"]) + body
            act = raw(body)
        case _:
            act = _answered(status, body, headers)
    if kind in {"refused", "moved"}:
        first = False
    if kind == "accepted":
        first = first or operation == "send"
    words = f"{operation}: {'done, then ' if first else ''}{kind} {status} {headers} {body[:60]!r}"
    return Trick(words, done_then(act) if first else act)


def _answered(status: int, body: bytes, headers: dict[str, str]) -> Act:
    """An answer that may promise more than there is; so the connection ends with it."""

    def act(exchange: Exchange) -> None:
        answer(status, body, **headers)(exchange)
        exchange.end()

    return act


def answer_at_random(times: int, counters: Counters) -> None:
    """Send so many messages, each past one to five random answers; whatever is said of it is true."""
    dice = random.Random(counters.seed)  # noqa: S311
    with running() as graph, running(EVIL) as evil:
        for number in range(times):
            outgoing = _random_letter(dice)
            asked = _asked_for(outgoing)
            tricks = [(name, _trick(dice, name)) for name in dice.choices(asked, k=dice.randrange(1, 6))]
            where = f"case {number} of seed {counters.seed}: {'; '.join(trick.words for _, trick in tricks)}"
            for kept in (graph.script, graph.mails, graph.sessions, graph.requests):
                kept.clear()
            if dice.random() < 0.2:
                entra.forget_tokens()
            for name, trick in tricks:
                graph.plan(name, trick.act)
            with counters.case(faults=0):
                said = _said(graph, outgoing, where)
                counters.faults_injected += len(tricks) - sum(map(len, graph.script.values()))
                sent = graph.sent.count(outgoing.uuid)
                counters.count(said)
                counters.equal(sent in _TRUE_OF[said], True, f"{where}: {said}, and {sent} at the server")
        counters.equal(evil.connections, 0, "connections of another host")


_TRUE_OF = {"sent": {1}, "retry": {0}, "failed": {0}, "unknown": {0, 1}}
"""How often a message may be at the server by what is said of it."""


def _said(graph: ScriptedGraph, outgoing: Outgoing, where: str) -> str:
    """What is said of a message. Raises AssertionError for an error that is not ours, or that says too much."""
    try:
        GraphProvider(graph.profile(deadline=2.0), clock=graph.clock.clock).send(outgoing, KeptJournal())
    except MailFailed as failure:
        text = "".join(traceback.format_exception(failure)) + str(vars(failure))
        shown = [secret for secret in (graph.secret, graph.token, *graph.sessions) if secret and secret in text]
        assert shown == [], f"{where}: {text}"
        return failure.outcome.value
    except Exception as other:
        raise AssertionError(f"{where}: {other!r}") from other
    return "sent"


def _asked_for(outgoing: Outgoing) -> tuple[str, ...]:
    """The operations a message may need; the last ones only after others went wrong."""
    sizes = [len(attachment.content) for attachment in outgoing.message.attachments]
    small, large = any(size < 3_000_000 for size in sizes), any(size >= 3_000_000 for size in sizes)
    attaching = ("attach",) * small + ("session", "piece", "piece", "pieces", "attached") * large
    return ("discovery", "token", "draft", *attaching, "send", "send", "send", "look", "look", "folder")


def _random_letter(dice: random.Random) -> Outgoing:
    sizes = dice.choice([(), (), (10,), (10, 10), (4_000_000,), (5, 4_000_001)])
    return letter(attachments=tuple(Attachment("a.bin", bytes(size)) for size in sizes))


def test_every_random_answer_ends_in_success_or_in_one_error_of_ours_that_is_true() -> None:
    counters = Counters("B answers")
    answer_at_random(450, counters)
    assert (counters.cases_run, counters.violations) == (450, 0)
    assert counters.faults_injected > 500
    assert set(counters.found) == set(_TRUE_OF)
