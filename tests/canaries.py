"""Secrets nobody could guess, and the search for them in everything that was written, however it is encoded."""

from __future__ import annotations

import base64
import html
import io
import json
import secrets
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path


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


def found_in(folder: Path, secret: str) -> list[str]:
    """Every file below a folder, and every member of an archive, in which the secret stands, and how."""
    wanted = {**encodings(secret), "its random part": secret.split("-")[1].encode()}
    return [f"{name}: {how}" for name, content in contents(folder) for how, form in wanted.items() if form in content]


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The bytes of every file; of archives each member too, of PDF files each stream unpacked."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        yield file.name, content
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for member in archive.namelist():
                    yield f"{file.name}/{member}", archive.read(member)
        if content.startswith(b"%PDF"):
            yield from ((f"{file.name} stream", stream) for stream in _streams(content))


def _streams(pdf: bytes) -> Iterator[bytes]:
    for part in pdf.split(b"stream\n")[1:]:
        try:
            yield zlib.decompressobj().decompress(part)
        except zlib.error:
            continue
