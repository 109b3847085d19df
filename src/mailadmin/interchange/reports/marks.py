"""The mark of a report, read back out of each of its files. Law: what cannot be read has no mark; nothing is run."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from html import unescape
from html.parser import HTMLParser
from zipfile import BadZipFile, ZipFile

from ...domain.canonical import sha256
from .page import MARK

MOST = 1_000_000
"""Bytes of a workbook's properties that are read at most."""


class _Meta(HTMLParser):
    mark = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "meta" and given.get("name") == MARK:
            self.mark = given.get("content") or ""


def _html(content: bytes) -> str:
    found = _Meta()
    found.feed(content.decode().partition("</head>")[0])
    return found.mark


def _xlsx(content: bytes) -> str:
    with ZipFile(io.BytesIO(content)) as book:
        info = book.getinfo("docProps/core.xml")
        told = book.read(info).decode() if info.file_size <= MOST else ""
    return _between(told, r"<dc:description[^>]*>([^<]*)</dc:description>")


def _pdf(content: bytes) -> str:
    """Out of the metadata (XMP), which stands in the file as it is."""
    start = content.rfind(b"<x:xmpmeta")
    told = content[start : content.find(b"</x:xmpmeta>", start)].decode() if start >= 0 else ""
    return _between(told, r"<dc:description>.*?<rdf:li[^>]*>([^<]*)</rdf:li>")


def _csv(content: bytes) -> str:
    return next(csv.reader(io.StringIO(content.decode(), newline="")), [""])[-1]


def _json(content: bytes) -> str:
    """Only where the content still has the fingerprint the mark names."""
    document = json.loads(content)
    data, mark = sha256(document["content"]), str(document["mark"])
    return mark if document["evidence"]["data"] == data and f"data {data};" in mark else ""


def _ipynb(content: bytes) -> str:
    return str(json.loads(content)["metadata"]["mailadmin"])


def _between(text: str, pattern: str) -> str:
    found = re.search(pattern, text, re.DOTALL)
    return unescape(found[1]) if found else ""


MARKED: Mapping[str, Callable[[bytes], str]] = {
    "html": _html,
    "xlsx": _xlsx,
    "pdf": _pdf,
    "csv": _csv,
    "json": _json,
    "ipynb": _ipynb,
}
"""TABLE: how the mark is read out of every kind of file."""


def mark_of(name: str, content: bytes) -> str:
    """The mark in a file, by the ending of its name; '' where there is none."""
    read = MARKED.get(name.rpartition(".")[2])
    try:
        return read(content) if read else ""
    except (ValueError, KeyError, TypeError, BadZipFile, csv.Error, RecursionError):
        return ""
