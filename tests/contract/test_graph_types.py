"""The sandbox's types of Microsoft Graph, held against Microsoft's own definitions (v1.0 metadata).

The definitions are not part of this project: they are found by MAILADMIN_GRAPH_TYPES or beside the checkout.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mailadmin.sandbox import types
from mailadmin.sandbox.messages import _COMPUTED, _OF_SENT

BESIDE = Path(__file__).parents[2].parent / "shared" / "graph" / "mail-types.json"


@pytest.fixture(scope="module")
def microsoft() -> dict[str, Any]:
    file = Path(os.environ.get("MAILADMIN_GRAPH_TYPES") or BESIDE)
    if not file.is_file():
        pytest.skip("Microsoft's definitions are not here: set MAILADMIN_GRAPH_TYPES to their mail-types.json")
    return dict(json.loads(file.read_text("utf-8")))


@pytest.mark.parametrize("name", types.TYPES)
def test_a_type_is_microsofts(microsoft: dict[str, Any], name: str) -> None:
    """Every property, with its type; none of ours that is not there, and none missing that a client may send."""
    theirs = microsoft["types"][name]
    assert types.TYPES[name] == (theirs["base"], theirs["properties"])
    assert theirs["kind"] in ("EntityType", "ComplexType")


@pytest.mark.parametrize("name", types.ENUMS)
def test_an_enumeration_is_microsofts(microsoft: dict[str, Any], name: str) -> None:
    assert (microsoft["types"][name]["kind"], list(types.ENUMS[name])) == ("enum", microsoft["types"][name]["members"])


@pytest.mark.parametrize("name", types.ACTIONS)
def test_an_actions_parameters_are_microsofts(microsoft: dict[str, Any], name: str) -> None:
    [theirs] = [action for full, action in microsoft["actions"].items() if full.endswith(f"/{name}")]
    given = {parameter: kind for parameter, kind in theirs["parameters"].items() if parameter != "bindingParameter"}
    assert types.ACTIONS[name] == given


def test_what_is_said_of_a_message_is_said_of_its_properties(microsoft: dict[str, Any]) -> None:
    known = set(types.properties("message"))
    assert known >= _COMPUTED | _OF_SENT
    assert not _COMPUTED & _OF_SENT
