"""Seeded bootstrap from counts: a million rows take little longer than a thousand.

Efron & Tibshirani (1993). A table of counts is a sufficient statistic, so resampling rows means
drawing new counts from one multinomial distribution. Sums over rows are dealt into blocks, and the
blocks are resampled.
"""

from collections.abc import Callable

import numpy as np

REPLICATES = 400
_CELLS = 1000


def resample_counts(counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw REPLICATES bootstrap versions of a table; shape (REPLICATES, *counts.shape)."""
    n = int(counts.sum())
    return rng.multinomial(n, counts.ravel() / n, size=REPLICATES).reshape(
        REPLICATES, *counts.shape
    )


def resample_sums(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw REPLICATES bootstrap versions of the column sums of ``rows``.

    ``rows`` has the shape (n, d), the result (REPLICATES, d).

    Rows are dealt at random into at most 1,000 blocks of (nearly) equal size. Up to 1,000 rows this
    is the plain bootstrap; beyond that it has the same variance.
    """
    n = len(rows)
    blocks = min(n, _CELLS)
    if blocks < n:
        order = rng.permutation(n)
        starts = np.linspace(0, n, blocks, endpoint=False).astype(int)
        rows = np.column_stack([np.add.reduceat(column[order], starts) for column in rows.T])
    weights = rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=REPLICATES)
    return weights @ rows


def bin_scores(is_positive: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Count negatives and positives in at most 1,000 score bins, lowest first; shape (2, bins).

    Up to 1,000 distinct scores, each has its own bin, so nothing is lost.
    """
    edges = np.unique(scores)
    if len(edges) > _CELLS:
        edges = np.unique(np.quantile(edges, np.arange(_CELLS) / _CELLS, method="lower"))
    bins = np.searchsorted(edges, scores, side="right") - 1
    return np.bincount(is_positive * len(edges) + bins, minlength=2 * len(edges)).reshape(2, -1)


def spread(
    point: float, statistic: Callable[[np.ndarray], np.ndarray], table: np.ndarray, rng
) -> np.ndarray:
    """Return replicates of ``statistic(table)``, shifted to centre on the exact ``point``."""
    return statistic(resample_counts(table, rng)) + (point - statistic(table[None])[0])


def bias(
    point: float, statistic: Callable[[np.ndarray], np.ndarray], table: np.ndarray, rng
) -> float:
    """Estimate by how much ``statistic`` of a sample exceeds the truth; ``point`` is the sample's.

    Efron & Tibshirani (1993, chapter 10).
    """
    drawn = resample_counts(table, rng).astype(float)
    return float(np.nanmean(statistic(drawn)) - point)
