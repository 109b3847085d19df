"""The audit report as an auditor meets it: opened from a folder in Chromium, wide, narrow, dark, printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailadmin.interchange.reports import page as report_page
from tests.browser.test_report import NARROW, WIDE, Opened, serious
from tests.cli import Desk
from tests.unit.interchange.test_audit_report import report_of
from tests.unit.interchange.test_reports_hostile import MARKUP

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on the sample company, with its notebook."""
    desk = Desk(tmp_path_factory.mktemp("report"))
    desk.migrate()
    desk("report", "audit", "--out", desk.file("out"), "--no-pdf", "--notebook")
    return desk.file("out")


@pytest.fixture
def opened(chromium: Browser, report: Path) -> Iterator[Opened]:
    found = Opened(chromium, report / "audit.html", viewport=WIDE)
    yield found
    assert found.complaints == []
    assert [url for url in found.requests if not url.startswith("file:")] == []
    found.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_no_serious_fault_and_nothing_sticks_out(
    chromium: Browser,
    report: Path,
    window: dict[str, int],
    scheme: str,
) -> None:
    found = Opened(chromium, report / "audit.html", viewport=window, color_scheme=scheme, bypass_csp=True)
    for details in found.page.locator("details").all():
        details.evaluate("one => one.open = true")
    assert found.page.evaluate("document.documentElement.scrollWidth") <= window["width"]
    assert serious(found.page) == []
    assert found.complaints == []
    found.context.close()


def test_every_table_is_searched_by_itself(opened: Opened) -> None:
    from playwright.sync_api import expect

    holders, findings = (opened.page.get_by_role("search", name=name) for name in ("Who may", "Findings"))
    told = {name: opened.page.inner_text(f"#{name}-found") for name in ("access", "findings")}
    assert told["access"] == "Rows 1 to 50 of 400."
    holders.get_by_label("Search", exact=True).fill("jtaylor6")
    expect(opened.page.locator("#access-found")).to_have_text("Rows 1 to 1 of 1 found among 400.")
    assert opened.page.inner_text("#findings-found") == told["findings"]
    findings.get_by_label("Severity", exact=True).select_option("high")
    expect(opened.page.locator("#findings-found")).to_have_text(re.compile("found among"))
    rows = opened.page.locator("#findings-table tbody tr").all_inner_texts()
    assert rows
    assert all(row.startswith("high") for row in rows)
    assert opened.page.inner_text("#access-found") == "Rows 1 to 1 of 1 found among 400."


def test_on_paper_it_is_whole(opened: Opened) -> None:
    opened.page.emulate_media(media="print")
    for hidden in ("#access-controls", "#access-pager", "header nav"):
        assert not opened.page.locator(hidden).first.is_visible()
    printed = opened.page.pdf(prefer_css_page_size=True)
    assert 5 < len(re.findall(rb"/Type\s*/Page\b", printed)) < 60


@pytest.mark.parametrize("text", MARKUP)
def test_hostile_text_does_nothing(chromium: Browser, tmp_path: Path, text: str) -> None:
    (tmp_path / "hostile.html").write_bytes(report_page.html(report_of(text)))
    found = Opened(chromium, tmp_path / "hostile.html", viewport=WIDE)
    assert found.page.locator("#access-table tbody th").first.text_content() == text
    assert found.page.evaluate("document.querySelectorAll('img, iframe, object, embed, [onload]').length") == 0
    assert (found.complaints, len(found.requests)) == ([], 1)
    found.context.close()


def test_the_notebooks_page_asks_nothing_of_the_network(chromium: Browser, report: Path) -> None:
    found = Opened(chromium, report / "3-audit.html", viewport=WIDE)
    assert found.page.get_by_text("1. Who may?").first.is_visible()
    assert found.page.locator(".jp-CodeCell .jp-InputArea").count() == 0
    assert [url for url in found.requests if not url.startswith(("file:", "data:"))] == []
    assert found.complaints == []
    found.context.close()
