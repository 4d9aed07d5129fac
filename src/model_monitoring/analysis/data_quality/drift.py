"""The distance between two distributions: tests with small-sample corrections, and distances.

There are two modes. ``exact`` (the default) is a correct two-sample Kolmogorov-Smirnov test.
``aws`` is what Model Monitor computes through deequ's Distance.scala. Its quirk is that repeated
values collapse into one: a feature that is stuck at one constant looks like a sample of size one
and is never reported.
"""

from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from scipy import stats

from .kll import Sketch, weighted_values

Mode = Literal["exact", "aws"]
_CUTS = 1024
_SMALL = 1000
_C_ALPHA = 1.8  # c(alpha) for alpha = 0.003: Knuth, TAOCP 2, 3.3.1, eq. 15, as in deequ


class Steps(NamedTuple):
    """Hold an empirical distribution: sorted distinct values, and the number of rows up to each."""

    values: np.ndarray
    ranks: np.ndarray

    @property
    def rows(self) -> float:
        """Return the number of rows."""
        return float(self.ranks[-1])


def check_mode(mode: str) -> None:
    """Refuse any other mode: it would be taken for one of the two."""
    if mode not in get_args(Mode):
        raise ValueError(f"mode is {mode!r:.80}: use {' or '.join(get_args(Mode))}.")


def steps(levels: list, mode: Mode = "exact") -> Steps:
    """Return the distribution that a sketch describes.

    In mode ``aws`` a value that occurs several times counts once, with the weight of its highest
    level: deequ's rank map (QuantileNonSample.getRankMap) has values as keys, and the last entry
    wins.
    """
    values, weights = weighted_values(levels)
    last = np.append(values[1:] != values[:-1], True)
    ranks = np.cumsum(weights[last]) if mode == "aws" else np.cumsum(weights)[last]
    return Steps(values[last], ranks)


def linf(first: Steps, second: Steps) -> float:
    """Return the largest difference between two empirical distribution functions.

    This is Kolmogorov-Smirnov's D.
    """
    at = np.concatenate([first.values, second.values])
    shares = [
        np.append(0.0, s.ranks)[np.searchsorted(s.values, at, side="right")] / s.rows
        for s in (first, second)
    ]
    return float(np.abs(shares[0] - shares[1]).max())


def robust(distance: float, n: float, m: float) -> float:
    """Subtract the distance that two samples of one distribution may have by chance.

    The samples have n and m rows; the result is deequ's Robust distance.
    """
    return max(0.0, distance - _C_ALPHA * float(np.sqrt((n + m) / (n * m))))


def ks_p_value(distance: float, n: float, m: float) -> float:
    """Return the two-sided p-value of a two-sample KS distance.

    Up to an effective size n m / (n + m) of 1,000 it is that of scipy's ks_2samp(method="asymp").
    Beyond that it is the limiting distribution with Stephens' correction (1970), which is 200 times
    as fast. With ties it errs on the safe side: the true p-value is smaller.
    """
    size = n * m / (n + m)
    if size <= _SMALL:
        return float(np.clip(stats.kstwo.sf(distance, max(1, np.round(size))), 0, 1))
    return float(stats.kstwobign.sf((np.sqrt(size) + 0.12 + 0.11 / np.sqrt(size)) * distance))


def ks_distance(reference: Any, current: Any) -> float:
    """Return the two-sample KS statistic: the largest gap between the distribution functions.

    It is exact, also with ties, and takes little longer than sorting both sides. The reference may
    also be a stored sketch or its steps, taken as the distribution that it describes; then only the
    window is sorted.

    Args:
        reference: numbers, shape (n,), a Sketch or Steps.
        current: numbers, shape (m,). NaN counts as missing on both sides.

    Raises:
        ValueError: a side has no numbers.
    """
    current = _sorted(current, "current")
    if isinstance(reference, Sketch | Steps):
        known = steps(reference.levels) if isinstance(reference, Sketch) else reference
        below, up_to = (ranks / len(current) for ranks in _ranks(current, known.values))
        share = known.ranks / known.rows
        return float(
            max(np.abs(share - up_to).max(), np.abs(np.append(0.0, share[:-1]) - below).max())
        )
    return _largest_gap(_sorted(reference, "reference"), current)


def _sorted(values: Any, side: str) -> np.ndarray:
    values = np.asarray(values)
    if values.dtype.kind not in "fiub":  # objects, such as pandas' numbers with gaps
        values = pd.array(values, dtype="Float64").to_numpy(float, na_value=np.nan)
    values = np.sort(values, axis=None)
    if values.dtype.kind == "f":
        values = values[: np.searchsorted(values, np.nan)]  # sort puts NaN last
    if not len(values):
        raise ValueError(
            f"{side} has no numbers to compare: it is empty, or all its values are missing."
        )
    return values


def _ranks(values: np.ndarray, cuts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of sorted values below each cut, and the number at or below it."""
    up_to = np.searchsorted(values, cuts, side="right")
    below = up_to - (values[up_to - 1] == cuts) * (up_to > 0)
    # If more than one value is equal, search for the first
    ties = np.flatnonzero((below > 0) & (values[below - 1] == cuts))
    below[ties] = np.searchsorted(values, cuts[ties], side="left")
    return below, up_to


def _largest_gap(a: np.ndarray, b: np.ndarray) -> float:
    """Return the largest gap between the distribution functions of two sorted arrays.

    Both functions are evaluated at a few thousand cuts. Between two cuts neither function can leave
    its range there. So only the stretches in which the gap could still exceed the largest one found
    are cut again, until none is left.
    """
    n, m = len(a), len(b)
    # The beginning and end of each open stretch, in a and in b.
    lo_a, hi_a, lo_b, hi_b = (np.array([x]) for x in (0, n, 0, m))
    best, pieces = 0.0, _CUTS
    while len(lo_a):
        # Cut at values of a, evenly by rank.
        inside = lo_a[:, None] + (hi_a - lo_a)[:, None] * np.arange(pieces) // pieces
        cuts = a[inside.ravel()]
        (left_a, right_a), (left_b, right_b) = _ranks(a, cuts), _ranks(b, cuts)
        gaps = np.maximum(np.abs(left_a / n - left_b / m), np.abs(right_a / n - right_b / m))
        best = max(best, float(gaps.max()))
        # The open stretches are between the cuts: from the right of one to the left of the next, or
        # to the end of the old stretch.
        lo_a, hi_a = np.concatenate([lo_a, right_a]), np.concatenate([hi_a, left_a])
        lo_b, hi_b = np.concatenate([lo_b, right_b]), np.concatenate([hi_b, left_b])
        lo_a, hi_a, lo_b, hi_b = np.sort(lo_a), np.sort(hi_a), np.sort(lo_b), np.sort(hi_b)
        bound = np.maximum(hi_a / n - lo_b / m, hi_b / m - lo_a / n)
        open_ = bound > best
        lo_a, hi_a, lo_b, hi_b = lo_a[open_], hi_a[open_], lo_b[open_], hi_b[open_]
        pieces = 4
    return best
