"""One page of words as a PDF, in the fonts every reader brings along (ISO 32000-1, 9.6.2.2).

Law: the same words make the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

WIDTH, HEIGHT = 595, 842
"""A4 in points."""

_NARROW = frozenset(" .,")


class Words(NamedTuple):
    """Words on a page: where they begin, or for numbers where they end; `y` counts from the top."""

    x: float
    y: float
    text: str
    size: float = 10
    bold: bool = False
    number: bool = False


def one_page(title: str, words: Iterable[Words], lines: Iterable[float] = ()) -> bytes:
    """A page with these words, and a line from margin to margin at each of these heights."""
    drawn = [f"0.8 G 0.7 w {50} {HEIGHT - y} m {WIDTH - 50} {HEIGHT - y} l S" for y in lines]
    content = "\n".join([*drawn, *map(_drawn, words)]).encode("cp1252", "replace")
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents 6 0 R "
        "/Resources << /Font << /F1 4 0 R /F2 5 0 R >> >> >>".encode(),
        font.format("Helvetica").encode(),
        font.format("Helvetica-Bold").encode(),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        b"<< /Title %b >>" % _string(title),
    ]
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    written, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return written + b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (
        size, table, size, len(objects),
    ) + b"startxref\n%d\n%%%%EOF\n" % len(written)  # fmt: skip


def _drawn(words: Words) -> str:
    # In Helvetica every digit is 0.556 of the size wide, comma, point and blank 0.278.
    wide = sum(0.278 if c in _NARROW else 0.556 for c in words.text) * words.size if words.number else 0
    font = "/F2" if words.bold else "/F1"
    text = _string(words.text).decode("cp1252")
    return f"BT {font} {words.size:g} Tf {words.x - wide:.2f} {HEIGHT - words.y:.2f} Td {text} Tj ET"


def _string(text: str) -> bytes:
    for special in "\\()":
        text = text.replace(special, f"\\{special}")
    return f"({text})".encode("cp1252", "replace")
