"""Who gets a message: one address at a time, each through the gate when its field is left.

Law: what is typed is one address or none; nothing is ever split into several.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from ipywidgets import VBox

from ..domain.addresses import address, display_name, same_address
from ..domain.messages import Address, Message
from ..errors import AddressRejected, GateRefused
from .fields import Field, Kind
from .form import Form, columns
from .shown import Shown, Tone, listed


class Part(StrEnum):
    """As what somebody gets a message."""

    TO = "To"
    CC = "Cc"
    BCC = "Bcc"
    REPLY_TO = "Reply to"


WHOM: dict[Part, str] = {
    Part.TO: "shown to everybody",
    Part.CC: "a copy, shown to everybody",
    Part.BCC: "a copy, shown to nobody",
    Part.REPLY_TO: "gets nothing: answers go there",
}
"""TABLE: every part, and what it means."""


class Recipients:
    """The people of a message, in the order they were added."""

    def __init__(self, form: Form) -> None:
        self.people: list[tuple[Part, Address]] = []
        self.part = Field("Add as", Kind.CHOICE, Part.TO, choices=[(f"{p}: {what}", p) for p, what in WHOM.items()])
        self.address = Field("Address", hint="One address, as in name@example.com.", check=blank_or(address))
        self.name = Field("Name shown with it", hint="If you like.", check=blank_or(_name))
        for field in (self.address, self.name):
            field.widget.continuous_update = False
        self.listed = Shown()
        self.who = Field("Take out", Kind.CHOICE, choices=[("", None)])
        self.add_button = form.button("Add", self.add, tooltip="Add this address")
        self.remove_button = form.button("Remove", self.remove, tooltip="Take this address out")
        self._taking_out = columns(self.who, self.remove_button)
        self.box = VBox([columns(self.part, self.address, self.name, self.add_button), self.listed, self._taking_out])
        self.box.add_class("mailadmin-row")
        self._tell()

    def add(self) -> None:
        """Add what is typed. Raises AddressRejected where it is not one address, or is there already."""
        typed, part = self.address.value.strip(), self.part.value
        if not typed:
            raise self._rejected("There is no address to add.", "Type one address, then press Add.")
        try:
            found = Address(typed, self.name.value)
        except GateRefused as error:
            field = self.name if error.field == "name" else self.address
            field.complain(in_short(error))
            raise
        if any(same_address(found.email, known.email) for kind, known in self.people if _alike(kind, part)):
            raise self._rejected(f"{found.email} is there already.", "Type another address, or leave it empty.")
        self.people.append((part, found))
        self.address.value = self.name.value = ""
        self.address.note.say(Tone.GOOD, f"{part}: {found} is added.")
        self.address.widget.focus()
        self._tell()

    def remove(self) -> None:
        """Take out whom the person chose."""
        if self.who.value is None:
            self.who.complain("Choose whom to take out.")
            return
        part, gone = self.people.pop(self.who.value)
        self._tell()
        self.address.note.say(Tone.GOOD, f"{part}: {gone} is taken out.")

    def take(self) -> None:
        """Add what is still typed, if anything is. Raises what `add` raises."""
        if self.address.value.strip():
            self.add()

    def of(self, part: Part) -> tuple[Address, ...]:
        """Everybody of one part."""
        return tuple(found for kind, found in self.people if kind is part)

    def show(self, message: Message | None = None) -> None:
        """The people of a message instead of those that are here; without one, nobody."""
        self.people = []
        if message is not None:
            for part, people in zip(Part, (message.to, message.cc, message.bcc, message.reply_to), strict=True):
                self.people += [(part, one) for one in people]
        self.address.value = self.name.value = ""
        self.address.clear()
        self._tell()

    def _rejected(self, what: str, remedy: str) -> AddressRejected:
        self.address.complain(what)
        return AddressRejected("address", what, remedy=remedy)

    def _tell(self) -> None:
        named = [f"{part}: {found}" for part, found in self.people]
        if named:
            self.listed.show(listed(Tone.PLAIN, f"{len(named)} added", named))
        else:
            self.listed.say(Tone.HINT, "Nobody is added yet.")
        self.who.choose_from([("choose whom …", None), *((words, place) for place, words in enumerate(named))])
        self.who.value = None
        self._taking_out.layout.display = None if named else "none"


def _alike(one: Part, other: Part) -> bool:
    """Whether being in one part makes the other needless: who gets a message gets it once."""
    return (one is Part.REPLY_TO) == (other is Part.REPLY_TO)


def _name(text: str) -> str:
    return display_name(text, "name")


def in_short(error: GateRefused) -> str:
    """What is wrong, where the field it is said at need not be named."""
    words = error.what.removeprefix(f"{error.field}: ")
    return words[:1].upper() + words[1:]


def blank_or(gate: Callable[[str], str]) -> Callable[[str], str]:
    """The check of a field that may stay empty: what the gate says of anything else."""

    def check(text: str) -> str:
        try:
            if text.strip():
                gate(text.strip())
        except GateRefused as error:
            return in_short(error)
        return ""

    return check
