"""What one cell means (FI-15, FI-16, FI-18, ST-40, ST-43)."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from mailadmin.interchange import cells
from mailadmin.interchange.budgets import CELL
from mailadmin.interchange.cells import BadCell, Unusable, converter_of, is_mask
from mailadmin.migration.content import CHOICES, Column, Kind


def read(kind: Kind, cell: object) -> tuple[object, list[str]]:
    """The value and the remarks."""
    remarks: list[str] = []
    return converter_of(Column("x", kind))(cell, remarks.append), remarks


@pytest.mark.parametrize(
    "written", ["Yes", "True", "true", "TRUE", "Y", "y", "1", "-1", "on", " yes ", True, 1, -1, 1.0]
)
def test_true(written: object) -> None:
    assert read(Kind.FLAG, written) == (True, [])


@pytest.mark.parametrize("written", ["No", "False", "false", "N", "n", "0", "off", "OFF\t", False, 0, 0.0, Decimal(0)])
def test_false(written: object) -> None:
    assert read(Kind.FLAG, written) == (False, [])


@pytest.mark.parametrize("written", ["x", "Ja", "Nein", "Oui", "Wahr", "2", "10", "١", "１", 2, 0.5, "None", "nan"])
def test_no_flag(written: object) -> None:
    with pytest.raises(BadCell, match="is not True or False"):
        read(Kind.FLAG, written)


@pytest.mark.parametrize("written", ["587", "587.0", "587 ", " 587.00", 587, 587.0, Decimal("587")])
def test_port(written: object) -> None:
    assert read(Kind.PORT, written) == (587, [])


def test_port_0_is_the_standard_port() -> None:
    assert read(Kind.PORT, "0") == (0, [])


@pytest.mark.parametrize(
    "written",
    [
        "587.5", "5.87e2", "0x24B", "587,0", "+587", "-587", "65536", "99999999999", "5_87", "٥٨٧", "５８７", "True",
        "nan", "587.", ".0", True, -1, 65536, 587.5, float("nan"), float("inf"), 10**4000,
    ],
)  # fmt: skip
def test_no_port(written: object) -> None:
    with pytest.raises(BadCell, match="is not a port"):
        read(Kind.PORT, written)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("blank", ["   ", "\t"])
def test_blanks_are_not_set(kind: Kind, blank: str) -> None:
    assert read(kind, blank)[0] is None


@pytest.mark.parametrize("written", ["00123", "1E5", "1_000", "٥٨٧", "NaN", "None", "nan", "NA", "=2+50", "'x", "İ"])
def test_text_stays_as_it_is(written: str) -> None:
    assert read(Kind.TEXT, written) == (written, [])
    assert read(Kind.NAME, written) == (written, [])


def test_text_keeps_its_blanks_and_lines() -> None:
    assert read(Kind.TEXT, " a\r\n b ") == (" a\r\n b ", [])


@pytest.mark.parametrize(
    ("cell", "text"),
    [(587, "587"), (587.0, "587"), (1.05, "1.05"), (1e22, "1" + "0" * 22), (-0.0, "0"), (Decimal("1.50"), "1.5")],
)
def test_a_number_becomes_its_shortest_text(cell: object, text: str) -> None:
    remark = "a number was taken as text; leading and trailing zeros are lost, if there were any"
    assert read(Kind.TEXT, cell) == (text, [remark])


def test_a_uuid_is_text() -> None:
    assert read(Kind.TEXT, UUID(int=1)) == ("00000000-0000-0000-0000-000000000001", [])


@pytest.mark.parametrize("cell", [True, b"x", float("inf"), object()])
def test_what_is_no_text(cell: object) -> None:
    with pytest.raises(BadCell):
        read(Kind.TEXT, cell)


@pytest.mark.parametrize("kind", Kind)
def test_an_unusable_cell_tells_what_it_is(kind: Kind) -> None:
    with pytest.raises(BadCell, match="cell C5 holds a formula") as caught:
        read(kind, Unusable("cell C5 holds a formula", "Mend it."))
    assert (caught.value.remedy, caught.value.shows) == ("Mend it.", False)


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("a\x00b", "holds the character U+0000"),
        ("\ud800", "holds half of a character (a lone surrogate)"),
        ("x" * (CELL + 1), f"is longer than {CELL} characters"),
    ],
)
def test_what_no_text_may_hold(written: str, what: str) -> None:
    with pytest.raises(BadCell) as caught:
        read(Kind.TEXT, written)
    assert (caught.value.what, caught.value.shows) == (what, False)


def test_text_with_something_invisible_is_kept_and_told() -> None:
    assert read(Kind.TEXT, "a\u200bb") == (
        "a\u200bb",
        ["holds the character U+200B, which cannot be seen; it was kept"],
    )


@pytest.mark.parametrize("found", ["\u200b", "\u202e", "\u2066", "\x07", "\x00", "\ud800", "\ufeff"])
@pytest.mark.parametrize("kind", [Kind.NAME, Kind.NAMES])
def test_what_no_name_may_hold(kind: Kind, found: str) -> None:
    with pytest.raises(BadCell, match=f"holds the character U\\+{ord(found):04X}, which cannot be seen"):
        read(kind, f"a{found}b")


@pytest.mark.parametrize(
    ("written", "name", "remarks"),
    [
        (" a ", "a", ["blanks around it were taken off"]),
        ("a\u00a0", "a", ["blanks around it were taken off"]),
        ("００１", "００１", ["'００１' is matched as '001'"]),
        ("Zoe\u0308", "Zoe\u0308", ["'Zoe\u0308' is matched as 'zoë'"]),
        ("NULL ", None, []),
    ],
)
def test_a_name_is_trimmed_and_told(written: str, name: str | None, remarks: list[str]) -> None:
    assert read(Kind.NAME, written) == (name, remarks)


def test_names_are_sorted_and_each_once() -> None:
    assert read(Kind.NAMES, "SUPPORT; auditor;;AUDITOR ; Support") == (["auditor", "SUPPORT"], [])


@pytest.mark.parametrize(("kind", "canonical"), [(kind, one) for kind, all_of in CHOICES.items() for one in all_of])
def test_a_choice_is_canonical(kind: Kind, canonical: str) -> None:
    assert read(kind, f" {canonical.upper()} ") == (canonical, [])


@pytest.mark.parametrize("kind", CHOICES)
def test_no_choice(kind: Kind) -> None:
    with pytest.raises(BadCell, match=f"is not a {kind}") as caught:
        read(kind, "Boss")
    assert caught.value.remedy == f"Write one of: {', '.join(CHOICES[kind])}."


def test_masks() -> None:
    assert [is_mask(text) for text in ("***", " •●* ", "**", "a***", "")] == [True, True, False, False, False]


def heard(remark: str) -> None:
    """Nothing is to be said here."""
    raise AssertionError(remark)


def test_equal_cells_share_their_value() -> None:
    convert = converter_of(Column("server", Kind.LINE))
    first, second = (convert("".join(["smtp", ".test"]), heard) for _ in range(2))
    assert first is second


def test_equal_names_are_shared_between_lists() -> None:
    convert = converter_of(Column("roles", Kind.NAMES, reference="roles"))
    first, second = convert("B; A", heard), convert("C;A", heard)
    assert (first, second) == (["A", "B"], ["A", "C"])
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert first[0] is second[0]


def test_values_beyond_what_is_remembered_are_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MOST_REMEMBERED", 2)
    convert = converter_of(Column("roles", Kind.NAMES, reference="roles"))
    written = ["A;B", "B;C", "C;D", "D;A", "A;B"]
    assert [convert(cell, heard) for cell in written] == [["A", "B"], ["B", "C"], ["C", "D"], ["A", "D"], ["A", "B"]]


@pytest.mark.parametrize(
    "column", [Column("password", secret=True), Column("user_id", Kind.NAME, required=True), Column("on", Kind.FLAG)]
)
def test_secrets_keys_and_flags_are_not_remembered(column: Column) -> None:
    assert converter_of(column) is cells._CONVERTERS[column.kind]
