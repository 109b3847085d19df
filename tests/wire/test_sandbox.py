"""The sandbox over the wire: its SMTP doors, its faults, and what it leaves behind."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from threading import active_count
from urllib.request import urlopen

import pytest

from mailadmin.domain.services import Security
from mailadmin.errors import BadInput
from mailadmin.sandbox.faults import Fault
from mailadmin.sandbox.inbox import INBOX
from mailadmin.sandbox.server import Ports, Sandbox
from mailadmin.sandbox.smtp import DOORS, MOST_BYTES
from tests.canaries import canary, encodings
from tests.unit.sandbox.microsoft import TENANT

PASSWORD = canary()


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox({"mere": PASSWORD}, [TENANT]) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    yield running
    for message in running.inbox:
        running.inbox.remove(message.number)
    for fault in running.faults.on():
        running.faults.switch_off(fault)


def trusting(sandbox: Sandbox) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=sandbox.ca_file)


def connected(sandbox: Sandbox, door: str) -> smtplib.SMTP:
    """A client at a door, TLS and all, not logged in."""
    port = getattr(sandbox.ports, door)
    if door == "tls":
        return smtplib.SMTP_SSL("localhost", port, context=trusting(sandbox), timeout=10)
    client = smtplib.SMTP("localhost", port, timeout=10)
    if door == "starttls":
        client.starttls(context=trusting(sandbox))
    return client


def log_in(client: smtplib.SMTP, password: str = PASSWORD) -> tuple[int, bytes]:
    client.ehlo()
    return client.docmd("AUTH", "PLAIN " + base64.b64encode(f"\0mere\0{password}".encode()).decode())


def letter(*to: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "mere@kowhai.example", ", ".join(to), "Kia ora"
    message.set_content("text\n.\n..\n")
    return message


@pytest.mark.parametrize("door", DOORS)
def test_a_message_comes_in_at_every_door_and_is_kept_as_it_came(sandbox: Sandbox, door: str) -> None:
    with connected(sandbox, door) as client:
        assert log_in(client)[0] == 235
        assert client.send_message(letter("a@x.example", "b@x.example")) == {}
    [received] = sandbox.inbox
    assert (received.account, received.security, received.folder) == ("mere", DOORS[door].security, INBOX)
    assert (received.sender, received.recipients) == ("mere@kowhai.example", ("a@x.example", "b@x.example"))
    assert received.raw.endswith(b"\r\n\r\ntext\r\n.\r\n..\r\n")
    assert {name: door.security for name, door in DOORS.items()} == {
        "starttls": Security.START_TLS,
        "tls": Security.SSL_ON_CONNECT,
        "plain": Security.NONE,
    }


@pytest.mark.parametrize("door", ["starttls", "tls"])
def test_who_has_not_logged_in_sends_nothing_where_a_login_is_asked_for(sandbox: Sandbox, door: str) -> None:
    with connected(sandbox, door) as client:
        client.ehlo()
        assert client.mail("mere@kowhai.example")[0] == 530
        assert log_in(client, PASSWORD[:-1])[0] == 535
        assert client.mail("mere@kowhai.example")[0] == 530
    assert len(sandbox.inbox) == 0


def test_without_login_mail_is_taken_at_the_open_door(sandbox: Sandbox) -> None:
    with connected(sandbox, "plain") as client:
        client.send_message(letter("a@x.example"))
    [received] = sandbox.inbox
    assert (received.account, received.security) == ("", Security.NONE)


def test_before_starttls_nothing_is_taken_and_no_login_offered(sandbox: Sandbox) -> None:
    with smtplib.SMTP("localhost", sandbox.ports.starttls, timeout=10) as client:
        client.ehlo()
        assert ("starttls" in client.esmtp_features, "auth" in client.esmtp_features) == (True, False)
        assert client.docmd("AUTH", "PLAIN")[0] == 530
        assert client.mail("mere@kowhai.example")[0] == 530


def test_what_is_offered(sandbox: Sandbox) -> None:
    with connected(sandbox, "tls") as client:
        client.ehlo()
        offered = client.esmtp_features
    assert {name: offered[name] for name in ("size", "auth", "smtputf8", "8bitmime")} == {
        "size": str(MOST_BYTES),
        "auth": " LOGIN PLAIN",
        "smtputf8": "",
        "8bitmime": "",
    }


def test_login_by_the_other_mechanism(sandbox: Sandbox) -> None:
    with connected(sandbox, "tls") as client:
        client.ehlo()
        assert client.docmd("AUTH", "LOGIN " + base64.b64encode(b"mere").decode())[0] == 334
        assert client.docmd(base64.b64encode(PASSWORD.encode()).decode())[0] == 235


def test_addresses_outside_ascii_and_a_message_that_is_too_large(sandbox: Sandbox) -> None:
    with connected(sandbox, "plain") as client:
        client.send_message(letter("wāhi@x.example"))
        assert client.mail("a@x.example", [f"SIZE={MOST_BYTES + 1}"])[0] == 552
    assert sandbox.inbox.wait_until(bool)[0].recipients == ("wāhi@x.example",)


def test_nobody_else_is_trusted(sandbox: Sandbox) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get local issuer|self-signed"):
        smtplib.SMTP_SSL("localhost", sandbox.ports.tls, context=ssl.create_default_context(), timeout=10)


# --- faults -------------------------------------------------------------------------------------------------------


def test_the_right_password_is_refused(sandbox: Sandbox) -> None:
    sandbox.faults.switch_on(Fault.BAD_LOGIN, times=1)
    with connected(sandbox, "tls") as client:
        assert [log_in(client)[0], log_in(client)[0]] == [535, 235]


def test_sender_refused_and_service_not_available(sandbox: Sandbox) -> None:
    sandbox.faults.switch_on(Fault.REFUSED_SENDER, times=1)
    with connected(sandbox, "plain") as client, pytest.raises(smtplib.SMTPSenderRefused, match="550"):
        client.send_message(letter("a@x.example"))
    sandbox.faults.switch_on(Fault.UNAVAILABLE, times=1)
    with connected(sandbox, "plain") as client, pytest.raises(smtplib.SMTPSenderRefused, match="421"):
        client.send_message(letter("a@x.example"))
    assert len(sandbox.inbox) == 0


def test_the_second_of_three_recipients_is_refused(sandbox: Sandbox) -> None:
    sandbox.faults.switch_on(Fault.REFUSED_RECIPIENT, 2)
    with connected(sandbox, "plain") as client:
        refused = client.send_message(letter("a@x.example", "b@x.example", "c@x.example"))
    assert {address: code for address, (code, _) in refused.items()} == {"b@x.example": 550}
    assert sandbox.inbox.wait_until(bool)[0].recipients == ("a@x.example", "c@x.example")


def test_greylisting_puts_off_each_recipient_once_a_message(sandbox: Sandbox) -> None:
    sandbox.faults.switch_on(Fault.GREYLISTED)
    for codes in ({"a@x.example": 451, "b@x.example": 451}, {}) * 2:
        with connected(sandbox, "plain") as client:
            try:
                refused = client.send_message(letter("a@x.example", "b@x.example"))
            except smtplib.SMTPRecipientsRefused as error:
                refused = error.recipients
        assert {address: code for address, (code, _) in refused.items()} == codes
    assert len(sandbox.inbox) == 2


@pytest.mark.parametrize("door", DOORS)
def test_a_message_is_kept_though_the_reply_is_lost(sandbox: Sandbox, door: str) -> None:
    sandbox.faults.switch_on(Fault.LOST_REPLY, times=1)
    with connected(sandbox, door) as client:
        log_in(client)
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.send_message(letter("a@x.example"))
    assert len(sandbox.inbox.wait_until(bool)) == 1


def test_a_slow_answer_is_waited_for_in_vain(sandbox: Sandbox) -> None:
    sandbox.faults.switch_on(Fault.SLOW, 3600, times=1)
    with smtplib.SMTP("localhost", sandbox.ports.plain, timeout=0.2) as client:
        client.ehlo()
        with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
            client.mail("mere@kowhai.example")


# --- the sandbox itself -------------------------------------------------------------------------------------------


def test_it_ends_whatever_is_going_on_and_leaves_nothing(tmp_path: Path) -> None:
    threads = active_count()
    with Sandbox({"mere": PASSWORD}, [TENANT], folder=tmp_path) as sandbox:
        sandbox.faults.switch_on(Fault.SLOW, 3600)
        ports = sandbox.ports
        open_ends = [socket.create_connection(("127.0.0.1", port), timeout=10) for port in ports]
        client = connected(sandbox, "tls")
        client.ehlo()
        client.putcmd("MAIL", "FROM:<mere@kowhai.example>")
        ca_file = sandbox.ca_file
        assert ca_file.is_file()
        assert active_count() > threads
    assert active_count() == threads
    assert not ca_file.parent.exists()
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=10)
    client.close()
    for end in open_ends:
        end.close()


def test_it_starts_again_at_the_same_ports_with_the_messages_it_had(tmp_path: Path) -> None:
    first = Sandbox(folder=tmp_path)
    with first, connected(first, "plain") as client:
        client.send_message(letter("a@x.example"))
    with first, urlopen(first.page_url, timeout=10) as page:  # noqa: S310
        assert "Kia ora" in page.read().decode()
    with Sandbox(folder=tmp_path, ports=first.ports) as second:
        assert second.ports == first.ports
        assert [message.raw for message in second.inbox] == [message.raw for message in first.inbox]


@pytest.mark.parametrize("name", Ports._fields)
def test_a_port_that_is_taken_is_named_and_nothing_stays_open(name: str) -> None:
    threads = active_count()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match=f"Port {port} of this machine cannot be used"):
            Sandbox(ports=Ports(**{name: port})).__enter__()
    assert active_count() == threads


def test_it_listens_at_one_address_of_this_machine_only(sandbox: Sandbox) -> None:
    for port in sandbox.ports:
        with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
            socket.create_connection(("127.0.0.2", port), timeout=2)


def test_no_file_of_it_tells_a_password(tmp_path: Path) -> None:
    with Sandbox({"mere": PASSWORD}, [TENANT], folder=tmp_path) as sandbox, connected(sandbox, "tls") as client:
        log_in(client)
        client.send_message(letter("a@x.example"))
        files = [*tmp_path.iterdir(), sandbox.ca_file]
        contents = [file.read_bytes() for file in files]
    assert len(files) == 3
    assert [how for how, form in encodings(PASSWORD, "mere").items() if any(form in text for text in contents)] == []


def test_many_clients_at_once_lose_nothing(sandbox: Sandbox) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def send(number: int) -> None:
        with connected(sandbox, ("plain", "tls", "starttls")[number % 3]) as client:
            log_in(client)
            client.send_message(letter(f"r{number}@x.example"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(60)))
    assert sorted(message.recipients[0] for message in sandbox.inbox) == sorted(f"r{n}@x.example" for n in range(60))
