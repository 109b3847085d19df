"""A login server and a Microsoft Graph that do what a script says, over TLS on the loopback (group B).

Laws: a mail counts as sent when the state machine sent it, whatever the client was told; every connection and every
request is kept; a call without a script is answered honestly. The sandbox is the kind one, and shares nothing with it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import ssl
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

import trustme

from mailadmin.domain.messages import Address, Message, Outgoing
from mailadmin.domain.profiles import ExchangeProfile, Secret
from mailadmin.domain.settings import Hosts
from mailadmin.providers import entra
from mailadmin.providers.graph_client import Clock
from tests.canaries import canary

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-000000000000"
MAILBOX = "accounts@kowhai.example"
TRUSTED, EVIL = "127.0.0.1", "127.0.0.2"
ROLES = ("Mail.ReadWrite", "Mail.Send", "MailboxFolder.ReadWrite.All")

_OPERATIONS: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/[^/]+/v2\.0/\.well-known/openid-configuration", "discovery"),
    ("POST", r"/[^/]+/oauth2/v2\.0/token", "token"),
    ("POST", r"/v1\.0/users/([^/]+)/messages", "draft"),
    ("GET", r"/v1\.0/users/([^/]+)/messages/([^/]+)", "look"),
    ("POST", r"/v1\.0/users/([^/]+)/messages/([^/]+)/send", "send"),
    ("POST", r"/v1\.0/users/([^/]+)/messages/([^/]+)/attachments", "attach"),
    ("GET", r"/v1\.0/users/([^/]+)/messages/([^/]+)/attachments", "attached"),
    ("POST", r"/v1\.0/users/([^/]+)/messages/([^/]+)/attachments/createUploadSession", "session"),
    ("GET", r"/v1\.0/users/([^/]+)/mailFolders/([^/]+)/messages", "folder"),
    ("PUT", r"/upload/([^/]+)", "piece"),
    ("GET", r"/upload/([^/]+)", "pieces"),
)
OPERATIONS = tuple(name for _, _, name in _OPERATIONS)


class FakeClock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, 9, tzinfo=UTC)
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)

    @property
    def clock(self) -> Clock:
        return Clock(sleep=self.sleep, now=lambda: self.time)


class KeptJournal:
    """A journal in memory."""

    def __init__(self) -> None:
        self.draft: str | None = None
        self.began = False

    def created(self, remote_id: str) -> None:
        self.draft = remote_id

    def sending(self) -> None:
        self.began = True


def letter(*to: str, **parts: Any) -> Outgoing:
    """A message with everything decided, unlike any other."""
    message = Message(to=tuple(map(Address, to or ("chen@partner.example",))), **{"subject": "Hello", **parts})
    return Outgoing(
        message=message,
        sender=Address(MAILBOX),
        message_id=f"<{uuid4().hex}@kowhai.example>",
        date="2026-11-22T09:00:00+00:00",
        recipients=message.recipients,
    )


@dataclass
class Mail:
    """A message in the mailbox."""

    resource: dict[str, Any]
    attachments: list[tuple[str, int, str]] = field(default_factory=list)
    sent_at: datetime | None = None
    sends: int = 0

    @property
    def uuid(self) -> str:
        return next(str(h["value"]) for h in self.resource["internetMessageHeaders"] if h["name"] == "x-mailadmin-id")

    def attach(self, name: str, content: bytes | bytearray) -> None:
        self.attachments.append((name, len(content), hashlib.sha256(content).hexdigest()))


@dataclass
class Session:
    """An upload that is under way."""

    mail: Mail
    name: str
    size: int
    content: bytearray = field(default_factory=bytearray)

    def put(self, start: int, piece: bytes) -> bool:
        """Take a piece; whether the attachment is whole. ValueError for a piece that was not asked for."""
        if start > len(self.content):
            raise ValueError(f"a piece at {start} leaves a hole after {len(self.content)}")
        self.content[start:] = piece
        if whole := len(self.content) == self.size:
            self.mail.attach(self.name, self.content)
        return whole


@dataclass(frozen=True)
class Reply:
    """An honest answer, or one a script makes up."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, found: Any, **headers: str) -> Reply:
        return cls(status, json.dumps(found).encode(), {"Content-Type": "application/json", **headers})

    @classmethod
    def error(cls, status: int, code: str, text: str = "") -> Reply:
        return cls.of(status, {"error": {"code": code, "message": text}})


class Exchange:
    """One request and what becomes of it."""

    def __init__(self, handler: _Handler) -> None:
        self.handler = handler
        self.server = handler.scripted
        self.method = handler.command
        self.path, _, query = handler.path.partition("?")
        self.query = {name: values[-1] for name, values in parse_qs(query).items()}
        self.headers = handler.headers
        self._unread = int(self.headers.get("Content-Length") or 0)
        self.operation, self.names = next(
            (
                (name, [unquote(part) for part in found.groups()])
                for method, pattern, name in _OPERATIONS
                if method == self.method and (found := re.fullmatch(pattern, self.path))
            ),
            ("other", []),
        )

    def read(self, most: int) -> bytes:
        found = self.handler.rfile.read(min(most, self._unread))
        self._unread -= len(found)
        return found

    @cached_property
    def body(self) -> bytes:
        return self.read(self._unread)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @cached_property
    def applied(self) -> Reply:
        """What the state machine says, once it has done what was asked."""
        self.body  # noqa: B018 - read before the lock
        with self.server.lock:
            return self.server.apply(self)

    def reply(self, reply: Reply) -> None:
        self.body  # noqa: B018 - what is left unread would be taken for the next request
        lines = [f"HTTP/1.1 {reply.status} Scripted", *(f"{name}: {value}" for name, value in reply.headers.items())]
        if not {"Content-Length", "Transfer-Encoding"} & reply.headers.keys():
            lines.append(f"Content-Length: {len(reply.body)}")
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + reply.body)

    def send(self, raw: bytes) -> None:
        self.handler.wfile.write(raw)

    def end(self, *, reset: bool = False) -> None:
        """End the connection, by FIN or RST."""
        if reset:
            self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.handler.close_connection = True


Act = Callable[[Exchange], None]


def honest(exchange: Exchange) -> None:
    exchange.reply(exchange.applied)


def answer(status: int, body: bytes = b"", **headers: str) -> Act:
    """This answer, and nothing done; `Retry_After` stands for Retry-After."""
    reply = Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})
    return lambda exchange: exchange.reply(reply)


def error(status: int, code: str, text: str = "") -> Act:
    return lambda exchange: exchange.reply(Reply.error(status, code, text))


def told(found: Any, status: int = 200) -> Act:
    """This JSON, and nothing done."""
    return lambda exchange: exchange.reply(Reply.of(status, found))


def lost(exchange: Exchange) -> None:
    """No answer: the connection is reset."""
    exchange.end(reset=True)


def closed(exchange: Exchange) -> None:
    """No answer: the connection is closed."""
    exchange.end()


def hang(exchange: Exchange) -> None:
    """No answer, and no end."""
    exchange.server.released.wait(30)
    exchange.end(reset=True)


def raw(data: bytes) -> Act:
    """These bytes, whatever they are, and the end."""

    def act(exchange: Exchange) -> None:
        exchange.body  # noqa: B018
        exchange.send(data)
        exchange.end()

    return act


def slowly(data: bytes, every: float) -> Act:
    """These bytes one by one."""

    def act(exchange: Exchange) -> None:
        for byte in data:
            exchange.send(bytes([byte]))
            if exchange.server.released.wait(every):
                break

    return act


def drip(data: bytes) -> Act:
    """These bytes one by one, then silence."""

    def act(exchange: Exchange) -> None:
        slowly(data, 0.1)(exchange)
        hang(exchange)

    return act


def endless(head: bytes, piece: bytes) -> Act:
    """A head, and a piece over and over again for as long as somebody takes it."""

    def act(exchange: Exchange) -> None:
        exchange.send(head)
        while not exchange.server.released.is_set():
            exchange.send(piece)

    return act


def done_then(act: Act) -> Act:
    """Do what is asked, and then this in place of the answer."""

    def both(exchange: Exchange) -> None:
        _ = exchange.applied
        act(exchange)

    return both


def cut(keep: int, *, kept: bool) -> Act:
    """Reset an upload after so many bytes of a piece, which the server kept or threw away."""

    def act(exchange: Exchange) -> None:
        start = _start(exchange)
        piece = exchange.read(keep)
        with exchange.server.lock:
            session = exchange.server.sessions[exchange.names[0]]
            if kept and len(session.content) < session.size:
                session.put(start, piece)
        exchange.end(reset=True)

    return act


def _start(exchange: Exchange) -> int:
    found = re.fullmatch(r"bytes (\d+)-\d+/\d+", exchange.headers["Content-Range"])
    assert found, exchange.headers["Content-Range"]
    return int(found[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True
    server: ScriptedGraph

    @property
    def scripted(self) -> ScriptedGraph:
        return self.server

    def _any(self) -> None:
        exchange = Exchange(self)
        with self.scripted.counted(exchange) as act:
            act(exchange)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _any  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class ScriptedGraph(ThreadingHTTPServer):
    """One host: login, Graph and uploads. `script` holds what the next calls get, `always` what all others get."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, address: str, context: ssl.SSLContext, ca_file: str) -> None:
        super().__init__((address, 0), _Handler)
        self._context = context
        self.ca_file = ca_file
        self.address = f"{address}:{self.server_port}"
        self.lock = threading.RLock()
        self.released = threading.Event()
        self.script: dict[str, deque[Act]] = {}
        self.always: dict[str, Act] = {}
        self.errors: list[BaseException | None] = []
        self.connections = 0
        self.in_flight = self.most_in_flight = 0
        self.requests: list[Exchange] = []
        self.clock = FakeClock()
        self.secret = canary()
        self.roles: tuple[str, ...] = ROLES
        self.token = ""
        self.tokens = 0
        self.late = timedelta()
        self.mails: dict[str, Mail] = {}
        self.sessions: dict[str, Session] = {}

    # What tests ask.

    @property
    def hosts(self) -> Hosts:
        return Hosts(self.address, self.address, (self.address,))

    def profile(self, **changes: Any) -> ExchangeProfile:
        given = {
            "tenant_id": TENANT,
            "client_id": CLIENT,
            "client_secret": Secret(lambda: self.secret),
            "mailbox": MAILBOX,
            "hosts": self.hosts,
            "ca_file": self.ca_file,
            "deadline": 5.0,
        }
        return ExchangeProfile(**{**given, **changes})

    def plan(self, operation: str, *acts: Act) -> None:
        """What the next calls of an operation get."""
        assert operation in (*OPERATIONS, "other"), operation
        self.script.setdefault(operation, deque()).extend(acts)

    def count(self, operation: str) -> int:
        return sum(exchange.operation == operation for exchange in self.requests)

    @property
    def sent(self) -> list[str]:
        """The ids of all mails that went out, once for each time they did."""
        return [mail.uuid for mail in self.mails.values() for _ in range(mail.sends)]

    @property
    def drafts(self) -> list[Mail]:
        return [mail for mail in self.mails.values() if not mail.sends]

    # What the protocol needs.

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        with suppress(OSError), self._context.wrap_socket(request, server_side=True) as protected:
            self.RequestHandlerClass(protected, client_address, self)

    def server_bind(self) -> None:
        """Bind, and ask nobody for the name of the address."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error; anything else is one of this file."""
        if not isinstance(found := sys.exception(), OSError):
            self.errors.append(found)

    @contextmanager
    def counted(self, exchange: Exchange) -> Iterator[Act]:
        with self.lock:
            self.requests.append(exchange)
            waiting = self.script.get(exchange.operation)
            act = waiting.popleft() if waiting else self.always.get(exchange.operation, honest)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            yield act
        finally:
            with self.lock:
                self.in_flight -= 1

    # The state machine.

    def apply(self, exchange: Exchange) -> Reply:
        operation = exchange.operation
        if operation not in {"discovery", "token", "piece", "pieces", "other"} and (
            exchange.headers.get("Authorization") != f"Bearer {self.token}" or not self.token
        ):
            return Reply.error(401, "InvalidAuthenticationToken")
        try:
            found: Reply = getattr(self, f"_{operation}")(exchange)
        except KeyError:
            return Reply.error(404, "ErrorItemNotFound")
        return found

    def _discovery(self, exchange: Exchange) -> Reply:
        return Reply.of(200, self.discovery())

    def discovery(self, **changes: Any) -> dict[str, Any]:
        """The discovery document."""
        root = f"https://{self.address}/{TENANT}"
        return {
            "issuer": f"{root}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            **changes,
        }

    def _token(self, exchange: Exchange) -> Reply:
        given = {name: values[0] for name, values in parse_qs(exchange.body.decode()).items()}
        if given.get("client_secret") != self.secret:
            said = f"AADSTS7000215: Invalid client secret provided: {given.get('client_secret')}"
            refused = {"error": "invalid_client", "error_description": said, "error_codes": [7000215]}
            return Reply.of(401, refused)
        self.tokens += 1
        self.token = jwt({"roles": list(self.roles), "jti": uuid4().hex})
        return Reply.of(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": self.token})

    def _draft(self, exchange: Exchange) -> Reply:
        kind = "I" if exchange.headers.get("Prefer") == 'IdType="ImmutableId"' else "M"
        name = f"{kind}{len(self.mails)}=="
        self.mails[name] = Mail(exchange.json)
        return Reply.of(201, {"id": name, "isDraft": True})

    def _mail(self, exchange: Exchange) -> Mail:
        name = exchange.names[1]
        mail = self.mails[name]
        if mail.sends and not name.startswith("I"):
            raise KeyError(name)
        return mail

    def _look(self, exchange: Exchange) -> Reply:
        mail = self._mail(exchange)
        return Reply.of(200, {**mail.resource, "id": exchange.names[1], "isDraft": self._shows_as_draft(mail)})

    def _shows_as_draft(self, mail: Mail) -> bool:
        return mail.sent_at is None or self.clock.time < mail.sent_at + self.late

    def _send(self, exchange: Exchange) -> Reply:
        mail = self._mail(exchange)
        mail.sends += 1
        mail.sent_at = mail.sent_at or self.clock.time
        return Reply(202)

    def _attach(self, exchange: Exchange) -> Reply:
        given = exchange.json
        self._mail(exchange).attach(given["name"], base64.b64decode(given["contentBytes"]))
        return Reply.of(201, {"id": "A"})

    def _attached(self, exchange: Exchange) -> Reply:
        # Exchange counts its own overhead into the size.
        found = [{"name": name, "size": size + 244} for name, size, _ in self._mail(exchange).attachments]
        return Reply.of(200, {"value": found})

    def _session(self, exchange: Exchange) -> Reply:
        item = exchange.json["AttachmentItem"]
        name = f"AUTH-{uuid4().hex}"
        self.sessions[name] = Session(self._mail(exchange), item["name"], item["size"])
        return Reply.of(201, {"uploadUrl": f"https://{self.address}/upload/{name}?authtoken={name}", **expecting(0)})

    def _under_way(self, exchange: Exchange) -> Session:
        session = self.sessions[exchange.names[0]]
        if len(session.content) == session.size:
            raise KeyError("the session is over")
        return session

    def _piece(self, exchange: Exchange) -> Reply:
        session = self._under_way(exchange)
        try:
            whole = session.put(_start(exchange), exchange.body)
        except ValueError as hole:
            return Reply.error(416, "InvalidRange", str(hole))
        return Reply(201) if whole else Reply.of(200, expecting(len(session.content)))

    def _pieces(self, exchange: Exchange) -> Reply:
        session = self._under_way(exchange)
        return Reply.of(200, expecting(len(session.content)))

    def _folder(self, exchange: Exchange) -> Reply:
        drafts = exchange.names[1] == "Drafts"
        found = [
            {**mail.resource, "id": name, "isDraft": drafts}
            for name, mail in reversed(self.mails.items())
            if self._shows_as_draft(mail) == drafts
        ]
        start = int(exchange.query["$skip"])
        return Reply.of(200, {"value": found[start : start + int(exchange.query["$top"])]})

    def _other(self, exchange: Exchange) -> Reply:
        return Reply.error(404, "BadRequest", urlsplit(exchange.path).path)


def expecting(*starts: object) -> dict[str, Any]:
    """What an upload session says of itself."""
    return {"nextExpectedRanges": [f"{start}-" for start in starts]}


def jwt(claims: Any, algorithm: str = "RS256") -> str:
    """A token nobody can check."""
    parts = (json.dumps({"alg": algorithm}).encode(), json.dumps(claims).encode(), b"a signature nobody checks")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


@cache
def authority() -> trustme.CA:
    """Who vouches for both hosts: what keeps a request from the evil one is not TLS."""
    return trustme.CA()


@contextmanager
def certificates(ca: trustme.CA) -> Iterator[str]:
    """A file of an authority's certificate."""
    with NamedTemporaryFile(suffix=".pem") as file:
        Path(file.name).write_bytes(ca.cert_pem.bytes())
        yield file.name


@contextmanager
def running(address: str = TRUSTED, *, named: str = "") -> Iterator[ScriptedGraph]:
    """A running server, with a certificate for its address or for another name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(named or address).configure_cert(context)
    with certificates(authority()) as ca_file, ScriptedGraph(address, context, ca_file) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        entra.forget_tokens()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()
            entra.forget_tokens()
    assert server.errors == []
