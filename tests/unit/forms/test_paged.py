"""However many rows there are, a page of them is drawn; all of them are searched."""

from __future__ import annotations

from ipywidgets.widgets import widget as registry

from mailadmin.forms.paged import PAGE, PagedTable
from mailadmin.forms.work import at_once

ROWS = [(f"user{number:06}", number % 7) for number in range(50_000)]


def table(**options: object) -> PagedTable:
    return PagedTable("Users", ("user", "branch"), ROWS, runner=at_once, **options)  # type: ignore[arg-type]


def test_pages_forth_and_back_and_not_beyond_the_ends() -> None:
    paged = table()
    assert "Rows 1 to 20 of 50,000" in paged.where.value
    assert paged.previous.disabled
    paged.next.click()
    assert "user000020" in paged.table.value
    assert "user000019" not in paged.table.value
    paged.previous.click()
    assert "Rows 1 to 20" in paged.where.value
    paged.show(ROWS[: PAGE + 1])
    paged.next.click()
    assert "Rows 21 to 21 of 21" in paged.where.value
    assert paged.next.disabled


def test_every_row_is_searched_whatever_its_case_and_found_again_without_it() -> None:
    paged = table()
    paged.search.value = "USER049999"
    assert list(paged.found) == [("user049999", 49_999 % 7)]
    paged.search.value = "nobody of that name"
    assert "No row holds that." in paged.where.value
    paged.search.value = ""
    assert len(paged.found) == len(ROWS)


def test_a_row_of_the_page_can_be_looked_at() -> None:
    looked: list[object] = []
    paged = table(chosen=looked.append)
    paged.next.click()
    paged.look.value = 3
    assert looked == [("user000023", 23 % 7)]
    paged.next.click()
    assert paged.look.value is None


def test_rows_cost_no_widgets() -> None:
    before = len(registry._instances)
    table(chosen=lambda _: None)
    assert len(registry._instances) - before < 100


def test_hostile_names_are_text() -> None:
    paged = PagedTable("<b>", ("<i>",), [("<img src=x onerror=alert(1)>",)], runner=at_once)
    assert "<img" not in paged.table.value
    assert "<i>" not in paged.table.value
