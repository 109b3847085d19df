"""Outside clients at the sandbox's Microsoft 365: Microsoft's MSAL for tokens, python-o365 for mail.

Neither knows of the sandbox: they are told other hosts and the authority's certificate, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from msal import ConfidentialClientApplication, TokenCache
from O365 import Account, MSGraphProtocol
from O365.utils.token import MemoryTokenBackend

from mailadmin.sandbox.entra import ERRORS
from mailadmin.sandbox.faults import Fault
from mailadmin.sandbox.inbox import DRAFTS, SENT_ITEMS
from mailadmin.sandbox.server import Sandbox
from tests.unit.sandbox.microsoft import (
    ACCOUNTS,
    CLIENT,
    DISABLED,
    EXPIRED,
    LIST,
    SECRET,
    SENDS_ONLY,
    TENANT,
    TENANT_ID,
)

LARGE = bytes(range(256)) * 20_000


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(tenants=[TENANT]) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    yield running
    for message in running.inbox:
        running.inbox.remove(message.number)
    for fault in running.faults.on():
        running.faults.switch_off(fault)


class Plain(requests.Session):
    """A session that trusts the sandbox's authority, whatever certificates the environment names."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = str(sandbox.ca_file)


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[Plain]:
    with Plain(sandbox) as session:
        yield session


# --- MSAL ---------------------------------------------------------------------------------------------------------


def application(
    sandbox: Sandbox,
    session: Plain,
    *,
    tenant: str = TENANT_ID,
    client: str = CLIENT,
    secret: str = SECRET,
    cache: TokenCache | None = None,
) -> ConfidentialClientApplication:
    return ConfidentialClientApplication(
        client,
        client_credential=secret,
        authority=f"https://{sandbox.login_host}/{tenant}",
        instance_discovery=False,
        http_client=session,
        token_cache=cache,
    )


def scopes(sandbox: Sandbox) -> list[str]:
    return [f"https://{sandbox.graph_host}/.default"]


@pytest.mark.parametrize("tenant", [TENANT_ID, "kowhai.example"])
def test_msal_gets_a_token_and_keeps_it(sandbox: Sandbox, session: Plain, tenant: str) -> None:
    app = application(sandbox, session, tenant=tenant)
    first = app.acquire_token_for_client(scopes(sandbox))
    second = app.acquire_token_for_client(scopes(sandbox))
    assert first["access_token"] == second["access_token"]
    assert (first["token_source"], second["token_source"]) == ("identity_provider", "cache")
    url = f"https://{sandbox.graph_host}/v1.0/users/{ACCOUNTS}/messages"
    answer = session.get(url, headers={"Authorization": f"Bearer {first['access_token']}"})
    assert (answer.status_code, answer.json()["value"]) == (200, [])


@pytest.mark.parametrize(
    ("given", "scope", "code"),
    [
        ({"secret": "x"}, "", 7000215),
        ({"client": EXPIRED}, "", 7000222),
        ({"client": DISABLED}, "", 7000112),
        ({"client": TENANT_ID}, "", 700016),
        ({}, "https://other.test/.default", 500011),
        ({}, "Mail.Send", 1002012),
    ],
)
def test_msal_is_refused_in_entras_words(
    sandbox: Sandbox, session: Plain, given: dict[str, str], scope: str, code: int
) -> None:
    found = application(sandbox, session, **given).acquire_token_for_client([scope] if scope else scopes(sandbox))
    assert (found["error"], found["error_codes"]) == (ERRORS[code].error, [code])
    assert found["error_description"].startswith(f"AADSTS{code}: ")


@pytest.mark.parametrize("tenant", ["other.example", "99999999-0000-4000-8000-000000000000"])
def test_msal_does_not_find_an_unknown_tenant(sandbox: Sandbox, session: Plain, tenant: str) -> None:
    with pytest.raises(ValueError, match="Unable to get authority configuration"):
        application(sandbox, session, tenant=tenant)


def test_msal_asks_anew_after_the_token_ended_midway(sandbox: Sandbox, session: Plain) -> None:
    app = application(sandbox, session)
    url = f"https://{sandbox.graph_host}/v1.0/users/{ACCOUNTS}/messages"
    sandbox.faults.switch_on(Fault.TOKEN_EXPIRED, 1, times=1)

    def status() -> int:
        token = app.acquire_token_for_client(scopes(sandbox))["access_token"]
        return session.get(url, headers={"Authorization": f"Bearer {token}"}).status_code

    assert [status(), status()] == [200, 401]
    app.remove_tokens_for_client()
    assert status() == 200


# --- python-o365 --------------------------------------------------------------------------------------------------


@pytest.fixture
def outlook(sandbox: Sandbox, session: Plain, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """python-o365, signed in as the application, at the sandbox's hosts."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(sandbox.ca_file))
    graph = f"https://{sandbox.graph_host}/"
    monkeypatch.setattr(MSGraphProtocol, "_protocol_url", graph)
    monkeypatch.setattr(MSGraphProtocol, "_oauth_scope_prefix", graph)
    account = Account(
        (CLIENT, SECRET),
        auth_flow_type="credentials",
        tenant_id=TENANT_ID,
        protocol=MSGraphProtocol(default_resource=ACCOUNTS),
        token_backend=MemoryTokenBackend(),
        raise_http_errors=True,
        request_retries=0,
        requests_delay=0,
    )
    account.con._msal_client = application(sandbox, session, cache=account.con.token_backend)
    assert account.authenticate(requested_scopes=scopes(sandbox))
    yield account
    account.con.naive_session = account.con.naive_session or requests.Session()
    account.con.naive_session.close()
    account.con.session.close()


def letter(outlook: Any, subject: str = "Kia ora") -> Any:
    message = outlook.new_message()
    message.to.add([("Aroha Smith", "aroha@client.example"), "tama@client.example"])
    message.bcc.add("audit@kowhai.example")
    message.subject, message.body = subject, "<p>Kia ora</p>"
    return message


def test_o365_sends_without_a_draft(sandbox: Sandbox, outlook: Any) -> None:
    message = letter(outlook)
    message.sender.address = LIST
    message.add_message_header("x-mailadmin-id", "123")
    assert message.send() is True
    [received] = sandbox.inbox
    reading = received.reading()
    assert (received.folder, received.account, received.application) == (SENT_ITEMS, ACCOUNTS, CLIENT)
    assert received.recipients == ("aroha@client.example", "tama@client.example", "audit@kowhai.example")
    assert (reading.html, reading.header("x-mailadmin-id")) == ("<p>Kia ora</p>", "123")
    assert (reading.addresses("From"), reading.header("Sender")) == ([("", LIST)], "")


def test_o365_drafts_changes_attaches_lists_and_sends(sandbox: Sandbox, outlook: Any, tmp_path: Path) -> None:
    small = tmp_path / "Tauākī.pdf"
    small.write_bytes(b"%PDF")
    message = letter(outlook)
    assert message.save_draft() is True
    assert [received.folder for received in sandbox.inbox] == [DRAFTS]
    message.subject = "Changed"
    message.attachments.add([str(small), (BytesIO(LARGE), "large.bin")])
    assert message.save_draft() is True
    drafts = list(outlook.mailbox().drafts_folder().get_messages(limit=5, download_attachments=True))
    assert [(draft.subject, draft.is_draft, draft.object_id) for draft in drafts] == [
        ("Changed", True, message.object_id)
    ]
    assert [attachment.name for attachment in drafts[0].attachments] == ["Tauākī.pdf", "large.bin"]
    assert message.send() is True
    [received] = sandbox.inbox
    assert (received.folder, received.headings().header("Subject")) == (SENT_ITEMS, "Changed")
    files = [(part.name, part.content) for part in received.reading().parts]
    assert files == [("Tauākī.pdf", b"%PDF"), ("large.bin", LARGE)]
    sent = list(outlook.mailbox().sent_folder().get_messages(limit=1))
    assert [(one.subject, one.is_draft) for one in sent] == [("Changed", False)]
    assert list(outlook.mailbox().drafts_folder().get_messages()) == []


def test_o365_lists_folders_and_pages(sandbox: Sandbox, outlook: Any) -> None:
    for number in range(7):
        assert letter(outlook, f"Letter {number}").save_draft() is True
    folders = {folder.name: folder.total_items_count for folder in outlook.mailbox().get_folders()}
    assert folders["Drafts"] >= 7
    listed = outlook.mailbox().drafts_folder().get_messages(limit=7, batch=3)
    assert [message.subject for message in listed] == [f"Letter {number}" for number in range(6, -1, -1)]
    for message in outlook.mailbox().drafts_folder().get_messages(limit=7):
        assert message.delete() is True
    assert len(sandbox.inbox) == 0


def test_o365_is_refused_as_microsoft_refuses(sandbox: Sandbox, outlook: Any) -> None:
    message = letter(outlook)
    message.sender.address = "ceo@kowhai.example"
    with pytest.raises(requests.HTTPError, match=r"403.*does not have the right to send mail on behalf"):
        message.send()
    sandbox.faults.switch_on(Fault.THROTTLED, 1, times=1)
    with pytest.raises(requests.HTTPError, match="429"):
        letter(outlook).send()
    sandbox.faults.switch_on(Fault.UNAVAILABLE, times=1)
    with pytest.raises(requests.HTTPError, match="503"):
        letter(outlook).send()
    assert len(sandbox.inbox) == 0


def test_o365_loses_a_reply_and_the_message_is_sent(sandbox: Sandbox, outlook: Any) -> None:
    sandbox.faults.switch_on(Fault.LOST_REPLY, times=1)
    with pytest.raises(requests.ConnectionError):
        letter(outlook).send()
    assert [received.folder for received in sandbox.inbox] == [SENT_ITEMS]


def test_o365_is_cut_off_in_the_midst_of_an_upload(sandbox: Sandbox, outlook: Any) -> None:
    message = letter(outlook)
    assert message.save_draft() is True
    sandbox.faults.switch_on(Fault.UPLOAD_RESET, 2, times=1)
    message.attachments.add([(BytesIO(LARGE), "large.bin")])
    with pytest.raises(requests.ConnectionError):
        message.save_draft()
    assert [received.reading().parts for received in sandbox.inbox] == [()]


# --- the wire itself ----------------------------------------------------------------------------------------------


def test_a_body_beyond_4_mb_is_read_and_refused_and_the_connection_goes_on(sandbox: Sandbox, session: Plain) -> None:
    token = application(sandbox, session).acquire_token_for_client(scopes(sandbox))["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    url = f"https://{sandbox.graph_host}/v1.0/users/{ACCOUNTS}/messages"
    answer = session.post(url, data=b" " * (4 * 2**20 + 1), headers=bearer)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "RequestEntityTooLarge")
    assert session.get(url, headers=bearer).status_code == 200
    assert session.post(url, data=iter([b"{}"]), headers=bearer).status_code == 411
    assert session.get(url, headers=bearer).status_code == 200


def test_a_permission_is_missing_over_the_wire_too(sandbox: Sandbox, session: Plain) -> None:
    app = application(sandbox, session, client=SENDS_ONLY)
    token = app.acquire_token_for_client(scopes(sandbox))["access_token"]
    url = f"https://{sandbox.graph_host}/v1.0/users/{ACCOUNTS}/messages"
    answer = session.post(url, json={"subject": "x"}, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "ErrorAccessDenied")
