"""Files and pasted tables leave their boxes at once; what is in them never leaves the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from ipywidgets import DOMWidget, VBox
from ipywidgets.embed import dependency_state, embed_data

from mailadmin.domain.profiles import Secret
from mailadmin.forms.handing import UploadBox
from mailadmin.forms.secrets import PasteBox
from tests.canaries import canary


def uploaded(box: UploadBox, **files: bytes) -> None:
    """As the browser does it."""
    at = datetime(2026, 1, 2, tzinfo=UTC)
    box.value = tuple(
        {"name": name, "type": "", "size": len(content), "content": memoryview(content), "last_modified": at}
        for name, content in files.items()
    )


def kept(box: DOMWidget) -> str:
    """What a notebook saves of a box."""
    view = VBox([box])
    return str(embed_data([view], state=dependency_state([view])))


def test_files_are_handed_over_and_only_counted_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    content, sent, taken = canary().encode(), list[str](), list[Mapping[str, bytes]]()
    monkeypatch.setattr(UploadBox, "_send", lambda self, message, buffers=None: sent.append(f"{message}{buffers}"))
    box = UploadBox(taken.append, description="Choose files")
    uploaded(box, one=content, two=b"")
    assert taken == [{"one": content, "two": b""}]
    assert [bytes(file["content"]) for file in box.value] == [b"", b""]
    uploaded(box, one=content)
    assert taken[1:] == [{"one": content}]
    assert sent
    for text in (*sent, repr(box), str(box.get_state()), kept(box)):
        assert "CANARY" not in text


def test_a_pasted_text_is_handed_over_and_the_box_is_empty() -> None:
    text, taken, states = canary(), list[Secret](), list[Any]()

    def take(secret: Secret) -> None:
        taken.append(secret)
        states.append(box.get_state())

    box = PasteBox(take, description="Cells")
    box.set_state({"value": text})
    assert box.value == ""
    with taken[0].reveal() as found:
        assert found == text
    assert "CANARY" not in str(states) + repr(box) + kept(box)
