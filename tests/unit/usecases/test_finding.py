"""The facts of a store: gathered once, and counted once."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path

from mailadmin.domain.services import ServiceKind
from mailadmin.usecases import finding
from tests.sites import site


def test_whoever_sends_by_an_account_in_several_ways_is_one_user_of_it(tmp_path: Path) -> None:
    with closing(site(tmp_path)) as app:
        facts = finding.gather(app, date(2026, 11, 23))
    told = sorted((tried.service, tried.users) for tried in facts.verifications)
    assert told == [(ServiceKind.EXCHANGE, 5), (ServiceKind.SMTP, 1), (ServiceKind.SMTP, 3)]
    assert sum(answered.users for answered in facts.answers) == 5
