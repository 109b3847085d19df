"""What others do with an export and with two of them: prepared here, carried out by what is given back.

Taking is to read every table into typed columns, fingerprint them and keep them in the rival's own form; a diff is
every cell that differs, with both its values. Passwords are a text like any other here: no rival hides them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .steps import Paths, Step

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

Difference = tuple[str, str, str, Any, Any]
"""Table, key of the row, column, and its values before and after."""

KEYS = {"roles": 2}
"""How many columns of a table are its key; of all others it is the first."""


def pandas_take(given: Paths) -> Step:
    return _pandas_step(lambda: _csv_frames(given.before), given.work / "before")


def pandas_take_later(given: Paths) -> Step:
    return _pandas_step(lambda: _csv_frames(given.after), given.work / "after")


def openpyxl_take(given: Paths) -> Step:
    import openpyxl  # noqa: F401

    return _pandas_step(lambda: _xlsx_frames(given.workbook, "openpyxl"), given.work / "openpyxl")


def calamine_take(given: Paths) -> Step:
    import python_calamine  # noqa: F401

    return _pandas_step(lambda: _xlsx_frames(given.workbook, "calamine"), given.work / "calamine")


def pandas_diff(given: Paths) -> Step:
    import pyarrow.parquet  # noqa: F401

    return _file_by_file(given.work / "before", given.work / "after", _pandas_differences)


def datacompy_diff(given: Paths) -> Step:
    import datacompy  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    return _file_by_file(given.work / "before", given.work / "after", _datacompy_differences)


def csv_diff_diff(given: Paths) -> Step:
    """It reads CSV and nothing else, so reading is part of it; and its key is one column."""
    import csv_diff  # noqa: F401

    return _file_by_file(given.before, given.after, _csv_differences)


def duckdb_take(given: Paths) -> Step:
    return _duckdb_step(given.before, given.work / "before.duckdb")


def duckdb_take_later(given: Paths) -> Step:
    return _duckdb_step(given.after, given.work / "after.duckdb")


def duckdb_diff(given: Paths) -> Step:
    import duckdb

    def do() -> list[Difference]:
        with duckdb.connect() as connection:
            for name in ("before", "after"):
                connection.execute(f"ATTACH '{given.work / f'{name}.duckdb'}' AS {name}_ (READ_ONLY)")
            return [found for table in _tables(connection) for found in _duckdb_differences(connection, table)]

    return Step(do, _places)


def _places(found: Iterable[Difference]) -> Iterator[str]:
    return (f"{table}, {row.casefold()}: {column}" for table, row, column, _, _ in found)


def _types(table: str, *, flag: str, port: str, text: str) -> dict[str, str]:
    """The type of every column that may stand in a table."""
    from mailadmin.migration.content import TABLES, Kind

    kinds = {Kind.FLAG: flag, Kind.PORT: port}
    return {column.name: kinds.get(column.kind, text) for column in TABLES[table].columns}


def _pandas_types(table: str) -> dict[str, str]:
    return _types(table, flag="boolean", port="Int64", text="str")


def _csv_frames(folder: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    import pandas as pd

    for path in sorted(folder.iterdir()):
        types: Any = _pandas_types(path.stem)
        yield path.stem, pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""], encoding="utf-8-sig")


def _xlsx_frames(path: Path, engine: Any) -> Iterator[tuple[str, pd.DataFrame]]:
    import pandas as pd

    with pd.ExcelFile(path, engine=engine) as book:
        for name in map(str, book.sheet_names):
            types: Any = _pandas_types(name)
            texts: Any = {column: kind for column, kind in types.items() if kind == "str"}
            frame = pd.read_excel(book, sheet_name=name, dtype=texts, keep_default_na=False, na_values=[""])
            yield name, frame.astype({column: types[column] for column in frame.columns})


def _pandas_step(read: Callable[[], Iterator[tuple[str, pd.DataFrame]]], keep: Path) -> Step:
    """Fingerprinted whatever the order of the rows, and kept as Parquet."""
    import pandas as pd
    import pyarrow.parquet  # noqa: F401

    def do() -> tuple[dict[str, pd.DataFrame], str]:
        keep.mkdir()
        frames, fingerprint = {}, hashlib.sha256()
        for name, frame in read():
            in_order = frame.sort_values(list(frame.columns[: KEYS.get(name, 1)]))
            fingerprint.update(pd.util.hash_pandas_object(in_order, index=False).to_numpy().tobytes())
            in_order.to_parquet(keep / f"{name}.parquet", index=False)
            frames[name] = in_order
        return frames, fingerprint.hexdigest()

    def set_cells(done: tuple[dict[str, pd.DataFrame], str]) -> Iterator[str]:
        for name, frame in done[0].items():
            yield from (f"{name}.{column}: {number}" for column, number in frame.count().items() if number)

    return Step(do, set_cells)


def _file_by_file(before: Path, after: Path, differences: Callable[[Path, Path], Iterator[Difference]]) -> Step:
    def do() -> list[Difference]:
        return [found for path in sorted(before.iterdir()) for found in differences(path, after / path.name)]

    return Step(do, _places)


def _pandas_differences(before: Path, after: Path) -> Iterator[Difference]:
    import pandas as pd

    old, new = pd.read_parquet(before), pd.read_parquet(after)
    keys = list(old.columns[: KEYS.get(before.stem, 1)])
    old, new = (frame.set_index(keys, drop=False) for frame in (old, new))
    everything = old.index.union(new.index)
    old, new = old.reindex(everything), new.reindex(everything)
    rows = everything.to_numpy()
    for column in old.columns:
        was, now = old[column], new[column]
        differs = ~((was == now).fillna(False).astype(bool) | (was.isna() & now.isna()))
        chosen = differs.to_numpy()
        for row, left, right in zip(rows[chosen], was[chosen], now[chosen], strict=True):
            yield before.stem, row if isinstance(row, str) else " / ".join(row), column, left, right


def _datacompy_differences(before: Path, after: Path) -> Iterator[Difference]:
    import datacompy
    import pandas as pd

    old, new = pd.read_parquet(before), pd.read_parquet(after)
    keys = list(old.columns[: KEYS.get(before.stem, 1)])
    compared = datacompy.PandasCompare(old, new, join_columns=keys, cast_column_names_lower=False)
    both = compared.intersect_rows
    for column in [name for name in old.columns if name not in keys]:
        odd = both[~both[f"{column}_match"]]
        for row in odd[[*keys, f"{column}_df1", f"{column}_df2"]].itertuples(index=False, name=None):
            yield before.stem, " / ".join(row[:-2]), column, row[-2], row[-1]
    for rows in (compared.df1_unq_rows, compared.df2_unq_rows):
        for column in rows.columns:
            for row in rows[rows[column].notna()][[*keys, column]].itertuples(index=False, name=None):
                yield before.stem, " / ".join(row[:-1]), column, None, row[-1]


def _csv_differences(before: Path, after: Path) -> Iterator[Difference]:
    import csv_diff

    with before.open(encoding="utf-8-sig", newline="") as first, after.open(encoding="utf-8-sig", newline="") as second:
        key = first.readline().partition(",")[0]
        first.seek(0)
        old, new = csv_diff.load_csv(first, key=key), csv_diff.load_csv(second, key=key)
    found = csv_diff.compare(old, new)
    for one in found["changed"]:
        for column, (left, right) in one["changes"].items():
            yield before.stem, one["key"], column, left, right
    for rows in (found["removed"], found["added"]):
        for row in rows:
            yield from ((before.stem, row[key], column, None, value) for column, value in row.items() if value)


def _duckdb_step(folder: Path, keep: Path) -> Step:
    """Fingerprinted whatever the order of the rows, and kept in a database of its own."""
    import duckdb

    def do() -> str:
        fingerprint = hashlib.sha256()
        with duckdb.connect(str(keep)) as connection:
            for path in sorted(folder.iterdir()):
                types = _types(path.stem, flag="BOOLEAN", port="INTEGER", text="VARCHAR")
                given = {name: kind for name, kind in types.items() if name in _header(path)}
                connection.execute(
                    f"CREATE TABLE {path.stem} AS SELECT * FROM read_csv('{path}', header = true, columns = {given})"
                )
                of = connection.execute(f"SELECT bit_xor(md5_number(t::VARCHAR)) FROM {path.stem} t").fetchone()
                fingerprint.update(repr(of).encode())
        return fingerprint.hexdigest()

    def set_cells(_fingerprint: str) -> Iterator[str]:
        with duckdb.connect(str(keep)) as connection:
            for table in _tables(connection):
                asked = connection.execute(f"SELECT count(COLUMNS(*)) FROM {table}")
                names = [str(column[0]) for column in asked.description or ()]
                counted = zip(names, asked.fetchall()[0], strict=True)
                yield from (f"{table}.{column}: {number}" for column, number in counted if number)

    return Step(do, set_cells)


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig") as lines:
        return lines.readline().rstrip("\r\n").split(",")


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute("SELECT DISTINCT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
    return [str(row[0]) for row in found]


def _duckdb_differences(connection: duckdb.DuckDBPyConnection, table: str) -> list[Difference]:
    """One full join a table; of the rows that differ, a line per column that does."""
    described = connection.execute(f"DESCRIBE before_.{table}").fetchall()
    columns = [str(row[0]) for row in described]
    keys = columns[: KEYS.get(table, 1)]
    on = " AND ".join(f"o.{key} = n.{key}" for key in keys)
    name = " || ' / ' || ".join(f"coalesce(o.{key}, n.{key})" for key in keys)
    cells = ", ".join(
        f"CASE WHEN o.{column} IS DISTINCT FROM n.{column} "
        f"THEN {{'c': '{column}', 'o': o.{column}::VARCHAR, 'n': n.{column}::VARCHAR}} END"
        for column in columns
    )
    return connection.execute(
        f"SELECT '{table}', key, cell.c, cell.o, cell.n FROM ("
        f"  SELECT {name} AS key, unnest([{cells}]) AS cell"
        f"  FROM before_.{table} o FULL JOIN after_.{table} n ON {on}"
        f"  WHERE {' OR '.join(f'o.{column} IS DISTINCT FROM n.{column}' for column in columns)}"
        ") WHERE cell IS NOT NULL"
    ).fetchall()
