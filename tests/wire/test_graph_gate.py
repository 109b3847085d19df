"""The HTTP gate beside a hostile server: where requests go, what they carry, when they end, and by which error."""

from __future__ import annotations

import gzip
import logging
import random
import socket
import ssl
import threading
import time
import traceback
import tracemalloc
import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from mailadmin.errors import (
    CertificateInvalid,
    ConnectionClosed,
    EndpointRefused,
    MailFailed,
    Outcome,
    ProtocolViolation,
    ReplyTooLarge,
    StageTimeout,
    TlsFailed,
)
from mailadmin.providers import http
from mailadmin.providers.http import LARGEST_BODY, Answer, Gate
from tests.scripted_graph import (
    EVIL,
    TRUSTED,
    Act,
    ScriptedGraph,
    answer,
    certificates,
    closed,
    drip,
    endless,
    hang,
    honest,
    lost,
    raw,
    running,
    slowly,
)

OK = b"HTTP/1.1 200 OK\r\n"
TOKEN = "Bearer CANARY-token"
BOMB = gzip.compress(bytes(200_000_000), 9)
"""194 kB."""

UPLOAD = "/x?authtoken=CANARY-url"


@pytest.fixture
def graph() -> Iterator[ScriptedGraph]:
    with running() as server:
        yield server


@pytest.fixture
def evil() -> Iterator[ScriptedGraph]:
    with running(EVIL) as server:
        yield server


def asked(server: ScriptedGraph, *, deadline: float = 5.0, url: str = "", body: bytes | None = None) -> Answer:
    """What a server answers to a request with a token."""
    gate = Gate(frozenset({server.address}), ca_file=server.ca_file, deadline=deadline)
    try:
        headers = {"Authorization": TOKEN}
        method = "GET" if body is None else "POST"
        return gate.request(method, url or f"https://{server.address}{UPLOAD}", headers=headers, body=body)
    finally:
        gate.close()


def failed(server: ScriptedGraph, act: Act, *, deadline: float = 5.0) -> MailFailed:
    """The error one request ends in."""
    server.plan("other", act)
    with pytest.raises(MailFailed) as raised:
        asked(server, deadline=deadline)
    return raised.value


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300, 304])
def test_gr_27_a_redirect_is_refused_and_the_other_host_sees_nothing(
    graph: ScriptedGraph, evil: ScriptedGraph, status: int
) -> None:
    error = failed(graph, answer(status, Location=f"https://{evil.address}/x"))
    assert (type(error), error.outcome, error.code) == (EndpointRefused, Outcome.FAILED, status)
    assert (evil.connections, evil.requests, len(graph.requests)) == (0, [], 1)


def test_gr_27_the_body_of_a_redirect_is_no_way_around_the_cap(graph: ScriptedGraph) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Encoding: gzip\r\n\r\n"
    with at_most(100):
        error = failed(graph, raw(head + BOMB), deadline=30)
    assert type(error) is ReplyTooLarge


@pytest.mark.parametrize("place", ["https://{evil}/", "http://{own}/", "https://{own}/elsewhere", "//{evil}/", "x:"])
def test_gr_28_no_redirect_is_followed_not_even_to_the_same_host(
    graph: ScriptedGraph, evil: ScriptedGraph, place: str
) -> None:
    error = failed(graph, answer(307, Location=place.format(evil=evil.address, own=graph.address)))
    assert type(error) is EndpointRefused
    assert (evil.connections, len(graph.requests)) == (0, 1)


@pytest.mark.parametrize(
    "url",
    [
        "https://{evil}/x",
        "http://{own}/x",
        "https://{own}@{evil}/x",
        "https://user:word@{own}/x",
        "https://@{own}/x",
        "https://{own}.evil.test/x",
        "https://127.0.0.1:1/x",
        "https://127.0.0.1/x",
        "https://{evil}\\@{own}/x",
        "https://{own}\\@{evil}/x",
        "https://{own}\t.{evil}/x",
        "https://{own}\r\nHost: {evil}/x",
        "https://{own}/x\r\nX-Evil: 1",
        "https://{own}/x y",
        " https://{own}/x",
        "https://{own}/\u00e9",
        "https://[/x",
        "https://[::1/x",
        "https://\u2100.test/x",
        "https://127.0.0.1:abc/x",
        "ftp://{own}/x",
        "//{own}/x",
        "{own}/x",
        "file:///etc/passwd",
        "",
        "https:",
        "https://",
    ],
)
def test_gr_24_no_other_address_is_asked_however_it_is_written(
    graph: ScriptedGraph, evil: ScriptedGraph, url: str
) -> None:
    gate = Gate(frozenset({graph.address}), ca_file=graph.ca_file)
    with pytest.raises(EndpointRefused) as raised:
        gate.request("GET", url.format(own=graph.address, evil=evil.address))
    gate.close()
    assert raised.value.outcome is Outcome.FAILED
    assert (evil.connections, graph.connections) == (0, 0)


# What is too much, and what takes too long.


@contextmanager
def at_most(megabytes: int) -> Iterator[None]:
    """What is done within takes no more memory than this."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < megabytes * 1_000_000
    finally:
        tracemalloc.stop()


CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"


@pytest.mark.parametrize(
    "act",
    [
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", CHUNK),
        endless(OK + b"Content-Length: 10000000000\r\n\r\n", b"x" * 65536),
        endless(OK + b"\r\n", b"x" * 65536),
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", b"x" * 65536),
        raw(OK + b"Content-Encoding: gzip\r\n\r\n" + BOMB),
        raw(OK + b"Content-Encoding: gzip, gzip\r\n\r\n" + gzip.compress(gzip.compress(bytes(50_000_000)))),
        raw(OK + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(bytes(50_000_000))),
    ],
    ids=["chunked without end", "10 GB", "no length", "a chunk of -1", "194 kB of gzip", "gzip twice", "deflate"],
)
def test_gr_39_a_body_is_given_up_at_16_mib(graph: ScriptedGraph, act: Act) -> None:
    with at_most(100):
        error = failed(graph, act, deadline=30)
    assert (type(error), error.outcome) == (ReplyTooLarge, Outcome.UNKNOWN)


def test_a_body_of_16_mib_is_read_whole(graph: ScriptedGraph) -> None:
    body = random.Random(1).randbytes(LARGEST_BODY)  # noqa: S311
    graph.plan("other", answer(200, body), answer(200, gzip.compress(body, 1), Content_Encoding="gzip"))
    assert asked(graph, deadline=30).body == body
    assert asked(graph, deadline=30).body == body


@pytest.mark.parametrize(
    "act",
    [
        hang,
        drip(OK + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000),
        drip(OK + b"X: " + b"y" * 1000),
        drip(b"HTTP/1."),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        drip(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 9)[:10]),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        endless(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\0\0\0\xff\xff"),
    ],
    ids=[
        "hang",
        "body",
        "header",
        "seven bytes",
        "100 Continue",
        "gzip",
        "100 Continue without end",
        "gzip of nothing without end",
    ],
)
def test_gr_40_one_deadline_ends_all_of_it(graph: ScriptedGraph, act: Act) -> None:
    started = time.monotonic()
    error = failed(graph, act, deadline=1.0)
    assert abs(time.monotonic() - started - 1.0) < 0.5
    assert isinstance(error, StageTimeout | ConnectionClosed | ProtocolViolation)
    assert error.outcome is Outcome.UNKNOWN


def test_gr_40_each_request_has_the_deadline_again(graph: ScriptedGraph) -> None:
    slow = slowly(OK + b"Content-Length: 2\r\n\r\nok", 0.015)
    gate = Gate(frozenset({graph.address}), ca_file=graph.ca_file, deadline=1.0)
    graph.plan("other", slow, slow, slow)
    found = [gate.request("GET", f"https://{graph.address}/x").body for _ in range(3)]
    gate.close()
    assert found == [b"ok", b"ok", b"ok"]


def test_gr_40_a_server_that_does_not_read_is_given_up(graph: ScriptedGraph) -> None:
    def deaf(exchange: object) -> None:
        graph.released.wait(30)

    graph.plan("other", deaf)
    started = time.monotonic()
    with pytest.raises(StageTimeout):
        asked(graph, deadline=1.0, body=bytes(64_000_000))
    assert abs(time.monotonic() - started - 1.0) < 0.5


def test_gr_40_a_handshake_has_the_deadline_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_CONNECT", 0.2)
    with socket.create_server((TRUSTED, 0)) as silent, certificates(trustme.CA()) as ca_file:
        gate = Gate(frozenset({f"{TRUSTED}:{silent.getsockname()[1]}"}), ca_file=ca_file, deadline=1.0)
        started = time.monotonic()
        with pytest.raises(StageTimeout):
            gate.request("GET", f"https://{TRUSTED}:{silent.getsockname()[1]}/")
        gate.close()
        assert abs(time.monotonic() - started - 1.0) < 0.5


def test_gr_40_an_address_that_takes_no_connection_does_not_use_up_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "_CONNECT", 0.3)
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server((TRUSTED, 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        host = f"{TRUSTED}:{full.getsockname()[1]}"
        gate = Gate(frozenset({host}), ca_file=stack.enter_context(certificates(trustme.CA())), deadline=5.0)
        stack.callback(gate.close)
        started = time.monotonic()
        with pytest.raises(StageTimeout) as raised:
            gate.request("GET", f"https://{host}/")
    assert abs(time.monotonic() - started - 0.3) < 0.5
    assert raised.value.outcome is Outcome.RETRY


# What ends the connection, or is not HTTP.


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (lost, ConnectionClosed),
        (closed, ConnectionClosed),
        (raw(b""), ConnectionClosed),
        (raw(b"220 smtp.example ESMTP\r\n"), ProtocolViolation),
        (raw(b"\0" * 100), ProtocolViolation),
        (raw(b"HTTP/1.1 abc\r\n\r\n"), ProtocolViolation),
        (raw(b"HTTP/1.1 99999 OK\r\n\r\n"), ProtocolViolation),
        (raw(OK + b"X: y\r\n" * 200 + b"\r\n"), ProtocolViolation),
        (raw(OK + b"X: " + b"y" * 70000 + b"\r\n\r\n"), ProtocolViolation),
        (raw(OK + b"Content-Length: 10\r\n\r\nfour"), ConnectionClosed),
        (raw(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), ConnectionClosed),
        (raw(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"), ConnectionClosed),
        (raw(OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n"), ConnectionClosed),
        (raw(OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"), ProtocolViolation),
        (raw(OK + b"Content-Encoding: deflate\r\nContent-Length: 4\r\n\r\n\xff\xff\xff\xff"), ProtocolViolation),
    ],
)
def test_every_broken_answer_ends_in_an_error_of_ours_of_which_nothing_is_known(
    graph: ScriptedGraph, act: Act, kind: type[MailFailed]
) -> None:
    error = failed(graph, act)
    assert (type(error), error.outcome) == (kind, Outcome.UNKNOWN)


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: abc\r\nConnection: close\r\n",
        b"Content-Length: -5\r\nConnection: close\r\n",
        b"Set-Cookie: a=b; Domain=127.0.0.2; expires=Nonsense; \xff\r\nContent-Length: 2\r\n",
        b"no colon at all\r\nContent-Length: 2\r\n",
        b"Retry-After: \xd9\xa7\r\nContent-Length: 2\r\n",
        b"Content-Encoding: unheard-of\r\nContent-Length: 2\r\n",
    ],
)
def test_odd_headers_are_taken_as_they_come(graph: ScriptedGraph, head: bytes) -> None:
    graph.plan("other", raw(OK + head + b"\r\nok"))
    assert (found := asked(graph)).ok
    assert found.body in {b"ok", b"Content-Length: 2\r\n\r\nok"}


def test_header_names_have_no_case(graph: ScriptedGraph) -> None:
    graph.plan("other", raw(b"HTTP/1.1 429 Busy\r\nretry-after: 5\r\nContent-Length: 0\r\n\r\n"))
    assert asked(graph).headers.get("Retry-After") == "5"


def test_random_bytes_end_in_an_error_of_ours(graph: ScriptedGraph) -> None:
    dice = random.Random(40)  # noqa: S311
    starts = [b"", OK, b"HTTP/1.1 ", OK + b"Transfer-Encoding: chunked\r\n\r\n", OK + b"Content-Encoding: gzip\r\n"]
    for _ in range(60):
        graph.plan("other", raw(dice.choice(starts) + dice.randbytes(dice.randrange(80)) + b"\r\n\r\n"))
        with suppress(MailFailed):
            asked(graph, deadline=1.0)
    assert len(graph.requests) == 60


# Certificates.


def test_a_certificate_for_another_name_is_refused_before_anything_is_said() -> None:
    with running(named="other.example") as server, pytest.raises(CertificateInvalid) as raised:
        asked(server)
    assert (server.requests, raised.value.outcome) == ([], Outcome.RETRY)


def test_a_certificate_of_another_authority_is_refused_before_anything_is_said(graph: ScriptedGraph) -> None:
    with certificates(trustme.CA()) as graph.ca_file, pytest.raises(CertificateInvalid) as raised:
        asked(graph)
    assert "exchange.ca_file" in raised.value.remedy
    assert graph.requests == []


def test_an_old_tls_is_refused() -> None:
    with running() as server:
        server._context.maximum_version = ssl.TLSVersion.TLSv1_2
        assert asked(server).status == 404
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            server._context.minimum_version = ssl.TLSVersion.TLSv1
            server._context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(TlsFailed):
            asked(server)


def test_a_server_without_tls_is_told_from_one_that_is_silent() -> None:
    with socket.create_server((TRUSTED, 0)) as plain, certificates(trustme.CA()) as ca_file:

        def greet() -> None:
            connection, _ = plain.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(1024)

        thread = threading.Thread(target=greet)
        thread.start()
        host = f"{TRUSTED}:{plain.getsockname()[1]}"
        gate = Gate(frozenset({host}), ca_file=ca_file, deadline=5.0)
        with pytest.raises(TlsFailed) as raised:
            gate.request("GET", f"https://{host}/")
        gate.close()
        thread.join()
    assert raised.value.outcome is Outcome.RETRY


def test_nobody_at_the_address_is_known_not_to_have_taken_the_message() -> None:
    with certificates(trustme.CA()) as ca_file:
        gate = Gate(frozenset({f"{TRUSTED}:1"}), ca_file=ca_file)
        with pytest.raises(ConnectionClosed) as raised:
            gate.request("GET", f"https://{TRUSTED}:1/")
        gate.close()
    assert raised.value.outcome is Outcome.RETRY


# The environment.


def test_gr_45_a_netrc_does_not_replace_the_token(
    graph: ScriptedGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text(f"machine {TRUSTED} login evil password evil\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    asked(graph)
    headers = graph.requests[0].headers
    assert (headers["Authorization"], headers["Accept-Encoding"]) == (TOKEN, "identity")


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_gr_46_a_proxy_of_the_environment_is_not_used(
    graph: ScriptedGraph, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert asked(graph).status == 404


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_gr_46_a_bundle_of_the_environment_neither_adds_nor_takes_trust(
    graph: ScriptedGraph, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with certificates(trustme.CA()) as other:
        monkeypatch.setenv(name, other)
        assert asked(graph).status == 404
        monkeypatch.setenv(name, graph.ca_file)
        for graph.ca_file in (other, "") if name != "SSL_CERT_FILE" else (other,):
            with pytest.raises(CertificateInvalid):
                asked(graph)


# What is said afterwards.


@pytest.mark.parametrize("act", [lost, hang, raw(OK + b"broken header\r\n: \r\n\r\n"), answer(302), honest])
def test_gr_31_no_token_and_no_address_of_an_upload_shows_in_errors_or_logs(
    graph: ScriptedGraph, act: Act, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    graph.plan("other", act)
    said = ""
    try:
        said = repr(asked(graph, deadline=0.5))
    except MailFailed as error:
        said = "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))
    assert "CANARY" not in said
    assert "CANARY" not in caplog.text


def test_gr_31_nor_in_an_error_whose_cause_repeats_the_address() -> None:
    with running(named="other.example") as server, pytest.raises(CertificateInvalid) as raised:
        asked(server)
    assert "CANARY" not in "".join(traceback.format_exception(raised.value))
