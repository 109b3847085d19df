"""Whether a site's widgets are those that finPOWER Connect 6.00.02 needs.

Law: widgets nobody noted are UNKNOWN, never up to date, and never missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from ..domain.keys import match_key
from ..domain.widgets import REQUIRED, Widget, version_of
from ..errors import BadInput


class State(StrEnum):
    """What is wrong with a widget."""

    MISSING = "missing"
    OLDER = "older"
    NO_VERSION = "no version"
    UNKNOWN = "unknown"


REMEDIES: Mapping[State, str] = {
    State.MISSING: "Import the widget that came with the release.",
    State.OLDER: "Import the widget that came with the release; carry over changes of your own.",
    State.NO_VERSION: "Look up its version; it is numbers with points between, such as 1.05.",
    State.UNKNOWN: "Note name and version of every widget in a table `widgets` and take the snapshot again.",
}
"""TABLE: what to do in each state."""


class WidgetFinding(NamedTuple):
    """A widget that is not as the release needs it; `version` is the one there is, as it was noted."""

    widget: Widget
    version: str
    state: State

    @property
    def remedy(self) -> str:
        """What to do."""
        return REMEDIES[self.state]


def check_widgets(rows: Iterable[Mapping[str, object]] | None) -> tuple[WidgetFinding, ...]:
    """What is wrong with the widgets in these rows (name, version); None where no such table was noted."""
    if rows is None:
        return tuple(WidgetFinding(widget, "", State.UNKNOWN) for widget in REQUIRED)
    versions = {match_key(str(row["name"])): str(row["version"] or "") for row in rows}
    return tuple(_findings(versions))


def _findings(versions: Mapping[str, str]) -> Iterator[WidgetFinding]:
    for widget in REQUIRED:
        version = versions.get(match_key(widget.name))
        state = _state(widget, version)
        if state is not None:
            yield WidgetFinding(widget, version or "", state)


def _state(widget: Widget, version: str | None) -> State | None:
    if version is None:
        return State.MISSING
    try:
        return State.OLDER if version_of(version) < version_of(widget.version) else None
    except BadInput:
        return State.NO_VERSION
