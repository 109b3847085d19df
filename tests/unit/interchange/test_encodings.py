"""Which encoding bytes are in (FI-01, FI-03, FI-04)."""

from __future__ import annotations

import pytest

from mailadmin.errors import BadInput
from mailadmin.interchange.encodings import encoding_of

TEXT = "code;name\r\nA;Kōwhai Müller\r\n"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
    ],
)
def test_unicode(written: str, read: str) -> None:
    data = TEXT.encode(written)
    assert encoding_of(data) == read
    assert data.decode(read) == TEXT


def test_utf_16_be_with_its_mark() -> None:
    assert encoding_of(b"\xfe\xff" + TEXT.encode("utf-16-be")) == "utf-16"


def test_windows_1252() -> None:
    assert encoding_of("name\nMüller\n".encode("cp1252")) == "cp1252"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_character_may_lie_across_the_parts_that_are_read(codec: str) -> None:
    data = ("name\n" + "ü𝒳x" * 300_000).encode(codec)
    assert encoding_of(data) == codec
    with pytest.raises(BadInput, match=f"line 2, byte {len(data)}: cannot be read as"):
        encoding_of(data + b"\xdc" * 3)


def test_a_bad_byte_far_into_a_file_is_told_with_its_place() -> None:
    data = b"code\n" + "ü".encode() * 1_000_000
    for offset in (1 << 20, (1 << 20) - 1, 5 + 2 * 700_000):
        broken = data[:offset] + b"\xff" + data[offset:]
        with pytest.raises(BadInput, match=f"line 2, byte {offset - (offset - 5) % 2}: cannot be read as UTF-8"):
            encoding_of(broken)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ("code\nKōwhai\n".encode() + b"\xff\n", "line 3, byte 13: cannot be read as UTF-8"),
        (b"\xef\xbb\xbfcode\n\xff\n", "line 2, byte 8: cannot be read as UTF-8"),
        (b"code\n\x81\n", "line 2, byte 5: cannot be read as UTF-8 or Windows-1252"),
        ("code\n".encode("utf-16") + b"\x00", "line 2, byte 12: cannot be read as UTF-16"),
    ],
)
def test_a_bad_byte_is_told_with_its_place(data: bytes, what: str) -> None:
    with pytest.raises(BadInput) as caught:
        encoding_of(data)
    assert caught.value.what == what
