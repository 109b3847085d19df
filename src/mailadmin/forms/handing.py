"""A box for files, which may hold passwords: what is given leaves it at once.

Law: as with a box for a secret, no state that leaves the kernel, and no notebook that is saved, holds what was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ipywidgets import FileUpload


class UploadBox(FileUpload):
    """A button for files, whose content leaves it for `taken` and nowhere else."""

    def __init__(self, taken: Callable[[Mapping[str, bytes]], None], **options: Any) -> None:
        super().__init__(multiple=True, icon="", **options)
        self._taken = taken
        self._emptying = False
        self.observe(self._take, "value")

    def _take(self, change: dict[str, Any]) -> None:
        if self._emptying or not change["new"]:
            return
        files = change["new"]
        self._emptying = True
        # The entries stay, without what was in them: the button counts them.
        self.value = tuple({**file, "content": memoryview(b"")} for file in files)
        self._emptying = False
        self._taken({str(file["name"]): bytes(file["content"]) for file in files})

    def get_state(self, key: str | Iterable[str] | None = None, drop_defaults: bool = False) -> dict[str, Any]:
        """What may leave the kernel: everything but what is in the files."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        if "value" in state:
            state["value"] = [{**file, "content": memoryview(b"")} for file in state["value"]]
        return state

    def __repr__(self) -> str:
        return "UploadBox()"
