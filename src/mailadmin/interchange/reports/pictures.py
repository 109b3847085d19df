"""The pictures of a report as SVG: drawn by hand, the same bytes every time, readable without colour.

Laws: every number stands in the picture as text, and all of it in its description; colours are those of Okabe and Ito,
which colour-blind people can tell apart; a class beside each colour lets a page choose another for the dark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import unescape
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from .colours import COLOURS, PLAIN
from .content import Bar, Bars, Path, Picture, Ribbons, Way
from .markup import Markup, join, tag

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


def _size(letter: str) -> float:
    """About how wide a letter is at size 13; letters are guessed, none is measured."""
    return 4.3 if letter in _NARROW else 7.6 if letter.islower() or letter.isdigit() else 9.8


def _fitting(words: str, width: float) -> str:
    """Words as they fit into a width at size 13, cut with a mark."""
    fits = sum(size <= width for size in accumulate(map(_size, words)))
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


def _flows(picture: Ribbons) -> Markup:
    paths = picture.paths
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
    return _picture(picture.name, picture.title, f"{told}.", bottom + 18, drawn)


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


# A bar for each thing, divided by kind.

_LABEL, _LONGEST, _ROW, _BAR = 132, 240, 26, 18


def _divided(picture: Bars) -> Markup:
    used, kinds = picture.used, picture.kinds
    most = max((sum(bar.counts) for bar in picture.bars), default=0)
    legend, top = _legend([kinds[i] for i in used]) if len(kinds) > 1 else ([], 4.0)
    drawn, label = list(legend), _label(picture.bars)
    for number, bar in enumerate(picture.bars):
        drawn += _bar(bar, kinds, most, top + number * _ROW, label)
    told = "; ".join(
        f"{bar.name}: {', '.join(f'{bar.counts[i]} {kinds[i]}' for i in used if bar.counts[i]) or 'none'}"
        for bar in picture.bars
    )
    height = top + max(len(picture.bars), 1) * _ROW
    return _picture(picture.name, picture.title, f"{told or 'nobody is concerned'}.", height, drawn)


def _label(bars: Sequence[Bar]) -> int:
    """The width of what stands beside the bars."""
    longest = max((sum(map(_size, bar.name)) for bar in bars), default=0.0)
    return min(max(_LABEL, int(longest) + 14), _LONGEST)


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
        fill=COLOURS.get(kind, PLAIN)[0], stroke=_PAPER, stroke_width=1, class_="swatch",
    )  # fmt: skip


def _bar(bar: Bar, kinds: Sequence[str], most: int, top: float, label: int) -> Iterator[Markup]:
    full = tag("title", bar.name)
    words = join([full, _fitting(bar.name, label - 10)])
    yield _words(label - 8, top + 14, words, text_anchor="end")
    x, scale = float(label), (WIDTH - label - 16 - 9 * len(f"{most:,}")) / max(most, 1)
    for kind, count in zip(kinds, bar.counts, strict=True):
        if not count:
            continue
        width = max(count * scale, 2.5)
        yield _swatch(x, top, width, _BAR, kind)
        if width >= 8 * len(f"{count:,}") + 6:
            fill, middle = COLOURS.get(kind, PLAIN)[1], x + width / 2
            number = f"{count:,}"
            yield _words(middle, top + 13, number, size=11, fill=fill, class_="on-bar", text_anchor="middle")
        x += width
    yield _words(x + 6, top + 14, f"{sum(bar.counts):,}", font_weight="bold")


DRAWN: Mapping[type[Picture], Callable[[Any], Markup]] = {Ribbons: _flows, Bars: _divided}
"""TABLE: how every picture is drawn."""


def draw(picture: Picture) -> Markup:
    """The picture as SVG."""
    return DRAWN[type(picture)](picture)
