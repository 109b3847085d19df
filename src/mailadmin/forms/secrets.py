"""Boxes for secrets, and for what may hold some: what is typed or pasted there is taken away at once.

Laws: the box is emptied as soon as the browser has handed over what was typed, because a browser that saves a notebook
saves its own model; no state that leaves the kernel holds it (security.md 0.9; ipywidgets #1793).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import traitlets
from ipywidgets import Password, Textarea

from ..domain.profiles import Secret


class HandedOver(traitlets.HasTraits):
    """A box of text whose content leaves it for `taken` and nowhere else."""

    # Handed over once, when the box is left; and not sent back to the browser as an echo.
    continuous_update = traitlets.Bool(False).tag(sync=True)
    value = traitlets.Unicode("").tag(sync=True, echo_update=False)

    def __init__(self, taken: Callable[[Secret], None], **options: Any) -> None:
        super().__init__(**options)
        self._taken = taken
        self.observe(self._take, "value")

    def _take(self, change: dict[str, Any]) -> None:
        if text := change["new"]:
            self.value = ""
            self._taken(Secret(lambda: text))

    def get_state(self, key: str | Iterable[str] | None = None, drop_defaults: bool = False) -> dict[str, Any]:
        """What may leave the kernel: everything but the text."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)  # type: ignore[misc]
        return {**state, "value": ""} if "value" in state else state

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class SecretBox(HandedOver, Password):
    """A password box."""


class PasteBox(HandedOver, Textarea):
    """A box to paste a table into."""
