"""A server found and connected to within one deadline, however many addresses it has and whoever keeps silent.

Law: every address gets its share of the time that is left, so that one that swallows everything hides no other.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

_SHORTEST = 0.001
"""Seconds an address gets even where none are left: 0 would mean *without waiting at all*."""


def addresses(name: str, port: int, deadline: float) -> list[tuple[Any, ...]]:
    """The addresses of a host, as the system prefers them. Raises OSError, TimeoutError, ValueError."""
    return list(dict.fromkeys(address for *_, address in _looked_up(name, port, deadline)))


def _looked_up(name: str, port: int, deadline: float) -> list[tuple[Any, ...]]:
    """What there is to connect to. The system's resolver has no deadline of its own, so it is asked in a thread."""
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM))
        except (OSError, ValueError) as error:
            answer.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(deadline)
    if not answer:
        raise TimeoutError(f"no answer about {name}")
    if isinstance(answer[0], Exception):
        raise answer[0]
    return list(dict.fromkeys(answer[0]))


def connected(name: str, port: int, deadline: float) -> socket.socket:
    """A connection to the first address that takes one. Raises OSError, TimeoutError, ValueError."""
    until = time.monotonic() + deadline
    found = _looked_up(name, port, deadline)
    failure: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
    for place, one in enumerate(found):
        share = (until - time.monotonic()) / (len(found) - place)
        try:
            return _dialled(one, max(share, _SHORTEST))
        except OSError as error:
            failure = error
    raise failure


def _dialled(found: tuple[Any, ...], seconds: float) -> socket.socket:
    """By the family that was looked up: `create_connection` would look every address up once more."""
    family, kind, protocol, _, address = found
    connection = socket.socket(family, kind, protocol)
    try:
        connection.settimeout(seconds)
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection
