"""A desk: a real store where there is one, else a practice company that is gone at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailadmin.domain.services import ServiceKind
from mailadmin.forms.desk import Desk, Practice, open_desk
from mailadmin.resolution.provenance import Context, Status
from mailadmin.usecases import configuring, migrating


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILADMIN_STORE", raising=False)


def folder_of(desk: Desk) -> Path:
    return Path(str(desk.app.store.engine.url.database)).parent


def test_a_named_store_a_chosen_one_and_one_that_is_here_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = open_desk(tmp_path / "named.db")
    assert (named.practice, (tmp_path / "named.db").is_file()) == (None, True)
    assert "named.db" in named.words
    named.close()
    monkeypatch.setenv("MAILADMIN_STORE", str(tmp_path / "chosen.db"))
    chosen = open_desk()
    assert (chosen.practice, (tmp_path / "chosen.db").is_file()) == (None, True)
    chosen.close()
    monkeypatch.delenv("MAILADMIN_STORE")
    Path("mailadmin.db").symlink_to(tmp_path / "named.db")
    here = open_desk()
    assert here.practice is None
    here.close()


def test_without_any_store_there_is_a_practice_company_that_is_gone_at_the_end(tmp_path: Path) -> None:
    desk = open_desk()
    folder = folder_of(desk)
    assert (desk.practice, folder.is_dir(), migrating.history(desk.app)) == (Practice.EMPTY, True, [])
    assert list(tmp_path.iterdir()) == []
    desk.close()
    assert not folder.exists()


def test_the_practice_company_can_be_migrated_already() -> None:
    desk = open_desk(practice="migrated")
    assert [run.purpose for run in migrating.history(desk.app)] == ["migration"]
    desk.close()


def test_its_mail_can_go_to_the_sandbox_and_nowhere_else() -> None:
    desk = open_desk(practice=Practice.SANDBOX)
    answer = configuring.explain(desk.app, Context(service=ServiceKind.EXCHANGE))
    assert answer.status is Status.READY
    assert desk.sandbox is not None
    assert desk.sandbox.inbox is not None
    folder = folder_of(desk)
    desk.close()
    assert not folder.exists()


def test_a_practice_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        open_desk(practice="nonsense")
