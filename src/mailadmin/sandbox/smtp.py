"""The SMTP side: three doors on loopback, one for each way to be safe or not.

Source: RFC 5321, RFC 4954 (AUTH), RFC 3207 (STARTTLS), RFC 8314 (implicit TLS).
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Mapping
from threading import Thread
from typing import NamedTuple
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from ..domain.services import Security, ServiceKind
from .faults import Fault, Faults
from .inbox import INBOX, Inbox, Received
from .listener import LOOPBACK, port_taken
from .tenant import Recognised
from .tokens import Clock

MOST_BYTES = 35 * 2**20
"""The largest message taken; announced as SIZE."""


class Door(NamedTuple):
    """A port: how it is protected, and whether mail is taken there from somebody who did not log in."""

    security: Security
    open: bool


DOORS: Mapping[str, Door] = {
    "starttls": Door(Security.START_TLS, open=False),
    "tls": Door(Security.SSL_ON_CONNECT, open=False),
    "plain": Door(Security.NONE, open=True),
}
"""TABLE: the ports, by name."""


class _Session(Session):
    # aiosmtpd writes a warning to the log at every login, about an attribute it sets itself.
    login_data = None


class _Envelope(Envelope):
    asked = 0
    """How many recipients were named, the refused ones too."""


class _Conversation(SMTP):
    def _create_session(self) -> Session:
        return _Session(self.loop)

    def _create_envelope(self) -> Envelope:
        return _Envelope()


class _Doorkeeper:
    """Who may come in at a door, and what is taken from them. Its methods are what aiosmtpd asks for, by name."""

    def __init__(
        self, door: Door, accounts: Mapping[str, Recognised], inbox: Inbox, faults: Faults, clock: Clock
    ) -> None:
        self._door = door
        self._accounts = accounts
        self._inbox = inbox
        self._faults = faults
        self._clock = clock
        self._put_off: Counter[tuple[str, str]] = Counter()

    def log_in(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        """Whether a login is one of the accounts. Not `handled`: else aiosmtpd answers nothing, and clients wait."""
        login = data.login.decode("utf-8", "replace")
        account = self._accounts.get(login)
        if account is None or not account.matches(data.password) or self._faults.strike(Fault.BAD_LOGIN) is not None:
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=login)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The reply to MAIL FROM."""
        if (seconds := self._faults.strike(Fault.SLOW)) is not None:
            await asyncio.sleep(seconds)
        if self._faults.strike(Fault.UNAVAILABLE) is not None:
            return "421 4.3.2 Service not available"
        if not self._door.open and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if self._faults.strike(Fault.REFUSED_SENDER) is not None:
            return "550 5.7.60 Client does not have permissions to send as this sender"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: _Envelope, address: str, options: list[str]
    ) -> str:
        """The reply to RCPT TO."""
        envelope.asked += 1
        if self._faults.strike(Fault.REFUSED_RECIPIENT, lambda which: which in (0, envelope.asked)) is not None:
            return f"550 5.1.1 <{address}>: no such mailbox here"
        pair = (str(envelope.mail_from), address)
        if self._faults.strike(Fault.GREYLISTED, lambda attempts: self._put_off[pair] < attempts) is not None:
            self._put_off[pair] += 1
            return "451 4.7.1 Greylisted, try again later"
        del self._put_off[pair]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Recipient OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """The reply to the message."""
        taken = self._inbox.add(
            Received(
                via=ServiceKind.SMTP,
                security=self._door.security,
                account=session.auth_data or "",
                sender=str(envelope.mail_from),
                recipients=tuple(envelope.rcpt_tos),
                folder=INBOX,
                at=self._clock(),
                raw=bytes(envelope.original_content or b""),
            )
        )
        if self._faults.strike(Fault.LOST_REPLY) is not None:
            # To aiosmtpd this is a client that went away: it closes the connection and says nothing.
            raise asyncio.CancelledError
        return f"250 2.0.0 OK, kept as {taken.number}"


class SmtpServers:
    """The doors, from `start` to `stop`, in a thread of their own. Ports of 0 become ones that are free."""

    def __init__(
        self,
        accounts: Mapping[str, Recognised],
        inbox: Inbox,
        faults: Faults,
        clock: Clock,
        *,
        tls: ssl.SSLContext,
        ports: Mapping[str, int],
    ) -> None:
        self._keepers = {name: _Doorkeeper(door, accounts, inbox, faults, clock) for name, door in DOORS.items()}
        self._tls = tls
        self.ports = {name: ports[name] for name in DOORS}
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True, name="sandbox SMTP")
        self._servers: list[asyncio.Server] = []
        self._conversations: WeakSet[_Conversation] = WeakSet()

    def start(self) -> None:
        """Listen. Raises BadInput where a port is not free."""
        self._thread.start()
        for name, port in self.ports.items():
            try:
                asyncio.run_coroutine_threadsafe(self._open(name, port), self._loop).result()
            except OSError as error:
                self.stop()
                raise port_taken(port) from error

    def stop(self) -> None:
        """Listen no more; every conversation is ended."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self, name: str, port: int) -> None:
        security = DOORS[name].security
        keeper = self._keepers[name]

        def converse() -> _Conversation:
            conversation = _Conversation(
                keeper,
                hostname="localhost",
                ident="mailadmin sandbox",
                data_size_limit=MOST_BYTES,
                enable_SMTPUTF8=True,
                tls_context=self._tls if security is Security.START_TLS else None,
                require_starttls=True,
                # aiosmtpd knows of STARTTLS only: behind implicit TLS it would refuse AUTH.
                auth_require_tls=security is Security.START_TLS,
                authenticator=keeper.log_in,
                loop=self._loop,
            )
            self._conversations.add(conversation)
            return conversation

        implicit = self._tls if security is Security.SSL_ON_CONNECT else None
        server = await self._loop.create_server(converse, LOOPBACK, port, ssl=implicit)
        self._servers.append(server)
        self.ports[name] = server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for conversation in list(self._conversations):
            if isinstance(conversation.transport, asyncio.WriteTransport):
                conversation.transport.abort()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
