"""Which files may name an obsoleted member: asked of their bytes, quickly, before anything is read as a script.

Laws: no file that names one is ever let through as CLEAN; one that does not may be kept. This module is all that the
processes beside ours load, so it imports nothing heavy: `main` hears file names on its standard input, in JSON.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import IO, cast

from ..errors import BadInput
from .budgets import MEGABYTE, read_regular
from .encodings import is_wide

LARGEST = 100 * MEGABYTE
"""A script of more bytes is not scanned."""


class Verdict(StrEnum):
    """What the sieve says of a file; anything else it says is why the file could not be read."""

    CLEAN = "clean"
    KEPT = "kept"
    BINARY = "binary"


# Searched for in lower case, and in this form, because that is fastest: each begins with what is rare in scripts.
_VALUES = re.compile(rb"mail(?:smtp|exchange|editinternal|use|isunattended)")
_FUNCTIONS = b"createmessageprovider"

_HEAD = 8192
_SHARE = 24 * MEGABYTE
"""Another process starts in the time in which this much is sieved."""
_MOST_PROCESSES = 4
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from mailadmin.interchange.script_sieve import main; main()"
_PACKAGES = str(Path(__file__).parents[2])
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


def may_name_a_member(content: bytes) -> bool:
    """Whether these bytes, in whatever encoding a script may have, could name an obsoleted member."""
    plain = (content.replace(b"\0", b"") if is_wide(content) else content).lower()
    return _FUNCTIONS in plain or _VALUES.search(plain) is not None


def verdict(file: str) -> str:
    """The verdict on a file, or why it could not be read."""
    try:
        content = read_regular(Path(file), LARGEST)
    except BadInput as error:
        return error.what
    if b"\0" in content[:_HEAD] and not is_wide(content):
        return Verdict.BINARY
    return Verdict.KEPT if may_name_a_member(content) else Verdict.CLEAN


def sieved(files: Sequence[tuple[str, int]]) -> list[str]:
    """The verdict on each of the files, given with their sizes; by several processes where there is enough to do."""
    processes = min(os.cpu_count() or 1, _MOST_PROCESSES, sum(size for _, size in files) // _SHARE)
    if processes < 2:
        return [verdict(file) for file, _ in files]
    by_size = sorted(range(len(files)), key=lambda i: files[i][1])
    found: dict[int, str] = {}
    shares = [by_size[i::processes] for i in range(processes)]
    for share, verdicts in zip(shares, _shared_out([[files[i][0] for i in share] for share in shares]), strict=True):
        found.update(zip(share, verdicts, strict=True))
    return [found[i] for i in range(len(files))]


def _shared_out(shares: list[list[str]]) -> Iterator[list[str]]:
    """The verdicts on each share: the first is done here, while the others are done elsewhere."""
    children = [_started(share) for share in shares[1:]]
    yield [verdict(file) for file in shares[0]]
    for child, share in zip(children, shares[1:], strict=True):
        yield _heard(child) or [verdict(file) for file in share]


def _started(share: list[str]) -> subprocess.Popen[bytes] | None:
    try:
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", "-c", _PROGRAM, _PACKAGES],  # -S: no installed package is needed
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=_NO_WINDOW,
        )
    except OSError:
        return None
    with suppress(OSError), cast("IO[bytes]", child.stdin) as hears:  # of a child that is dead already
        hears.write(json.dumps(share).encode())
    return child


def _heard(child: subprocess.Popen[bytes] | None) -> list[str] | None:
    if child is None:
        return None
    with child:
        said = cast("IO[bytes]", child.stdout).read()
    return cast("list[str]", json.loads(said)) if child.returncode == 0 else None


def main() -> None:
    """Answer with the verdicts on the files named."""
    sys.stdout.write(json.dumps([verdict(file) for file in json.load(sys.stdin)]))
