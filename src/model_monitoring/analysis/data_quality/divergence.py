"""Distances between two distributions that need no test: PSI, Jensen-Shannon, Wasserstein.

The first two compare shares over cells: for a feature with at most 20 distinct reference values
    each value is a cell
and the rest another; else the reference's deciles cut the line. Sketches make them approximate to
about 0.2%.
"""

import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon

from .drift import Steps

_FEW = 20


def shares(reference: Steps, current: Steps) -> tuple[np.ndarray, np.ndarray]:
    """Return rows per cell of both sides."""
    if len(reference.values) <= _FEW:
        counts = dict(zip(reference.values, np.diff(reference.ranks, prepend=0.0), strict=True))
        other = dict(zip(current.values, np.diff(current.ranks, prepend=0.0), strict=True))
        return paired_counts(counts, other)
    wanted = np.searchsorted(reference.ranks, reference.rows * np.arange(1, 10) / 10)
    cuts = np.unique(reference.values[wanted])
    at_or_below = [
        np.append(0.0, side.ranks)[np.searchsorted(side.values, cuts, side="right")]
        for side in (reference, current)
    ]
    first, second = (
        np.diff(ranks, prepend=0.0, append=side.rows)
        for ranks, side in zip(at_or_below, (reference, current), strict=True)
    )
    return first, second


def paired_counts(reference: dict, current: dict) -> tuple[np.ndarray, np.ndarray]:
    """Return rows per reference category, and in a last cell those of categories the reference has
    not seen.
    """
    unseen = sum(count for value, count in current.items() if value not in reference)
    first = np.array([*reference.values(), 0.0], float)
    return first, np.array([*(current.get(value, 0.0) for value in reference), unseen], float)


def psi(reference: np.ndarray, current: np.ndarray) -> float:
    """Return the population stability index over cells (Siddiqi 2006): below 0.1 stable, above 0.25
    shifted.

    Half a row is added to every cell, so that an empty one does not make it infinite.
    """
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in (reference, current))
    return float(np.sum((p - q) * np.log(p / q)))


def jensen_shannon(reference: np.ndarray, current: np.ndarray) -> float:
    """Return the Jensen-Shannon distance over cells, base 2: 0 for equal shares, 1 for disjoint
    ones.
    """
    return float(np.nan_to_num(jensenshannon(reference, current, base=2)))


def wasserstein(reference: Steps, current: Steps, std_dev: float) -> float:
    """Return how far values moved on average, in reference standard deviations."""
    first, second = (np.diff(side.ranks, prepend=0.0) for side in (reference, current))
    moved = float(stats.wasserstein_distance(reference.values, current.values, first, second))
    if std_dev:
        return moved / std_dev
    return float("inf") if moved else 0.0
