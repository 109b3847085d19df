"""A small site to send from: people with and without the permission, SMTP and Exchange in GLOBAL, their passwords."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import mailadmin
from mailadmin.bootstrap import App
from mailadmin.domain.services import ServiceKind
from mailadmin.usecases import configuring, keeping, migrating
from tests.canaries import canary

CONFIGURATION = """\
format = "mailadmin-configuration/1"

[[cost_centres]]
code = "GLOBAL"
default_service = "SMTP"

[[cost_centres]]
code = "OFF"

[[entities]]
code = "E"

[[branches]]
code = "QUIET"
entity = "E"
cost_centre = "OFF"

[[role_permissions]]
role = "Clerks"
permission_key = "Messaging.Email.UpdateFrom"
decision = "Allow"

[[role_permissions]]
role = "Trainees"
permission_key = "Messaging.Email.UpdateFrom"
decision = "Deny"

[[users]]
user_id = "ann"
name = "Ann"

[[users]]
user_id = "bob"
name = "Bob"
roles = ["Clerks"]

[[users]]
user_id = "cia"
name = "Cia"
roles = ["Clerks", "Trainees"]

[[users]]
user_id = "dan"
name = "Dan"
branch = "QUIET"

[[users]]
user_id = "eve"
name = "Eve"

[[services]]
cost_centre = "GLOBAL"
service = "SMTP"
use_service = true
server = "mail.kowhai.example"
port = 587
security = "StartTls"
user_name = "lending@kowhai.example"
sender_name = "Kowhai Lending"
sender_email = "lending@kowhai.example"

[[services]]
cost_centre = "GLOBAL"
service = "EXCHANGE"
use_service = true
tenant_id = "0f0e0d0c-0b0a-4908-8706-050403020100"
client_id = "6f6e6d6c-1111-4222-8333-0123456789ab"
mailbox = "lending@kowhai.example"

[[services]]
cost_centre = "OFF"
service = "SMTP"
use_service = true

[[overrides]]
cost_centre = "GLOBAL"
service = "SMTP"
user_id = "eve"
sender_email = "eve@kowhai.example"
"""


def site(folder: Path) -> App:
    """The site, in a store of its own with a key."""
    app = mailadmin.connect(folder / "mailadmin.db", environment={}, actor="tester")
    keeping.create_key(app)
    configure(app, folder, CONFIGURATION)
    for service, field in ((ServiceKind.SMTP, "password"), (ServiceKind.EXCHANGE, "client_secret")):
        plan = configuring.plan_secret(app, "GLOBAL", service, field, canary())
        migrating.apply(app, plan, plan.confirmation)
    return app


def configure(app: App, folder: Path, text: str) -> None:
    """Bring the store to these rows, others left alone."""
    (folder / "site.toml").write_text(text, encoding="utf-8")
    plan = configuring.plan_import(app, folder / "site.toml")
    migrating.apply(app, plan, plan.confirmation)


def rows(*lines: str) -> str:
    """A configuration document with these lines."""
    return "\n".join(['format = "mailadmin-configuration/1"', *lines]) + "\n"


def permission(role: str, decision: str) -> Iterable[str]:
    """What a role says of UpdateFrom."""
    key = "Messaging.Email.UpdateFrom"
    return ("[[role_permissions]]", f'role = "{role}"', f'permission_key = "{key}"', f'decision = "{decision}"')
