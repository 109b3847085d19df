"""The report page as a person meets it: opened from a folder in Chromium, wide, narrow, dark, printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mailadmin.interchange.reports import page as report_page
from tests.cli import Desk
from tests.unit.interchange.test_reports_hostile import MARKUP, hostile_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on the sample company."""
    desk = Desk(tmp_path_factory.mktemp("report"))
    desk.migrate()
    desk("report", "migration", desk.file("plan.json"), "--out", desk.file("out"), "--no-pdf")
    return desk.file("out") / "migration.html"


class Opened:
    """A page, and everything it did that no report should do."""

    def __init__(self, chromium: Browser, file: Path, **context: Any) -> None:
        self.context = chromium.new_context(**context)
        self.context.set_default_timeout(10_000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())

    @property
    def found(self) -> str:
        return self.page.inner_text("#effects-found")

    @property
    def rows(self) -> list[str]:
        return self.page.locator("#effects-table tbody tr").all_inner_texts()

    def wait(self, found: str | re.Pattern[str]) -> None:
        """Wait until the page says so; looked at from outside, since its policy lets nothing be evaluated later."""
        from playwright.sync_api import expect

        expect(self.page.locator("#effects-found")).to_have_text(found, timeout=10_000)


@pytest.fixture
def opened(chromium: Browser, report: Path) -> Iterator[Opened]:
    found = Opened(chromium, report, viewport=WIDE)
    yield found
    assert found.complaints == []
    assert [url for url in found.requests if not url.startswith(("file:", "blob:"))] == []
    found.context.close()


def serious(page: Page) -> list[str]:
    """The serious and critical faults axe-core finds, each with the element."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{v['id']}: {n['html'][:120]}" for v in found if v["impact"] in ("serious", "critical") for n in v["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_no_serious_fault_and_nothing_sticks_out(
    chromium: Browser, report: Path, window: dict[str, int], scheme: str
) -> None:
    found = Opened(chromium, report, viewport=window, color_scheme=scheme, bypass_csp=True)
    for details in found.page.locator("details").all():
        details.evaluate("one => one.open = true")
    assert found.page.evaluate("document.documentElement.scrollWidth") <= window["width"]
    assert serious(found.page) == []
    assert found.complaints == []
    found.context.close()


def test_search_finds_a_user_whatever_the_case(opened: Opened) -> None:
    opened.wait("Rows 1 to 50 of 402.")
    assert not opened.page.get_by_text("These are the first 50 of 402 rows.").is_visible()
    name = opened.rows[4].split("\t")[0]
    opened.page.get_by_label("Search", exact=True).fill(name.upper())
    opened.wait("Rows 1 to 1 of 1 found among 402.")
    assert [row.split("\t")[0] for row in opened.rows] == [name]
    opened.page.get_by_label("Search", exact=True).fill("nobody is called so")
    opened.wait("Nothing found among 402 rows.")
    assert opened.rows == []
    opened.page.get_by_role("button", name="Clear").click()
    opened.wait("Rows 1 to 50 of 402.")


def test_several_words_and_filters_narrow_each_other(opened: Opened) -> None:
    opened.page.get_by_label("Effect", exact=True).select_option("stop sending")
    opened.wait("Rows 1 to 45 of 45 found among 402.")
    opened.page.get_by_label("Before", exact=True).select_option("mailto, ready")
    opened.wait("Rows 1 to 8 of 8 found among 402.")
    opened.page.get_by_label("Branch", exact=True).select_option("=")
    opened.wait(re.compile("of 1 found"))
    opened.page.get_by_role("button", name="Clear").click()
    opened.wait("Rows 1 to 50 of 402.")
    opened.page.get_by_label("Search", exact=True).fill("exchange stop akl")
    opened.wait(re.compile("found among"))
    assert all("AKL" in row and "EXCHANGE" in row and "stop sending" in row for row in opened.rows)


def test_pages_turn_and_end_where_they_end(opened: Opened) -> None:
    pager = opened.page.get_by_role("navigation", name="Pages of effects")
    seen = opened.rows
    while pager.get_by_role("button", name="Next").is_enabled():
        pager.get_by_role("button", name="Next").click()
        seen += opened.rows
    assert len(seen) == len(set(seen)) == 402
    assert opened.found == "Rows 401 to 402 of 402."
    assert opened.page.inner_text("#effects-page") == "Page 9 of 9"
    pager.get_by_role("button", name="First").click()
    assert opened.found == "Rows 1 to 50 of 402."
    assert pager.get_by_role("button", name="Previous").is_disabled()
    opened.page.get_by_label("Rows", exact=True).select_option("250")
    opened.wait("Rows 1 to 250 of 402.")


def test_a_heading_sorts_and_says_which_way(opened: Opened) -> None:
    head = opened.page.get_by_role("columnheader", name="Who").filter(has=opened.page.get_by_role("button")).last
    for way in ("ascending", "descending"):
        opened.page.locator("#effects-table thead button").first.click()
        assert opened.page.locator("#effects-table thead th").first.get_attribute("aria-sort") == way
    assert head.count() == 1
    names = [row.split("\t")[0] for row in opened.rows]
    assert names[0].startswith(("web configuration", "Z", "z", "Ø", "Ö", "Ł"))


def test_everything_can_be_reached_by_keyboard(opened: Opened) -> None:
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.textContent") == "Skip to the summary"
    opened.page.locator("#effects-search").focus()
    for expected in ("SELECT", "SELECT", "SELECT", "SELECT", "SELECT", "BUTTON"):
        opened.page.keyboard.press("Tab")
        assert opened.page.evaluate("document.activeElement.tagName") == expected
    outline = opened.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_what_is_filled_in_is_kept_in_a_copy(opened: Opened, chromium: Browser, tmp_path: Path) -> None:
    opened.page.get_by_label("Owner, action 1").fill('Mere "Ngata" <b>')
    opened.page.get_by_label("Done on, action 2").fill("2026-12-01")
    opened.page.get_by_label("Search", exact=True).fill("mailto")
    opened.wait(re.compile("found among"))
    with opened.page.expect_download() as download:
        opened.page.get_by_role("button", name="Save a copy with what was filled in").click()
    download.value.save_as(tmp_path / "copy.html")
    copy = Opened(chromium, tmp_path / "copy.html", viewport=WIDE)
    assert copy.page.get_by_label("Owner, action 1").input_value() == 'Mere "Ngata" <b>'
    assert copy.page.get_by_label("Done on, action 2").input_value() == "2026-12-01"
    copy.wait("Rows 1 to 50 of 402.")
    assert copy.complaints == []
    copy.context.close()


def test_without_javascript_it_is_a_plain_page_with_a_note(chromium: Browser, report: Path) -> None:
    found = Opened(chromium, report, viewport=WIDE, java_script_enabled=False)
    assert len(found.rows) == 50
    assert found.page.get_by_text("These are the first 50 of 402 rows.").is_visible()
    for hidden in ("#effects-controls", "#effects-pager", "#save"):
        assert not found.page.locator(hidden).is_visible()
    found.context.close()


def test_on_paper_controls_are_gone_and_actions_are_whole(opened: Opened) -> None:
    opened.page.emulate_media(media="print")
    for hidden in ("#effects-controls", "#effects-pager", "#save", "header nav", "figure details"):
        assert not opened.page.locator(hidden).first.is_visible()
    assert opened.page.get_by_text("Only the rows shown on screen are printed.").is_visible()
    assert opened.page.locator("#actions-table tbody tr").count() == 4
    printed = opened.page.pdf(prefer_css_page_size=True)
    assert 5 < len(re.findall(rb"/Type\s*/Page\b", printed)) < 40


@pytest.mark.parametrize("text", MARKUP)
def test_hostile_text_does_nothing(chromium: Browser, tmp_path: Path, text: str) -> None:
    (tmp_path / "hostile.html").write_bytes(report_page.html(hostile_report(text, rows=60).report()))
    found = Opened(chromium, tmp_path / "hostile.html", viewport=WIDE)
    found.page.get_by_label("Rows", exact=True).select_option("25")
    found.wait("Rows 1 to 25 of 60.")
    found.page.locator("#effects-table thead button").first.click()
    found.page.get_by_role("navigation", name="Pages of effects").get_by_role("button", name="Last").click()
    assert found.page.locator("#effects-table tbody th").first.text_content() == text
    assert (
        found.page.evaluate("document.querySelectorAll('img, iframe, object, embed, [onload], [onerror]').length") == 0
    )
    assert (found.complaints, len(found.requests)) == ([], 1)
    found.context.close()


def test_a_hundred_thousand_rows_are_searched_in_a_blink(chromium: Browser, tmp_path: Path) -> None:
    few = hostile_report("x", rows=1)
    rows = [(f"User{n}", f"B{n % 900}", "stop sending", f"Sender e-mail: user{n}@x.example") for n in range(100_000)]
    (tmp_path / "big.html").write_bytes(
        report_page.html(replace(few, effects=replace(few.effects, rows=rows)).report())
    )
    found = Opened(chromium, tmp_path / "big.html", viewport=WIDE)
    found.wait("Rows 1 to 50 of 100,000.")
    found.page.get_by_label("Search", exact=True).fill("user77777@")
    found.wait("Rows 1 to 1 of 1 found among 100,000.")
    took = found.page.evaluate(
        """() => {
          const box = document.getElementById("effects-search");
          box.value = "b899 user9";
          const start = performance.now();
          document.getElementById("effects-controls").dispatchEvent(new Event("input"));
          return new Promise((done) => new MutationObserver(() => done(performance.now() - start))
            .observe(document.getElementById("effects-found"), { childList: true }));
        }"""
    )
    assert took < 3_000
    found.context.close()
