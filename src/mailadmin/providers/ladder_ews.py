"""The rungs of an Exchange server on premises: its name, its port, its certificate, signing in, the mailbox.

Laws: as for every ladder, the very code that sends climbs, and nothing is sent; the password goes where it would go
when sending, and only once the certificate was verified.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ..domain.profiles import ExchangeServerProfile
from ..domain.services import ServiceKind
from ..errors import ConnectionClosed, MailAdminError, StageTimeout
from . import dialling, tls
from .ews import opened
from .ladder import RUNGS, Climb, Result, Rung, certificate_told, look_up

_HTTPS = 443


def climb_ews(profile: ExchangeServerProfile) -> tuple[Rung, ...]:
    """Try an account without sending. Raises nothing of ours."""
    found = Climb(ServiceKind.EXCHANGE_SERVER, profile.deadline)
    names = iter(RUNGS[ServiceKind.EXCHANGE_SERVER])
    name, began = next(names), time.monotonic()
    try:
        for rung in _steps(profile, found):
            found.climbed(name, time.monotonic() - began, rung.meaning, result=rung.result, remedy=rung.remedy)
            name, began = next(names, name), time.monotonic()
    except MailAdminError as error:
        found.broke(name, time.monotonic() - began, error)
    return found.rungs()


def _steps(profile: ExchangeServerProfile, found: Climb) -> Iterator[Rung]:
    """One rung after the other, in the order of the table."""
    host, port = _host_and_port(profile)
    addresses = look_up(host, port, profile.deadline)
    yield _passed(f"{host} is {', '.join(addresses)}")
    with _connected(host, port, found.left) as connection:
        yield _passed(f"the server answers at port {port}")
        connection.settimeout(found.left)
        yield _protected(connection, host, profile)
    with opened(replace(profile, deadline=found.left)) as mailbox:
        yield _passed(f"{mailbox.version}, signed in as {profile.user_name}")
        mailbox.look_at()
        yield _passed(f"{profile.mailbox} is there, with its folders")
    words = f"as {profile.mailbox}, its own address; whether as another, Exchange says only when sending"
    yield Rung("", Result.NOT_NEEDED, meaning=words)


def _passed(words: str) -> Rung:
    return Rung("", Result.PASSED, meaning=words)


def _host_and_port(profile: ExchangeServerProfile) -> tuple[str, int]:
    host, colon, port = profile.server.rpartition(":")
    if colon and port.isdecimal():
        return host.strip("[]"), int(port)
    return profile.server.strip("[]"), _HTTPS


@contextmanager
def _connected(host: str, port: int, deadline: float) -> Iterator[socket.socket]:
    try:
        connection = dialling.connected(host, port, deadline)
    except TimeoutError:
        raise StageTimeout(
            "connect", f"{host} does not answer at port {port}.", remedy="Check port and firewall."
        ) from None
    except OSError as error:
        what = f"{host} takes no connection at port {port} ({error.strerror or error})."
        raise ConnectionClosed("connect", what, remedy="Check the server's name, the port and the firewall.") from error
    with connection:
        yield connection


def _protected(connection: socket.socket, host: str, profile: ExchangeServerProfile) -> Rung:
    context = tls.shared_context(profile.ca_file)
    try:
        with context.wrap_socket(connection, server_hostname=host) as protected:
            return certificate_told(protected.version() or "TLS", protected.getpeercert() or {})
    except ssl.SSLError as error:
        raise tls.explained(error, "TLS", host) from error
    except TimeoutError:
        raise StageTimeout("TLS", f"{host} does not finish the handshake.", remedy="Try again.") from None
    except OSError as error:
        raise ConnectionClosed("TLS", f"{host} closed the connection in the handshake.", remedy="Try again.") from error
