"""Sixty services of a store at real servers, some of which hang in every way there is: they cost their own deadline."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

import mailadmin
from mailadmin.bootstrap import App
from mailadmin.domain.governed import key_of
from mailadmin.domain.services import Service, ServiceKind
from mailadmin.providers.ladder import Result
from mailadmin.storage.vault import location_of
from mailadmin.usecases import keeping, verifying
from tests.canaries import canary
from tests.scripted import Act, Drip, Script, Scripted, scripted
from tests.sites import configure, rows

SERVICES, EACH, SENDERS, DEADLINE = 60, 3, 6, 2
WAYS: dict[str, tuple[Script, str]] = {
    "never a word": ({"banner": Act.HANG}, "greeting"),
    "a banner, then drop by drop": ({"EHLO": Drip(b"250-" + b"x" * 200, 0.5)}, "greeting"),
    "no handshake": ({"TLS": Act.HANG}, "TLS"),
    "no answer to AUTH": ({"AUTH": Act.HANG}, "login"),
    "no answer after AUTH": ({"MAIL": Act.HANG}, "sender"),
}
"""How servers hang, and the rung where it shows."""


@pytest.fixture
def servers() -> Iterator[dict[str, Scripted]]:
    with ExitStack() as stack:
        yield {way: stack.enter_context(scripted(script)) for way, (script, _) in {**WAYS, "": ({}, "")}.items()}


def _centre(code: str, server: Scripted, password: str, deadline: int) -> Iterator[str]:
    yield from ("[[cost_centres]]", f'code = "{code}"', "[[entities]]", f'code = "{code}"')
    yield from ("[[branches]]", f'code = "{code}"', f'entity = "{code}"', f'cost_centre = "{code}"')
    yield from ("[[services]]", f'cost_centre = "{code}"', 'service = "SMTP"', "use_service = true")
    yield from ('server = "localhost"', f"port = {server.port}", 'security = "StartTls"', f'user_name = "{code}"')
    yield from (f'password = "{password}"', f'sender_email = "{code}@kowhai.example"')
    for name, value in (("smtp.ca_file", server.ca_file), ("smtp.deadline", deadline)):
        yield from ("[[settings]]", f'name = "{name}"', f'cost_centre = "{code}"', f"value = '{value}'")
    yield from _user(code, code)


def _user(code: str, user: str) -> Iterator[str]:
    yield from ("[[users]]", f'user_id = "{user}"', f'name = "{user}"', f'branch = "{code}"')


def _sender(code: str, user: str) -> Iterator[str]:
    yield from _user(code, user)
    yield from ("[[overrides]]", f'cost_centre = "{code}"', 'service = "SMTP"', f'user_id = "{user}"')
    yield f'sender_email = "{user}@kowhai.example"'


@pytest.fixture
def app(tmp_path: Path, servers: dict[str, Scripted]) -> Iterator[App]:
    """Those that hang come first; the last of them has many senders with one login."""
    found = mailadmin.connect(tmp_path / "mailadmin.db", environment={}, actor="tester")
    keeping.create_key(found)
    ways = [way for way in WAYS for _ in range(EACH)]
    codes = {f"C{n:02}": way for n, way in enumerate(ways + [""] * (SERVICES - len(ways)))}
    rows_by_place = {code: Service(cost_centre=code, service=ServiceKind.SMTP) for code in codes}
    places = {code: location_of("services", key_of(row), "password") for code, row in rows_by_place.items()}
    with found.store.writing() as connection:
        kept = found.vault(connection, "test").keep({place: canary() for place in places.values()})
    lines = [
        line
        for code, way in codes.items()
        for line in _centre(code, servers[way], kept[places[code]], DEADLINE if way else 60)
    ]
    shared = f"C{len(ways) - 1:02}"
    lines += [line for n in range(SENDERS) for line in _sender(shared, f"sender{n}")]
    configure(found, tmp_path, rows('[[cost_centres]]\ncode = "GLOBAL"\ndefault_service = "SMTP"', *lines))
    yield found
    found.close()


def test_those_that_hang_cost_their_deadline_and_not_the_sum(app: App, servers: dict[str, Scripted]) -> None:
    wanted = verifying.subjects(app)
    hang = len(WAYS) * EACH + SENDERS
    assert len(wanted) == SERVICES + SENDERS
    began = time.monotonic()
    found = verifying.verify(app, wanted)
    assert time.monotonic() - began < hang * DEADLINE / 3
    assert [verified.subject for verified in found] == wanted
    broken = Counter(verified.broken.name for verified in found if verified.broken)
    expected = Counter(rung for _, rung in WAYS.values() for _ in range(EACH)) + Counter(sender=SENDERS)
    assert broken == expected
    assert len([verified for verified in found if verified.result is Result.PASSED]) == SERVICES - len(WAYS) * EACH
    assert len([verified for verified in found if not verified.tried]) == 1 + SENDERS - verifying.LATE_IN_A_LOGIN
    assert max(rung.seconds for verified in found if verified.late for rung in verified.rungs) < 2 * DEADLINE
    # Whoever was told as tried was, and nobody else: one connection each.
    heard = sum(len(server.heard) for server in servers.values())
    assert heard == len([verified for verified in found if verified.tried])


_RUN = """\
import json, sys
import mailadmin
from mailadmin.usecases import verifying

app = mailadmin.connect(sys.argv[1], environment={}, actor="tester")
wanted = list(verifying.with_deadline(verifying.subjects(app), 600))
verifying.verify(app, wanted, progress=lambda done, of: print(json.dumps([done, of]), flush=True))
"""


def _interrupted(running: subprocess.Popen[str]) -> str:
    """What it says on ending; asked three times, since Python drops an interrupt that meets a finalizer."""
    for _ in range(3):
        running.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return running.communicate(timeout=20)[1]
    raise AssertionError("it goes on")


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_ctrl_c_ends_a_process_at_once_and_what_was_seen_is_kept(app: App, tmp_path: Path) -> None:
    healthy = SERVICES - len(WAYS) * EACH
    command = [sys.executable, "-c", _RUN, str(tmp_path / "mailadmin.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        while json.loads(running.stdout.readline())[0] < healthy:
            pass
        assert "KeyboardInterrupt" in _interrupted(running)
    words = Counter(verifying.standing_of(app, one.account).word for one in verifying.subjects(app) if one.account)
    assert words == {"verified": healthy, "never verified": len(WAYS) * EACH + SENDERS}
