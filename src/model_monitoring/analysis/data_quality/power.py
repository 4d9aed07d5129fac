"""What a drift monitor can see: the smallest change that it would report half the time."""

import numpy as np
from scipy import stats

from . import ranks
from .effects import MATTERS


def visible_shift(
    reference_rows: float, window_rows: float, features: int = 1, alpha: float = 0.05
) -> float:
    """Return the smallest shift of one feature's mean that is seen half the time.

    It is in standard deviations, for a normal feature that alone has moved: then its p-value has to
    be at most alpha / features (Benjamini & Hochberg 1995). The test of location is as strong as a
    t test there (Chernoff & Savage 1958); it has only its share of alpha (see ranks.py).

    Args:
        reference_rows: rows of the baseline.
        window_rows: rows of the window.
        features: how many features are tested together.
        alpha: the share of clean windows that may raise a false alarm.

    Raises:
        ValueError: a number of rows or features is below 1, or alpha isn't between 0 and 1.
    """
    _check(reference_rows, window_rows, features, alpha)
    z = stats.norm.isf(ranks.LOCATION * alpha / features / 2)
    noticed = z * np.sqrt(1 / reference_rows + 1 / window_rows)
    return float(max(noticed, _shift_of(MATTERS)))


def visible_share(
    reference_rows: float,
    window_rows: float,
    features: int = 1,
    alpha: float = 0.05,
    *,
    categories: int = 2,
    share: float = 0.5,
) -> float:
    """Return the smallest change of one category's share that is seen half the time.

    It is a share of rows: 0.05 is 5 points. The arguments are those of visible_shift, the number of
    categories, and the category's ``share`` in the baseline.

    Raises:
        ValueError: see visible_shift.
    """
    _check(reference_rows, window_rows, features, alpha)
    looks = 2 * categories if categories > 2 else 1
    z = stats.norm.isf(alpha / features / looks / 2)
    error = np.sqrt(share * (1 - share) * (1 / reference_rows + 1 / window_rows))
    return float(min(1.0, max(z * error, MATTERS)))


def _check(reference_rows: float, window_rows: float, features: int, alpha: float) -> None:
    for name, value in (
        ("reference_rows", reference_rows),
        ("window_rows", window_rows),
        ("features", features),
    ):
        if not value >= 1:
            raise ValueError(f"{name} is {value}: it must be at least 1.")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}: it must be between 0 and 1.")


def _shift_of(gap: float) -> float:
    """Return the shift of a normal column's mean that leaves this gap, in standard deviations."""
    return float(2 * stats.norm.ppf((1 + gap) / 2))
