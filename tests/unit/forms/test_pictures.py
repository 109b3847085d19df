"""Pictures show the numbers they were asked for, in words as well, and warn of nothing."""

from __future__ import annotations

import sys
from collections import Counter

import pytest
from matplotlib.figure import Figure

from mailadmin.domain.governed import Organisation
from mailadmin.domain.services import ServiceKind
from mailadmin.forms import pictures
from mailadmin.forms.pictures import COLOURS, Picture
from mailadmin.migration.effects import Effects, SubjectEffect
from mailadmin.migration.kinds import Kind, kind_of
from mailadmin.resolution.population import population
from mailadmin.resolution.provenance import Asked, Context, Layer, Resolution, Tier

SMTP = ServiceKind.SMTP


def answer(user: str, server: str | None, sender: str | None = "a@kowhai.example") -> Resolution:
    asked = (Asked(Tier.GLOBAL, "GLOBAL", "GLOBAL", True, "uses SMTP"),)
    values = (server, 25, None, "no authentication", None, None, sender, None, None, None, None)
    return Resolution(Context(user), SMTP, (), asked, Layer("global cost centre", "GLOBAL", values))


def nothing(user: str) -> Resolution:
    return Resolution(Context(user), None)


def effects(pairs: list[tuple[Resolution, Resolution]]) -> Effects:
    nobody = population([], Context(), Organisation.of([]))
    subjects = [SubjectEffect("", str(i), kind_of(was, now), was, now) for i, (was, now) in enumerate(pairs)]
    return Effects(nobody, nobody, subjects)


def some() -> Effects:
    ready, other, incomplete = answer("u", "smtp"), answer("u", "smtp2"), answer("u", "smtp", None)
    same = (ready, ready)
    return effects([same, same, (ready, other), (ready, incomplete), (ready, incomplete), (nothing("u"), ready)])


def texts(picture: Picture) -> list[str]:
    return [text.get_text() for text in picture.figure.axes[0].texts]


def test_every_kind_of_effect_has_a_colour() -> None:
    assert set(COLOURS) == set(Kind)


def test_bars_are_as_long_as_the_counts() -> None:
    picture = pictures.effects_by_kind(some())
    axes = picture.figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "same", "stop sending", "start sending", "change server",
    ]  # fmt: skip
    assert [bar.get_width() for bar in axes.patches] == [2, 2, 1, 1]
    assert texts(picture) == ["2", "2", "1", "1"]
    assert repr(picture) == (
        "What happens to users and web configurations. same: 2, stop sending: 2, start sending: 1, change server: 1."
    )


def test_methods_count_service_and_status() -> None:
    picture = pictures.methods([answer("a", "smtp"), answer("b", "smtp", None), answer("c", "smtp"), nothing("d")])
    assert repr(picture) == "How mail goes out. no default service: 1, SMTP ready: 2, SMTP incomplete: 1."
    assert [bar.get_width() for bar in picture.figure.axes[0].patches] == [1, 2, 1]


def test_old_to_new_counts_every_path_once() -> None:
    picture = pictures.old_to_new(some())
    axes = picture.figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "after: SMTP\nready: 4",
        "after: SMTP\nincomplete: 2",
    ]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "before: \nno default service: 1", "before: SMTP\nready: 5",
    ]  # fmt: skip
    assert Counter(texts(picture)) == Counter(
        ["1", "start sending", "3", "2 same\n1 change server", "2", "stop sending"]
    )
    assert repr(picture) == (
        "From the old way of sending to the new one. no default service to SMTP ready: 1 start sending; "
        "SMTP ready to SMTP ready: 2 same, 1 change server; SMTP ready to SMTP incomplete: 2 stop sending."
    )


def test_more_than_two_kinds_on_one_path_are_summed_up() -> None:
    ready = answer("u", "smtp")
    picture = pictures.old_to_new(
        effects(
            [(ready, ready), (ready, ready), (ready, answer("u", "b")), (ready, answer("u", "smtp", "b@x.example"))]
        )
    )
    assert "2 same\nand 2 otherwise" in texts(picture)


def test_tiers_say_who_won() -> None:
    picture = pictures.tiers(answer("u", "smtp"))
    assert texts(picture)[:4] == ["which\nsettings", "GLOBAL", "won", "uses SMTP"]
    assert repr(picture) == "User u, unattended: ready. GLOBAL won: uses SMTP."


@pytest.mark.parametrize("name", ["$x_{", "<b>&amp;", "ユーザー", "יעל", "x" * 300, "evil\u202ecod"])
def test_any_name_can_be_drawn(name: str) -> None:
    asked = (Asked(Tier.BRANCH, name, name, False, name), Asked(Tier.GLOBAL, "GLOBAL", "GLOBAL", True, name))
    picture = pictures.tiers(Resolution(Context(name), SMTP, asked, asked, Layer("x", name, (None,) * 11)))
    assert picture.png().startswith(b"\x89PNG")
    assert "\u202e" not in repr(picture)


def test_nothing_to_show_is_said() -> None:
    for picture in (pictures.effects_by_kind(effects([])), pictures.methods([]), pictures.old_to_new(effects([]))):
        assert "nobody is concerned" in repr(picture).lower()
        assert picture.png().startswith(b"\x89PNG")


def test_a_notebook_gets_the_image_with_its_text() -> None:
    data, metadata = pictures.tiers(answer("u", "smtp"))._repr_mimebundle_(include=None, exclude=None)
    assert set(data) == {"image/png", "text/plain"}
    assert metadata["image/png"]["alt"] == data["text/plain"]


def test_every_text_stays_inside_its_picture() -> None:
    for picture in (
        pictures.effects_by_kind(some()),
        pictures.old_to_new(some()),
        pictures.tiers(answer("u" * 90, "smtp")),
    ):
        figure = picture.figure
        picture.png()
        box = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height


def test_pyplot_is_not_used() -> None:
    assert isinstance(pictures.tiers(answer("u", "smtp")).figure, Figure)
    assert "matplotlib.pyplot" not in sys.modules
