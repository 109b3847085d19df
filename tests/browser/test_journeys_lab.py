"""A consultant in JupyterLab: from the export to a verified migration and back, and nothing secret stays behind."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.lab import Opened, Served
from tests.canaries import canary, encodings, hits

if TYPE_CHECKING:
    from playwright.sync_api import Locator

Open = Callable[..., Opened]

SLOW = 60_000
"""Milliseconds for a step in which everybody's settings are worked out, on a busy machine."""


def sign(form: Locator) -> None:
    """Type the digits the form asks for, as somebody who has read them."""
    box = form.get_by_label("First eight digits").last
    expect(box).to_be_visible(timeout=SLOW)
    digits = form.locator("p", has_text="The hash of the plan you have seen begins with").last.locator("strong")
    box.fill(digits.inner_text())
    box.press("Tab")


def test_a_consultant_migrates_the_sample_company_and_takes_it_back(opened: Open, lab: Served) -> None:
    found = opened(lab, "2-migrate.ipynb")
    form = found.form("Migrate the e-mail settings")
    form.get_by_role("button", name="Take the snapshot").click()
    form.get_by_role("button", name="Go on to step 3").click(timeout=SLOW)
    secret = canary()
    form.get_by_label("Look at").select_option(index=1)
    box = form.locator("input[type=password]:visible").first
    box.fill(secret)
    box.press("Tab")
    expect(form.get_by_text("is entered, and kept when you save. It is not shown.").first).to_be_visible()
    expect(box).to_have_value("")
    nothing_stays(found, secret)
    form.get_by_role("button", name="Put these values into the plan").click()
    form.get_by_role("button", name="I have seen the effects").click(timeout=SLOW)
    form.get_by_label("First eight digits").fill("00000000")
    form.get_by_label("First eight digits").press("Tab")
    expect(form.get_by_text("These are not the eight digits")).to_be_visible()
    expect(form.get_by_role("button", name="Apply the plan")).to_have_count(0)
    sign(form)
    form.get_by_role("button", name="Apply the plan").click()
    expect(form.get_by_text("Run 1 is applied and verified.")).to_be_visible(timeout=SLOW)
    form.get_by_role("button", name="Show what taking back run 1 does").click()
    sign(form)
    form.get_by_role("button", name="Take it back").click()
    expect(form.get_by_text("Taken back as run 2.")).to_be_visible(timeout=SLOW)
    assert list(hits(found.server.home)) == []


def nothing_stays(found: Opened, secret: str) -> None:
    """Save as much as a notebook can save, then search everything Jupyter wrote, and an HTML copy."""
    file = found.server.folder / found.notebook
    found.page.keyboard.press("Control+s")
    saved_with(file, "PasswordModel")
    subprocess.run([sys.executable, "-m", "nbconvert", "--to", "html", str(file)], check=True, capture_output=True)
    assert file.with_suffix(".html").is_file()
    assert list(hits(found.server.home)) == []
    written = found.page.content().encode()
    assert [how for how, form in encodings(secret).items() if form in written] == []


def saved_with(file: Path, model: str, seconds: float = 30) -> None:
    """Wait until the notebook has been saved with the state of such a widget."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if model in file.read_text():
            return
        time.sleep(0.1)
    raise AssertionError(f"the notebook was not saved with the state of a {model}")
