"""Every form in JupyterLab and as a page: wide, narrow, enlarged, light and dark; and what serving them gives away."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.browser.lab import NARROW, WIDE, Opened, Served, with_forms

Open = Callable[..., Opened]

NOTEBOOKS = with_forms()
TWICE = {"width": WIDE["width"] // 2, "height": WIDE["height"] // 2}
"""What a window shows at 200 %."""

WINDOWS = {"wide": WIDE, "200 %": TWICE, "narrow": NARROW}


def faults(found: Opened) -> list[str]:
    """What is wrong with the forms in every window: what axe-core finds, and what sticks out."""
    wrong = []
    for name, size in WINDOWS.items():
        found.page.set_viewport_size(size)
        wrong += [f"{name}: {fault}" for fault in found.serious()]
        for form in found.forms.all():
            sticks_out = form.evaluate("one => one.scrollWidth - one.clientWidth")
            wrong += [f"{name}: {sticks_out} px stick out"] if sticks_out > 1 else []
        if found.server.kind == "serve":
            sideways = found.page.evaluate("document.documentElement.scrollWidth") - size["width"]
            wrong += [f"{name}: the page is {sideways} px too wide"] if sideways > 0 else []
    return wrong


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_form_in_the_dark_has_no_serious_fault(opened: Open, pages: Served, notebook: str) -> None:
    found = opened(pages, notebook, query="&theme=dark")
    found.settled()
    assert faults(found) == []


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_form_in_jupyterlab_has_no_serious_fault(opened: Open, lab: Served, notebook: str) -> None:
    found = opened(lab, notebook)
    found.settled()
    assert faults(found) == []


def answer(server: Served, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    """What the server answers to exactly this path."""
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=20)
    connection.request(method, path, headers=headers)
    reply = connection.getresponse()
    content = reply.read().decode(errors="replace")
    connection.close()
    return reply.status, content


FILES = [
    "/static/etc/passwd",
    "/voila/files/0-start.ipynb",
    "/voila/files/mailadmin.db",
    "/voila/files/mailadmin.key",
    "/voila/files/picture.png",
    "/voila/files/../../etc/passwd",
    "/voila/files/%2e%2e/%2e%2e/etc/passwd",
    "/voila/static/../../../../../../etc/passwd",
    "/voila/templates/mailadmin/static/../../../../../../../etc/passwd",
    "/voila/render/mailadmin.key",
    "/voila/api/contents/mailadmin.key",
    "/files/mailadmin.db",
]


@pytest.mark.parametrize("path", FILES)
def test_pages_serve_no_file_whoever_asks(pages: Served, path: str) -> None:
    for name in ("mailadmin.db", "mailadmin.key", "picture.png"):
        (pages.folder / name).write_text("of the operator's alone")
    for asked in (path, f"{path}?token={pages.token}"):
        status, content = answer(pages, asked)
        assert status != 200
        assert "of the operator's alone" not in content
        assert "root:" not in content
    for name in ("mailadmin.db", "mailadmin.key", "picture.png"):
        (pages.folder / name).unlink()


@pytest.mark.parametrize(
    "path", ["/voila/render/0-start.ipynb", "/voila/tree", "/api/kernels/x", "/voila/api/contents"]
)
def test_nobody_gets_in_without_the_token(pages: Served, path: str) -> None:
    assert answer(pages, path)[0] in (302, 403, 404)
    assert answer(pages, f"{path}?token=guessed")[0] in (302, 403, 404)


def test_no_other_name_leads_there(pages: Served) -> None:
    assert answer(pages, f"/voila/tree?token={pages.token}", Host="rebound.example")[0] == 403


def test_a_form_of_another_page_is_refused(pages: Served) -> None:
    """Cross-site requests: without the token of the page itself nothing is done."""
    assert answer(pages, "/voila/api/shutdown/00000000-0000-0000-0000-000000000000", "POST")[0] == 403


def test_the_kernel_of_a_page_ends_when_the_page_is_left(opened: Open, pages: Served) -> None:
    found = opened(pages, NOTEBOOKS[0])
    found.settled()
    settings = found.page.locator("#jupyter-config-data").text_content() or ""
    kernel = f"/api/kernels/{json.loads(settings)['kernelId']}?token={pages.token}"
    assert answer(pages, kernel)[0] == 200
    found.page.goto("about:blank")
    end = time.monotonic() + 20
    while answer(pages, kernel)[0] != 404 and time.monotonic() < end:
        time.sleep(0.1)
    assert answer(pages, kernel)[0] == 404


def test_a_page_shows_no_code_and_no_token(opened: Open, pages: Served) -> None:
    found = opened(pages, NOTEBOOKS[0])
    found.settled()
    content = found.page.content()
    assert "open_desk" not in content
    assert pages.token not in content
    # Said once, to whoever serves; and where Voilà breaks on an address meant to break it.
    log = (pages.home / "log").read_text().splitlines()
    assert len([line for line in log if pages.token in line and "/etc/passwd" not in line]) == 1
