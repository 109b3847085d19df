"""The pages of the sandbox, drawn: its inbox, a message, the faults, the addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

from ..domain.services import Security, ServiceKind
from .faults import FAULTS, Effect, Fault, Faults, Switch
from .inbox import DRAFTS, NOT_SAVED, Received
from .markup import Child, document, line, tag
from .preview import preview
from .reading import Part, Reading

PAGES: Mapping[str, str] = {"/": "Inbox", "/portal": "Portal", "/faults": "Faults", "/addresses": "Addresses"}
"""TABLE: the pages in the navigation."""

_VIA = {ServiceKind.SMTP: "SMTP", ServiceKind.EXCHANGE: "Exchange"}
_CONNECTION = {
    Security.NONE: "not encrypted",
    Security.START_TLS: "encrypted (STARTTLS)",
    Security.SSL_ON_CONNECT: "encrypted (TLS)",
}


class Listing(NamedTuple):
    """What the inbox shows: messages, how many there are in all, what was searched, and where the next page begins."""

    messages: Sequence[Received]
    found: int
    changes: int
    search: str = ""
    older: int | None = None


def inbox(listing: Listing, faults: Faults) -> bytes:
    """The inbox."""
    news = tag("p", "Something has arrived. ", tag("a", "Show it", href="/"), id="news", role="status", hidden=True,
               data_changes=listing.changes)  # fmt: skip
    if not listing.messages and not listing.search:
        return frame("/", "Inbox", faults, news, tag("h1", "Inbox"), _nothing_yet())
    about = f"{_counted(listing.found, 'message')}, the newest first."
    if listing.search:
        about = f"{_counted(listing.found, 'message')} with “{line(listing.search)}”."
    top = tag("div", tag("div", tag("h1", "Inbox"), tag("p", about, class_="about")), _search(listing.search),
              class_="top")  # fmt: skip
    older = {"before": listing.older} | ({"search": listing.search} if listing.search else {})
    pages = tag("nav", tag("a", "Older messages", href=f"/?{urlencode(older)}"), class_="pages", aria_label="Pages")
    found = tag("div", _table(listing.messages), class_="card list")
    shown = found if listing.messages else _nothing_found()
    return frame("/", "Inbox", faults, news, top, shown, pages if listing.older else None)


def message(received: Received, reading: Reading, faults: Faults) -> bytes:
    """A message."""
    subject = line(reading.header("Subject")) or "(no subject)"
    number = received.number
    actions = tag("p", tag("a", "Download as .eml", href=f"/messages/{number}/raw", class_="button"), class_="actions")
    return frame(
        "",
        subject,
        faults,
        tag("p", tag("a", "← Inbox", href="/"), class_="back"),
        tag("h1", subject),
        tag("section", tag("h2", "How it came", class_="unseen"), _facts(received, reading), class_="card"),
        actions,
        *_content(reading),
        *_files(number, reading.parts),
        _headers(reading),
    )


def faults(switches: Faults) -> bytes:
    """The faults, each with its switch."""
    on = switches.on()
    about = "What can go wrong, on purpose. Switch a fault on, send something, and see what becomes of it."
    cards = (_fault(fault, effect, on.get(fault), switches.struck(fault)) for fault, effect in FAULTS.items())
    return frame("/faults", "Faults", switches, tag("h1", "Faults"), tag("p", about, class_="about"),
                 tag("div", *cards, class_="faults"))  # fmt: skip


def addresses(known: Mapping[str, str], switches: Faults) -> bytes:
    """Where everything listens."""
    about = "Everything listens on this machine only. Programs have to trust the authority's certificate."
    rows = (tag("tr", tag("th", name, scope="row"), tag("td", tag("code", value))) for name, value in known.items())
    table = tag("table", tag("caption", "Addresses", class_="unseen"), tag("tbody", *rows))
    return frame("/addresses", "Addresses", switches, tag("h1", "Addresses"), tag("p", about, class_="about"),
                 tag("div", table, class_="card addresses"))  # fmt: skip


def not_found(switches: Faults) -> bytes:
    """What is shown where nothing is."""
    words = tag("p", "The message may have been a draft that was deleted.", class_="about")
    return frame("", "Nothing here", switches, tag("h1", "Nothing here"), words, tag("a", "To the inbox", href="/"))


def frame(here: str, title: str, switches: Faults, *content: Element | None) -> bytes:
    """A page of the sandbox, with its head and navigation."""
    name = tag("div", tag("span", "Sandbox", class_="name"), tag("span", "Nothing sent here leaves this machine.",
               class_="promise"))  # fmt: skip
    links = (tag("li", _link(path, words, switches, current=path == here)) for path, words in PAGES.items())
    return document(
        f"{title} · Sandbox",
        tag("a", "Skip to the content", href="#content", class_="skip"),
        tag("header", name, tag("nav", tag("ul", *links), aria_label="Pages of the sandbox")),
        tag("main", *content, id="content"),
    )


def _link(path: str, words: str, switches: Faults, *, current: bool) -> Element:
    on = len(switches.on()) if path == "/faults" else 0
    count = tag("span", f"{on} on", class_="count") if on else None
    return tag("a", words, count, href=path, aria_current="page" if current else None)


def _search(search: str) -> Element:
    box = tag("input", type="search", name="search", id="search", value=search, autocomplete="off")
    field = tag("div", tag("label", "Search", for_="search"), box)
    return tag("form", field, tag("button", "Search"), class_="search", role="search", action="/")


def _nothing_yet() -> Element:
    words = "Whatever is sent to this sandbox shows here, and goes no further."
    return tag("div", tag("h2", "Nothing has arrived yet"), tag("p", words),
               tag("a", "Where to send to", href="/addresses"), class_="card empty")  # fmt: skip


def _nothing_found() -> Element:
    words = "No sender, recipient, subject or account holds these words."
    return tag("div", tag("h2", "Nothing found"), tag("p", words), tag("a", "Show all messages", href="/"),
               class_="card empty")  # fmt: skip


def _table(messages: Iterable[Received]) -> Element:
    heads = (tag("th", name, scope="col") for name in ("Subject", "From", "To", "By", "When"))
    rows = (_row(received, received.headings()) for received in messages)
    return tag("table", tag("caption", "Messages", class_="unseen"), tag("thead", tag("tr", *heads)),
               tag("tbody", *rows))  # fmt: skip


def _row(received: Received, reading: Reading) -> Element:
    draft = tag("span", "draft", class_="badge draft") if received.folder == DRAFTS else None
    subject = tag("a", line(reading.header("Subject")) or "(no subject)", href=f"/messages/{received.number}")
    name, address = next(iter(reading.addresses("From")), ("", received.sender))
    first, *others = received.recipients or ("nobody yet",)
    more = f"and {_counted(len(others), 'other')}" if others else ""
    via = tag("span", _VIA[received.via], class_="badge")
    return tag(
        "tr",
        tag("th", subject, " " if draft is not None else None, draft, scope="row"),
        _cell("From", *([line(name)] if name else _address(address)), under=_address(address) if name else ()),
        _cell("To", *_address(first), under=[more]),
        _cell("By", via, under=_address(received.account or "without login")),
        _cell("When", _time(received.at, "%H:%M:%S"), under=[f"{received.at.astimezone():%d %b %Y}"]),
    )


def _cell(label: str, *words: Child, under: Sequence[Child]) -> Element:
    below = tag("span", *under, class_="under") if any(under) else None
    return tag("td", tag("div", *words, below), data_label=label)


def _address(address: str) -> list[Child]:
    """An address that may be broken after its @."""
    local, at, domain = line(address).rpartition("@")
    return [local, at, tag("wbr"), domain] if at else [domain]


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _time(at: datetime, form: str) -> Element:
    return tag("time", at.astimezone().strftime(form), datetime=at.isoformat(timespec="seconds"))


def _facts(received: Received, reading: Reading) -> Element:
    account = line(received.account) or "nobody: without login"
    if received.application:
        account += f", by application {line(received.application)}"
    told = {
        "From": line(reading.header("From")),
        "To": line(reading.header("To")),
        "Cc": line(reading.header("Cc")),
        "Reply to": line(reading.header("Reply-To")),
        "Sent by": account,
        "Via": f"{_VIA[received.via]}, {_CONNECTION[received.security]}",
        "Envelope from": line(received.sender),
        "Envelope to": line(", ".join(received.recipients)) or "nobody yet",
        "Saved in": received.folder if received.folder != NOT_SAVED else "no folder",
    }
    pairs = [part for name, value in told.items() if value for part in (tag("dt", name), tag("dd", value))]
    return tag("dl", *pairs, tag("dt", "When"), tag("dd", _time(received.at, "%d %B %Y, %H:%M:%S")), class_="facts")


def _content(reading: Reading) -> Iterable[Element]:
    if reading.html is not None:
        frame = tag("iframe", sandbox="", srcdoc=preview(reading.html, reading.parts), title="The message as HTML",
                    referrerpolicy="no-referrer")  # fmt: skip
        yield tag("section", tag("h2", "Message"), tag("div", frame, class_="card"))
        if reading.text is not None:
            yield tag("details", tag("summary", "As plain text"), tag("div", tag("pre", reading.text), class_="card"))
    else:
        text = tag("pre", reading.text or "(empty)")
        yield tag("section", tag("h2", "Message"), tag("div", text, class_="card"))


def _files(number: int, parts: Sequence[Part]) -> Iterable[Element]:
    if parts:
        files = (
            tag("li", tag("a", line(part.name), href=f"/messages/{number}/files/{place}"),
                tag("span", f"{line(part.content_type)}, {_size(len(part.content))}"
                    f"{', shown in the message' if part.inline else ''}", class_="size"))
            for place, part in enumerate(parts, start=1)
        )  # fmt: skip
        yield tag("section", tag("h2", "Attachments"), tag("ul", *files, class_="card files"))


def _size(count: int) -> str:
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:,.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"


def _headers(reading: Reading) -> Element:
    rows = (tag("tr", tag("th", line(name), scope="row"), tag("td", line(text))) for name, text in reading.headers)
    table = tag("table", tag("caption", "Headers", class_="unseen"), tag("tbody", *rows))
    return tag("details", tag("summary", f"All {len(reading.written)} headers"),
               tag("div", table, class_="card headers"))  # fmt: skip


def _fault(fault: Fault, effect: Effect, switch: Switch | None, struck: int) -> Element:
    state = tag("span", "on" if switch else "off", class_="badge on" if switch else "badge")
    name = f"{fault}-title"
    words = [tag("p", effect.told)]
    if switch or struck:
        words.append(tag("p", _so_far(effect, switch, struck)))
    return tag(
        "section",
        tag("h2", tag("span", effect.title, id=name), state),
        *words,
        _switched_off(fault, name) if switch else _switched_on(fault, effect, name),
        class_="card fault is-on" if switch else "card fault",
        aria_labelledby=name,
    )


def _so_far(effect: Effect, switch: Switch | None, struck: int) -> str:
    said = []
    if switch is not None:
        until = "until it is switched off" if switch.times is None else _counted(switch.times, "more time")
        said.append(f"{effect.unit.capitalize()}: {switch.amount}. Strikes {until}." if effect.unit
                    else f"Strikes {until}.")  # fmt: skip
    if struck:
        said.append(f"Has struck {_counted(struck, 'time')}.")
    return " ".join(said)


def _switched_on(fault: Fault, effect: Effect, name: str) -> Element:
    fields = [_number(f"{fault}-times", "Times", name="times", min=1, placeholder="∞")]
    if effect.unit:
        words = effect.unit.capitalize()
        fields.insert(0, _number(f"{fault}-amount", words, name="amount", min=0, value=effect.amount))
    button = tag("button", "Switch on", aria_describedby=name)
    return tag("form", *fields, button, method="post", action=f"/faults/{fault}/on")


def _switched_off(fault: Fault, name: str) -> Element:
    button = tag("button", "Switch off", aria_describedby=name)
    return tag("form", button, method="post", action=f"/faults/{fault}/off")


def _number(place: str, words: str, **attributes: str | int) -> Element:
    box = tag("input", type="number", id=place, max=3600, **attributes)
    return tag("div", tag("label", words, for_=place), box, class_="number")
