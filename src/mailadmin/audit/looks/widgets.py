"""Widgets: those the release note asks for and the site does not have."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import WIDGETS, Facts
from ..findings import Seen
from .rule import KB_22347, MEDIUM, Rule


def not_as_needed(facts: Facts) -> Iterator[Seen]:
    """Widgets that are missing, older than needed, or of no version."""
    for found in facts.widgets:
        version = f" ({found.version!r})" if found.version else ""
        yield Seen(f"widget {found.widget.name}", f"{found.state}{version}; {found.widget.version} is needed")


RULES: tuple[Rule, ...] = (
    Rule(
        "widget-not-as-needed",
        MEDIUM,
        "A widget is missing or older than the release needs",
        "An old widget still asks for settings that are gone, and fails where people work.",
        KB_22347,
        "Import the widget that came with the release; carry over changes of your own.",
        not_as_needed,
        WIDGETS,
    ),
)
