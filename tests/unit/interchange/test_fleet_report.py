"""A fleet's report counts what was asked, and says of every other site that it was not."""

from __future__ import annotations

from datetime import date

from mailadmin.interchange.reports import page
from mailadmin.interchange.reports.content import Numbers, Report, Words
from mailadmin.interchange.reports.fleet import FleetAnswers, Line, fleet_report

IMG = "<img src=x onerror=alert(1)>"
LINES = (
    Line(site="a", tags="nz", figures=(10, 4)),
    Line(site=IMG, tags="", figures=(5, 1)),
    Line(site="gone", tags="", figures=(), reason="There is no store."),
)


def report(*lines: Line, rows: tuple[tuple[str, ...], ...] = (("a", "u1"), (IMG, "u2"))) -> Report:
    return fleet_report(
        FleetAnswers(
            question="audit",
            title="Who holds the permission",
            as_of=date(2026, 11, 23),
            figures=("users", "allow"),
            lines=lines or LINES,
            columns=("user_id",),
            rows=rows,
        )
    )


def numbers(told: Report) -> dict[str, tuple[int, str]]:
    found = next(part for part in told.parts() if isinstance(part, Numbers))
    return {number.name: (number.value, number.tone) for number in found.numbers}


def test_figures_are_summed_over_the_sites_that_were_asked() -> None:
    assert numbers(report()) == {"Users": (15, "plain"), "Allow": (5, "plain"), "Not asked": (1, "alarm")}
    assert numbers(report(LINES[0]))["Not asked"] == (0, "plain")


def test_a_site_that_was_not_asked_is_named_with_its_reason_and_without_figures() -> None:
    words = next(part for part in report().parts() if isinstance(part, Words))
    assert words.sentences == (
        "2 of 3 sites were asked.",
        "These could not be, and no figure holds them: gone.",
    )
    sites = next(table for table in report().tables() if table.name == "Sites")
    assert sites.rows[-1] == ("gone", "", "", "", "There is no store.")


def test_rows_are_left_out_where_there_are_none_and_names_are_text() -> None:
    assert [section.name for section in report(rows=()).sections] == ["summary", "sites"]
    assert b"<img" not in page.html(report())
    assert page.html(report()) == page.html(report())
