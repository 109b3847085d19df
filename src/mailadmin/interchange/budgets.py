"""How much a file from outside may hold before it is refused, and the only way one is opened.

Laws: only regular files, opened once; what is checked, hashed and parsed are the same bytes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ..errors import BadInput

MEGABYTE: Final = 1_000_000

TEXT_FILE: Final = 200 * MEGABYTE
ARCHIVE: Final = 50 * MEGABYTE
ARCHIVE_UNPACKED: Final = 200 * MEGABYTE
ARCHIVE_ENTRIES: Final = 1_000
ARCHIVE_RATIO: Final = 100
XML_ELEMENTS: Final = 20_000_000
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


def read_regular(path: Path, limit: int = TEXT_FILE) -> bytes:
    """All bytes of a regular file of at most `limit` bytes.

    Raises BadInput when it is not there, not readable, not a regular file, or too large.
    """
    try:
        with os.fdopen(os.open(path, _OPEN), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise BadInput(f"{path.name} is not a regular file.", remedy="Give a plain file.")
            size = os.fstat(opened.fileno()).st_size
            # One byte more than there should be tells a file that grew. Asked for the limit, Python makes room for it.
            data = b"" if size > limit else opened.read(size + 1)
            if len(data) > size:
                data += opened.read(limit + 1 - len(data))
            too_large = len(data) > limit or os.fstat(opened.fileno()).st_size > limit
    except (OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        reason = getattr(error, "strerror", None) or "not a name of a file"
        raise BadInput(f"{path.name} cannot be read: {reason}.") from error
    if too_large:
        raise BadInput(f"{path.name} holds more than {limit // MEGABYTE} MB.", remedy="Export less at a time.")
    return data
