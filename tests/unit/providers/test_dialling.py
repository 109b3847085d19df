"""However many addresses a server has, and whoever keeps silent: one deadline, and each address its share."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from mailadmin.providers import dialling

FIRST, SECOND, THIRD = ("192.0.2.1", 25), ("192.0.2.2", 25), ("2001:db8::3", 25, 0, 0)


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[Any, float]]]:
    """Every address dialled, with its seconds; only the last takes a connection."""
    asked: list[tuple[Any, float]] = []
    with socket.socket() as taken:

        def dial(found: Any, timeout: float) -> socket.socket:
            address = found[4][:2]
            asked.append((address, timeout))
            if address != THIRD[:2]:
                raise TimeoutError
            return taken

        monkeypatch.setattr(dialling, "_dialled", dial)
        yield asked


def known(monkeypatch: pytest.MonkeyPatch, *addresses: Any) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
    monkeypatch.setattr(dialling.socket, "getaddrinfo", lambda *_, **__: found)


def test_addresses_are_in_the_systems_order_and_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, THIRD, FIRST, THIRD, SECOND)
    assert dialling.addresses("mail.test", 25, 1.0) == [THIRD, FIRST, SECOND]


def test_a_resolver_that_keeps_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    release = Event()
    monkeypatch.setattr(dialling.socket, "getaddrinfo", lambda *_, **__: release.wait(30) and [])
    with pytest.raises(TimeoutError, match=r"no answer about mail\.test"):
        dialling.connected("mail.test", 25, 0.05)
    release.set()


def test_what_the_resolver_says_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(dialling.socket, "getaddrinfo", fail)
    with pytest.raises(socket.gaierror, match="no such name"):
        dialling.connected("mail.test", 25, 1.0)


def test_an_address_that_swallows_everything_leaves_the_others_their_share(
    monkeypatch: pytest.MonkeyPatch, dialled: list[tuple[Any, float]]
) -> None:
    known(monkeypatch, FIRST, SECOND, THIRD)
    dialling.connected("mail.test", 25, 60.0)
    assert [address for address, _ in dialled] == [FIRST, SECOND, THIRD[:2]]
    # Nobody waited here: a third of all, a half of the rest, the rest.
    assert [round(seconds / 10) for _, seconds in dialled] == [2, 3, 6]


def test_where_none_answers_the_last_failure_is_raised(
    monkeypatch: pytest.MonkeyPatch, dialled: list[tuple[Any, float]]
) -> None:
    known(monkeypatch, FIRST, SECOND)
    with pytest.raises(TimeoutError):
        dialling.connected("mail.test", 25, 60.0)
    assert len(dialled) == 2


def test_a_host_without_addresses_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch)
    with pytest.raises(socket.gaierror):
        dialling.connected("mail.test", 25, 1.0)


def test_a_server_is_connected_to() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        dialling.connected("localhost", listening.getsockname()[1], 30.0) as connection,
    ):
        assert connection.getpeername() == listening.getsockname()
