"""Which labelled rows can be measured, and what is said of the others."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from ..not_measured import NotMeasured

ROUNDING = 1e-6  # how far beyond 0..1 a probability may lie for its digits' sake


def usable(
    problem_type: str, answers: Mapping, probabilities=None, classes: Collection = ()
) -> tuple[np.ndarray, np.ndarray | None, list[NotMeasured]]:
    """Tell which of n rows can be measured.

    A row needs each of its answers (in regression finite numbers) and, where probabilities are
    given, a probability from 0 to 1; if no row has one, all are measured without.

    Args:
        problem_type: a name that begins with "regression" in either case, or another.
        answers: by name (label, prediction) what every row needs, shape (n,) each.
        classes: those there are, if they are known; an answer of a binary model that is none of
            them is left out.
        probabilities: shape (n,) or (n, k), None if there are none.

    Returns:
        The rows that count, bool (n,); all probabilities as floats, or None; and what was left out.
    """
    rows = len(next(iter(answers.values())))
    fine, left = np.ones(rows, bool), []

    def drop(name: str, bad: np.ndarray, reason: str) -> None:
        bad = bad & fine
        if bad.any():
            left.append(NotMeasured("rows", name, reason, int(bad.sum())))
        fine[bad] = False

    numeric = problem_type.lower().startswith("regression")
    for name, values in answers.items():
        values = np.asarray(values)
        drop(name, np.asarray(pd.isna(values)), f"the {name} is missing")
        if numeric:
            drop(name, ~_finite(values), f"the {name} is no finite number")
        elif problem_type == "binary" and classes:
            drop(name, ~pd.Series(values).isin(classes).to_numpy(), f"the {name} is no known class")
    if probabilities is None or not rows:
        return fine, None, left
    scores = _numbers(probabilities)
    if scores is None:
        reason = "the probabilities are not as many in each row"
        return fine, None, [*left, NotMeasured("metric", "of probabilities", reason)]
    inside = ((scores >= -ROUNDING) & (scores <= 1 + ROUNDING)).reshape(rows, -1)
    good = inside.all(axis=1)
    if fine.any() and not (good & fine).any():
        reason = "no row has a probability from 0 to 1"
        return fine, None, [*left, NotMeasured("metric", "of probabilities", reason)]
    drop("probability", ~good, "the probability is missing or not from 0 to 1")
    return fine, np.clip(scores, 0, 1), left


def _finite(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind in "iub":
        return np.ones(len(values), bool)
    return np.isfinite(pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(float))


def _numbers(probabilities) -> np.ndarray | None:
    """Return probabilities as floats, NaN where there is none; None if rows are of unequal
    lengths.
    """
    values = np.asarray(probabilities, dtype=None if hasattr(probabilities, "dtype") else object)
    if values.dtype.kind in "iuf":
        return values.astype(float)
    if values.ndim > 1:
        columns = [pd.to_numeric(pd.Series(column), errors="coerce") for column in values.T]
        return np.column_stack(columns).astype(float)
    widths = {len(v) for v in values if isinstance(v, list | tuple | np.ndarray)}
    if len(widths) > 1:
        return None
    if widths:
        width = widths.pop()
        empty = [np.nan] * width
        listed = [v if isinstance(v, list | tuple | np.ndarray) else empty for v in values]
        return _numbers(np.array(listed, dtype=object))
    return pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(float)
