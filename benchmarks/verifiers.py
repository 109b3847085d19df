"""Verifying services, each with a login of its own: mailadmin's use case, and the rivals.

All of them connect, say EHLO, go under TLS, say EHLO, sign in, and stop after RCPT. The rivals are handed the accounts;
ours reads them, and their passwords, from its store. Certificates are verified by all but swaks. Those that hang come
first, but for the one that warms up, at ports of their own; everybody gives them up after as many seconds.
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from smtplib import SMTP

import mailadmin
from mailadmin.bootstrap import App
from mailadmin.domain.governed import key_of
from mailadmin.domain.services import Service, ServiceKind
from mailadmin.providers.ladder import Result
from mailadmin.storage.vault import location_of
from mailadmin.usecases import configuring, keeping, migrating, verifying
from mailadmin.usecases.turns import MOST

from .letters import EHLO_NAME, RECIPIENT, SENDER, Letter
from .senders import Carry

SERVICES, AT_ONCE = 200, 32
HANG_OF, HANG, DEADLINE = 2_000, 100, 5.0
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
    app = _store([port] * SERVICES)

    def carry(times: int) -> None:
        found = verifying.verify(app, verifying.subjects(app)[:times])
        broken = [verified.broken for verified in found if verified.result is Result.FAILED]
        assert (broken, len(found)) == ([], times), broken[:1]

    return carry


def verify_hanging(_letter: Letter, *ports: int) -> Carry:
    """The same where some hang."""
    app = _store(_ports(ports))

    def carry(times: int) -> None:
        found = verifying.verify(app, verifying.with_deadline(verifying.subjects(app)[:times], DEADLINE))
        broken = [verified for verified in found if verified.result is Result.FAILED]
        assert len(broken) == len([verified for verified in found if verified.late]) == _hanging(times), broken[:1]

    return carry


def _ports(ports: Sequence[int]) -> list[int]:
    """The port of every service: the first, but the others in turn for those that hang."""
    good, *bad = ports
    return [bad[number % len(bad)] if 0 < number <= HANG else good for number in range(HANG_OF)]


def _hanging(times: int) -> int:
    return min(HANG, times - 1)


def _store(ports: Sequence[int]) -> App:
    """A store with a service at each of these ports."""
    folder = Path(tempfile.mkdtemp(prefix="mailadmin-benchmark-"))
    app = mailadmin.connect(folder / "mailadmin.db", environment={}, actor="benchmark")
    keeping.create_key(app)
    codes = {_place(f"C{number:04}"): f"C{number:04}" for number in range(len(ports))}
    with app.store.writing() as connection:
        kept = app.vault(connection, "measure").keep({place: f"a password of {c}" for place, c in codes.items()})
    services = [
        _SERVICE.format(code=code, port=port, password=kept[place])
        for port, (place, code) in zip(ports, codes.items(), strict=True)
    ]
    (folder / "site.toml").write_text("\n".join([*_SITE, *services]))
    plan = configuring.plan_import(app, folder / "site.toml")
    migrating.apply(app, plan, plan.confirmation)
    return app


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


def smtplib_threads_hanging(_letter: Letter, *ports: int) -> Carry:
    """The same where some hang, with as many at once as ours has lively ones."""
    return _patient(ports, AT_ONCE)


def smtplib_many_threads_hanging(_letter: Letter, *ports: int) -> Carry:
    """The same, with as many at once as ours has all in all."""
    return _patient(ports, MOST)


def _patient(ports: Sequence[int], at_once: int) -> Carry:
    context = ssl.create_default_context()
    port_of = _ports(ports)

    def works(number: int) -> bool:
        try:
            _stopped_after_rcpt(port_of[number], context, number, DEADLINE)
        except OSError:
            return False
        return True

    def carry(times: int) -> None:
        with ThreadPoolExecutor(at_once) as pool:
            assert sum(pool.map(works, range(times))) == times - _hanging(times)

    return carry


def _stopped_after_rcpt(port: int, context: ssl.SSLContext, number: int, timeout: float = 60.0) -> None:
    with SMTP("localhost", port, local_hostname=EHLO_NAME, timeout=timeout) as session:
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
