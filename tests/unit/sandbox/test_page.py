"""The page shows what came and switches faults, for this machine only, and whatever came stays text."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from dataclasses import replace
from email.message import EmailMessage
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

import pytest

from mailadmin.domain.services import Security, ServiceKind
from mailadmin.sandbox.faults import FAULTS, Fault, Faults, Switch
from mailadmin.sandbox.inbox import DRAFTS, Inbox
from mailadmin.sandbox.listener import Reply
from mailadmin.sandbox.page import Page
from mailadmin.sandbox.preview import preview
from mailadmin.sandbox.reading import Part
from mailadmin.sandbox.views import PAGES
from tests.unit.sandbox.microsoft import asked
from tests.unit.sandbox.test_inbox import received

HERE = "http://localhost:8025"
MARKUP = [
    "<b>bold</b>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</script><script>alert(1)</script>",
    "</title></style></textarea><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "{{7*7}} ${7*7} `x`",
    "&lt;script&gt; \x00 \ud800 \u202e \u2028 ]]>",
]


class Opened:
    """A page as a browser on this machine asks for it."""

    def __init__(self) -> None:
        self.inbox = Inbox()
        self.faults = Faults()
        self.page = Page(self.inbox, self.faults, {"SMTP": "localhost:2525"})

    def get(self, path: str) -> Reply:
        return self.page.answer(asked("GET", f"https://localhost:8025{path}"))

    def post(self, path: str, *, origin: str = HERE, **form: str) -> Reply:
        body = urlencode(form).encode()
        return self.page.answer(asked("POST", f"https://localhost:8025{path}", body, Origin=origin))

    def send(self, **changed: object) -> int:
        return self.inbox.add(received(**changed)).number


def written(subject: str, body: str = "text", **headers: str) -> bytes:
    message = EmailMessage()
    message["Subject"] = subject
    for name, value in headers.items():
        message[name] = value
    message.set_content(body)
    return message.as_bytes()


class Parsed(HTMLParser):
    """A page as a browser takes it apart: its elements with their attributes, and its words."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(reply.body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def text(reply: Reply) -> str:
    """What is on a page, without the markup."""
    return " ".join(" ".join(Parsed(reply).words).split())


def test_an_empty_inbox_says_so_and_where_to_send_to() -> None:
    shown = Opened().get("/")
    assert "Nothing has arrived yet" in text(shown)
    assert b'href="/addresses"' in shown.body
    assert "localhost:2525" in text(Opened().get("/addresses"))


def test_the_inbox_lists_who_what_to_whom_and_by_which_account() -> None:
    opened = Opened()
    opened.send(raw=written("First", From="Mere Ngata <mere@kowhai.example>"))
    opened.send(via=ServiceKind.EXCHANGE, account="accounts@kowhai.example", folder=DRAFTS, raw=written("Second"))
    opened.send(account="", raw=b"", recipients=())
    words = text(opened.get("/"))
    assert "3 messages, the newest first." in words
    first = "First Mere Ngata mere@ kowhai.example aroha@ client.example and 1 other SMTP mere"
    assert first in words
    assert "Second draft mere@ kowhai.example" in words
    assert "Exchange accounts@ kowhai.example" in words
    assert "(no subject) mere@ kowhai.example nobody yet SMTP without login" in words
    assert words.index("(no subject)") < words.index("Second") < words.index("First")


def test_a_search_finds_whatever_the_case_and_pages_go_on() -> None:
    opened = Opened()
    for number in range(1, 121):
        opened.send(raw=written(f"Letter {number}", From="mere@kowhai.example"))
    pages, path = [], "/?search=LETTER"
    while path:
        shown = opened.get(path).body.decode()
        pages.append([int(number) for number in re.findall(r'href="/messages/(\d+)"', shown)])
        found = re.search(r'href="(/\?before[^"]*)"', shown)
        path = html.unescape(found[1]) if found else ""
    assert pages == [list(range(120, 70, -1)), list(range(70, 20, -1)), list(range(20, 0, -1))]
    assert "1 message with “letter 77”." in text(opened.get("/?search=letter+77"))
    assert "Nothing found" in text(opened.get("/?search=elsewhere"))


def test_a_message_shows_headers_envelope_text_and_account() -> None:
    opened = Opened()
    raw = written("Kia ora", "body text", To="Aroha <aroha@client.example>", **{"X-mailadmin-id": "123"})
    number = opened.send(via=ServiceKind.EXCHANGE, application="app-1", security=Security.SSL_ON_CONNECT, raw=raw)
    shown = text(opened.get(f"/messages/{number}"))
    for words in (
        "Kia ora",
        "Aroha <aroha@client.example>",
        "mere, by application app-1",
        "Exchange, encrypted (TLS)",
        "aroha@client.example, tama@client.example",
        "body text",
        "X-mailadmin-id",
        "123",
    ):
        assert words in shown
    assert opened.get(f"/messages/{number}/raw").body == raw


def test_a_message_with_html_shows_it_in_a_frame_that_may_do_nothing() -> None:
    opened = Opened()
    message = EmailMessage()
    message.set_content("as text")
    message.add_alternative("<p onclick=x()>as <i>html</i></p><script>alert(1)</script>", subtype="html")
    opened.send(raw=message.as_bytes())
    [frame] = Parsed(opened.get("/messages/1")).all("iframe")
    assert frame["sandbox"] == ""
    assert "<p>as <i>html</i></p>" in str(frame["srcdoc"])
    assert [word for word in ("script", "onclick") if word in str(frame["srcdoc"])] == []
    assert "as text" in text(opened.get("/messages/1"))


def test_the_preview_keeps_looks_and_own_pictures_and_nothing_else() -> None:
    logo = Part("logo", "image/png", b"\x89PNG", "logo", inline=True)
    script = Part("x", "image/svg+xml", b"<svg/>", "svg", inline=True)
    shown = preview(
        '<p style="color:red">x</p><img src="cid:logo"><img src="cid:svg"><img src="https://x.test/p.png" alt="p">'
        '<a href="javascript:x()">j</a><a href="https://x.test/">l</a><form action="/faults"><input></form>'
        '<base href="//x.test"><meta http-equiv="refresh" content="0;url=//x.test"><iframe src="//x.test"></iframe>',
        [logo, script],
    )
    body = shown.partition("</style>")[2]
    assert 'style="color:red"' in body
    assert re.findall(r'src="([^"]*)"', body) == ["data:image/png;base64,iVBORw=="]
    assert re.findall(r'href="([^"]*)"', body) == ["https://x.test/"]
    assert [word for word in ("form", "input", "base ", "meta", "iframe", "javascript") if word in body] == []


def test_attachments_are_downloads_under_their_own_names() -> None:
    opened = Opened()
    message = EmailMessage()
    message.set_content("text")
    for name in ("Tauākī.html", 'a"b\\c/d.pdf', "x\r\nSet-Cookie: y"):
        message.add_attachment(b"<script>", maintype="text", subtype="html", filename=name.replace("\r\n", " "))
    opened.send(raw=message.as_bytes())
    names = []
    for place in (1, 2, 3):
        reply = opened.get(f"/messages/1/files/{place}")
        assert (reply.status, reply.body) == (200, b"<script>")
        assert reply.headers["Content-Type"] == "application/octet-stream"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        names.append(reply.headers["Content-Disposition"])
    assert names[0] == f"attachment; filename*=UTF-8''{quote('Tauākī.html')}"
    assert [name for name in names if re.search(r"[\r\n/\\\"]", name)] == []


def everywhere(said: str) -> Opened:
    """A message with the same words wherever words can stand."""
    opened = Opened()
    words = said.encode("utf-8", "replace")
    file = b"Content-Type: application/x\r\nContent-Disposition: attachment; filename*=utf-8''" + quote(words).encode()
    parts = b"--b\r\n\r\n" + words + b"\r\n--b\r\n" + file + b"\r\n\r\nx\r\n--b--\r\n"
    name = b"=?utf-8?b?" + b64encode(words) + b"?= <a@x.example>"
    raw = b"Subject: " + words + b"\r\nFrom: " + name + b"\r\nX-a: " + words
    raw += b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + parts
    opened.send(raw=raw, account=said, sender=said, recipients=(said,), application=said, via=ServiceKind.EXCHANGE)
    return opened


@pytest.mark.parametrize("said", MARKUP)
def test_whatever_came_stays_text(said: str) -> None:
    """The same elements, with attributes of the same names, as of a message of plain words."""
    shapes = []
    for words in (said, "plain words"):
        opened = everywhere(words)
        search = quote(words.encode("utf-8", "replace"))
        pages = [Parsed(opened.get(path)) for path in ("/", f"/?search={search}", "/messages/1")]
        shapes.append([(tag, list(given)) for page in pages for tag, given in page.elements if tag != "wbr"])
        assert [given.get("src") for page in pages for given in page.all("script")] == ["/page.js"] * 3
        assert pages[1].all("input")[0]["value"] == words.encode("utf-8", "replace").decode().strip()
    assert shapes[0] == shapes[1]


def test_faults_are_switched_on_and_off() -> None:
    opened = Opened()
    for fault, effect in FAULTS.items():
        assert effect.title in text(opened.get("/faults"))
        form = {"amount": "4"} if effect.unit else {}
        reply = opened.post(f"/faults/{fault}/on", times="2", **form)
        assert (reply.status, reply.headers["Location"]) == (303, "/faults")
        assert opened.faults.on() == {fault: Switch(4 if effect.unit else 0, 2, 1.0)}
        assert "Strikes 2 more times." in text(opened.get("/faults"))
        assert opened.post(f"/faults/{fault}/off").status == 303
    assert opened.faults.on() == {}


def test_a_fault_without_numbers_is_on_until_it_is_off_and_says_how_often_it_struck() -> None:
    opened = Opened()
    opened.post("/faults/throttled/on", amount="", times="")
    opened.faults.strike(Fault.THROTTLED)
    assert opened.faults.on() == {Fault.THROTTLED: Switch(5, None, 1.0)}
    shown = text(opened.get("/faults"))
    assert "Seconds to wait: 5. Strikes until it is switched off. Has struck 1 time." in shown
    assert "Faults 1 on" in text(opened.get("/"))


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/faults/nothing/on", {}, 404),
        ("/faults/slow", {}, 404),
        ("/", {}, 404),
        ("/faults/slow/on", {"amount": "-1"}, 404),
        ("/faults/slow/on", {"amount": "1e9"}, 404),
        ("/faults/slow/on", {"times": "0"}, 400),
    ],
)
def test_what_cannot_be_switched(path: str, form: dict[str, str], status: int) -> None:
    opened = Opened()
    assert opened.post(path, **form).status == status
    assert opened.faults.on() == {}


@pytest.mark.parametrize("origin", ["", "null", "http://evil.test", "http://localhost:8026", "https://localhost:8025"])
def test_only_the_page_itself_switches(origin: str) -> None:
    opened = Opened()
    assert opened.post("/faults/slow/on", origin=origin).status == 403
    assert opened.faults.on() == {}


@pytest.mark.parametrize(
    "host", ["evil.test:8025", "localhost.evil.test:8025", "", ":8025", "127.0.0.2:8025", "a@localhost"]
)
def test_only_this_machine_is_answered(host: str) -> None:
    opened = Opened()
    opened.send()
    for method in ("GET", "POST"):
        reply = opened.page.answer(asked(method, f"https://{host}/messages/1", Origin=f"http://{host}"))
        assert (reply.status, reply.body) == (421, b"This page is for this machine only: open it as localhost.")


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1:1", "[::1]:1", "localhost"])
def test_this_machine_has_three_names(host: str) -> None:
    assert Opened().page.answer(asked("GET", f"https://{host}/")).status == 200


@pytest.mark.parametrize(
    "path",
    ["/messages/1", "/messages/x", "/messages/1/raw", "/messages/1/files/1", "/messages/%31/../x", "/etc/passwd",
     "/messages/999999999999", "/?before=x", "/messages/1/files/0", "//evil.test/", "/page"],
)  # fmt: skip
def test_there_is_nothing_else(path: str) -> None:
    reply = Opened().get(path)
    assert (reply.status, "Nothing here" in text(reply)) == (404, True)


def test_a_file_that_is_not_there() -> None:
    opened = Opened()
    opened.send(raw=written("x"))
    assert [opened.get(f"/messages/1/files/{place}").status for place in ("0", "1", "-1", "x")] == [404] * 4


def test_every_answer_carries_the_policy() -> None:
    opened = Opened()
    opened.send(raw=written("x"))
    paths = (*PAGES, "/messages/1", "/messages/1/raw", "/page.css", "/page.js", "/changes", "/nothing")
    for reply in (*map(opened.get, paths), opened.post("/faults/slow/on"), opened.post("/faults/slow/on", origin="")):
        policy = reply.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "script-src 'self'; " in policy
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_hears_of_news() -> None:
    opened = Opened()
    assert opened.get("/changes").body == b'{"changes": 0}'
    opened.send()
    assert opened.get("/changes").body == b'{"changes": 1}'
    assert b'data-changes="1"' in opened.get("/").body


def test_a_draft_that_was_replaced_is_shown_as_it_is_now() -> None:
    opened = Opened()
    number = opened.send(folder=DRAFTS, raw=written("Old"))
    opened.inbox.change(replace(opened.inbox[number], raw=written("New")))
    assert ("Old" in text(opened.get("/")), "New" in text(opened.get("/"))) == (False, True)
