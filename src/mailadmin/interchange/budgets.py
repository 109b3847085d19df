"""How much a file from outside may hold before it is refused, and the only way one is opened.

Laws: only regular files, opened once; what is checked, hashed and parsed are the same bytes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from ..errors import BadInput

MEGABYTE: Final = 1_000_000

TEXT_FILE: Final = 200 * MEGABYTE
DOCUMENT: Final = 2_000 * MEGABYTE
"""A plan or snapshot of ours, which is read a piece at a time: three times what a million users take."""
ARCHIVE: Final = 150 * MEGABYTE
ARCHIVE_UNPACKED: Final = 1_500 * MEGABYTE
ARCHIVE_ENTRIES: Final = 1_000
ARCHIVE_RATIO: Final = 100
COLUMNS: Final = 256
ROWS: Final = 1_100_000
CELL: Final = 32 * 1024
JSON_DEPTH: Final = 20

READER: Final[Mapping[str, int]] = {
    "RLIMIT_AS": 2_000 * MEGABYTE,
    "RLIMIT_CPU": 120,
    "RLIMIT_CORE": 0,
    "RLIMIT_FSIZE": 0,
}
"""What the process that reads a file may use, as `resource` names it; it writes no file, and none when it dies."""

# Without O_NONBLOCK, opening a FIFO waits for somebody to write to it.
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def opened_regular(path: Path, limit: int = TEXT_FILE) -> Iterator[IO[bytes]]:
    """A regular file of at most `limit` bytes, opened.

    Raises BadInput when it is not there, not readable, not a regular file, or too large.
    """
    try:
        file = os.fdopen(os.open(path, _OPEN), "rb")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    with file as opened:
        found = os.fstat(opened.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise BadInput(f"{path.name} is not a regular file.", remedy="Give a plain file.")
        if found.st_size > limit:
            raise _too_large(path, limit)
        try:
            yield opened
        except OSError as error:
            raise _unreadable(path, error) from error


def read_regular(path: Path, limit: int = TEXT_FILE) -> bytes:
    """All bytes of such a file. Raises BadInput in the same way."""
    with opened_regular(path, limit) as opened:
        size = os.fstat(opened.fileno()).st_size
        # One byte more than there should be tells a file that grew. Asked for the limit, Python makes room for it.
        data = opened.read(size + 1)
        if len(data) > size:
            data += opened.read(limit + 1 - len(data))
    if len(data) > limit:
        raise _too_large(path, limit)
    return data


def _unreadable(path: Path, error: OSError | ValueError) -> BadInput:
    reason = getattr(error, "strerror", None) or "not a name of a file"
    return BadInput(f"{path.name} cannot be read: {reason}.")


def _too_large(path: Path, limit: int) -> BadInput:
    return BadInput(f"{path.name} holds more than {limit // MEGABYTE} MB.", remedy="Export less at a time.")
