"""The PDFs of the portal's page: whole files that open, with the words that stand on them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mailadmin.domain.portals import DOCUMENT_KINDS
from mailadmin.sandbox.pdf import Words, one_page
from mailadmin.sandbox.portal_documents import ALL, as_pdf, documents_of, found_as
from tests.engines import missing


def read(folder: Path, content: bytes) -> str:
    if shutil.which("pdftotext") is None:
        missing("poppler-utils")
    file = folder / "x.pdf"
    file.write_bytes(content)
    done = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode()


def test_the_table_of_objects_says_where_they_are() -> None:
    content = one_page("Title", [Words(50, 50, "Words")], [60])
    start = int(re.findall(rb"startxref\n(\d+)\n", content)[0])
    assert content[start:].startswith(b"xref\n0 8\n")
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n ", content)]
    assert [content[place:].split(b" ", 1)[0] for place in places] == [b"%d" % number for number in range(1, 8)]
    length = int(re.findall(rb"/Length (\d+)", content)[0])
    assert content.split(b"stream\n", 1)[1][length:].startswith(b"\nendstream")


@pytest.mark.parametrize("kind", list(DOCUMENT_KINDS))
def test_a_report_and_a_document_open_with_what_stands_in_them(tmp_path: Path, kind: str) -> None:
    first = next(one for one in documents_of("C20000") if one.document.kind == kind)
    words = read(tmp_path, as_pdf("C20000", first))
    assert first.document.title in words
    assert first.lines[0].item in words
    report = read(tmp_path, as_pdf("C20000", found_as("C20000", kind, ALL)))
    assert f"{DOCUMENT_KINDS[kind].many} at a glance" in report
    assert first.document.title in report


def test_words_that_mean_something_in_a_pdf_are_words(tmp_path: Path) -> None:
    hostile = r") Tj ET (\ ((  ) >> endstream ü"
    assert "endstream ü" in read(tmp_path, one_page(hostile, [Words(50, 50, hostile)]))


def test_the_same_words_make_the_same_bytes() -> None:
    sample = documents_of("C1")[0]
    assert as_pdf("C1", sample) == as_pdf("C1", sample)
    assert {one.document.number for one in documents_of("C1")} & {
        one.document.number for one in documents_of("C2")
    } == set()
