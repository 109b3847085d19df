"""The documents of a portal's page: made up, the same every time, and each of them a PDF of one page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

from ..domain.keys import match_key
from ..domain.portals import DOCUMENT_KINDS, PortalDocument
from .pdf import HEIGHT, WIDTH, Words, one_page

COMPANY = "Kowhai Trading Ltd"

ALL = "all"
"""What stands in an address for the number of a report."""


class Line(NamedTuple):
    """A line of a document; the price of one, in cents."""

    item: str
    quantity: int
    price: int


class Sample(NamedTuple):
    """A document or report with what stands in it."""

    document: PortalDocument
    date: str
    lines: tuple[Line, ...]

    @property
    def total(self) -> int:
        """What it comes to, in cents."""
        return sum(line.quantity * line.price for line in self.lines)

    @property
    def parts(self) -> tuple[str, str]:
        """Kind and number as they stand in an address."""
        return self.document.kind, self.document.number or ALL


_GOODS = (
    (Line("Oven tray, steel, 60 x 40 cm", 12, 2450), Line("Baking paper, 500 sheets", 4, 3890)),
    (Line("Dough scraper", 20, 690), Line("Flour sieve, 30 cm", 3, 4200), Line("Delivery", 1, 1500)),
    (Line("Thermometer, digital", 2, 5990),),
)
_SETTLED = tuple((Line(f"Bank transfer for invoice {place}", 1, amount),) for place, amount in ((1, 44960), (2, 27900)))
_RETURNED = ((Line("Oven tray, bent in transport", 2, 2450),),)
_DATES = ("3 August 2026", "1 September 2026", "6 October 2026")

_LINES = {
    "order": _GOODS,
    "invoice": _GOODS,
    "payment": _SETTLED,
    "delivery": _GOODS[:2],
    "credit-memo": _RETURNED,
}


def documents_of(business_partner: str) -> list[Sample]:
    """Every document of a business partner, kind by kind."""
    first = 1000 + crc32(match_key(business_partner).encode()) % 80 * 100
    found = []
    for place, kind in enumerate(DOCUMENT_KINDS):
        for which, lines in enumerate(_LINES[kind]):
            number = str(first + place * 10 + which + 1)
            found.append(Sample(PortalDocument(kind, number), _DATES[which], lines))
    return found


def of_kind(business_partner: str, kind: str) -> list[Sample]:
    """The documents of one kind."""
    return [one for one in documents_of(business_partner) if one.document.kind == kind]


def found_as(business_partner: str, kind: str, number: str) -> Sample:
    """The document or report of an address. Raises LookupError."""
    found = of_kind(business_partner, kind)
    if found and number == ALL:
        return Sample(PortalDocument(kind), found[-1].date, tuple(line for one in found for line in one.lines))
    for one in found:
        if one.document.number == number:
            return one
    raise LookupError(number)


def as_pdf(business_partner: str, sample: Sample) -> bytes:
    """A document or report on paper."""
    whose = ("Business partner", business_partner)
    if not sample.document.number:
        all_ = of_kind(business_partner, sample.document.kind)
        listed = [(one.document.title, one.date, "", money(one.total)) for one in all_]
        facts = (("Until", sample.date), whose)
        return _paper(sample, facts, ("Document", "Date", "", "Amount"), listed)
    rows = [(one.item, f"{one.quantity}", money(one.price), money(one.quantity * one.price)) for one in sample.lines]
    facts = (("Date", sample.date), whose)
    return _paper(sample, facts, ("Item", "Quantity", "Price", "Amount"), rows)


def money(cents: int) -> str:
    """An amount in words a page can show."""
    return f"{cents // 100:,}.{cents % 100:02}"


_COLUMNS = (50, 370, 460, WIDTH - 50)


def _paper(
    sample: Sample, facts: Sequence[tuple[str, str]], heads: Sequence[str], rows: Sequence[Sequence[str]]
) -> bytes:
    title = sample.document.title
    words = [
        Words(50, 70, COMPANY, 11, bold=True),
        Words(50, 86, "12 Harbour Street, Nelson 7010, New Zealand", 9),
        Words(50, 150, title, 22, bold=True),
    ]
    words += [Words(50, 180 + 16 * place, f"{name}: {value}") for place, (name, value) in enumerate(facts)]
    top = 200 + 16 * len(facts)
    for place, cells in enumerate((heads, *rows)):
        y = top + 26 * place + 18
        words += [
            Words(x, y, cell, bold=not place, number=x != _COLUMNS[0]) for x, cell in zip(_COLUMNS, cells, strict=True)
        ]
    lines = [top + 26 * (place + 1) for place in range(len(rows) + 1)]
    end = lines[-1] + 22
    words += [
        Words(50, end, "Total in NZD", bold=True),
        Words(WIDTH - 50, end, money(sample.total), bold=True, number=True),
    ]
    words.append(Words(50, HEIGHT - 50, "Made for practice. Nothing on this page was bought or owed.", 8))
    return one_page(title, words, lines)
