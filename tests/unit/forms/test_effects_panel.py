"""Effects beside a draft: the newest draft is the one shown, however fast it changes, and no work is piled up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailadmin.domain.organisation import CostCentre
from mailadmin.forms.desk import Desk
from mailadmin.forms.effects_panel import EffectsPanel
from mailadmin.migration.edits import Edits
from mailadmin.usecases import editing
from tests import sites
from tests.page_words import said

GLOBAL = ("cost_centres", ("global",))


class Later:
    """A runner that waits until it is told to go on."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], None]) -> None:
        self.waiting.append(work)

    def go_on(self) -> None:
        self.waiting.pop(0)()


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def desk(tmp_path: Path, later: Later) -> Iterator[Desk]:
    desk = Desk(sites.site(tmp_path), runner=later)
    yield desk
    desk.close()


def with_default(edits: Edits, service: str | None) -> Edits:
    row = CostCentre(code="GLOBAL", default_service=service)  # type: ignore[arg-type]
    edits.put(row)
    return edits


def test_of_several_drafts_the_newest_is_shown_and_worked_out_once(desk: Desk, later: Later) -> None:
    panel, edits = EffectsPanel(desk), editing.begin(desk.app)
    for service in (None, "EXCHANGE", None, "EXCHANGE"):
        panel.follow(with_default(edits, service))
    assert len(later.waiting) == 1
    assert said(panel.effects) == ""
    later.go_on()
    assert "change service" in said(panel.effects)
    assert "stop sending" not in said(panel.effects)
    panel.follow(with_default(edits, None))
    later.go_on()
    assert "stop sending" in said(panel.effects)
    assert later.waiting == []


def test_a_draft_that_goes_while_it_is_worked_out_is_not_shown(desk: Desk, later: Later) -> None:
    panel, edits = EffectsPanel(desk), editing.begin(desk.app)
    panel.follow(with_default(edits, None))
    edits.discard()
    panel.follow(edits)
    later.go_on()
    assert said(panel.effects) == ""
    assert said(panel.changes) == "Nothing is changed yet."


def test_what_goes_wrong_is_said_and_the_next_draft_is_worked_out(
    desk: Desk, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, edits = EffectsPanel(desk), editing.begin(desk.app)
    with monkeypatch.context() as broken:
        broken.setattr(editing, "basis", lambda *_: 1 / 0)
        panel.follow(with_default(edits, None))
        later.go_on()
    assert said(panel.effects) == "✗ The effects could not be worked out: ZeroDivisionError."
    panel.follow(with_default(edits, "EXCHANGE"))
    later.go_on()
    assert "change service" in said(panel.effects)
