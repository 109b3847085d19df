"""A tenant to try things on, and the sandbox's Entra, Graph and upload host without any network between."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.message import Message
from typing import Any
from urllib.parse import urlencode

from mailadmin.sandbox.entra import Entra
from mailadmin.sandbox.exchange import Exchange
from mailadmin.sandbox.faults import Faults
from mailadmin.sandbox.graph import Graph
from mailadmin.sandbox.inbox import Inbox
from mailadmin.sandbox.listener import Hangup, Reply, Request
from mailadmin.sandbox.tenant import Application, Mailbox, Tenant
from mailadmin.sandbox.tokens import Tokens
from mailadmin.sandbox.uploads import Uploads
from tests.canaries import canary

SECRET = canary()
TENANT_ID = "5a1e0d8c-0000-4000-8000-00000000c0de"
CLIENT = "c11e0000-0000-4000-8000-00000000c0de"
SENDS_ONLY, SILENT, DISABLED, EXPIRED, CONFINED = (f"{CLIENT[:-1]}{n}" for n in range(5))
ACCOUNTS, SHARED, LIST = "accounts@kowhai.example", "shared@kowhai.example", "everyone@kowhai.example"
ON_PREMISES, NARROW = "old@kowhai.example", "narrow@kowhai.example"

TENANT = Tenant(
    TENANT_ID,
    "kowhai.example",
    applications=(
        Application(CLIENT, SECRET),
        Application(SENDS_ONLY, SECRET, roles=frozenset({"Mail.Send"})),
        Application(SILENT, SECRET, roles=frozenset()),
        Application(DISABLED, SECRET, enabled=False),
        Application(EXPIRED, SECRET, secret_expired=True),
        Application(CONFINED, SECRET, mailboxes=frozenset({SHARED})),
    ),
    mailboxes=(
        Mailbox(ACCOUNTS, "Kowhai Accounts", send_as=frozenset({LIST}), on_behalf_of=frozenset({SHARED})),
        Mailbox(SHARED),
        Mailbox(ON_PREMISES, hosted=False),
        Mailbox(NARROW, most_bytes=3_000_000),
    ),
)
LETTER = {
    "subject": "Kia ora",
    "body": {"contentType": "html", "content": "<p>Kia ora</p>"},
    "toRecipients": [{"emailAddress": {"address": "aroha@client.example", "name": "Aroha Smith"}}],
}
LOGIN, GRAPH, UPLOADS = "login.test", "graph.test", "uploads.test"


def asked(method: str, url: str, body: bytes = b"", *, length: int | None = -1, **headers: str) -> Request:
    """A request as the listener makes it of one."""
    host, _, path = url.removeprefix("https://").partition("/")
    found = Message()
    found["Host"] = host
    for name, value in headers.items():
        found[name.replace("_", "-")] = value
    return Request(method, f"/{path}", found, body, len(body) if length == -1 else length)


class Said:
    """A reply as a client reads it."""

    def __init__(self, reply: Reply | Hangup) -> None:
        assert isinstance(reply, Reply), reply
        self.status = reply.status
        self.headers = reply.headers
        self.body = reply.body

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and code."""
        return self.status, self.json()["error"]["code"]


class Microsoft:
    """The sandbox's Microsoft 365, its clock standing still unless it is told to go on."""

    def __init__(self, seed: int = 0) -> None:
        self.now = datetime(2026, 11, 22, 9, tzinfo=UTC)
        self.paused: list[float] = []
        self.inbox = Inbox()
        self.faults = Faults(seed)
        self.exchange = Exchange(self.inbox, self._clock)
        self.tokens = Tokens(self._clock, self.faults)
        self.entra = Entra([TENANT], self.tokens, self.faults, self._clock, graph=f"https://{GRAPH}")
        self.graph = Graph(
            self.exchange, self.tokens, self.faults, uploads=f"https://{UPLOADS}", pause=self.paused.append
        )
        self.uploads = Uploads(self.exchange, self.faults, self.paused.append)

    def _clock(self) -> datetime:
        return self.now

    def later(self, **time: int) -> None:
        self.now += timedelta(**time)

    def login(self, *, tenant: str = TENANT_ID, **changed: str) -> Said:
        """The answer to a request for a token."""
        form = {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "grant_type": "client_credentials",
            "scope": f"https://{GRAPH}/.default",
        } | changed
        body = urlencode({name: value for name, value in form.items() if value}).encode()
        return Said(self.entra.answer(asked("POST", f"https://{LOGIN}/{tenant}/oauth2/v2.0/token", body)))

    def token(self, client: str = CLIENT) -> str:
        return str(self.login(client_id=client).json()["access_token"])

    def request(self, method: str, path: str, body: Any = None, *, client: str = CLIENT, **headers: str) -> Request:
        token = headers.pop("token", None) or self.token(client)
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        url = path if path.startswith("https:") else f"https://{GRAPH}/v1.0/users/{path}"
        return asked(method, url, sent, Authorization=f"Bearer {token}", **headers)

    def call(self, method: str, path: str, body: Any = None, *, client: str = CLIENT, **headers: str) -> Said:
        """The answer of Graph, below a user's name or to a whole address."""
        return Said(self.graph.answer(self.request(method, path, body, client=client, **headers)))

    def draft(self, mailbox: str = ACCOUNTS, **changed: Any) -> str:
        """A new draft's immutable id."""
        said = self.call("POST", f"{mailbox}/messages", LETTER | changed, Prefer='IdType="ImmutableId"')
        assert said.status == 201, said.body
        return str(said.json()["id"])
