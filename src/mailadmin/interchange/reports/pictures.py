"""The pictures of a report as SVG: drawn by hand, the same bytes every time, readable without colour.

Laws: every number stands in the picture as text, and all of it in its description; colours are those of Okabe and Ito,
which colour-blind people can tell apart; a class beside each colour lets a page choose another for the dark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from itertools import accumulate
from typing import Literal, NamedTuple

from ...migration.effects import Kind
from .content import Branch, MigrationReport, Path, Way
from .markup import Markup, join, tag

COLOURS: Mapping[str, tuple[str, str]] = {
    Kind.STOPS: ("#D55E00", "#000000"),
    Kind.NEEDS_INPUT: ("#E69F00", "#000000"),
    Kind.STARTS: ("#009E73", "#000000"),
    Kind.SERVICE: ("#0072B2", "#FFFFFF"),
    Kind.SERVER: ("#56B4E9", "#000000"),
    Kind.ACCOUNT: ("#CC79A7", "#000000"),
    Kind.SENDER: ("#F0E442", "#000000"),
    Kind.OTHER: ("#5C5C5C", "#FFFFFF"),
    Kind.SAME: ("#C9CED4", "#000000"),
}
"""TABLE: the colour of every kind of effect, and of the number on it; the kind always stands beside it in words."""

WIDTH = 560
_FONT = "system-ui, 'DejaVu Sans', sans-serif"
_INK, _PAPER = "#1B2430", "#FFFFFF"
_WORKS, _FAILS = "#0072B2", "#D55E00"
_NARROW = frozenset("fijlrtI.,:;'|!()[] ")


def _words(x: float, y: float, words: str, *, size: int = 13, **more: str) -> Markup:
    given = {"fill": _INK, "class_": "ink", "text_anchor": "start", **more}
    return tag("text", words, x=_round(x), y=_round(y), font_size=size, **given)


def _round(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _fitting(words: str, width: float) -> str:
    """Words as they fit into a width at size 13, cut with a mark; letters are guessed, none is measured."""
    sizes = accumulate(
        4.3 if letter in _NARROW else 7.6 if letter.islower() or letter.isdigit() else 9.4 for letter in words
    )
    fits = sum(size <= width for size in sizes)
    return words if fits == len(words) else words[: max(fits - 1, 1)].rstrip() + "…"


def _picture(name: str, title: str, told: str, height: float, drawn: Sequence[Markup]) -> Markup:
    return tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", told, id=f"{name}-told"),
        *drawn,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {_round(height)}",
        role="img",
        aria_labelledby=f"{name}-title {name}-told",
        font_family=_FONT,
        class_="picture",
    )


def told(picture: Markup) -> str:
    """What a picture shows, in words."""
    return unescape(picture.partition("<desc")[2].partition(">")[2].partition("</desc>")[0])


# From the old way to the new one: nodes on both sides, ribbons between them.

_SIDE, _NODE, _GAP, _LEAST, _MOST = 158, 9, 14, 36, 230


class _Node(NamedTuple):
    way: Way
    top: float
    height: float
    number: int


def old_to_new(report: MigrationReport) -> Markup:
    """How many take each path from the old way of sending to the new one, as ribbons."""
    paths = report.paths
    before, after = _nodes(paths, "before"), _nodes(paths, "after")
    bottom = max((node.top + node.height for node in (*before.values(), *after.values())), default=26.0) + 14
    drawn = [
        _words(_SIDE, 14, "Before", text_anchor="end", font_weight="bold"),
        _words(WIDTH - _SIDE, 14, "After", font_weight="bold"),
        *_ribbons(paths, before, after),
        *(part for node in before.values() for part in _node(node, left=True)),
        *(part for node in after.values() for part in _node(node, left=False)),
        *(part for place, works in enumerate((True, False)) for part in _way_legend(place, bottom, works=works)),
    ]
    told = "; ".join(f"{p.before.name} to {p.after.name}: {p.number}" for p in paths) or "nobody is concerned"
    return _picture("old-to-new", report.paths_table.title, f"{told}.", bottom + 18, drawn)


def _way_legend(place: int, top: float, *, works: bool) -> Iterator[Markup]:
    x = _SIDE + 6 + place * 120
    fill, name = (_WORKS, "works") if works else (_FAILS, "fails")
    yield tag("rect", x=x, y=_round(top), width=13, height=13, fill=fill, class_=name)
    yield _words(x + 19, top + 11, "can send" if works else "cannot send")


def _nodes(paths: Sequence[Path], side: Literal["before", "after"]) -> dict[Way, _Node]:
    ends = [(path.before if side == "before" else path.after, path.number) for path in paths]
    counted: dict[Way, int] = {}
    for way, count in sorted(ends, key=lambda end: (not end[0].works, end[0].name)):
        counted[way] = counted.get(way, 0) + count
    total = sum(counted.values())
    heights = [max(_LEAST, _MOST * count / total) for count in counted.values()]
    tops = accumulate((height + _GAP for height in heights), initial=26.0)
    rows = zip(counted.items(), tops, heights, strict=False)
    return {way: _Node(way, top, height, count) for (way, count), top, height in rows}


def _node(node: _Node, *, left: bool) -> Iterator[Markup]:
    edge = _SIDE if left else WIDTH - _SIDE
    fill, name = (_WORKS, "works") if node.way.works else (_FAILS, "fails")
    x = edge + 6 if left else edge - 6 - _NODE
    yield tag("rect", x=x, y=_round(node.top), width=_NODE, height=_round(node.height), fill=fill, class_=name)
    anchor = "end" if left else "start"
    middle = node.top + node.height / 2
    yield _words(edge, middle - 3, _fitting(node.way.name, _SIDE - 6), text_anchor=anchor)
    yield _words(edge, middle + 14, f"{node.number:,}", font_weight="bold", text_anchor=anchor)


def _ribbons(paths: Sequence[Path], before: dict[Way, _Node], after: dict[Way, _Node]) -> Iterator[Markup]:
    taken: dict[tuple[bool, Way], float] = {}

    def place(node: _Node, count: int, *, left: bool) -> tuple[float, float]:
        start = taken.get((left, node.way), node.top)
        end = start + node.height * count / node.number
        taken[left, node.way] = end
        return start, end

    order = {way: place for place, way in enumerate(after)}
    first = {way: place for place, way in enumerate(before)}
    left, right = _SIDE + 6 + _NODE, WIDTH - _SIDE - 6 - _NODE
    middle = (left + right) // 2
    for path in sorted(paths, key=lambda path: (first[path.before], order[path.after])):
        a, b = map(_round, place(before[path.before], path.number, left=True))
        c, d = map(_round, place(after[path.after], path.number, left=False))
        curve = f"M{left} {a}C{middle} {a} {middle} {c} {right} {c}V{d}C{middle} {d} {middle} {b} {left} {b}Z"
        fill, name = (_WORKS, "works") if path.after.works else (_FAILS, "fails")
        words = tag("title", f"{path.before.name} to {path.after.name}: {path.number:,}")
        yield tag("path", words, d=curve, fill=fill, fill_opacity="0.32", class_=name)


# Effects by branch and kind: one bar for each branch.

_LABEL, _ROW, _BAR = 132, 26, 18


def by_branch(report: MigrationReport) -> Markup:
    """How many of each branch every kind of effect concerns, as bars."""
    used = [i for i in range(len(report.kinds)) if any(branch.counts[i] for branch in report.branches)]
    most = max((sum(branch.counts) for branch in report.branches), default=0)
    legend, top = _legend([report.kinds[i] for i in used])
    drawn = list(legend)
    for number, branch in enumerate(report.branches):
        drawn += _bar(branch, report.kinds, most, top + number * _ROW)
    told = "; ".join(
        f"{branch.name}: {', '.join(f'{branch.counts[i]} {report.kinds[i]}' for i in used if branch.counts[i])}"
        for branch in report.branches
    )
    height = top + len(report.branches) * _ROW
    return _picture("by-branch", report.branches_table.title, f"{told or 'nobody is concerned'}.", height, drawn)


def _legend(kinds: Sequence[str]) -> tuple[list[Markup], float]:
    across = 3
    drawn = []
    for number, kind in enumerate(kinds):
        x, y = (number % across) * (WIDTH / across), 4 + (number // across) * 20
        drawn.append(_swatch(x, y, 13, 13, kind))
        drawn.append(_words(x + 19, y + 11, _fitting(kind, WIDTH / across - 24)))
    return drawn, 12.0 + -(-len(kinds) // across) * 20


def _swatch(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    return tag(
        "rect", tag("title", kind), x=_round(x), y=_round(y), width=_round(width), height=_round(height),
        fill=COLOURS[kind][0], stroke=_PAPER, stroke_width=1, class_="swatch",
    )  # fmt: skip


def _bar(branch: Branch, kinds: Sequence[str], most: int, top: float) -> Iterator[Markup]:
    full = tag("title", branch.name)
    words = join([full, _fitting(branch.name, _LABEL - 10)])
    yield _words(_LABEL - 8, top + 14, words, text_anchor="end")
    x, scale = float(_LABEL), (WIDTH - _LABEL - 16 - 9 * len(f"{most:,}")) / max(most, 1)
    for kind, count in zip(kinds, branch.counts, strict=True):
        if not count:
            continue
        width = max(count * scale, 2.5)
        yield _swatch(x, top, width, _BAR, kind)
        if width >= 8 * len(f"{count:,}") + 6:
            fill, middle = COLOURS[kind][1], x + width / 2
            number = f"{count:,}"
            yield _words(middle, top + 13, number, size=11, fill=fill, class_="on-bar", text_anchor="middle")
        x += width
    yield _words(x + 6, top + 14, f"{sum(branch.counts):,}", font_weight="bold")
