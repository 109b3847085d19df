"""Files somebody uploaded: bytes by name, which lie nowhere on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..domain.keys import unprintable, visible
from ..errors import BadInput
from . import budgets
from .findings import Findings
from .folders import tables_among

Uploads = Mapping[str, bytes]
"""The bytes of uploaded files by their names."""

_TOGETHER = "uploaded files"
_TABLES = frozenset({".csv", ".tsv", ".txt"})
_REMEDY = "Give CSV files, one for each table; or one XLSX workbook; or one JSON file."


def name_of(uploads: Uploads) -> str:
    """What the files are called together."""
    return next(iter(uploads)) if len(uploads) == 1 else _TOGETHER


def is_table(name: str) -> bool:
    """Whether a file is one table, and does not hold all of them."""
    return Path(name).suffix.lower() in _TABLES


def files_among(uploads: Uploads, findings: Findings) -> tuple[list[Path], bool]:
    """The files to be read, by their names alone, and whether they are the CSV files of a folder.

    Raises BadInput where they are neither that nor one file that holds everything.
    """
    if not uploads:
        raise BadInput("There is no file yet.", remedy=_REMEDY)
    for name, content in uploads.items():
        _check(name, content)
    if all(map(is_table, uploads)):
        return tables_among([Path(name) for name in sorted(uploads)], name_of(uploads), findings), True
    if len(uploads) > 1:
        whole = ", ".join(sorted(name for name in uploads if not is_table(name)))
        raise BadInput(f"{len(uploads)} files, and {whole} is no table by itself.", remedy=_REMEDY)
    return [Path(name_of(uploads))], False


def _check(name: str, content: bytes) -> None:
    if not name or name in {".", ".."} or unprintable(name) is not None or Path(name).name != name or "\\" in name:
        raise BadInput(f"A file cannot be called {visible(name)!r}.", remedy="Rename it and upload it again.")
    if len(content) > budgets.TEXT_FILE:
        raise BadInput(
            f"{name} holds more than {budgets.TEXT_FILE // budgets.MEGABYTE} MB.", remedy="Export less at a time."
        )
