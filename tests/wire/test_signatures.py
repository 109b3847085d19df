"""A signature with a picture, from pasting to the receiving server: kept clean, previewed, sent as an inline part."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailadmin.bootstrap import App
from mailadmin.domain.messages import Address, Message
from mailadmin.domain.services import ServiceKind
from mailadmin.errors import BadInput, UnknownName
from mailadmin.policy.composition import body_of
from mailadmin.resolution.provenance import Context
from mailadmin.usecases import composing, migrating, reconciling, sending, signing
from mailadmin.usecases.sandboxing import Playing, sandboxed
from tests.sites import configure, rows, site

SAMPLES = Path(__file__).parents[1] / "signatures"
PASTED = (SAMPLES / "outlook-web.html").read_text(encoding="utf-8")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    opened = site(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def playing(app: App) -> Iterator[Playing]:
    with sandboxed(app) as found:
        yield found


def letter(app: App, context: Context) -> Message:
    """A message as the wizard makes it, with the signature that is in force."""
    body = body_of("<p>Kia ora</p>", is_html=True, signature=composing.prospect(app, context).signature)
    return Message(to=(Address("aroha@client.example"),), subject="Signed", text=body.text, html=body.html)


@pytest.mark.parametrize("service", [ServiceKind.SMTP, ServiceKind.EXCHANGE])
def test_a_pasted_picture_arrives_once_as_an_inline_part(app: App, playing: Playing, service: ServiceKind) -> None:
    signed = signing.set_signature(app, "ann", PASTED)
    assert (signed.run is not None, signed.note, len(signed.signature.taken_out)) == (True, "", 1)
    context = Context(user="ann", service=service)
    sent = sending.send(app, letter(app, context), context)
    [received] = list(playing.sandbox.inbox)
    message = email.message_from_bytes(received.raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    html = message.get_body(("html",))
    assert html is not None
    [picture] = [part for part in message.walk() if part.get_content_maintype() == "image"]
    name = str(picture["Content-ID"])[1:-1]
    text = str(html.get_content())
    assert (text.count(f'src="cid:{name}"'), text.count("data:"), picture.get_content()[:4]) == (2, 0, b"\x89PNG")
    assert "inline" in str(picture["Content-Disposition"])
    assert "Branch Wellington" in text
    entry, _ = reconciling.message(app, sent.entry.id)
    assert entry.content_hash == replace(sent.prepared.outgoing, message=sent.prepared.message).content_hash


def test_a_dry_run_shows_the_message_as_it_would_travel(app: App) -> None:
    signing.set_signature(app, "ann", PASTED)
    sent = sending.send(app, letter(app, Context(user="ann")), Context(user="ann"), dry_run=True)
    [picture] = sent.prepared.outgoing.message.attachments
    assert picture.content_id is not None


def test_it_is_kept_clean_is_a_run_and_goes_with_an_empty_one(app: App) -> None:
    pasted = (SAMPLES / "hostile-scripts.html").read_text(encoding="utf-8")
    first = signing.set_signature(app, "ANN", pasted)
    assert first.run is not None
    assert signing.set_signature(app, "ann", pasted).run is None
    found = composing.prospect(app, Context(user="ann")).signature
    assert (found, "pwned" in found) == (first.signature.html, False)
    plan = migrating.plan_rollback(app, first.run.run)
    migrating.apply(app, plan, plan.confirmation)
    assert composing.prospect(app, Context(user="ann")).signature == ""
    signing.set_signature(app, "ann", "<b>Ann</b>")
    signing.set_signature(app, "ann", "")
    assert composing.prospect(app, Context(user="ann")).signature == ""
    assert signing.set_signature(app, "ann", "").run is None


def test_where_outlook_sends_the_person_is_told_that_it_is_not_carried_over(app: App, tmp_path: Path) -> None:
    method = ("[[mail_preferences]]", 'user_id = "ann"', 'method = "outlook"', 'email = "ann@kowhai.example"')
    configure(app, tmp_path, rows(*method))
    assert "signature kept here is not carried over" in signing.set_signature(app, "ann", "<b>Ann</b>").note
    assert composing.prospect(app, Context(user="ann")).signature == ""


def test_nobody_has_a_signature_who_is_not_there(app: App) -> None:
    with pytest.raises(UnknownName):
        signing.set_signature(app, "nobody", "<b>x</b>")


# --- a file of Outlook's


def test_the_pictures_of_outlooks_folder_are_put_in(tmp_path: Path) -> None:
    folder = tmp_path / "Ann_files"
    folder.mkdir()
    (folder / "image 001.png").write_bytes(b"\x89PNG\r\n\x1a\npicture")
    (tmp_path / "secret.png").write_bytes(b"\x89PNG\r\n\x1a\nsecret")
    inner = tmp_path / "inner"
    inner.mkdir()
    page = '<meta charset=windows-1252><img src="Ann_files/image%20001.png"><img src="../secret.png">Grüße'
    (tmp_path / "Ann.htm").write_bytes(page.encode("cp1252"))
    found = signing.signature_in(tmp_path / "Ann.htm")
    assert 'src="data:image/png;base64,iVBORw0KGgpwaWN0dXJl"' in found
    assert ('src="../secret.png"' in found, "Grüße" in found) == (True, True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_encoding_outlook_writes_is_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "s.htm").write_bytes("<b>Zoë – Kōwhai</b>".replace("ō", "o").encode(encoding))
    assert signing.signature_in(tmp_path / "s.htm").lstrip("\ufeff") == "<b>Zoë – Kowhai</b>"


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        signing.signature_in(tmp_path / "none.htm")
