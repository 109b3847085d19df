"""Every rung breaks in its own way, says why and what to do, and nothing above it is tried; nothing is ever sent."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from mailadmin.domain.profiles import (
    ExchangeProfile,
    ExchangeServerProfile,
    MailProfile,
    OutlookProfile,
    Secret,
    SmtpProfile,
)
from mailadmin.domain.services import Security, ServiceKind
from mailadmin.domain.settings import Hosts
from mailadmin.errors import KeyNeeded
from mailadmin.providers import entra, ladder
from mailadmin.providers.ladder import EXPIRES_SOON, RUNGS, Result, Rung, climb, server_of
from mailadmin.sandbox.faults import Fault
from mailadmin.sandbox.graph import Graph
from mailadmin.sandbox.listener import Request
from mailadmin.sandbox.server import Sandbox
from tests import certificates
from tests.canaries import canary
from tests.scripted import Act, Scripted, scripted
from tests.unit.sandbox.microsoft import (
    ACCOUNTS,
    CLIENT,
    CONFINED,
    DISABLED,
    EXPIRED,
    ON_PREMISES,
    SECRET,
    SENDS_ONLY,
    SILENT,
    TENANT,
    TENANT_ID,
)

SENDER = "lending@kowhai.example"
PASSED, WARNING, FAILED = Result.PASSED, Result.WARNING, Result.FAILED
NOT_REACHED, NOT_NEEDED = Result.NOT_REACHED, Result.NOT_NEEDED


def results(rungs: tuple[Rung, ...]) -> dict[str, Result]:
    return {rung.name: rung.result for rung in rungs}


def broken(rungs: tuple[Rung, ...], name: str) -> Rung:
    """The rung that broke, which must be this one, with those below it held and those above it not reached."""
    place = [rung.name for rung in rungs].index(name)
    assert all(rung.result in (PASSED, WARNING, NOT_NEEDED) for rung in rungs[:place]), rungs
    assert all(rung.result is NOT_REACHED for rung in rungs[place + 1 :]), rungs
    assert (rungs[place].result, bool(rungs[place].meaning)) == (FAILED, True), rungs
    return rungs[place]


def tried(server: Scripted, password: str | None = None, **account: Any) -> tuple[Rung, ...]:
    """What climbing shows; the server must not have been asked to take a message."""
    rungs = climb(server.account(password, **account), SENDER)
    for heard in server.finished():
        assert [line for line in heard.commands if line.upper().startswith(("DATA", "BDAT"))] == []
        assert heard.messages == []
    return rungs


# --- SMTP


def test_every_rung_of_smtp_holds_and_the_server_is_left_before_there_is_a_message() -> None:
    password = canary()
    with scripted() as server:
        rungs = tried(server, password)
        (heard,) = server.heard
    assert [(rung.name, rung.result) for rung in rungs] == [(name, PASSED) for name in RUNGS[ServiceKind.SMTP]]
    assert heard.commands[-3:] == [f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{SENDER}>", "QUIT"]
    assert password not in repr(rungs)
    assert all(rung.seconds >= 0 for rung in rungs)


def test_without_a_user_signing_in_is_not_needed() -> None:
    with scripted() as server:
        rungs = tried(server)
    assert results(rungs)["login"] is NOT_NEEDED
    assert results(rungs)["recipient"] is PASSED


@pytest.mark.parametrize("name", ["a" * 64 + ".test", "bad..name", "bücher\u202e.test"])
def test_dns_a_name_that_is_none(name: str) -> None:
    rung = broken(climb(_profile(server=name), SENDER), "DNS")
    assert (rung.meaning, rung.remedy) == (f"DNS: there is no host {name}.", "Correct the server's name.")


def test_dns_a_name_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    release = Event()
    monkeypatch.setattr(ladder.socket, "getaddrinfo", lambda *_, **__: release.wait(30) and [])
    rung = broken(climb(_profile(server="slow.test", deadline=0.05), SENDER), "DNS")
    release.set()
    assert (rung.meaning, rung.late) == ("DNS: no answer about slow.test.", True)


def test_what_the_name_took_is_not_there_for_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []

    class Spied(ladder._Watched):
        def __init__(self, server: str, *, ehlo_name: str, deadline: float) -> None:
            given.append(deadline)
            super().__init__(server, ehlo_name=ehlo_name, deadline=deadline)

    def look_up(*_: Any) -> list[str]:
        Event().wait(0.2)
        return ["127.0.0.1"]

    monkeypatch.setattr(ladder, "look_up", look_up)
    monkeypatch.setattr(ladder, "_Watched", Spied)
    with scripted() as server:
        tried(server, deadline=20.0)
    assert given[0] <= 19.8


def test_dns_a_name_server_that_fails_says_nothing_about_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(ladder.socket, "getaddrinfo", fail)
    rung = broken(climb(_profile(server="known.test"), SENDER), "DNS")
    assert (rung.meaning, rung.remedy) == ("DNS: no answer about known.test.", "Check the machine's name server.")


def test_dns_is_asked_for_the_name_that_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(name: str, *_: Any, **__: Any) -> Any:
        asked.append(name)
        raise socket.gaierror

    monkeypatch.setattr(ladder.socket, "getaddrinfo", answer)
    climb(_profile(server="straße.example"), SENDER)
    assert asked == ["xn--strae-oqa.example"]


def test_connect_where_nobody_listens() -> None:
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        rung = broken(climb(_profile(port=kept.getsockname()[1]), SENDER), "connect")
    assert "does not answer" in rung.meaning
    assert "firewall" in rung.remedy


def test_connect_with_a_name_of_this_machine_that_is_none() -> None:
    rung = broken(climb(_profile(ehlo_name="not a name"), SENDER), "connect")
    assert "EHLO name" in rung.meaning


@pytest.mark.parametrize(
    ("script", "words", "code"),
    [
        ({"banner": b"554 5.7.1 go away\r\n"}, "go away", 554),
        ({"banner": b"SSH-2.0-OpenSSH_9\r\n"}, "is no SMTP server", None),
        ({"banner": Act.FIN}, "closed the connection", None),
        ({"banner": Act.HANG}, "did not answer in time", None),
        ({"EHLO": b"421 4.3.2 busy\r\n"}, "closing or too busy", 421),
    ],
)
def test_greeting(script: Any, words: str, code: int | None) -> None:
    with scripted(script) as server:
        rungs = climb(server.account(deadline=1.0), SENDER)
    rung = broken(rungs, "greeting")
    assert words in rung.meaning
    assert rung.code == code
    assert rung.late is (script == {"banner": Act.HANG})


@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "TLS at once"])
@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (certificates.of_another_name, "localhost"),
        (certificates.of_a_stranger, "unable to get local issuer"),
        (certificates.self_signed, "self"),
        (certificates.expired, "expired"),
    ],
)
def test_tls_a_certificate_that_is_not_accepted(certificate: Any, words: str, implicit: bool) -> None:
    with scripted(certificate=certificate(), implicit=implicit) as server:
        rungs = tried(server, canary())
        assert [line for heard in server.heard for line in heard.commands if line.startswith("AUTH")] == []
    rung = next(rung for rung in rungs if rung.result is FAILED)
    assert rung.name == "TLS"
    assert words in rung.meaning
    assert "certificate" in rung.remedy


def test_tls_that_is_required_and_not_offered_is_the_rung_tls() -> None:
    with scripted({"EHLO": b"250 scripted.test\r\n"}) as server:
        rung = broken(tried(server, canary()), "TLS")
    assert "does not offer STARTTLS" in rung.meaning


def _until(day: datetime) -> certificates.Shown:
    leaf = certificates.authority().issue_cert(*certificates.NAMES, not_after=day)
    return certificates.Shown(b"".join(pem.bytes() for pem in leaf.cert_chain_pems), leaf.private_key_pem.bytes())


@pytest.mark.parametrize(("left", "expected"), [(-1, WARNING), (1, PASSED)])
def test_tls_a_certificate_that_expires_soon_is_a_warning_and_the_climb_goes_on(left: int, expected: Result) -> None:
    day = datetime.now(UTC) + EXPIRES_SOON + timedelta(days=left)
    with scripted(certificate=_until(day)) as server:
        rungs = tried(server, canary())
    assert results(rungs) == dict.fromkeys(RUNGS[ServiceKind.SMTP], PASSED) | {"TLS": expected}
    assert f"until {day.date().isoformat()}" in rungs[3].meaning


def test_tls_that_is_not_there_is_a_warning() -> None:
    with scripted() as server:
        rungs = tried(server, canary(), security=Security.NONE)
    assert (rungs[3].result, rungs[3].meaning) == (WARNING, "the connection is not protected")


def test_tls_with_a_pinned_certificate_says_so() -> None:
    shown = certificates.self_signed()
    with scripted(certificate=shown) as server:
        rungs = tried(server, canary(), pinned_certificate=shown.fingerprint)
    assert (rungs[3].result, rungs[3].meaning.partition(", ")[2]) == (PASSED, "the pinned certificate")


@pytest.mark.parametrize("act", [Act.FIN, Act.RST, Act.HANG])
def test_tls_that_was_there_is_told_although_the_connection_was_lost_later(act: Act) -> None:
    with scripted({"AUTH": act}) as server:
        rungs = climb(server.account(canary(), deadline=1.0), SENDER)
    broken(rungs, "login")
    assert (rungs[3].result, "certificate by" in rungs[3].meaning) == (PASSED, True)


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (b"535 5.7.8 no\r\n", 535, "user name or password are wrong"),
        (b"535 5.7.139 SmtpClientAuthentication is disabled\r\n", 535, "SMTP AUTH is switched off"),
        (b"454 4.7.0 later\r\n", 454, "signing in does not work just now"),
    ],
)
def test_login_refused(said: bytes, code: int, words: str) -> None:
    with scripted({"AUTH": said}) as server:
        rung = broken(tried(server, canary()), "login")
    assert rung.code == code
    assert words in rung.meaning
    assert rung.remedy


def test_login_without_a_known_mechanism() -> None:
    with scripted({"EHLO after TLS": b"250-scripted.test\r\n250 AUTH GSSAPI\r\n"}) as server:
        assert "GSSAPI" in broken(tried(server, canary()), "login").meaning


def test_login_with_a_password_that_cannot_be_read() -> None:
    def locked() -> str:
        raise KeyNeeded("The store's key is not here.", remedy="Bring it back.")

    with scripted() as server:
        account = replace(server.account(canary()), password=Secret(locked))
        rung = broken(climb(account, SENDER), "login")
    assert (rung.meaning, rung.remedy) == ("The store's key is not here.", "Bring it back.")


def test_login_over_an_unprotected_connection_is_refused_before_a_byte_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailadmin.providers.smtp.is_loopback", lambda _server: False)
    password = canary()
    with scripted() as server:
        rung = broken(tried(server, password, security=Security.NONE), "login")
        assert b"AUTH" not in bytes(server.heard[0].clear)
    assert "was not sent" in rung.meaning


def test_sender_refused() -> None:
    with scripted({"MAIL": b"550 5.2.252 SendAsDenied\r\n"}) as server:
        rung = broken(tried(server, canary()), "sender")
        assert [line for line in server.heard[0].commands if line.upper().startswith("RCPT")] == []
    assert "may not send as this From" in rung.meaning


def test_recipient_refused() -> None:
    with scripted({"RCPT": b"550 5.1.1 nobody\r\n"}) as server:
        assert broken(tried(server, canary()), "recipient").code == 550


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"server": "Mail.Test", "port": 587}, "mail.test:587"),
        ({"port": 0, "security": Security.SSL_ON_CONNECT}, "localhost:465"),
        ({"port": 0, "security": Security.START_TLS}, "localhost:25"),
    ],
)
def test_an_smtp_server_is_its_name_and_port(parts: dict[str, Any], expected: str) -> None:
    assert server_of(_profile(**parts)) == expected


def test_other_services_begin_at_their_own_server() -> None:
    secret = Secret(canary)
    endpoint = "https://mail.test:8443/EWS/Exchange.asmx"
    on_premises = ExchangeServerProfile(endpoint=endpoint, user_name="u", password=secret, mailbox=ACCOUNTS)
    hosts = Hosts("login.test", "graph.test", ())
    online = ExchangeProfile(tenant_id=TENANT_ID, client_id=CLIENT, client_secret=secret, mailbox=ACCOUNTS, hosts=hosts)
    assert [server_of(p) for p in (on_premises, online, OutlookProfile(own=""))] == [
        "mail.test:8443",
        "login.test",
        "",
    ]


def _profile(**parts: Any) -> SmtpProfile:
    given = {"server": "localhost", "port": 9, "security": Security.NONE, "user_name": None, "password": None}
    return SmtpProfile(**(given | {"deadline": 20.0} | parts))


# --- Exchange


class Spied:
    """A sandbox, and every request that came to its Graph."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.requests: list[tuple[str, str]] = []

    def profile(self, **parts: Any) -> ExchangeProfile:
        sandbox = self.sandbox
        return ExchangeProfile(
            **(
                {
                    "tenant_id": TENANT_ID,
                    "client_id": CLIENT,
                    "client_secret": Secret(lambda: SECRET),
                    "mailbox": ACCOUNTS,
                    "hosts": Hosts(sandbox.login_host, sandbox.graph_host, (sandbox.upload_host,)),
                    "ca_file": str(sandbox.ca_file),
                    "deadline": 20.0,
                }
                | parts
            )
        )


@pytest.fixture
def spied(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spied]:
    entra.forget_tokens()
    with Sandbox(tenants=[TENANT]) as sandbox:
        spy, answer = Spied(sandbox), Graph.answer

        def heard(graph: Graph, request: Request) -> Any:
            spy.requests.append((request.method, "/".join(request.segments)))
            return answer(graph, request)

        monkeypatch.setattr(Graph, "answer", heard)
        yield spy
    # Graph is only read.
    assert {method for method, _ in spy.requests} <= {"GET"}
    assert [path for _, path in spy.requests if path.endswith(("messages", "send", "sendMail"))] == []
    assert len(sandbox.inbox) == 0


def exchange(profile: MailProfile) -> tuple[Rung, ...]:
    rungs = climb(profile, ACCOUNTS)
    assert SECRET not in repr(rungs)
    return rungs


def test_every_rung_of_exchange_holds_and_graph_is_only_read(spied: Spied) -> None:
    rungs = exchange(spied.profile())
    assert [(rung.name, rung.result) for rung in rungs] == [(name, PASSED) for name in RUNGS[ServiceKind.EXCHANGE]]


@pytest.mark.parametrize(
    ("parts", "rung", "words"),
    [
        ({"tenant_id": TENANT_ID.replace("5a1e", "0000")}, "tenant", "there is no such tenant"),
        ({"tenant_id": "no tenant"}, "tenant", "is no tenant id"),
        ({"client_id": "no client"}, "tenant", "is no client id"),
        ({"client_secret": Secret(lambda: "wrong")}, "token", "the client secret is wrong"),
        ({"client_id": EXPIRED}, "token", "the client secret has expired"),
        ({"client_id": DISABLED}, "token", "the application is disabled"),
        ({"client_id": CLIENT.replace("c11e", "0000")}, "token", "knows no application"),
        ({"mailbox": "nobody@kowhai.example"}, "mailbox", "there is no such user"),
        ({"mailbox": ON_PREMISES}, "mailbox", "inactive, unlicensed or on premises"),
        ({"mailbox": "not an address"}, "mailbox", "is not an address"),
        ({"client_id": CONFINED}, "mailbox", "an access policy keeps it from this mailbox"),
    ],
)
def test_exchange_breaks(spied: Spied, parts: dict[str, Any], rung: str, words: str) -> None:
    found = broken(exchange(spied.profile(**parts)), rung)
    assert words in found.meaning
    assert found.remedy


@pytest.mark.parametrize(("client", "missing", "code"), [(SENDS_ONLY, 2, 403), (SILENT, 3, 401)])
def test_missing_roles_are_a_warning_and_the_climb_goes_on(spied: Spied, client: str, missing: int, code: int) -> None:
    rungs = exchange(spied.profile(client_id=client))
    roles = rungs[2]
    assert (roles.result, roles.meaning.count("does not name"), bool(roles.remedy)) == (WARNING, missing, True)
    assert broken(rungs, "mailbox").code == code


def test_a_login_host_that_is_not_there_breaks_the_tenant(spied: Spied) -> None:
    hosts = replace(spied.profile().hosts, login="localhost:9")
    broken(exchange(spied.profile(hosts=hosts)), "tenant")


def test_hosts_of_two_clouds_break_the_tenant(spied: Spied) -> None:
    hosts = replace(spied.profile().hosts, login="login.microsoftonline.com")
    assert "different clouds" in broken(exchange(spied.profile(hosts=hosts)), "tenant").meaning


def test_folders_break_where_they_are_not_let_in(spied: Spied, monkeypatch: pytest.MonkeyPatch) -> None:
    from mailadmin.sandbox import folders, graph
    from mailadmin.sandbox.refusals import GraphRefusal

    def inbox_only(call: Any, name: str) -> Any:
        if name.lower() == "drafts":
            raise GraphRefusal("ErrorFolderNotFound")
        return folders.get(call, name)

    routes = tuple(r._replace(answer=inbox_only) if r.answer is folders.get else r for r in graph.ROUTES)
    monkeypatch.setattr(graph, "ROUTES", routes)
    assert broken(exchange(spied.profile()), "folders").code == 404


def test_graph_that_asks_to_wait_longer_than_the_deadline_is_given_up(spied: Spied) -> None:
    spied.sandbox.faults.switch_on(Fault.THROTTLED, 100)
    rung = broken(exchange(spied.profile(deadline=5.0)), "mailbox")
    assert "asks to wait 100 seconds" in rung.meaning
    assert spied.sandbox.faults.struck(Fault.THROTTLED) == 1


def test_the_sandboxs_fault_of_a_bad_login_breaks_the_token(spied: Spied) -> None:
    spied.sandbox.faults.switch_on(Fault.BAD_LOGIN)
    broken(exchange(spied.profile()), "token")


def test_a_file_of_authorities_that_is_not_there(spied: Spied, tmp_path: Path) -> None:
    rung = broken(exchange(spied.profile(ca_file=str(tmp_path / "none.pem"))), "tenant")
    assert "There is no file of certificate authorities" in rung.meaning
