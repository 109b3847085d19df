"""What goes over a connection comes to the function whole, and what it says comes back; a hang-up is one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from email.message import Message
from http.client import HTTPConnection

import pytest

from mailadmin.errors import BadInput
from mailadmin.sandbox.listener import Hangup, Listener, Reply, Request

MOST = 100_000


class Noted:
    """A function that notes what it is asked."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.said: Reply | Hangup | OSError = Reply.of(200, {"a": 1}, {"X-A": "b"})

    def __call__(self, request: Request) -> Reply | Hangup:
        self.requests.append(request)
        if isinstance(self.said, OSError):
            raise self.said
        return self.said


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
def listener(noted: Noted) -> Iterator[Listener]:
    started = Listener(noted, most=MOST)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def client(listener: Listener) -> Iterator[HTTPConnection]:
    opened = HTTPConnection("localhost", listener.port, timeout=10)
    yield opened
    opened.close()


def exchange(listener: Listener, sent: bytes) -> bytes:
    """What comes back for raw bytes, until the server closes."""
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as end:
        end.sendall(sent)
        with suppress(OSError):  # it may have hung up already
            end.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: end.recv(65_536), b""))


def test_a_request_comes_whole_and_its_reply_too(noted: Noted, client: HTTPConnection) -> None:
    for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
        client.request(method, "/a%2Fb/c?d=e&f=", b"body", {"X-B": "c"})
        answer = client.getresponse()
        assert (answer.status, answer.headers["X-A"], answer.read()) == (200, "b", b'{"a": 1}')
        request = noted.requests[-1]
        assert (request.method, request.segments, request.query) == (method, ("a/b", "c"), {"d": "e", "f": ""})
        assert (request.body, request.length, request.header("x-b"), request.header("X-C")) == (b"body", 4, "c", "")
    assert "body" not in repr(noted.requests[-1])


def test_a_body_that_is_too_long_is_dropped_and_the_connection_goes_on(noted: Noted, client: HTTPConnection) -> None:
    for length in (MOST, MOST + 1, 0):
        client.request("POST", "/", bytes(length))
        assert client.getresponse().read() == b'{"a": 1}'
        assert (noted.requests[-1].length, len(noted.requests[-1].body)) == (length, length if length <= MOST else 0)


@pytest.mark.parametrize(
    "header", ["Transfer-Encoding: chunked", "Content-Length: -1", "Content-Length: " + "9" * 5_000]
)
def test_a_body_without_a_length_is_not_read(noted: Noted, listener: Listener, header: str) -> None:
    said = exchange(
        listener, f"POST / HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n".encode()
    )
    assert said.startswith(b"HTTP/1.1 200")
    assert [(request.method, request.length, request.body) for request in noted.requests] == [("POST", None, b"")]


def test_a_body_that_is_cut_is_nobodys(noted: Noted, listener: Listener) -> None:
    assert exchange(listener, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nshort") == b""
    assert noted.requests == []


def test_a_hang_up_ends_the_connection_and_nothing_is_said(noted: Noted, listener: Listener) -> None:
    noted.said = Hangup.CLOSE
    assert exchange(listener, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == b""
    noted.said = Hangup.RESET
    with pytest.raises(ConnectionResetError):
        exchange(listener, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


def test_what_cannot_be_kept_is_said(noted: Noted, client: HTTPConnection) -> None:
    noted.said = OSError(28, "No space left on device")
    client.request("GET", "/")
    answer = client.getresponse()
    assert (answer.status, answer.read()) == (500, b"[Errno 28] No space left on device")


def test_a_port_is_had_once() -> None:
    first = Listener(Noted())
    first.start()
    with pytest.raises(BadInput, match=f"Port {first.port} of this machine cannot be used"):
        Listener(Noted(), port=first.port).start()
    first.stop()
    first.stop()


def test_segments_are_told_apart_before_they_are_decoded() -> None:
    request = Request("GET", "//a%2fb/%2e%2e/?c=/d", Message())
    assert (request.segments, request.path) == (("", "a/b", "..", ""), "//a%2fb/%2e%2e/")
