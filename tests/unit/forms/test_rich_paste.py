"""What is pasted with its looks goes to whoever cleans it, and stays nowhere."""

from __future__ import annotations

from ipywidgets.embed import dependency_state

from mailadmin.forms.rich_paste import RichPaste

HTML = '<p style="color:#0072b2">Anna</p><script>alert(1)</script>'


def test_the_html_is_handed_over_and_the_box_is_empty_again() -> None:
    taken: list[str] = []
    box = RichPaste("Signature", "Paste it.", taken.append)
    for _ in range(2):
        box.set_state({"pasted": HTML})
    assert taken == [HTML, HTML]
    assert box.pasted == ""
    assert "alert" not in str(dependency_state([box])).replace("role", "")
    assert repr(box) == "RichPaste('Signature')"


def test_nothing_pasted_is_nothing_taken() -> None:
    taken: list[str] = []
    RichPaste("Signature", "Paste it.", taken.append).set_state({"pasted": ""})
    assert taken == []
