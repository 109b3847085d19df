"""Tables as pandas DataFrames: for notebooks. pandas is imported when the first one is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..resolution.columns import Columns

if TYPE_CHECKING:
    import pandas as pd


def to_frame(columns: Columns) -> pd.DataFrame:
    """A frame with a row per user; every column but the user ids is categorical, and its values are kept once."""
    import numpy as np
    import pandas as pd

    codes = np.frombuffer(columns.codes, dtype=np.uintc).astype(np.intp)
    found: dict[str, Any] = {"user_id": pd.array(columns.user_ids, dtype="str")}
    for name, (values, by_line) in columns.encoded():
        narrow = np.asarray(by_line, dtype=np.min_scalar_type(-len(values) - 1))
        dtype = pd.CategoricalDtype(pd.Index(values, dtype="str"))
        found[name] = pd.Categorical.from_codes(narrow.take(codes), dtype=dtype)
    return pd.DataFrame(found, copy=False)
