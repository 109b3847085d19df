"""What is shown of verifications: whom it concerns, what to do, and marks that need no colour; the same every day."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from mailadmin.domain.messages import Address
from mailadmin.domain.profiles import SmtpProfile
from mailadmin.domain.services import Security, ServiceKind
from mailadmin.errors import KeyNeeded, UnknownName
from mailadmin.forms import verifying
from mailadmin.forms.pictures import PAPER, Picture
from mailadmin.forms.verifying import ACCOUNTS_DRAWN, MARKS
from mailadmin.providers.ladder import RUNGS, Result, Rung
from mailadmin.usecases.accounts import Account
from mailadmin.usecases.verifying import Subject, Verified

PASSED, WARNING, FAILED, NOT_REACHED = Result.PASSED, Result.WARNING, Result.FAILED, Result.NOT_REACHED
SMTP, EXCHANGE = ServiceKind.SMTP, ServiceKind.EXCHANGE
EVIL = "<img src=x onerror=alert(1)>\u202e"


def account(
    login: str,
    users: tuple[str, ...],
    odd: str = "",
    result: Result = FAILED,
    *,
    service: ServiceKind = SMTP,
    cost_centre: str = "GLOBAL",
    seconds: float = 0.25,
) -> Verified:
    """An account whose rungs all hold but for one that is odd."""
    profile = SmtpProfile(
        server="smtp.office365.com", port=587, security=Security.START_TLS, user_name=login, password=None
    )
    its = Account(profile, Address(f"{users[0] if users[0].isalnum() else 'x'}@kowhai.example"), cost_centre, login)
    subject = Subject(service, cost_centre, its, None, users, 0, profile.server, signs_in=True)
    names = RUNGS[service]
    place = names.index(odd) if odd else len(names)
    above = NOT_REACHED if result is FAILED else PASSED
    rungs = [Rung(n, PASSED, seconds, meaning=f"{n} holds at 10:15") for n in names[:place]]
    rungs += [Rung(odd, result, seconds, 550, f"{odd} is odd", f"Mend {odd}.")] if odd else []
    rungs += [Rung(n, above) for n in names[place + 1 :]]
    return Verified(subject, "2026-11-23T09:00:00+00:00", tuple(rungs))


def some() -> list[Verified]:
    return [
        account("fine", ("ann", "bob")),
        account("plain", ("cia",), "TLS", WARNING),
        account("shared", ("dan", "eve"), "login"),
        account("shared", ("fay",), "login"),
        account("other", ("ann",), "sender", cost_centre="NORTH"),
    ]


def test_the_overview_puts_the_worst_first_and_says_what_to_do() -> None:
    table = verifying.verified(some())
    assert table.title == "5 account(s) verified: 3 failed, 1 warning, 1 passed"
    at = "at smtp.office365.com"
    assert table.rows == [
        (FAILED, SMTP, "GLOBAL", f"shared {at}", 2, 3, "login", "login is odd", "Mend login."),
        (FAILED, SMTP, "NORTH", f"other {at}", 1, 1, "sender", "sender is odd", "Mend sender."),
        (WARNING, SMTP, "GLOBAL", f"plain {at}", 1, 1, "TLS", "TLS is odd", "Mend TLS."),
        (PASSED, SMTP, "GLOBAL", f"fine {at}", 1, 2, "", "", ""),
    ]
    assert table.marked == {0, 1}


@pytest.mark.parametrize(
    ("filters", "users"),
    [
        ({"result": "failed"}, [3, 1]),
        ({"result": "passed"}, [2]),
        ({"cost_centre": "north"}, [1]),
        ({"user": "ANN"}, [1, 2]),
        ({"result": "failed", "cost_centre": "GLOBAL", "user": "Eve"}, [2]),
    ],
)
def test_filters_are_plain_arguments(filters: dict[str, str], users: list[int]) -> None:
    assert [row[5] for row in verifying.verified(some(), **filters).rows] == users


@pytest.mark.parametrize("filters", [{"result": "broken"}, {"cost_centre": "SOUTH"}, {"user": "zoe"}])
def test_a_filter_that_stands_for_nothing_is_refused(filters: dict[str, str]) -> None:
    with pytest.raises(UnknownName):
        verifying.verified(some(), **filters)
    with pytest.raises(UnknownName):
        verifying.users_of(some(), "nobody at nowhere")


def test_what_to_do_next_begins_with_what_stops_most_users() -> None:
    table = verifying.next_steps(some())
    assert [row[:2] for row in table.rows] == [(3, "Mend login."), (1, "Mend sender.")]
    assert repr(verifying.next_steps([account("fine", ("ann",))])) == "What to do next\nnone"


def test_everybody_who_sends_by_an_account_those_it_does_not_work_for_first() -> None:
    found = [account("one", ("ann", "Bob")), account("one", ("cia",), "sender")]
    table = verifying.users_of(found, "one at smtp.office365.com")
    assert [(row[0], row[2], row[3]) for row in table.rows] == [
        ("cia", FAILED, "sender"),
        ("ann", PASSED, ""),
        ("Bob", PASSED, ""),
    ]
    assert table.rows[0][1] == "cia@kowhai.example"


def test_seconds_and_what_held_are_told_on_request_only() -> None:
    name = "shared at smtp.office365.com"
    short, full = verifying.rungs(some(), name), verifying.rungs(some(), name, in_full=True)
    assert [row[1:3] for row in short.rows] == [
        *[(n, PASSED) for n in RUNGS[SMTP][:4]], ("login", FAILED), ("sender", NOT_REACHED), ("recipient", NOT_REACHED),
    ]  # fmt: skip
    assert "holds at" not in repr(short)
    assert "login is odd" in repr(short)
    assert "0.250" not in repr(short)
    assert full.columns == ("users", "rung", "result", "seconds", "code", "meaning", "what to do")
    assert full.rows[0][3:6] == ("0.250", None, "DNS holds at 10:15")
    assert short.marked == full.marked == {4}


def test_what_will_stop_working_is_told_with_date_source_and_day_of_reading() -> None:
    (row,) = verifying.advisories([one.subject for one in some()], date(2026, 11, 23)).rows
    assert row[:2] == ("31 December 2026", 38)
    assert row[3:6] == (6, 5, "fine at smtp.office365.com, other at smtp.office365.com and 2 more")
    assert row[7:] == ("Microsoft 365 message centre MC786329, as revised on 27 January 2026", "22 November 2026")
    assert "\n" not in row[2]
    assert verifying.advisories([one.subject for one in some()], date(2027, 1, 5)).rows[0][1] == 0
    assert verifying.advisories([], date(2026, 11, 23)).rows == []


def test_the_same_findings_look_the_same_whatever_the_time_they_took() -> None:
    quick, slow = some(), [replace(v, at="2031-01-01T00:00:00+00:00") for v in some()]
    slow = [replace(v, rungs=tuple(r._replace(seconds=r.seconds * 7) for r in v.rungs)) for v in slow]
    for show in (verifying.verified, verifying.next_steps, verifying.ladder):
        assert repr(show(quick)) == repr(show(slow))  # type: ignore[operator]
    assert verifying.ladder(quick).png() == verifying.ladder(slow).png()


def test_markup_in_names_is_shown_as_text() -> None:
    found = [account(EVIL, (EVIL,), "login", cost_centre=EVIL)]
    name = found[0].subject.name
    for table in (
        verifying.verified(found),
        verifying.next_steps(found),
        verifying.users_of(found, name),
        verifying.rungs(found, name),
        verifying.advisories([found[0].subject], date(2026, 11, 23)),
    ):
        assert "<img" not in table._repr_html_()
        assert "\u202e" not in table._repr_html_() + repr(table)


# --- the picture


def texts(picture: Picture) -> list[str]:
    return [text.get_text() for text in picture.figure.axes[0].texts]


def test_there_is_a_line_for_each_account_and_a_mark_for_each_rung() -> None:
    found = [account("shared", ("ann", "bob"), "login"), account("plain", ("cia",), "TLS", WARNING)]
    assert texts(verifying.ladder(found)) == [
        "SMTP", "users", *RUNGS[SMTP],
        "shared at smtp.office365.com", "2", "✓", "✓", "✓", "✓", "✗", "·", "·",
        "plain at smtp.office365.com", "1", "✓", "✓", "✓", "!", "✓", "✓", "✓",
        "✓ passed     ! warning     ✗ failed     – not needed     · not reached",
    ]  # fmt: skip


def test_the_picture_says_in_words_what_it_shows() -> None:
    assert repr(verifying.ladder(some()[2:])) == (
        "3 account(s) verified: 3 failed. SMTP, shared at smtp.office365.com, 3 user(s): failed at login; "
        "SMTP, other at smtp.office365.com (NORTH), 1 user(s): failed at sender."
    )


def test_services_stand_apart_with_their_own_rungs() -> None:
    found = [*some(), account("box", ("ann",), "token", service=EXCHANGE)]
    drawn = texts(verifying.ladder(found))
    assert drawn[:7] == ["EXCHANGE", "users", *RUNGS[EXCHANGE]]
    assert drawn.count("SMTP") == 1


def test_a_long_list_is_cut_and_says_what_is_left_out() -> None:
    found = [account(f"a{n}", (f"u{n}",)) for n in range(ACCOUNTS_DRAWN + 3)]
    picture = verifying.ladder([*found, account("bad", ("v",), "login")])
    assert "and 4 more (passed)" in texts(picture)
    assert "and 4 more (passed)" in picture.alt
    assert "and" not in " ".join(texts(verifying.ladder(found[:ACCOUNTS_DRAWN])))


def test_settings_that_make_no_account_stand_below_the_first_rung() -> None:
    refused = account("x", ("ann",))
    rungs = (Rung("settings", FAILED, meaning="no password"), *[Rung(n, NOT_REACHED) for n in RUNGS[SMTP]])
    subject = refused.subject._replace(account=None, refused=KeyNeeded("no password"))
    drawn = texts(verifying.ladder([account("y", ("bob",)), replace(refused, subject=subject, rungs=rungs)]))
    assert drawn[2:4] == ["settings", "DNS"]
    assert "SMTP of GLOBAL" in drawn


def test_every_result_has_a_mark_of_its_own() -> None:
    assert set(MARKS) == set(Result)
    assert len({mark.symbol for mark in MARKS.values()}) == len(Result)


def lightness(colour: str) -> float:
    """CIE L* of a colour (relative luminance by WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return float(116 * luminance ** (1 / 3) - 16)


def test_passed_warning_and_failed_differ_in_lightness_not_only_in_colour() -> None:
    passed, warning, failed = (lightness(MARKS[result].fill) for result in (PASSED, WARNING, FAILED))
    assert passed - warning > 15
    assert warning - failed > 15


def test_the_picture_brings_its_own_paper_for_dark_themes() -> None:
    corner = imread(BytesIO(verifying.ladder(some()).png()))[0, 0]
    assert tuple(corner) == (*to_rgb(PAPER), 1.0)


@pytest.mark.parametrize("name", ["$x_{", "<b>&amp;", "ユーザー", "יעל", "x" * 300, "evil\u202ecod"])
def test_any_name_can_be_drawn(name: str) -> None:
    picture = verifying.ladder([account(name, ("ann",), "login", cost_centre=name)])
    assert picture.png().startswith(b"\x89PNG")
    assert "\u202e" not in repr(picture)


def test_every_text_stays_inside_the_picture() -> None:
    found = [account("x" * 300, ("ann",), "login"), *some(), account("box", ("ann",), "token", service=EXCHANGE)]
    figure = verifying.ladder(found).figure
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= width
    assert box.y1 <= height
    label, mark = (next(t for t in figure.axes[0].texts if t.get_text().startswith(start)) for start in ("xxx", "✓"))
    assert label.get_window_extent().x1 < mark.get_window_extent().x0


def test_nothing_to_show_is_said() -> None:
    assert repr(verifying.ladder([])) == "0 account(s) verified. Nobody is ready to send."
    assert verifying.ladder([]).png().startswith(b"\x89PNG")
    assert "matplotlib.pyplot" not in sys.modules
