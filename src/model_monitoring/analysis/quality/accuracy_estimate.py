"""Accuracy of a classifier on rows whose labels aren't known yet.

A calibrated score is the probability of being right. So its mean over a window estimates the
window's accuracy (confidence-based performance estimation; Guillory et al. 2021, Garg et al. 2022).
Calibration is Platt's: a logistic regression of the truth on the log-odds of the score, fitted to
labelled rows that the model wasn't trained on.

The estimate follows a change of the inputs if the scores respond to it. It cannot see concept
drift: if the same inputs now have other labels, scores and estimate stay as they were. Only labels
show that.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import expit, logit

from ..data_quality.consistency import Consistency
from . import classes
from .evaluation import check_input

_REFITS = 200
_GROUPS = 200
_NEWTON_STEPS = 40
_PENALTY = 0.01
_LEAST_ROWS = 100
_LEAST_ERRORS = 10
_SHARE_OUTSIDE = 0.05
_BUFFER = 0.05
_TOO_INCONSISTENT = 0.15  # share of inconsistent rows above the expected one


@dataclass(frozen=True)
class AccuracyEstimate:
    """Hold the accuracy that labels would probably show.

    The interval (95%) contains the window's true accuracy if inputs and labels are still related as
    in the reference. ``believable`` is False if something speaks against that or against the
    calibration; ``reasons`` say what.
    """

    rows: int
    accuracy: float
    ci_low: float
    ci_high: float
    reference_accuracy: float
    believable: bool
    reasons: list[str]


def fit(labels, predictions, probabilities, *, positive_label=None) -> dict[str, Any]:
    """Calibrate scores on labelled reference rows; the result is plain JSON values.

    Args:
        labels: the n true labels.
        predictions: the n predicted labels.
        probabilities: shape (n,): binary: of the positive class; multiclass (``positive_label``
            None and more than two classes): of the predicted class.
        positive_label: which label is positive; may be left out if the labels are 0 and 1.

    Raises:
        ValueError: input that evaluation.evaluate refuses, or fewer than 100 rows.
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    check_input(labels, predictions, probabilities)
    if len(labels) < _LEAST_ROWS:
        raise ValueError(
            f"{len(labels)} labelled rows are too few to calibrate scores; use at least "
            f"{_LEAST_ROWS}."
        )
    labels, predictions = classes.one_kind(labels, predictions)
    listed = classes.seen(labels, predictions)
    binary = positive_label is not None or len(listed) <= 2
    if binary:
        listed = classes.binary(labels, predictions, positive_label)
    positive = listed[1] if binary else None
    true = classes.codes(listed, labels)
    correct = true == classes.codes(listed, predictions)
    truth = true == 1 if binary else correct
    x = _log_odds(probabilities)
    means, counts = _group(x, truth)
    slope = _slopes(means, counts[None])[0]
    return {
        "positive_label": positive,
        "rows": len(labels),
        "errors": int((~correct).sum()),
        "accuracy": float(correct.mean()),
        "log_odds": means.tolist(),
        "counts": counts.tolist(),
        "range": [float(x.min()), float(x.max())],
        "misfit_p_value": _misfit(means, counts, slope),
    }


def estimate(
    reference: dict[str, Any], predictions, probabilities, *, consistency: Consistency | None = None
) -> AccuracyEstimate:
    """Estimate the accuracy of a window from its scores alone.

    The interval is a seeded bootstrap: 200 refits on resampled reference rows, each with the
    sampling error of the window.

    Args:
        reference: from ``fit``.
        predictions: the n predicted labels of the window.
        probabilities: shape (n,), of the same class as in ``fit``.
        consistency: of the window's inputs (consistency.find_inconsistent), to tell if scores are
            guesses.

    Raises:
        ValueError: no rows, unequal lengths, missing values, a probability outside 0..1, or
            predictions of another kind (numbers or text) than in ``fit``.
    """
    predictions = np.asarray(predictions)
    check_input(predictions, predictions, probabilities)
    x = _log_odds(probabilities)
    positive = reference["positive_label"]
    if positive is not None:
        predictions, _ = classes.one_kind(predictions, np.array([positive]))
    # A row is right with the probability p of the positive class (or of being right), or with 1 - p
    # if it is predicted negative.
    sign = (
        np.where(predictions == positive, 1, -1) if positive is not None else np.ones(len(x), int)
    )
    groups = [_group(x[sign == side], np.zeros(np.sum(sign == side), bool)) for side in (1, -1)]
    means = np.concatenate([groups[0][0], groups[1][0]])
    signs = np.repeat([1, -1], [len(groups[0][0]), len(groups[1][0])])
    share = np.concatenate([groups[0][1].sum(axis=0), groups[1][1].sum(axis=0)]) / len(x)

    rng = np.random.default_rng(0)
    counts = np.array(reference["counts"])
    drawn = rng.multinomial(counts.sum(), counts.ravel() / counts.sum(), size=_REFITS).reshape(
        -1, *counts.shape
    )
    slopes = _slopes(np.array(reference["log_odds"]), np.concatenate([counts[None], drawn]))
    # Per refit and group; the first refit is the estimate
    right = expit(signs * (slopes[:, :1] + slopes[:, 1:] * means))
    accuracy = float(right[0] @ share)
    chance = np.sqrt((right[1:] * (1 - right[1:])) @ share / len(x))
    low, high = np.clip(np.percentile(rng.normal(right[1:] @ share, chance), [2.5, 97.5]), 0, 1)
    reasons = _doubts(reference, x, consistency)
    return AccuracyEstimate(
        len(x), accuracy, float(low), float(high), reference["accuracy"], not reasons, reasons
    )


def _log_odds(probabilities) -> np.ndarray:
    return logit(np.clip(np.asarray(probabilities, float), 1e-6, 1 - 1e-6))


def _group(x: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean log-odds of at most 200 groups of neighbours, and rows per group.

    The rows are counted by truth, false ones first: shape (2, g).
    """
    if not len(x):
        return np.empty(0), np.empty((2, 0), int)
    order = np.argsort(x, kind="stable")
    starts = np.linspace(0, len(x), min(len(x), _GROUPS), endpoint=False).astype(int)
    rows = np.diff(np.append(starts, len(x)))
    true = np.add.reduceat(truth[order].astype(int), starts)
    return np.add.reduceat(x[order], starts) / rows, np.stack([rows - true, true])


def _slopes(means: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Fit P(true) = expit(a + b x) to many tables of grouped rows at once.

    This is Newton's method on the penalised likelihood. If a score separates the rows without
    error, the tiny penalty (0.01 times the square of either coefficient) keeps the fit finite.

    Args:
        means: x of each group, shape (g,).
        counts: rows per group, false ones then true, shape (r, 2, g).

    Returns:
        a and b, shape (r, 2).
    """
    design = np.stack([np.ones_like(means), means])
    rows, true = counts.sum(axis=1), counts[:, 1]
    slopes = np.zeros((len(counts), 2))
    for _ in range(_NEWTON_STEPS):
        p = expit(slopes @ design)
        gradient = (true - rows * p) @ design.T - _PENALTY * slopes
        curvature = np.einsum(
            "rg,ig,jg->rij", rows * p * (1 - p), design, design
        ) + _PENALTY * np.eye(2)
        # No large steps where the likelihood is flat
        slopes += np.clip(np.linalg.solve(curvature, gradient[..., None])[..., 0], -1, 1)
    return slopes


def _misfit(means: np.ndarray, counts: np.ndarray, slope: np.ndarray) -> float:
    """Return the p-value of the test of Hosmer & Lemeshow (1980) in ten groups.

    It is small if the curve doesn't fit.
    """
    rows = counts.sum(axis=0)
    group = np.minimum((np.cumsum(rows) - rows / 2) * 10 // rows.sum(), 9).astype(int)
    expected = np.bincount(group, rows * expit(slope[0] + slope[1] * means), 10)
    total, seen = np.bincount(group, rows, 10), np.bincount(group, counts[1], 10)
    share = np.divide(expected, total, out=np.full(10, 0.5), where=total > 0)
    # Half a row prevents groups with almost no expected rows from dominating the sum.
    statistic = np.sum((seen - expected) ** 2 / (total * share * (1 - share) + 0.5))
    return float(stats.chi2.sf(statistic, 8))


def _doubts(reference: dict[str, Any], x: np.ndarray, consistency: Consistency | None) -> list[str]:
    """Return the reasons not to believe an estimate."""
    found = []
    if reference["errors"] < _LEAST_ERRORS:
        found.append(
            f"the reference has only {reference['errors']} errors, too few to calibrate low scores"
        )
    if reference["misfit_p_value"] < 0.01:
        found.append("the calibrated scores do not fit the reference (Hosmer-Lemeshow p < 0.01)")
    low, high = reference["range"]
    # A model refitted on a few more rows is a little surer of the same cases
    reach = _BUFFER * (high - low)
    outside = float(np.mean((x < low - reach) | (x > high + reach)))
    if outside > _SHARE_OUTSIDE:
        found.append(f"{outside:.0%} of the scores lie beyond those of the reference")
    if consistency and consistency.share - consistency.expected_share > _TOO_INCONSISTENT:
        found.append(
            f"{consistency.share:.0%} of the rows break constraints learned in training (usual: "
            f"{consistency.expected_share:.0%}), so the model is asked about inputs it does not "
            "know"
        )
    return found
