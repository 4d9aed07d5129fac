"""95% intervals of proportions, of their differences and ratios, from counts.

All take whole numbers or arrays of them, and need no resampling. Every function returns the lower
and the upper bound; NaN where nothing can be said, because a group has no rows.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc, betaincinv
from scipy.stats import norm

LEVEL = 0.95
TAIL = (1 - LEVEL) / 2
Z = float(norm.ppf(1 - TAIL))
_HALVINGS = 40
_LOG_RATIOS = (-20.0, 20.0)  # far beyond what counts can tell

Bounds = tuple[np.ndarray, np.ndarray]


def exact(successes, trials) -> Bounds:
    """Bound a proportion by the exact interval (Clopper & Pearson 1934): it never covers less."""
    x, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    low = np.where(x > 0, betaincinv(np.maximum(x, 0.5), n - x + 1, TAIL), 0.0)
    high = np.where(x < n, betaincinv(x + 1, np.maximum(n - x, 0.5), 1 - TAIL), 1.0)
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def mid_p(successes, trials) -> Bounds:
    """Bound a proportion by the mid-P interval (Lancaster 1961; Berry & Armitage 1995).

    It is narrower than the exact one and covers about 95% on average. It doesn't degenerate at 0
    or 1 as Wilson's does, so that differences and ratios are built from it.
    """
    x, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    low, rest = _mid_p_low(np.stack([x, n - x]), np.stack([n, n]))
    high = 1 - rest
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def _mid_p_low(x: np.ndarray, n: np.ndarray) -> np.ndarray:
    some, others = np.maximum(x, 0.5), np.maximum(n - x, 0.5)
    all_of_them = x >= n
    low, high = np.zeros(x.shape), np.ones(x.shape)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        # P(X >= x) and P(X > x) of a binomial
        more = np.where(all_of_them, 0.0, betainc(x + 1, others, middle))
        below = betainc(some, n - x + 1, middle) + more < 2 * TAIL
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(x > 0, low, 0.0)


def score(share, trials, z=Z) -> Bounds:
    """Bound a share by Wilson's score interval (1927); ``trials`` may be an effective number."""
    share, n = np.asarray(share, float), np.asarray(trials, float)
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    variance = np.maximum(share * (1 - share), 0) / n + z**2 / (4 * n**2)
    half = z * np.sqrt(variance) / (1 + z**2 / n)
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def difference(values, bounds: Bounds) -> Bounds:
    """Bound the second of two independent values minus the first, (..., 2), from their bounds.

    The square-and-add method of Newcombe (1998, method 10), for any two intervals (MOVER; Zou &
    Donner 2008).
    """
    values, (low, high) = np.asarray(values, float), bounds
    with np.errstate(invalid="ignore"):
        gap = values[..., 1] - values[..., 0]
        below = np.hypot(values[..., 1] - low[..., 1], high[..., 0] - values[..., 0])
        above = np.hypot(high[..., 1] - values[..., 1], values[..., 0] - low[..., 0])
        return gap - below, gap + above


def ratio_z(successes, trials, ratio) -> np.ndarray:
    """Return the score statistic of two independent proportions against a ratio of them.

    ``successes`` and ``trials`` are (..., 2): the reference and the group. It is below 0 if the
    group's proportion is less than ``ratio`` times the reference's (Koopman 1984; Miettinen &
    Nurminen 1985; Farrington & Manning 1990). A standard normal judges it.
    """
    x, n = np.asarray(successes, float), np.asarray(trials, float)
    (x0, x1), (n0, n1) = np.moveaxis(x, -1, 0), np.moveaxis(n, -1, 0)
    r = np.asarray(ratio, float)
    # The reference's proportion that is likeliest if the ratio holds: a root of a quadratic
    a, b, c = (n0 + n1) * r, -(n1 * r + x1 + n0 + x0 * r), x0 + x1
    with np.errstate(invalid="ignore", divide="ignore"):
        p0 = (-b - np.sqrt(np.maximum(b * b - 4 * a * c, 0))) / (2 * a)
        p0 = np.clip(p0, 0, np.minimum(1, 1 / r))
        p1 = p0 * r
        variance = np.maximum(p1 * (1 - p1), 0) / n1 + r * r * p0 * (1 - p0) / n0
        gap = x1 / n1 - r * x0 / n0
        return np.where(gap == 0, 0.0, gap / np.sqrt(variance))


def ratio(successes: np.ndarray, trials: np.ndarray) -> tuple[float, float]:
    """Bound the ratio of two independent proportions: the group's to the reference's.

    ``successes`` and ``trials`` are (2,): the reference and the group. The bounds are the ratios
    that ``ratio_z`` doesn't reject. The upper one is infinite if the reference has no success.
    """
    x, n = np.asarray(successes, float), np.asarray(trials, float)
    if not (n.all() and x.any()):
        return np.nan, np.nan

    def beyond(log_ratio: float, side: int) -> float:
        return float(ratio_z(x, n, np.exp(log_ratio))) - side * Z

    low = np.exp(brentq(beyond, *_LOG_RATIOS, args=(1,))) if x[1] else 0.0
    high = np.exp(brentq(beyond, *_LOG_RATIOS, args=(-1,))) if x[0] else np.inf
    return float(low), float(high)


def paired_ratio(both, first_only, second_only) -> Bounds:
    """Bound the ratio of two proportions of the same rows, the first to the second.

    ``both`` rows count in both, the others in one of them only. A pair of Wilson's intervals whose
    level allows for the pairs (Bonett & Price 2006).
    """
    both, first, second = (np.asarray(part, float) for part in (both, first_only, second_only))
    n = both + first + second
    a, b = both + first, both + second
    spread = np.sqrt((first + second + 2) / ((a + 1) * (b + 1)))
    parts = [np.sqrt((n - part + 1) / ((n + 2) * (part + 1))) for part in (a, b)]
    z = Z * spread / (parts[0] + parts[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        (low_a, high_a), (low_b, high_b) = score(a / n, n, z), score(b / n, n, z)
        low, high = low_a / high_b, np.where(low_b > 0, high_a / low_b, np.inf)
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def paired_difference(more, less, trials) -> Bounds:
    """Bound (more - less) / trials, of rows that each went up, down or neither.

    Wald's interval after adding a row to each side (Bonett & Price 2012).
    """
    n = np.asarray(trials, float) + 2
    up, down = (np.asarray(more, float) + 1) / n, (np.asarray(less, float) + 1) / n
    half = Z * np.sqrt((up + down - (up - down) ** 2) / n)
    return np.maximum(up - down - half, -1), np.minimum(up - down + half, 1)
