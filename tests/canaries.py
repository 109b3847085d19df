"""Secrets nobody could guess, and the search for them in whatever was written, however it is encoded."""

from __future__ import annotations

import base64
import html
import io
import json
import os
import re
import secrets
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

REGISTER = "MAILADMIN_TEST_REGISTER"
"""The environment variable that names the folder in which a session of tests keeps its notes."""


def canary() -> str:
    """A secret with characters every encoding changes."""
    return f'CANARY-{secrets.token_hex(6)}-&<"ü+ /\\=%'


def encodings(secret: str, user: str = "user") -> dict[str, bytes]:
    """The secret as it could stand somewhere, by the name of the encoding."""
    plain = secret.encode()
    return {
        "plain": plain,
        "base64": base64.b64encode(plain),
        "SASL PLAIN": base64.b64encode(f"\0{user}\0{secret}".encode()),
        "URL": urllib.parse.quote(secret, safe="").encode(),
        "JSON": json.dumps(secret)[1:-1].encode(),
        "HTML": html.escape(secret).encode(),
        "UTF-16": secret.encode("utf-16-le"),
        "UTF-16, big end first": secret.encode("utf-16-be"),
        "hexadecimal": plain.hex().encode(),
    }


def _within_base64(mark: bytes) -> Iterator[bytes]:
    """What stands in base64 for certain, wherever the mark begins in a group of three bytes."""
    for before in range(3):
        written = base64.b64encode(bytes(before) + mark)
        yield written[-(-8 * before // 6) : (before + len(mark)) * 8 // 6]


_MARK = b"CANARY-"
_PLAIN = re.compile(rb"""CANARY-[0-9a-f]{12}-(?:(?P<URL>%26)|(?P<HTML>&amp;)|(?P<JSON>&<\\")|(?P<plain>))""")
_FORMS = {
    _MARK: "",
    **dict.fromkeys(_within_base64(_MARK), "base64"),
    _MARK.decode().encode("utf-16-le"): "UTF-16",  # big end first, this begins one byte later
    _MARK.hex().encode(): "hexadecimal",
    _MARK.hex().upper().encode(): "hexadecimal",
}
"""How the beginning of every canary is written, and the encoding it tells, if it does."""

_PATTERN = re.compile(b"|".join(map(re.escape, _FORMS)))


def found_in(content: bytes) -> set[str]:
    """The encodings in which a canary stands there, any canary."""
    found = (_FORMS[mark[0]] or _told(content, mark.start()) for mark in _PATTERN.finditer(content))
    return {how for how in found if how}


def _told(content: bytes, start: int) -> str | None:
    """How the canary is written that may begin there as plain text."""
    plain = _PLAIN.match(content, start)
    return plain.lastgroup if plain else None


def hits(place: Path) -> Iterator[tuple[Path, str]]:
    """(file, member and encoding) for every canary at or below a place, but in the customer's own files."""
    for file in _files(place):
        found = {f"{part}{how}" for part, content in contents(file) for how in found_in(content)}
        if found and not any(file.is_relative_to(one) for one in customers()):
            yield from ((file, how) for how in sorted(found))


def _files(place: Path) -> Iterator[Path]:
    if place.is_symlink():
        return
    walked = [Path(folder, name) for folder, _, names in os.walk(place) for name in sorted(names)]
    yield from (file for file in walked or [place] if file.is_file() and not file.is_symlink() and not _is_hole(file))


def _is_hole(file: Path) -> bool:
    """Whether a large file has no bytes on the disk."""
    status = file.stat()
    return status.st_size > 1 << 20 and not status.st_blocks


def contents(file: Path) -> Iterator[tuple[str, bytes]]:
    """The bytes of a file; of archives each member too, of PDF files each stream unpacked: with their names."""
    content = file.read_bytes()
    yield "", content
    if zipfile.is_zipfile(io.BytesIO(content)):
        yield from _members(content)
    if content.startswith(b"%PDF"):
        yield from (("a stream, ", stream) for stream in _streams(content))


def _members(archive: bytes) -> Iterator[tuple[str, bytes]]:
    # Tests write damaged and locked archives too; what cannot be unpacked was searched as it stands.
    with suppress(Exception), zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for member in opened.infolist():
            with suppress(Exception):
                yield f"{member.filename}, ", opened.read(member)


def _streams(pdf: bytes) -> Iterator[bytes]:
    for part in pdf.split(b"stream\n")[1:]:
        with suppress(zlib.error):
            yield zlib.decompressobj().decompress(part)


def exported(path: Path) -> Path:
    """The path, noted as a file or folder of the customer's: secrets may stand in it, as in a real export."""
    note("customers", str(path.absolute()))
    return path


def customers() -> set[Path]:
    """What was noted as the customer's."""
    return set(map(Path, noted("customers")))


def hear(said: str, where: str) -> None:
    """Search what pytest does not hear, such as what a command says to its caller."""
    for how in found_in(said.encode(errors="surrogatepass")):
        note("finds", f"{how} in {where}, said by {current_test()}")


def current_test() -> str:
    """The test that is running."""
    return os.environ.get("PYTEST_CURRENT_TEST", "no test").rpartition(" (")[0]


def note(book: str, line: str) -> None:
    """Add a line to a book of the register, in which several processes write; without a register there is no sweep."""
    if register := os.environ.get(REGISTER):
        with Path(register, book).open("a", encoding="utf-8") as opened:
            opened.write(json.dumps(line) + "\n")


def noted(book: str) -> list[str]:
    """Every line of a book."""
    file = Path(os.environ.get(REGISTER, os.devnull), book)
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []
