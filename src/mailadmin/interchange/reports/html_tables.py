"""Tables of a report as HTML: captions, scopes and headings for those who listen, cards for narrow windows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from .markup import Markup, join, tag
from .tables import Cell, Column, Holds, Table
from .wording import printable

PAGE_ROWS = 50
"""So many rows stand in the page itself; the script brings up the others."""

MOST_NAMES = 500
"""So many names stand in a cell of the page; all of them are in the workbook."""


def kind_class(kind: str) -> str:
    """The class of a word that has a colour: `kind-stop-sending`."""
    return "kind-" + "-".join("".join(c if c.isalpha() else " " for c in kind).split())


def table(
    content: Table, *, name: str = "", first: int | None = None, hide_title: bool = False, class_: str = ""
) -> Markup:
    """A whole table, or its first rows; a sentence where there is none."""
    if not content.rows:
        return tag("p", content.none, class_="none")
    heads = (tag("th", column.name, scope="col", class_=_head_class(column)) for column in content.columns)
    rows = (row(content.columns, cells) for cells in content.rows[:first])
    return tag(
        "table",
        tag("caption", content.title, class_="unseen" if hide_title else None),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *rows),
        id=name or None,
        class_=" ".join(filter(None, (class_, _cards(content)))) or None,
    )


def _cards(content: Table) -> str:
    """Wide rows become cards where the window is narrow."""
    wide = len(content.columns) > 2 and sum(column.width for column in content.columns) > 70
    return "cards" if wide else ""


def row(columns: Sequence[Column], cells: Sequence[Cell]) -> Markup:
    """One row; what stands first names it."""
    drawn = [
        _cell(column, cell, place == 0, cells) for place, (column, cell) in enumerate(zip(columns, cells, strict=True))
    ]
    return tag("tr", *drawn)


def _head_class(column: Column) -> str:
    width = next((name for name, least in (("broad", 40), ("more", 21), ("even", 13)) if column.width >= least), None)
    return " ".join(filter(None, (_class(column), width)))


def _class(column: Column) -> str | None:
    return column.holds.value.replace(" ", "-") if column.holds is not Holds.TEXT else None


def _cell(column: Column, cell: Cell, first: bool, cells: Sequence[Cell]) -> Markup:
    given = {"class_": _class(column), "data_label": column.name}
    if column.holds in (Holds.FILL_IN, Holds.FILL_IN_DATE):
        kind = "date" if column.holds is Holds.FILL_IN_DATE else "text"
        field = tag("input", type=kind, aria_label=f"{column.name}, action {cells[0]}", autocomplete="off")
        return tag("td", field, **given)
    if first:
        return tag("th", shown(column, cell), scope="row", **given)
    return tag("td", shown(column, cell), **given)


def shown(column: Column, cell: Cell) -> Markup:
    """What stands in a cell."""
    if isinstance(cell, tuple):
        return _names(cell)
    if isinstance(cell, int):
        return join([f"{cell:,}"])
    if column.holds is Holds.WORD:
        return tag("span", cell, class_=f"kind {kind_class(cell)}")
    return join([cell])


def _names(names: Sequence[str]) -> Markup:
    if len(names) <= 3:
        return join([", ".join(names)])
    more = len(names) - MOST_NAMES
    left = f" … and {more:,} more: see the workbook, sheet Names" if more > 0 else ""
    head = f"{', '.join(names[:2])} and {len(names) - 2:,} more"
    everybody = ", ".join(names[:MOST_NAMES]) + left
    listed = tag("p", everybody, tabindex=0, role="group", aria_label="Everybody concerned")
    return tag("details", tag("summary", head), listed)


def data(name: str, content: Table) -> Markup:
    """All rows for the script, every column as its distinct texts and, for each row, the number of its text."""
    columns = [_encoded(column, [row[place] for row in content.rows]) for place, column in enumerate(content.columns)]
    written = json.dumps({"rows": len(content.rows), "columns": columns}, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return Markup(f'<script type="application/json" id="{name}-data">{written}</script>')


def _encoded(column: Column, cells: Sequence[Cell]) -> dict[str, Any]:
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(printable(str(cell)), len(numbers)) for cell in cells]
    texts = list(numbers)
    found: dict[str, Any] = {"name": column.name, "holds": column.holds.value, "texts": texts}
    if column.holds is Holds.WORD:
        found["classes"] = [f"kind {kind_class(text)}" for text in texts]
    return found if len(texts) == len(cells) else {**found, "codes": codes}


def choices(content: Table) -> Iterator[tuple[int, Column, list[str]]]:
    """The columns worth a filter, with what can be chosen."""
    for place, column in enumerate(content.columns):
        if column.holds in (Holds.CHOICE, Holds.WORD):
            found = dict.fromkeys(printable(str(row[place])) for row in content.rows)
            yield place, column, list(found) if column.holds is Holds.WORD else sorted(found)
