"""python -m benchmarks.scanning [--files 2000] [--kilobytes 100] [--rounds 9] [--json FILE]: scanning beside rg."""

from __future__ import annotations

import argparse
import csv
import io
import random
import re
import shutil
import sys
import tempfile
from pathlib import Path

from mailadmin.domain.legacy import OBSOLETED

from . import rows
from .processes import alternating
from .rows import Row

NAMES = sorted({member.name for member in OBSOLETED})
WORDS = (
    "Public Function Main source As Object Dim Client finBL Account Email EmailAddress SmtpClient Return True False "
    "If Then Else End Sub Private ScriptInfo requestInfo Select Case eventId Runtime WebUtilities Message Server Port "
    "Name Value String Integer For Each Next Not Nothing AndAlso Log Add Send Recipient Mail"
)
ONE_HIT_IN = 50
OURS, RG = "ours", "rg"
LIMIT = 3
"""The most of rg's time that is the goal."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scanning", description=__doc__)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--kilobytes", type=int, default=100, help="of each file")
    parser.add_argument("--rounds", type=int, default=9, help="how often each side is run")
    parser.add_argument("--json", type=Path, help="append a JSON line to this file")
    given = parser.parse_args()
    if shutil.which("rg") is None:
        print("left out: rg, for want of Debian's ripgrep")
        return 0
    quiet = rows.is_quiet()
    with tempfile.TemporaryDirectory(prefix="mailadmin-benchmark-") as folder:
        make(Path(folder), given.files, given.kilobytes * 1000)
        sides = {OURS: ours(folder), RG: rg(folder)}
        alternating(sides, 1)  # the disk is read, once, by both
        taken = alternating(sides, given.rounds)
    mine, theirs = taken[OURS], taken[RG]
    found = lines_of_rg(theirs.said)
    row = Row(
        question="scanning",
        case=f"{given.kilobytes} kB each",
        size=given.files,
        things="files",
        unit="s",
        ours=mine.wall,
        ours_cpu=mine.cpu,
        ours_peak_mib=mine.peak_mib,
        rival_name=RG,
        rival=theirs.wall,
        rival_cpu=theirs.cpu,
        rival_peak_mib=theirs.peak_mib,
        limit=LIMIT,
        agree=bool(found) and lines_of_ours(mine.said) == found,
        rounds=given.rounds,
        quiet=quiet,
        command=rows.command(parser.prog, sys.argv[1:]),
    )
    rows.tell(given.json, row)
    return 0 if row.agree else 1


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


def lines_of_ours(said: str) -> set[tuple[str, int]]:
    return {(row["file"], int(row["line"])) for row in csv.DictReader(io.StringIO(said, newline=""))}


def lines_of_rg(said: str) -> set[tuple[str, int]]:
    return {(m[1], int(m[2])) for m in re.finditer(r"^(.+?):(\d+):", said, re.MULTILINE)}


if __name__ == "__main__":
    sys.exit(main())
