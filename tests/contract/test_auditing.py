"""A permission audit says the same of every store: by column, as of a day, and by the changes between."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import mailadmin
from mailadmin.audit.access import Everybody, Question
from mailadmin.domain.organisation import User
from mailadmin.storage import repository
from mailadmin.storage.keys import KEY_FILE_VARIABLE
from mailadmin.usecases import auditing, keeping
from tests.sites import CONFIGURATION, configure, permission, rows

FIRST = datetime(2026, 11, 2, 9, tzinfo=UTC)
ODD = rows(
    "[[users]]", 'user_id = "Ötzi"', 'name = "Ötzi"', 'level = "Read Only"', 'roles = ["Clerks"]',
    "[[users]]", 'user_id = "fay"', 'name = "Fay"', "active = false",
    "[[users]]", 'user_id = "gus"', 'name = "Gus"', "external = true", "locked_out = true",
    "[[users]]", 'user_id = "zoe"', 'name = "Zoe"', 'level = "Administrator"',
    *permission("Clerks", "Deny"),
)  # fmt: skip


def test_columns_days_and_changes_are_the_same_on_every_engine(url: str, tmp_path: Path) -> None:
    today = FIRST
    environment = {KEY_FILE_VARIABLE: str(tmp_path / "mailadmin.key")}
    with closing(mailadmin.connect(url, environment=environment, clock=lambda: today, actor="mia")) as app:
        keeping.create_key(app)
        configure(app, tmp_path, CONFIGURATION)
        today = FIRST + timedelta(days=1)
        configure(app, tmp_path, ODD)
        with app.store.reading() as connection:
            sealer = app.sealer(connection)
            found = repository.everybody_asking(connection, sealer)
            users = [row for row in repository.rows(connection, sealer, ("users",)).values() if isinstance(row, User)]
        expected = Everybody.of(users)
        assert list(found.user_ids) == list(expected.user_ids)
        assert list(found.names) == list(expected.names)
        assert [found.questions[code] for code in found.codes] == [
            Question.of(next(user for user in users if user.user_id == name)) for name in expected.user_ids
        ]
        days = [[h.user_id for h in auditing.access(app, at=day).holders()] for day in (None, FIRST.date())]
        assert days == [["zoe"], ["bob"]]
        changes = auditing.changes(app, today.date(), today.date())
        assert [(c.user_id, str(c.change)) for c in changes] == [
            ("bob", "lost"), ("cia", "other reason"), ("zoe", "gained"),
        ]  # fmt: skip
