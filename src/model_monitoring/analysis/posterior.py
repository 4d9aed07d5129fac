"""95% intervals of any metric of a table of counts, also where a count is 0.

Draws from the posterior distribution of the cells' shares under a flat reference prior (two rows in
all, spread over the cells; of a 2 x 2 table it is Jeffreys'). A bootstrap can't draw what the
sample lacks, so that its interval of a model without errors has no width; this one can.
"""

from collections.abc import Callable

import numpy as np

from .proportions import TAIL, score

METHOD = "Jeffreys' posterior, and Wilson's score on an effective number of rows"
REPLICATES = 1000
_PRIOR = 2.0  # rows


def shares(counts: np.ndarray, rng: np.random.Generator, prior: float = _PRIOR) -> np.ndarray:
    """Draw REPLICATES tables of shares; shape (REPLICATES, *counts.shape)."""
    drawn = rng.standard_gamma(counts + prior / counts.size, size=(REPLICATES, *counts.shape))
    return drawn / drawn.reshape(REPLICATES, -1).sum(axis=1).reshape(-1, *[1] * counts.ndim)


def interval(
    point: float,
    counts: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    rng: np.random.Generator,
    lowest: float = 0.0,
) -> tuple[float, float]:
    """Bound a statistic of a table that lies between ``lowest`` and 1.

    The bounds are the percentiles of the draws (Brown, Cai & DasGupta 2001), or, if these are
    wider, those of Wilson's score interval, on as many rows as the draws' variance is worth. The
    first cover where counts are small, the second near an end of the scale.

    Args:
        point: the statistic of ``counts``.
        statistic: from tables (r, *counts.shape) to values (r,).
    """
    values = statistic(shares(counts, rng))
    values = (values[np.isfinite(values)] - lowest) / (1 - lowest)
    centre, variance = values.mean(), values.var()
    at = (point - lowest) / (1 - lowest)
    worth = max(centre * (1 - centre) / variance, 1.0) if variance > 0 else counts.sum()
    ends = np.quantile(values, [TAIL, 1 - TAIL])
    low, high = score(at, worth)
    low, high = min(float(low), ends[0], at), max(float(high), ends[1], at)
    return float(lowest + low * (1 - lowest)), float(lowest + high * (1 - lowest))
