"""One SMTP session: smtplib's commands over a connection of our own.

Laws: the whole session has one deadline, however the other side drips; an answer is read strictly, never without end,
and a password in it is taken out before anybody sees it; every failure names its stage; from the final dot on, it means
*unknown*. RFC 5321, 3207, 4954.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, islice, repeat
from typing import Any, NoReturn

from ..domain import addresses
from ..domain.keys import visible
from ..errors import (
    AddressRejected,
    AuthFailed,
    ConnectionClosed,
    MailFailed,
    Outcome,
    ProtocolViolation,
    ReplyTooLarge,
    StageTimeout,
    TlsRequired,
)
from . import dialling, tls
from .smtp_replies import refusal
from .smtp_sasl import CANCEL, MECHANISMS, forms_of

LARGEST_REPLY = 64 * 1024
"""Bytes of one answer; RFC 5321 4.5.3.1.5 has 512 a line."""

FINAL_REPLY_SECONDS = 600.0
"""How long the answer to the final dot may take: giving up early doubles mail (RFC 5321 4.5.3.2.6)."""

_MOST_CHALLENGES = 5
_REPLY_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?")
_CHUNK = 64 * 1024


class Session(smtplib.SMTP):
    """A session with one server, from its name to QUIT. `transcript` is what was said, passwords as ****.

    Raises AddressRejected for a name this machine cannot give.
    """

    def __init__(self, server: str, *, ehlo_name: str, deadline: float) -> None:
        try:
            super().__init__(local_hostname=addresses.host(ehlo_name))
        except ValueError as error:
            raise AddressRejected(
                "EHLO name", f"'{visible(ehlo_name)}': {error}.", remedy="Correct the setting."
            ) from None
        self.server = server
        self.stage = "connect"
        self.outcome = Outcome.RETRY
        self.transcript: list[str] = []
        self._until = time.monotonic() + deadline
        self._unread = b""
        self._hidden: list[bytes] = []
        self._quiet = False

    # --- the connection

    def open(self, port: int, context: ssl.SSLContext | None, pinned: str) -> None:
        """Connect, with TLS from the first byte where a context is given, and read the greeting."""
        try:
            self.sock = dialling.connected(self._a_label(), port, self._remaining())
        except (socket.gaierror, ValueError) as error:
            remedy = "Correct the server's name, or check the network."
            raise MailFailed(self.stage, f"there is no host {self.server}.", remedy=remedy) from error
        except TimeoutError as error:
            self._timed_out(error)
        except OSError as error:
            said = error.strerror or type(error).__name__
            remedy = "Check server and port, and that this machine may reach them (firewall)."
            raise MailFailed(self.stage, f"{self.server}:{port} does not answer: {said}.", remedy=remedy) from error
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transcript.append(f"connected to {self.server}:{port}")
        if context is not None:
            self._protect(context, pinned)
        self.stage = "banner"
        code, greeting = self.getreply()
        if code != 220:
            self.refused(code, greeting)

    def upgrade(self, context: ssl.SSLContext, pinned: str) -> None:
        """STARTTLS, and EHLO again, which forgets what was said before (RFC 3207 4.2)."""
        self.stage = "STARTTLS"
        code, said = self.docmd("STARTTLS")
        if code != 220:
            remedy = "The server offered STARTTLS and took it back. Nothing was sent in the clear."
            raise TlsRequired(self.stage, f"{self.server} said {code} {in_words(said)}.", code=code, remedy=remedy)
        if self._unread:
            remedy = "Somebody between here and the server may have put it there. Nothing was sent."
            raise ProtocolViolation(self.stage, "data after STARTTLS reply", outcome=Outcome.FAILED, remedy=remedy)
        self._protect(context, pinned)
        self.greet("EHLO after TLS")

    def _protect(self, context: ssl.SSLContext, pinned: str) -> None:
        self.stage = "TLS"
        plain = self._socket
        plain.settimeout(self._remaining())
        try:
            self.sock = context.wrap_socket(plain, server_hostname=self._a_label())
        except TimeoutError as error:
            self._timed_out(error)
        except ssl.SSLError as error:
            raise tls.explained(error, self.stage, self.server) from error
        except OSError as error:
            self._lost(error)
        # A connection lost at this very moment makes the library skip the handshake without a word.
        if self.sock.version() is None:
            self._lost(None)
        if pinned:
            tls.check_pinned(self.sock, pinned, self.stage)
        self.transcript.append(f"{self.sock.version()}, certificate accepted")

    def _a_label(self) -> str:
        """The server's name as DNS has it (IDNA 2008); the library would look for another one (IDNA 2003)."""
        return self.server if self.server.isascii() else addresses.host(self.server)

    @property
    def protected(self) -> bool:
        """Whether the connection is under TLS."""
        return isinstance(self.sock, ssl.SSLSocket)

    def greet(self, stage: str = "EHLO") -> None:
        """EHLO; HELO where the server knows no extensions."""
        self.stage = stage
        code, said = self.ehlo()
        if 500 <= code < 600:
            code, said = self.helo()
        if code != 250:
            self.refused(code, said)

    def offers(self, extension: str) -> str | None:
        """What the server says of an extension (RFC 1869), or None."""
        found = self.esmtp_features.get(extension)
        return None if found is None else str(found).strip()

    # --- signing in

    def sign_in(self, user: str, password: str) -> None:
        """AUTH, once: a second try with a wrong password could lock the account. Raises AuthFailed."""
        self.stage = "AUTH"
        offered = (self.offers("auth") or "").upper().split()
        mechanism = next((name for name in MECHANISMS if name in offered), None)
        if mechanism is None:
            known = ", ".join(sorted({*offered})) or "none"
            remedy = "Check port and security: many servers offer AUTH only under TLS."
            raise AuthFailed(
                self.stage, f"{self.server} offers no way to sign in that is known here ({known}).", remedy=remedy
            )
        self._hidden = [*forms_of(user, password)]
        exchange = MECHANISMS[mechanism](user, password)
        with self._without_transcript(f"AUTH {mechanism} ****"):
            code, said = self.docmd("AUTH", f"{mechanism} {exchange.first}".strip())
            for answer in islice(chain(exchange.answers, repeat(lambda _challenge: CANCEL)), _MOST_CHALLENGES):
                if code != 334:
                    break
                code, said = self.docmd(self._answer(answer, said))
        if code == 334:
            raise ProtocolViolation(self.stage, "the server asks for ever more.", outcome=Outcome.FAILED)
        if code not in {235, 503}:  # 503: already signed in (RFC 4954 4)
            self.refused(code, said)

    def _answer(self, answer: Callable[[bytes], str], challenge: bytes) -> str:
        try:
            said = answer(challenge)
        except ValueError as error:
            what = "the server's challenge is not base64."
            raise ProtocolViolation(self.stage, what, outcome=Outcome.FAILED) from error
        if said != CANCEL:
            self._hidden.append(said.rstrip("=").encode())
        return said

    @contextmanager
    def _without_transcript(self, shown: str) -> Iterator[None]:
        self.transcript.append(f"C: {shown}")
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False

    # --- the message

    def transmit(self, raw: bytes) -> tuple[int, bytes]:
        """The message after DATA was answered 354, dots stuffed; the server's answer to the final dot."""
        stuffed = re.sub(rb"\n\.", b"\n..", b"\n" + raw)[1:]
        self.stage = "message"
        self.transcript.append(f"C: (message, {len(raw):,} bytes)")
        self._quiet = True
        for start in range(0, len(stuffed), _CHUNK):
            self.send(stuffed[start : start + _CHUNK])
        self.stage, self.outcome = "end of message", Outcome.UNKNOWN
        self._until = time.monotonic() + FINAL_REPLY_SECONDS
        self.send(b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")
        self._quiet = False
        return self.getreply()

    def leave(self) -> None:
        """QUIT, politely and briefly: trouble here changes nothing that was said before."""
        self.stage = "QUIT"
        self._until = time.monotonic() + 2
        try:
            if self.sock is not None:
                self.docmd("QUIT")
        except MailFailed:
            pass
        finally:
            self.close()

    # --- what smtplib does over the connection

    def send(self, s: Any) -> None:
        """Send bytes, or a command, within the deadline. Raises ProtocolViolation if too much was answered before."""
        if self._unread:
            raise ProtocolViolation(self.stage, f"{self.server} said more than it was asked for.", outcome=self.outcome)
        data = s.encode("utf-8") if isinstance(s, str) else bytes(s)
        if not self._quiet:
            self.transcript.append(f"C: {visible(data.decode(errors='backslashreplace').rstrip())}")
        sock = self._socket
        try:
            sock.settimeout(self._remaining())
            sock.sendall(data)
        except TimeoutError as error:
            self._timed_out(error)
        except OSError as error:
            self._lost(error)

    def getreply(self) -> tuple[int, bytes]:
        """One answer, whole. Raises ProtocolViolation for what is none, ReplyTooLarge for one without end."""
        lines: list[bytes] = []
        code = b""
        size = 0
        while True:
            line = self._line(LARGEST_REPLY - size)
            size += len(line)
            found = _REPLY_LINE.fullmatch(line.rstrip(b"\r\n"))
            if found is None or (code and found[1] != code):
                what = (
                    "is no SMTP server" if self.stage == "banner" and not lines else "gave an answer that is not SMTP"
                )
                raise ProtocolViolation(
                    self.stage,
                    f"{self.server} {what}: '{in_words(self._without_secrets(line)[:80])}'.",
                    outcome=self.outcome,
                    remedy="Check server and port.",
                )
            code = found[1]
            lines.append(self._without_secrets(found[3] or b""))
            self.transcript.append(f"S: {code.decode()}{(found[2] or b'').decode()}{in_words(lines[-1])}")
            if found[2] != b"-":
                return int(code), b"\n".join(lines)

    def _without_secrets(self, said: bytes) -> bytes:
        for secret in self._hidden:
            said = said.replace(secret, b"****")
        return said

    def _line(self, most: int) -> bytes:
        while b"\n" not in self._unread:
            if len(self._unread) >= most:
                raise ReplyTooLarge(self.stage, f"{self.server} answers without end.", outcome=self.outcome)
            self._unread += self._received(most)
        line, _, self._unread = self._unread.partition(b"\n")
        if len(line) >= most:
            raise ReplyTooLarge(self.stage, f"{self.server} answers without end.", outcome=self.outcome)
        return line + b"\n"

    def _received(self, most: int) -> bytes:
        sock = self._socket
        try:
            sock.settimeout(self._remaining())
            found: bytes = sock.recv(min(most, 8192))
        except TimeoutError as error:
            self._timed_out(error)
        except OSError as error:
            self._lost(error)
        if not found:
            self._lost(None)
        return found

    # --- how it fails

    @property
    def _socket(self) -> Any:
        if self.sock is None:
            self._lost(None)
        return self.sock

    def _remaining(self) -> float:
        remaining = self._until - time.monotonic()
        if remaining <= 0:
            self._timed_out(None)
        return remaining

    def _timed_out(self, cause: BaseException | None) -> NoReturn:
        self.close()
        remedy = "Try again; if it stays so, check server, port and firewall."
        raise StageTimeout(
            self.stage, f"{self.server} did not answer in time.", outcome=self.outcome, remedy=remedy
        ) from cause

    def _lost(self, cause: BaseException | None) -> NoReturn:
        self.close()
        raise ConnectionClosed(self.stage, f"{self.server} closed the connection.", outcome=self.outcome) from cause

    def refused(self, code: int, said: bytes) -> NoReturn:
        """Raise what the server's answer means at this stage."""
        if code < 400:
            what = f"{self.server} gave an answer that does not belong here: {code} {in_words(said)}."
            raise ProtocolViolation(self.stage, what, outcome=self.outcome, code=code)
        raise refusal(self.stage, self.server, code, in_words(said))


def in_words(said: bytes) -> str:
    """What a server said, as one line in which nothing moves a cursor or misleads."""
    return visible(" ".join(said.decode(errors="backslashreplace").split()))
