"""Whether both sides say the same, cell by cell: python -m benchmarks.agreement QUESTION STORE. Exits with 1 if not."""

from __future__ import annotations

import sys
from pathlib import Path

from . import auditing, ours, rival


def differences(question: str, store: Path) -> list[str]:
    if question == "permission audit":
        return auditing.differences(store)
    if question == "effects":
        mine, theirs = ours.effects(store), rival.effects(store)
        kinds = sorted(mine.keys() | theirs.keys())
        return [f"{k}: {mine.get(k, 0)} <> {theirs.get(k, 0)}" for k in kinds if mine.get(k, 0) != theirs.get(k, 0)]
    return _cells(store)


def _cells(store: Path) -> list[str]:
    mine = ours.effective(store)
    theirs = rival.effective(store).sort_by("user_id").to_pandas()
    if list(mine.columns) != list(theirs.columns) or len(mine) != len(theirs):
        return [f"{mine.shape} <> {theirs.shape}, {set(mine.columns) ^ set(theirs.columns)}"]
    mine = mine.sort_values("user_id", ignore_index=True)
    found = []
    for name in mine.columns:
        left, right = mine[name].astype(object), theirs[name].astype(object)
        if (odd := (left != right)).any():
            row = int(odd.to_numpy().argmax())
            found.append(f"{name}: {int(odd.sum())} cells, {mine.user_id[row]}: {left[row]!r} <> {right[row]!r}")
    # Both ways of reading our table say the same.
    lines = ours.lines(store)
    if any(tuple(row) != line for row, line in zip(mine.itertuples(index=False, name=None), lines, strict=True)):
        found.append("our frame and our lines differ")
    return found


if __name__ == "__main__":
    differing = differences(sys.argv[1], Path(sys.argv[2]))
    if differing:
        print("\n".join(differing))
    sys.exit(1 if differing else 0)
