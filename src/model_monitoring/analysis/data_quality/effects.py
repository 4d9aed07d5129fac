"""How large a difference is, with an interval, beside the test of whether it is real.

The size is the largest gap between the two sides: between two distribution functions, or between
two shares of a category. It is a share of rows: 0.08 means that at some value 8% of the rows lie on
the other side. A normal column whose mean moves by 0.2 standard deviations has a gap of 0.08.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from ..proportions import Z

# A real difference matters from 2% of the rows: a mean that moved by a twentieth of a standard
# deviation, or a category that has 2 points more.
MATTERS = 0.02
# Of 100 windows without drift five may have a false alarm; of what is called real 5% may be false.
ALPHA = 0.05
STEPS = "band below (Smirnov), share of one half above"
COUNTS = "normal shares (Agresti-Caffo), below for all categories (Bonferroni)"
_KOLMOGOROV = 1.358  # 95% quantile of Kolmogorov's distribution


class Effect(NamedTuple):
    """A gap, the 95% interval of the gap between the two populations, and how that was computed."""

    gap: float
    low: float
    high: float
    method: str


def of_steps(gap: float, n: float, m: float) -> Effect:
    """Return the interval of a gap between two distribution functions of n and m rows.

    Below, the gap may be chance all along both functions (Smirnov 1948, with Stephens' correction
    1970, as a band: Doksum & Sievers 1976). Above, the largest gap lies at one value, where the two
    shares vary by chance at most as shares of one half do.
    """
    root = np.sqrt(n * m / (n + m))
    band = _KOLMOGOROV / (root + 0.12 + 0.11 / root)
    return Effect(gap, max(0.0, gap - band), min(1.0, gap + Z * 0.5 / root), STEPS)


def of_counts(first: np.ndarray, second: np.ndarray) -> Effect:
    """Return the largest gap of two sides' shares, with its interval, from rows per category.

    Below, it holds for all categories at once (Bonferroni); above, for the one with the largest
    gap. Shares within n and m rows vary as normal ones do, with half a row added to each
    (Agresti & Caffo 2000).
    """
    n, m = first.sum(), second.sum()
    gaps = np.abs(first / n - second / m)
    p, q = (first + 0.5) / (n + 1), (second + 0.5) / (m + 1)
    error = np.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    low = (gaps - stats.norm.isf(0.025 / len(gaps)) * error).max()
    gap = float(gaps.max())
    return Effect(gap, max(0.0, float(low)), min(1.0, gap + Z * float(error.max())), COUNTS)
