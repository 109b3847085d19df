"""The files a scan reads: what stands below the folders named, and each as a text.

Laws: a link is not followed, unless a person named it. What cannot be read is a problem and stops nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..domain.keys import visible
from ..errors import BadInput, Problem
from .budgets import read_regular
from .encodings import encoding_of, is_wide
from .script_sieve import LARGEST

MOST_FILES = 1_000_000


class Found(NamedTuple):
    """What stands below some paths: files with their sizes in the order of their names, and what could not be read."""

    files: list[tuple[str, int]]
    problems: list[Problem]


def files_below(paths: Iterable[Path]) -> Found:
    """Every regular file at or below the paths, once. Raises BadInput for a path that is not there."""
    found = Found([], [])
    files: dict[str, tuple[str, int]] = {}
    for path in paths:
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a name of a file"
            raise BadInput(f"{visible(str(path))} cannot be scanned: {reason}.") from error
        below = _below(str(path), found.problems) if stat.S_ISDIR(status.st_mode) else [(str(path), status.st_size)]
        for file, size in below:
            files.setdefault(os.path.abspath(file), (file, size))  # noqa: PTH100 - a link is not resolved
            if len(files) > MOST_FILES:
                raise BadInput(f"There are more than {MOST_FILES:,} files.", remedy="Scan fewer folders at a time.")
    found.files.extend(sorted(files.values(), key=lambda one: Path(one[0]).parts))
    return found


def _below(folder: str, problems: list[Problem]) -> Iterator[tuple[str, int]]:
    folders = [folder]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        yield entry.path, entry.stat(follow_symlinks=False).st_size
        except OSError as error:
            problems.append(Problem(visible(folder), f"cannot be read: {error.strerror}"))


def text_of(file: str) -> tuple[str, str]:
    """A file as a text, and what of it could not be read, if anything: such characters stand there as U+FFFD.

    Raises BadInput when it cannot be read at all.
    """
    content = read_regular(Path(file), LARGEST)
    try:
        return content.decode(encoding_of(content)), ""
    except BadInput as error:
        codec = "utf-16" if is_wide(content) else "utf-8"
        return content.decode(codec, "replace"), error.what
