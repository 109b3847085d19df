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

from . import html_tables, pictures
from .content import Explained, MigrationReport, Number, Table, day
from .html_tables import PAGE_ROWS, kind_class
from .markup import Markup, join, tag

SECTIONS = (
    ("summary", "Summary"),
    ("pictures", "Pictures"),
    ("actions", "Manual actions"),
    ("effects", "Effects"),
    ("explained", "Three users explained"),
    ("findings", "Findings"),
    ("dropped", "Dropped settings"),
    ("proof", "Fingerprints"),
)
"""TABLE: the sections, in the order of every form of the report."""


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


def html(report: MigrationReport) -> bytes:
    """The page."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy()),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{report.title}, {day(report.as_of)}"),
        tag("style", Markup(f"{_part('report.css')}{_kind_styles()}")),
    )
    body = tag(
        "body",
        tag("a", "Skip to the summary", href="#summary", class_="skip"),
        _header(report),
        tag("main", *(_section(name, title, report) for name, title in SECTIONS)),
        tag("footer", tag("p", _footer(report))),
        html_tables.data(report.effects),
        tag("script", Markup(_part("report.js"))),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n".encode()


def _kind_styles() -> str:
    return "".join(f".{kind_class(kind)}{{--kind:{colour}}}\n" for kind, (colour, _) in pictures.COLOURS.items())


def _header(report: MigrationReport) -> Markup:
    links = (tag("li", tag("a", title, href=f"#{name}")) for name, title in SECTIONS)
    return tag(
        "header",
        tag("h1", report.title),
        tag("p", f"As of {day(report.as_of)}. Plan {_proof(report, 'Confirmation of the plan')}, "
                 f"made from {_proof(report, 'Source')}.", class_="about"),
        tag("nav", tag("ul", *links), aria_label="Sections"),
    )  # fmt: skip


def _proof(report: MigrationReport, what: str) -> str:
    return next(str(row[1]) for row in report.proof.rows if row[0] == what)


def _footer(report: MigrationReport) -> str:
    made, plan = _proof(report, "Report made with"), _proof(report, "Plan hash (SHA-256)")
    return f"{made}. Plan {plan}. Passwords and tokens are shown as set or not set, never as what they are."


def _section(name: str, title: str, report: MigrationReport) -> Markup:
    return tag(
        "section", tag("h2", title, id=f"{name}-title"), *_PARTS[name](report), id=name, aria_labelledby=f"{name}-title"
    )


def _whole(content: Table) -> Markup:
    return html_tables.table(content, hide_title=True)


def _summary(report: MigrationReport) -> Iterable[Markup]:
    yield tag("div", *(tag("p", sentence) for sentence in report.sentences), class_="lead")
    yield tag("dl", *map(_number, report.numbers), class_="numbers")
    yield html_tables.table(report.summary)
    yield tag("div", *map(html_tables.table, (report.statuses, report.written)), class_="side-by-side")


def _number(number: Number) -> Markup:
    words = (tag("dt", number.name), tag("dd", f"{number.value:,}", class_="value"), tag("dd", number.note))
    return tag("div", *words, class_=f"tile {number.tone}")


def _pictures(report: MigrationReport) -> Iterable[Markup]:
    drawn = (
        (pictures.old_to_new(report), report.paths_table),
        (pictures.by_branch(report), report.branches_table),
    )
    yield tag("div", *(_figure(picture, numbers) for picture, numbers in drawn), class_="figures")


def _figure(picture: Markup, numbers: Table) -> Markup:
    told = tag("details", tag("summary", "The numbers of this picture"), html_tables.table(numbers))
    scrolled = tag("div", picture, class_="scrolled", tabindex=0, role="group", aria_label=numbers.title)
    return tag("figure", tag("figcaption", numbers.title), scrolled, told)


def _actions(report: MigrationReport) -> Iterable[Markup]:
    yield html_tables.table(report.actions, name="actions-table", hide_title=True)
    if report.actions.rows:
        button = tag("button", "Save a copy with what was filled in", type="button", id="save", hidden=True)
        note = "Owner and date can be filled in here; a copy, a print or the workbook keeps them. "
        yield tag("p", note, button, class_="note no-print")


def _effects(report: MigrationReport) -> Iterable[Markup]:
    rows = len(report.effects.rows)
    first = min(rows, PAGE_ROWS)
    if not rows:
        yield html_tables.table(report.effects)
        return
    yield tag("form", *_controls(report.effects), id="effects-controls", class_="no-print", role="search", hidden=True,
              aria_label="Effects")  # fmt: skip
    yield tag("p", f"Rows 1 to {first:,} of {rows:,}.", id="effects-found", role="status", aria_live="polite")
    yield html_tables.table(report.effects, name="effects-table", first=PAGE_ROWS, hide_title=True)
    if rows > first:
        words = f"These are the first {first:,} of {rows:,} rows. All of them are in the workbook, migration.xlsx"
        yield tag(
            "p", f"{words}; with JavaScript allowed, this page shows them too.", id="effects-plain", class_="note"
        )
        yield tag("p", "Only the rows shown on screen are printed. All of them are in the workbook, migration.xlsx.",
                  class_="note print-only")  # fmt: skip
    yield tag("nav", *_pager(), id="effects-pager", class_="pager no-print", aria_label="Pages of effects", hidden=True)


def _controls(effects: Table) -> Iterable[Markup]:
    yield _field("Search", "effects-search", tag("input", type="search", id="effects-search", autocomplete="off"))
    for place, column, found in html_tables.choices(effects):
        options = (tag("option", text or "(none)", value=f"={text}") for text in found)
        name = f"effects-filter-{place}"
        chosen = tag("select", tag("option", "All", value=""), *options, id=name, data_column=place)
        yield _field(column.name, name, chosen)
    sizes = (tag("option", str(size), selected=size == PAGE_ROWS) for size in (25, 50, 100, 250))
    yield _field("Rows", "effects-size", tag("select", *sizes, id="effects-size"))
    yield tag("button", "Clear", type="reset", id="effects-clear")


def _field(label: str, name: str, control: Markup) -> Markup:
    return tag("div", tag("label", label, for_=name), control, class_="field")


def _pager() -> Iterable[Markup]:
    for name, words in (("first", "First"), ("previous", "Previous")):
        yield tag("button", words, type="button", data_go=name)
    yield tag("span", "", id="effects-page")
    for name, words in (("next", "Next"), ("last", "Last")):
        yield tag("button", words, type="button", data_go=name)


def _explained(explained: Explained) -> Markup:
    badge = tag("span", explained.effect, class_=f"kind {kind_class(explained.effect)}")
    return tag(
        "article",
        tag("h3", explained.who, " ", badge),
        *(tag("p", sentence) for sentence in explained.sentences),
        html_tables.table(explained.asked),
        html_tables.table(explained.fields),
    )


def _dropped(report: MigrationReport) -> Iterable[Markup]:
    yield _whole(report.dropped)
    if report.left_alone.rows:
        yield join([tag("h3", report.left_alone.title), _whole(report.left_alone)])


def _all_explained(report: MigrationReport) -> Iterable[Markup]:
    return map(_explained, report.explained)


_PARTS: Mapping[str, Callable[[MigrationReport], Iterable[Markup]]] = {
    "summary": _summary,
    "pictures": _pictures,
    "actions": _actions,
    "effects": _effects,
    "explained": _all_explained,
    "findings": lambda report: [_whole(report.findings)],
    "dropped": _dropped,
    "proof": lambda report: [_whole(report.proof)],
}
