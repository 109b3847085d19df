"""Pictures of the same answers: drawn on their own canvas, readable without colour, told in words as well.

Laws: every picture carries its numbers as text; colours are those of Okabe and Ito, which colour-blind people can tell
apart; drawing changes no setting of matplotlib.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ..domain.keys import visible
from ..migration.effects import Effects
from ..migration.kinds import Kind, way
from ..resolution.explanation import ExplainRow, explain_rows, reason
from ..resolution.provenance import Resolution, Status, Tier

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT, PAPER = "#222222", "#767676", "#FFFFFF"
BLUE, GREEN, ORANGE, VERMILION, SKY, GREY = "#0072B2", "#009E73", "#E69F00", "#D55E00", "#56B4E9", "#B8B8B8"

COLOURS: dict[Kind, str] = {
    Kind.SAME: GREY,
    Kind.STOPS: VERMILION,
    Kind.NEEDS_INPUT: ORANGE,
    Kind.STARTS: GREEN,
    Kind.SERVICE: BLUE,
    Kind.SERVER: BLUE,
    Kind.ACCOUNT: BLUE,
    Kind.SENDER: BLUE,
    Kind.OTHER: SKY,
}
"""TABLE: the colour of every kind of effect; the kind always stands beside it in words."""

_DPI = 144


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure, and what it shows in words: its text form and the alternative text of its image."""

    figure: Figure
    alt: str

    def __repr__(self) -> str:
        return self.alt

    def png(self) -> bytes:
        """The picture as a PNG."""
        out = BytesIO()
        with warnings.catch_warnings():
            # A name in a script no font here knows is drawn as boxes; the text form still says it.
            warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
            self.figure.savefig(out, format="png", dpi=_DPI, facecolor=PAPER)
        return out.getvalue()

    def save(self, file: str | Path) -> None:
        """Write the PNG to a file."""
        Path(file).write_bytes(self.png())

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        width, height = (round(inches * 96) for inches in self.figure.get_size_inches())
        metadata = {"image/png": {"width": width, "height": height, "alt": self.alt}}
        return {"image/png": self.png(), "text/plain": self.alt}, metadata


def effects_by_kind(effects: Effects) -> Picture:
    """How many users and web configurations each kind of effect concerns, as bars."""
    bars = [(str(kind), count, COLOURS[kind]) for kind, count in effects.summary().items() if count]
    return _bars("What happens to users and web configurations", bars)


def methods(answers: Iterable[Resolution]) -> Picture:
    """By which service mail goes out, and for how many it works, as bars."""
    counted = Counter(_way(answer) for answer in answers)
    bars = [(_told(one), counted[one], BLUE if one[1] is Status.READY else ORANGE) for one in _ordered(counted)]
    return _bars("How mail goes out", bars)


def _bars(title: str, bars: Sequence[tuple[str, int, str]]) -> Picture:
    axes = _axes(7.2, 0.45 * max(len(bars), 1), left=2.2, right=0.5, top=0.55)
    labels, counts, colours = zip(*bars, strict=True) if bars else ((), (), ())
    drawn = axes.barh(range(len(bars)), counts, color=colours, height=0.66)
    axes.bar_label(drawn, labels=list(map(str, counts)), padding=5, fontsize=11, color=INK)
    axes.set_yticks(range(len(bars)), labels, fontsize=11, color=INK)
    axes.tick_params(length=0)
    axes.set_xticks([])
    axes.invert_yaxis()
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color(FAINT)
    told = ", ".join(f"{label}: {count}" for label, count, _ in bars) or "nobody is concerned"
    return _picture(axes, title, f"{title}. {told}.")


Way = tuple[str, Status]
"""The service, and whether it works."""


def _way(answer: Resolution) -> Way:
    return way(answer), answer.status


def _told(one: Way) -> str:
    return " ".join(one).strip()


def _ordered(ways: Iterable[Way]) -> list[Way]:
    return sorted(set(ways), key=lambda one: (one[0].casefold(), list(Status).index(one[1])))


def old_to_new(effects: Effects) -> Picture:
    """From the old way of sending (rows) to the new one (columns): how many take each path, and what it means."""
    paths: dict[tuple[Way, Way], Counter[Kind]] = {}
    for subject in effects:
        paths.setdefault((_way(subject.before), _way(subject.after)), Counter())[subject.kind] += 1
    rows, columns = _ordered(old for old, _ in paths), _ordered(new for _, new in paths)
    across, down = max(len(columns), 1), max(len(rows), 1)
    axes = _axes(2.2 + 2.1 * across, 0.85 * down, left=2.1, right=0.1, top=1.1)
    axes.set(xlim=(0, across), ylim=(down, 0))
    for (old, new), found in paths.items():
        _path(axes, columns.index(new), rows.index(old), found)
    _labels(axes, columns, rows, paths)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    title = "From the old way of sending to the new one"
    told = [
        f"{_told(old)} to {_told(new)}: {_kinds(paths[old, new])}"
        for old in rows
        for new in columns
        if (old, new) in paths
    ]
    return _picture(axes, title, f"{title}. {'; '.join(told) or 'Nobody is concerned'}.")


def _labels(
    axes: Axes, columns: Sequence[Way], rows: Sequence[Way], paths: Mapping[tuple[Way, Way], Counter[Kind]]
) -> None:
    old, new = Counter[Way](), Counter[Way]()
    for (before, after), found in paths.items():
        old[before] += found.total()
        new[after] += found.total()
    named = [f"after: {one[0]}\n{one[1]}: {new[one]}" for one in columns]
    axes.xaxis.tick_top()
    axes.set_xticks([i + 0.5 for i in range(len(columns))], named, fontsize=11, color=INK)
    named = [f"before: {one[0]}\n{one[1]}: {old[one]}" for one in rows]
    axes.set_yticks([i + 0.5 for i in range(len(rows))], named, fontsize=11, color=INK)


def _kinds(found: Counter[Kind]) -> str:
    return ", ".join(f"{found[kind]} {kind}" for kind in Kind if found[kind])


def _path(axes: Axes, x: int, y: int, found: Counter[Kind]) -> None:
    from matplotlib.patches import Rectangle

    colour = COLOURS[next(kind for kind in (Kind.STOPS, Kind.NEEDS_INPUT, *_by_number(found)) if found[kind])]
    axes.add_patch(Rectangle((x + 0.02, y + 0.05), 0.96, 0.9, facecolor=colour, alpha=0.3, edgecolor="none"))
    axes.add_patch(Rectangle((x + 0.02, y + 0.05), 0.025, 0.9, facecolor=colour, edgecolor="none"))
    said = [f"{found[kind]} {kind}" for kind in _by_number(found)] if len(found) > 1 else [str(*found)]
    said = said if len(said) < 3 else [said[0], f"and {found.total() - found[_by_number(found)[0]]} otherwise"]
    centred: dict[str, Any] = {"ha": "center", "va": "center", "color": INK}
    axes.text(x + 0.51, y + 0.35, str(found.total()), fontsize=15, weight="bold", **centred)
    axes.text(x + 0.51, y + 0.72, "\n".join(said), fontsize=9, **centred)


def _by_number(found: Counter[Kind]) -> list[Kind]:
    return [kind for kind, _ in found.most_common()]


def tiers(resolution: Resolution) -> Picture:
    """Whom an answer asked, from left to right, and who won."""
    asked: dict[str, list[ExplainRow]] = {}
    for row in explain_rows(resolution):
        asked.setdefault(row.question, []).append(row)
    longest = max([2, *map(len, asked.values())])
    axes = _axes(1.3 + 2.1 * longest, 1.35 * max(len(asked), 1), left=0.1, right=0.0, top=0.65)
    axes.set(xlim=(0, 0.55 + longest), ylim=(max(len(asked), 1), 0))
    axes.set_axis_off()
    told = []
    for line, (question, rows) in enumerate(asked.items()):
        axes.text(0.0, line + 0.5, question.replace(" ", "\n", 1), va="center", fontsize=11, color=INK, weight="bold")
        for place, row in enumerate(rows):
            _tier(axes, 0.55 + place, line, row, last=place == len(rows) - 1)
            told.append(f"{_named(row)} {row.outcome}: {visible(row.reason)}")
    headline = f"{resolution.context}: {resolution.status}"
    title = visible(headline[:1].upper() + headline[1:])
    return _picture(axes, title, f"{title}. {'; '.join(told) or visible(reason(resolution))}.")


def _named(row: ExplainRow) -> str:
    name = row.subject if row.tier == Tier.GLOBAL else f"{row.tier} {row.subject}".strip()
    arrow = f" → {row.cost_centre}" if row.cost_centre and row.cost_centre != row.subject else ""
    return visible(name + arrow)


def _tier(axes: Axes, x: float, y: int, row: ExplainRow, *, last: bool) -> None:
    from matplotlib.patches import FancyBboxPatch

    won = row.outcome == "won"
    edge, fill, ink = (BLUE, BLUE, PAPER) if won else (GREY, PAPER, INK)
    shape = "round,pad=0,rounding_size=0.05"
    box = (x + 0.02, y + 0.07)
    axes.add_patch(FancyBboxPatch(box, 0.84, 0.86, boxstyle=shape, facecolor=fill, edgecolor=edge, linewidth=1.5))
    texts = (
        (0.25, "\n".join(wrap(_named(row), 19, max_lines=2, placeholder=" …")), {"fontsize": 10, "weight": "bold"}),
        (0.47, row.outcome, {"fontsize": 9, "style": "italic"}),
        (0.73, "\n".join(wrap(visible(row.reason), 24, max_lines=3, placeholder=" …")), {"fontsize": 8.5}),
    )
    for down, text, style in texts:
        place = x + 0.44, y + down
        axes.text(*place, text, ha="center", va="center", color=ink, parse_math=False, **style)
    if not last:
        axes.annotate("", (x + 1.0, y + 0.5), (x + 0.88, y + 0.5), arrowprops={"arrowstyle": "->", "color": FAINT})


def _axes(width: float, height: float, *, left: float, right: float, top: float) -> Axes:
    """Axes of that height in a figure of that width, in inches; `pyplot`, which keeps every figure, is not asked."""
    from matplotlib.figure import Figure

    bottom = 0.15
    whole = height + top + bottom
    figure = Figure(figsize=(width, whole))
    return figure.add_axes((left / width, bottom / whole, 1 - (left + right) / width, height / whole))


def _picture(axes: Axes, title: str, alt: str) -> Picture:
    figure: Any = axes.figure
    width, height = figure.get_size_inches()
    lines = "\n".join(wrap(title, int(width * 7.5), max_lines=2, placeholder=" …"))
    figure.text(
        0.12 / width, 1 - 0.12 / height, lines, va="top", fontsize=13, color=INK, weight="bold", parse_math=False
    )
    return Picture(figure, alt)
