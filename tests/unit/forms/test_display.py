"""Whatever people wrote comes out as text; secrets and what differs between machines do not come out at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mailadmin import connect, display, keeping, migrating
from mailadmin.domain.services import ServiceKind
from mailadmin.errors import UnknownName
from mailadmin.forms.display import Page, Table
from mailadmin.migration.differences import Change
from mailadmin.resolution.provenance import Asked, Context, Layer, Resolution, Tier
from mailadmin.storage.books import Run
from mailadmin.usecases import configuring
from tests.canaries import canary, exported

IMG, SCRIPT, AMP = "<img src=x onerror=alert(1)>", "</script></td></table><b>", "R&D \"'$x$ &lt;"
CANARY = canary()
TAGS = {"table", "caption", "thead", "tbody", "tr", "th", "td", "p", "strong", "br"}

EXPORT = {
    "global_settings": [
        {"property": "EmailSmtpServer", "value": "smtp.kowhai.example"},
        {"property": "EmailSmtpUserId", "value": SCRIPT},
        {"property": "EmailSmtpPassword", "value": CANARY},
        {"property": "EmailSmtpEnableSsl", "value": True},
    ],
    "users": [{"user_id": name, "name": name, "branch": SCRIPT} for name in (IMG, AMP, "plain")],
    "user_preferences": [
        {"user_id": IMG, "EmailSmtpSenderEmailAddress": AMP, "EmailSmtpSenderDisplayName": IMG},
        {"user_id": AMP, "EmailUseMailTo": True},
        {
            "user_id": "plain",
            "EmailUseGlobalSettings": False,
            "EmailSmtpServer": IMG,
            "EmailSmtpUserId": "u",
            "EmailSmtpPassword": CANARY + "2",
            "EmailSmtpSenderEmailAddress": "plain@kowhai.example",
        },
    ],
    "web_configurations": [
        {"code": SCRIPT, "EmailSmtpOverride": True, "EmailSmtpServer": "web.example", "EmailSmtpPassword": CANARY + "3"}
    ],
    "entities": [{"code": IMG, "description": IMG}],
    "branches": [{"code": SCRIPT, "description": SCRIPT, "entity": IMG}],
}


class Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def shown(folder: Path, year: int = 2026) -> dict[str, Table | Page]:
    """Everything a notebook can show of a migration, by the name of the function."""
    folder.mkdir()
    source, later = exported(folder / "export.json"), exported(folder / "later.json")
    source.write_text(json.dumps(EXPORT))
    changed = [{**row, "value": CANARY + "9"} if "Password" in str(row) else row for row in EXPORT["global_settings"]]
    renamed = [{**row, "description": AMP} for row in EXPORT["entities"]]
    later.write_text(json.dumps({**EXPORT, "global_settings": changed, "entities": renamed}))
    app = connect(folder / "store.db", environment={}, clock=lambda: datetime(year, 1, 2, tzinfo=UTC), actor=IMG)
    keeping.create_key(app)
    before, after = migrating.take_snapshot(app, source), migrating.take_snapshot(app, later)
    plan = migrating.make_plan(app, before)
    effects = migrating.effects(app, plan)
    run = migrating.apply(app, plan, plan.confirmation)
    found: dict[str, Table | Page] = {
        "snapshot": display.snapshot(before),
        "differences": display.differences(migrating.diff_snapshots(app, before.id, after.id)),
        "plan": display.plan(plan),
        "operations": display.operations(plan),
        "actions": display.actions(plan),
        "effects": display.effects(effects),
        "affected": display.affected(effects, "stop sending"),
        "effects_of": display.effects_of(effects, IMG.upper()),
        "legacy explanation": display.explanation(effects.before[0]),
        "explanation": display.explanation(configuring.explain(app, Context(user=IMG))),
        "legacy answers": display.answers(migrating.legacy_effective(before)),
        "answers": display.answers(answer for people in configuring.effective(app) for answer in people),
        "statuses": display.statuses(effects),
        "history": display.history(migrating.history(app)),
        "verification": display.verification(migrating.verify_migration(app)),
        "rollback": display.plan(migrating.plan_rollback(app, run.run)),
    }
    app.close()
    return found


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table | Page]:
    return shown(tmp_path_factory.mktemp("forms") / "one")


def tables(one: Table | Page) -> tuple[Table, ...]:
    return (one,) if isinstance(one, Table) else one.tables


def test_markup_in_names_is_shown_as_text(everything: dict[str, Table | Page]) -> None:
    for one in everything.values():
        read = Reader(one._repr_html_())
        assert read.tags <= TAGS
        assert read.attributes <= {"style", "scope"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("differences", AMP),
        ("operations", f"users {IMG}"),
        ("plan", AMP),
        ("effects", AMP),
        ("affected", AMP),
        ("effects_of", f"{IMG}: same"),
        ("legacy explanation", SCRIPT),
        ("explanation", f"User {IMG}, branch {SCRIPT}, unattended: ready"),
        ("legacy answers", IMG),
        ("answers", IMG),
    ],
)
def test_names_are_shown_as_they_were_written(everything: dict[str, Table | Page], name: str, text: str) -> None:
    assert any(text in read for read in Reader(everything[name]._repr_html_()).texts)
    assert text in repr(everything[name])


def test_no_secret_and_no_fingerprint_of_one_is_shown(everything: dict[str, Table | Page]) -> None:
    for one in everything.values():
        frames = [table.frame().to_csv() for table in tables(one)]
        for text in (repr(one), one._repr_html_(), *frames):
            assert CANARY not in text
            assert "hmac:" not in text


def test_secrets_are_set_or_changed(everything: dict[str, Table | Page]) -> None:
    assert ("global_settings", "", "EmailSmtpPassword", "set", "changed (hidden)") in everything["differences"].rows
    fields = {row[0]: row[1] for row in everything["explanation"].tables[1].rows}
    assert fields["password"] == "set"


def test_the_same_content_looks_the_same_on_another_day(everything: dict[str, Table | Page], tmp_path: Path) -> None:
    again = shown(tmp_path / "two", year=2031)
    assert {name: repr(one) for name, one in again.items()} == {name: repr(one) for name, one in everything.items()}
    for name, one in again.items():
        assert one._repr_html_() == everything[name]._repr_html_()


def test_invisible_characters_are_spelt_out() -> None:
    shown = display.differences([Change("users", "evil\u202ecod\u200d\x1b", "name", "a\nb", "c\x00")])
    for text in (repr(shown), shown._repr_html_()):
        assert "evil\\u202ecod\u200d\\x1b" in text
        assert "a\\nb" in text
        assert "\u202e" not in text


def test_an_explanation_says_and_marks_who_won() -> None:
    values = ("smtp.example", 25, None, None, None, None, None, None, None, None, None)
    asked = (
        Asked(Tier.BRANCH, "AKL", "AKL", False, "does not use SMTP"),
        Asked(Tier.GLOBAL, "GLOBAL", "GLOBAL", True, "uses SMTP"),
    )
    answer = Resolution(Context("u"), ServiceKind.SMTP, (), asked, Layer("global", "", values))
    tiers, fields = display.explanation(answer).tables
    assert [row[4] for row in tiers.rows] == ["passed over", "won"]
    assert tiers.marked == {1}
    assert "* which settings  global" in repr(tiers)
    assert tiers._repr_html_().count("border-left") == 1
    assert fields.rows[0] == ("server", "smtp.example", "global")
    assert ("sender_email", "missing", "") in fields.rows


def test_a_long_table_says_what_it_leaves_out() -> None:
    table = Table("Numbers", ("n",), [(n,) for n in range(50)])
    assert table.note == "and 30 more; .frame() gives them all"
    assert repr(table).splitlines()[-1] == table.note
    assert table._repr_html_().count("<tr>") == 21
    assert len(table.frame()) == 50


def test_an_empty_table_says_so() -> None:
    assert repr(display.differences([])) == "0 difference(s)\nnone"
    assert Reader(display.differences([])._repr_html_()).texts == ["0 difference(s)", "none"]


def test_columns_without_content_are_left_out_of_the_view_only() -> None:
    table = Table("", ("a", "b"), [(1, ""), (2, None)])
    assert repr(table) == "\na\n-\n1\n2"
    assert list(table.frame()) == ["a", "b"]


def test_who_and_when_only_on_request() -> None:
    run = Run(1, "migration", "2026-11-22T09:00:00+00:00", "Anahera", None, "f" * 64)
    assert "2026" not in repr(display.history([run]))
    assert "Anahera" not in repr(display.history([run]))
    assert display.history([run], who_and_when=True).rows[0][3:] == ("2026-11-22T09:00:00+00:00", "Anahera")
    assert "fff" not in repr(display.history([run], who_and_when=True))


def test_names_that_stand_for_nothing_are_refused(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text(json.dumps({"users": [{"user_id": "a", "name": "A"}]}))
    app = connect(tmp_path / "store.db", environment={})
    plan = migrating.make_plan(app, migrating.take_snapshot(app, tmp_path / "export.json"))
    effects = migrating.effects(app, plan)
    app.close()
    with pytest.raises(UnknownName):
        display.operations(plan, "nonsense")
    with pytest.raises(UnknownName):
        display.affected(effects, "nonsense")
    with pytest.raises(UnknownName):
        display.effects_of(effects, "nobody")
