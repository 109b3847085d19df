"""Tables as pandas DataFrames, for notebooks, and as Arrow, for other programs: both imported when they are asked for.

Law: every column but the user ids keeps each of its values once.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..errors import BadInput
from ..resolution.columns import Columns

if TYPE_CHECKING:
    import pandas as pd


def to_frame(columns: Columns) -> pd.DataFrame:
    """A frame with a row per user; every column but the user ids is categorical."""
    import numpy as np
    import pandas as pd

    codes = np.frombuffer(columns.codes, dtype=np.uintc).astype(np.intp)
    found: dict[str, Any] = {"user_id": _texts(columns.user_ids)}
    for name, column in columns.encoded():
        narrow = np.asarray(column.codes, dtype=np.min_scalar_type(-len(column.values) - 1))
        dtype = pd.CategoricalDtype(pd.Index(column.values, dtype="str"))
        found[name] = pd.Categorical.from_codes(narrow.take(codes), dtype=dtype)
    return pd.DataFrame(found, copy=False)


def to_arrow(columns: Columns) -> Any:
    """An Arrow table with a row per user; every column but the user ids is a dictionary.

    Raises BadInput without the extra [arrow].
    """
    import numpy as np

    pa = arrow("pyarrow")
    codes = np.frombuffer(columns.codes, dtype=np.uintc).astype(np.intp)
    found = {"user_id": pa.array(columns.user_ids, pa.string())}
    for name, column in columns.encoded():
        numbers = np.frombuffer(column.codes, dtype=np.uintc).astype(np.int32).take(codes)
        found[name] = pa.DictionaryArray.from_arrays(pa.array(numbers), pa.array(column.values, pa.string()))
    return pa.table(found)


def arrow(module: str) -> Any:
    """A module of Arrow. Raises BadInput where the extra [arrow] is not installed."""
    if find_spec("pyarrow") is None:
        raise BadInput("Arrow is not installed.", remedy="pip install 'mailadmin[arrow]'")
    return import_module(module)


def _texts(values: Sequence[str]) -> Any:
    """pandas would look at every single one for what is no text; Arrow, where it is installed, takes them at once."""
    import pandas as pd

    if find_spec("pyarrow") is None:
        return pd.array(values, dtype="str")
    pa, dtype = arrow("pyarrow"), pd.Series([], dtype="str").dtype
    return dtype.__from_arrow__(pa.array(values, pa.large_string()))  # type: ignore[union-attr]
