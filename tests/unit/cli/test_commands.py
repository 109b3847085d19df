"""The command line: every command helps with an example, output is what it says, errors end with their code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from mailadmin.cli import application
from mailadmin.cli.reference import drawn, reference
from mailadmin.domain.keys import visible
from mailadmin.interchange import configuration
from mailadmin.interchange.reports.csv_files import safe_cell
from tests.canaries import canary, found_in
from tests.cli import SAMPLE, Desk

DOCS = Path(__file__).parents[3] / "docs"


def leaves(command: object, name: str = "") -> dict[str, str]:
    children = getattr(command, "commands", None)
    if children is None:
        return {name.strip(): command.help or ""}  # type: ignore[attr-defined]
    return {n: text for child, found in children.items() for n, text in leaves(found, f"{name} {child}").items()}


COMMANDS = leaves(typer.main.get_command(application()))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_shows_an_example(name: str, desk: Desk) -> None:
    assert f"Example: mailadmin {name}" in COMMANDS[name]
    assert "Example:" in desk(*name.split(), "--help").out


def test_the_reference_is_drawn_from_the_code() -> None:
    assert (DOCS / "reference.md").read_text() == reference()


def test_the_pictures_of_the_concepts_are_drawn_from_the_code() -> None:
    page = (DOCS / "concepts.md").read_text()
    assert page == drawn(page)


def test_the_published_schema_is_the_one_in_force() -> None:
    assert (DOCS / "configuration.schema.json").read_text() == configuration.schema()


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert safe_cell(start) == "'" + start


def test_text_cannot_move_the_cursor_or_forge_a_line() -> None:
    assert visible("bob\nadmin granted\x1b[2J") == "bob\\nadmin granted\\x1b[2J"


def test_csv_is_utf8_with_crlf_and_safe_cells(desk: Desk) -> None:
    desk.migrate()
    desk("snapshot", "list")
    said = desk("effective", "--format", "csv")
    assert said.out.count("\r\n") == 401
    assert said.out.replace("\r\n", "").count("\n") == 0


def test_a_table_a_csv_and_json_tell_the_same(desk: Desk) -> None:
    desk.migrate()
    as_csv = desk("history", "--format", "csv").rows()
    assert desk("history", "--format", "json").json() == as_csv
    assert as_csv[0]["plan"] in desk("history").out


def test_long_tells_one_field_a_row(desk: Desk) -> None:
    desk.migrate()
    wide = {r["user_id"]: r for r in desk("effective", "--format", "csv").rows()}
    long = desk("effective", "--long", "--format", "csv").rows()
    assert all(wide[r["user_id"]][r["field"]] == r["value"] for r in long)
    assert {r["field"] for r in long} == {
        "server",
        "port",
        "security",
        "user_name",
        "password",
        "sender_name",
        "sender_email",
    }


def test_effective_in_a_file_is_effective_on_the_screen(desk: Desk) -> None:
    desk.migrate()
    for ending in ("csv", "json"):
        file = desk.folder / f"all.{ending}"
        assert f"400 rows: {file}" in desk("effective", "--out", file).error
        assert file.read_bytes().decode() == desk("effective", "--format", ending).out
    assert "--long goes to the screen" in desk("effective", "--long", "--out", "all.csv", code=2).error


def test_effective_answers_other_questions(desk: Desk) -> None:
    desk.migrate()
    web = desk("effective", "--web", "customer", "--format", "csv").rows()
    assert {r["cost_centre"] for r in web} == {"WEB-CUSTOMER"}
    everywhere = desk("effective", "--web", "all", "--format", "csv").rows()
    assert len(everywhere) == 1200
    exchange = desk("effective", "--service", "EXCHANGE", "--format", "csv").rows()
    assert {r["status"] for r in exchange} == {"no service"}
    at_akl = desk("effective", "--branch", "AKL", "--format", "csv").rows()
    assert {r["branch"] for r in at_akl} == {"AKL"}


@pytest.mark.parametrize(
    "words",
    [
        ("explain", "nobody"),
        ("effective", "--branch", "NOWHERE"),
        ("effective", "--web", "NOWHERE"),
        ("plan", "no-such-snapshot"),
        ("effects", "no-such-plan.json"),
        ("rollback", "7", "--out", "x.json"),
        ("import", "no-such-file.toml"),
        ("snapshot", "take", "no-such-folder"),
        ("export", "--format", "yaml"),
        ("verify-migration", "7"),
    ],
)
def test_what_is_not_there_is_bad_input(desk: Desk, words: tuple[str, ...]) -> None:
    said = desk(*words, code=2)
    assert said.out == ""
    assert "Traceback" not in said.error


def test_explain_shows_the_winner_and_why_the_others_lost(desk: Desk) -> None:
    desk.migrate()
    text = desk("explain", "jtaylor6").out
    assert "User JTaylor6, branch WRE" in text
    assert "* global GLOBAL: uses SMTP" in text
    assert "user override (GLOBAL): credentials, sender e-mail, server" in text
    rows = desk("explain", "jtaylor6", "--format", "csv").rows()
    assert [r["outcome"] for r in rows].count("won") == 2


def test_snapshots_are_compared_and_checked(desk: Desk) -> None:
    desk("key", "create")
    for name in ("a.json", "b.json"):
        desk("snapshot", "take", SAMPLE / "kowhai-csv", "--out", desk.file(name))
    assert desk("snapshot", "diff", desk.file("a.json"), desk.file("b.json"), "--check", "--format", "csv").rows() == []
    desk("snapshot", "take", SAMPLE / "kowhai-small.json", "--out", desk.file("c.json"))
    assert desk("snapshot", "diff", desk.file("a.json"), desk.file("c.json"), "--check", code=1).out
    assert "seal fits" in desk("snapshot", "verify", desk.file("a.json")).out


def test_a_configuration_goes_out_and_comes_back_unchanged(desk: Desk) -> None:
    desk.migrate()
    for form in ("toml", "json"):
        file = desk.file(f"site.{form}")
        desk("export", "--format", form, "--out", file)
        desk("import", file, "--out", desk.file("same.json"))
        assert '"operations":[]' in desk.file("same.json").read_text()


def test_a_reviewed_configuration_is_planned_shown_and_applied(desk: Desk) -> None:
    desk.migrate()
    file = desk.file("site.toml")
    desk("export", "--out", file)
    moved = file.read_text().replace(
        'server = "smtp.office365.com"\nport = 587', 'server = "new.example"\nport = 587', 1
    )
    file.write_text(moved)
    said = desk("import", file, "--full", "--out", desk.file("edit.json")).out
    assert "new.example" in said
    assert "cleared: it was entered for another address" in " ".join(said.split())


def test_every_problem_of_a_configuration_is_told_at_once(desk: Desk) -> None:
    file = desk.file("site.toml")
    file.write_text(
        'format = "mailadmin-configuration/1"\n'
        '[[cost_centres]]\ncode = "GLOBAL"\nactive = false\n'
        '[[users]]\nuser_id = "A"\nname = "A"\nnickname = "x"\n'
        '[[users]]\nuser_id = "B"\nname = "B"\nlevel = "King"\n'
    )
    error = desk("import", file, code=2).error
    assert "3 problems" in error
    for place in ("cost_centres[1]", "users[1].nickname: is not a key here", "users[2].level"):
        assert place in error


def test_a_secret_is_typed_kept_and_taken_back(desk: Desk) -> None:
    desk.migrate()
    typed = f"{canary()}\n" * 2
    said = desk("secret", "set", "GLOBAL", "EXCHANGE", "client_secret", typed=typed)
    assert found_in((said.out + said.error).encode()) == set()
    assert "run 2" in said.out
    rows = desk("effective", "--service", "EXCHANGE", "--format", "csv").rows()
    assert {r["status"] for r in rows} == {"no service"}
    desk("secret", "set", "NOWHERE", "SMTP", "password", typed="x\nx\n", code=2)
    desk("secret", "set", "GLOBAL", "SMTP", "client_secret", typed="x\nx\n", code=2)


def test_the_demo_runs_from_start_to_end(desk: Desk) -> None:
    said = desk("demo", "--folder", desk.file("demo")).out
    for part in ("Users by status", "Effects of the migration", "What people still have to do", "What next"):
        assert part in said
    desk("demo", "--folder", desk.file("demo"))
    desk.file("mine").mkdir()
    desk.file("mine").joinpath("thesis.txt").write_text("precious")
    desk("demo", "--folder", desk.file("mine"), code=2)
    assert desk.file("mine").joinpath("thesis.txt").read_text() == "precious"


def test_importing_mailadmin_loads_next_to_nothing() -> None:
    heavy = "pydantic sqlalchemy pandas typer rich openpyxl cryptography keyring matplotlib msal requests ipywidgets"
    code = f"import sys, mailadmin; print([m for m in {heavy.split()} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_an_error_ends_the_process_with_its_code_words_and_remedy(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "mailadmin.cli", "--store", str(tmp_path / "x.db"), "plan", "nothing"]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith("mailadmin: There is no snapshot 'nothing'.")
    assert "mailadmin snapshot list" in found.stderr
