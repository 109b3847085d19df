"""A folder as a legacy export: which of its files are tables."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..domain.keys import match_key
from ..errors import BadInput
from ..migration.content import TABLES
from .findings import Findings

_SUFFIXES = (".csv", ".tsv")


def tables_in_folder(folder: Path, findings: Findings) -> list[Path]:
    """The CSV files of a folder in the order of their names, one per table.

    Raises BadInput when there is none, or when the folder cannot be looked into.
    """
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise BadInput(f"The folder {folder.name} cannot be read: {error.strerror}.") from error
    return tables_among(paths, folder.name, findings)


def tables_among(paths: Iterable[Path], folder: str, findings: Findings) -> list[Path]:
    """Those of the paths that are CSV files, one per table. Raises BadInput when there is none."""
    found = [path for path in paths if _is_table(path, findings)]
    if not found:
        raise BadInput(f"The folder {folder} holds no CSV file.", remedy="A file per table, such as users.csv.")
    tables: dict[str, Path] = {}
    for path in found:
        if (twin := tables.setdefault(match_key(path.stem), path)) != path:
            findings.problem(path.name, f"is the same table as {twin.name}", "Leave one of them.")
    return list(tables.values())


def _is_table(path: Path, findings: Findings) -> bool:
    suffix = path.suffix.lower()
    if suffix in _SUFFIXES or (suffix == ".txt" and match_key(path.stem) in TABLES):
        return True
    if not path.name.startswith("."):
        findings.note(path.name, "is no CSV file and was not read")
    return False
