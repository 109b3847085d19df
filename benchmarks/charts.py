"""The pictures and tables of docs/performance.md, out of kept rows: python -m benchmarks.charts [ROWS] [DOCS].

Law: the same rows draw the same bytes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl

from . import page
from .page import CURVES, Panels
from .rows import Row, figure, kept

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OURS, RIVAL, GOAL, INK, PALE = "#1f5f8b", "#a9b4be", "#b3261e", "#1b1f23", "#d0d7de"
WIDTH = 7.2
"""Inches: as wide as a page of text."""
BAR, HEAD = 0.24, 0.3
"""The height of a bar, and of what stands above the bars of a panel."""
UNDER = {"facecolor": "white", "edgecolor": "none", "pad": 1}
"""A figure is readable where the line of the goal crosses it."""
STYLE: Any = {
    "svg.hashsalt": "mailadmin",
    "svg.fonttype": "path",  # looks the same where the font is not installed
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": PALE,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.constrained_layout.h_pad": 0.07,
    "figure.constrained_layout.w_pad": 0.1,
    "xtick.color": INK,
    "ytick.color": INK,
}


def main(rows: str = "docs/performance/rows.jsonl", docs: str = "docs") -> None:
    found = kept(Path(rows))
    folder = Path(docs) / page.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    mpl.use("svg")
    with mpl.rc_context(STYLE):
        for question, mine in page.questions(found).items():
            _save(_bars(_panels(page.shown(mine))), folder / page.file_name(question))
        for name, asked in CURVES.items():
            if panels := page.growing(found, asked):
                _save(_time(panels), folder / page.file_name(name))
                if page.has_memory(panels):
                    _save(_memory(panels), folder / page.file_name(f"{name} of memory"))
    page.write(Path(docs) / "performance.md", found)


class Panel(NamedTuple):
    """Bars to one scale."""

    title: str
    bars: Mapping[str, float]
    unit: str
    ours: int
    """So many of the bars, the first ones."""
    goal: float | None = None


def _bars(panels: Iterable[Panel]) -> Figure:
    """A panel per case, each to a scale of its own: ours, the rivals, and the goal as a line."""
    from matplotlib.figure import Figure

    panels = list(panels)
    heights = [HEAD + BAR * (1 + len(panel.bars) + (panel.goal is not None)) for panel in panels]
    drawn = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    every = drawn.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, panel in zip(every, panels, strict=True):
        _draw(axes, panel)
    return drawn


def _panels(shown: Panels) -> Iterator[Panel]:
    """What there is to compare, case by case; then what stands alone, side by side."""
    alone: dict[tuple[str, str], dict[str, float]] = {}
    for title, rows in shown.items():
        first, goal = rows[0], next((row.most for row in rows if row.most is not None), None)
        rivals = {row.rival_name: row.rival for row in rows if row.rival is not None}
        if rivals or goal is not None:
            yield Panel(title, {"mailadmin": first.ours} | rivals, first.unit, 1, goal)
        else:
            alone.setdefault((page.sized(first), first.unit), {})[first.case or "mailadmin"] = first.ours
    for (title, unit), bars in alone.items():
        yield Panel(title, bars, unit, len(bars))


def _draw(axes: Axes, panel: Panel) -> None:
    values, goal = [*panel.bars.values()], panel.goal
    colours = [OURS] * panel.ours + [RIVAL] * (len(values) - panel.ours)
    bars = axes.barh([*panel.bars], values, color=colours, height=0.72)
    axes.bar_label(bars, [figure(value, panel.unit) for value in values], padding=3, bbox=UNDER)
    scale = max(*values, goal or 0) * 1.16
    lowest = len(values) - 0.5
    if goal is not None:
        axes.plot([goal, goal], [-0.5, lowest], color=GOAL, linewidth=1.4)
        side = "right" if goal > scale / 2 else "left"
        axes.text(goal, lowest + 0.1, f"goal {figure(goal, panel.unit)}", color=GOAL, va="top", ha=side)
        lowest += 0.75
    axes.set(title=panel.title, xlim=(0, scale), ylim=(lowest, -0.5), xticks=[])
    axes.tick_params(left=False)
    axes.spines["bottom"].set_visible(False)


def _time(panels: Panels) -> Figure:
    """How the seconds grow, and how they would if they grew with the size alone."""

    def draw(axes: Axes, rows: list[Row]) -> None:
        sizes, ours = [row.size for row in rows], [row.ours for row in rows]
        linear = [ours[-1] * size / sizes[-1] for size in sizes]
        axes.plot(sizes, linear, color=INK, linewidth=0.8, linestyle=":", label="linear")
        _lines(axes, sizes, ours, [row.rival for row in rows], rows[0].rival_name)
        axes.set(yscale="log", ylabel="seconds" if rows[0].unit == "s" else "milliseconds")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")

    return _grid(panels, draw)


def _memory(panels: Panels) -> Figure:
    """How the memory grows."""

    def draw(axes: Axes, rows: list[Row]) -> None:
        sizes = [row.size for row in rows]
        for row in rows:
            if row.limit_mib:
                axes.axhline(row.limit_mib, color=GOAL, linewidth=1.2, label=f"goal at {_short(row.size)}")
        ours = [row.ours_peak_mib or 0 for row in rows]
        _lines(axes, sizes, ours, [row.rival_peak_mib for row in rows], rows[0].rival_name)
        axes.set(ylabel="MiB at most", ylim=(0, None))

    return _grid(panels, draw)


def _lines(axes: Axes, sizes: list[int], ours: list[float], rival: list[float | None], name: str) -> None:
    axes.set_xscale("log")
    theirs = [value for value in rival if value is not None]
    if len(theirs) == len(sizes):
        axes.plot(sizes, theirs, color=RIVAL, marker="o", markersize=3.5, label=name)
    axes.plot(sizes, ours, color=OURS, marker="o", markersize=3.5, label="mailadmin")
    axes.set_xticks(sizes, [_short(size) for size in sizes])
    axes.minorticks_off()


def _grid(panels: Panels, draw: Any) -> Figure:
    """The panels, two in a row, with one key for all."""
    from matplotlib.figure import Figure

    lines = math.ceil(len(panels) / 2)
    drawn = Figure(figsize=(WIDTH, 2.1 * lines + 0.3), layout="constrained")
    every = list(drawn.subplots(lines, 2, squeeze=False).flat)
    while len(every) > len(panels):
        every.pop().remove()
    for axes, (title, rows) in zip(every, panels.items(), strict=True):
        axes.set_title(title)
        draw(axes, rows)
        axes.set_xlabel(rows[0].things)
    key = {label: line for axes in every for line, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    drawn.legend([*key.values()][::-1], [*key][::-1], loc="outside lower center", ncols=len(key), frameon=False)
    return drawn


def _short(size: int) -> str:
    for factor, letter in ((1_000_000, "M"), (1_000, "k")):
        if size >= factor:
            return f"{size / factor:g}{letter}"
    return str(size)


def _save(drawn: Figure, file: Path) -> None:
    drawn.savefig(file, format="svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
