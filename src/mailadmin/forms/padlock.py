"""A field for a secret behind a padlock: locked until somebody unlocks it, and told as it stands, never shown.

Source: Monitor ERP, "First you need to unlock the field by clicking the padlock button".
"""

from __future__ import annotations

from collections.abc import Callable

from ipywidgets import Button, HBox

from ..domain.profiles import Secret
from ..errors import MailAdminError
from .fields import Field, Kind
from .shown import Tone


class Padlock:
    """The field and its button. `entered` is called with a secret as soon as it is typed; then it is locked again."""

    def __init__(self, label: str, entered: Callable[[Secret], None]) -> None:
        self._label = label
        self._entered = entered
        self._needless = ""
        self.field = Field(label, Kind.SECRET, disabled=True)
        self.field.watch(self._typed)
        self.button = Button()
        self.button.add_class("mailadmin-button")
        self.button.on_click(lambda _: self.turn())
        self.box = HBox([self.field.box, self.button])
        self.box.add_class("mailadmin-beside")
        self._show()

    @property
    def locked(self) -> bool:
        """Whether nothing can be typed."""
        return bool(self.field.widget.disabled)

    def turn(self) -> None:
        """Unlock it, or lock it again."""
        self.field.widget.disabled = not self.locked or bool(self._needless)
        self._show()

    def lock(self, needless: str = "") -> None:
        """Lock it; with a reason it cannot be unlocked either."""
        self._needless = needless
        self.field.widget.disabled = True
        self._show()

    def say(self, tone: Tone, words: str) -> None:
        """How the secret stands, or why none is needed."""
        self.field.note.say(Tone.HINT if self._needless else tone, self._needless or words)

    def _typed(self) -> None:
        if (secret := self.field.value) is None:
            return
        self.field.forget()
        self.lock()
        try:
            self._entered(secret)
        except MailAdminError as error:
            self.field.complain(str(error).replace("\n", " "))

    def _show(self) -> None:
        what = self._label[:1].lower() + self._label[1:]
        self.button.description = f"{'Unlock' if self.locked else 'Lock'} {what}"
        self.button.icon = "lock" if self.locked else "unlock"
        self.button.tooltip = self.button.description
        self.button.disabled = bool(self._needless)
