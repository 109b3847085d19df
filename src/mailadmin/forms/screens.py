"""The old screens as a form: every field a table of the export can hold, under the words of the old screen.

Laws: which fields there are is asked of the tables and never written again; what is typed passes the export's reader,
and what that finds wrong is said at the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ipywidgets import VBox, Widget

from ..domain.keys import match_key
from ..domain.legacy import members_of
from ..errors import Problem
from ..interchange.reports.markup import tag
from ..migration.content import CHOICES, PRESENT, TABLES, Column
from ..migration.content import Kind as Cell
from ..usecases.noting import DOTS, Noted, Notes, read_screen
from .fields import Field, Kind
from .shown import Shown, Tone


@dataclass(frozen=True, slots=True)
class Screen:
    """One old screen: its name, the table it fills, and what the names of its members begin with."""

    title: str
    table: str
    members: str = ""


SCREENS: tuple[Screen, ...] = (
    Screen("Global Settings, E-mail: SMTP", "global_settings", "EmailSmtp"),
    Screen("Global Settings, E-mail: Microsoft Exchange", "global_settings", "EmailExchange"),
    Screen("User Preferences, E-mail", "user_preferences", "Email"),
    Screen("Web Configuration, E-mail", "web_configurations", "Email"),
    Screen("User", "users"),
)
"""TABLE: the old screens that can be typed in, in the order in which a consultant opens them."""

_SPELT = {"email": "E-mail", "id": "ID", "smtp": "SMTP", "ssl": "SSL"}
_SWITCH = "UseGlobalSettings"
_GROUPS = ("", "E-mail", "E-mail: SMTP", "E-mail: Microsoft Exchange")
_WORKED_OUT = frozenset({"EmailIsUnattendedAvailable"})
_USUAL = frozenset({"EmailUseGlobalSettings", "EmailExchangeUseGlobalSettings", "active"})
"""Boxes that are ticked on a screen nobody has touched."""


def label_of(column: str) -> str:
    """A column in the words of the old screen: `EmailSmtpUserId` is SMTP User ID."""
    bare = column.removeprefix("Email") or column
    words = re.findall("[A-Z]?[a-z]+", bare[:1].upper() + bare[1:])
    return " ".join(_SPELT.get(word.lower(), word) for word in words)


def columns_of(screen: Screen) -> list[Column]:
    """The fields of a screen, in the order of the table; what was worked out from them is not typed."""
    table = TABLES[screen.table]
    if table.owner is None:
        return list(table.columns)
    worked_out = {name for name, one in members_of(table.owner).items() if one.is_resolved} | _WORKED_OUT
    wanted = [one for one in table.members if one.name.startswith(screen.members) and one.name not in worked_out]
    keys = [column for column in table.columns if column.name in table.keys and column.name != "property"]
    return keys + sorted(wanted, key=lambda one: (_GROUPS.index(group_of(one.name)), not one.name.endswith(_SWITCH)))


def group_of(column: str) -> str:
    """The part of a screen a column stands in; '' for what it is about."""
    if column.startswith("EmailSmtp") or column == f"Email{_SWITCH}":
        return "E-mail: SMTP"
    if column.startswith("EmailExchange"):
        return "E-mail: Microsoft Exchange"
    return "E-mail" if column.startswith("Email") else ""


class ScreenForm:
    """The fields of one screen. `noted` is what was typed; `show` fills in what was noted before."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.entries = {column.name: _Entry(column) for column in columns_of(screen)}
        self._noted: Mapping[str, object] = {}
        self.box = VBox(list(self._parts()))

    def _parts(self) -> Iterator[Widget]:
        heading = ""
        for name, entry in self.entries.items():
            if (group := group_of(name)) != heading:
                heading = group
                yield Shown(tag("h3", heading))
            yield from (field.box for field in entry.fields)

    @property
    def key(self) -> str:
        """Whose screen it is: the user id or code; '' on the Global Settings."""
        keys = [name for name in TABLES[self.screen.table].keys if name in self.entries]
        return str(self.entries[keys[0]].fields[0].value).strip() if keys else ""

    def show(self, noted: Mapping[str, object]) -> None:
        """Fill in what was noted; a field without a value is blank."""
        self._noted = noted
        for name, entry in self.entries.items():
            entry.show(noted.get(name))

    def noted(self) -> Noted:
        """What was typed, read. Raises SourceRejected with every problem."""
        for entry in self.entries.values():
            entry.fields[0].clear()
        record = {name: entry.value for name, entry in self.entries.items() if not entry.unchanged}
        return read_screen(self.screen.table, record)

    def complain(self, problems: Iterable[Problem]) -> list[Problem]:
        """Say each problem at its field; those that have none are returned."""
        others = []
        for problem in problems:
            entry = self.entries.get(problem.where.rpartition(", column ")[2])
            if entry is None:
                others.append(problem)
            else:
                entry.fields[0].complain(" ".join((f"{problem.what}.", problem.remedy)).strip())
        return others


_UNKNOWN, _TYPED = "dots", "typed"
_STATES = (("not set: the box is empty", ""), ("set, shown as dots only", _UNKNOWN), ("set, and I type it", _TYPED))


class _Entry:
    """One column as fields: one, or for a secret two: what the screen shows of it, and the secret if it is known."""

    def __init__(self, column: Column) -> None:
        self.column = column
        label = label_of(column.name)
        if column.secret:
            self.fields = [Field(f"{label} is", Kind.CHOICE, "", choices=_STATES), Field(label, Kind.SECRET)]
            self.fields[1].watch(self._typed)
        else:
            self.fields = [_field(column, label)]
        self._kept = False

    def _typed(self) -> None:
        self.fields[0].value = _TYPED

    @property
    def value(self) -> object:
        """What is typed there: None where it is blank."""
        first = self.fields[0]
        if self.column.secret:
            return {"": None, _UNKNOWN: DOTS, _TYPED: self.fields[1].value}[first.value]
        match first.kind:
            case Kind.YES_NO:
                return bool(first.value)
            case Kind.PORT:
                return first.value or None
            case _:
                return first.value.strip() or None if isinstance(first.value, str) else first.value

    @property
    def unchanged(self) -> bool:
        """Whether it is a secret that was typed before and not again."""
        return self._kept and self.fields[0].value == _TYPED and self.fields[1].value is None

    def show(self, noted: object) -> None:
        """Fill in what was noted."""
        first = self.fields[0]
        if self.column.secret:
            self.fields[1].forget()
            self._kept = noted == PRESENT
            first.value = _TYPED if self._kept else ""
            if self._kept:
                self.fields[1].note.say(Tone.HINT, "It is noted; leave it, or type another.")
        elif isinstance(noted, list):
            first.value = ";".join(map(str, noted))
        elif noted is None and first.kind is Kind.YES_NO:
            first.value = self.column.name in _USUAL
        else:
            first.value = noted or ("" if first.kind is Kind.CHOICE else None)
        first.clear()


def _field(column: Column, label: str) -> Field:
    match column.kind:
        case Cell.FLAG:
            return Field(label, Kind.YES_NO, column.name in _USUAL)
        case Cell.PORT:
            return Field(label, Kind.PORT, hint="0 is the standard port.")
        case kind if kind in CHOICES:
            return Field(label, Kind.CHOICE, "", choices=[("", ""), *((one, one) for one in CHOICES[kind])])
        case Cell.NAMES:
            return Field(label, hint="Several with ; between them.")
        case _:
            return Field(label, hint="Required." if column.required else "")


def row_of(notes: Notes, screen: Screen, key: str) -> dict[str, object]:
    """What is noted for a screen, by column; of the Global Settings, by member."""
    if TABLES[screen.table].keys == ("property",):
        return {str(row["property"]): row["value"] for row in notes.rows(screen.table)}
    return dict(notes.row(screen.table, match_key(key)))
