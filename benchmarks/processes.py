"""Whole processes, from their start to their end."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple


class Run(NamedTuple):
    """What a process took, with those it started: seconds, seconds of CPU, MiB at most; and what it said."""

    wall: float
    cpu: float
    peak_mib: float
    said: str


def run(command: Sequence[str]) -> Run:
    """Start a process, and wait for its end."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Run(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, said)


def alternating(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Run]:
    """The medians of each, in turn: what disturbs one round disturbs all of it. What is said is the last."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command))
    return {
        name: Run(
            median(each.wall for each in taken),
            median(each.cpu for each in taken),
            median(each.peak_mib for each in taken),
            taken[-1].said,
        )
        for name, taken in runs.items()
    }
