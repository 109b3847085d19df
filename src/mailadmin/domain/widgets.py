"""The widgets that finPOWER Connect 6.00.02 changed, and how versions of widgets compare.

Source: Intersoft knowledge base article 22347. Law: the parts of a version are numbers, so that 1.10 is newer than 1.9.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from ..errors import BadInput

Version = tuple[int, ...]

_VERSION = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9}){0,3})\s*")


def version_of(text: str) -> Version:
    """The parts of a version such as `1.05`. Raises BadInput for any other text."""
    found = _VERSION.fullmatch(text)
    if found is None:
        raise BadInput("It is no version.", remedy="A version is numbers with points between, such as 1.05.")
    return tuple(map(int, found[1].split(".")))


@dataclass(frozen=True, slots=True)
class Widget:
    """A widget, the version of it that is needed, and the day of that version."""

    name: str
    version: str
    day: date


REQUIRED = (
    Widget("EmailMessage", "1.05", date(2025, 11, 13)),
    Widget("DocumentCreate", "1.12", date(2025, 11, 26)),
    Widget("DocumentExecute", "1.05", date(2025, 11, 13)),
    Widget("WorkflowActions", "1.01", date(2025, 11, 13)),
    Widget("CostCentreEdit_General", "1.01", date(2025, 11, 5)),
)
"""TABLE: the widgets a site needs, at least in these versions, in the order of the release note."""
