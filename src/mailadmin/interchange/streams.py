"""Everybody's table out to a file or a stream, a piece at a time; what a thousand rows share is put into words once.

Laws: a file is there whole or not at all; nothing is held but the table's codes, its distinct lines, and one piece.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import IO

from ..errors import BadInput
from ..resolution.columns import Columns
from .files import writing_privately
from .reports.csv_files import safe_cell

PIECE = 50_000
"""Rows written at a time."""

Progress = Callable[[str], None]
"""Is told how far it is."""


def write(tables: Sequence[Columns], file: Path, *, raw: bool = False, progress: Progress | None = None) -> int:
    """Write tables with the same columns, one after the other, to a file whose ending says how. Gives the rows.

    `raw` leaves formulas in CSV as they are. Raises BadInput for another ending, and where it cannot be written.
    """
    if file.suffix.lower() not in FORMATS:
        raise BadInput(f"{file} ends with none of {', '.join(FORMATS)}.", remedy="The ending says how it is written.")
    rows, done = sum(map(len, tables)), 0

    def told(pieces: Iterable[Columns]) -> Iterator[Columns]:
        nonlocal done
        for piece in pieces:
            yield piece
            done += len(piece)
            if progress is not None:
                progress(f"{done:,} of {rows:,} rows")

    with writing_privately(file) as out:
        FORMATS[file.suffix.lower()](told(_pieces(tables)), out, raw)
    return rows


def csv_texts(tables: Iterable[Columns], *, raw: bool = False) -> Iterator[str]:
    """The tables as CSV: comma, CRLF, formula-safe unless `raw`; the first text is the heading."""
    return _csv_texts(_pieces(tables), raw)


def json_texts(tables: Iterable[Columns]) -> Iterator[str]:
    """The tables as one JSON list of objects, one a line."""
    return _json_texts(_pieces(tables))


def _pieces(tables: Iterable[Columns]) -> Iterator[Columns]:
    """Each table in pieces, at least one: the heading of an empty table is written, too."""
    for table in tables:
        for start in range(0, max(len(table), 1), PIECE):
            yield table.rows(slice(start, start + PIECE))


def _csv_texts(pieces: Iterable[Columns], raw: bool) -> Iterator[str]:
    safe: Callable[[str], str] = str if raw else safe_cell
    heading = ""
    for piece, endings in _with_endings(pieces, lambda piece: _csv_lines(map(safe, line) for line in piece.lines)):
        if not heading:
            yield (heading := f"{','.join(('user_id', *piece.names))}\r\n")
        starts = _csv_lines((safe(user_id),) for user_id in piece.user_ids)
        ended = map(endings.__getitem__, piece.codes)
        yield "".join([f"{start},{end}\r\n" for start, end in zip(starts, ended, strict=True)])


def _csv_lines(rows: Iterable[Iterable[str]]) -> list[str]:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="")
    ends = [0]
    for row in rows:
        writer.writerow(row)
        ends.append(out.tell())
    text = out.getvalue()
    return [text[start:end] for start, end in pairwise(ends)]


def _json_texts(pieces: Iterable[Columns]) -> Iterator[str]:
    between = "[\n"
    for piece, endings in _with_endings(pieces, _json_lines):
        ended = map(endings.__getitem__, piece.codes)
        rows = [f'{{"user_id": {_json(u)}, {end}' for u, end in zip(piece.user_ids, ended, strict=True)]
        if rows:
            yield between + ",\n".join(rows)
            between = ",\n"
    yield "[]\n" if between == "[\n" else "\n]\n"


def _json_lines(piece: Columns) -> list[str]:
    return [_json(dict(zip(piece.names, line, strict=True)))[1:] for line in piece.lines]


_json = json.JSONEncoder(ensure_ascii=False).encode


def _with_endings(
    pieces: Iterable[Columns], worded: Callable[[Columns], list[str]]
) -> Iterator[tuple[Columns, list[str]]]:
    """Each piece with its distinct lines in words; those of the pieces of one table are the same."""
    lines: object = None
    endings: list[str] = []
    for piece in pieces:
        if piece.lines is not lines:
            lines, endings = piece.lines, worded(piece)
        yield piece, endings


def _write_csv(pieces: Iterable[Columns], out: IO[bytes], raw: bool) -> None:
    out.writelines(text.encode() for text in _csv_texts(pieces, raw))


def _write_json(pieces: Iterable[Columns], out: IO[bytes], raw: bool) -> None:
    out.writelines(text.encode() for text in _json_texts(pieces))


def _write_parquet(pieces: Iterable[Columns], out: IO[bytes], raw: bool) -> None:
    from .frames import arrow, to_arrow

    parquet = arrow("pyarrow.parquet")
    writer = None
    try:
        for piece in pieces:
            table = to_arrow(piece)
            writer = writer or parquet.ParquetWriter(out, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


FORMATS: Mapping[str, Callable[[Iterable[Columns], IO[bytes], bool], None]] = {
    ".csv": _write_csv,
    ".json": _write_json,
    ".parquet": _write_parquet,
}
"""TABLE: the endings of files a table is written to, and what writes them."""
