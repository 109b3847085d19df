"""Charts and the table of docs/performance.md, out of kept rows: python -m benchmarks.charts [ROWS] [DOCS].

Law: the same rows draw the same bytes.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

from .__main__ import QUESTIONS

Row = dict[str, Any]

LIMIT = 0.5
"""The most of DuckDB's time that is the goal for every question."""
OURS, RIVAL, RED = "#2a6f97", "#b0b7bd", "#c1121f"


def main(rows: str = "docs/performance/rows.jsonl", docs: str = "docs") -> None:
    found = [json.loads(line) for line in Path(rows).read_text().splitlines()]
    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "mailadmin", "font.size": 9, "svg.fonttype": "none"}
    folder, page = Path(docs) / "performance", Path(docs) / "performance.md"
    for question in QUESTIONS:
        mine = [row for row in found if row.get("question") == question and row["overrides"] < 0.5]
        if mine:
            _bars(question, mine, folder / f"{_file(question)}.svg")
    _curve([row for row in found if "question" in row and row["overrides"] < 0.5], folder / "curve.svg")
    page.write_text(_drawn(page.read_text(), "figures", _figures(found)))


def _bars(question: str, rows: Sequence[Row], file: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 2.6), layout="constrained")
    for axes, row in zip(figure.subplots(1, len(rows), squeeze=False)[0], rows, strict=True):
        ours, rival = row["ours_seconds"], row["rival_seconds"]
        axes.bar(("mailadmin", "DuckDB"), (ours, rival), color=(OURS, RIVAL), width=0.6)
        axes.axhline(rival * LIMIT, color=RED, linewidth=1, label="limit")
        axes.set_title(f"{row['users']:,} users: {row['ratio']:.2f}", fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("seconds")
    figure.axes[-1].legend(frameon=False, fontsize=8)
    _save(figure, file)


def _curve(rows: Sequence[Row], file: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    for question in QUESTIONS:
        mine = sorted((r["users"], r["ours_seconds"]) for r in rows if r["question"] == question)
        axes.plot(*zip(*mine, strict=True), marker="o", markersize=3, label=question)
    theirs = sorted((r["users"], r["rival_seconds"]) for r in rows if r["question"] == "effective")
    axes.plot(*zip(*theirs, strict=True), color=RIVAL, linestyle="--", label="effective, DuckDB")
    axes.set(xscale="log", yscale="log", xlabel="users", ylabel="seconds")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    _save(figure, file)


def _save(figure: Any, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, format="svg", metadata={"Date": None})


def _file(question: str) -> str:
    return "-".join(re.findall(r"\w+", question))


def _figures(rows: Iterable[Row]) -> Iterator[str]:
    rows = list(rows)
    yield "| question | users | own values | ours s | DuckDB s | ratio | of CPU | ours MiB | DuckDB MiB |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for row in rows:
        if "question" in row:
            busy = "" if row["quiet"] else " \\*"
            yield (
                f"| {row['question']}{busy} | {row['users']:,} | {row['overrides']:.0%} | {row['ours_seconds']:.3f} "
                f"| {row['rival_seconds']:.3f} | {row['ratio']:.2f} | {row['ratio_of_cpu']:.2f} "
                f"| {row['ours_peak_mib']:.0f} | {row['rival_peak_mib']:.0f} |"
            )
    if not all(row.get("quiet", True) for row in rows):
        yield "\n\\* something else was running: the ratio of CPU is the one to read."
    yield "\n| one answer | among | first ms | warm ms |\n|---|--:|--:|--:|"
    for row in rows:
        if "interactive" in row:
            yield f"| {row['interactive']} | {row['users']:,} | {row['first_ms']:.0f} | {row['warm_ms']:.1f} |"
    yield "\n| start | ms | over a bare interpreter |\n|---|--:|--:|"
    for row in rows:
        if "start" in row:
            yield f"| {row['start']} | {row['ms']:.0f} | {row['over_bare_ms']:.0f} |"


def _drawn(page: str, name: str, lines: Iterable[str]) -> str:
    """The page with what stands between its marks drawn again."""
    begin, end = f"<!-- drawn: {name} -->\n", "<!-- end -->"
    before, _, rest = page.partition(begin)
    return before + begin + "\n".join(lines) + "\n" + end + rest.partition(end)[2]


if __name__ == "__main__":
    main(*sys.argv[1:])
