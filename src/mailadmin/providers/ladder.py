"""Whether an account would work, rung by rung, without sending anything.

Laws: a rung is climbed by the very code that sends; the first that breaks ends the climb; a password goes where it
would go when sending, and nowhere else. SMTP stops after RCPT (RFC 5321 3.3), and all of it, the name included, has one
deadline; Graph is only read.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from ..domain.addresses import host
from ..domain.profiles import ExchangeProfile, ExchangeServerProfile, MailProfile, OutlookProfile, SmtpProfile
from ..domain.services import ServiceKind
from ..errors import MailAdminError, MailFailed, StageTimeout, TlsRequired
from . import dialling, entra
from .graph_client import Clock, GraphClient
from .http import Gate, segment
from .smtp import connect, sign_in, way
from .smtp_session import Session


class Result(StrEnum):
    """What came of a rung."""

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    NOT_REACHED = "not reached"
    NOT_NEEDED = "not needed"


class Rung(NamedTuple):
    """One rung: what came of it, in how many seconds, with what code, what it means, and what to do.

    `late` where it broke because nothing came in time, which says more of the server than of the account.
    """

    name: str
    result: Result
    seconds: float = 0.0
    code: int | None = None
    meaning: str = ""
    remedy: str = ""
    late: bool = False


RUNGS: dict[ServiceKind, tuple[str, ...]] = {
    ServiceKind.SMTP: ("DNS", "connect", "greeting", "TLS", "login", "sender", "recipient"),
    ServiceKind.EXCHANGE: ("tenant", "token", "roles", "mailbox", "folders"),
    ServiceKind.EXCHANGE_SERVER: ("DNS", "connect", "TLS", "login", "mailbox", "send as"),
    ServiceKind.OUTLOOK: ("Outlook",),
}
"""TABLE: the rungs of every service, from the ground up."""

OWN_RUNGS = frozenset({"sender", "recipient", "mailbox", "folders", "send as"})
"""The rungs that ask for one From or one mailbox; those below are the same for all that sign in alike."""

_RUNG_OF_STAGE = {
    "connect": "connect",
    "banner": "greeting",
    "EHLO": "greeting",
    "STARTTLS": "TLS",
    "TLS": "TLS",
    "EHLO after TLS": "TLS",
    "AUTH": "login",
    "MAIL FROM": "sender",
    "RCPT TO": "recipient",
}
"""The rung each stage of a session belongs to."""

EXPIRES_SOON = timedelta(days=30)


class Climb:
    """The rungs climbed so far, and how long each took, by one deadline."""

    def __init__(self, service: ServiceKind, deadline: float) -> None:
        self._names = RUNGS[service]
        self._rungs: dict[str, Rung] = {}
        self._until = time.monotonic() + deadline

    @property
    def left(self) -> float:
        """Seconds until the deadline, and never none: whoever asks next is given up at once, in words of its own."""
        return max(self._until - time.monotonic(), 0.001)

    def climbed(self, name: str, seconds: float, meaning: str, **told: Any) -> None:
        """A rung that held."""
        self._rungs[name] = Rung(name, told.pop("result", Result.PASSED), seconds, meaning=meaning, **told)

    def broke(self, name: str, seconds: float, error: MailAdminError) -> None:
        """The rung that broke."""
        code = error.code if isinstance(error, MailFailed) else None
        late = isinstance(error, StageTimeout)
        self._rungs[name] = Rung(name, Result.FAILED, seconds, code, error.what, error.remedy, late)

    def rungs(self) -> tuple[Rung, ...]:
        """Every rung of the service, in order."""
        return tuple(self._rungs.get(name, Rung(name, Result.NOT_REACHED)) for name in self._names)


def climb(profile: MailProfile, sender: str) -> tuple[Rung, ...]:
    """Try an account without sending; `sender` is its From and stands in for the recipient. Raises nothing of ours."""
    match profile:
        case SmtpProfile():
            return _smtp(profile, sender)
        case ExchangeProfile():
            return _exchange(profile)
        case ExchangeServerProfile():
            from .ladder_ews import climb_ews

            return climb_ews(profile)
        case OutlookProfile():
            words = "the person's own mail program sends: nothing of it can be verified from here"
            return (Rung("Outlook", Result.NOT_NEEDED, meaning=words),)


def server_of(profile: MailProfile) -> str:
    """Where the climb begins, as `host:port`; '' where it leads to no server."""
    match profile:
        case SmtpProfile():
            return f"{profile.server.lower()}:{way(profile.security, profile.port).port}"
        case ExchangeProfile():
            return profile.hosts.login
        case ExchangeServerProfile():
            return profile.server
        case OutlookProfile():
            return ""


class _Watched(Session):
    """A session that remembers when it came to each stage, and what TLS was there."""

    def __init__(self, server: str, *, ehlo_name: str, deadline: float) -> None:
        self.moments: list[tuple[str, float]] = []
        self.tls: tuple[str, Any] | None = None
        super().__init__(server, ehlo_name=ehlo_name, deadline=deadline)

    def _protect(self, context: ssl.SSLContext, pinned: str) -> None:
        """As ever; the certificate is noted at once, for a connection that is lost later has none to show."""
        super()._protect(context, pinned)
        self.tls = self._socket.version(), self._socket.getpeercert() or {}

    @property
    def stage(self) -> str:
        """Where the session is."""
        return self.moments[-1][0]

    @stage.setter
    def stage(self, stage: str) -> None:
        self.moments.append((stage, time.monotonic()))

    def seconds(self) -> dict[str, float]:
        """How long each rung took."""
        ends = [moment for _, moment in self.moments[1:]] + [time.monotonic()]
        taken: dict[str, float] = {}
        for (stage, began), ended in zip(self.moments, ends, strict=True):
            if rung := _RUNG_OF_STAGE.get(stage):
                taken[rung] = taken.get(rung, 0.0) + ended - began
        return taken


def _smtp(profile: SmtpProfile, sender: str) -> tuple[Rung, ...]:
    found = Climb(ServiceKind.SMTP, profile.deadline)
    name, began = "DNS", time.monotonic()
    try:
        addresses = look_up(profile.server, way(profile.security, profile.port).port, profile.deadline)
        found.climbed(name, time.monotonic() - began, f"{profile.server} is {', '.join(addresses)}")
        name, began = "connect", time.monotonic()
        session = _Watched(profile.server, ehlo_name=profile.ehlo_name, deadline=found.left)
    except MailAdminError as error:
        found.broke(name, time.monotonic() - began, error)
        return found.rungs()
    try:
        connect(session, profile)
        session.stage = "AUTH"
        sign_in(session, profile)
        _ask(session, sender)
    except MailAdminError as error:
        name = "TLS" if isinstance(error, TlsRequired) else _RUNG_OF_STAGE[session.stage]
        _told(found, session, profile, broken=name)
        found.broke(name, session.seconds().get(name, 0.0), error)
    else:
        _told(found, session, profile, broken="")
    finally:
        session.leave()
    return found.rungs()


def look_up(server: str, port: int, deadline: float) -> list[str]:
    """The addresses of a host, in words. Raises StageTimeout, MailFailed."""
    try:
        found = dialling.addresses(server if server.isascii() else host(server), port, deadline)
    except (OSError, ValueError) as error:
        if isinstance(error, TimeoutError) or getattr(error, "errno", None) == socket.EAI_AGAIN:
            remedy = "Check the machine's name server."
            raise StageTimeout("DNS", f"no answer about {server}.", remedy=remedy) from error
        raise MailFailed("DNS", f"there is no host {server}.", remedy="Correct the server's name.") from error
    return sorted({str(address[0]) for address in found})


def _ask(session: Session, sender: str) -> None:
    """Whether the server takes sender and recipient; nothing follows, so nothing is sent."""
    for stage, verb, argument in (("MAIL FROM", "MAIL", f"FROM:<{sender}>"), ("RCPT TO", "RCPT", f"TO:<{sender}>")):
        session.stage = stage
        code, said = session.docmd(verb, argument)
        if not 200 <= code < 300:
            session.refused(code, said)


def _told(found: Climb, session: _Watched, profile: SmtpProfile, broken: str) -> None:
    """The rungs that held, up to the one that broke."""
    seconds = session.seconds()
    for name, tell in _TOLD.items():
        if name == broken:
            return
        rung = tell(session, profile)
        found.climbed(name, seconds.get(name, 0.0), rung.meaning, result=rung.result, remedy=rung.remedy)


def _passed(words: str) -> Callable[[_Watched, SmtpProfile], Rung]:
    return lambda _session, _profile: Rung("", Result.PASSED, meaning=words)


def _tls_told(session: _Watched, profile: SmtpProfile) -> Rung:
    if session.tls is None:
        remedy = "Choose StartTls or SslOnConnect where the server can."
        return Rung("", Result.WARNING, meaning="the connection is not protected", remedy=remedy)
    return certificate_told(*session.tls)


def certificate_told(version: str, certificate: Any) -> Rung:
    """Which TLS it is, and whose certificate, until when."""
    if "notAfter" not in certificate:
        return Rung("", Result.PASSED, meaning=f"{version}, the pinned certificate")
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    issuer = ", ".join(value for part in _named(certificate.get("issuer")) for name, value in part if "Name" in name)
    words = f"{version}, certificate by {issuer or 'an unnamed authority'} until {until.date().isoformat()}"
    if until - datetime.now(UTC) < EXPIRES_SOON:
        return Rung("", Result.WARNING, meaning=words, remedy="Have the certificate renewed before that day.")
    return Rung("", Result.PASSED, meaning=words)


def _named(name: Any) -> tuple[tuple[tuple[str, str], ...], ...]:
    """A distinguished name as `ssl` gives it."""
    return name or ()


def _login_told(session: _Watched, profile: SmtpProfile) -> Rung:
    if profile.user_name is None:
        return Rung("", Result.NOT_NEEDED, meaning="no authentication")
    return Rung("", Result.PASSED, meaning=f"signed in as {profile.user_name}")


_TOLD: dict[str, Callable[[_Watched, SmtpProfile], Rung]] = {
    "connect": _passed("the server answers"),
    "greeting": _passed("it is an SMTP server"),
    "TLS": _tls_told,
    "login": _login_told,
    "sender": _passed("the From address is taken"),
    "recipient": _passed("a recipient is taken; nothing was sent"),
}


def _exchange(profile: ExchangeProfile) -> tuple[Rung, ...]:
    found = Climb(ServiceKind.EXCHANGE, profile.deadline)
    name, began = "tenant", time.monotonic()
    try:
        for rung in _exchange_steps(profile, found):
            found.climbed(rung.name, time.monotonic() - began, rung.meaning, result=rung.result, remedy=rung.remedy)
            name, began = _after(rung.name), time.monotonic()
    except MailAdminError as error:
        found.broke(name, time.monotonic() - began, error)
    return found.rungs()


def _check_tenant(profile: ExchangeProfile) -> None:
    entra.check_ids(profile.tenant_id, profile.client_id)
    entra.check_cloud(profile)
    gate = Gate(frozenset({profile.hosts.login}), ca_file=profile.ca_file, deadline=profile.deadline)
    try:
        root = f"https://{profile.hosts.login}/{segment(profile.tenant_id)}"
        answer = gate.request("GET", f"{root}/v2.0/.well-known/openid-configuration")
    finally:
        gate.close()
    if not answer.ok:
        unknown = {"error_codes": [90002]} if answer.status in {400, 404} else {}
        raise entra.refusal({**unknown, **answer.json()}, answer.status)


def _after(name: str) -> str:
    names = RUNGS[ServiceKind.EXCHANGE]
    return names[min(names.index(name) + 1, len(names) - 1)]


def _exchange_steps(profile: ExchangeProfile, found: Climb) -> Iterator[Rung]:
    _check_tenant(profile)
    yield Rung("tenant", Result.PASSED, meaning=f"{profile.hosts.login} knows the tenant")
    token = entra.token(profile, renew=True)
    yield Rung("token", Result.PASSED, meaning=f"signed in as application {profile.client_id}")
    if warnings := entra.role_warnings(token):
        remedy = "Have them consented to (Entra, API permissions), unless RBAC for Applications grants them."
        yield Rung("roles", Result.WARNING, meaning="; ".join(warnings), remedy=remedy)
    else:
        yield Rung("roles", Result.PASSED, meaning="the three permissions of the release note are there")
    profile = replace(profile, deadline=found.left)
    with GraphClient(profile, Clock(sleep=_patience(profile.deadline))) as client:
        for name, folder, said in (("mailbox", "Inbox", "is there"), ("folders", "Drafts", "has its folders")):
            answer = client.call("GET", "mailFolders", folder, stage=name, query={"$select": "id"})
            client.expect(answer, name)
            yield Rung(name, Result.PASSED, meaning=f"{profile.mailbox} {said}")


def _patience(seconds: float) -> Callable[[float], None]:
    """A way to wait that gives up where waiting, all in all, would take longer than that."""
    until = time.monotonic() + seconds

    def wait(wanted: float) -> None:
        if time.monotonic() + wanted > until:
            what = f"Microsoft Graph asks to wait {wanted:,.0f} seconds."
            raise StageTimeout("Graph", what, remedy="Try again later.")
        time.sleep(wanted)

    return wait
