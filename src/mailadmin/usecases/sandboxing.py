"""A store pointed at the sandbox: every service sends there, by its own accounts, until it is taken back.

Laws: it is a run like any other, so taking it back brings the real servers and their passwords back; accounts keep
their names and get passwords of the sandbox, and no real password is ever given to it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from ..bootstrap import App
from ..domain.addresses import address
from ..domain.governed import Key, Row, key_of, table_of
from ..domain.messages import Address, Message
from ..domain.organisation import GLOBAL, CostCentre, is_global
from ..domain.portals import Portal, PortalDocument
from ..domain.preferences import MailPreference
from ..domain.profiles import is_guid, user_name_of
from ..domain.services import (
    COST_CENTRE_SERVICES,
    NO_AUTHENTICATION,
    Override,
    Security,
    Service,
    ServiceKind,
    values_of,
)
from ..domain.settings import (
    EXCHANGE_CA_FILE,
    GRAPH_HOST,
    LOGIN_HOST,
    PINNED_CERTIFICATE,
    SMTP_CA_FILE,
    UPLOAD_HOST,
    Setting,
)
from ..errors import AddressRejected
from ..migration import planning
from ..policy.recipients import Contacts
from ..resolution.provenance import Context, Resolution, Status, is_blank
from ..sandbox.portal_page import Chosen, Outcome
from ..sandbox.server import Sandbox
from ..sandbox.tenant import CALENDAR_ROLES, MAIL_ROLES, Application, Mailbox, Tenant
from ..storage import outbox, repository
from ..storage.books import Run
from ..storage.vault import location_of
from . import portal
from .configuring import effective, explain
from .migrating import apply, base_of, plan_rollback
from .sending import Sent, send

Place = tuple[str, Key]
_TENANT = "5a9db0c5-0000-4000-8000-000000000001"
_CLIENT = "5a9db0c5-0000-4000-8000-000000000002"

NEWCOMER: tuple[Service | CostCentre, ...] = (
    CostCentre(code=GLOBAL, default_service=ServiceKind.SMTP),
    Service(
        cost_centre=GLOBAL,
        service=ServiceKind.SMTP,
        use_service=True,
        server="localhost",
        user_name="sandbox",
        sender_name="The Sandbox",
        sender_email="sandbox@example.com",
    ),
    Service(
        cost_centre=GLOBAL,
        service=ServiceKind.EXCHANGE,
        use_service=True,
        tenant_id=_TENANT,
        client_id=_CLIENT,
        mailbox="sandbox@example.com",
    ),
)
"""What a store without any service gets, so that there is something to try."""


class Passwords(NamedTuple):
    """The sandbox's passwords: by SMTP login, and by client id."""

    logins: Mapping[str, str]
    clients: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Passwords({len(self.logins)} logins, {len(self.clients)} applications)"


class Playing(NamedTuple):
    """A running sandbox and the run that pointed the store at it."""

    sandbox: Sandbox
    run: Run


@contextmanager
def sandboxed(app: App, *, folder: Path | None = None, seed: int = 0, tick_global: bool = False) -> Iterator[Playing]:
    """A sandbox for this store, for as long as the block lasts; the store's services send there, and then no more.

    With `tick_global`, GLOBAL uses every service that is filled in there, ticked or not, so that each can be tried.
    A row changed meanwhile stays as it is. Raises KeyNeeded without a key.
    """
    with app.store.reading() as connection:
        rows = repository.rows(connection, app.sealer(connection))
    if not any(isinstance(row, Service) for row in rows.values()):
        rows = {**rows, **{(table_of(row), key_of(row)): row for row in NEWCOMER}}
    if tick_global:
        rows = {place: _ticked(row) for place, row in rows.items()}
    known = Passwords(
        {login: _password() for login in map(_login, rows.values()) if login},
        {client.lower(): _password() for row in rows.values() if (client := getattr(row, "client_id", None))},
    )
    with Sandbox(
        known.logins, _tenants(rows.values(), known.clients), folder=folder, seed=seed, portal=_Behind(app)
    ) as sandbox:
        run = _point(app, sandbox, rows, known)
        try:
            yield Playing(sandbox, run)
        finally:
            back = plan_rollback(app, run.run, skip_conflicts=True)
            apply(app, back, back.confirmation)


class _Behind:
    """The store behind the portal's page, which decides on whatever comes from there."""

    def __init__(self, app: App) -> None:
        self._app = app

    def standings(self) -> list[portal.Standing]:
        return portal.portals(self._app)

    def partners(self) -> list[str]:
        return portal.partners(self._app)[: portal.OFFERED]

    def contacts(self, business_partner: str) -> Contacts:
        return portal.contacts(self._app, business_partner)

    def send(self, code: str, business_partner: str, document: PortalDocument, pdf: bytes, chosen: Chosen) -> Outcome:
        letter = portal.Letter(
            to=chosen.to,
            cc=chosen.cc,
            bcc=chosen.bcc,
            subject=document.title,
            text=chosen.text or None,
            attachments=(portal.pdf(document, pdf),),
        )
        entry = portal.send(self._app, code, business_partner, letter).entry
        return Outcome(entry.state, outbox.STATES[entry.state], entry.sender_email, entry.recipients)


def _ticked(row: Row) -> Row:
    filled = isinstance(row, Service) and is_global(row.cost_centre) and not is_blank(values_of(row), row.service)
    return replace(row, use_service=True) if isinstance(row, Service) and filled else row


def _password() -> str:
    return secrets.token_urlsafe(18)


def _login(row: Row) -> str | None:
    """The SMTP login a row holds, if any."""
    match row:
        case Service() | Override() if row.service is ServiceKind.SMTP:
            return user_name_of(row.user_name)
        case MailPreference() if row.server or row.password:
            return row.user_name
        case Portal():
            return row.user_name
    return None


_ROLES = MAIL_ROLES | CALENDAR_ROLES


def _tenants(rows: Iterable[Row], clients: Mapping[str, str]) -> list[Tenant]:
    """Every tenant, application and mailbox the store knows, with the rights the release note asks for."""
    found: dict[str, set[str]] = {}
    mailboxes: set[str] = set()
    for row in rows:
        if isinstance(row, Service | Override | MailPreference) and row.client_id and row.tenant_id:
            found.setdefault(row.tenant_id.lower(), set()).add(row.client_id.lower())
        wanted = row.mailbox if isinstance(row, Service | Override) else None
        wanted = row.user_name or row.email if isinstance(row, MailPreference) else wanted
        mailboxes |= {known} if (known := _mailbox(wanted)) else set()
    return [
        Tenant(
            id=tenant if is_guid(tenant) else _TENANT,
            domain="" if is_guid(tenant) else tenant,
            applications=tuple(
                Application(client, clients[client], MAIL_ROLES | CALENDAR_ROLES) for client in sorted(applications)
            ),
            mailboxes=tuple(Mailbox(m, send_as=frozenset(mailboxes - {m})) for m in sorted(mailboxes)),
        )
        for tenant, applications in sorted(found.items())
    ]


def _mailbox(text: str | None) -> str | None:
    try:
        return address(text) if text else None
    except AddressRejected:
        return None


def _point(app: App, sandbox: Sandbox, rows: Mapping[Place, Row], known: Passwords) -> Run:
    """Apply the plan that points every service at the sandbox, with the passwords it knows."""
    target: dict[Place, Row] = {}
    with app.store.writing() as connection:
        vault = app.vault(connection, "keep the sandbox's passwords")
        current = repository.rows(connection, app.sealer(connection))

        def keep(place: Place, field: str, secret: str) -> str:
            location = location_of(*place, field)
            return vault.keep({location: secret})[location]

        for place, row in rows.items():
            moved = _moved(place, row, sandbox, known, keep)
            if moved != current.get(place):
                target[place] = moved
        for setting in _settings(sandbox):
            target[table_of(setting), key_of(setting)] = setting
        pinned = [p for p, row in current.items() if isinstance(row, Setting) and row.name == PINNED_CERTIFICATE]
        plan = planning.plan_change(target, current, base_of(app, repository.state(connection)), remove=pinned)
    plan = plan.sealed(app.seal())
    return apply(app, plan, plan.confirmation)


def _moved(place: Place, row: Row, sandbox: Sandbox, known: Passwords, keep: Callable[[Place, str, str], str]) -> Row:
    """The row as it sends to the sandbox."""
    changes: dict[str, Any] = {}
    if login := _login(row):
        changes["password"] = keep(place, "password", known.logins[login])
    if client := getattr(row, "client_id", None):
        changes["client_secret"] = keep(place, "client_secret", known.clients[client.lower()])
    port = sandbox.ports.starttls
    match row:
        case Service() | Override() if row.server and row.user_name == NO_AUTHENTICATION:
            changes |= {"server": "localhost", "port": sandbox.ports.plain, "security": Security.NONE}
        case Service() | Override() if row.server:
            changes |= {"server": "localhost", "port": port, "security": Security.START_TLS}
        case MailPreference() if row.server:
            changes |= {"server": "localhost", "port": port, "use_ssl": True}
        case Portal() if row.smtp_server and not login:
            changes |= {"smtp_server": "localhost", "smtp_port": sandbox.ports.plain, "enable_ssl": False}
        case Portal() if row.smtp_server:
            changes |= {"smtp_server": "localhost", "smtp_port": port, "enable_ssl": True}
    return replace(row, **changes)


def _settings(sandbox: Sandbox) -> list[Setting]:
    values = {
        SMTP_CA_FILE: str(sandbox.ca_file),
        EXCHANGE_CA_FILE: str(sandbox.ca_file),
        LOGIN_HOST: sandbox.login_host,
        GRAPH_HOST: sandbox.graph_host,
        UPLOAD_HOST: sandbox.upload_host,
    }
    return [Setting(name=name, value=value) for name, value in values.items()]


class Tried(NamedTuple):
    """A test message by one service: by whom, and what came of it."""

    service: ServiceKind
    user: str | None
    sent: Sent


def try_out(app: App, *, folder: Path | None = None) -> list[Tried]:
    """Send one test message by every service somebody is ready for, in a sandbox; nothing leaves the machine.

    GLOBAL's services count as ticked meanwhile. Raises what sending raises.
    """
    tried = []
    with sandboxed(app, folder=folder, tick_global=True):
        for service in COST_CENTRE_SERVICES:
            if (answer := _ready(app, service)) is None:
                continue
            user = answer.context.user
            message = Message(
                to=(Address("somebody@example.com", "Somebody Else"),),
                subject=f"A test by {service}",
                text=f"{user or 'Nobody in particular'} sends this by {service}. Nothing left the machine.\n",
            )
            tried.append(Tried(service, user, send(app, message, Context(user=user, service=service))))
    return tried


def _ready(app: App, service: ServiceKind) -> Resolution | None:
    """The first user who could send by a service; where there are no users, whoever."""
    (population,) = effective(app, service=service)
    answers = population if len(population) else [explain(app, Context(service=service))]
    return next((answer for answer in answers if answer.status is Status.READY), None)
