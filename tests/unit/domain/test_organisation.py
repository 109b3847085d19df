"""People and places, and the Cost Centre that is always there."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from mailadmin.domain.organisation import (
    GLOBAL,
    Branch,
    CostCentre,
    Entity,
    User,
    UserLevel,
    WebConfiguration,
    is_global,
    without_overrides,
)
from mailadmin.domain.services import ServiceKind


@pytest.mark.parametrize("code", ["GLOBAL", "global", " Global ", "ＧＬＯＢＡＬ"])
def test_global_is_known_however_it_is_written(code: str) -> None:
    assert is_global(code)


@pytest.mark.parametrize("values", [{"active": False}, {"code": "global"}, {"code": "Global"}])
def test_global_can_be_neither_renamed_nor_made_inactive(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="GLOBAL can be neither renamed nor made inactive"):
        CostCentre(**{"code": GLOBAL, **values})


def test_global_may_have_a_description_and_a_default_service() -> None:
    row = CostCentre(code=GLOBAL, description="Global", default_service=ServiceKind.SMTP)
    assert (row.active, row.default_service) == (True, ServiceKind.SMTP)


def test_another_cost_centre_may_be_inactive() -> None:
    assert not CostCentre(code="OLD", active=False).active


@pytest.mark.parametrize("row", [Entity, CostCentre, WebConfiguration])
@pytest.mark.parametrize("code", ["", " A", "A\u200b", None])
def test_a_code_is_a_name(row: Any, code: Any) -> None:
    with pytest.raises(ValidationError):
        row(code=code)


def test_a_branch_belongs_to_an_entity() -> None:
    with pytest.raises(ValidationError):
        Branch(code="AKL")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("active", "external", "why"),
    [
        (True, False, ""),
        (False, False, "the user is inactive"),
        (True, True, "the user is external"),
        (False, True, "the user is inactive"),
    ],
)
def test_whose_overrides_do_not_count(active: bool, external: bool, why: str) -> None:
    assert without_overrides(active, external) == why


def test_the_levels_are_those_of_the_export() -> None:
    assert list(UserLevel) == ["Administrator", "Normal", "Read Only", "User Administrator"]
    assert User(user_id="00", name="None").level is UserLevel.NORMAL


def test_a_user_id_keeps_its_zeros() -> None:
    assert User(user_id="00123", name="").user_id == "00123"
