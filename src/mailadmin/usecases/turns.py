"""Whose turn it is when many accounts are tried at once: by login, by server, and not all places for those that hang.

Laws: accounts of one login go one after the other; whoever hangs keeps its connection and gives its place to another;
servers take turns; one that never answered is asked no more often than it has places: then it is given up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush

AT_ONCE = 32
"""Accounts tried at the same time, at one server too: fewer than the 50 connections Postfix lets a client have."""

MOST = 128
"""The same with all that hang, each of which costs a thread and a connection and no more."""


@dataclass(eq=False)
class _Server:
    """Who waits for a server, and what is known of it."""

    number: int
    waiting: deque[Lane] = field(default_factory=deque)
    asked: int = 0
    under_way: int = 0
    answered: bool = False
    in_line: bool = False


@dataclass(eq=False)
class Lane:
    """The accounts of one login, by number: those still to go, how often nothing came in time, whether one hangs."""

    accounts: deque[int]
    server: _Server
    late: int = 0
    hangs: bool = False

    def leave(self) -> list[int]:
        """Those still to go, who need not any more."""
        left = list(self.accounts)
        self.accounts.clear()
        return left


class Turns:
    """Who may go, out of accounts by number: `logins` has those of each login, with the server they go to."""

    def __init__(self, logins: Iterable[tuple[str, Iterable[int]]], at_once: int = AT_ONCE, most: int = MOST) -> None:
        self._at_once, self._most = at_once, most
        self._lively = self._under_way = 0
        self._line: list[tuple[int, int, _Server]] = []
        servers: dict[str, _Server] = {}
        for name, accounts in logins:
            server = servers.setdefault(name, _Server(len(servers)))
            server.waiting.append(Lane(deque(accounts), server))
        for server in servers.values():
            self._stand_in_line(server)

    def take(self) -> tuple[Lane, int] | None:
        """The next account that may go, with its lane, or None where everybody has to wait."""
        if not self._line or self._lively == self._at_once or self._under_way == self._most:
            return None
        _, _, server = heappop(self._line)
        server.in_line = False
        lane = server.waiting.popleft()
        lane.hangs = False
        server.asked += 1
        server.under_way += 1
        self._under_way += 1
        self._lively += 1
        self._stand_in_line(server)
        return lane, lane.accounts.popleft()

    def hangs(self, lane: Lane) -> None:
        """An account of a lane is under way for long: another may go meanwhile."""
        lane.hangs = True
        self._lively -= 1

    def came(self, lane: Lane, *, late: bool) -> list[int]:
        """An account of a lane is through; returns those who need not go any more, their server being given up."""
        server = lane.server
        server.under_way -= 1
        self._under_way -= 1
        self._lively -= not lane.hangs
        lane.late += late
        server.answered |= not late
        if lane.accounts:
            server.waiting.appendleft(lane)
        self._stand_in_line(server)
        if server.in_line or server.under_way:
            return []
        left = [account for waiting in server.waiting for account in waiting.leave()]
        server.waiting.clear()
        return left

    def _stand_in_line(self, server: _Server) -> None:
        """Where it may have one more: behind those that were asked less often."""
        hopeful = server.answered or server.asked < self._at_once
        if server.waiting and hopeful and server.under_way < self._at_once and not server.in_line:
            server.in_line = True
            heappush(self._line, (server.asked, server.number, server))
