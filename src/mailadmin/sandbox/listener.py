"""An HTTP or HTTPS server on loopback that hands a request to a function and its reply to the client."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from enum import Enum
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Lock, Thread, current_thread
from typing import Any
from urllib.parse import parse_qsl, unquote

from ..errors import BadInput

LOOPBACK = "127.0.0.1"
_DROPPED_AT_ONCE = 2**16
_LINGER_SECONDS = 0.5
_NO_TIME = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Request:
    """A request. A body longer than the server reads is empty, but `length` is what was declared (None: nothing)."""

    method: str
    target: str
    headers: Message = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    length: int | None = 0

    @property
    def path(self) -> str:
        """The path as it was sent."""
        return self.target.partition("?")[0]

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path, each decoded after they were told apart."""
        return tuple(unquote(part) for part in self.path.split("/")[1:])

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def header(self, name: str) -> str:
        """A header, or nothing."""
        return str(self.headers.get(name, ""))


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, content: Any, headers: Mapping[str, str] | None = None) -> Reply:
        """A reply in JSON."""
        kind = {"Content-Type": "application/json; charset=utf-8"}
        return cls(status, json.dumps(content).encode(), kind | dict(headers or {}))


class Hangup(Enum):
    """The connection ends instead of a reply: closed (FIN) or reset (RST)."""

    CLOSE = "close"
    RESET = "reset"


Answer = Callable[[Request], Reply | Hangup]


class Listener:
    """A server on loopback, from `start` to `stop`. A port of 0 becomes one that is free."""

    def __init__(
        self, answer: Answer, *, port: int = 0, most: int = 4 * 2**20, tls: ssl.SSLContext | None = None
    ) -> None:
        self.port = port
        self._answer = answer
        self._most = most
        self._tls = tls
        self._server: _Server | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Listen. Raises BadInput where the port is not free."""
        try:
            self._server = _Server(self.port, self._answer, self._most, self._tls)
        except OSError as error:
            raise port_taken(self.port) from error
        self.port = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True, name=f"port {self.port}")
        self._thread.start()

    def stop(self) -> None:
        """Listen no more; every connection is ended."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.end()
            self._server = self._thread = None


def port_taken(port: int) -> BadInput:
    """What is said where a port cannot be had."""
    return BadInput(
        f"Port {port} of this machine cannot be used.", remedy="Something else listens there: choose another, or 0."
    )


class _Server(HTTPServer):
    # Windows would give a port away twice.
    allow_reuse_address = os.name == "posix"

    def __init__(self, port: int, answer: Answer, most: int, tls: ssl.SSLContext | None) -> None:
        self.answer = answer
        self.most = most
        self._tls = tls
        self._lock = Lock()
        self._open: dict[Thread, socket.socket] = {}
        super().__init__((LOOPBACK, port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer asks the resolver for this machine's name here, which can take seconds.
        if self.allow_reuse_address:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = self.socket.accept()
        if self._tls is not None:
            # The handshake waits for the client: in the connection's own thread, not here.
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = Thread(target=self._serve, args=(request, client_address), daemon=True)
        with self._lock:
            self._open[thread] = request
        thread.start()

    def _serve(self, connection: socket.socket, address: Any) -> None:
        try:
            # A client that goes away is no news.
            with contextlib.suppress(OSError):
                if isinstance(connection, ssl.SSLSocket):
                    connection.do_handshake()
                self.finish_request(connection, address)
        finally:
            self.shutdown_request(connection)
            with self._lock:
                self._open.pop(current_thread(), None)

    def end(self) -> None:
        self.server_close()
        with self._lock:
            left = dict(self._open)
        for connection in left.values():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in left:
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second would wait 40 ms for an acknowledgement
    server_version, sys_version = "mailadmin-sandbox", ""
    server: _Server

    def answer(self) -> None:
        length = self._length()
        body = self._body(length or 0)
        try:
            reply = self.server.answer(Request(self.command, self.path, self.headers, body, length))
        except OSError as error:  # a folder that cannot be written, not the connection
            reply = Reply(500, str(error).encode(), {"Content-Type": "text/plain; charset=utf-8"})
        if isinstance(reply, Hangup):
            self._hang_up(reply)
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.body)
        if length is None:
            self._linger()

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer  # noqa: N815

    def _length(self) -> int | None:
        """The declared length; None where a body comes without one, after which the connection cannot go on."""
        declared = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not re.fullmatch(r"[0-9]{1,15}", declared):
            self.close_connection = True
            return None
        return int(declared)

    def _body(self, length: int) -> bytes:
        if length <= self.server.most:
            body = self.rfile.read(length)
            if len(body) < length:
                raise ConnectionAbortedError
            return body
        while length > 0 and (dropped := self.rfile.read(min(length, _DROPPED_AT_ONCE))):
            length -= len(dropped)
        return b""

    def _linger(self) -> None:
        """Read what still comes for a moment: closed at once, the answer could be lost to a reset (RFC 9112 9.6)."""
        self.connection.settimeout(_LINGER_SECONDS)
        with contextlib.suppress(OSError):
            while self.rfile.read1(_DROPPED_AT_ONCE):
                pass

    def _hang_up(self, how: Hangup) -> None:
        self.close_connection = True
        if how is Hangup.RESET:
            # Closed with no time to linger, and not shut down before, a socket sends RST.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_TIME)
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: addresses of uploads are credentials."""
