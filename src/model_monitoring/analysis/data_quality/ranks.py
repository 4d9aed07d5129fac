"""Whether two samples of numbers can come from one distribution: tests on ranks, combined.

No single test sees everything: Kolmogorov-Smirnov sees steps and is weak against a changed spread,
a test of location sees that least of all. So four are made, each with a share of the false alarms
(Bonferroni with weights; Genovese, Roeder & Wasserman 2006), most of which go to the question asked
most, whether values have moved:

- location: the mean normal score of the window (van der Waerden 1952), as strong as a t test where
  that is best;
- spread: the mean of the squared normal scores (Klotz 1962);
- tails: how many rows of the window lie in the lowest and in the highest 2% of all rows
  (hypergeometric, as in Fisher's exact test);
- shape: Kolmogorov-Smirnov's largest gap.

Equal values share the mean of their scores, and the first two are judged by what they would be if
rows were shuffled between the sides, given the ties: its variance is exact, its skewness is that of
a Pearson III curve (Hájek, Šidák & Sen 1999, 3.3 and 6.2). So columns with many ties, zeros or only
two values have their own null distribution. Kolmogorov-Smirnov errs on the safe side there.
"""

import numpy as np
from scipy import special, stats

from . import drift

LOCATION, SPREAD, TAILS, SHAPE = 0.84, 0.07, 0.05, 0.04
_TAIL = 0.02
# The standard error of a mean of scores that comes from a sketch of more than one level, simulated
# with 5,000 to 1,000,000 rows; in the tails it is twice as large.
_NOISE = 0.001
_SYMMETRIC = 1e-6


def p_value(first: drift.Steps, second: drift.Steps, gap: float, exact: tuple[bool, bool]) -> float:
    """Return the p-value of no difference.

    Args:
        first: the reference's rows.
        second: the window's.
        gap: the largest gap between the two distribution functions.
        exact: for either side, whether its steps are its rows; else they come from a sketch.
    """
    values = np.union1d(first.values, second.values)
    # Rows of each side at each value, shape (k,)
    rows = [np.diff(_up_to(side, values), prepend=0.0) for side in (first, second)]
    sizes = [
        side.rows if known else _effective(side.rows, _NOISE)
        for side, known in zip((first, second), exact, strict=True)
    ]
    parts = [
        (LOCATION, _score_test(*rows, sizes, _mean_score)),
        (SPREAD, _score_test(*rows, sizes, _mean_square)),
        (TAILS, _tails(*rows, exact)),
        (SHAPE, drift.ks_p_value(gap, *sizes)),
    ]
    return min(1.0, *(chance / weight for weight, chance in parts))


def _up_to(side: drift.Steps, values: np.ndarray) -> np.ndarray:
    return np.append(0.0, side.ranks)[np.searchsorted(side.values, values, side="right")]


def _effective(rows: float, noise: float) -> float:
    """Return of how many rows a mean would be as uncertain as that of a sketch."""
    return rows / (1 + rows * noise**2)


def _mean_score(z: np.ndarray) -> np.ndarray:
    """Integrate the normal scores z up to some quantiles."""
    return -np.exp(-(z**2) / 2)


def _mean_square(z: np.ndarray) -> np.ndarray:
    """Integrate z**2 - 1 up to some quantiles."""
    z = np.where(np.isfinite(z), z, 0.0)  # at either end the integral is 0
    return -z * np.exp(-(z**2) / 2)


def _score_test(first: np.ndarray, second: np.ndarray, sizes: list[float], integral) -> float:
    """Return the two-sided p-value of the window's mean score, given the ties."""
    both = first + second
    total, m = both.sum(), second.sum()
    if len(both) < 2:
        return 1.0
    ends = special.ndtri(np.append(0.0, np.cumsum(both)) / total)
    score = np.diff(integral(ends)) / both  # the mean over the ranks of equal values
    score -= both @ score / total
    variance = both @ score**2 / total
    if not variance > 0:
        return 1.0
    skewness = (both @ score**3 / total) / variance**1.5
    rest = 1 - m / total  # rows are drawn without being put back
    difference = (second @ score / m) / np.sqrt(variance) / rest
    z = difference / np.sqrt(1 / sizes[0] + 1 / sizes[1]) * np.sqrt(1 - 1 / total)
    return _two_sided(z, skewness * (1 - 2 * m / total) / np.sqrt(m * rest))


def _two_sided(z: float, skewness: float) -> float:
    if abs(skewness) < _SYMMETRIC:
        return float(2 * stats.norm.sf(abs(z)))
    # Pearson III is a gamma distribution that is moved and scaled
    shape = 4 / skewness**2
    at = np.sign(skewness) * z * np.sqrt(shape) + shape
    at = max(0.0, at)
    return float(min(1.0, 2 * min(special.gammainc(shape, at), special.gammaincc(shape, at))))


def _tails(first: np.ndarray, second: np.ndarray, exact: tuple[bool, bool]) -> float:
    """Return the chance of so many rows of the window in the tail that holds more of them."""
    shrunk = [
        side if known else side * _effective(1.0, 2 * _NOISE * np.sqrt(side.sum()))
        for side, known in zip((first, second), exact, strict=True)
    ]
    chances = []
    for step in (1, -1):
        up_to = np.cumsum((first + second)[::step])
        tail = np.searchsorted(up_to, _TAIL * up_to[-1], side="right")
        if tail:
            there, here = (float(side[::step][:tail].sum()) for side in shrunk)
            chances.append(more(there, shrunk[0].sum(), here, shrunk[1].sum()))
    return min(1.0, 2 * min(chances, default=1.0))


def more(there: float, n: float, here: float, m: float) -> float:
    """Return the one-sided p-value of Fisher's exact test: so many of m rows, or more, if ``there``
    of n other rows are of the same kind.
    """
    n, m, there, here = (round(float(x)) for x in (n, m, there, here))
    return float(min(1.0, stats.hypergeom.sf(here - 1, n + m, there + here, m)))
