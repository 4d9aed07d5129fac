"""How often a score is right, learned from labelled rows.

The curve is isotonic (Zadrozny & Elkan 2002): a higher score is more often true, and no more is
assumed. Where the labels don't contradict the scores themselves, ``blend`` draws the result towards
them, because they don't vary.

Rows count by groups of neighbouring scores, so the table of a million rows is as small as that of a
thousand. Resampling draws new labels at the scores of the table (a parametric bootstrap), because
the isotonic curve of resampled rows is not consistent (Sen, Banerjee & Woodroofe 2010). They are
drawn from the mean of the isotonic curve and Platt's (1999), which nowhere says never or always.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import expit, logit

RESAMPLES = 400
_GROUPS = 200
_NEWTON_STEPS = 40
_PENALTY = 0.01
_CONTRADICTED = 0.05  # share of calibrated references whose scores are not taken for probabilities
_PLACES = 60  # where a run of groups that doesn't fit may begin or end


@dataclass(frozen=True)
class Curves:
    """Hold how often a score is true, for the g groups of a reference.

    Row 0 of ``isotonic`` and ``taken`` is of the reference, the others are of labels drawn
    with the chances ``drawn``. ``log_odds`` rises strictly.
    """

    log_odds: np.ndarray  # (g,)
    rows: np.ndarray  # (g,)
    true: np.ndarray  # (g,): how many of the rows are true
    drawn: np.ndarray  # (g,)
    isotonic: np.ndarray  # (1 + RESAMPLES, g)
    taken: np.ndarray  # (1 + RESAMPLES,): do the labels allow to take scores for probabilities?


def log_odds(probabilities) -> np.ndarray:
    """Return the log-odds of probabilities; 0 and 1 count as a millionth more and less."""
    return logit(np.clip(np.asarray(probabilities, float), 1e-6, 1 - 1e-6))


def group(x: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Group rows by score, equal scores together.

    Args:
        x: log-odds, shape (n,).
        truth: whether a row is true, shape (n,).

    Returns:
        The mean log-odds of each of at most 200 groups, and its rows that are false and true, shape
        (2, g).
    """
    edges = np.unique(x)
    if len(edges) > _GROUPS:
        edges = np.unique(np.quantile(x, np.arange(_GROUPS) / _GROUPS, method="lower"))
    at = np.searchsorted(edges, x, side="right") - 1
    rows, true = np.bincount(at), np.bincount(at, truth).round().astype(int)
    return np.bincount(at, x) / rows, np.stack([rows - true, true])


def learn(x: np.ndarray, counts: np.ndarray) -> Curves:
    """Fit the curve to a table, and to seeded resamples of it.

    Args:
        x: mean log-odds of the groups, shape (g,); groups of equal ones are merged.
        counts: rows that are false and true, shape (2, g).
    """
    x, at = np.unique(x, return_inverse=True)
    rows, true = (np.bincount(at, side).astype(int) for side in (counts.sum(axis=0), counts[1]))
    drawn = (_platt(x, rows, true) + _isotonic(rows, true[None])[0]) / 2
    tables = _with_resamples(rows, true, drawn)

    score = expit(x)
    limit = np.quantile(
        _largest_excess(rows, _with_resamples(rows, true, score)[1:], score),
        1 - _CONTRADICTED,
        method="higher",
    )
    taken = _largest_excess(rows, tables, score) <= limit
    return Curves(x, rows, true, drawn, _isotonic(rows, tables), taken)


def blend(isotonic: np.ndarray, score: float, drawn: float, taken: np.ndarray) -> np.ndarray:
    """Estimate a mean of the calibrated scores of some rows.

    First the isotonic curve's bias is taken off, which its resamples show: it follows chance at
    both ends. Then, if the scores may be taken for probabilities, the result moves from the mean by
    the curve to that of the scores by as much as chance explains that they differ: by v / d² of
    their difference d, at most 1, where v is the variance of the former (the positive-part
    estimator of James & Stein 1961 for two estimates, one of which may be biased: Green &
    Strawderman 1991).

    Args:
        isotonic: by the curves of the reference and of its resamples, shape (1 + RESAMPLES,).
        score: by the scores themselves.
        drawn: by the chances that labels were drawn with.
        taken: see Curves.

    Returns:
        The estimate, then those of the resamples, shape (1 + RESAMPLES,).
    """
    unbiased = isotonic - (isotonic[1:].mean() - drawn)
    apart = unbiased - score
    by_chance = np.minimum(1, unbiased[1:].var() / np.maximum(apart**2, 1e-15))
    return unbiased - np.where(taken, by_chance * apart, 0)


def misfit(curves: Curves) -> float:
    """Return the p-value of a test of the isotonic curve: is a higher score more often true?

    It compares the largest excess over the curve with those of labels drawn from the curve, where
    it is so. They aren't drawn with ``drawn``: where the truth is flat, that rises too much.
    """
    tables = _with_resamples(curves.rows, curves.true, curves.isotonic[0])
    largest = _largest_excess(curves.rows, tables, _isotonic(curves.rows, tables))
    return float(np.mean(largest >= largest[0] - 1e-9))


def _with_resamples(rows: np.ndarray, true: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """Return how many rows of each group are true, then as many numbers drawn by chances."""
    again = np.random.default_rng(0).binomial(rows, chances, size=(RESAMPLES, len(rows)))
    return np.concatenate([true[None], again])


def _largest_excess(rows: np.ndarray, true: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """Return the largest excess or lack of true rows in any run of neighbouring groups.

    It is in standard deviations (a scan statistic, Kulldorff 1997), so it finds a narrow misfit as
    well as a wide one.

    Args:
        rows: of each group, shape (g,).
        true: rows that are true, shape (r, g).
        curve: the share that should be, shape (g,) or (r, g).

    Returns:
        The largest excess of each table, shape (r,).
    """
    places = np.unique(np.linspace(0, len(rows), _PLACES + 1).astype(int))
    excess = _summed(true - rows * curve)[:, places]
    variance = _summed(np.atleast_2d(rows * curve * (1 - curve)))[:, places]
    largest = np.zeros(len(true))
    for start in range(len(places) - 1):
        # One row's worth of variance keeps runs of almost no rows from dominating
        deviation = np.sqrt(variance[:, start + 1 :] - variance[:, start, None] + 1)
        run = np.abs(excess[:, start + 1 :] - excess[:, start, None]) / deviation
        largest = np.maximum(largest, run.max(axis=1))
    return largest


def _summed(values: np.ndarray) -> np.ndarray:
    return np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)


def _isotonic(rows: np.ndarray, true: np.ndarray) -> np.ndarray:
    return np.stack([isotonic_regression(row / rows, weights=rows).x for row in true])


def _platt(x: np.ndarray, rows: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Fit P(true) = expit(a + b x) to grouped rows; return P of each group.

    This is Newton's method on the penalised likelihood. If a score separates the rows without
    error, the tiny penalty (0.01 times the square of either coefficient) keeps the fit finite.
    """
    design = np.stack([np.ones_like(x), x])
    found = np.zeros(2)
    for _ in range(_NEWTON_STEPS):
        p = expit(found @ design)
        gradient = design @ (true - rows * p) - _PENALTY * found
        curvature = (design * rows * p * (1 - p)) @ design.T + _PENALTY * np.eye(2)
        # No large steps where the likelihood is flat
        found += np.clip(np.linalg.solve(curvature, gradient), -1, 1)
    return expit(found @ design)
