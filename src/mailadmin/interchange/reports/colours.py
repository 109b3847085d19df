"""Words that have a colour: of Okabe and Ito's, which colour-blind people can tell apart. The word stands beside it."""

from __future__ import annotations

from collections.abc import Mapping

from ...audit.access import Word
from ...audit.findings import Severity
from ...audit.history import Turn
from ...migration.kinds import Kind

PLAIN = ("#0072B2", "#FFFFFF")
"""Where a picture divides nothing."""

OPEN, ACCEPTED = "open", "accepted"
"""How a finding stands."""

COLOURS: Mapping[str, tuple[str, str]] = {
    Kind.STOPS: ("#D55E00", "#000000"),
    Kind.NEEDS_INPUT: ("#E69F00", "#000000"),
    Kind.STARTS: ("#009E73", "#000000"),
    Kind.SERVICE: ("#0072B2", "#FFFFFF"),
    Kind.SERVER: ("#56B4E9", "#000000"),
    Kind.ACCOUNT: ("#CC79A7", "#000000"),
    Kind.SENDER: ("#F0E442", "#000000"),
    Kind.OTHER: ("#5C5C5C", "#FFFFFF"),
    Kind.SAME: ("#C9CED4", "#000000"),
    Word.ALLOW: ("#0072B2", "#FFFFFF"),
    Word.DENY: ("#C9CED4", "#000000"),
    Word.UNKNOWN: ("#E69F00", "#000000"),
    Turn.GAINED: ("#0072B2", "#FFFFFF"),
    Turn.LOST: ("#5C5C5C", "#FFFFFF"),
    Turn.OTHER: ("#CC79A7", "#000000"),
    Severity.HIGH: ("#D55E00", "#000000"),
    Severity.MEDIUM: ("#E69F00", "#000000"),
    Severity.LOW: ("#56B4E9", "#000000"),
    Severity.INFO: ("#C9CED4", "#000000"),
    OPEN: ("#D55E00", "#000000"),
    ACCEPTED: ("#5C5C5C", "#FFFFFF"),
}
"""TABLE: the colour of every kind of effect, decision, turn and severity, and of the number on it."""
