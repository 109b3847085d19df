"""What every measurement keeps: a line of JSON per comparison, all of one form."""

from __future__ import annotations

import json
import math
import os
import platform
import shlex
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

PAUSE, QUIET = 0.5, 0.1
"""Seconds in which we do nothing, and the seconds of CPU up to which nobody else did anything to speak of."""


def machine() -> str:
    """What was measured on, in words that say nothing of when and where."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return f"{os.cpu_count()} cores, {pages / 2**30:.0f} GiB, {system}, CPython {platform.python_version()}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one thing takes us, and what it takes one rival; a row for every rival, and one without if there is none."""

    question: str
    """One picture of docs/performance.md."""
    case: str = ""
    """What is told apart within the picture, besides size."""
    size: int
    things: str = "users"
    unit: str
    """Of `ours`, `rival` and their CPU: s or ms."""
    ours: float
    ours_cpu: float | None = None
    ours_peak_mib: float | None = None
    rival_name: str = ""
    rival: float | None = None
    rival_cpu: float | None = None
    rival_peak_mib: float | None = None
    limit: float | None = None
    """The goal: the most that ours may be of the rival's; where there is no rival, the most that ours may be."""
    limit_mib: float | None = None
    """The goal for memory: the most that ours may be."""
    agree: bool | None = True
    """Whether both sides gave the same answer; None where they were not compared."""
    rounds: int
    quiet: bool
    """Whether nothing else was running when it began."""
    command: str
    machine: str = field(default_factory=machine)

    @property
    def ratio(self) -> float | None:
        return None if self.rival is None else round(self.ours / self.rival, 3)

    @property
    def ratio_of_cpu(self) -> float | None:
        return None if not self.rival_cpu or self.ours_cpu is None else round(self.ours_cpu / self.rival_cpu, 3)

    @property
    def most(self) -> float | None:
        """The goal in the row's unit."""
        return None if self.limit is None else self.limit * (1 if self.rival is None else self.rival)

    @property
    def is_reached(self) -> bool:
        return self.most is None or self.ours <= self.most

    @property
    def is_small(self) -> bool:
        """Whether the goal for memory is reached."""
        return self.limit_mib is None or (self.ours_peak_mib is not None and self.ours_peak_mib <= self.limit_mib)


def tell(file: Path | None, row: Row) -> None:
    """Print a row, and keep it."""
    print(shown(row), flush=True)
    keep(file, [row])


def shown(row: Row) -> str:
    """A row as a line of a terminal."""
    what = ", ".join(filter(None, (row.question, row.case, f"{row.size:,} {row.things}")))
    said = [f"{what:<64}  ours {figure(row.ours, row.unit)}"]
    if row.rival is not None:
        of_cpu = "" if row.ratio_of_cpu is None else f" (of CPU {row.ratio_of_cpu:.2f})"
        said.append(f"{row.rival_name} {figure(row.rival, row.unit)}")
        said.append(f"ratio {row.ratio:.2f}{of_cpu}")
    if row.ours_peak_mib is not None:
        said.append(f"{row.ours_peak_mib:.0f} MiB")
    if row.most is not None:
        said.append(f"goal {figure(row.most, row.unit)}: {'reached' if row.is_reached else 'NOT REACHED'}")
    return "   ".join([*said, *(["THE ANSWERS DIFFER"] if row.agree is False else [])])


def figure(value: float, unit: str) -> str:
    """Three figures that matter, or a whole number, and what they are of."""
    places = 0 if value == round(value) else max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{places}f} {unit}"


def keep(file: Path | None, rows: Iterable[Row]) -> None:
    """Append a line per row; without a file, nothing."""
    if file is not None:
        with file.open("a") as opened:
            opened.writelines(json.dumps(_told(row)) + "\n" for row in rows)


def _told(row: Row) -> dict[str, Any]:
    figures = {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(row).items()}
    return {**figures, "ratio": row.ratio, "ratio_of_cpu": row.ratio_of_cpu}


def kept(file: Path) -> list[Row]:
    """The rows of a file, each where it stood first, as it was said last."""
    names = {each.name for each in fields(Row)}
    found: dict[tuple[object, ...], Row] = {}
    for line in file.read_text().splitlines():
        row = Row(**{name: value for name, value in json.loads(line).items() if name in names})
        found[row.question, row.case, row.size, row.things, row.rival_name] = row
    return list(found.values())


def settle(file: Path) -> None:
    """Leave out of a file what was said again later."""
    settled = "".join(json.dumps(_told(row)) + "\n" for row in kept(file))
    file.write_text(settled)


def is_quiet() -> bool:
    """Whether nothing else is running to speak of. The load would not say: it still counts what we did ourselves."""
    before = _worked()
    time.sleep(PAUSE)
    return _worked() - before < QUIET


def _worked() -> float:
    """Seconds all cores together have worked; see proc_stat(5)."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().split()[1:9]]
    idle, waiting = ticks[3:5]
    return (sum(ticks) - idle - waiting) / os.sysconf("SC_CLK_TCK")


def command(prog: str, words: Sequence[str], pythons: Iterable[str] = ()) -> str:
    """The command that makes a row again: without the file it was kept in, and without where a rival's Python is."""
    said, left = iter(words), prog.split()
    apart = set(pythons)
    for word in said:
        if word == "--json":
            next(said, None)
        elif not word.startswith("--json="):
            option, equals, value = word.rpartition("=")
            left.append(f"{option}{equals}PYTHON" if value in apart else word)
    return shlex.join(left)
