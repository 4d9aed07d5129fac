"""The areas under both curves, from counts of negatives and positives in score bins."""

import numpy as np
from scipy.optimize import brentq

from .. import resampling
from ..proportions import Z, score

ROC_METHOD = "score, from Hanley & McNeil's variance"
PR_METHOD = "Wilson's score, on an effective number of positives"
# How many rows out of order it takes to trust the sample's own variance as much as the formula's
_TRUST = 15
_TINY = 1e-9


def auc(tables: np.ndarray) -> np.ndarray:
    """Area under ROC of tables (r, 2, bins): the chance that a positive outranks a negative.

    A tie counts as half.
    """
    negative, positive = tables[:, 0].astype(float), tables[:, 1].astype(float)
    below = np.cumsum(negative, axis=1) - negative / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return (positive * below).sum(axis=1) / (negative.sum(axis=1) * positive.sum(axis=1))


def average_precision(tables: np.ndarray) -> np.ndarray:
    """Area under the precision-recall curve as a step function, as in scikit-learn."""
    counts = tables[:, :, ::-1].astype(float)
    hits, drawn = np.cumsum(counts[:, 1], axis=1), np.cumsum(counts.sum(axis=1), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(drawn > 0, hits / drawn, 0)
        return (counts[:, 1] * precision).sum(axis=1) / hits[:, -1]


def auc_interval(point: float, table: np.ndarray) -> tuple[float, float]:
    """Bound the area under ROC of one table (2, bins), also if every positive outranks all others.

    A score interval (Newcombe 2006): the values whose own variance would allow the point. The
    variance is Hanley & McNeil's (1982), in the order of classes that makes it larger, scaled by
    how the sample's (DeLong, DeLong & Clarke-Pearson 1988) compares with it. The scale stays near 1
    as long as few rows are out of order.
    """
    negative, positive = table.astype(float)
    n, m = negative.sum(), positive.sum()
    # Of each bin: the share of the other class that its rows outrank, or that outranks them
    won = (np.cumsum(negative) - negative / 2) / n
    lost = (m - np.cumsum(positive) + positive / 2) / m
    found = _variance_of_mean(won, positive) + _variance_of_mean(lost, negative)
    few = min(n, m)
    smoothed = (point * few + 0.5) / (few + 1)
    out = min(positive[won < 1].sum(), negative[lost < 1].sum())
    scale = (out * found / area_variance(smoothed, m, n) + _TRUST) / (out + _TRUST)

    def beyond(area: float) -> float:
        return (point - area) ** 2 - Z**2 * scale * area_variance(area, m, n)

    # The areas 0 and 1 have no variance: start just inside them
    low = brentq(beyond, 0, min(point, 1 - _TINY)) if point > 0 else 0.0
    high = brentq(beyond, max(point, _TINY), 1) if point < 1 else 1.0
    return low, high


def average_precision_interval(
    point: float, table: np.ndarray, rng: np.random.Generator
) -> tuple[float, float]:
    """Bound the average precision of one table (2, bins).

    Its variance is that of a proportion of the positives (Boyd, Eng & Page 2013), scaled by how
    the bootstrap's compares with it; as above, the scale stays near 1 while few rows are out of
    order.
    """
    negative, positive = table
    m = int(positive.sum())
    smoothed = (point * m + 0.5) / (m + 1)
    found = float(np.nanvar(average_precision(resampling.resample_counts(table, rng))))
    lowest = int(np.flatnonzero(positive)[0])
    highest = int(np.flatnonzero(negative)[-1])
    out = min(int(positive[: highest + 1].sum()), int(negative[lowest:].sum()))
    scale = (out * found / (smoothed * (1 - smoothed) / m) + _TRUST) / (out + _TRUST)
    low, high = score(point, m / scale)
    return min(float(low), point), max(float(high), point)


def area_variance(area: float, positives: float, negatives: float) -> float:
    """Return the variance of an area under ROC, after Hanley & McNeil (1982).

    Of the two orders of the classes it is the one that makes it larger.
    """
    base, first, second = area * (1 - area), (1 - area) / (2 - area), area / (1 + area)
    more, fewer = max(positives, negatives) - 1, min(positives, negatives) - 1
    extra = max(more * first + fewer * second, fewer * first + more * second)
    return base * (1 + extra) / (positives * negatives)


def _variance_of_mean(values: np.ndarray, counts: np.ndarray) -> float:
    n = counts.sum()
    if n < 2:
        return 0.0
    mean = (counts * values).sum() / n
    return float((counts * (values - mean) ** 2).sum() / (n - 1) / n)
