"""The connection `exchangelib` speaks by: one https address, one account, signed in by NTLM or Basic.

Laws: it goes to the address of the profile and nowhere else, by our own session: no redirect, no autodiscover, nothing
from the environment, certificates verified, every request with a deadline; a password is tried once. The library logs
nothing, for it would log messages and passwords, and keeps nothing of the account after the last request.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from exchangelib import Configuration, Credentials
from exchangelib.protocol import FailFast, Protocol
from exchangelib.transport import BASIC, DEFAULT_HEADERS, NTLM
from spnego.exceptions import SpnegoError

from ..domain.profiles import ExchangeServerProfile
from ..errors import EndpointRefused, MailFailed, Outcome, ReplyTooLarge, ServiceRefused
from . import http
from .ews_errors import not_signed_in, refused

for _name in list(logging.root.manager.loggerDict):
    if _name.partition(".")[0] in {"exchangelib", "requests_ntlm", "spnego"}:
        logging.getLogger(_name).addFilter(lambda _record: False)


@contextmanager
def connected(profile: ExchangeServerProfile) -> Iterator[Configuration]:
    """What the library finds the connection by; it is closed at the end. Raises MailFailed."""
    with profile.password.reveal() as password, _Session(profile) as session:
        way = NTLM if _offered(session, profile.endpoint) & {"ntlm", "negotiate"} else BASIC
        if way == BASIC:
            _check_basic(profile.user_name, password)
        config = Configuration(
            credentials=_Credentials(profile.user_name, password),
            service_endpoint=profile.endpoint,
            auth_type=way,
            retry_policy=FailFast(),
            max_connections=1,
        )
        protocol = _Protocol(config=config, session=session)
        try:
            yield config
        except MailFailed as error:
            error.transcript = tuple(session.transcript)
            raise
        finally:
            del _Protocol[config]
            protocol.close()


def _offered(session: requests.Session, url: str) -> frozenset[str]:
    """The ways to sign in the server offers, in lower case, asked without any password. Raises MailFailed."""
    with session.post(url, headers=DEFAULT_HEADERS, data=b"") as answer:
        offered = answer.headers.get("WWW-Authenticate", "")
    words = frozenset(part.split()[0].lower() for part in offered.split(",") if part.split())
    if answer.status_code == 401 and not words & {"ntlm", "negotiate", "basic"}:
        what = "the server offers no way to sign in with user name and password."
        remedy = "Have NTLM or Basic switched on for the server's EWS directory."
        raise ServiceRefused("login", what, outcome=Outcome.FAILED, code=401, remedy=remedy)
    return words


def _check_basic(user_name: str, password: str) -> None:
    """Raise ServiceRefused for what Basic authentication cannot carry (RFC 7617; requests writes ISO 8859-1)."""
    try:
        f"{user_name}{password}".encode("latin-1")
    except UnicodeEncodeError:
        what = "the server offers Basic alone, which does not carry every character of this user name and password."
        remedy = "Have NTLM switched on for the server's EWS directory, or choose another password."
        raise ServiceRefused("login", what, outcome=Outcome.FAILED, remedy=remedy) from None


class _Credentials(Credentials):  # type: ignore[misc] # the library has no types
    """User name and password of one connection: the library shares connections between those that are equal."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return "***"


class _Protocol(Protocol):  # type: ignore[misc] # the library has no types
    """The library's connection, by our session."""

    def __init__(self, config: Configuration, session: _Session) -> None:
        super().__init__(config=config)
        self._ours = session

    @property
    def transcript(self) -> tuple[str, ...]:
        """What was asked so far, and the status of each answer."""
        return tuple(self._ours.transcript)

    def raw_session(self, *_: object, **__: object) -> requests.Session:
        """The one session there is."""
        return self._ours


_OPERATION = re.compile(rb"<s:Body><m:([A-Za-z]+)")


class _Session(requests.Session):
    """A session that goes to one address, ends every request in time, and tells in our words what breaks."""

    def __init__(self, profile: ExchangeServerProfile) -> None:
        super().__init__()
        self._profile = profile
        self.transcript: list[str] = []
        http.guarded(self, profile.ca_file)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere."""

    def post(self, url: str | bytes, data: Any = None, json: Any = None, **named: Any) -> requests.Response:
        """One request, its answer read whole. Raises MailFailed."""
        profile = self._profile
        stage = f"POST {profile.server}"
        if url != profile.endpoint:
            raise EndpointRefused(stage, "a request would have gone elsewhere.", outcome=Outcome.FAILED)
        asked = {**named, "allow_redirects": False, "stream": True, "timeout": http.patience(profile.deadline)}
        with http.one_request(stage, profile.endpoint, profile.deadline):
            try:
                answer = super().post(url, data=data, **asked)
            except (SpnegoError, PermissionError):  # of NTLM, when the server breaks off
                raise not_signed_in(profile.user_name) from None
            body = http.body_of(answer)
        if len(body) > http.LARGEST_BODY:
            what = f"the answer is larger than {http.LARGEST_BODY:,} bytes."
            raise ReplyTooLarge(stage, what, outcome=Outcome.UNKNOWN)
        asked_for = _OPERATION.search(data or b"")
        self.transcript.append(f"{asked_for[1].decode() if asked_for else 'POST'}: {answer.status_code}")
        answer._content, answer._content_consumed = body, True  # type: ignore[attr-defined] # where requests keeps it
        if answer.status_code == 200 or (answer.status_code == 401 and self.auth is None):
            return answer
        if answer.status_code == 500 and body.lstrip().startswith(b"<"):
            return answer  # a SOAP fault
        raise refused(profile, answer.status_code, answer.headers.get("Retry-After", ""))
