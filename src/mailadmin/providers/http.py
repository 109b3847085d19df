"""The one HTTP client: only the hosts of the chosen cloud, only https, no redirects, one deadline, a size cap.

Laws: nothing in the environment (proxy, .netrc, certificate bundle) changes where a request goes or what it carries;
the token goes to the Graph host and nowhere else; an answer is data, never trusted to be small or shallow.
"""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import DecodeError, HTTPError

from ..errors import (
    BadInput,
    CertificateInvalid,
    ConnectionClosed,
    EndpointRefused,
    MailFailed,
    Outcome,
    ProtocolViolation,
    ReplyTooLarge,
    StageTimeout,
    TlsFailed,
)
from . import tls

LARGEST_BODY = 16 * 1024 * 1024
"""Bytes of an answer after decompression."""

_DEEPEST = 32
_CONNECT = 10.0
"""Seconds for one address of a host: some have eight."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the request was carried out (2xx)."""
        return 200 <= self.status < 300

    @property
    def settled(self) -> bool:
        """Whether it tells what became of the request; an error of the server, or of who stands between, does not."""
        return 200 <= self.status < 500 and self.status != 408

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; an empty one where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) and not _deeper_than(found, _DEEPEST) else {}


def _deeper_than(value: Any, most: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return most < 0 or any(_deeper_than(item, most - 1) for item in inner)


@dataclass
class _Attempt:
    """A request under way: when it must end, and whether any of it has left."""

    until: float
    begun: bool = False


_ATTEMPT: ContextVar[_Attempt | None] = ContextVar("_ATTEMPT", default=None)


def _between_requests(_record: logging.LogRecord) -> bool:
    return _ATTEMPT.get() is None


# urllib3 writes addresses into its log, and the address of an upload is its authorisation.
for _name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_between_requests)


class _DeadlineSocket(ssl.SSLSocket):
    """A TLS socket whose every step ends at the request's deadline, however the other side drips."""

    def _hurry(self) -> None:
        if attempt := _ATTEMPT.get():
            if (remaining := attempt.until - time.monotonic()) <= 0:
                raise TimeoutError("the deadline is over")
            self.settimeout(remaining)

    def do_handshake(self, block: bool = False) -> None:
        self._hurry()
        super().do_handshake(block)

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        self._hurry()
        return super().recv_into(*arguments, **named)

    def sendall(self, *arguments: Any, **named: Any) -> None:
        self._hurry()
        if attempt := _ATTEMPT.get():
            attempt.begun = True
        return super().sendall(*arguments, **named)


class _Adapter(HTTPAdapter):
    """The adapter that uses our context, whatever the environment says of certificates."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named, ssl_context=self._context)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the context as it is: it verifies."""

    def close(self) -> None:
        """Close every connection now; urllib3 waits until nobody, and no traceback, knows of the pool."""
        for key in self.poolmanager.pools.keys():  # noqa: SIM118 - it is not iterable
            self.poolmanager.pools[key].close()
        super().close()


class _Session(requests.Session):
    """A session that leaves redirects alone: requests reads the body of one whole, even where it does not follow."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere."""


def guarded(session: requests.Session, ca_file: str) -> requests.Session:
    """The session, trusting these authorities and obeying nothing in the environment. Raises BadInput."""
    context = tls.context_for(ca_file)
    context.sslsocket_class = _DeadlineSocket
    session.trust_env = False
    session.mount("https://", _Adapter(context))
    return session


def patience(deadline: float) -> tuple[float, float]:
    """How long to wait for a connection, and for each piece of an answer."""
    return min(_CONNECT, deadline), deadline


@contextmanager
def one_request(stage: str, url: str, deadline: float) -> Iterator[None]:
    """Around one request and the reading of its answer: it ends at its deadline. Raises MailFailed for what breaks."""
    attempt = _Attempt(time.monotonic() + deadline)
    current = _ATTEMPT.set(attempt)
    try:
        yield
    except MailFailed:
        raise
    except (requests.RequestException, HTTPError, OSError) as error:
        # Not `from error`: its text repeats the address, and an upload's address is its authorisation.
        raise _failure(error, stage, url, Outcome.UNKNOWN if attempt.begun else Outcome.RETRY) from None
    finally:
        _ATTEMPT.reset(current)


class Gate:
    """A connection to a few hosts (`host` or `host:port`). Each request has `deadline` seconds."""

    def __init__(self, hosts: frozenset[str], *, ca_file: str = "", deadline: float = 60.0) -> None:
        self._hosts = hosts
        self._deadline = deadline
        self._session = guarded(_Session(), ca_file)

    def close(self) -> None:
        """Close every connection."""
        self._session.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, one answer. Raises EndpointRefused before any traffic, MailFailed for everything else."""
        self._check(url)
        stage = f"{method} {urlsplit(url).hostname}"
        with (
            one_request(stage, url, self._deadline),
            self._session.request(
                method,
                url,
                params=query,
                headers={"Accept-Encoding": "identity", **(headers or {})},
                data=body,
                timeout=patience(self._deadline),
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            found = Answer(response.status_code, response.headers, body_of(response))
        if len(found.body) > LARGEST_BODY:
            raise ReplyTooLarge(stage, f"the answer is larger than {LARGEST_BODY:,} bytes.", outcome=Outcome.UNKNOWN)
        if 300 <= found.status < 400:
            raise EndpointRefused(
                stage,
                f"{urlsplit(url).netloc} wanted to send the request elsewhere ({found.status}).",
                outcome=Outcome.FAILED,
                code=found.status,
                remedy="Check the cloud chosen for this Cost Centre.",
            )
        return found

    def _check(self, url: str) -> None:
        if host_of(url) not in self._hosts:
            raise EndpointRefused(
                "address",
                f"{host_of(url) or 'nowhere'} is not a host of the chosen cloud.",
                outcome=Outcome.FAILED,
                remedy="Check exchange.cloud, exchange.login_host and exchange.graph_host.",
            )


def host_of(url: str) -> str:
    """`host` or `host:port` of an https address without a user; '' for one that others could read differently."""
    if not all("!" <= c <= "~" for c in url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return "" if parts.scheme != "https" or "@" in parts.netloc else parts.netloc.lower()


def body_of(response: requests.Response) -> bytes:
    """The body, or so much of it that it is too large."""
    found = bytearray()
    # Not iter_content: it believes a chunk that says it is of -1 bytes, and reads on without end.
    while len(found) <= LARGEST_BODY and (piece := response.raw.read1(64 * 1024, decode_content=True)):
        found += piece
    return bytes(found)


def segment(text: str) -> str:
    """One segment of a path. Raises BadInput for one that would be another path."""
    if text in {"", ".", ".."} or any(ord(c) < 33 or ord(c) == 127 for c in text):
        raise BadInput(f"{text!r} cannot be part of an address.")
    return quote(text, safe="")


def _failure(error: BaseException, stage: str, url: str, outcome: Outcome) -> MailFailed:
    host, found = urlsplit(url).netloc, tuple(causes(error))
    refused = next((cause for cause in found if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if refused is not None:
        return CertificateInvalid(
            stage,
            f"the certificate of {host} is not accepted: {refused.verify_message.rstrip('.')}.",
            outcome=outcome,
            remedy="Behind an inspecting proxy, set the file of its authority: exchange.ca_file.",
        )
    if any(isinstance(cause, TimeoutError | requests.Timeout) for cause in found):
        return StageTimeout(stage, f"{host} did not answer in time.", outcome=outcome, remedy="Try again.")
    if any(isinstance(cause, DecodeError | HTTPException) and not _is_end(cause) for cause in found):
        return ProtocolViolation(stage, f"{host} gave an answer that is not HTTP.", outcome=outcome)
    in_handshake = outcome is Outcome.RETRY and any(isinstance(cause, ssl.SSLError) for cause in found)
    return (TlsFailed if in_handshake else ConnectionClosed)(
        stage,
        f"no answer from {host} ({type(error).__name__}).",
        outcome=outcome,
        remedy="Check the network and that this machine may reach the host (firewall, proxy).",
    )


def _is_end(cause: BaseException) -> bool:
    return isinstance(cause, IncompleteRead | RemoteDisconnected)


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all it came from, wherever the libraries keep it."""
    waiting, seen = [error], set[int]()
    while waiting:
        found = waiting.pop()
        if id(found) not in seen:
            seen.add(id(found))
            yield found
            related = (found.__cause__, found.__context__, getattr(found, "reason", None), *found.args)
            waiting += [other for other in related if isinstance(other, BaseException)]
