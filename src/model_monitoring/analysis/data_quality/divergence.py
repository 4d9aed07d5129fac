"""Distances between two distributions that need no test: PSI, Jensen-Shannon, Wasserstein.

The first two compare shares over cells. For a feature with at most 20 distinct reference values,
each value is a cell, and all other values are one more. For other features the deciles of the
reference are the bounds of the cells. From sketches the cells are approximate, to about 0.2%.
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
    """Return rows per reference category, and in a last cell those of all other categories."""
    unseen = sum(count for value, count in current.items() if value not in reference)
    first = np.array([*reference.values(), 0.0], float)
    return first, np.array([*(current.get(value, 0.0) for value in reference), unseen], float)


def psi(reference: np.ndarray, current: np.ndarray) -> float:
    """Return the population stability index over cells (Siddiqi 2006).

    Below 0.1 a distribution is stable, above 0.25 it has shifted. Half a row is added to each cell,
    so that an empty cell doesn't make the index infinite.
    """
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in (reference, current))
    return float(np.sum((p - q) * np.log(p / q)))


def jensen_shannon(reference: np.ndarray, current: np.ndarray) -> float:
    """Return the Jensen-Shannon distance over cells, base 2: 0 if equal, 1 if disjoint."""
    return float(np.nan_to_num(jensenshannon(reference, current, base=2)))


def wasserstein(reference: Steps, current: Steps, std_dev: float) -> float:
    """Return how far values moved on average, in standard deviations of the reference."""
    first, second = (np.diff(side.ranks, prepend=0.0) for side in (reference, current))
    moved = float(stats.wasserstein_distance(reference.values, current.values, first, second))
    if std_dev:
        return moved / std_dev
    return float("inf") if moved else 0.0
