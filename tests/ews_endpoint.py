"""An Exchange server's EWS over TLS on the loopback, as much of it as sending needs: it answers what exchangelib asks.

Laws: a mail counts as sent when the mailbox sent it, whatever the client was told; every request is kept; an operation
without a script is answered honestly, in the shape of Microsoft's messages.xsd; a sent item is no longer where it was,
and stands in Sent Items under another id; a change key that is not the item's own is refused.
"""

from __future__ import annotations

import base64
import os
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

import spnego
from defusedxml.ElementTree import fromstring

from mailadmin.domain.profiles import ExchangeServerProfile, Secret
from tests import certificates
from tests.canaries import canary
from tests.certificates import Shown

MAILBOX = "anna@kowhai.example"
USER = "KOWHAI\\anna"
PATH = "/EWS/Exchange.asmx"
_S = "http://schemas.xmlsoap.org/soap/envelope/"
_T = "http://schemas.microsoft.com/exchange/services/2006/types"
_M = "http://schemas.microsoft.com/exchange/services/2006/messages"
_E = "http://schemas.microsoft.com/exchange/services/2006/errors"
_SPACES = {"s": _S, "t": _T, "m": _M}
SUBJECT, BODY = "t:Subject", "t:Body"


@dataclass(frozen=True)
class Reply:
    """An answer: HTTP status, body, headers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Item:
    """A message of the mailbox, as it was written."""

    id: str
    written: Element
    folder: str
    changes: int = 1

    @property
    def change_key(self) -> str:
        return base64.b64encode(f"{self.id}/{self.changes}".encode()).decode()

    def text(self, path: str) -> str:
        return self.written.findtext(path, "", _SPACES)

    def addresses(self, name: str) -> list[str]:
        return [found.text or "" for found in self.written.findall(f"t:{name}//t:EmailAddress", _SPACES)]

    @property
    def message_id(self) -> str:
        return self.text("t:InternetMessageId")

    @property
    def attachments(self) -> list[tuple[str, bytes, str, bool]]:
        """Name, content, content id and whether it is inline."""
        return [
            (
                one.findtext("t:Name", "", _SPACES),
                base64.b64decode(one.findtext("t:Content", "", _SPACES)),
                one.findtext("t:ContentId", "", _SPACES),
                one.findtext("t:IsInline", "", _SPACES) in {"true", "1"},
            )
            for one in self.written.findall("t:Attachments/t:FileAttachment", _SPACES)
        ]


@dataclass
class Call:
    """A request under way: the operation, its element, and the connection."""

    endpoint: EwsEndpoint
    operation: str
    asked: Element
    connection: socket.socket


Act = Callable[[Call], Reply | None]
"""What a script does with a request: an answer, or None after the connection was cut."""


class EwsEndpoint:
    """The server. `plan(operation, act, …)` are done in turn, `always` every time; all else is honest."""

    def __init__(self, ways: tuple[str, ...] = ("NTLM", "Basic"), shown: Shown | None = None) -> None:
        self.password = canary()
        self.ways = ways
        self.items: dict[str, Item] = {}
        self.sent: list[Item] = []
        self.requests: list[tuple[str, bytes]] = []
        self.signed_in: list[str] = []
        self.always: dict[str, Act] = {}
        self.mailboxes = {MAILBOX}
        self.build = (15, 2, 1118, 7)
        self.breaks_off = False
        self._plans: dict[str, deque[Act]] = {}
        self._count = 0
        self._lock = threading.RLock()
        self._server = _Server(self, shown or certificates.right())
        self.port: int = self._server.server_address[1]

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def plan(self, operation: str, *acts: Act) -> None:
        self._plans.setdefault(operation, deque()).extend(acts)

    def operations(self) -> list[str]:
        return [name for name, _ in self.requests]

    def count(self, operation: str) -> int:
        return self.operations().count(operation)

    def profile(self, **changes: Any) -> ExchangeServerProfile:
        password = changes.pop("password", self.password)
        settings = {
            "endpoint": f"https://localhost:{self.port}{PATH}",
            "user_name": USER,
            "password": Secret(lambda: password),
            "mailbox": MAILBOX,
            "ca_file": _ca_file(),
            "deadline": 10.0,
        }
        return ExchangeServerProfile(**(settings | changes))

    def in_folder(self, folder: str) -> list[Item]:
        return [item for item in self.items.values() if item.folder == folder]

    def answer(self, body: bytes, connection: socket.socket) -> Reply | None:
        """What is answered to a request of somebody who signed in."""
        asked = fromstring(body).find("s:Body", _SPACES)[0]
        operation = asked.tag.rpartition("}")[2]
        call = Call(self, operation, asked, connection)
        with self._lock:
            self.requests.append((operation, body))
            planned = self._plans.get(operation)
            act = planned.popleft() if planned else self.always.get(operation, honest)
            return act(call)

    def new_id(self) -> str:
        self._count += 1
        return base64.b64encode(f"item {self._count}".encode()).decode()


# --- what it does honestly


def honest(call: Call) -> Reply:
    """The answer of a server that means well."""
    mailbox = call.asked.findtext(".//t:Mailbox/t:EmailAddress", MAILBOX, _SPACES)
    if call.operation in {"GetFolder", "FindItem"} or call.operation == "CreateItem":
        place = call.asked.findtext(".//t:DistinguishedFolderId/t:Mailbox/t:EmailAddress", mailbox, _SPACES)
        if place not in call.endpoint.mailboxes:
            return refused(call, "ErrorNonExistentMailbox")
    return _OPERATIONS[call.operation](call)


def _convert_id(call: Call) -> Reply:
    """What exchangelib asks first, with an id that is none, to see the version in the header."""
    return refused(call, "ErrorInvalidIdMalformed", "Id is malformed.")


def _get_folder(call: Call) -> Reply:
    names = [found.get("Id", "") for found in call.asked.iterfind(".//t:DistinguishedFolderId", _SPACES)]
    parts = [_message(call, f'<m:Folders><t:Folder><t:FolderId Id="{name}"/></t:Folder></m:Folders>') for name in names]
    return soap(call, "".join(parts))


def _create_item(call: Call) -> Reply:
    folder = _folder_of(call.asked, "m:SavedItemFolderId")
    item = Item(call.endpoint.new_id(), call.asked.find("m:Items/t:Message", _SPACES), folder)
    call.endpoint.items[item.id] = item
    attached = "".join(
        f'<t:FileAttachment><t:AttachmentId Id="{item.id}-{n}"/></t:FileAttachment>'
        for n in range(len(item.attachments))
    )
    attached = f"<t:Attachments>{attached}</t:Attachments>" if attached else ""
    return told(call, f"<m:Items><t:Message>{_item_id(item)}{attached}</t:Message></m:Items>")


def _send_item(call: Call) -> Reply:
    named = call.asked.find("m:ItemIds/t:ItemId", _SPACES)
    item = call.endpoint.items.get(named.get("Id", ""))
    if item is None or item.folder != "drafts":
        return refused(call, "ErrorItemNotFound")
    if named.get("ChangeKey") != item.change_key:
        return refused(call, "ErrorStaleObject")
    del call.endpoint.items[item.id]
    moved = Item(call.endpoint.new_id(), item.written, _folder_of(call.asked, "m:SavedItemFolderId"))
    call.endpoint.items[moved.id] = moved
    call.endpoint.sent.append(moved)
    return told(call, "")


def _find_item(call: Call) -> Reply:
    asked = call.asked.find("m:Restriction/t:IsEqualTo", _SPACES)
    assert asked.find("t:FieldURI", _SPACES).get("FieldURI") == "message:InternetMessageId"
    wanted = asked.find("t:FieldURIOrConstant/t:Constant", _SPACES).get("Value")
    folder = _folder_of(call.asked, "m:ParentFolderIds")
    found = [item for item in call.endpoint.in_folder(folder) if item.message_id == wanted]
    items = "".join(f"<t:Message>{_item_id(item)}</t:Message>" for item in found)
    counted = f'TotalItemsInView="{len(found)}" IncludesLastItemInRange="true" IndexedPagingOffset="{len(found)}"'
    return told(call, f"<m:RootFolder {counted}><t:Items>{items}</t:Items></m:RootFolder>")


_OPERATIONS: dict[str, Callable[[Call], Reply]] = {
    "ConvertId": _convert_id,
    "GetFolder": _get_folder,
    "CreateItem": _create_item,
    "SendItem": _send_item,
    "FindItem": _find_item,
}


def _item_id(item: Item) -> str:
    return f"<t:ItemId Id={quoteattr(item.id)} ChangeKey={quoteattr(item.change_key)}/>"


def _folder_of(asked: Element, name: str) -> str:
    found = asked.find(f"{name}/t:DistinguishedFolderId", _SPACES)
    return found.get("Id", "") if found is not None else ""


# --- what it says


def told(call: Call, inner: str) -> Reply:
    """One response message."""
    return soap(call, _message(call, inner))


def refused(call: Call, code: str, text: str = "It was refused.") -> Reply:
    """An error in the response message."""
    inner = "<m:Items/>" if call.operation == "CreateItem" else ""
    return soap(call, _message(call, inner, response_class="Error", code=code, text=text))


def _message(call: Call, inner: str, *, response_class: str = "Success", code: str = "NoError", text: str = "") -> str:
    said = f"<m:MessageText>{escape(text or code)}</m:MessageText>" if response_class != "Success" else ""
    name = f"m:{call.operation}ResponseMessage"
    end = "<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>" if said else ""
    code_element = f"<m:ResponseCode>{code}</m:ResponseCode>"
    return f'<{name} ResponseClass="{response_class}">{said}{code_element}{end}{inner}</{name}>'


def soap(call: Call, messages: str, status: int = 200) -> Reply:
    """An envelope with the server's version in its header."""
    numbers = zip(
        ("MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber"), call.endpoint.build, strict=True
    )
    version = " ".join(f'{name}="{number}"' for name, number in numbers)
    named = "V2017_07_11" if call.endpoint.build >= (15,) else "Exchange2010_SP2"
    name = f"m:{call.operation}Response"
    body = f"<{name}><m:ResponseMessages>{messages}</m:ResponseMessages></{name}>"
    header = f'<s:Header><t:ServerVersionInfo {version} Version="{named}"/></s:Header>'
    return Reply(status, _envelope(header, body), {"Content-Type": "text/xml; charset=utf-8"})


def _envelope(header: str, body: str) -> bytes:
    spaces = f'xmlns:s="{_S}" xmlns:t="{_T}" xmlns:m="{_M}"'
    text = f'<?xml version="1.0" encoding="utf-8"?><s:Envelope {spaces}>{header}<s:Body>{body}</s:Body></s:Envelope>'
    return text.encode()


# --- acts of a script


def error(code: str, text: str = "It was refused.") -> Act:
    return lambda call: refused(call, code, text)


def fault(code: str) -> Act:
    """A SOAP fault, which comes with status 500."""
    detail = f'<detail xmlns:e="{_E}"><e:ResponseCode>{code}</e:ResponseCode><e:Message>No.</e:Message></detail>'
    body = f"<s:Fault><faultcode>s:Server</faultcode><faultstring>No.</faultstring>{detail}</s:Fault>"
    return lambda _call: Reply(500, _envelope("", body), {"Content-Type": "text/xml; charset=utf-8"})


def answer(status: int, body: bytes = b"", **headers: str) -> Act:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _call: Reply(status, body, named)


def lost(before: Act | None = None) -> Act:
    """Do it, then cut the connection without an answer; with nothing to do before, nothing is done."""

    def act(call: Call) -> None:
        if before is not None:
            before(call)
        with suppress(OSError):
            call.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with suppress(OSError):
            call.connection.shutdown(socket.SHUT_RDWR)

    return act


# --- the server below


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, endpoint: EwsEndpoint, shown: Shown) -> None:
        self.endpoint = endpoint
        self.context = shown.server()
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[ssl.SSLSocket, Any]:
        plain, address = super().get_request()
        plain.settimeout(30)
        return self.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        self.user = ""
        self.challenge: Any = None
        super().setup()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        endpoint = self.server.endpoint
        if self.path != PATH:
            self._write(Reply(404))
            return
        if not (self.user or self._sign_in()):
            return
        reply = endpoint.answer(body, self.connection)
        if reply is None:
            self.close_connection = True
            return
        self._write(reply)

    def _sign_in(self) -> bool:
        endpoint = self.server.endpoint
        way, _, token = self.headers.get("Authorization", "").partition(" ")
        if way == "Basic" and "Basic" in endpoint.ways:
            user, _, password = base64.b64decode(token).decode("latin-1").partition(":")
            if (user, password) == (USER, endpoint.password):
                endpoint.signed_in.append("Basic")
                return True
        if way == "NTLM" and "NTLM" in endpoint.ways:
            return self._ntlm(base64.b64decode(token))
        self._write(Reply(401, b"<html>no</html>", {"WWW-Authenticate": ", ".join(endpoint.ways)}))
        return False

    def _ntlm(self, token: bytes) -> bool:
        """The challenge, then the proof; the connection stays signed in."""
        endpoint = self.server.endpoint
        if endpoint.breaks_off:
            self._write(Reply(401, b"<html>no</html>", {"WWW-Authenticate": "NTLM"}))
            return False
        with _known_to_ntlm(endpoint.password):
            if self.challenge is None:
                self.challenge = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
            try:
                said = self.challenge.step(token)
            except spnego.exceptions.SpnegoError:
                self.challenge = None
                self._write(Reply(401, b"<html>no</html>", {"WWW-Authenticate": ", ".join(endpoint.ways)}))
                return False
        if self.challenge.complete:
            self.user = USER
            endpoint.signed_in.append("NTLM")
            return True
        encoded = base64.b64encode(said or b"").decode()
        self._write(Reply(401, b"<html>no</html>", {"WWW-Authenticate": f"NTLM {encoded}"}))
        return False

    def _write(self, reply: Reply) -> None:
        with suppress(OSError):
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)


_NAMING = threading.Lock()


@contextmanager
def _known_to_ntlm(password: str) -> Iterator[None]:
    """The file spnego's server knows its users from, named in the environment: for one thread at a time."""
    domain, _, user = USER.partition("\\")
    with _NAMING, NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as users:
        users.write(f"{domain}:{user}:{password}\n")
        users.flush()
        before = os.environ.get("NTLM_USER_FILE")
        os.environ["NTLM_USER_FILE"] = users.name
        try:
            yield
        finally:
            os.environ.pop("NTLM_USER_FILE")
            if before is not None:
                os.environ["NTLM_USER_FILE"] = before


_FILES: list[Any] = []


def _ca_file() -> str:
    """A file with the authority the tests trust; it goes when the run ends."""
    if not _FILES:
        file = NamedTemporaryFile(suffix=".pem")  # noqa: SIM115 - open until the run ends
        Path(file.name).write_bytes(certificates.authority().cert_pem.bytes())
        _FILES.append(file)
    return str(_FILES[0].name)


@contextmanager
def running(*ways: str, shown: Shown | None = None) -> Iterator[EwsEndpoint]:
    """A running endpoint, stopped at the end."""
    endpoint = EwsEndpoint(ways or ("NTLM", "Basic"), shown)
    endpoint.start()
    try:
        yield endpoint
    finally:
        endpoint.stop()
