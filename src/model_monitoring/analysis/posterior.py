"""95% intervals of any metric of a table of counts, also where a count is 0.

Draws from the posterior distribution of the cells' shares under a flat reference prior (two rows in
all, spread over the cells; of a 2 x 2 table it is Jeffreys'). A bootstrap can't draw what the
sample lacks, so that its interval of a model without errors has no width; this one can.
"""

from collections.abc import Callable

import numpy as np

from .proportions import TAIL, score

METHOD = "Jeffreys' posterior, and Wilson's score on an effective number of rows"
FAVOURED = f"{METHOD}; the prior favours each end in turn"
REPLICATES = 1000
_PRIOR = 2.0  # rows


def shares(counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw REPLICATES tables of shares; shape (REPLICATES, *counts.shape).

    ``counts`` may be fractions: a prior's rows are among them.
    """
    drawn = rng.standard_gamma(counts, size=(REPLICATES, *counts.shape))
    return drawn / drawn.reshape(REPLICATES, -1).sum(axis=1).reshape(-1, *[1] * counts.ndim)


def interval(
    point: float,
    counts: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    rng: np.random.Generator,
    lowest: float = 0.0,
    best: np.ndarray | None = None,
) -> tuple[float, float]:
    """Bound a statistic of a table that lies between ``lowest`` and 1.

    The bounds are the percentiles of the draws (Brown, Cai & DasGupta 2001), or, if these are
    wider, those of Wilson's score interval, on as many rows as the draws' variance is worth. The
    first cover where counts are small, the second near an end of the scale.

    Args:
        point: the statistic of ``counts``.
        statistic: from tables (r, *counts.shape) to values (r,).
        best: marks the cells whose rows raise the statistic, if the others lower it. Then the upper
            bound is also that of a prior with its row in these cells, and the lower one that of a
            prior with its row in the others: as Clopper & Pearson's bounds (1934) are of two priors
            that favour an end each. Where a class has few rows, one prior for both covers too
            little.
    """
    values = statistic(shares(counts + _PRIOR / counts.size, rng))
    values = (values[np.isfinite(values)] - lowest) / (1 - lowest)
    centre, variance = values.mean(), values.var()
    at = (point - lowest) / (1 - lowest)
    worth = max(centre * (1 - centre) / variance, 1.0) if variance > 0 else counts.sum()
    low, high = (float(end) for end in score(at, worth))
    ends = [low, *np.quantile(values, [TAIL, 1 - TAIL]), high, at]
    low, high = (lowest + end * (1 - lowest) for end in (min(ends), max(ends)))
    if best is not None:
        low = min(low, _end(counts, ~best, statistic, rng, TAIL))
        high = max(high, _end(counts, best, statistic, rng, 1 - TAIL))
    return float(low), float(high)


def _end(counts: np.ndarray, favoured: np.ndarray, statistic: Callable, rng, tail: float) -> float:
    """Return a percentile under a prior with one row, spread over some of the cells."""
    values = statistic(shares(counts + favoured / favoured.sum(), rng))
    return float(np.nanquantile(values, tail))
