"""Choosing who gets a portal's message: contacts of one business partner, and no field to type an address into.

Law: the number of widgets does not grow with the contacts; whoever is chosen stays chosen wherever one looks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ipywidgets import VBox

from ..domain.keys import match_key
from ..domain.portals import Contact
from ..policy.recipients import Contacts
from ..usecases import portal
from .desk import Desk
from .fields import Field, Kind
from .panels import Panel
from .recipients import Part
from .shown import Shown, Tone, listed, said

SHOWN = 6
"""Contacts that stand on the form at a time."""

_PARTS = [("not sent to", None), *((str(part), part) for part in (Part.TO, Part.CC, Part.BCC))]


class ContactChoice:
    """A business partner, and as what each of its contacts gets the message; `changed` is told of another partner."""

    def __init__(self, desk: Desk, changed: Callable[[], None]) -> None:
        self._desk, self._tell = desk, changed
        self._found = Contacts((), ())
        self._chosen: dict[str, Part] = {}
        self.find = Field("Find a business partner", hint="A part of its code.")
        self.find.widget.continuous_update = False
        self.find.watch(self.look)
        self.partner = Field("Business partner", Kind.CHOICE, choices=[("choose …", None)])
        self.partner.watch(self._choose)
        self.narrow = Field("Find a contact", hint="A part of the name or address.")
        self.narrow.watch(self._lay_out)
        self.contacts: dict[str, Field] = {}
        self.panel = Panel()
        self.others = Shown()
        self.box = VBox([self.find.box, self.partner.box, self.narrow.box, self.panel.box, self.others])
        self.box.add_class("mailadmin-row")
        self.look()
        self._lay_out()

    def look(self) -> None:
        """Offer the business partners that match."""
        found = portal.partners(self._desk.app, self.find.value)
        self.partner.choose_from([("choose …", None), *((code, code) for code in found[: portal.OFFERED])])
        if not found:
            self.partner.note.say(Tone.WARNING, "No business partner like that has contacts.")
        elif len(found) > portal.OFFERED:
            self.partner.note.say(Tone.HINT, f"The first {portal.OFFERED} are offered: type more to narrow it down.")
        else:
            self.partner.clear()
        if self.partner.value is not None:
            self._choose()

    def of(self, part: Part) -> tuple[str, ...]:
        """The addresses chosen for a part."""
        return tuple(email for email, chosen in self._chosen.items() if chosen is part)

    def clear(self) -> None:
        """Choose nobody."""
        self._chosen = {}
        self._lay_out()

    def _choose(self) -> None:
        code = self.partner.value
        self._chosen = {}
        self._found = portal.contacts(self._desk.app, code) if code else Contacts((), ())
        self.narrow.value = ""
        self._lay_out()
        self._tell()

    def _lay_out(self) -> None:
        offered = self._found.offered
        wanted = match_key(self.narrow.value)
        matching = [one for one in offered if wanted in match_key(one.name) or wanted in match_key(one.email)]
        self.narrow.box.layout.display = None if len(offered) > SHOWN else "none"
        self.contacts = {one.email: self._field(one) for one in matching[:SHOWN]}
        self.panel.put(*self.contacts.values())
        self._say(len(matching))

    def _field(self, contact: Contact) -> Field:
        made = Field(
            contact.name,
            Kind.CHOICE,
            self._chosen.get(contact.email),
            choices=_PARTS,
            hint=contact.email,
        )
        made.watch(lambda: self._take(contact.email, made.value))
        return made

    def _take(self, email: str, part: Any) -> None:
        if part is None:
            self._chosen.pop(email, None)
        else:
            self._chosen[email] = part
        self._say(len(self.contacts))

    def _say(self, matching: int) -> None:
        parts: list[object] = []
        if self.partner.value is not None and not self._found.offered:
            parts.append(
                said(Tone.WARNING, "There is nobody to write to: an active contact with an address is needed.")
            )
        if matching > SHOWN:
            parts.append(said(Tone.HINT, f"The first {SHOWN} of {matching:,} are shown: type more to narrow it down."))
        if self._chosen:
            chosen = [f"{part}: {email}" for email, part in self._chosen.items()]
            parts.append(listed(Tone.PLAIN, f"{len(chosen)} chosen", chosen))
        if self._found.unusable:
            why = [f"{one.name}, {one.email}: {reason}" for one, reason in self._found.unusable[:SHOWN]]
            more = len(self._found.unusable) - SHOWN
            why += [f"and {more:,} more"] if more > 0 else []
            parts.append(listed(Tone.HINT, "Not offered", why))
        self.others.show(*parts)
