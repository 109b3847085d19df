"""python -m tests.browser.screenshots FOLDER: every form in JupyterLab and as a page, light and dark, wide and narrow.

Three of them are for the README (docs/pictures), of a form at work; the others are for looking at.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.lab import NARROW, WIDE, Opened, Served, launched, served, with_forms

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
WINDOWS = {"wide": WIDE, "narrow": NARROW}
TALLEST = 1050
"""Pixels of a form that are shown in the README."""

HIGHEST = 6000
"""Pixels of a notebook that are shown in JupyterLab, which scrolls by itself."""


def main(folder: Path) -> None:
    """Take every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with launched() as browser:
        for kind in ("serve", "lab"):
            for theme in ("light", "dark"):
                with tempfile.TemporaryDirectory() as home, served(kind, Path(home), dark=theme == "dark") as server:
                    for notebook in with_forms():
                        _every_window(browser, server, notebook, folder / f"{kind}-{theme}")
                    if (kind, theme) == ("serve", "light"):
                        _for_the_readme(browser, server)


def _every_window(browser: Browser, server: Served, notebook: str, start: Path) -> None:
    found = Opened(browser, server, notebook)
    found.settled()
    for name, window in WINDOWS.items():
        height = HIGHEST if server.kind == "lab" else window["height"]
        found.page.set_viewport_size({"width": window["width"], "height": height})
        for number, form in enumerate(found.forms.all(), 1):
            form.screenshot(path=f"{start}-{notebook[0]}-{number}-{name}.png")
    found.close()


def _for_the_readme(browser: Browser, server: Served) -> None:
    PICTURES.mkdir(exist_ok=True)
    for name, (notebook, title, act) in README.items():
        found = Opened(browser, server, notebook, device_scale_factor=1)
        act(found)
        found.settled()
        box = found.form(title).bounding_box() or {}
        clip = {**box, "y": box["y"] + found.page.evaluate("scrollY"), "height": min(box["height"], TALLEST)}
        found.page.screenshot(path=PICTURES / f"{name}.png", full_page=True, clip=clip)
        found.close()


def _migrate(found: Opened) -> None:
    form = found.form("Migrate the e-mail settings")
    form.get_by_role("button", name="Take the snapshot").click()
    form.get_by_role("button", name="Go on to step 3").click(timeout=60_000)
    form.get_by_role("button", name="Go on to step 4").click()
    expect(form.get_by_role("button", name="I have seen the effects")).to_be_visible(timeout=60_000)


def _configure(found: Opened) -> None:
    form = found.form("Configure e-mail services")
    form.get_by_label("Page").select_option(label="SMTP")
    form.get_by_label("Server", exact=True).fill("smtp.kowhai.example")
    form.get_by_label("Server", exact=True).press("Tab")
    expect(form.get_by_role("region", name="Effects")).to_be_visible(timeout=60_000)


def _compose(found: Opened) -> None:
    form = found.form("Write a message")
    form.get_by_label("Find a person").fill("JTaylor6")
    form.get_by_label("Find a person").press("Enter")
    expect(form.get_by_text("is chosen.")).to_be_visible()
    form.get_by_label("Address", exact=True).fill("aroha@client.example")
    form.get_by_role("button", name="Add", exact=True).click()
    expect(form.get_by_text("1 added")).to_be_visible()
    form.get_by_label("Subject").fill("Your statement for November")
    form.get_by_label("Message", exact=True).fill("Kia ora Aroha")
    form.get_by_role("button", name="Check without sending").click()
    expect(form.get_by_text("account used").first).to_be_visible()


README: dict[str, tuple[str, str, Callable[[Opened], None]]] = {
    "migrate": ("2-migrate.ipynb", "Migrate the e-mail settings", _migrate),
    "configure": ("4-configure.ipynb", "Configure e-mail services", _configure),
    "compose": ("5-compose.ipynb", "Write a message", _compose),
}
"""The pictures of the README: the notebook, the form, and what is done in it first."""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
