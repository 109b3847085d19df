"""The sandbox: a mail server and a Microsoft 365 of one's own, on this machine only.

Laws: it listens on loopback and nowhere else, and sends nothing on; secrets given to it cannot be read out of it.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import NamedTuple, Self

from .certificates import server_context
from .entra import Entra
from .exchange import Exchange
from .faults import Faults
from .graph import Graph
from .inbox import Inbox
from .listener import Listener
from .page import Page
from .portal_page import Behind
from .smtp import SmtpServers
from .tenant import Recognised, Tenant
from .tokens import Tokens
from .uploads import Uploads


class Ports(NamedTuple):
    """Where to listen; 0 is a port that is free."""

    starttls: int = 0
    tls: int = 0
    plain: int = 0
    login: int = 0
    graph: int = 0
    uploads: int = 0
    page: int = 0


class Sandbox:
    """A sandbox, for as long as a `with` block lasts. SMTP accounts are logins with their passwords.

        >>> with Sandbox({"mere": "a password"}) as sandbox:
        ...     sandbox.ports.starttls, sandbox.ca_file, sandbox.page_url
        ...     sandbox.inbox.wait_until(lambda messages: len(messages) == 1)

    With a folder, messages are kept there and are there again next time. `portal` decides for the portal's page.
    Raises BadInput where a port is not free or the folder holds something else.
    """

    def __init__(
        self,
        accounts: Mapping[str, str] | None = None,
        tenants: Iterable[Tenant] = (),
        *,
        folder: Path | None = None,
        ports: Ports = Ports(),  # noqa: B008
        seed: int = 0,
        portal: Behind | None = None,
    ) -> None:
        self._accounts = {login: Recognised(password) for login, password in (accounts or {}).items()}
        self.tenants = tuple(tenants)
        self.ports = ports
        self.inbox = Inbox(folder)
        self.exchange = Exchange(self.inbox, _now)
        self.faults = Faults(seed)
        self._portal = portal
        self._running = contextlib.ExitStack()
        self._stopping = Event()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as started:
            self._start(started)
            self._running = started.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._running.close()

    @property
    def login_host(self) -> str:
        """The host of Entra, as `login.microsoftonline.com` is."""
        return f"localhost:{self.ports.login}"

    @property
    def graph_host(self) -> str:
        """The host of Graph, as `graph.microsoft.com` is."""
        return f"localhost:{self.ports.graph}"

    @property
    def upload_host(self) -> str:
        """The host large attachments go to, as `outlook.office.com` is."""
        return f"localhost:{self.ports.uploads}"

    @property
    def page_url(self) -> str:
        """The page with the inbox and the faults."""
        return f"http://localhost:{self.ports.page}/"

    def addresses(self) -> Mapping[str, str]:
        """Where everything listens, in words."""
        return {
            "SMTP with STARTTLS": f"localhost:{self.ports.starttls}",
            "SMTP with TLS from the start": f"localhost:{self.ports.tls}",
            "SMTP without encryption": f"localhost:{self.ports.plain}",
            "Entra (login)": f"https://{self.login_host}",
            "Microsoft Graph": f"https://{self.graph_host}",
            "Uploads of large attachments": f"https://{self.upload_host}",
            "Certificate of the authority": str(self.ca_file),
            **{f"Tenant {tenant.domain}".strip(): tenant.id for tenant in self.tenants},
        }

    def _start(self, started: contextlib.ExitStack) -> None:
        self._stopping.clear()
        self.ca_file = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="mailadmin-"))) / "ca.pem"
        tls = server_context(self.ca_file)
        tokens = Tokens(_now, self.faults)

        def listen(name: str, listener: Listener) -> None:
            listener.start()
            started.callback(listener.stop)
            self.ports = self.ports._replace(**{name: listener.port})

        pause = self._stopping.wait
        uploads = Uploads(self.exchange, self.faults, pause)
        listen("uploads", Listener(uploads.answer, port=self.ports.uploads, tls=tls))
        graph = Graph(self.exchange, tokens, self.faults, uploads=f"https://{self.upload_host}", pause=pause)
        listen("graph", Listener(graph.answer, port=self.ports.graph, tls=tls))
        entra = Entra(self.tenants, tokens, self.faults, _now, graph=f"https://{self.graph_host}")
        listen("login", Listener(entra.answer, port=self.ports.login, tls=tls))
        smtp = SmtpServers(self._accounts, self.inbox, self.faults, _now, tls=tls, ports=self.ports._asdict())
        smtp.start()
        started.callback(smtp.stop)
        self.ports = self.ports._replace(**smtp.ports)
        page = Page(self.inbox, self.faults, self.addresses(), self._portal)
        listen("page", Listener(page.answer, port=self.ports.page))


def _now() -> datetime:
    return datetime.now(UTC)
