"""Files from outside are parsed in a process of their own, under limits: whatever is in them, this one is unharmed.

Laws: the child is a new interpreter and never a fork, because this process may have threads. It hears on its standard
input what to read, or its very bytes, and answers in JSON. It gets no environment but what an interpreter needs: in
ours may be a key.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import IO, Any, cast

from ..errors import BadInput
from . import budgets
from .carriers import Carrier, Place, RawRow, RawTable, Runs, Unusable
from .findings import Findings
from .reader import OUT_OF_MEMORY, Order

_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from mailadmin.interchange.reader import main; main()"
_PACKAGES = str(Path(__file__).parents[2])
_ENVIRONMENT = ("LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "SYSTEMROOT")
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


@contextmanager
def confined(
    files: Sequence[Path], findings: Findings, *, folder: bool, given: Sequence[bytes] = ()
) -> Iterator[Carrier]:
    """The carrier in `files`, one file or the CSV files of a folder. Its process ends when the carrier is left.

    `given` are the bytes of files that lie nowhere, such as those somebody uploaded.
    Reading its tables raises BadInput when it is no legacy export, or when its process goes over a limit.
    """
    sizes = list(map(len, given))
    order = Order(files=[str(file) for file in files], sizes=sizes, folder=folder, limits=budgets.READER)
    with lines_of_a_reader(order, given) as lines:
        heard = _Heard(files[0].name, lines, findings)
        yield Carrier(heard.tables(), lambda: heard.digest)


class Died(Exception):
    """A reader ended before its time: why, to be said of the file it was reading."""


@contextmanager
def lines_of_a_reader(order: Order, given: Sequence[bytes] = ()) -> Iterator[Iterable[bytes]]:
    """What a reader in a process of its own says. Raises Died at the end of the lines if they are not all."""
    try:
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-c", _PROGRAM, _PACKAGES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            creationflags=_NO_WINDOW,
        )
    except OSError as error:
        raise BadInput(f"No process can be started to read in: {error.strerror}.") from error
    with child:
        try:
            yield _lines(child, order, given)
        finally:
            child.kill()


def _lines(child: subprocess.Popen[bytes], order: Order, given: Sequence[bytes]) -> Iterator[bytes]:
    hears, says = cast("IO[bytes]", child.stdin), cast("IO[bytes]", child.stdout)
    with suppress(OSError), hears:  # of a child that is dead already, its exit code tells more
        hears.write(json.dumps(order).encode() + b"\n")
        for data in given:
            hears.write(data)
    yield from says
    if code := child.wait():
        raise Died(_cause(code, order["limits"]))


def _cause(code: int, limits: Mapping[str, int]) -> str:
    if code == OUT_OF_MEMORY:
        return f"needs more than {limits['RLIMIT_AS'] // budgets.MEGABYTE} MB of memory to read"
    if code == -getattr(signal, "SIGXCPU", 0):
        return f"needs more than {limits['RLIMIT_CPU']} seconds of processing to read"
    ended = f"exit code {code}" if code > 0 else signal.Signals(-code).name
    return f"cannot be read: its reader ended with {ended}"


class _Heard:
    """What a reader said: its findings become ours, its tables are yielded."""

    def __init__(self, first: str, lines: Iterable[bytes], findings: Findings) -> None:
        self.digest = ""
        self._file = first
        self._table: RawTable | None = None
        self._items = self._said(lines)
        self._findings = findings

    def tables(self) -> Iterator[RawTable]:
        """Every table; rows that nobody asked for are passed over."""
        deque(self._runs(), maxlen=0)
        while table := self._table:
            self._table = None
            yield table
            deque(table.rows, maxlen=0)

    def _runs(self) -> Iterator[list[RawRow]]:
        """The rows up to the next table, or to the end."""
        for item in self._items:
            if type(item[0]) is list:
                yield item
            elif item[0] == "table":
                self._table = self._raw_table(*item[1:])
                return
            else:
                self._take(*item)

    def _raw_table(self, name: str, where: str, header: list[object] | None, *place: str) -> RawTable:
        return RawTable(name, where, header, Runs(self._runs()), Place(*place))

    def _take(self, word: str, *about: str) -> None:
        if word == "problem":
            self._findings.problem(*about)
        elif word == "note":
            self._findings.note(*about)
        elif word == "reading":
            (self._file,) = about
        elif word == "digest":
            (self.digest,) = about
        else:
            raise BadInput(about[0], remedy=about[1])

    def _said(self, lines: Iterable[bytes]) -> Iterator[Any]:
        """What was said, item by item; rows that follow one another are one, a list of them."""
        try:
            for line in lines:
                items = json.loads(line, object_hook=lambda found: Unusable(**found))
                for are_rows, some in groupby(items, key=lambda item: type(item[0]) is int):
                    if are_rows:
                        yield list(some)
                    else:
                        yield from some
        except Died as died:
            raise BadInput(f"{self._file} {died}.", remedy="Export less at a time; nothing was taken.") from None
