"""Where forms work: an open store, who sits in front of it, and a practice company for whoever has none yet.

Law: with no store named and none here, everything happens in a practice folder that is deleted at the end.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ..bootstrap import DEFAULT_STORE, App, connect, sample_folder, standing_store
from ..usecases import keeping, migrating, portal_settings, preferring
from .work import Runner, in_background

if TYPE_CHECKING:
    from ..sandbox.server import Sandbox


class Practice(StrEnum):
    """How far the practice company has come: nothing yet, migrated, its mail going to the sandbox, a portal besides;
    or a small company of its own, with e-mail settings of its users.
    """

    EMPTY = "empty"
    MIGRATED = "migrated"
    SANDBOX = "sandbox"
    PORTAL = "portal"
    USER_SETTINGS = "user settings"


class Desk:
    """An open store and what surrounds it. `practice` is None where the store is a real one."""

    def __init__(self, app: App, *, practice: Practice | None = None, runner: Runner = in_background) -> None:
        self.app = app
        self.practice = practice
        self.runner = runner
        self.sandbox: Sandbox | None = None
        self._watchers: list[Callable[[], None]] = []
        self._open = ExitStack()
        self._open.callback(app.close)
        atexit.register(self.close)

    @property
    def words(self) -> str:
        """Which store this is, for the head of a form."""
        if self.practice is None:
            return f"Store: {self.app.store.engine.url.render_as_string(hide_password=True)}."
        where = {
            Practice.EMPTY: "an empty store",
            Practice.MIGRATED: "a sample company, already migrated",
            Practice.SANDBOX: "a sample company, already migrated; its mail goes to the sandbox and nowhere else",
            Practice.PORTAL: "a sample company with a customer portal; its mail goes to the sandbox and nowhere else",
            Practice.USER_SETTINGS: "a small company; its mail goes to the sandbox and nowhere else",
        }[self.practice]
        return f"Practice: {where}. It is deleted when the notebook is closed."

    def move_to(self, app: App) -> None:
        """Work on another store from now on; what was open is closed, and a practice folder goes."""
        self._open.close()
        self.app, self.practice, self.sandbox = app, None, None
        self._open.callback(app.close)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call this whenever a form of this desk has sent, saved or changed something."""
        self._watchers.append(watcher)

    def tell(self) -> None:
        """Something was sent, saved or changed: every view that shows it looks again."""
        for watcher in self._watchers:
            watcher()

    def close(self) -> None:
        """Close the store; a practice folder and the sandbox go with it."""
        self._open.close()
        atexit.unregister(self.close)

    def __repr__(self) -> str:
        return f"Desk: {self.words}"


def open_desk(
    store: str | Path = "", *, practice: Practice | str = Practice.EMPTY, runner: Runner = in_background
) -> Desk:
    """The desk of a store; blank: MAILADMIN_STORE, else `mailadmin.db` here, else a practice company.

    Raises what `connect` raises.
    """
    named = str(store) or standing_store()
    return Desk(connect(named), runner=runner) if named else _practice(Practice(practice), runner)


def _practice(practice: Practice, runner: Runner) -> Desk:
    with ExitStack() as opened:
        folder = opened.enter_context(TemporaryDirectory(prefix="mailadmin-"))
        desk = Desk(connect(Path(folder) / DEFAULT_STORE), practice=practice, runner=runner)
        opened.callback(desk.app.close)
        keeping.create_key(desk.app)
        if practice not in {Practice.EMPTY, Practice.USER_SETTINGS}:
            plan = migrating.make_plan(desk.app, migrating.take_snapshot(desk.app, sample_folder() / "kowhai-csv"))
            migrating.apply(desk.app, plan, plan.confirmation)
        if practice is Practice.PORTAL:
            portal_settings.practise(desk.app)
        if practice is Practice.USER_SETTINGS:
            preferring.practise(desk.app)
        if practice in {Practice.SANDBOX, Practice.PORTAL, Practice.USER_SETTINGS}:
            from ..usecases.sandboxing import sandboxed

            playing = opened.enter_context(sandboxed(desk.app, tick_global=True))
            desk.sandbox = playing.sandbox
        desk._open = opened.pop_all()
    return desk
