"""The gate: what may stand in an address or a header. Everything that travels passes it.

Laws: narrower than any library, because libraries disagree on what they read (CVE-2024-6923 and kin); refuse, never
repair; one address per field, free text is never split. RFC 5321 4.1.2 and 4.5.3.1, RFC 5322 3.4, RFC 5890 (IDNA 2008).
"""

from __future__ import annotations

import re
import unicodedata

import idna

from ..errors import AddressRejected, EncodedWordRejected, HeaderRejected
from .keys import breaking, visible

_ATOM = re.compile(r"[A-Za-z0-9!#$&'*+/=?^_`{|}~-]+")
"""RFC 5322 atext without `%`, which relays once took for a route; `!` is refused in an address for the same reason."""

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_ENCODED_WORD = re.compile(r"=\?[^?]*\?[^?]*\?.*\?=")
"""Wider than RFC 2047 2, because lenient readers decode question marks and blanks within one, too."""

_EXTRA_HEADER = re.compile(r"[Xx]-[A-Za-z0-9-]{1,60}")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,180}>")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_CONTENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}(?:@[A-Za-z0-9.-]{1,180})?")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\.|$)", re.IGNORECASE)
_HIDDEN_ENDING = re.compile(r"^\s|\s\.|[\s.]$")

LONGEST_HEADER = 998
"""Octets of a header line (RFC 5322 2.1.1)."""

_LONGEST_FILE_NAME = 150
"""Octets: what every file system and mail program takes."""


def address(text: object, field: str = "address") -> str:
    """One address, its domain as lower-case A-labels, its local part as written. Raises AddressRejected.

    A local part outside ASCII (RFC 6531) is let through in NFKC, where nothing becomes a bracket or a dot on its way;
    whether a service may carry it is asked later.
    """
    if not isinstance(text, str):
        raise AddressRejected(field, f"{type(text).__name__} is not an address.")
    local, at, domain = text.rpartition("@")
    if not at or not local:
        raise AddressRejected(field, f"{_shown(text)} is not an address.", remedy="Write it as name@example.com.")
    try:
        _check_local(local)
        found = f"{local}@{host(domain)}"
    except ValueError as error:
        raise AddressRejected(
            field, f"{_shown(text)}: {error}.", remedy="One plain address: name@example.com."
        ) from None
    if len(found.encode()) > 254:
        raise AddressRejected(field, f"{_shown(text)} is longer than 254 octets.")
    return found


def _check_local(local: str) -> None:
    if "=?" in local:
        raise ValueError("an encoded word is not part of an address")
    if len(local.encode(errors="replace")) > 64:
        raise ValueError("the part before @ is longer than 64 octets")
    for atom in local.split("."):
        bare = "".join(c for c in atom if c.isascii()) if not atom.isascii() else atom
        if not atom or "!" in atom or (bare and not _ATOM.fullmatch(bare)):
            raise ValueError("the part before @ may hold letters, digits and single dots, no quotes or comments")
    if not local.isascii():
        odd = next((c for c in local if not c.isascii() and unicodedata.category(c)[0] not in "LNM"), None)
        if odd or unicodedata.normalize("NFKC", local) != local:
            raise ValueError("the part before @ holds a character that is no letter or digit")


def host(text: str) -> str:
    """A domain as lower-case A-labels (IDNA 2008). Raises ValueError in words: a literal, one label, odd characters."""
    if not text.isascii():
        try:
            text = idna.encode(text.lower(), std3_rules=True).decode() if _as_written(text) else ""
        except (idna.IDNAError, UnicodeError):
            text = ""
    labels = text.lower().split(".")
    if len(labels) < 2:
        raise ValueError("the domain has no dot, or is no internet domain")
    if len(text) > 253 or not all(len(label) <= 63 and _LABEL.fullmatch(label) for label in labels):
        raise ValueError("the domain is no internet domain")
    if labels[-1].isdigit():
        raise ValueError("an IP address is no domain")
    for label in labels:
        if label[2:4] == "--" and (label[:2] != "xn" or not _decodes(label)):
            raise ValueError("the domain is no internet domain")
    return ".".join(labels)


def _as_written(text: str) -> bool:
    """Whether nothing stands for an ASCII letter or dot that is none, such as the Kelvin sign or U+3002."""
    return unicodedata.normalize("NFC", text) == text and not any(dot in text for dot in "\u3002\uff0e\uff61")


def _decodes(label: str) -> bool:
    try:
        return idna.encode(idna.decode(label)).decode() == label
    except (idna.IDNAError, UnicodeError):
        return False


def is_international(email: str) -> bool:
    """Whether an address needs SMTPUTF8 (RFC 6531): its local part is not ASCII."""
    return not email.isascii()


def same_address(one: str, other: str) -> bool:
    """Whether two texts name the same mailbox: ASCII case aside, domain as A-labels, no trailing dot."""
    return comparable(one) == comparable(other)


def comparable(text: str) -> str:
    """What two texts have in common exactly where they name the same mailbox."""
    local, _, domain = text.strip().rpartition("@")
    domain = domain.removesuffix(".")
    try:
        domain = host(domain)
    except ValueError:
        domain = _ascii_lower(domain)
    return f"{_ascii_lower(local)}@{domain}"


def _ascii_lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def header_text(text: str, field: str) -> str:
    """Text for a header, tabs as blanks. Raises HeaderRejected, EncodedWordRejected."""
    text = text.replace("\t", " ")
    if (found := breaking(text)) is not None:
        raise HeaderRejected(field, f"holds the character {found}, which cannot stand in a header.")
    if len(text.encode()) > LONGEST_HEADER:
        raise HeaderRejected(field, f"is longer than {LONGEST_HEADER} octets.")
    if _ENCODED_WORD.search(text):
        raise EncodedWordRejected(field, f"{_shown(text)} holds an encoded word, which would be decoded twice.")
    return text


def display_name(text: str, field: str) -> str:
    """The name beside an address: a header text that cannot be taken for an address itself. Raises HeaderRejected."""
    text = header_text(text, field)
    if odd := next((c for c in "@<>" if c in text), None):
        raise HeaderRejected(field, f"{_shown(text)}: a name may not hold {odd}, or it could pass for an address.")
    if "=?" in text:
        raise EncodedWordRejected(field, f"{_shown(text)}: the beginning of an encoded word may not stand in a name.")
    return text.strip()


def extra_header(name: str) -> str:
    """The name of a header of one's own: `X-…`. Raises HeaderRejected."""
    if not _EXTRA_HEADER.fullmatch(name):
        raise HeaderRejected("header", f"{_shown(name)} may not be set.", remedy="Only X-… headers of your own.")
    return name


def message_id(text: str) -> str:
    """A Message-ID as it was made. Raises HeaderRejected."""
    if not _MESSAGE_ID.fullmatch(text) or "=?" in text:
        raise HeaderRejected("Message-ID", f"{_shown(text)} is not one of ours.")
    return text


INVITATIONS = ("text/calendar; method=request", "text/calendar; method=cancel")
"""The only media types with a parameter: calendars act on such a part (RFC 6047 2.4)."""


def media_type(text: str, field: str) -> str:
    """`type/subtype` in lower case (RFC 6838). Raises HeaderRejected; multipart and message are for us to make."""
    found = text.lower()
    if found in INVITATIONS:
        return found
    if not _MEDIA_TYPE.fullmatch(found) or found.startswith("multipart/"):
        raise HeaderRejected(field, f"{_shown(text)} is not a media type an attachment can have.")
    return found


def content_id(text: str) -> str:
    """The name by which HTML shows an inline image: `cid:…`. Raises HeaderRejected."""
    if not _CONTENT_ID.fullmatch(text):
        raise HeaderRejected("content id", f"{_shown(text)} holds more than letters, digits, dots and one @.")
    return text


def file_name(text: str) -> str:
    """The name an attachment travels under: its last path component, safe on every system. Raises HeaderRejected.

    Names of devices get an underscore in front (Windows), long names keep their ending.
    """
    name = re.split(r"[/\\]", text)[-1]
    if (found := breaking(name)) is not None:
        raise HeaderRejected("attachment", f"{_shown(text)}: the name holds the character {found}.")
    if name.strip() in {"", ".", ".."}:
        raise HeaderRejected("attachment", f"{_shown(text)} is no file name.")
    if odd := next((c for c in name if c in '<>:"|?*'), None):
        raise HeaderRejected("attachment", f"{_shown(text)}: no file can be kept under a name with {odd} in it.")
    if _HIDDEN_ENDING.search(name):
        raise HeaderRejected("attachment", f"{_shown(text)}: blanks or a last dot hide what a file is.")
    if _DEVICES.match(name):
        name = f"_{name}"
    return _shortened(name)


def _shortened(name: str) -> str:
    if len(name.encode()) <= _LONGEST_FILE_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending.encode()) > 20:
        stem, dot, ending = name, "", ""
    room = _LONGEST_FILE_NAME - len((dot + ending).encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + dot + ending


def _shown(text: str) -> str:
    short = text if len(text) <= 120 else f"{text[:120]}…"
    return f"'{visible(short)}'"
