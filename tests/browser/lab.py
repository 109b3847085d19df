"""JupyterLab and Voilà as mailadmin starts them, in folders of their own, and their pages in Chromium."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from tests.browser.test_report import NARROW, WIDE
from tests.canaries import found_in
from tests.engines import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, WebSocket

__all__ = ["NARROW", "WIDE", "Opened", "Served", "launched", "served", "with_forms"]

STARTS_WITHIN = 60
"""Seconds for a server, a kernel or a form on a busy machine."""

HARMLESS = re.compile(
    r"favicon|Download the React DevTools|was preloaded using link preload|"
    # Voilà's: it is built with an older JupyterLab than the one it finds.
    r"Unsatisfied version|No satisfying version"
)


def with_forms() -> list[str]:
    """The notebooks that have forms in them."""
    folder = Path(__file__).parents[2] / "notebooks"
    return sorted(file.name for file in folder.glob("*.ipynb") if "forms.open_desk" in file.read_text())


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        missing("chromium")
    if find_spec("playwright") is None or find_spec("axe_playwright_python") is None:
        missing("chromium; and from Python: pip install 'mailadmin[browser]'")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = started.chromium.launch(executable_path=chromium, args=options)
        yield browser
        browser.close()


class Served:
    """A server that runs: where it is, its folder, and everything it writes to."""

    def __init__(self, kind: str, home: Path, address: str, token: str) -> None:
        self.kind = kind
        self.home = home
        self.folder = home / "notebooks"
        self.address = address
        self.token = token

    def url(self, notebook: str) -> str:
        """The address of a notebook, token and all."""
        path = {"lab": f"lab/tree/{notebook}?reset&", "serve": f"voila/render/{notebook}?"}[self.kind]
        return f"{self.address}{path}token={self.token}"

    def end_kernels(self) -> None:
        """End every kernel of JupyterLab."""
        told = {"Authorization": f"token {self.token}"}
        for kernel in requests.get(f"{self.address}api/kernels", headers=told, timeout=20).json():
            requests.delete(f"{self.address}api/kernels/{kernel['id']}", headers=told, timeout=20).raise_for_status()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def served(kind: str, home: Path, *words: str, dark: bool = False) -> Iterator[Served]:
    """`mailadmin lab` or `mailadmin serve`, with a home of its own, ended at the end."""
    if kind == "serve" and find_spec("voila") is None:
        missing("none; and from Python: pip install 'mailadmin[serve]'")
    places = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
    surroundings = {name: str(home / place) for name, place in {**places, "IPYTHONDIR": "ipython"}.items()}
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAILADMIN_", "JUPYTER", "PYTEST"))
    }
    settings = home / "config" / "labconfig" / "default_setting_overrides.json"
    settings.parent.mkdir(parents=True)
    # The most that a notebook can keep: widgets' state with every save, and a save every few seconds.
    keeps = {"@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True}}
    looks = {"@jupyterlab/apputils-extension:themes": {"theme": f"JupyterLab {'Dark' if dark else 'Light'}"}}
    often = {"@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 5}}
    settings.write_text(json.dumps(keeps | looks | often))
    port = _free_port()
    words = (*words, *(["--dark"] if dark and kind == "serve" else []))
    command = [sys.executable, "-m", "mailadmin.cli", kind, "notebooks", "--no-browser", "--port", str(port), *words]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=home, env={**kept, **surroundings, "HOME": str(home)}, stdout=log, stderr=log
        )
        try:
            yield Served(kind, home, f"http://127.0.0.1:{port}/", _token(process, home, kind))
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _token(process: subprocess.Popen[bytes], home: Path, kind: str) -> str:
    """The token, once the server listens."""
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and process.poll() is None:
        if kind == "lab":
            texts = [file.read_text() for file in (home / "runtime").glob("jpserver-*.json")]
            found = [json.loads(text)["token"] for text in texts if text.endswith("}")]
        else:
            found = re.findall(r"token=(\S+)", (home / "log").read_text())
        if found:
            return str(found[0])
        time.sleep(0.1)
    raise AssertionError(f"{kind} did not start:\n{(home / 'log').read_text()}")


class Opened:
    """A notebook in JupyterLab or as a page, run to its end, and everything it did that it should not do."""

    def __init__(self, browser: Browser, server: Served, notebook: str, *, query: str = "", **context: Any) -> None:
        self.server = server
        self.notebook = notebook
        self.context = browser.new_context(**{"viewport": WIDE} | context)
        self.context.set_default_timeout(30_000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.outside: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._asked(request.url))
        self.page.on("websocket", self._talks)
        self.page.goto(server.url(notebook) + query)
        if server.kind == "lab":
            self._run_all()

    def _run_all(self) -> None:
        """Run every cell, as the menu does it, once the kernel is there."""
        from playwright.sync_api import expect

        expect(self.page.locator("#jp-main-statusbar")).to_contain_text("Idle", timeout=STARTS_WITHIN * 1000)
        self.page.get_by_role("tab", name=re.compile("File Browser")).first.click()
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    @property
    def forms(self) -> Locator:
        return self.page.locator(".mailadmin-form")

    def form(self, title: str) -> Locator:
        """The form with this title, once it is there."""
        from playwright.sync_api import expect

        found = self.forms.filter(has=self.page.get_by_role("heading", name=title, level=2, exact=True))
        expect(found).to_be_visible(timeout=STARTS_WITHIN * 1000)
        return found

    def settled(self) -> None:
        """Wait until there are forms and none of them is at work."""
        from playwright.sync_api import expect

        broken = self.page.get_by_text(re.compile(r"^Traceback|^There was an error when executing cell")).first
        expect(self.forms.first.or_(broken).first).to_be_visible(timeout=STARTS_WITHIN * 1000)
        assert not broken.is_visible(), broken.inner_text()
        if self.server.kind == "lab":
            expect(self.page.locator("#jp-main-statusbar")).to_contain_text("Idle", timeout=STARTS_WITHIN * 1000)
        expect(self.page.locator(".mailadmin-progress:visible")).to_have_count(0, timeout=STARTS_WITHIN * 1000)

    def _talks(self, socket: WebSocket) -> None:
        self._asked(socket.url)
        socket.on("framereceived", self._told)

    def _told(self, frame: str | bytes) -> None:
        """No secret comes from the kernel to the browser, not even one the browser sent."""
        content = frame if isinstance(frame, bytes) else frame.encode()
        self.complaints += [f"a secret came back ({how})" for how in found_in(content)]

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not HARMLESS.search(message.text):
            self.complaints.append(message.text)

    def _asked(self, url: str) -> None:
        inside = (self.server.address, self.server.address.replace("http", "ws", 1), "data:", "blob:", "about:")
        if not url.startswith(inside):
            self.outside.append(url)

    def serious(self) -> list[str]:
        """The serious and critical faults axe-core finds in our forms, each with the element."""
        from axe_playwright_python.sync_playwright import Axe

        response = Axe().run(self.page, context=".mailadmin-form").response
        return [
            f"{fault['id']}: {node['html'][:160]}"
            for fault in response["violations"]
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]

    def close(self) -> None:
        """Leave the notebook, so that its kernel is ended too."""
        # Voilà ends a kernel when its page is left; JupyterLab keeps it for whoever comes back.
        self.page.goto("about:blank")
        if self.server.kind == "lab":
            self.server.end_kernels()
        self.context.close()
