"""A user's e-mail signature: taken from what was pasted or from a file of Outlook's, cleaned, shown, kept.

Law: what is kept is what is sent, and what was taken out is told before anybody misses it. Source: Monitor ERP, "E-mail
signature": the built-in sending carries it, an Outlook opened externally does not.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from ..bootstrap import App
from ..domain.governed import Key, Organisation
from ..domain.keys import match_key
from ..domain.organisation import User
from ..domain.preferences import MailPreference
from ..domain.services import ServiceKind
from ..errors import BadInput, UnknownName
from ..migration import planning
from ..policy import copies
from ..policy.signatures import Signature, signature_of
from ..resolution.provenance import Context
from ..resolution.resolver import resolve
from ..storage import repository
from ..storage.books import Run
from .applying import apply
from .migrating import base_of


class Signed(NamedTuple):
    """The signature a user has now; `run` is None where it was so already, `note` what is odd about it."""

    signature: Signature
    run: Run | None
    note: str = ""


def set_signature(app: App, user: str, html: str, *, web_pictures: bool = False) -> Signed:
    """Keep a user's signature, cleaned; '' takes it away. Raises UnknownName, BadInput where it is too large."""
    signature = signature_of(html, web_pictures=web_pictures)
    place: tuple[str, Key] = "mail_preferences", (match_key(user),)
    with app.store.reading() as connection:
        rows = repository.rows(connection, app.sealer(connection))
        base = base_of(app, repository.state(connection))
    person = rows.get(("users", (match_key(user),)))
    if not isinstance(person, User):
        raise UnknownName("user", user, remedy="mailadmin effective lists everybody.")
    before = rows.get(place)
    kept = before if isinstance(before, MailPreference) else MailPreference(user_id=person.user_id)
    after = replace(kept, signature_html=signature.html or None)
    plan = planning.plan_change({place: after} if before or signature.html else {}, rows, base).sealed(app.seal())
    run = apply(app, plan, plan.confirmation) if plan.operations else None
    service = resolve(Context(user=person.user_id), Organisation.of(rows.values())).service
    return Signed(signature, run, copies.BY_OUTLOOK if service is ServiceKind.OUTLOOK else "")


def signature_in(file: Path) -> str:
    """The HTML of a file, with the pictures of the folder beside it put in, as Outlook keeps them. Raises BadInput.

    Outlook's signatures stand in `%APPDATA%\\Microsoft\\Signatures`, in the encoding they name.
    """
    try:
        raw = file.read_bytes()
        folder = file.parent.resolve()
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.", remedy="Nothing was changed.") from error

    def put_in(match: re.Match[str]) -> str:
        picture = (folder / unquote(match["path"])).resolve()
        kind = _KINDS.get(picture.suffix.lower())
        if kind is None or folder not in picture.parents or not picture.is_file():
            return match[0]
        return f'{match["before"]}"data:image/{kind};base64,{b64encode(picture.read_bytes()).decode()}"'

    return _BESIDE.sub(put_in, decoded(raw))


_KINDS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".webp": "webp"}
_BESIDE = re.compile(r"(?P<before>\ssrc\s*=\s*)\"(?P<path>[^\":?#]+)\"", re.IGNORECASE)
_CHARSET = re.compile(rb"charset=[\"']?([A-Za-z0-9_-]{1,40})")


def decoded(raw: bytes) -> str:
    """The text of a signature's file, in the encoding it names or Outlook writes. Raises BadInput."""
    named = _CHARSET.search(raw[:4096])
    for encoding in ("utf-8-sig", named[1].decode() if named else "cp1252", "cp1252"):
        try:
            return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    raise BadInput("The signature's file is in no encoding that can be read.", remedy="Save it as UTF-8.")
