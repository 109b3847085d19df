"""An SMTP server that keeps what it gets and counts it: python -m benchmarks.sink DELAY-MS [CERTIFICATE [STAGE …]].

It prints its port, and one more for every stage named, at which no client of that port gets any further. `XCOUNT` is
answered with what came since the last one, read as a mail program reads it; only then is anything decoded, so that
nobody's seconds hold it. Every answer waits DELAY-MS: a round trip of a network.
"""

from __future__ import annotations

import hashlib
import json
import socketserver
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from smtplib import SMTP
from threading import Event, Lock, Thread
from typing import Any

_END = b"\r\n.\r\n"
_CHUNK = 256 * 1024

STAGES = ("banner", "EHLO", "TLS", "MAIL")
"""Where a server can hang: without a word, drop by drop, in the handshake, after signing in."""

DRIPS = 30
"""Drops of one byte a second; without an end, a client that waits anew for each would never be through."""


class Sink(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 256

    def __init__(self, delay: float, context: ssl.SSLContext | None, hangs_at: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Client)
        self.delay, self.context, self.hangs_at = delay, context, hangs_at
        self._lock = Lock()
        self._messages: list[bytes] = []
        self._asked: Counter[str] = Counter()

    def asked(self, verb: str) -> None:
        with self._lock:
            self._asked[verb] += 1

    def keep(self, raw: bytes) -> None:
        with self._lock:
            self._messages.append(raw)

    def counted(self) -> dict[str, Any]:
        """How many messages, by what they hold; how often every verb; all of it forgotten then."""
        with self._lock:
            messages, asked = self._messages, self._asked
            self._messages, self._asked = [], Counter()
        return {"messages": len(messages), "contents": Counter(map(_content, messages)), "asked": asked}


class _Client(socketserver.StreamRequestHandler):
    rbufsize, disable_nagle_algorithm = _CHUNK, True
    server: Sink

    def handle(self) -> None:
        self._come_to("banner")
        self._say("220 sink ESMTP")
        while line := self.rfile.readline(1024).strip().decode():
            verb = line[:4].upper()
            self.server.asked(verb)
            self._come_to(verb)
            match verb:
                case "EHLO" | "HELO":
                    self._say(*self._greeting())
                case "STAR" if self.server.context is not None:
                    self._say("220 go ahead")
                    self._come_to("TLS")
                    self.request = self.server.context.wrap_socket(self.request, server_side=True)
                    self.setup_again()
                case "DATA":
                    self._say("354 go ahead")
                    self.server.keep(self._message())
                    self._say("250 kept")
                case "AUTH":
                    self._say("235 signed in")
                case "XCOU":
                    self._say(f"250 {json.dumps(self.server.counted())}")
                case "QUIT":
                    return self._say("221 bye")
                case _:
                    self._say("250 OK")
        return None

    def _come_to(self, stage: str) -> None:
        if stage != self.server.hangs_at:
            return
        with suppress(OSError):
            for drop in b"250-".ljust(DRIPS, b"x") if stage == "EHLO" else b"":
                self.wfile.write(bytes((drop,)))
                time.sleep(1)
        Event().wait()

    def setup_again(self) -> None:
        """The files of a connection that is under TLS from here on."""
        self.connection = self.request
        self.rfile = self.connection.makefile("rb", self.rbufsize)
        self.wfile = self.connection.makefile("wb", 0)

    def _greeting(self) -> tuple[str, ...]:
        protected = isinstance(self.request, ssl.SSLSocket)
        more = ["250-AUTH PLAIN"] if protected else ["250-STARTTLS"] if self.server.context else []
        return "250-sink", "250-SIZE 104857600", *more, "250 8BITMIME"

    def _say(self, *lines: str) -> None:
        if self.server.delay:
            time.sleep(self.server.delay)
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _message(self) -> bytes:
        found = bytearray(b"\r\n")
        while not found.endswith(_END):
            if not (chunk := self.rfile.read1(_CHUNK)):
                raise ConnectionError("the message has no end")
            found += chunk
        return bytes(found[2 : 2 - len(_END)]).replace(b"\r\n..", b"\r\n.")


def _content(raw: bytes) -> str:
    return digest(*(_payload(part) for part in message_from_bytes(raw, policy=policy.default).walk()))


def _payload(part: Any) -> bytes:
    """What a part holds; libraries end a text with a line end of their own, or not, so it is left out."""
    if part.is_multipart():
        return b""
    content = part.get_content()
    return content if isinstance(content, bytes) else content.replace("\r\n", "\n").rstrip("\n").encode()


def digest(*contents: bytes) -> str:
    """What a message holds, in a word: the bytes of its parts, in order."""
    return f"{sum(map(len, contents)):,} bytes, {hashlib.sha256(b''.join(contents)).hexdigest()[:8]}"


@contextmanager
def running(delay_ms: float, certificate: str = "", *stages: str) -> Iterator[list[int]]:
    """A sink in a process of its own; its port, and those at which it hangs."""
    command = [sys.executable, "-m", "benchmarks.sink", str(delay_ms), certificate, *stages]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield [int(port) for port in process.stdout.readline().split()]
        finally:
            process.terminate()


def count(port: int) -> dict[str, Any]:
    """What the sink got since it was last asked."""
    with SMTP("127.0.0.1", port, local_hostname="localhost") as asking:
        asking.helo_resp = b""
        found: dict[str, Any] = json.loads(asking.docmd("XCOUNT")[1])
    return found


def main(delay_ms: str, certificate: str = "", *stages: str) -> None:
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    sinks = [Sink(float(delay_ms) / 1000, context, stage) for stage in ("", *stages)]
    print(*(sink.server_address[1] for sink in sinks), flush=True)
    for sink in sinks[1:]:
        Thread(target=sink.serve_forever, daemon=True).start()
    sinks[0].serve_forever(poll_interval=60)


if __name__ == "__main__":
    main(*sys.argv[1:])
