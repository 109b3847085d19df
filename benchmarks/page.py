"""docs/performance.md: what stands between its marks is drawn anew out of the rows, the words around it are left."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from .rows import Row, figure

FOLDER = "performance"
"""Where the pictures are, beside the page."""
CURVES: dict[str, tuple[str, ...]] = {
    "curve": ("effective", "effective, lines", "effects", "permission audit"),
    "snapshot curve": ("snapshot",),
    "fleet curve": ("fleet",),
}
"""TABLE: the pictures of how it grows, and the questions in them."""
SIZES = 3
"""As many as make a curve."""
Panels = dict[str, list[Row]]


def file_name(name: str) -> str:
    return "-".join(re.findall(r"\w+", name)).lower() + ".svg"


def questions(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Every question's rows."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.question, []).append(row)
    return found


def cases(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """Every case's rows."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.question, row.case), []).append(row)
    return found


def shown(rows: Iterable[Row]) -> Panels:
    """A picture's panels: every case at the size its goal is for, or else its largest; a row per rival."""
    found: Panels = {}
    for mine in cases(rows).values():
        size = max((row.size for row in mine if row.limit is not None), default=max(row.size for row in mine))
        rivals = [row for row in mine if row.size == size]
        found[title(rivals[0])] = rivals
    return found


def growing(rows: Iterable[Row], asked: Sequence[str]) -> Panels:
    """A curve's panels, each in the order of size; beside whom the goal is, else the quickest at the largest."""
    found: Panels = {}
    for (question, case), mine in cases(row for row in rows if row.question in asked).items():
        largest = max(row.size for row in mine)
        quickest = min((row for row in mine if row.size == largest), key=lambda row: row.rival or 0)
        beside = next((row.rival_name for row in mine if row.limit is not None), quickest.rival_name)
        steps = sorted((row for row in mine if row.rival_name == beside), key=lambda row: row.size)
        if len(steps) >= SIZES:
            found[question if len(asked) > 1 else case] = steps
    return found


def title(row: Row) -> str:
    """What a panel, or a line of the table, is about."""
    return ", ".join(filter(None, (row.case, sized(row))))


def sized(row: Row) -> str:
    """How many of what; nothing of one."""
    return f"{row.size:,} {row.things}" if row.size > 1 else ""


def write(file: Path, rows: Sequence[Row]) -> None:
    """Draw the page anew; a question it has no place for is an error."""
    drawn = {"goals": _goals(rows), "machine": _machine(rows)}
    drawn |= {question: _section(question, mine) for question, mine in questions(rows).items()}
    drawn |= {name: _grown(name, growing(rows, asked)) for name, asked in CURVES.items()}
    text = file.read_text()
    if missing := [name for name, block in drawn.items() if block and f"<!-- drawn: {name} -->" not in text]:
        raise SystemExit(f"{file.name} has no place for: {', '.join(missing)}")

    def block(found: re.Match[str]) -> str:
        return f"{found[1]}{drawn.get(found[2]) or 'Not measured yet.'}\n<!-- end -->"

    file.write_text(re.sub(r"(<!-- drawn: (.+?) -->\n).*?<!-- end -->", block, text, flags=re.DOTALL))


def _section(question: str, rows: Sequence[Row]) -> str:
    said = [f"![{_alt(question, rows)}]({FOLDER}/{file_name(question)})", "", *_table(rows), ""]
    return "\n".join([*said, *(f"    {command}" for command in dict.fromkeys(row.command for row in rows))])


def _alt(question: str, rows: Sequence[Row]) -> str:
    """What the picture shows, in words."""
    panels = []
    for name, mine in shown(rows).items():
        said = [f"mailadmin {figure(mine[0].ours, mine[0].unit)}"]
        said += [f"{row.rival_name} {figure(row.rival, row.unit)}" for row in mine if row.rival is not None]
        said += [f"goal {figure(row.most, row.unit)}" for row in mine if row.most is not None]
        panels.append(f"{name}: {', '.join(said)}" if name else ", ".join(said))
    return f"{question}. {'; '.join(panels)}"


def _grown(name: str, panels: Panels) -> str:
    if not panels:
        return ""
    time = _steps(panels, lambda row: figure(row.ours, row.unit))
    pictures = [f"![{name}. {time}]({FOLDER}/{file_name(name)})"]
    if has_memory(panels):
        memory = _steps(panels, lambda row: f"{row.ours_peak_mib:.0f} MiB")
        pictures.append(f"![{name} of memory. {memory}]({FOLDER}/{file_name(f'{name} of memory')})")
    return "\n\n".join(pictures)


def _steps(panels: Panels, said: Callable[[Row], str]) -> str:
    """A curve in words."""
    lines = (f"{label}: {', '.join(f'{row.size:,} {said(row)}' for row in rows)}" for label, rows in panels.items())
    return "; ".join(lines)


def has_memory(panels: Mapping[str, Sequence[Row]]) -> bool:
    return all(row.ours_peak_mib is not None for rows in panels.values() for row in rows)


Column = tuple[str, str, Callable[[Row], str]]
_COLUMNS: tuple[Column, ...] = (
    ("", "---", lambda row: title(row) + _marks(row)),
    ("ours", "--:", lambda row: figure(row.ours, row.unit)),
    ("beside", "---", lambda row: row.rival_name),
    ("theirs", "--:", lambda row: "" if row.rival is None else figure(row.rival, row.unit)),
    ("ratio", "--:", lambda row: "" if row.ratio is None else f"{row.ratio:.2f}"),
    ("of CPU", "--:", lambda row: "" if row.ratio_of_cpu is None else f"{row.ratio_of_cpu:.2f}"),
    ("ours, MiB", "--:", lambda row: "" if row.ours_peak_mib is None else f"{row.ours_peak_mib:.0f}"),
    ("theirs, MiB", "--:", lambda row: "" if row.rival_peak_mib is None else f"{row.rival_peak_mib:.0f}"),
    ("goal", "---", lambda row: "" if row.limit is None else f"{_goal(row)}: {_reached(row.is_reached)}"),
)
"""TABLE: a table's columns; one that would be empty is left out."""


def _table(rows: Sequence[Row]) -> Iterator[str]:
    columns = [column for column in _COLUMNS if any(map(column[2], rows))]
    yield _line(name for name, _, _ in columns)
    yield f"|{'|'.join(rule for _, rule, _ in columns)}|"
    yield from (_line(text(row) for _, _, text in columns) for row in rows)
    yield from _notes(rows)


def _notes(rows: Sequence[Row]) -> Iterator[str]:
    if not all(row.quiet for row in rows):
        yield "\n\\* something else was running: the ratio of CPU is the one to read."
    if any(row.agree is None for row in rows):
        yield "\n† the answers were not compared."
    if any(row.agree is False for row in rows):
        yield "\n**The answers differ.**"


def _marks(row: Row) -> str:
    return ("" if row.quiet else " \\*") + (" †" if row.agree is None else "")


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _goal(row: Row) -> str:
    limit = row.limit or 0
    return f"{limit:g} × {row.rival_name}" if row.rival is not None else figure(limit, row.unit)


def _reached(is_reached: bool) -> str:
    return "reached" if is_reached else "**not reached**"


def _goals(rows: Sequence[Row]) -> str:
    """Every goal, and where we are."""
    aimed = [row for row in rows if row.limit is not None or row.limit_mib is not None]
    head = (_line(("question", "goal: at most", "measured", "")), "|---|---|--:|---|")
    return "\n".join((*head, *_standing(aimed), *_notes(aimed)))


def _standing(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        name = ", ".join(filter(None, (row.question, title(row)))) + _marks(row)
        if row.limit is not None:
            measured = f"{row.ratio:.2f} ×" if row.ratio is not None else figure(row.ours, row.unit)
            yield _line((name, _goal(row), measured, _reached(row.is_reached)))
        if row.limit_mib is not None:
            memory = (f"{row.limit_mib:.0f} MiB", f"{row.ours_peak_mib or 0:.0f} MiB")
            yield _line((f"{name}: memory", *memory, _reached(row.is_small)))


def _machine(rows: Sequence[Row]) -> str:
    return "Measured on: " + "; ".join(dict.fromkeys(row.machine for row in rows)) + "."
