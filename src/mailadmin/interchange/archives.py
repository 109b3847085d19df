"""A ZIP archive that is what it says, within its budgets.

Laws: the directory is judged before anything is unpacked, and nothing is ever unpacked onto a disk. No more comes out
of an entry than the directory states.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from zipfile import BadZipFile, ZipFile, ZipInfo

from ..errors import BadInput
from . import budgets

BROKEN = (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError, OverflowError)
"""What zipfile raises for an archive that is damaged, encrypted or packed in a way it does not know."""


@contextmanager
def archive_of(data: bytes, name: str) -> Iterator[ZipFile]:
    """The archive in `data`, closed afterwards.

    Raises BadInput when it is none, is damaged, or goes over a budget.
    """
    try:
        archive = ZipFile(io.BytesIO(data))
    except BROKEN:
        raise BadInput(f"{name} begins like a ZIP archive and is none; it may be cut off.") from None
    with archive:
        if (what := _too_much(data, archive.infolist())) is not None:
            raise BadInput(f"{name} {what}.", remedy="Save the workbook again, with nothing but the tables in it.")
        yield archive


def _too_much(data: bytes, entries: list[ZipInfo]) -> str | None:
    if len(data) > budgets.ARCHIVE:
        return f"holds more than {budgets.ARCHIVE // budgets.MEGABYTE} MB"
    if len(entries) > budgets.ARCHIVE_ENTRIES:
        return f"has {len(entries)} entries, more than {budgets.ARCHIVE_ENTRIES}"
    if len({entry.filename for entry in entries}) < len(entries):
        return "has two entries of one name"
    if any(".." in entry.filename.split("/") or entry.filename.startswith("/") for entry in entries):
        return "has an entry that points out of the archive"
    if any(entry.flag_bits & 1 for entry in entries):
        return "has entries protected by a password"
    if sum(entry.file_size for entry in entries) > budgets.ARCHIVE_UNPACKED:
        return f"unpacks to more than {budgets.ARCHIVE_UNPACKED // budgets.MEGABYTE} MB"
    if any(_is_bomb(entry) for entry in entries):
        return f"has an entry that unpacks to more than {budgets.ARCHIVE_RATIO} times its size"
    return None


def _is_bomb(entry: ZipInfo) -> bool:
    # Small entries do no harm, and empty rows by the hundred do compress that well.
    return entry.file_size > max(budgets.MEGABYTE, entry.compress_size * budgets.ARCHIVE_RATIO)
