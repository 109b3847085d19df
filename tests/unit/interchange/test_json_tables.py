"""JSON as it should be, and as it should not (FI-34)."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailadmin.errors import BadInput, Problem, SourceRejected
from mailadmin.interchange.legacy_exports import LegacyExport, read_legacy_export


def read(folder: Path, document: str) -> LegacyExport:
    source = folder / "x.json"
    source.write_text(document, encoding="utf-8")
    return read_legacy_export(source)


def refused(folder: Path, document: str) -> str:
    """What is said of it."""
    with pytest.raises(BadInput) as caught:
        read(folder, document)
    return caught.value.what


def problems(folder: Path, document: str) -> list[Problem]:
    with pytest.raises(SourceRejected) as caught:
        read(folder, document)
    return list(caught.value.problems)


def test_native_values(tmp_path: Path) -> None:
    export = read(
        tmp_path,
        """{"Portals": [{"CODE": 7, "enable_ssl": true, "smtp_port": 587.0, "From_Invoice": "a@b.test"},
                        {"CODE": "00123", "user_name": null, "password": 12.50, "override_from": 0}]}""",
    )
    assert export.tables == {
        "portals": [
            {"code": "00123", "password": "present", "override_from": False},
            {"code": "7", "enable_ssl": True, "smtp_port": 587, "from_invoice": "a@b.test"},
        ]
    }
    assert export.secrets == {"portals/00123/password": "12.5"}
    remark = "a number was taken as text; leading and trailing zeros are lost, if there were any"
    assert export.notes == (
        f"x.json, Portals, column code: {remark} (Portals[0])",
        f"x.json, Portals, column password: {remark} (Portals[1])",
        "x.json: holds 1 secret in clear text; lock it away or delete it when it is no longer needed",
    )


def test_a_column_that_is_written_in_two_ways(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, '{"entities": [{"code": "A"}, {"Code": "B"}]}')
    assert problem.what == "the column 'Code' stands twice, as column 1 and column 2"


def test_an_empty_table_stays(tmp_path: Path) -> None:
    assert read(tmp_path, '{"users": []}').tables == {"users": []}


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ('{"users": []} x', "x.json, line 1, column 15: no JSON: Extra data."),
        ('{"users": [}', "x.json, line 1, column 12: no JSON: Expecting value."),
        ("{'users': []}", "x.json, line 1, column 2: no JSON: Expecting property name enclosed in double quotes."),
        ('{"users": ' + "[" * 100_000 + "]" * 100_000 + "}", "x.json is nested deeper than 20 levels."),
        ('{"users": ' + '{"a":' * 100_000 + "1" + "}" * 100_001, "x.json is nested deeper than 20 levels."),
        ('{"users": [{"user_id": ' + "1" * 5_000 + "}]}", "x.json holds a number of too many digits."),
        ('{"users": [{"name": "a\nb"}]}', "x.json, line 1, column 23: no JSON: Invalid control character at."),
    ],
)
def test_documents_that_are_refused(document: str, what: str, tmp_path: Path) -> None:
    assert refused(tmp_path, document) == what


@pytest.mark.parametrize(
    ("document", "where", "what"),
    [
        ('{"users": {}}', "x.json, users", "is not a list of objects"),
        ('{"users": [1]}', "x.json, users[0]", "is not an object"),
        ('{"entities": [{"code": ["A"]}]}', "x.json, entities[0], column code", "holds a list or an object"),
        ('{"entities": [{"code": true}]}', "x.json, entities[0], column code", "True is not text"),
        ('{"entities": [{"code": "a\\u0000b"}]}', "x.json, entities[0], column code",
         "'a\\x00b' holds the character U+0000, which cannot be seen"),
        ('{"entities": [{"code": "\\ud800"}]}', "x.json, entities[0], column code",
         "'\\ud800' holds the character U+D800, which cannot be seen"),
        ('{"entities": [{"code": "a", "description": "\\ud800"}]}', "x.json, entities[0], column description",
         "holds half of a character (a lone surrogate)"),
        ('{"entities": [{"code": "a", "code": "b"}]}', "x.json",
         "the key 'code' stands more than once in one object"),
        ('{"entities": [], "entities": []}', "x.json", "the key 'entities' stands more than once in one object"),
        ('{"entities": [{"code": "a", "description": NaN}]}', "x.json", "NaN is no JSON value"),
        ('{"entities": [{"code": "a", "description": -Infinity}]}', "x.json", "-Infinity is no JSON value"),
        ('{"entities": [{"code": 1e999}]}', "x.json, entities[0], column code", "inf is not a finite number"),
        ('{"__proto__": {}, "users": []}', "x.json, __proto__", "is not a list of objects"),
        ('{"entities": [{"__proto__": 1, "code": "a"}]}', "x.json, entities", "the column '__proto__' is not known"),
        ('{"' + "k" * 1_000_000 + '": []}', "x.json, " + "k" * 60 + "…", "the table '" + "k" * 60 + "…' is not known"),
        ('{"users": [], "Users": []}', "x.json, Users", "the table users stands twice"),
    ],
)  # fmt: skip
def test_problems(document: str, where: str, what: str, tmp_path: Path) -> None:
    assert problems(tmp_path, document)[0][:2] == (where, what)


def test_the_cause_of_an_error_holds_no_document(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, '{"users": [')
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
