"""A press ends in words, never in a traceback; long work can be stopped; nothing of a form is kept."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from ipywidgets import HTML

import mailadmin.forms
from mailadmin.domain.profiles import Secret
from mailadmin.errors import BadInput, Problem, SourceRejected, StalePlan
from mailadmin.forms.fields import Field
from mailadmin.forms.form import Form
from mailadmin.forms.shown import Shown, Tone, html
from mailadmin.forms.work import Step, Stopped, at_once, in_background
from tests.canaries import canary

IMG = "<img src=x onerror=alert(1)>"


def raising(error: Exception) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BadInput(f"{IMG} is no port.", remedy="Give a number."), ["&lt;img", "is no port.", "Give a number."]),
        (SourceRejected("x", [Problem("row 1", "too long"), Problem(IMG, "odd")]), ["row 1", "too long", "&lt;img"]),
        (StalePlan(["users one", "users two"]), ["users one", "users two", "Make the plan again"]),
        (Stopped(), ["Stopped. Nothing of it was kept."]),
    ],
)
def test_what_goes_wrong_is_said_in_words(error: Exception, words: list[str]) -> None:
    form = Form("A form")
    form.button("Do it", raising(error)).click()
    assert [word in form.message.value for word in words] == [True] * len(words)
    assert "<img" not in form.message.value


def test_an_unforeseen_error_tells_its_kind_and_nothing_it_may_hold(caplog: pytest.LogCaptureFixture) -> None:
    secret, form = canary(), Form("A form")
    form.button("Do it", raising(RuntimeError(secret))).click()
    assert "RuntimeError" in form.message.value
    assert "CANARY" not in form.message.value + caplog.text


def test_long_work_shows_how_far_it_is_and_hands_over_what_it_came_to() -> None:
    form, seen, found = Form("A form", runner=at_once), list[tuple[int, int]](), list[object]()

    def work(step: Step) -> str:
        step("Reading", 3, 10)
        seen.append((form.progress.bar.value, form.progress.bar.max))
        assert form.progress.running
        return "all"

    form.work(work, found.append)
    assert (seen, found, form.progress.running) == ([(3, 10)], ["all"], False)


def test_long_work_is_stopped_by_its_button_and_nothing_else_runs_meanwhile() -> None:
    form, begun, ended, go_on = Form("A form", runner=in_background), *(threading.Event() for _ in range(3))
    pressed: list[str] = []

    def work(step: Step) -> None:
        begun.set()
        go_on.wait(10)
        step("On and on")

    form.failed = lambda error: (Form.failed(form, error), ended.set())[0]  # type: ignore[method-assign]
    form.work(work, lambda _: pressed.append("finished"))
    assert begun.wait(10)
    form.button("Other", lambda: pressed.append("other")).click()
    assert "still running" in form.message.value
    form.progress.stop.click()
    go_on.set()
    assert ended.wait(10)
    assert "Stopped. Nothing of it was kept." in form.message.value
    assert (pressed, form.progress.running) == ([], False)


def test_a_notebook_keeps_the_title_and_the_view_alone() -> None:
    form = Form(f"Compose {IMG}")
    form.lay_out(Field("To", value="aroha@client.example"))
    bundle = form._repr_mimebundle_()
    assert bundle["text/plain"] == f"Form: Compose {IMG}"
    assert "aroha" not in json.dumps(bundle)


def test_only_shown_makes_html_and_it_escapes() -> None:
    assert "<img" not in html(IMG)
    place = Shown(IMG)
    assert isinstance(place, HTML)
    place.say(Tone.ERROR, IMG)
    assert ("<img" in place.value, 'role="alert"' in place.value) == (False, True)
    place.show()
    assert (place.value, place.layout.display) == ("", "none")


def test_a_secret_in_a_message_is_not_told() -> None:
    text = canary()
    assert html(Secret(lambda: text)) == "***"


def test_html_is_made_in_one_place_and_nothing_is_printed() -> None:
    makes = re.compile(r"\bHTML\(|\bHTMLMath\(|\bOutput\(|\bprint\(|IPython\.display|_repr_html_ = ")
    forms = Path(mailadmin.forms.__file__).parent
    found = {file.name for file in forms.glob("*.py") if makes.search(file.read_text(encoding="utf-8"))}
    assert found == {"shown.py"}
