"""The portal in Chromium, from the Email button to what arrives, wide and narrow; and its forms in a notebook."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

import mailadmin
from mailadmin.bootstrap import App
from mailadmin.storage.tables import AUDIT_TRAIL
from mailadmin.usecases import keeping, portal_settings
from mailadmin.usecases.sandboxing import Playing, sandboxed
from tests.browser.lab import Opened as OpenedNotebook
from tests.browser.lab import Served
from tests.browser.test_report import NARROW, WIDE, serious
from tests.browser.test_sandbox import Opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AROHA, BEN = "aroha@harbour-bakery.example", "ben@harbour-bakery.example"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    opened = mailadmin.connect(tmp_path / "mailadmin.db", environment={}, actor="tester")
    keeping.create_key(opened)
    portal_settings.practise(opened)
    yield opened
    opened.close()


@pytest.fixture
def playing(app: App) -> Iterator[Playing]:
    with sandboxed(app) as found:
        yield found


def sound(page: Page) -> list[str]:
    """What is wrong with a page: serious faults, and what sticks out."""
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_load_state()
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*serious(page), *([f"{wide} px too wide"] if wide > 0 else [])]


@pytest.mark.parametrize(
    ("size", "scheme"), [(WIDE, "light"), (NARROW, "light"), (WIDE, "dark")], ids=["wide", "narrow", "dark"]
)
def test_a_document_goes_the_whole_way(chromium: Browser, playing: Playing, size: dict[str, int], scheme: str) -> None:
    sandbox = playing.sandbox
    found = Opened(chromium, sandbox.page_url, viewport=size, color_scheme=scheme)
    page, wrong = found.page, []
    page.get_by_role("link", name="Portal", exact=True).click()
    wrong += sound(page)
    page.get_by_role("region", name="Portal CUSTOMER").get_by_role("link", name="Documents of C20000").click()
    wrong += sound(page)
    page.get_by_role("link", name="Invoice 8912").click()
    wrong += sound(page)
    button = page.get_by_role("link", name="Email", exact=True).bounding_box()
    title = page.get_by_role("heading", level=1).bounding_box()
    assert button is not None
    assert title is not None
    assert button["x"] > title["x"] + 150
    page.get_by_role("link", name="Email", exact=True).click()
    wrong += sound(page)
    assert page.locator("input:not([type=checkbox]):not([type=hidden])").count() == 0
    page.get_by_role("checkbox", name="To Aroha Smith").check()
    page.get_by_role("checkbox", name="Bcc Ben Tamihana").check()
    page.get_by_label("Message").fill("Kia ora Aroha")
    page.get_by_role("button", name="Send").click()
    wrong += sound(page)
    assert page.get_by_role("heading", level=1).inner_text() == "Invoice 8912: SENT"
    page.get_by_role("link", name="See it in the inbox").click()
    page.get_by_role("link", name="Invoice 8912").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Invoice 8912.pdf").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    (received,) = sandbox.inbox
    assert (set(received.recipients), received.reading().text) == ({AROHA, BEN}, "Kia ora Aroha")
    assert (wrong, found.complaints, found.elsewhere(sandbox)) == ([], [], [])
    found.context.close()


def test_a_button_pressed_twice_sends_once(chromium: Browser, playing: Playing) -> None:
    found = Opened(chromium, f"{playing.sandbox.page_url}portal/CUSTOMER/C20000/order/all/email")
    found.page.get_by_role("checkbox", name="To Aroha Smith").check()
    found.page.get_by_role("button", name="Send").dblclick()
    found.page.get_by_role("heading", name="Orders at a glance: SENT").wait_for()
    found.page.reload()
    assert len(playing.sandbox.inbox) == 1
    found.context.close()


def test_where_the_portal_is_not_ready_there_is_no_button(chromium: Browser, playing: Playing) -> None:
    found = Opened(chromium, f"{playing.sandbox.page_url}portal/EMPLOYEE/C20000/order/all")
    assert found.page.get_by_role("heading", level=1).inner_text() == "Orders at a glance"
    assert found.page.get_by_role("link", name="Email", exact=True).count() == 0
    found.context.close()


def refusals(app: App) -> list[str]:
    query = select(AUDIT_TRAIL.c.after).where(AUDIT_TRAIL.c.action == "refuse").order_by(AUDIT_TRAIL.c.seq)
    with app.store.reading() as connection:
        return [json.loads(after)["error"] for after in connection.execute(query).scalars()]


@pytest.mark.parametrize("place", ["to", "cc", "bcc"])
def test_a_page_that_was_tampered_with_reaches_nobody_foreign(
    chromium: Browser, app: App, playing: Playing, place: str
) -> None:
    found = Opened(chromium, f"{playing.sandbox.page_url}portal/CUSTOMER/C20000/order/all/email")
    found.page.get_by_role("checkbox", name="To Aroha Smith").check()
    forged = found.page.locator(f"input[name={place}]").last
    forged.evaluate("one => { one.value = 'evil@x.test'; one.checked = true; }")
    found.page.get_by_role("button", name="Send").click()
    found.page.get_by_role("heading", name="Not sent").wait_for()
    assert "evil@x.test" in found.page.get_by_role("alert").inner_text()
    assert sound(found.page) == []
    assert (list(playing.sandbox.inbox), refusals(app)) == ([], ["RecipientNotContact"])
    found.context.close()


def test_the_forms_set_up_send_and_undo(opened: Callable[..., OpenedNotebook], pages: Served) -> None:
    from playwright.sync_api import expect

    found = opened(pages, "6-portal.ipynb")
    found.settled()
    setup, sending = (found.form(f"Customer portal: {name}") for name in ("Email Setup", "send a document"))
    setup.get_by_label("From of Password reset").fill("accounts@kowhai.example")
    setup.get_by_label("From of Password reset").press("Tab")
    setup.get_by_role("button", name="Save").click()
    expect(setup.get_by_text("Saved: run")).to_be_visible()
    setup.get_by_role("button", name="Undo").click()
    expect(setup.get_by_text("is taken back")).to_be_visible()
    sending.get_by_label("Business partner", exact=True).select_option("C20000")
    sending.get_by_label("Aroha Smith").select_option("To")
    sending.get_by_label("Document").select_option("Invoice 8911")
    sending.get_by_role("button", name="Send", exact=True).click()
    expect(sending.get_by_text("SENT: accepted for every recipient")).to_be_visible()
    expect(found.form("Sandbox inbox").get_by_text("Invoice 8911").first).to_be_visible()
