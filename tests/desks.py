"""A desk for forms: the small site of tests/sites.py, sending to a sandbox of its own; work is done at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailadmin.forms.desk import Desk
from mailadmin.forms.work import at_once
from mailadmin.usecases.sandboxing import sandboxed
from tests.sites import site


@contextmanager
def sandbox_desk(folder: Path) -> Iterator[Desk]:
    """The desk, for as long as the block lasts."""
    app = site(folder)
    with sandboxed(app) as playing:
        desk = Desk(app, runner=at_once)
        desk.sandbox = playing.sandbox
        yield desk
    desk.close()
