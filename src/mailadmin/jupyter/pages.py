"""The notebooks as pages, by Voilà: behind a token, without code, files or anything from outside.

Laws: every visitor gets a kernel with the rights of whoever serves, so nobody gets in without the token; no file is
served, whatever its name; the browser is told to ask nobody else for anything.
"""

from __future__ import annotations

import logging
import os
import tempfile
import webbrowser
from collections.abc import Callable
from html import escape
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from jupyter_server.log import log_request
from traitlets.config import Config
from voila.app import Voila

from .kernels import KERNELS, LARGEST_MESSAGE
from .notebooks import FIRST, as_page

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data:; frame-src 'self'; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
"""Content Security Policy: Voilà's own scripts are inline and evaluated, anywidget's are blobs; nothing comes from
anywhere else."""

_IDLE = 2 * 60 * 60
"""Seconds after which the kernel of a page nobody looks at any more is ended."""


_HERE = "127.0.0.1"


class Pages(Voila):  # type: ignore[misc]
    """Voilà that calls `ready` with its address, token and all, once it listens."""

    ready: Callable[[str], None]

    def launch_browser(self) -> None:
        """Say where the pages are."""
        self.ready(f"{self.connection_url}voila/render/{FIRST}?token={self.identity_provider.token}")


def run(folder: Path, *, port: int, ip: str, dark: bool, browser: bool, ready: Callable[[str], None]) -> None:
    """Serve the folder's notebooks until Ctrl-C; `ready` is called with the address, which holds the token."""
    pages = Pages.instance(config=_settings(folder, port, ip, dark))
    with tempfile.TemporaryDirectory(prefix="mailadmin-") as private:

        def listening(address: str) -> None:
            ready(address)
            if browser:
                _open(Path(private) / "open.html", address)

        # It names addresses with the token in them; the log of requests says the same without.
        logging.getLogger("tornado.general").setLevel(logging.ERROR)
        pages.ready = listening
        pages.initialize([])
        pages.voila_configuration.prelaunch_hook = _prepared
        pages.start()


def _settings(folder: Path, port: int, ip: str, dark: bool) -> Config:
    """All there is to set; no file of settings is read beside it."""
    headers = {"Content-Security-Policy": _POLICY}
    return Config(
        Voila={
            "root_dir": str(folder.resolve()),
            "port": port,
            "ip": ip,
            "token": token_urlsafe(24),
            "config_file_paths": [],
            "log_level": "WARN",
            "tornado_settings": {
                "headers": headers,
                "allow_remote_access": ip != _HERE,
                "log_function": log_request,  # without the token
                "websocket_max_message_size": LARGEST_MESSAGE,
            },
        },
        VoilaConfiguration={
            "template": "mailadmin",
            "theme": "dark" if dark else "light",
            "allow_template_override": "NO",
            "file_allowlist": [],
            "kernel_spec_manager_class": KERNELS,
        },
        MappingKernelManager={"cull_idle_timeout": _IDLE, "cull_interval": 300},
    )


def _prepared(request: Any, notebook: Any, cwd: str) -> Any:
    """The notebook of a page that is asked for."""
    # Asking for it sets the cookie; without that, Voilà refuses the page's own wish to end its kernel when it is left.
    _ = request.xsrf_token
    return as_page(notebook)


def _open(page: Path, address: str) -> None:
    """Open a browser by a private page that leads there: the token is in no list of processes."""
    leads = f'<meta http-equiv="refresh" content="0;url={escape(address)}">'
    with open(page, "x", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(f"<!DOCTYPE html><title>mailadmin</title>{leads}")
    webbrowser.open(page.as_uri())
