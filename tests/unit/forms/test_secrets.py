"""What is typed into a box for secrets leaves it at once, and never leaves the kernel."""

from __future__ import annotations

import pytest
from ipywidgets import VBox
from ipywidgets.embed import dependency_state, embed_data

from mailadmin.domain.profiles import Secret
from mailadmin.forms.fields import Field, Kind
from mailadmin.forms.secrets import SecretBox
from tests.canaries import canary, found_in


def typed(box: SecretBox, text: str) -> None:
    """As the browser does it."""
    box.set_state({"value": text})


def test_the_box_is_empty_after_use_and_the_secret_is_handed_over() -> None:
    secret, taken = canary(), list[Secret]()
    box = SecretBox(taken.append, description="Password")
    typed(box, secret)
    assert box.value == ""
    assert len(taken) == 1
    with taken[0].reveal() as text:
        assert text == secret


def test_no_state_and_no_message_of_the_kernel_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    secret, sent, states = canary(), list[str](), list[str]()
    monkeypatch.setattr(SecretBox, "_send", lambda self, message, buffers=None: sent.append(str(message)))
    box = SecretBox(lambda _: states.append(str(box.get_state())), description="Password")
    typed(box, secret)
    assert states
    assert any("'value': ''" in message for message in sent), "the browser is told to empty its box"
    view = VBox([box])
    for text in (*sent, *states, repr(box), str(embed_data([view], state=dependency_state([view])))):
        assert not found_in(text.encode())
        assert secret not in text


def test_a_field_keeps_it_as_a_secret_until_it_is_forgotten() -> None:
    field = Field("Password", Kind.SECRET)
    assert field.value is None
    told: list[str] = []
    field.watch(lambda: told.append("changed"))
    typed(field.widget, canary())
    assert isinstance(field.value, Secret)
    assert told == ["changed"]
    assert "is entered" in field.note.value
    field.forget()
    assert field.value is None
    assert "is entered" not in field.note.value


def test_a_secret_is_never_put_into_its_box() -> None:
    with pytest.raises(ValueError, match="never shown"):
        Field("Password", Kind.SECRET).value = "anything"
