"""Documents of ours out to a file and back: written whole or not at all, for the owner alone."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from ..errors import BadInput
from .budgets import DOCUMENT, opened_regular, read_regular


def read_json(file: Path) -> Any:
    """The JSON document in a file. Raises BadInput where there is none."""
    content = read_regular(file)
    try:
        return json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file} is not a JSON document.", remedy="Is it the file mailadmin wrote?") from error


def read_text(file: Path) -> Iterator[str]:
    """The text of a document of ours, a piece at a time. Raises BadInput, and UnicodeDecodeError where it is none."""
    with opened_regular(file, DOCUMENT) as opened, io.TextIOWrapper(opened, encoding="utf-8", newline="") as text:
        while piece := text.read(_PIECE):
            yield piece


_PIECE = 1 << 20


def write_pieces(file: Path, pieces: Iterable[bytes]) -> None:
    """Write a document of ours so that the file has its whole content or was not touched; mode 0600."""
    with writing_privately(file) as opened:
        opened.writelines(pieces)


def write_privately(file: Path, text: str) -> None:
    """Write text so that the file has its whole content or was not touched; mode 0600. Refuses to follow a link."""
    write_bytes_privately(file, text.encode())


def write_bytes_privately(file: Path, content: bytes) -> None:
    """Write bytes in the same way."""
    with writing_privately(file) as opened:
        opened.write(content)


@contextlib.contextmanager
def writing_privately(file: Path) -> Iterator[IO[bytes]]:
    """What is written here becomes the file in the same way, when all of it is written."""
    if file.is_symlink():
        raise BadInput(f"{file} is a link; it is not followed.", remedy="Name the file itself.")
    if file.exists() and not file.is_file():  # a rename makes a file even of /dev/null, where root says so
        raise BadInput(f"{file} is not a file.", remedy="Name a file; it may be a new one.")
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        with os.fdopen(handle, "wb") as opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        Path(temporary).replace(file)
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror}.", remedy="Nothing was left behind.") from error
    finally:
        with contextlib.suppress(OSError):
            Path(temporary).unlink(missing_ok=True)
