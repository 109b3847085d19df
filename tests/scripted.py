"""A scripted SMTP server: at every stage it does what its script says, and keeps every byte it was told.

It answers, drips, hangs, or ends the connection; under TLS too, which it can also spoil. `messages_seen` is the spy:
how many messages servers with other ideas of where one ends would have taken from the same bytes.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

from mailadmin.domain.messages import Delivery, Outgoing
from mailadmin.domain.profiles import Secret, SmtpProfile
from mailadmin.domain.services import Security
from mailadmin.providers.base import Unjournalled
from mailadmin.providers.smtp import SmtpProvider
from tests import certificates
from tests.letters import outgoing


class Act(Enum):
    """What a server does instead of answering."""

    HANG = "hang"
    FIN = "FIN"
    RST = "RST"


@dataclass(frozen=True)
class Drip:
    """An answer that comes byte by byte."""

    text: bytes
    pause: float


Step = bytes | Act | Drip
Script = Mapping[str, "Step | tuple[Step, ...]"]

POLITE: Script = {
    "banner": b"220 scripted.test ESMTP\r\n",
    "EHLO": b"250-scripted.test\r\n250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 35882577\r\n",
    "STARTTLS": b"220 2.0.0 go ahead\r\n",
    "TLS": (),
    "EHLO after TLS": b"250-scripted.test\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 35882577\r\n",
    "HELO": b"250 scripted.test\r\n",
    "AUTH": b"235 2.7.0 welcome\r\n",
    "answer": b"235 2.7.0 welcome\r\n",
    "MAIL": b"250 2.1.0 ok\r\n",
    "RCPT": b"250 2.1.5 ok\r\n",
    "DATA": b"354 go ahead\r\n",
    "message": (),
    "end of message": b"250 2.0.0 queued as 1\r\n",
    "QUIT": b"221 2.0.0 bye\r\n",
}
"""What it does at every stage, where the script says nothing else. A command may be named with all its words."""


@dataclass
class Heard:
    """All that came over one connection."""

    clear: bytearray = field(default_factory=bytearray)
    protected: bytearray = field(default_factory=bytearray)
    commands: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    """As on the wire: dots stuffed, with the final one."""


class _Over(Exception):
    """The connection is at its end."""


class Scripted:
    """A server on loopback, until `stop`."""

    def __init__(self, script: Script, certificate: certificates.Shown, implicit: bool, old_tls: bool) -> None:
        self.script = {**POLITE, **script}
        self.implicit = implicit
        self.heard: list[Heard] = []
        self._folder = TemporaryDirectory()
        self.ca_file = str(Path(self._folder.name) / "ca.pem")
        certificates.authority().cert_pem.write_to_path(self.ca_file)
        self._tls = certificate.server()
        if old_tls:
            _only_old(self._tls)
        self._over = Event()
        self._threads: list[Thread] = []
        # A small window, so that a message of some megabytes cannot be sent to a server that does not read it.
        self._listening = socket.socket()
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen(64)
        self.port: int = self._listening.getsockname()[1]
        self._accepting = Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def stop(self) -> None:
        """Let go of whoever hangs, and end."""
        self._over.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listening.close()
        for thread in self._threads:
            thread.join()
        self._folder.cleanup()

    def account(self, password: str | None = None, **parts: Any) -> SmtpProfile:
        """An account here: STARTTLS or TLS at once, nobody signed in unless there is a password."""
        wanted = {
            "server": "localhost",
            "port": self.port,
            "security": Security.SSL_ON_CONNECT if self.implicit else Security.START_TLS,
            "user_name": None if password is None else "user",
            "password": None if password is None else Secret(lambda: password),
            "ca_file": self.ca_file,
            "deadline": 30.0,
        }
        return SmtpProfile(**(wanted | parts))

    def send(self, whole: Outgoing | None = None, password: str | None = None, **account: Any) -> Delivery:
        """A message sent here. Raises what the provider raises."""
        return SmtpProvider(self.account(password, **account)).send(whole or outgoing(), Unjournalled())

    def finished(self) -> list[Heard]:
        """What was heard, once every connection so far is over."""
        for thread in self._threads:
            thread.join(30)
        return self.heard

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            sock.settimeout(60)
            heard = Heard()
            self.heard.append(heard)
            self._threads.append(Thread(target=self._talk, args=(sock, heard), daemon=True))
            self._threads[-1].start()

    def _talk(self, sock: socket.socket, heard: Heard) -> None:
        talk = _Talk(self, sock, heard)
        # Whatever the client does to the connection is not the server's trouble.
        with contextlib.suppress(_Over, OSError):
            talk.whole()
        talk.sock.close()


class _Talk:
    def __init__(self, server: Scripted, sock: socket.socket, heard: Heard) -> None:
        self.server = server
        self.sock = sock
        self.heard = heard
        self.unread = b""

    def whole(self) -> None:
        if self.server.implicit:
            self.protect()
        self.do("banner")
        while True:
            line = self.line()
            self.heard.commands.append(line)
            verb = line.partition(" ")[0].upper()
            said = self.do(*self.stages(line, verb))
            if verb == "STARTTLS" and not isinstance(self.sock, ssl.SSLSocket):
                self.protect()
            elif verb == "DATA" and said.startswith(b"354"):
                self.message()
            elif verb == "QUIT":
                return

    def stages(self, line: str, verb: str) -> tuple[str, ...]:
        if verb == "EHLO" and isinstance(self.sock, ssl.SSLSocket) and not self.server.implicit:
            return ("EHLO after TLS",)
        return line, verb if verb in POLITE else "answer"

    def protect(self) -> None:
        # A handshake is begun, or spoilt, once the client has: the library leaks a socket that is closed just then.
        if not self.sock.recv(1, socket.MSG_PEEK):
            raise _Over
        if self.server.script["TLS"]:
            self.received()
            self.do("TLS")
            raise _Over
        self.sock = self.server._tls.wrap_socket(self.sock, server_side=True)
        self.unread = b""

    def message(self) -> None:
        found = self.received()
        self.do("message")
        while not (b"\r\n" + found).endswith(b"\r\n.\r\n"):
            found += self.received()
        self.heard.messages.append(found)
        self.do("end of message")

    def do(self, *stages: str) -> bytes:
        """What the script says to the first of these names it knows; returns what was said."""
        found = next(self.server.script[stage] for stage in stages if stage in self.server.script)
        steps = found if isinstance(found, tuple) else (found,)
        for step in steps:
            self.step(step)
        return b"".join(step for step in steps if isinstance(step, bytes))

    def step(self, step: Step) -> None:
        if isinstance(step, bytes):
            self.sock.sendall(step)
        elif isinstance(step, Drip):
            for byte in step.text:
                self.sock.sendall(bytes((byte,)))
                self.server._over.wait(step.pause)
        elif step is Act.HANG:
            self.server._over.wait(60)
            raise _Over
        else:
            if step is Act.RST:
                # With no time to linger, closing sends RST.
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise _Over

    def line(self) -> str:
        while b"\n" not in self.unread:
            self.unread += self.received()
        line, _, self.unread = self.unread.partition(b"\n")
        return line.decode().removesuffix("\r")

    def received(self) -> bytes:
        found = self.sock.recv(65536)
        if not found:
            raise _Over
        (self.heard.protected if isinstance(self.sock, ssl.SSLSocket) else self.heard.clear).extend(found)
        return found


def _only_old(context: ssl.SSLContext) -> None:
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1


@contextlib.contextmanager
def scripted(
    script: Script | None = None,
    *,
    certificate: certificates.Shown | None = None,
    implicit: bool = False,
    old_tls: bool = False,
) -> Iterator[Scripted]:
    """A running server."""
    server = Scripted(script or {}, certificate or certificates.right(), implicit, old_tls)
    try:
        yield server
    finally:
        server.stop()


END_OF_DATA: dict[str, bytes] = {
    "CRLF.CRLF": rb"\r\n\.\r\n",
    "bare LF": rb"\r?\n\.\r?\n",
    "LF.CRLF": rb"\n\.\r\n",
    "CR.CR": rb"\r\n?\.\r\n?",
    "CRLF.CR": rb"\r\n\.\r",
}
"""Where a message ends, by the rules of servers that were smuggled past (CVE-2023-51764 to -51766, CVE-2024-27305)."""


def unstuffed(data: bytes) -> bytes:
    """What was meant by what was sent after DATA: without the final dot and those that double another."""
    return re.sub(rb"(?m)^\.", b"", data.removesuffix(b".\r\n"))


def messages_seen(data: bytes, rule: str) -> int:
    """How many messages a server of this rule takes from what was sent after DATA: more than one is smuggling."""
    return len(re.findall(END_OF_DATA[rule], b"\r\n" + data))
