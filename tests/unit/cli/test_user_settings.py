"""mailadmin user-settings: seen, set, taken away and validated by a person who types."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mailadmin
from mailadmin.usecases import preferring
from tests.canaries import canary
from tests.cli import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk("key", "create")
    app = mailadmin.connect(desk.store, environment={})
    preferring.practise(app)
    app.close()
    return desk


def own(desk: Desk, user: str) -> dict[str, str]:
    """A user's own settings, by their label."""
    found = desk("user-settings", "show", user, "--format", "csv").rows()
    return {row["setting"]: row["user"] for row in found}


def test_everybody_with_settings_and_the_system_are_listed(desk: Desk) -> None:
    found = desk("user-settings", "show", "--format", "csv").rows()
    assert [row["user"] for row in found] == ["(the system)", "ANNA", "BJORN", "CECILIA", "DAVID"]
    assert {row["password"] for row in found} == {"not set"}


def test_one_user_is_shown_beside_the_system_with_what_is_in_force(desk: Desk) -> None:
    found = {row["setting"]: row for row in desk("user-settings", "show", "anna", "--format", "csv").rows()}
    assert found["E-mail method"]["in_force"] == "Server based, via SMTP"
    assert found["E-mail address"]["why"] == "of the user"
    assert (
        "ANNA: incomplete - SMTP of e-mail preference (system) lacks password"
        in desk("user-settings", "show", "anna").out
    )


def test_settings_are_set_and_taken_back(desk: Desk) -> None:
    method = ("--method", "exchange online", "--copy-to-self", "Bcc", "--port", "0", "--use-ssl")
    said = desk("user-settings", "set", "--user", "erik", *method)
    assert "ERIK is set (run 2; take it back with: mailadmin rollback 2)." in said.out
    assert own(desk, "erik")["E-mail method"] == "Server based, via Microsoft Exchange Online"
    assert own(desk, "erik")["Port (Exchange/SMTP)"] == "0: the standard port"
    assert "so already" in desk("user-settings", "set", "--user", "erik", *method).out
    back = desk.file("back.json")
    desk("rollback", "2", "--out", back)
    desk("apply", back, "--confirm", json.loads(back.read_text())["plan_hash"][:8])
    assert own(desk, "erik")["E-mail method"] == ""


def test_a_blank_and_unset_take_settings_away(desk: Desk) -> None:
    desk("user-settings", "set", "--user", "anna", "--email", "")
    assert own(desk, "anna")["E-mail address"] == ""
    desk("user-settings", "unset", "copy-to-self", "--user", "anna")
    assert own(desk, "anna")["Send copy to own e-mail address"] == ""
    desk("user-settings", "unset", "--user", "anna")
    found = desk("user-settings", "show", "--format", "csv").rows()
    assert "ANNA" not in [row["user"] for row in found]
    desk("user-settings", "unset", "colour", "--user", "anna", code=2)


@pytest.mark.parametrize("whose", [(), ("--user", "anna", "--system")])
def test_it_must_be_said_whose(desk: Desk, whose: tuple[str, ...]) -> None:
    assert "either --user USER or --system" in desk("user-settings", "set", *whose, code=2).error


def test_a_password_is_typed_and_never_shown_and_cleared_with_its_server(desk: Desk) -> None:
    secret = canary()
    said = desk("user-settings", "secret", "--system", typed=f"{secret}\n{secret}\n")
    assert secret not in said.out + said.error
    assert desk("user-settings", "show", "--format", "csv").rows()[0]["password"] == "set"
    cleared = desk("user-settings", "set", "--system", "--server", "other.example")
    assert "The password is cleared. Enter it again: mailadmin user-settings secret --system" in cleared.error


def test_passwords_that_followed_the_systems_server_are_told(desk: Desk) -> None:
    secret = canary()
    desk("user-settings", "set", "--user", "erik", "--user-name", "erik")
    desk("user-settings", "secret", "--user", "erik", typed=f"{secret}\n{secret}\n")
    assert "The passwords of 1 user(s)" in desk("user-settings", "set", "--system", "--port", "465").error


def test_no_password_where_the_application_signs_in(desk: Desk) -> None:
    assert "no password is used" in desk("user-settings", "secret", "--user", "bjorn", code=2).error
    secret = canary()
    desk("user-settings", "secret", "--system", "--client-secret", typed=f"{secret}\n{secret}\n")
    assert "BJORN: ready" in desk("user-settings", "show", "bjorn").out


def test_the_flow_that_is_not_supported_is_refused(desk: Desk) -> None:
    flow = ("--authentication-flow", "User name/Password")
    assert "second factor" in desk("user-settings", "set", "--system", *flow, code=2).error


def test_a_signature_says_what_was_taken_out(desk: Desk) -> None:
    file = desk.file("signature.htm")
    file.write_text("<p>David<script>alert(1)</script></p>", encoding="utf-8")
    said = desk("user-settings", "signature", "--user", "david", "--file", file)
    assert "Taken out: a script" in said.error
    assert "David" in said.out
    assert own(desk, "david")["E-mail signature"] == "set"
    desk("user-settings", "signature", "--user", "david")
    assert own(desk, "david")["E-mail signature"] == "not set"


def test_validating_says_who_is_not_ready_and_why(desk: Desk) -> None:
    found = desk("user-settings", "validate", "--all", "--format", "csv").rows()
    assert [(row["user"], row["result"]) for row in found if row["result"] != "failed"] == [("CECILIA", "not needed")]
    assert sorted(row["user"] for row in found) == ["ANNA", "BJORN", "CECILIA", "DAVID", "ERIK"]
    desk("user-settings", "validate", "--user", "david", "--check", code=1)
    assert "either --user USER or --all" in desk("user-settings", "validate", code=2).error
