"""Constraints learned from training rows, and the rows that break them.

This is Watson OpenScale's data consistency. There are four kinds of constraint:

- ``numeric_range``: a number outside the training range, widened by 5% on either side.
- ``categorical_distribution``: a category that training didn't have.
- ``catcat_distribution``: two known categories that training never had together, although at least
five such rows were to be expected by chance.
- ``catnum_range``: a number outside the range of the rows with that category, also widened.

A missing cell breaks the constraint of its own column if training had no missing cells in it.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from ..wording import counted

_BUFFER = 0.05
_MOST_CATEGORIES = 50
_ROWS_PER_CATEGORY = 30
_EXPECTED_TOGETHER = 5
_FOLDS = 5


@dataclass(frozen=True)
class Consistency:
    """Hold which rows break learned constraints.

    ``rows`` marks them, shape (n,), and ``share`` is their share. ``expected_share`` is the share
    among unseen rows of the training distribution. ``constraints`` counts rows per constraint,
    starting with the one that is broken most.
    """

    rows: np.ndarray
    share: float
    expected_share: float
    constraints: pd.DataFrame


def learn(frame: pd.DataFrame) -> dict[str, Any]:
    """Learn constraints from training rows; the result is plain JSON values.

    String, category and boolean columns with at most 50 categories are categorical, numbers are
    numeric, and other columns are ignored.

    Raises:
        ValueError: fewer than ten rows.
    """
    if len(frame) < 2 * _FOLDS:
        raise ValueError(
            counted(len(frame), "row is", "rows are")
            + f" too few to learn constraints from; use at least {2 * _FOLDS}."
        )
    frame = frame.infer_objects()  # numbers in a column of objects are numbers
    fold = np.random.default_rng(0).permutation(len(frame)) % _FOLDS
    broken = [_broken(frame[fold == i], _learn(frame[fold != i])) for i in range(_FOLDS)]
    share = sum(int(b.any(axis=1).sum()) for b in broken) / len(frame)
    return {**_learn(frame), "expected_share": share}


def find_inconsistent(frame: pd.DataFrame, learned: dict[str, Any]) -> Consistency:
    """Find the rows of a window that break learned constraints.

    Raises:
        ValueError: the window has no rows, or lacks a column.
    """
    if not len(frame):
        raise ValueError("The window has no rows: give at least one row to check.")
    if absent := [
        name for name in [*learned["numeric"], *learned["categorical"]] if name not in frame
    ]:
        raise ValueError(
            f"The window lacks the columns {absent}, which constraints were learned of: give them"
            " too, or learn again without them."
        )
    broken = _broken(frame, learned)
    counts = broken.sum().sort_values(ascending=False, kind="stable")
    table = counts[counts > 0].rename("rows").rename_axis(["constraint", "columns"]).reset_index()
    rows = broken.any(axis=1).to_numpy()
    return Consistency(rows, float(rows.mean()), learned["expected_share"], table)


def _learn(frame: pd.DataFrame) -> dict[str, Any]:
    numeric, categorical = [], {}
    for name in frame:
        if pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(
            frame[name]
        ):
            numeric.append(name)
        elif (counts := frame[name].astype("string").value_counts()).size <= _MOST_CATEGORIES:
            categorical[name] = counts
    texts = frame[list(categorical)].astype("string")
    together = []
    for one, two in combinations(categorical, 2):
        seen = pd.crosstab(texts[one], texts[two])
        expected = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / max(1, seen.to_numpy().sum())
        odd = np.argwhere((seen.to_numpy() == 0) & (expected >= _EXPECTED_TOGETHER))
        if len(odd):
            together.append([one, two, [[seen.index[i], seen.columns[j]] for i, j in odd]])
    ranges = []
    for name, counts in categorical.items():
        for value in counts.index[counts >= _ROWS_PER_CATEGORY]:
            inside = frame[texts[name] == value]
            ranges += [[name, str(value), number, *_range(inside[number])] for number in numeric]
    return {
        "numeric": {
            name: [*_range(frame[name]), bool(frame[name].isna().any())] for name in numeric
        },
        "categorical": {
            name: [list(map(str, counts.index)), bool(frame[name].isna().any())]
            for name, counts in categorical.items()
        },
        "together": together,
        "ranges": ranges,
    }


def _range(values: pd.Series) -> tuple[float, float]:
    """Return the range of a column, widened by the buffer; without values, an unlimited one."""
    if not values.notna().any():
        return -np.finfo(float).max, np.finfo(float).max
    low, high = float(values.min()), float(values.max())
    if np.isinf([low, high]).any():  # no file and no database holds infinity
        return np.nan_to_num((low, high)).tolist()
    return low - _BUFFER * (high - low), high + _BUFFER * (high - low)


def _broken(frame: pd.DataFrame, learned: dict[str, Any]) -> pd.DataFrame:
    """Return one boolean column per constraint kind and columns, shape (n, constraints)."""
    texts = frame[list(learned["categorical"])].astype("string")
    marks: dict[tuple[str, str], Any] = {}

    def mark(kind: str, columns: str, rows) -> None:
        rows = np.asarray(rows, dtype=bool)
        marks[kind, columns] = marks[kind, columns] | rows if (kind, columns) in marks else rows

    def outside(name: str, low: float, high: float) -> pd.Series:
        numbers = pd.to_numeric(frame[name], errors="coerce")
        # Text where numbers were lies in no range
        return (numbers < low) | (numbers > high) | (numbers.isna() & frame[name].notna())

    for name, (low, high, may_miss) in learned["numeric"].items():
        rows = outside(name, low, high)
        mark("numeric_range", name, rows if may_miss else rows | frame[name].isna())
    for name, (values, may_miss) in learned["categorical"].items():
        known = texts[name].isin(values)
        mark("categorical_distribution", name, ~known & texts[name].notna() if may_miss else ~known)
    for one, two, pairs in learned["together"]:
        for first, second in pairs:
            mark(
                "catcat_distribution",
                f"{one}, {two}",
                ((texts[one] == first) & (texts[two] == second)).fillna(False),
            )
    for name, value, number, low, high in learned["ranges"]:
        mark(
            "catnum_range",
            f"{name}, {number}",
            (texts[name] == value).fillna(False) & outside(number, low, high),
        )
    columns = pd.MultiIndex.from_tuples(list(marks), names=["constraint", "columns"])
    return pd.DataFrame(
        np.column_stack(list(marks.values())) if marks else [], index=frame.index, columns=columns
    )
