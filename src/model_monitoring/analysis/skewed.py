"""95% intervals of means of skewed values, such as losses: a few rows decide them.

The percentile bootstrap covers far less than it says where rare large values decide a mean that a
sample may have missed. Here the mean is studentised on its logarithm (bootstrap-t; Efron &
Tibshirani 1993, chapter 12), and fewer rows are drawn than there are (m out of n; Bickel, Götze &
van Zwet 1997), because the plain bootstrap fails if the variance may be infinite. The upper bound
leaves out 1% rather than 2.5%: what a sample hasn't seen yet is always a large value.
"""

from collections.abc import Sequence

import numpy as np

METHOD = "bootstrap-t of the logarithm"
FEWEST = 10  # rows
REPLICATES = 400
# The drawn t values that give the bounds: large ones the lower, small ones the upper
_PERCENTILES = [97.5, 1.0]
_POWER, _PART, _MOST = 0.6, 1 / 16, 4000


def draws(n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw rows of n for REPLICATES resamples; shape (REPLICATES, m).

    m is n ** 0.6, or a sixteenth of n beyond a thousand rows.
    """
    m = min(max(FEWEST, int(n**_POWER), int(n * _PART)), _MOST, n)
    return rng.integers(0, n, (REPLICATES, m))


def mean(values: np.ndarray, drawn: np.ndarray) -> tuple[float, float] | None:
    """Bound the mean of n values that aren't below 0; None if nothing can be said of it."""
    return _bounds([values], drawn)


def ratio(above: np.ndarray, below: np.ndarray, drawn: np.ndarray) -> tuple[float, float] | None:
    """Bound the ratio of the means of two columns of the same n rows."""
    return _bounds([above, below], drawn)


def why_not(values: np.ndarray, of: str = "rows") -> str:
    """Say why there is no interval for the mean of n values, which are those `of` rows."""
    if len(values) < FEWEST:
        return f"no interval of fewer than {FEWEST} {of}"
    if np.ptp(values) == 0:
        return "no interval of values that are all alike"
    return "no interval of so few large values: nothing says how large they may be"


def _bounds(columns: Sequence[np.ndarray], drawn: np.ndarray) -> tuple[float, float] | None:
    """Bound the first column's mean, divided by the second's if there are two."""
    n, m = len(columns[0]), drawn.shape[1]
    if n < FEWEST:
        return None
    point, error = (float(part[0]) for part in _log(np.stack(columns)[:, None]))
    if not (np.isfinite(point) and error > 0):
        return None
    logs, errors = _log(np.stack([column[drawn] for column in columns]))
    with np.errstate(invalid="ignore", divide="ignore"):
        t = (logs - point) / (errors / np.sqrt(m))
    # A resample of equal values says nothing of the spread
    low, high = np.percentile(np.where(np.isfinite(t), t, 0.0), _PERCENTILES)
    scale = error / np.sqrt(n)
    with np.errstate(over="ignore"):
        low, high = np.exp(point - low * scale), np.exp(point - high * scale)
    return (float(low), float(high)) if np.isfinite(high) else None


def _log(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the logarithm of the mean (or ratio of means) and the deviation of one row's part.

    ``columns`` is (1 or 2, resamples, rows).
    """
    means = columns.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = columns / means
        part = parts[0] if len(parts) == 1 else parts[0] - parts[1]
        logs = np.log(means[0, :, 0])
        if len(means) > 1:
            logs = logs - np.log(means[1, :, 0])
    return logs, part.std(axis=-1, ddof=1)
