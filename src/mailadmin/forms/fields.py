"""One field of a form: its label, the box of its kind, and the line beneath that says what is wrong with it.

Laws: every box has its label, read out with it; what is wrong stands at the field, in words, and is announced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from ipywidgets import (
    BoundedIntText,
    Checkbox,
    DatePicker,
    Dropdown,
    FileUpload,
    Select,
    Text,
    Textarea,
    VBox,
    Widget,
)

from ..domain.keys import visible
from ..domain.profiles import Secret
from .secrets import SecretBox
from .shown import Shown, Tone

Check = Callable[[Any], str]
"""What is wrong with a value, in words, or ''."""


class Kind(StrEnum):
    """What a field takes."""

    TEXT = "text"
    LONG_TEXT = "long text"
    PORT = "port"
    YES_NO = "yes or no"
    CHOICE = "choice"
    LIST = "list"
    DATE = "date"
    FILES = "files"
    SECRET = "secret"  # noqa: S105 - the word, not one


@dataclass(frozen=True, slots=True)
class Box:
    """How a kind is asked for: the widget, what goes with it, and what stands for *nothing*."""

    widget: Callable[..., Widget]
    options: tuple[tuple[str, Any], ...] = ()
    blank: object = None


WIDGETS: dict[Kind, Box] = {
    Kind.TEXT: Box(Text, blank=""),
    Kind.LONG_TEXT: Box(Textarea, (("rows", 8),), blank=""),
    Kind.PORT: Box(BoundedIntText, (("min", 0), ("max", 65535)), blank=0),
    Kind.YES_NO: Box(Checkbox, (("indent", False),), blank=False),
    Kind.CHOICE: Box(Dropdown),
    Kind.LIST: Box(Select, (("rows", 10),)),
    Kind.DATE: Box(DatePicker),
    Kind.FILES: Box(FileUpload, (("multiple", True),), blank=()),
    Kind.SECRET: Box(SecretBox, blank=""),
}
"""TABLE: the widget of every kind of field."""

Choice = tuple[str, Any]
"""What a person reads, and what it stands for."""


class _Nothing:
    """What stands for None within a widget, for which None means that no line is chosen, so that it shows none."""

    def __bool__(self) -> bool:
        return False


_NOTHING = _Nothing()


class Field:
    """A field of a form. `value` is what stands in it; of a secret, a Secret or None.

    `hint` says what it is for; `check` is asked whenever the value changes and once more by the form.
    """

    def __init__(
        self,
        label: str,
        kind: Kind = Kind.TEXT,
        value: Any = None,
        *,
        choices: Sequence[Choice] = (),
        hint: str = "",
        check: Check | None = None,
        disabled: bool = False,
    ) -> None:
        self.label = label
        self.kind = kind
        self._secret: Secret | None = None
        self._check = check
        self._hint = hint
        self._watchers: list[Callable[[], None]] = []
        self._choosing = False
        box = WIDGETS[kind]
        options: dict[str, Any] = {**dict(box.options), "description": label, "disabled": disabled}
        if kind in (Kind.CHOICE, Kind.LIST):
            options["options"] = _readable(choices)
            value = _kept(value, options["options"])
        if kind is Kind.SECRET:
            options["taken"] = self._keep
        elif value is not None:
            options["value"] = value
        self.widget = cast(Any, box.widget(**options))
        self.widget.add_class("mailadmin-field")
        self.note = Shown()
        self.note.say(Tone.HINT, *([hint] if hint else []))
        self.box = VBox([self.widget, self.note])
        self.box.add_class("mailadmin-row")
        self.widget.observe(self._changed, "value")

    @property
    def value(self) -> Any:
        """What stands in the field."""
        if self.kind is Kind.SECRET:
            return self._secret
        return None if self.widget.value is _NOTHING else self.widget.value

    @value.setter
    def value(self, value: Any) -> None:
        if self.kind is Kind.SECRET:
            raise ValueError("a secret is never shown, so it is not set either")
        if self.kind in (Kind.CHOICE, Kind.LIST):
            value = _kept(value, self.widget.options)
        self.widget.value = WIDGETS[self.kind].blank if value is None else value

    def choose_from(self, choices: Iterable[Choice]) -> None:
        """Other choices; what was chosen stays if it is still there, and nobody is told."""
        chosen, options = self.widget.value, _readable(choices)
        self._choosing = True
        try:
            # The widget goes to the first line by itself.
            self.widget.options = options
            if chosen in [value for _, value in options]:
                self.widget.value = chosen
        finally:
            self._choosing = False
        if self.widget.value != chosen:
            self._changed(None)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call this after every change by a person or a program."""
        self._watchers.append(watcher)

    def forget(self) -> None:
        """Drop a secret that was entered."""
        self._secret = None
        self.clear()

    @property
    def problem(self) -> str:
        """What is wrong with the value now, or ''."""
        return self._check(self.value) if self._check else ""

    def complain(self, words: str) -> None:
        """Say at the field what is wrong with it."""
        self.note.say(Tone.ERROR, words)

    def clear(self) -> None:
        """Take back a complaint; the hint stands again."""
        self.note.say(Tone.HINT, *([self._hint] if self._hint else []))

    def validate(self) -> bool:
        """Whether the value will do; if not, it is said at the field."""
        problem = self.problem
        if problem:
            self.complain(problem)
        else:
            self.clear()
        return not problem

    def _keep(self, secret: Secret) -> None:
        self._secret = secret
        self.note.say(Tone.GOOD, f"{self.label} is entered, and kept when you save. It is not shown.")
        self._tell()

    def _changed(self, _change: object) -> None:
        if self.kind is not Kind.SECRET and not self._choosing:
            self.validate()
            self._tell()

    def _tell(self) -> None:
        for watcher in self._watchers:
            watcher()


def _readable(choices: Iterable[Choice]) -> list[Choice]:
    """Choices whose words mislead nobody; ipywidgets wants each of them once."""
    seen: dict[str, int] = {}
    found = []
    for words, value in choices:
        shown = visible(words)
        seen[shown] = seen.get(shown, 0) + 1
        stands_for = _NOTHING if value is None else value
        found.append((shown if seen[shown] == 1 else f"{shown} ({seen[shown]})", stands_for))
    return found


def _kept(value: Any, options: Iterable[Choice]) -> Any:
    """A value as the widget has it."""
    return _NOTHING if value is None and any(one is _NOTHING for _, one in options) else value
