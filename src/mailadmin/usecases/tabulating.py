"""Everybody's answers as a table: a DataFrame for notebooks, Arrow for other programs, a file for anybody.

    >>> found = mailadmin.configuring.effective(app)
    >>> mailadmin.tabulating.to_frame(found)["status"].value_counts()

Answers to several questions, such as one for each web configuration, stand one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..interchange import frames, streams
from ..interchange.streams import Progress
from ..resolution.columns import NO_ROWS, columns, joined
from ..resolution.population import Population

if TYPE_CHECKING:
    import pandas as pd


def to_frame(found: Sequence[Population]) -> pd.DataFrame:
    """A row per user, with every field and its origin; every column but the user ids is categorical."""
    return frames.to_frame(joined(map(columns, found)))


def to_arrow(found: Sequence[Population]) -> Any:
    """The same as an Arrow table, its columns dictionaries. Raises BadInput without the extra [arrow]."""
    return frames.to_arrow(joined(map(columns, found)))


def write(found: Sequence[Population], file: str | Path, *, raw: bool = False, progress: Progress | None = None) -> int:
    """Write the same to a file that ends with .csv, .json or .parquet, a piece at a time. Gives the number of rows.

    `raw` leaves formulas in CSV as they are. Raises BadInput.
    """
    return streams.write(list(map(columns, found)) or [NO_ROWS], Path(file), raw=raw, progress=progress)
