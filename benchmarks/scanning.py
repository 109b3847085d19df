"""python -m benchmarks.scanning [--files 2000] [--kilobytes 100] [--rounds 9] [--json FILE]: scanning beside rg."""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import platform
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from mailadmin.domain.legacy import OBSOLETED

NAMES = sorted({member.name for member in OBSOLETED})
WORDS = (
    "Public Function Main source As Object Dim Client finBL Account Email EmailAddress SmtpClient Return True False "
    "If Then Else End Sub Private ScriptInfo requestInfo Select Case eventId Runtime WebUtilities Message Server Port "
    "Name Value String Integer For Each Next Not Nothing AndAlso Log Add Send Recipient Mail"
)
ONE_HIT_IN = 50


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scanning", description=__doc__)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--kilobytes", type=int, default=100, help="of each file")
    parser.add_argument("--rounds", type=int, default=9, help="how often each side is run")
    parser.add_argument("--json", type=Path, help="append a JSON line per side to this file")
    given = parser.parse_args()
    if shutil.which("rg") is None:
        print("left out: rg, for want of Debian's ripgrep")
        return 0
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="mailadmin-benchmark-") as folder:
        make(Path(folder), given.files, given.kilobytes * 1000)
        sides = {"ours": ours(folder), "rg": rg(folder)}
        runs = {label: [run(command)] for label, command in sides.items()}  # the disk is read, once, by both
        same = lines_of_ours(runs["ours"][0].said) == lines_of_rg(runs["rg"][0].said)
        found = len(lines_of_rg(runs["rg"][0].said))
        runs = {label: [] for label in sides}
        for _ in range(given.rounds):
            for label, command in sides.items():
                runs[label].append(run(command))
    tell(runs, given.json)
    print(f"{found} lines in {given.files:,} files; " + ("both found the same" if same else "THE ANSWERS DIFFER"))
    print(f"load {os.getloadavg()[0]:.1f}")
    return 0 if same and found else 1


def make(folder: Path, files: int, size: int) -> None:
    """Scripts made up from a seed: words of such scripts, half of them about mail, and a member in every fiftieth."""
    dice = random.Random(6)  # noqa: S311
    words = WORDS.split()
    pool = [" ".join(dice.choices(words, k=dice.randint(3, 12))) for _ in range(20_000)]
    for number in range(files):
        lines = dice.choices(pool, k=size // 60)
        if number % ONE_HIT_IN == 0:
            name = dice.choice(NAMES)
            lines[len(lines) // 2] = f"x = finSettings.{name if number % 3 else name.lower()}"
        file = folder / f"{number % 40:02}" / f"{number:05}.vb"
        file.parent.mkdir(exist_ok=True)
        file.write_text("\r\n".join(lines))


def ours(folder: str) -> list[str]:
    return [str(Path(sys.executable).with_name("mailadmin")), "scan", folder, "--format", "csv"]


def rg(folder: str) -> list[str]:
    """All files, whatever an ignore file says, and the same names as whole words in any case."""
    return ["rg", "-uu", "--ignore-case", "--word-regexp", "--line-number", "--no-heading", "|".join(NAMES), folder]


class Run(NamedTuple):
    """A whole process: seconds, seconds of CPU with its children, and what it said."""

    wall: float
    cpu: float
    said: str


def run(command: list[str]) -> Run:
    before, started = _cpu(), time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Run(time.perf_counter() - started, _cpu() - before, done.stdout)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def lines_of_ours(said: str) -> set[tuple[str, int]]:
    return {(row["file"], int(row["line"])) for row in csv.DictReader(io.StringIO(said, newline=""))}


def lines_of_rg(said: str) -> set[tuple[str, int]]:
    return {(m[1], int(m[2])) for m in re.finditer(r"^(.+?):(\d+):", said, re.MULTILINE)}


def tell(runs: dict[str, list[Run]], file: Path | None) -> None:
    figures = {
        label: (median(r.wall for r in taken), min(r.wall for r in taken), median(r.cpu for r in taken))
        for label, taken in runs.items()
    }
    print(f"{'seconds':<10}{'median':>9}{'best':>9}{'CPU':>9}{'ours / rg':>14}{'of best':>9}{'of CPU':>9}")
    for label, mine in figures.items():
        ratios = [round(a / b, 2) for a, b in zip(figures["ours"], mine, strict=True)]
        seconds = "".join(f"{figure:>9.3f}" for figure in mine)
        print(f"{label:<10}{seconds}{ratios[0]:>14.2f}{ratios[1]:>9.2f}{ratios[2]:>9.2f}")
        if file is not None:
            told = {"side": label, "seconds": mine, "ratios": ratios, "rounds": len(runs[label])}
            with file.open("a") as opened:
                opened.write(json.dumps({**told, "load": os.getloadavg()[0]}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
