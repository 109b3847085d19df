"""From opening to a form one can use: python -m benchmarks.forms [--msticpy PYTHON] [--json FILE].

Three forms as pages of one Voilà, in turn: ours (Configure, on the migrated sample company), a bare form of ipywidgets,
and MpConfigEdit of msticpy, the settings editor for notebooks that is used most. msticpy pins other versions of what we
use, so it stays in an environment of its own, named by its Python.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from mailadmin.bootstrap import connect, sample_folder
from mailadmin.usecases import keeping, migrating

from . import rows
from .rows import Row

WITHIN = 90_000
"""Milliseconds a form may take at most."""


class Side(NamedTuple):
    """A form: what makes it, and a control that is there when it can be used."""

    code: str
    control: str


SIDES: dict[str, Side] = {
    "configure": Side(
        "from mailadmin import forms\nform = forms.configure(forms.open_desk({store!r}))", "select:visible"
    ),
    "compose": Side("from mailadmin import forms\nform = forms.compose(forms.open_desk({store!r}))", "select:visible"),
    "bare ipywidgets": Side(
        "import ipywidgets\n"
        "form = ipywidgets.VBox([ipywidgets.Text(description=f'Field {{i}}') for i in range(20)]\n"
        "    + [ipywidgets.Dropdown(options=['a', 'b']), ipywidgets.Button(description='Save')])",
        "select:visible",
    ),
    "msticpy MpConfigEdit": Side(
        "from msticpy.config import MpConfigEdit\nform = MpConfigEdit()", "select:visible, input:visible"
    ),
}
"""The forms that are compared: ours, and the rivals."""

OURS = ("configure", "compose")
MSTICPY = "msticpy MpConfigEdit"
PLACES = ("kernel", "browser")
Seconds = Mapping[str, Mapping[str, list[float]]]
"""By form and place."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forms", description=__doc__)
    parser.add_argument("--msticpy", metavar="PYTHON", help="the one that has msticpy and ipykernel")
    parser.add_argument("--rounds", type=int, default=3, help="how often each form is opened")
    parser.add_argument("--json", type=Path, help="append a JSON line per form, place and rival to this file")
    given = parser.parse_args()
    pythons = {name: sys.executable for name in SIDES if name != MSTICPY}
    if given.msticpy:
        pythons[MSTICPY] = given.msticpy
    else:
        print(f"left out: {MSTICPY}, for want of --msticpy PYTHON")
    quiet = rows.is_quiet()
    seconds = _taken(pythons, given.rounds)
    for row in _rows(seconds, quiet, rows.command(parser.prog, sys.argv[1:], filter(None, [given.msticpy]))):
        rows.tell(given.json, row)
    return 0


def _taken(pythons: Mapping[str, str], rounds: int) -> Seconds:
    """What every form takes in every round, in turn."""
    seconds: dict[str, dict[str, list[float]]] = {name: {place: [] for place in PLACES} for name in pythons}
    with tempfile.TemporaryDirectory(prefix="mailadmin-benchmark-") as made:
        folder = Path(made)
        code = {name: SIDES[name].code.format(store=str(_store(folder))) for name in pythons}
        for _ in range(rounds):
            for name, python in pythons.items():
                seconds[name]["kernel"].append(_in_kernel(python, code[name], folder))
        with _served(folder, code, pythons) as address, _browser() as browser:
            for name in pythons:  # what the browser keeps of the server's scripts is paid once
                _in_browser(browser, f"{address}{_file(name)}", SIDES[name].control)
            for _ in range(rounds):
                for name in pythons:
                    took = _in_browser(browser, f"{address}{_file(name)}", SIDES[name].control)
                    seconds[name]["browser"].append(took)
    return seconds


def _store(folder: Path) -> Path:
    """The sample company, migrated."""
    file = folder / "mailadmin.db"
    if not file.exists():
        app = connect(file, environment={})
        keeping.create_key(app)
        plan = migrating.make_plan(app, migrating.take_snapshot(app, sample_folder() / "kowhai-csv"))
        migrating.apply(app, plan, plan.confirmation)
        app.close()
    return file


def _in_kernel(python: str, code: str, folder: Path) -> float:
    """Seconds in a fresh Python from the first import to the form; ipywidgets is there already, as in a kernel."""
    script = (
        f"import ipywidgets, time\nstarted = time.perf_counter()\n{code}\nprint('took', time.perf_counter() - started)"
    )
    done = subprocess.run([python, "-c", script], cwd=folder, capture_output=True, text=True, check=True)
    return float(done.stdout.rpartition("took ")[2])


@contextmanager
def _served(folder: Path, code: Mapping[str, str], pythons: Mapping[str, str]) -> Iterator[str]:
    """A Voilà with a notebook for every form, each with its own kernel."""
    for name, python in pythons.items():
        _write(folder, name, code[name], python)
    surroundings = {"JUPYTER_DATA_DIR": "data", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "runtime"}
    environment = {**os.environ, **{key: str(folder / place) for key, place in surroundings.items()}}
    log = folder / "log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "voila", str(folder), "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1"]
    with log.open("w") as out:
        process = subprocess.Popen(words, env=environment, stdout=out, stderr=out)
        try:
            yield _address(log)
        finally:
            process.terminate()
            process.wait(20)


def _write(folder: Path, name: str, code: str, python: str) -> None:
    kernel = _file(name).removesuffix(".ipynb")
    spec = folder / "data" / "kernels" / kernel / "kernel.json"
    spec.parent.mkdir(parents=True, exist_ok=True)
    start = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": start, "display_name": kernel, "language": "python"}))
    shown: dict[str, Any] = {"cell_type": "code", "id": "form", "execution_count": None, "metadata": {}, "outputs": []}
    written: dict[str, Any] = {
        "cells": [{**shown, "source": f"{code}\nform"}],
        "metadata": {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (folder / _file(name)).write_text(json.dumps(written))


def _file(name: str) -> str:
    return re.sub(r"\W+", "-", name).lower() + ".ipynb"


def _address(log: Path) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if found := re.search(r"running at:\s*(http://\S+?/)\s", log.read_text()):
            return f"{found[1]}voila/render/"
        time.sleep(0.1)
    raise SystemExit(f"Voilà did not start:\n{log.read_text()}")


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        yield context
        browser.close()


def _in_browser(context: Any, address: str, control: str) -> float:
    """Seconds from opening the page to the first control that can be used."""
    page = context.new_page()
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator(control).first.wait_for(timeout=WITHIN)
    took = time.perf_counter() - started
    page.goto("about:blank")  # Voilà ends the kernel of a page that is left
    page.close()
    return took


def _rows(seconds: Seconds, quiet: bool, command: str) -> Iterator[Row]:
    """A row per form of ours, place and rival; they show different things, so there is nothing to compare but time."""
    for form, place, rival in product(OURS, PLACES, [name for name in seconds if name not in OURS]):
        ours, theirs = seconds[form][place], seconds[rival][place]
        yield Row(
            question="forms",
            case=f"{form}: {place}",
            size=1,
            things="form",
            unit="s",
            ours=median(ours),
            rival_name=rival,
            rival=median(theirs),
            rounds=len(ours),
            quiet=quiet,
            command=command,
        )


if __name__ == "__main__":
    sys.exit(main())
