"""A secret never leaves the vault: the whole job with a canary in every secret column, then a search for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.canaries import canary, encodings, found_in
from tests.cli import Desk

COMMANDS = (
    ("snapshot", "list"),
    ("snapshot", "show", "before.json", "--format", "json"),
    ("legacy-effective", "before.json", "--format", "csv", "--raw"),
    ("plan", "before.json", "--full", "--out", "again.json"),
    ("plan", "before.json", "--format", "json", "--out", "again.json"),
    ("effects", "plan.json", "--format", "csv"),
    ("report", "migration", "plan.json", "--out", "report"),
    ("effective", "--format", "csv"),
    ("effective", "--long", "--format", "json"),
    ("explain", "Ann01"),
    ("explain", "--portal", "SHOP"),
    ("export", "--format", "json", "--out", "site.json"),
    ("export", "--out", "site.toml"),
    ("import", "site.toml", "--full", "--out", "edit.json"),
    ("doctor",),
    ("history",),
    ("rollback", "--full", "--out", "back.json"),
    ("key", "rotate"),
    ("verify-migration",),
)


def export(secrets: dict[str, str]) -> dict[str, object]:
    smtp = {"EmailSmtpServer": "smtp.example", "EmailSmtpUserId": "user", "EmailSmtpPort": 587}
    exchange = {"EmailExchangeUserName": "m@x.example", "EmailExchangeClientId": "c", "EmailExchangeTenantId": "t"}
    settings = {**smtp, **exchange, "EmailExchangeHasRefreshToken": True, "EmailSmtpPassword": secrets["global"]}
    settings["EmailExchangeRefreshToken"] = secrets["global token"]
    own = {
        "EmailUseGlobalSettings": False,
        "EmailSmtpPassword": secrets["user"],
        "EmailSmtpPasswordResolved": secrets["resolved"],
        "EmailExchangeRefreshToken": secrets["token"],
    }
    return {
        "global_settings": [{"property": name, "value": value} for name, value in settings.items()],
        "users": [{"user_id": "Ann01", "name": "Ann"}],
        "user_preferences": [{"user_id": "Ann01", **smtp, **own}],
        "web_configurations": [{"code": "WEB", "EmailSmtpOverride": True, **smtp, "EmailSmtpPassword": secrets["web"]}],
        "portals": [{"code": "SHOP", "smtp_server": "smtp.example", "user_name": "u", "password": secrets["portal"]}],
    }


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_no_secret_leaves_the_vault(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("global", "global token", "user", "resolved", "token", "web", "portal", "typed")
    secrets = {name: canary() for name in names}
    monkeypatch.chdir(desk.folder)
    source = desk.file("export.json")
    source.write_text(json.dumps(export(secrets)))
    desk.migrate(source)
    said = [desk("secret", "set", "GLOBAL", "SMTP", "password", typed=f"{secrets['typed']}\n" * 2)]
    said += [desk(*command) for command in COMMANDS]
    source.write_text(source.read_text()[:-9])
    said += [desk("snapshot", "take", source, code=2)]
    source.unlink()

    desk.file("said.txt").write_text("\n".join(text for one in said for text in (one.out, one.error)))
    assert [line for secret in secrets.values() for line in found_in(desk.folder, secret)] == []


def test_the_search_finds_every_encoding(tmp_path: Path) -> None:
    secret = canary()
    for name, form in encodings(secret).items():
        (tmp_path / name.replace(" ", "")).write_bytes(b"..." + form + b"...")
    assert len({line.split(":")[0] for line in found_in(tmp_path, secret)}) == 9
