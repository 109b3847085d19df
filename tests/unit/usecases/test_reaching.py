"""The other way round, from a store: read once, and read again as soon as anything was changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mailadmin import App, connect
from mailadmin.errors import Tampered
from mailadmin.usecases import reaching
from tests import sites
from tests.counted import counted

LENDING = "lending@kowhai.example"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with closing(sites.site(tmp_path)) as app:
        yield app


def behind(app: App, address: str) -> list[tuple[str, str]]:
    return [(row.kind, row.subject) for row in reaching.of_address(app, address)]


def test_what_stands_still_is_read_once(app: App) -> None:
    first = behind(app, LENDING)
    with counted() as read:
        assert behind(app, LENDING) == first
        again = read.characters
        behind(app, "nobody@kowhai.example")
    assert "ann" not in [subject for _, subject in behind(app, "nobody@kowhai.example")]
    assert read.characters == 2 * again


def test_a_change_of_a_sender_a_user_or_a_role_is_heard_of(app: App, tmp_path: Path) -> None:
    assert ("sends as it", "ann") in behind(app, LENDING)
    assert ("may change From to it", "ann") not in behind(app, LENDING)
    own = ["[[overrides]]", 'cost_centre = "GLOBAL"', 'service = "SMTP"', 'user_id = "ann"']
    sites.configure(app, tmp_path, sites.rows(*own, 'sender_email = "ann@kowhai.example"'))
    assert ("sends as it", "ann") in behind(app, "Ann@Kowhai.example")
    sites.configure(
        app, tmp_path, sites.rows("[[users]]", 'user_id = "zoe"', 'name = "Zoe"', 'level = "Administrator"')
    )
    assert ("sends as it", "zoe") in behind(app, LENDING)
    assert ("may change From to it", "zoe") in behind(app, LENDING)
    sites.configure(app, tmp_path, sites.rows(*sites.permission("Clerks", "Deny")))
    assert ("may change From to it", "bob") not in behind(app, LENDING)


def test_a_row_changed_by_hand_is_never_believed(app: App, tmp_path: Path) -> None:
    behind(app, LENDING)
    elsewhere = connect(tmp_path / "mailadmin.db", environment={}, actor="intruder")
    with elsewhere.store.writing() as connection:
        connection.exec_driver_sql("UPDATE overrides SET sender_email = 'eve@evil.example'")
    elsewhere.close()
    with pytest.raises(Tampered):
        behind(app, LENDING)
