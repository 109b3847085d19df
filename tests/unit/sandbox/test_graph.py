"""Graph drafts, lists, changes and sends, and refuses what Microsoft's would refuse, changing nothing."""

from __future__ import annotations

import base64
import json
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Event, Semaphore, Thread
from typing import Any

import pytest

from mailadmin.sandbox import refusals
from mailadmin.sandbox.exchange import FOLDERS
from mailadmin.sandbox.faults import Fault
from mailadmin.sandbox.graph import MOST_AT_ONCE, ROUTES, Graph
from mailadmin.sandbox.inbox import DRAFTS, NOT_SAVED, SENT_ITEMS
from mailadmin.sandbox.listener import Hangup
from mailadmin.sandbox.refusals import REFUSALS
from mailadmin.sandbox.types import check
from tests.unit.sandbox.microsoft import (
    ACCOUNTS,
    CLIENT,
    CONFINED,
    GRAPH,
    LETTER,
    LIST,
    ON_PREMISES,
    SENDS_ONLY,
    SHARED,
    SILENT,
    Microsoft,
    asked,
)

IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}


def to(*people: str) -> list[dict[str, Any]]:
    return [{"emailAddress": {"address": address}} for address in people]


def mime(subject: str = "By MIME", **headers: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = ACCOUNTS, "aroha@client.example", subject
    for name, value in headers.items():
        message[name] = value
    message.set_content("text")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    return base64.b64encode(message.as_bytes())


# --- a message's life ---------------------------------------------------------------------------------------------


def test_a_draft_is_kept_shown_changed_and_sent_under_one_immutable_id() -> None:
    microsoft = Microsoft()
    draft = microsoft.draft()
    [shown] = microsoft.inbox
    assert (shown.folder, shown.account, shown.application) == (DRAFTS, ACCOUNTS, CLIENT)
    assert (shown.sender, shown.recipients) == (ACCOUNTS, ("aroha@client.example",))
    changed = microsoft.call("PATCH", f"{ACCOUNTS}/messages/{draft}", {"subject": "Changed"}, **IMMUTABLE)
    assert (changed.status, changed.json()["subject"], changed.json()["id"]) == (200, "Changed", draft)
    sent = microsoft.call("POST", f"{ACCOUNTS}/messages/{draft}/send")
    assert (sent.status, sent.body) == (202, b"")
    found = microsoft.call("GET", f"{ACCOUNTS}/messages/{draft}", **IMMUTABLE).json()
    assert (found["id"], found["isDraft"], found["body"]) == (draft, False, LETTER["body"])
    [shown] = microsoft.inbox
    assert (shown.number, shown.folder, shown.headings().header("Subject")) == (1, SENT_ITEMS, "Changed")


def test_an_ordinary_id_is_good_in_one_folder_only() -> None:
    microsoft = Microsoft()
    draft = microsoft.call("POST", f"{ACCOUNTS}/messages", LETTER).json()["id"]
    assert microsoft.call("GET", f"{ACCOUNTS}/messages/{draft}").json()["isDraft"] is True
    assert microsoft.call("POST", f"{ACCOUNTS}/messages/{draft}/send").status == 202
    assert microsoft.call("GET", f"{ACCOUNTS}/messages/{draft}").refusal == (404, "ErrorItemNotFound")
    listed = microsoft.call("GET", f"{ACCOUNTS}/mailFolders/SentItems/messages").json()["value"]
    assert [message["isDraft"] for message in listed] == [False]
    assert listed[0]["id"] != draft


def test_a_deleted_draft_is_gone_from_the_inbox_and_what_was_sent_stays() -> None:
    microsoft = Microsoft()
    draft, sent = microsoft.draft(), microsoft.draft()
    assert microsoft.call("POST", f"{ACCOUNTS}/messages/{sent}/send").status == 202
    for message in (draft, sent):
        assert microsoft.call("DELETE", f"{ACCOUNTS}/messages/{message}").status == 204
    assert [(message.number, message.folder) for message in microsoft.inbox] == [(2, SENT_ITEMS)]
    folders = microsoft.call("GET", f"{ACCOUNTS}/mailFolders").json()["value"]
    counts = {folder["displayName"]: folder["totalItemCount"] for folder in folders}
    assert counts == {"Inbox": 0, "Drafts": 0, "Sent Items": 0, "Deleted Items": 2}


def test_a_message_is_sent_without_a_draft_and_saved_unless_told_not_to() -> None:
    microsoft = Microsoft()
    for saved in ({}, {"saveToSentItems": False}):
        assert microsoft.call("POST", f"{ACCOUNTS}/sendMail", {"message": LETTER, **saved}).status == 202
    assert [message.folder for message in microsoft.inbox] == [SENT_ITEMS, NOT_SAVED]
    assert len(microsoft.call("GET", f"{ACCOUNTS}/messages").json()["value"]) == 1


def test_mime_is_sent_and_drafted_like_json() -> None:
    microsoft = Microsoft()
    plain = {"Content_Type": "text/plain"}
    assert microsoft.call("POST", f"{ACCOUNTS}/sendMail", mime(), **plain).status == 202
    draft = microsoft.call("POST", f"{ACCOUNTS}/messages", mime(**{"X-One": "1"}), **plain)
    assert (draft.status, draft.json()["subject"], draft.json()["hasAttachments"]) == (201, "By MIME", True)
    for message in microsoft.inbox:
        reading = message.reading()
        assert (reading.header("Subject"), reading.text, reading.parts[0].content) == ("By MIME", "text\n", b"%PDF")
    raw = microsoft.call("GET", f"{ACCOUNTS}/messages/{draft.json()['id']}/$value")
    assert raw.body == microsoft.inbox[2].raw


def test_drafts_are_listed_by_pages_with_the_headers_that_are_asked_for() -> None:
    microsoft = Microsoft()
    made = [
        microsoft.draft(internetMessageHeaders=[{"name": "x-mailadmin-id", "value": str(n)}]) for n in range(5)
    ]  # fmt: skip
    url = f"{ACCOUNTS}/mailFolders/drafts/messages?$select=internetMessageHeaders&$top=2"
    found: dict[str, str] = {}
    pages = 0
    while url:
        page = microsoft.call("GET", url, **IMMUTABLE).json()
        found |= {message["internetMessageHeaders"][0]["value"]: message["id"] for message in page["value"]}
        assert {name for message in page["value"] for name in message} == {
            "@odata.etag",
            "id",
            "internetMessageHeaders",
        }
        url = page.get("@odata.nextLink", "")
        pages += 1
    assert (pages, found) == (3, {str(n): made[n] for n in range(5)})
    whole = microsoft.call("GET", f"{ACCOUNTS}/messages").json()["value"][0]
    assert "internetMessageHeaders" not in whole


def test_messages_are_filtered_and_ordered() -> None:
    microsoft = Microsoft()
    for subject in ("b", "it's c", "a"):
        microsoft.draft(subject=subject)
        microsoft.later(minutes=1)

    def subjects(query: str) -> list[str]:
        said = microsoft.call("GET", f"{ACCOUNTS}/messages?$select=subject&{query}")
        return [message["subject"] for message in said.json()["value"]]

    assert subjects("") == ["a", "it's c", "b"]
    assert subjects("$filter=subject eq 'it''s c' and isDraft eq true") == ["it's c"]
    assert subjects("$filter=isDraft eq false") == []
    assert subjects("$orderby=subject") == ["a", "b", "it's c"]
    assert subjects("$orderby=createdDateTime desc") == ["a", "it's c", "b"]
    assert subjects("$orderby=createdDateTime asc&$skip=2") == ["a"]


def test_the_answers_are_of_the_types_they_say() -> None:
    microsoft = Microsoft()
    draft = microsoft.draft(internetMessageHeaders=[{"name": "x-a", "value": "b"}])
    file = {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentBytes": "YQ=="}
    attached = microsoft.call("POST", f"{ACCOUNTS}/messages/{draft}/attachments", file).json()
    upload = {"AttachmentItem": {"attachmentType": "file", "name": "b", "size": 3_000_000}}
    session = microsoft.call("POST", f"{ACCOUNTS}/messages/{draft}/attachments/createUploadSession", upload).json()
    for answer, kind in (
        (microsoft.call("GET", f"{ACCOUNTS}/messages/{draft}").json(), "message"),
        (microsoft.call("GET", f"{ACCOUNTS}/mailFolders/drafts").json(), "mailFolder"),
        (attached, "fileAttachment"),
        (session, "uploadSession"),
    ):
        assert check(answer, kind) is answer
        assert len(answer) > 3


# --- refusals -----------------------------------------------------------------------------------------------------

MESSAGES = f"{ACCOUNTS}/messages"


def headers(*names: str) -> dict[str, Any]:
    return {"internetMessageHeaders": [{"name": name, "value": "x"} for name in names]}


REFUSED: list[tuple[str, str, Any, tuple[int, str]]] = [
    ("POST", MESSAGES, {"subjekt": "x"}, (400, "RequestBodyRead")),
    ("POST", MESSAGES, {"subject": 5}, (400, "RequestBodyRead")),
    ("POST", MESSAGES, b"{", (400, "BadRequest")),
    ("POST", MESSAGES, b"[" * 100_000, (400, "BadRequest")),
    ("POST", MESSAGES, headers("Subject"), (400, "InvalidInternetMessageHeader")),
    ("POST", MESSAGES, headers("x-a\r\nBcc: b"), (400, "InvalidInternetMessageHeader")),
    ("POST", MESSAGES, headers("x-a:"), (400, "InvalidInternetMessageHeader")),
    ("POST", MESSAGES, headers(*"123456"), (400, "InvalidInternetMessageHeaderCollection")),
    ("POST", MESSAGES, headers(), (400, "InvalidInternetMessageHeaderCollection")),
    ("POST", f"{ACCOUNTS}/sendMail", {"message": LETTER | {"toRecipients": []}}, (400, "ErrorInvalidRecipients")),
    (
        "POST",
        f"{ACCOUNTS}/sendMail",
        {"message": LETTER | {"ccRecipients": to("a;b")}},
        (400, "ErrorInvalidRecipients"),
    ),
    (
        "POST",
        f"{ACCOUNTS}/sendMail",
        {"message": LETTER | {"from": to("ceo@x.example")[0]}},
        (403, "ErrorSendAsDenied"),
    ),
    ("POST", f"{ACCOUNTS}/sendMail", {"saveToSentItems": True}, (400, "BadRequest")),
    ("GET", "nobody@kowhai.example/messages", None, (404, "ErrorInvalidUser")),
    ("GET", f"{ON_PREMISES}/messages", None, (404, "MailboxNotEnabledForRESTAPI")),
    ("GET", f"{ACCOUNTS}/messages/x", None, (400, "ErrorInvalidIdMalformed")),
    ("GET", f"{ACCOUNTS}/messages/AAkALg{'A' * 32}", None, (404, "ErrorItemNotFound")),
    ("GET", f"{ACCOUNTS}/mailFolders/nowhere", None, (404, "ErrorFolderNotFound")),
    ("GET", f"{MESSAGES}?$filter=toRecipients/any(t:t eq 'x')", None, (400, "ErrorInvalidUrlQueryFilter")),
    ("GET", f"{MESSAGES}?$filter=body eq 'x'", None, (400, "ErrorInvalidUrlQueryFilter")),
    ("GET", f"{MESSAGES}?$top=0", None, (400, "BadRequest")),
    ("GET", f"{MESSAGES}?$top=1001", None, (400, "BadRequest")),
    ("GET", f"{MESSAGES}?$top=-1", None, (400, "BadRequest")),
    ("GET", f"{MESSAGES}?$expand=attachments", None, (501, "NotEmulated")),
    ("GET", f"{MESSAGES}?$orderby=importance", None, (501, "NotEmulated")),
    ("POST", f"{ACCOUNTS}/mailFolders/inbox/messages", LETTER, (501, "NotEmulated")),
    ("GET", ACCOUNTS, None, (403, "Authorization_RequestDenied")),
    ("GET", f"https://{GRAPH}/v1.0/me/messages", None, (400, "BadRequest")),
    ("GET", f"https://{GRAPH}/beta/users/{ACCOUNTS}/messages", None, (400, "BadRequest")),
    ("GET", f"https://{GRAPH}/v1.0/users/../messages", None, (400, "BadRequest")),
    ("PUT", MESSAGES, LETTER, (400, "BadRequest")),
]


@pytest.mark.parametrize(("method", "path", "body", "refusal"), REFUSED)
def test_refused(method: str, path: str, body: Any, refusal: tuple[int, str]) -> None:
    microsoft = Microsoft()
    said = microsoft.call(method, path, body, client_request_id="mine")
    assert said.refusal == refusal
    told = said.json()["error"]
    assert told["message"]
    assert told["innerError"]["client-request-id"] == said.headers["client-request-id"] == "mine"
    assert len(microsoft.inbox) == 0


def test_every_status_is_that_of_the_table() -> None:
    assert [(code, status) for *_, (status, code) in REFUSED if REFUSALS[code][0] != status] == []


@pytest.mark.parametrize(
    ("authorization", "message"),
    [("", "empty"), ("Basic eDp5", "empty"), ("Bearer ", "empty"), ("Bearer not.a.token", "Invalid audience")],
)
def test_without_a_token_nothing_is_done(authorization: str, message: str) -> None:
    request = asked("GET", f"https://{GRAPH}/v1.0/users/{ACCOUNTS}/messages", Authorization=authorization)
    reply = Microsoft().graph.answer(request)
    assert not isinstance(reply, Hangup)
    assert (reply.status, reply.headers["WWW-Authenticate"][:6]) == (401, "Bearer")
    assert message in json.loads(reply.body)["error"]["message"]


def test_a_token_ends() -> None:
    microsoft = Microsoft()
    token = microsoft.token()
    assert microsoft.call("GET", MESSAGES, token=token).status == 200
    microsoft.later(hours=1, minutes=6)
    assert microsoft.call("GET", MESSAGES, token=token).refusal == (401, "InvalidAuthenticationToken")


@pytest.mark.parametrize(
    ("client", "method", "path", "refusal"),
    [
        (SILENT, "GET", MESSAGES, (401, "NoPermissionsInAccessToken")),
        (SENDS_ONLY, "POST", MESSAGES, (403, "ErrorAccessDenied")),
        (SENDS_ONLY, "GET", MESSAGES, (403, "ErrorAccessDenied")),
        (CONFINED, "GET", MESSAGES, (403, "ErrorAccessDenied")),
    ],
)
def test_a_permission_that_is_missing(client: str, method: str, path: str, refusal: tuple[int, str]) -> None:
    assert Microsoft().call(method, path, LETTER, client=client).refusal == refusal


def test_a_permission_that_is_there_is_enough() -> None:
    microsoft = Microsoft()
    assert microsoft.call("POST", f"{ACCOUNTS}/sendMail", {"message": LETTER}, client=SENDS_ONLY).status == 202
    assert microsoft.call("GET", f"{SHARED}/messages", client=CONFINED).status == 200


@pytest.mark.parametrize(
    ("mailbox", "from_", "sender"),
    [(ACCOUNTS, ACCOUNTS.upper(), ACCOUNTS.upper()), (ACCOUNTS, LIST, LIST), (ACCOUNTS, SHARED, ACCOUNTS)],
)
def test_who_may_send_as_whom(mailbox: str, from_: str, sender: str) -> None:
    microsoft = Microsoft()
    draft = microsoft.draft(mailbox, **{"from": to(from_)[0], "sender": to("forged@x.example")[0]})
    assert microsoft.call("POST", f"{mailbox}/messages/{draft}/send").status == 202
    found = microsoft.call("GET", f"{mailbox}/messages/{draft}").json()
    assert [found[name]["emailAddress"]["address"] for name in ("from", "sender")] == [from_, sender]


def test_a_sender_that_is_denied_leaves_the_draft_a_draft() -> None:
    microsoft = Microsoft()
    draft = microsoft.draft(SHARED, **{"from": to(ACCOUNTS)[0]})
    assert microsoft.call("POST", f"{SHARED}/messages/{draft}/send").refusal == (403, "ErrorSendAsDenied")
    assert microsoft.call("GET", f"{SHARED}/messages/{draft}").json()["isDraft"] is True


def test_what_was_sent_can_neither_be_changed_nor_sent_again() -> None:
    microsoft = Microsoft()
    draft = microsoft.draft()
    path = f"{ACCOUNTS}/messages/{draft}"
    assert microsoft.call("POST", f"{path}/send").status == 202
    refused = (400, "ErrorInvalidPropertyUpdateSentMessage")
    assert microsoft.call("PATCH", path, {"subject": "x"}).refusal == refused
    assert microsoft.call("POST", f"{path}/send").refusal == (404, "ErrorItemNotFound")
    assert microsoft.call("PATCH", path, {"isRead": False, "categories": ["a"]}).json()["categories"] == ["a"]


def test_more_than_4_mb_are_not_read() -> None:
    microsoft = Microsoft()
    token = f"Bearer {microsoft.token()}"
    for length, refusal in ((4 * 2**20, (400, "BadRequest")), (4 * 2**20 + 1, (413, "RequestEntityTooLarge"))):
        request = asked("POST", f"https://{GRAPH}/v1.0/users/{MESSAGES}", length=length, Authorization=token)
        reply = microsoft.graph.answer(request)
        assert not isinstance(reply, Hangup)
        assert (reply.status, json.loads(reply.body)["error"]["code"]) == refusal
    request = asked("POST", f"https://{GRAPH}/v1.0/users/{MESSAGES}", length=None, Authorization=token)
    reply = microsoft.graph.answer(request)
    assert not isinstance(reply, Hangup)
    assert reply.status == 411


def test_the_fifth_call_at_once_is_throttled_and_no_other() -> None:
    microsoft = Microsoft()
    going_on, arrived = Event(), Semaphore(0)

    def pause(_: float) -> None:
        arrived.release()
        going_on.wait(10)

    graph = Graph(microsoft.exchange, microsoft.tokens, microsoft.faults, uploads="https://u.test", pause=pause)
    microsoft.faults.switch_on(Fault.SLOW, 1)
    replies: list[Any] = []
    requests = [microsoft.request("GET", MESSAGES) for _ in range(MOST_AT_ONCE + 1)]
    callers = [Thread(target=lambda one=one: replies.append(graph.answer(one))) for one in requests[:MOST_AT_ONCE]]
    for caller in callers:
        caller.start()
    assert [arrived.acquire(timeout=10) for _ in range(MOST_AT_ONCE)] == [True] * MOST_AT_ONCE
    fifth = graph.answer(requests[-1])
    going_on.set()
    for caller in callers:
        caller.join()
    assert not isinstance(fifth, Hangup)
    assert (fifth.status, fifth.headers["Retry-After"]) == (429, "1")
    assert [reply.status for reply in replies] == [200] * MOST_AT_ONCE
    microsoft.faults.switch_off(Fault.SLOW)
    assert microsoft.call("GET", MESSAGES).status == 200


# --- faults -------------------------------------------------------------------------------------------------------


def test_throttled_in_seconds_and_until_a_date() -> None:
    microsoft = Microsoft()
    microsoft.faults.switch_on(Fault.THROTTLED, 7, times=1)
    said = microsoft.call("GET", MESSAGES)
    assert (said.refusal, said.headers["Retry-After"]) == ((429, "ApplicationThrottled"), "7")
    microsoft.faults.switch_on(Fault.THROTTLED_UNTIL, 90, times=1)
    said = microsoft.call("GET", MESSAGES)
    assert (parsedate_to_datetime(said.headers["Retry-After"]) - microsoft.now).total_seconds() == 90
    assert microsoft.call("GET", MESSAGES).status == 200


def test_not_available_and_slow() -> None:
    microsoft = Microsoft()
    token = microsoft.token()
    microsoft.faults.switch_on(Fault.UNAVAILABLE, times=1)
    microsoft.faults.switch_on(Fault.SLOW, 3, times=1)
    assert microsoft.call("POST", MESSAGES, LETTER, token=token).refusal == (503, "ServiceUnavailable")
    assert (len(microsoft.inbox), microsoft.paused) == (0, [3])


def test_a_token_expires_midway_and_a_new_one_does_not() -> None:
    microsoft = Microsoft()
    microsoft.faults.switch_on(Fault.TOKEN_EXPIRED, 2, times=1)
    token = microsoft.token()
    statuses = [microsoft.call("GET", MESSAGES, token=token).status for _ in range(4)]
    assert statuses == [200, 200, 401, 401]
    fresh = microsoft.token()
    assert [microsoft.call("GET", MESSAGES, token=fresh).status for _ in range(4)] == [200] * 4


@pytest.mark.parametrize("path", ["messages/{draft}/send", "sendMail"])
def test_a_lost_reply_loses_the_reply_and_nothing_else(path: str) -> None:
    microsoft = Microsoft()
    body = None if "{draft}" in path else {"message": LETTER}
    draft = microsoft.draft()
    microsoft.faults.switch_on(Fault.LOST_REPLY, times=1)
    request = microsoft.request("POST", f"{ACCOUNTS}/{path.format(draft=draft)}", body)
    assert microsoft.graph.answer(request) is Hangup.CLOSE
    assert [message.folder for message in microsoft.inbox].count(SENT_ITEMS) == 1


def test_a_sent_copy_is_late_by_so_many_looks() -> None:
    microsoft = Microsoft()
    microsoft.faults.switch_on(Fault.SENT_COPY_LATE, 3, times=1)
    path = f"{ACCOUNTS}/messages/{microsoft.draft()}"
    assert microsoft.call("POST", f"{path}/send").status == 202
    assert [message.folder for message in microsoft.inbox] == [SENT_ITEMS]
    assert [microsoft.call("GET", path).json()["isDraft"] for _ in range(4)] == [True, True, False, False]
    assert len(microsoft.call("GET", f"{ACCOUNTS}/mailFolders/sentitems/messages").json()["value"]) == 1


def test_a_draft_sent_again_while_its_copy_is_late_goes_out_twice() -> None:
    microsoft = Microsoft()
    microsoft.faults.switch_on(Fault.SENT_COPY_LATE, 9, times=1)
    path = f"{ACCOUNTS}/messages/{microsoft.draft()}"
    assert [microsoft.call("POST", f"{path}/send").status for _ in range(2)] == [202, 202]
    assert [message.folder for message in microsoft.inbox] == [SENT_ITEMS] * 2


def test_sender_and_recipient_are_refused_on_demand() -> None:
    microsoft = Microsoft()
    path = f"{ACCOUNTS}/messages/{microsoft.draft(ccRecipients=to('b@x.example'))}/send"
    microsoft.faults.switch_on(Fault.REFUSED_SENDER, times=1)
    assert microsoft.call("POST", path).refusal == (403, "ErrorSendAsDenied")
    microsoft.faults.switch_on(Fault.REFUSED_RECIPIENT, 2, times=1)
    said = microsoft.call("POST", path)
    assert said.refusal == (400, "ErrorInvalidRecipients")
    assert "'b@x.example'" in said.json()["error"]["message"]
    microsoft.faults.switch_on(Fault.REFUSED_RECIPIENT, 3)
    assert microsoft.call("POST", path).status == 202


# --- tables -------------------------------------------------------------------------------------------------------


def test_every_route_is_its_own_and_asks_for_a_permission() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
    assert [route.path for route in ROUTES if not route.roles] == []


def test_every_refusal_is_made_somewhere() -> None:
    source = "".join(file.read_text("utf-8") for file in Path(refusals.__file__).parent.glob("*.py"))
    assert [code for code in REFUSALS if source.count(f'"{code}"') < 2] == []


def test_every_folder_is_there() -> None:
    microsoft = Microsoft()
    for name, shown in FOLDERS.items():
        found = microsoft.call("GET", f"{ACCOUNTS}/mailFolders/{name}").json()
        assert found["displayName"] == shown
        assert microsoft.call("GET", f"{ACCOUNTS}/mailFolders/{found['id']}").json() == found
