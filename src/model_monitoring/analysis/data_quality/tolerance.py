"""What chance does to a share: how often a window of clean rows would look this odd.

A column with 2% missing in training has more than 2% missing in half of all clean windows, and a
few of many rare categories are always new. The baseline is a sample, too: its rows count.
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np
from scipy import stats

from . import effects
from .ranks import more

_NEVER = 1e-4
_LONGEST = 1 << 15  # windows up to this length are convolved, longer ones are nearly normal


def beyond(here: int, m: int, limit: float) -> float:
    """Return the chance of so many of m rows, or more, if a share of ``limit`` is allowed."""
    return float(stats.binom.sf(here - 1, m, min(1.0, max(0.0, limit))))


def above(there: int, n: int, here: int, m: int) -> float:
    """Return the chance of so many of m rows, or more, if n rows of the baseline had ``there``."""
    return more(there, n, here, m)


def possible(there: int, n: int, here: int, m: int) -> bool:
    """Return whether so many rows of a kind could seem too many, however they are split.

    Where they couldn't, the test raises no false alarm and isn't counted among many (Tarone 1990).
    """
    both = there + here
    most = min(m, both)
    return both > 0 and more(both - most, n, most, m) <= effects.ALPHA


def often_unseen(known: Mapping[str, int], m: int) -> bool:
    """Return whether a baseline has values so rare that a window of m rows could have new ones."""
    return _all_drawn(min(known.values()), sum(known.values()), m) > _NEVER


def unseen(known: Mapping[str, int], seen: Mapping[str, int]) -> float:
    """Return the chance that so many rows of a window are of values which the baseline lacks.

    If the rows of both were shuffled, a value that has k rows in all would have all of them in the
    window with a chance of about (m / (n + m))**k. So values with few rows in all, of which a
    baseline with many rare ones always has some, are new by chance, and a frequent one isn't. This
    is Good's estimate (1953) of what is unseen, with its distribution.

    Args:
        known: rows per value in the baseline.
        seen: rows per value in the window.
    """
    n, m = sum(known.values()), sum(seen.values())
    new = sum(rows for value, rows in seen.items() if value not in known)
    if not new:
        return 1.0
    totals = Counter(rows + seen.get(value, 0) for value, rows in known.items())
    totals += Counter(rows for value, rows in seen.items() if value not in known)
    rows = np.array([k for k in totals if k <= m], float)
    values = np.array([totals[k] for k in totals if k <= m], float)
    chances = np.array([_all_drawn(int(k), n, m) for k in rows])
    mean = (values * rows * chances).sum()
    spread = np.sqrt((values * rows**2 * chances * (1 - chances)).sum())
    if m > _LONGEST:
        return float(stats.norm.sf((new - 0.5 - mean) / spread)) if spread else 0.0
    # The sum's distribution from its characteristic function
    length = 2 * m + 2
    turns = np.exp(-2j * np.pi * np.arange(length // 2 + 1)[:, None] * rows / length)
    spectrum = np.prod((1 - chances + chances * turns) ** values, axis=1)
    return float(np.clip(np.fft.irfft(spectrum, length)[new : m + 1].sum(), 0.0, 1.0))


def _all_drawn(k: int, n: int, m: int) -> float:
    """Return the chance that k given rows of n + m are all among m drawn ones."""
    at = np.arange(min(k, 2000))
    return float(np.prod((m - at) / (n + m - at))) if k <= m else 0.0
