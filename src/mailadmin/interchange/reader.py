"""The reader of files from outside: a program of its own, which parses them under limits and says what they hold.

Laws: its standard input says what to read; its standard output is lines of JSON, each a list of items in their order.
It imports nothing that checks or keeps what it reads, so that it starts quickly and has nothing to lose.

Items: `[number, cells]` is a row of the last table; the others begin with a word: `reading` a file, `table`, `problem`,
`note`, `refused` for the whole source, `digest` at the end.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypedDict

from ..errors import BadInput
from . import budgets
from .carriers import RawTable, tables_in_file
from .findings import Findings

OUT_OF_MEMORY: Final = 12
"""The exit code of a reader that needs more memory than it may use."""

_ITEMS = 500


class Order(TypedDict):
    """What to read: one file, or the CSV files of a folder; and the limits, by their names in `resource`.

    `sizes` are those of the files where their bytes follow the order, so that they need not lie anywhere.
    """

    files: list[str]
    sizes: list[int]
    folder: bool
    limits: Mapping[str, int]


def main() -> None:
    """Carry out the order on the standard input."""
    order: Order = json.loads(sys.stdin.buffer.readline())
    _limit(order["limits"])
    try:
        read(order, _write, [sys.stdin.buffer.read(size) for size in order["sizes"]])
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)


def _write(line: bytes) -> None:
    # Line by line: what is still here when the process dies, nobody hears.
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _limit(limits: Mapping[str, int]) -> None:
    try:
        import resource
    except ImportError:  # Windows knows no such limits
        return
    for name, most in limits.items():
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some; the others hold
            # One more as the hard limit: time then ends by SIGXCPU and not by SIGKILL, which has other causes.
            resource.setrlimit(getattr(resource, name), (most, most + 1))


def read(order: Order, write: Callable[[bytes], object], given: Sequence[bytes] = ()) -> None:
    """Write what the files hold, line by line; `given` are their bytes where they lie nowhere."""
    speech = _Speech(write)
    findings = _Told(speech)
    digest = sha256()
    try:
        for table in _tables(order, given, findings, digest, speech):
            speech.say(("table", table.name, table.where, table.header, *table.place))
            # A header that is too wide is refused by itself; its rows may be a million times as wide.
            for row in table.rows if len(table.header or ()) <= budgets.COLUMNS else ():
                speech.say(row)
        speech.say(("digest", digest.hexdigest()))
    except BadInput as error:
        speech.say(("refused", error.what, error.remedy))
    speech.flush()


def _tables(
    order: Order, given: Sequence[bytes], findings: Findings, digest: Any, speech: _Speech
) -> Iterator[RawTable]:
    for number, path in enumerate(map(Path, order["files"])):
        speech.say(("reading", path.name))
        speech.flush()
        if not order["folder"]:
            data = given[number] if given else budgets.read_regular(path)
            digest.update(data)
            yield from tables_in_file(data, path, findings)
            continue
        from .csv_tables import table_in_file

        try:
            data = given[number] if given else budgets.read_regular(path)
            digest.update(f"{sha256(data).hexdigest()}  {path.name}\n".encode())
            yield table_in_file(data, path, findings)
        except BadInput as error:
            findings.problem(path.name, error.what, error.remedy)


class _Speech:
    """Items on their way out, some hundreds a line."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._items: list[object] = []

    def say(self, item: object) -> None:
        self._items.append(item)
        if len(self._items) == _ITEMS:
            self.flush()

    def flush(self) -> None:
        if self._items:
            self._write(_ENCODE(self._items).encode() + b"\n")
            self._items.clear()


class _Told(Findings):
    """Findings that are told at once, where they stand among the rows."""

    def __init__(self, speech: _Speech) -> None:
        super().__init__()
        self._speech = speech

    def problem(self, where: str, what: str, remedy: str = "") -> None:
        self._speech.say(("problem", where, what, remedy))

    def note(self, where: str, what: str, example: str = "") -> None:
        self._speech.say(("note", where, what, example))


_ENCODE = json.JSONEncoder(default=vars, check_circular=False, separators=(",", ":")).encode
"""An Unusable cell is an object, the only one: see `Unusable(**…)` on the other side."""
