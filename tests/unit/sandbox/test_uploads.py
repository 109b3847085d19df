"""Attachments go into a draft, small ones at once and large ones in chunks, in order and whole."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from mailadmin.sandbox.attachments import LEAST_UPLOAD
from mailadmin.sandbox.calls import MOST_BYTES
from mailadmin.sandbox.faults import Fault
from mailadmin.sandbox.listener import Hangup, Reply
from tests.unit.sandbox.microsoft import ACCOUNTS, NARROW, Microsoft, Said, asked

FILE = {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentType": "text/plain"}
CONTENT = bytes(range(256)) * 20_000
CHUNK = 2_000_000


class Draft:
    """A draft and its attachments."""

    def __init__(self, microsoft: Microsoft, mailbox: str = ACCOUNTS) -> None:
        self.microsoft = microsoft
        self.path = f"{mailbox}/messages/{microsoft.draft(mailbox)}"

    def post(self, body: Any) -> Said:
        return self.microsoft.call("POST", f"{self.path}/attachments", body)

    def session(self, size: int = len(CONTENT), **changed: Any) -> Said:
        item = {"attachmentType": "file", "name": "big.bin", "size": size} | changed
        return self.microsoft.call("POST", f"{self.path}/attachments/createUploadSession", {"AttachmentItem": item})

    def files(self, select: str = "") -> list[dict[str, Any]]:
        found = self.microsoft.call("GET", f"{self.path}/attachments{select}").json()["value"]
        return list(found)


def put(microsoft: Microsoft, url: str, first: int, piece: bytes, **changed: Any) -> Reply | Hangup:
    span = changed.pop("span", f"bytes {first}-{first + len(piece) - 1}/{len(CONTENT)}")
    return microsoft.uploads.answer(asked("PUT", url, piece, Content_Range=span, **changed))


def test_a_small_file_goes_up_at_once() -> None:
    draft = Draft(Microsoft())
    said = draft.post(FILE | {"contentBytes": "YQ==", "isInline": True, "contentId": "logo"})
    assert (said.status, said.json()["size"], said.json()["contentId"]) == (201, 1, "logo")
    assert draft.files() == [{name: value for name, value in said.json().items() if name != "@odata.context"}]
    assert [sorted(file) for file in draft.files("?$select=name,size")] == [["@odata.type", "id", "name", "size"]]
    assert draft.microsoft.inbox[1].reading().parts[0].content == b"a"
    one = draft.microsoft.call("GET", f"{draft.path}/attachments/{said.json()['id']}").json()
    assert base64.b64decode(one["contentBytes"]) == b"a"
    assert draft.microsoft.call("DELETE", f"{draft.path}/attachments/{one['id']}").status == 204
    assert draft.microsoft.call("GET", f"{draft.path}/attachments/{one['id']}").refusal == (404, "ErrorItemNotFound")
    assert (draft.files(), draft.microsoft.inbox[1].reading().parts) == ([], ())


def test_a_file_of_3_mb_no_longer_fits_into_a_request() -> None:
    draft = Draft(Microsoft())
    for size, refused in ((2_900_000, False), (3 * 2**20, True)):
        body = json.dumps(FILE | {"contentBytes": base64.b64encode(bytes(size)).decode()}).encode()
        assert (len(body) > MOST_BYTES) == refused
        assert draft.post(body).status == (413 if refused else 201)
    assert [file["size"] for file in draft.files()] == [2_900_000]


def test_a_large_file_goes_up_in_chunks_of_any_size() -> None:
    microsoft = Microsoft()
    draft = Draft(microsoft)
    said = draft.session(contentId="x", isInline=False)
    url = said.json()["uploadUrl"]
    assert (said.status, said.json()["nextExpectedRanges"]) == (201, ["0-"])
    first = put(microsoft, url, 0, CONTENT[:CHUNK])
    assert Said(first).json()["nextExpectedRanges"] == [str(CHUNK)]
    second = put(microsoft, url, CHUNK, CONTENT[CHUNK : CHUNK + 7])
    assert Said(second).json()["nextExpectedRanges"] == [str(CHUNK + 7)]
    assert Said(microsoft.uploads.answer(asked("GET", url))).json() == Said(second).json()
    assert draft.files() == []
    last = put(microsoft, url, CHUNK + 7, CONTENT[CHUNK + 7 :])
    assert isinstance(last, Reply)
    assert last.status == 201
    [file] = draft.files()
    assert last.headers["Location"].endswith(f"/Attachments('{file['id']}')")
    assert base64.b64decode(file["contentBytes"]) == CONTENT
    assert Said(microsoft.uploads.answer(asked("GET", url))).refusal == (404, "InvalidUploadSession")


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"span": f"bytes 1-{CHUNK}/{len(CONTENT)}"}, (416, "InvalidRange")),
        ({"span": f"bytes 0-{CHUNK}/{len(CONTENT)}"}, (416, "InvalidRange")),
        ({"span": f"bytes 0-{CHUNK - 1}/{len(CONTENT) + 1}"}, (416, "InvalidRange")),
        ({"span": f"0-{CHUNK - 1}"}, (416, "InvalidRange")),
        ({"span": ""}, (416, "InvalidRange")),
        ({"length": MOST_BYTES + 1}, (413, "RequestEntityTooLarge")),
        ({"length": None}, (411, "LengthRequired")),
        ({"Authorization": "Bearer x"}, (401, "InvalidAuthenticationToken")),
    ],
)
def test_a_chunk_that_is_refused_is_not_kept(changed: dict[str, Any], refusal: tuple[int, str]) -> None:
    microsoft = Microsoft()
    url = Draft(microsoft).session().json()["uploadUrl"]
    assert Said(put(microsoft, url, 0, CONTENT[:CHUNK], **changed)).refusal == refusal
    assert Said(put(microsoft, url, 0, CONTENT[:CHUNK])).status == 200


def test_a_chunk_that_comes_twice_is_refused() -> None:
    microsoft = Microsoft()
    url = Draft(microsoft).session().json()["uploadUrl"]
    statuses = [Said(put(microsoft, url, 0, CONTENT[:CHUNK])).status for _ in range(2)]
    assert statuses == [200, 416]


def test_a_cut_upload_resumes_where_the_server_says() -> None:
    microsoft = Microsoft()
    draft = Draft(microsoft)
    url = draft.session().json()["uploadUrl"]
    microsoft.faults.switch_on(Fault.UPLOAD_RESET, 2, times=1)
    sent, cuts = 0, 0
    while sent < len(CONTENT):
        reply = put(microsoft, url, sent, CONTENT[sent : sent + CHUNK])
        if reply is Hangup.RESET:
            cuts += 1
            sent = int(Said(microsoft.uploads.answer(asked("GET", url))).json()["nextExpectedRanges"][0])
        else:
            sent += CHUNK
    assert cuts == 1
    assert [base64.b64decode(file["contentBytes"]) for file in draft.files()] == [CONTENT]


def test_an_upload_can_be_given_up() -> None:
    microsoft = Microsoft()
    url = Draft(microsoft).session().json()["uploadUrl"]
    assert Said(microsoft.uploads.answer(asked("POST", url))).refusal == (400, "BadRequest")
    assert Said(microsoft.uploads.answer(asked("DELETE", url))).status == 204
    assert Said(put(microsoft, url, 0, CONTENT[:CHUNK])).refusal == (404, "InvalidUploadSession")


def test_an_upload_ends_with_its_draft() -> None:
    microsoft = Microsoft()
    draft = Draft(microsoft)
    url = draft.session().json()["uploadUrl"]
    assert microsoft.call("POST", f"{draft.path}/send").status == 202
    assert Said(put(microsoft, url, 0, CONTENT[:CHUNK])).refusal == (404, "InvalidUploadSession")


def test_the_upload_host_has_the_faults_of_graph() -> None:
    microsoft = Microsoft()
    url = Draft(microsoft).session().json()["uploadUrl"]
    microsoft.faults.switch_on(Fault.UNAVAILABLE, times=1)
    assert Said(microsoft.uploads.answer(asked("GET", url))).refusal == (503, "ServiceUnavailable")


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"size": LEAST_UPLOAD - 1}, (400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize")),
        ({"size": 36 * 2**20}, (413, "ErrorMessageSizeExceeded")),
        ({"size": 0}, (400, "BadRequest")),
        ({"name": None}, (400, "BadRequest")),
        ({"attachmentType": "item"}, (501, "NotEmulated")),
        ({"attachmentType": "folder"}, (400, "RequestBodyRead")),
        ({"mime": "x"}, (400, "RequestBodyRead")),
    ],
)
def test_a_session_that_is_refused(changed: dict[str, Any], refusal: tuple[int, str]) -> None:
    assert Draft(Microsoft()).session(**changed).refusal == refusal


def test_a_message_has_a_largest_size() -> None:
    draft = Draft(Microsoft(), NARROW)
    half = FILE | {"contentBytes": base64.b64encode(bytes(1_400_000)).decode()}
    assert [draft.post(half).status for _ in range(3)] == [201, 201, 413]
    assert draft.session(2_500_000).refusal == (413, "ErrorMessageSizeExceeded")
    assert [file["size"] for file in draft.files()] == [1_400_000] * 2


def test_only_drafts_take_files_and_files_have_names() -> None:
    draft = Draft(Microsoft())
    assert draft.post({"@odata.type": "#microsoft.graph.fileAttachment"}).refusal == (400, "BadRequest")
    assert draft.microsoft.call("POST", f"{draft.path}/send").status == 202
    assert draft.post(FILE).refusal == (400, "ErrorInvalidPropertyUpdateSentMessage")
