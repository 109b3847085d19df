"""A report as one HTML file that needs nothing else: no server, no network, and no script to be read.

Laws: the policy in its head allows its own style and the one script whose hash it names, and nothing from outside; the
same report gives the same bytes.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from . import html_tables, pictures
from .colours import COLOURS
from .content import (
    Beside,
    Browsed,
    Details,
    Explained,
    FilledIn,
    Number,
    Numbers,
    Part,
    Picture,
    Pictures,
    Report,
    Section,
    Words,
)
from .html_tables import PAGE_ROWS, kind_class
from .markup import Markup, tag
from .tables import Table
from .wording import day

MARK = "mailadmin-evidence"
"""The name of the meta element with a report's mark."""


@cache
def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def policy() -> str:
    """The content security policy: nothing from outside, and of scripts only ours."""
    digest = b64encode(sha256(_part("report.js").encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )


def html(report: Report) -> bytes:
    """The page."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy()),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="light dark"),
        *([tag("meta", name=MARK, content=report.mark)] if report.mark else []),
        tag("title", f"{report.title}, {day(report.as_of)}"),
        tag("style", Markup(f"{_part('report.css')}{_kind_styles()}")),
    )
    body = tag(
        "body",
        tag("a", "Skip to the summary", href="#summary", class_="skip"),
        _header(report),
        tag("main", *(_section(section, report) for section in report.sections)),
        tag("footer", tag("p", f"{report.closing} {_PASSWORDS}")),
        *(html_tables.data(part.name, part.table) for part in report.parts() if isinstance(part, Browsed)),
        tag("script", Markup(_part("report.js"))),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n".encode()


_PASSWORDS = "Passwords and tokens are shown as set or not set, never as what they are."


def _kind_styles() -> str:
    return "".join(f".{kind_class(kind)}{{--kind:{colour}}}\n" for kind, (colour, _) in COLOURS.items())


def _header(report: Report) -> Markup:
    links = (tag("li", tag("a", section.title, href=f"#{section.name}")) for section in report.sections)
    return tag(
        "header",
        tag("h1", report.title),
        tag("p", f"As of {day(report.as_of)}. {report.about}", class_="about"),
        tag("nav", tag("ul", *links), aria_label="Sections"),
    )


def _section(section: Section, report: Report) -> Markup:
    name = f"{section.name}-title"
    drawn = (markup for part in section.parts for markup in DRAWN[type(part)](part, section, report))
    paper = section.paper.replace(" ", "-") or None
    return tag(
        "section", tag("h2", section.title, id=name), *drawn, id=section.name, class_=paper, aria_labelledby=name
    )


def _words(part: Words, *_: object) -> Iterable[Markup]:
    yield tag("div", *(tag("p", sentence) for sentence in part.sentences), class_="lead")


def _numbers(part: Numbers, *_: object) -> Iterable[Markup]:
    yield tag("dl", *map(_number, part.numbers), class_="numbers")


def _number(number: Number) -> Markup:
    words = (tag("dt", number.name), tag("dd", f"{number.value:,}", class_="value"), tag("dd", number.note))
    return tag("div", *words, class_=f"tile {number.tone}")


def _table(part: Table, section: Section, _: Report) -> Iterable[Markup]:
    yield html_tables.table(part, hide_title=part.title == section.title)


def _beside(part: Beside, *_: object) -> Iterable[Markup]:
    yield tag("div", *map(html_tables.table, part.tables), class_="side-by-side")


def _pictures(part: Pictures, *_: object) -> Iterable[Markup]:
    yield tag("div", *map(_figure, part.pictures), class_="figures")


def _figure(picture: Picture) -> Markup:
    told = tag("details", tag("summary", "The numbers of this picture"), html_tables.table(picture.table))
    drawn = pictures.draw(picture)
    scrolled = tag("div", drawn, class_="scrolled", tabindex=0, role="group", aria_label=picture.title)
    return tag("figure", tag("figcaption", picture.title), scrolled, told)


def _filled_in(part: FilledIn, _: Section, report: Report) -> Iterable[Markup]:
    yield html_tables.table(part.table, name=f"{part.name}-table", hide_title=True, class_="filled-in")
    if part.table.rows:
        copy = f"{report.name}-filled-in.html"
        button = tag(
            "button", "Save a copy with what was filled in", type="button", id="save", data_copy=copy, hidden=True
        )
        note = "Owner and date can be filled in here; a copy, a print or the workbook keeps them. "
        yield tag("p", note, button, class_="note no-print")


def _browsed(part: Browsed, section: Section, report: Report) -> Iterable[Markup]:
    name, rows = part.name, len(part.table.rows)
    first = min(rows, PAGE_ROWS)
    if not rows:
        yield html_tables.table(part.table)
        return
    workbook = f"All of them are in the workbook, {report.name}.xlsx"
    yield tag("form", *_controls(part), id=f"{name}-controls", class_="no-print", role="search", hidden=True,
              aria_label=section.title)  # fmt: skip
    found = f"Rows 1 to {first:,} of {rows:,}."
    yield tag("p", found, id=f"{name}-found", class_="found", role="status", aria_live="polite")
    yield html_tables.table(part.table, name=f"{name}-table", first=PAGE_ROWS, hide_title=True, class_="browsed")
    if rows > first:
        words = f"These are the first {first:,} of {rows:,} rows. {workbook}"
        told = f"{words}; with JavaScript allowed, this page shows them too."
        yield tag("p", told, id=f"{name}-plain", class_="note plain")
        yield tag("p", f"Only the rows shown on screen are printed. {workbook}.", class_="note print-only")
    label = f"Pages of {section.title[:1].lower()}{section.title[1:]}"
    yield tag("nav", *_pager(name), id=f"{name}-pager", class_="pager no-print", aria_label=label, hidden=True)


def _controls(part: Browsed) -> Iterable[Markup]:
    name = part.name
    yield _field("Search", f"{name}-search", tag("input", type="search", id=f"{name}-search", autocomplete="off"))
    for place, column, found in html_tables.choices(part.table):
        options = (tag("option", text or "(none)", value=f"={text}") for text in found)
        of = f"{name}-filter-{place}"
        yield _field(column.name, of, tag("select", tag("option", "All", value=""), *options, id=of, data_column=place))
    sizes = (tag("option", str(size), selected=size == PAGE_ROWS) for size in (25, 50, 100, 250))
    yield _field("Rows", f"{name}-size", tag("select", *sizes, id=f"{name}-size"))
    yield tag("button", "Clear", type="reset", id=f"{name}-clear")


def _field(label: str, name: str, control: Markup) -> Markup:
    return tag("div", tag("label", label, for_=name), control, class_="field")


def _pager(name: str) -> Iterable[Markup]:
    for go, words in (("first", "First"), ("previous", "Previous")):
        yield tag("button", words, type="button", data_go=go)
    yield tag("span", "", id=f"{name}-page")
    for go, words in (("next", "Next"), ("last", "Last")):
        yield tag("button", words, type="button", data_go=go)


def _details(part: Details, *_: object) -> Iterable[Markup]:
    return map(_explained, part.explained)


def _explained(explained: Explained) -> Markup:
    badge = tag("span", explained.kind, class_=f"kind {kind_class(explained.kind)}")
    return tag(
        "article",
        tag("h3", explained.who, " ", badge),
        *(tag("p", sentence) for sentence in explained.sentences),
        *map(html_tables.table, explained.tables),
    )


DRAWN: Mapping[type[Part], Callable[[Any, Section, Report], Iterable[Markup]]] = {
    Words: _words,
    Numbers: _numbers,
    Table: _table,
    Beside: _beside,
    Pictures: _pictures,
    Browsed: _browsed,
    FilledIn: _filled_in,
    Details: _details,
}
"""TABLE: how every part is drawn."""
