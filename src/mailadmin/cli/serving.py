"""mailadmin lab and serve: the notebooks in JupyterLab, and as pages."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from .output import print_text, say
from .session import Chosen

HOME = "127.0.0.1"

FolderArgument = Annotated[Path, typer.Argument(help="Where your notebooks are; those that are missing are put there.")]
AddressOption = Annotated[str, typer.Option("--ip", help="Address to listen on; this machine alone by default.")]
BrowserOption = Annotated[bool, typer.Option(help="Open it in this machine's browser.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(lab)
    app.command()(serve)


def lab(
    context: typer.Context,
    folder: FolderArgument = Path("mailadmin-notebooks"),
    port: Annotated[int, typer.Option(help="Port; the next free one where it is taken.")] = 8888,
    ip: AddressOption = HOME,
    browser: BrowserOption = True,
) -> None:
    """Open the notebooks in JupyterLab: forms for every task, and the same step by step. Ctrl-C ends it.

    They are put into a folder of your own first; what is there already is left as it is.

    Example: mailadmin lab
    """
    from ..jupyter import kernels
    from ..jupyter.lab import run

    _put(folder)
    _warn(ip)
    kernels.surround(context.ensure_object(Chosen).store)
    run(folder, port=port, ip=ip, browser=browser)


def serve(
    context: typer.Context,
    folder: FolderArgument = Path("mailadmin-notebooks"),
    port: Annotated[int, typer.Option(help="Port; another free one where it is taken.")] = 8866,
    ip: AddressOption = HOME,
    browser: BrowserOption = True,
    dark: Annotated[bool, typer.Option("--dark", help="Light on dark.")] = False,
) -> None:
    """Serve the notebooks as pages without code (Voilà), behind a token. Ctrl-C ends it.

    Whoever has the address with its token works with your rights: on your store, with its passwords, by your name.

    Example: mailadmin serve --port 8866
    """
    from ..errors import BadInput
    from ..jupyter import kernels

    if find_spec("voila") is None:
        raise BadInput("Pages need Voilà, which is not installed.", remedy="pip install 'mailadmin[serve]'")
    from ..jupyter.pages import run

    def ready(address: str) -> None:
        print_text(f"The pages are at\n  {address}\nWhoever has this address works with your rights. Ctrl-C ends it.")

    _put(folder)
    _warn(ip)
    kernels.surround(context.ensure_object(Chosen).store)
    run(folder, port=port, ip=ip, dark=dark, browser=browser, ready=ready)


def _put(folder: Path) -> None:
    from ..jupyter.notebooks import copy_to

    copied = copy_to(folder)
    say(f"Notebooks: {copied.folder.resolve()} ({len(copied.new)} put there now)")
    if copied.changed:
        say(f"Left as they are, though not as they come with this mailadmin: {', '.join(copied.changed)}")


def _warn(ip: str) -> None:
    if ip not in {HOME, "localhost", "::1"}:
        say(
            f"Careful: other machines can reach {ip}, and what travels is not encrypted. Whoever learns the token "
            "works with your rights. Better: leave it at this machine and use an SSH tunnel."
        )
