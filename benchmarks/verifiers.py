"""Verifying services, each with a login of its own: mailadmin's use case, and the rivals.

All of them connect, say EHLO, go under TLS, say EHLO, sign in, and stop after RCPT. The rivals are handed the accounts;
ours reads them, and their passwords, from its store. Certificates are verified by all but swaks.
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from smtplib import SMTP

import mailadmin
from mailadmin.domain.governed import key_of
from mailadmin.domain.services import Service, ServiceKind
from mailadmin.providers.ladder import Result
from mailadmin.storage.vault import location_of
from mailadmin.usecases import configuring, keeping, migrating, verifying

from .letters import EHLO_NAME, RECIPIENT, SENDER, Letter
from .senders import Carry

SERVICES, AT_ONCE = 200, 32
_SITE = ('format = "mailadmin-configuration/1"', "[[cost_centres]]", 'code = "GLOBAL"', 'default_service = "SMTP"')
_SERVICE = """\
[[cost_centres]]
code = "{code}"

[[entities]]
code = "{code}"

[[branches]]
code = "{code}"
entity = "{code}"
cost_centre = "{code}"

[[users]]
user_id = "{code}"
name = "{code}"
branch = "{code}"

[[services]]
cost_centre = "{code}"
service = "SMTP"
use_service = true
server = "localhost"
port = {port}
security = "StartTls"
user_name = "{code}@kowhai.example"
password = "{password}"
sender_email = "{code}@kowhai.example"
"""


def verify(_letter: Letter, port: int) -> Carry:
    """The use case, from reading the store to keeping what was seen."""
    folder = Path(tempfile.mkdtemp(prefix="mailadmin-benchmark-"))
    app = mailadmin.connect(folder / "mailadmin.db", environment={}, actor="benchmark")
    keeping.create_key(app)
    codes = {_place(f"C{number}"): f"C{number}" for number in range(SERVICES)}
    with app.store.writing() as connection:
        kept = app.vault(connection, "measure").keep({place: f"a password of {c}" for place, c in codes.items()})
    services = [_SERVICE.format(code=code, port=port, password=kept[place]) for place, code in codes.items()]
    (folder / "site.toml").write_text("\n".join([*_SITE, *services]))
    plan = configuring.plan_import(app, folder / "site.toml")
    migrating.apply(app, plan, plan.confirmation)

    def carry(times: int) -> None:
        found = verifying.verify(app, verifying.subjects(app)[:times])
        broken = [verified.broken for verified in found if verified.result is Result.FAILED]
        assert (broken, len(found)) == ([], times), broken[:1]

    return carry


def _place(code: str) -> str:
    row = Service(cost_centre=code, service=ServiceKind.SMTP)
    return location_of("services", key_of(row), "password")


def smtplib_loop(_letter: Letter, port: int) -> Carry:
    """One after the other, with one context for all."""
    context = ssl.create_default_context()

    def carry(times: int) -> None:
        for number in range(times):
            _stopped_after_rcpt(port, context, number)

    return carry


def smtplib_threads(_letter: Letter, port: int) -> Carry:
    """As many at once as ours."""
    context = ssl.create_default_context()

    def carry(times: int) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(lambda number: _stopped_after_rcpt(port, context, number), range(times)):
                pass

    return carry


def _stopped_after_rcpt(port: int, context: ssl.SSLContext, number: int) -> None:
    with SMTP("localhost", port, local_hostname=EHLO_NAME) as session:
        session.starttls(context=context)
        session.login(f"C{number}@kowhai.example", f"a password of C{number}")
        assert [session.mail(SENDER)[0], session.rcpt(RECIPIENT)[0]] == [250, 250]


def swaks(_letter: Letter, port: int) -> Carry:
    """The program people verify a server with, once per service."""
    program = shutil.which("swaks") or "swaks"

    def carry(times: int) -> None:
        for number in range(times):
            subprocess.run(list(_words(program, port, number)), check=True, capture_output=True)

    return carry


def _words(program: str, port: int, number: int) -> Iterator[str]:
    yield from (program, "--server", f"localhost:{port}", "--quit-after", "RCPT", "--tls", "--helo", EHLO_NAME)
    yield from ("--from", SENDER, "--to", RECIPIENT, "--auth", "PLAIN")
    yield from ("--auth-user", f"C{number}@kowhai.example", "--auth-password", f"a password of C{number}")
