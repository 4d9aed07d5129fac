"""Accuracy of a classifier on rows whose labels aren't known yet.

A calibrated score is the probability of being right. So its mean over a window estimates the
window's accuracy (confidence-based performance estimation; Guillory et al. 2021, Garg et al. 2022).
The calibration (see calibration.py) is learned from labelled rows that the model wasn't trained on.

The estimate follows a change of the inputs if the scores respond to it (covariate shift). Two other
changes it cannot see, since scores and calibration stay as they were:

- Label shift: a class becomes more frequent, so the same score is right more or less often than in
  the reference. label_shift.py estimates accuracy under this assumption instead.
- Concept drift: the same inputs now have other labels. Only labels show that.

No test without labels tells the three apart.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from ..data_quality.consistency import Consistency
from ..wording import counted
from . import calibration, classes, label_shift
from .evaluation import check_input

METHOD = "resampled calibrations of the reference, each with labels drawn for the window"
VERSION = 2  # of what `fit` returns; 1 had no version, no confusion matrix, and Platt's curve alone
_LEAST_ROWS = 100
_LEAST_ERRORS = 10
_MISFIT = 0.005  # share of rightly calibrated references that are doubted
_SHARE_OUTSIDE = 0.05
_BUFFER = 0.05
_TAILS = (0.02, 0.98)  # two of a hundred on each side: resampled curves vary a little too little
_TOO_INCONSISTENT = 0.15  # share of inconsistent rows above the expected one


@dataclass(frozen=True)
class AccuracyEstimate:
    """Hold the accuracy that labels would probably show.

    The interval (95%) contains the window's true accuracy if inputs and labels are still related as
    in the reference. ``believable`` is False if something speaks against that or against the
    calibration; ``reasons`` say what. ``method`` says how the interval was computed.
    """

    rows: int
    accuracy: float
    ci_low: float
    ci_high: float
    reference_accuracy: float
    believable: bool
    reasons: list[str]
    method: str


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
            counted(len(labels), "labelled row is", "labelled rows are")
            + f" too few to calibrate scores; use at least {_LEAST_ROWS}."
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
    x = calibration.log_odds(probabilities)
    means, counts = calibration.group(x, truth)
    return {
        "version": VERSION,
        "positive_label": positive,
        "rows": len(labels),
        "errors": int((~correct).sum()),
        "accuracy": float(correct.mean()),
        "log_odds": means.tolist(),
        "counts": counts.tolist(),
        "range": [float(x.min()), float(x.max())],
        "misfit_p_value": calibration.misfit(calibration.learn(means, counts)),
        "confusion": label_shift.confusion(listed, true, classes.codes(listed, predictions)),
    }


def estimate(
    reference: dict[str, Any], predictions, probabilities, *, consistency: Consistency | None = None
) -> AccuracyEstimate:
    """Estimate the accuracy of a window from its scores alone.

    The interval (95%) is of the window's own accuracy, which labels would show. It contains the
    uncertainty of the calibration, how it was chosen included (400 seeded resamples of the
    reference, each tested and calibrated anew), and the chance that rows of such scores are right.

    Args:
        reference: from ``fit``, of this version or an earlier one.
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
    x = calibration.log_odds(probabilities)
    sign = np.ones(len(x))
    # A row is right with the probability p of the positive class (or of being right), or with 1 - p
    # if it is predicted negative.
    if (positive := reference["positive_label"]) is not None:
        predictions, _ = classes.one_kind(predictions, np.array([positive]))
        sign = np.where(predictions == positive, 1.0, -1.0)
    curves = calibration.learn(np.array(reference["log_odds"]), np.array(reference["counts"]))
    rows = _spread(curves.log_odds, x, sign)
    isotonic = _accuracy(rows, curves.isotonic)
    score, drawn = (
        float(_accuracy(rows, curve)) for curve in (expit(curves.log_odds), curves.drawn)
    )
    found = calibration.blend(isotonic, score, drawn, curves.taken)
    # How far labels that are drawn with known chances lie from the estimate of resampled references
    beside = _realised(rows, curves.drawn) - found[1:]
    low, high = found[0] + np.array(
        [
            np.quantile(beside, _TAILS[0], method="lower"),
            np.quantile(beside, _TAILS[1], method="higher"),
        ]
    )
    accuracy, low, high = np.clip([found[0], min(low, found[0]), max(high, found[0])], 0, 1)
    reasons = _doubts(reference, curves, x, consistency)
    return AccuracyEstimate(
        len(x),
        float(accuracy),
        float(low),
        float(high),
        reference["accuracy"],
        not reasons,
        reasons,
        METHOD,
    )


def _spread(grid: np.ndarray, x: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Spread rows over the two groups beside each; return rows predicted positive and negative.

    A curve's mean over rows, read between its groups by a straight line, is then a sum over groups.
    The result has the shape (2, g).
    """
    at = np.interp(x, grid, np.arange(len(grid)))
    lower = np.minimum(at.astype(int), len(grid) - 1)
    upper = np.minimum(lower + 1, len(grid) - 1)
    share = at - lower
    return np.stack(
        [
            np.bincount(lower, (sign == side) * (1 - share), len(grid))
            + np.bincount(upper, (sign == side) * share, len(grid))
            for side in (1, -1)
        ]
    )


def _accuracy(rows: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """Return the accuracy that a curve, or each of several, expects of spread rows."""
    return (curve @ rows[0] + (1 - curve) @ rows[1]) / rows.sum()


def _realised(rows: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """Draw how many of the spread rows are right, RESAMPLES times; return the accuracies."""
    rng = np.random.default_rng(1)
    total = int(rows.sum().round())
    share = np.concatenate(rows) / rows.sum()
    chances = np.concatenate([curve, 1 - curve])
    whole = np.floor(share * total).astype(int)
    # What isn't a whole row of a group: as many rows in all, each of a group drawn by chance
    rest = share * total - whole
    left = total - whole.sum()
    drawn = np.broadcast_to(whole, (calibration.RESAMPLES, len(whole)))
    if left:
        drawn = drawn + rng.multinomial(left, rest / rest.sum(), size=calibration.RESAMPLES)
    return rng.binomial(drawn, chances).sum(axis=1) / total


def _doubts(
    reference: dict[str, Any],
    curves: calibration.Curves,
    x: np.ndarray,
    consistency: Consistency | None,
) -> list[str]:
    """Return the reasons not to believe an estimate."""
    found = []
    if reference["errors"] < _LEAST_ERRORS:
        found.append(
            f"the reference has only {counted(reference['errors'], 'error')}, too few to"
            " calibrate low scores"
        )
    current = reference.get("version") == VERSION
    if (reference["misfit_p_value"] if current else calibration.misfit(curves)) < _MISFIT:
        found.append(
            "the calibrated scores do not fit the reference: in a part of it, higher scores are "
            f"less often right than lower ones (scan test, p < {_MISFIT})"
        )
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
