"""python -m benchmarks.forms [--msticpy PYTHON] [--rounds 5] [--json FILE]: from opening to a form one can use.

Three forms as pages of one Voilà, in turn: ours (Configure, on the migrated sample company), a bare form of ipywidgets,
and MpConfigEdit of msticpy, the settings editor for notebooks that is used most. msticpy pins other versions of what we
use, so it stays in an environment of its own, named by its Python.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from mailadmin.bootstrap import connect, sample_folder
from mailadmin.usecases import keeping, migrating

WITHIN = 90_000
"""Milliseconds a form may take at most."""


class Side(NamedTuple):
    """A form: what makes it, and a control that is there when it can be used."""

    code: str
    control: str


SIDES: dict[str, Side] = {
    "ours: configure": Side(
        "from mailadmin import forms\nform = forms.configure(forms.open_desk({store!r}))", "select:visible"
    ),
    "ours: compose": Side(
        "from mailadmin import forms\nform = forms.compose(forms.open_desk({store!r}))", "select:visible"
    ),
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
"""The forms that are compared."""

RIVAL = "msticpy MpConfigEdit"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--msticpy", metavar="PYTHON", help="Python of an environment with msticpy and ipykernel in it")
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--json", type=Path, metavar="FILE")
    chosen = words.parse_args()
    sides = [name for name in SIDES if name != RIVAL or chosen.msticpy]
    with tempfile.TemporaryDirectory(prefix="mailadmin-benchmark-") as made:
        folder = Path(made)
        code = {name: side.code.format(store=str(_store(folder))) for name, side in SIDES.items()}
        pythons = {name: chosen.msticpy if name == RIVAL else sys.executable for name in sides}
        seconds: dict[str, dict[str, list[float]]] = {name: {"kernel": [], "browser": []} for name in sides}
        for _ in range(chosen.rounds):
            for name in sides:
                seconds[name]["kernel"].append(_in_kernel(pythons[name], code[name], folder))
        with _served(folder, code, pythons) as address, _browser() as browser:
            for name in sides:  # what the browser keeps of the server's scripts is paid once
                _in_browser(browser, f"{address}{_file(name)}", SIDES[name].control)
            for _ in range(chosen.rounds):
                for name in sides:
                    took = _in_browser(browser, f"{address}{_file(name)}", SIDES[name].control)
                    seconds[name]["browser"].append(took)
    _tell(seconds)
    if chosen.json:
        chosen.json.write_text(json.dumps({"machine": platform.platform(), "seconds": seconds}, indent=1))


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
    shown = {"cell_type": "code", "id": "form", "execution_count": None, "metadata": {}, "outputs": []}
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


def _tell(seconds: Mapping[str, Mapping[str, list[float]]]) -> None:
    print("| form | kernel: median s | best | browser: median s | best |\n|---|--:|--:|--:|--:|")
    for name, found in seconds.items():
        figures = [f"{figure(found[place]):.2f}" for place in ("kernel", "browser") for figure in (median, min)]
        print(f"| {name} | {' | '.join(figures)} |")


if __name__ == "__main__":
    main()
