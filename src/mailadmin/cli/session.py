"""The store a command works on: opened when it is needed, closed at the end, named once for all commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ..bootstrap import App


class Chosen:
    """What the options before the command chose."""

    store: str | None = None


@contextmanager
def opened(context: typer.Context) -> Iterator[App]:
    """The store named by --store, MAILADMIN_STORE, or `mailadmin.db` here."""
    from ..bootstrap import connect

    app = connect(context.ensure_object(Chosen).store)
    try:
        yield app
    finally:
        app.close()
