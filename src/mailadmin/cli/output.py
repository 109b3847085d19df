"""How a command shows what it found: a table for people, CSV or JSON for programs, errors with their remedy."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer

from ..domain.keys import visible


class Form(StrEnum):
    """What a command prints."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


FormOption = Annotated[Form, typer.Option("--format", help="table for people, csv or json for programs.")]
RawOption = Annotated[
    bool, typer.Option("--raw", help="CSV without the apostrophe that keeps a cell from being a formula.")
]


def console() -> Any:
    """The console of this run. Imported late: rich costs more than the rest of a short command."""
    from rich.console import Console

    return Console(soft_wrap=False, highlight=False)


def emit(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    form: Form,
    *,
    raw: bool = False,
    title: str = "",
    note: str = "",
) -> None:
    """Print rows as a table, CSV (UTF-8, comma, CRLF, formula-safe unless `raw`) or a JSON list of objects."""
    texts = ([str(cell) if cell is not None else "" for cell in row] for row in rows)
    if form is Form.CSV:
        _write_csv(columns, texts, raw=raw)
    elif form is Form.JSON:
        print_text(json.dumps([dict(zip(columns, row, strict=True)) for row in texts], ensure_ascii=False, indent=1))
    else:
        _write_table(columns, texts, title, note)


def _write_csv(columns: Sequence[str], rows: Iterable[Sequence[str]], *, raw: bool) -> None:
    from ..interchange.reports.csv_files import safe_cell

    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows if raw else ([safe_cell(cell) for cell in row] for row in rows))
    out.flush()
    out.detach()


def _write_table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str, note: str) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    kept = list(rows)
    filled = [i for i in range(len(columns)) if any(row[i] for row in kept)] or range(len(columns))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i in filled:
        table.add_column(columns[i].replace("_", " "), overflow="fold")
    for row in kept:
        table.add_row(*[Text(visible(row[i])) for i in filled])
    out = console()
    if title:
        out.print(title, style="bold", markup=False)
    out.print(table)
    if note:
        out.print(note, markup=False)


Point = tuple[str, Sequence[tuple[str, str]]]
"""A sentence, and named details."""


def tell(title: str, points: Sequence[Point]) -> None:
    """Print a numbered list of sentences with their details, wrapped to the window."""
    if not points:
        return
    from rich.padding import Padding
    from rich.text import Text

    out = console()
    out.print(title, style="bold", markup=False)
    for number, (sentence, details) in enumerate(points, 1):
        out.print(Padding(Text(f"{number}. {visible(sentence)}"), (0, 0, 0, 1)))
        for name, value in details:
            if value:
                out.print(Padding(Text.assemble((f"{name}: ", "dim"), visible(value)), (0, 0, 0, 4)))
    out.print()


def print_text(text: str) -> None:
    """Print text as it is, in UTF-8 whatever the console says."""
    sys.stdout.buffer.write((text if text.endswith("\n") else text + "\n").encode())
    sys.stdout.flush()


def print_texts(texts: Iterable[str]) -> None:
    """Print texts one after the other as they come, with nothing between them."""
    sys.stdout.buffer.writelines(text.encode() for text in texts)
    sys.stdout.flush()


def say(text: str) -> None:
    """Tell the person something; never part of a program's input."""
    sys.stderr.write("\n".join(map(visible, text.split("\n"))) + "\n")


@contextmanager
def working(what: str) -> Iterator[Any]:
    """A progress line on the error stream while something longer goes on; quiet where nobody watches."""
    if not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console

    with Console(stderr=True).status(what) as status:
        yield lambda step: status.update(f"{what}: {step}")
