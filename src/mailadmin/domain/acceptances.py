"""Accepted exceptions: a finding somebody answers for, why, and until when.

Law: an acceptance hides nothing; the finding is looked for and shown as ever, and counts again after the last day.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator
from pydantic.dataclasses import dataclass

from .keys import STRICT, Line, Name


def _day(value: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("is a day, YYYY-MM-DD")
    return date.fromisoformat(value).isoformat()


def _written(value: Any) -> Any:
    """A day as TOML has it is that day as text."""
    return value.isoformat() if type(value) is date else value


Day = Annotated[str, BeforeValidator(_written), AfterValidator(_day)]
"""A day as text, YYYY-MM-DD, so that it is the same in every store and file."""


def _said(value: str) -> str:
    if not value.strip():
        raise ValueError("is not blank")
    return value


Said = Annotated[Line, AfterValidator(_said)]
"""One line that says something."""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Acceptance:
    """One finding, by rule and subject, that somebody accepts until the end of a day."""

    rule: Name
    subject: Said
    reason: Said
    owner: Said
    until: Day

    def holds(self, on: date) -> bool:
        """Whether it still counts on a day."""
        return on <= date.fromisoformat(self.until)
