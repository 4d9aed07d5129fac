"""Shares of the labels in a window without labels, if nothing but these shares has changed.

Black-box shift estimation (Lipton, Wang & Smola 2018, https://arxiv.org/abs/1802.03916). Label
shift means that each class looks as before and only its share is another: as many patients per
benign case are called malignant as in the reference. Then the shares of the *predictions* are a
mixture of the rows of the reference's confusion matrix, and the mixture tells the shares of the
labels. With them, the recalls of the reference give the window's accuracy.

If the inputs changed in another way (covariate shift), this is wrong and accuracy_estimate.py is
right. No test without labels tells which of the two happened: compare both, and get some labels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..wording import counted
from . import classes

_MOST_CLASSES = 50
_LEAST_ROWS = 10  # of each class in the reference
_LEAST_SINGULAR = 0.1
_DRAWS = 400
_LEVELS = (0.025, 0.975)
_METHOD = "percentiles of draws of the reference and the window"


@dataclass(frozen=True)
class LabelShare:
    """Hold the estimated share of one label in a window, with its interval (95%)."""

    label: Any
    share: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class LabelShiftEstimate:
    """Hold what labels would show if only their shares have changed since the reference.

    The intervals (95%) are of the window's own shares and accuracy; ``method`` says how they were
    computed.
    """

    rows: int
    labels: list[LabelShare]
    accuracy: float
    ci_low: float
    ci_high: float
    method: str


def confusion(listed: list, true: np.ndarray, said: np.ndarray) -> dict[str, Any] | None:
    """Count the reference's rows by true and predicted class; None for more than 50 classes.

    Args:
        listed: the k classes.
        true, said: each row's position in them, shape (n,).
    """
    k = len(listed)
    if k > _MOST_CLASSES:
        return None
    counts = np.bincount(true * k + said, minlength=k * k).reshape(k, k)
    return {"classes": list(listed), "counts": counts.tolist()}


def estimate(reference: dict[str, Any], predictions) -> LabelShiftEstimate:
    """Estimate the shares of the labels in a window, and its accuracy, under label shift.

    The intervals come from 400 seeded draws: of the recalls, given the reference (with Perks' prior
    of one row a class, so that none is certain), and of a window with such recalls and shares.

    Args:
        reference: from ``accuracy_estimate.fit``.
        predictions: the n predicted labels of the window.

    Raises:
        ValueError: the predictions are empty, of another kind (numbers or text) than in ``fit``, or
            of a class that the reference lacks; the reference can't tell: no confusion matrix (of
            an earlier version, or of more than 50 classes), a class of fewer than 10 labelled rows,
            or predictions that hardly tell the classes apart; or no shares of the labels give these
            predictions.
    """
    listed, counts = _known(reference)
    said = _positions(listed, predictions)
    k, n = len(listed), len(said)
    rng = np.random.default_rng(0)
    recalls = rng.standard_gamma(counts + 1 / k, size=(_DRAWS, k, k))
    recalls /= recalls.sum(axis=2, keepdims=True)
    # The smallest singular value is 1 if each class is always told, 0 if two look the same
    told = np.quantile(np.linalg.svd(recalls, compute_uv=False)[:, -1], _LEVELS[0])
    if told < _LEAST_SINGULAR:
        raise ValueError(
            "the predictions of the reference hardly tell its classes apart (smallest singular "
            f"value of its confusion matrix: {told:.2f}; needed: {_LEAST_SINGULAR}), so the shares "
            "of the labels can't be told from those of the predictions."
        )
    told_apart = np.bincount(said, minlength=k) / n
    recall = counts / counts.sum(axis=1, keepdims=True)
    solved = _solve(recall, told_apart)
    shares = np.maximum(solved, 0) / np.maximum(solved, 0).sum()

    # With these recalls, what the shares would be, and how far a window's own lie beside them
    labels = rng.multinomial(n, shares, size=_DRAWS)
    answers = np.stack([rng.multinomial(labels[:, at], recalls[:, at]) for at in range(k)], axis=1)
    expected, again = _solve(recalls, told_apart), _solve(recalls, answers.sum(axis=1) / n)
    low, high = _interval(solved, expected + labels / n - again)
    if (2 * high < solved).any() or (2 * low - solved > 1).any():  # Twice as far as chance goes
        raise ValueError(
            "no shares of the labels give these predictions: more than the shares has changed."
        )
    low, high = np.clip([low, high], 0, 1)
    found = zip(
        listed, *(side.tolist() for side in (np.clip(shares, low, high), low, high)), strict=True
    )
    right = np.trace(answers, axis1=1, axis2=2) / n
    own = np.einsum("rk,rkk->r", expected - again, recalls) + right
    low, high = np.clip(_interval(solved @ recall.diagonal(), own), 0, 1)
    accuracy = np.clip(shares @ recall.diagonal(), low, high)
    return LabelShiftEstimate(
        n, [LabelShare(*one) for one in found], *map(float, (accuracy, low, high)), _METHOD
    )


def _known(reference: dict[str, Any]) -> tuple[list, np.ndarray]:
    """Return the reference's classes and confusion matrix, true classes in rows; or refuse."""
    if "confusion" not in reference:
        raise ValueError("the reference is of an earlier version: fit it again.")
    if reference["confusion"] is None:
        raise ValueError(f"the reference has more than {_MOST_CLASSES} classes.")
    listed = reference["confusion"]["classes"]
    counts = np.array(reference["confusion"]["counts"])
    for label, rows in zip(listed, counts.sum(axis=1), strict=True):
        if rows < _LEAST_ROWS:
            raise ValueError(
                f"the reference has {counted(rows, 'row')} of the label {label!r}; {_LEAST_ROWS}"
                " of each are needed."
            )
    return listed, counts


def _positions(listed: list, predictions) -> np.ndarray:
    """Return each prediction's position among the reference's classes; or refuse."""
    predictions = np.asarray(predictions)
    if not len(predictions):
        raise ValueError("there is no prediction: predictions is empty.")
    predictions, kind = classes.one_kind(predictions, np.array(listed))
    if strange := sorted(set(predictions.tolist()) - set(kind.tolist())):
        raise ValueError(f"the reference lacks the predicted label {strange[0]!r}.")
    return classes.codes(listed, predictions)


def _solve(recalls: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Solve for the shares of labels that give these shares of predictions; some may be below 0.

    Args:
        recalls: P(predicted | true), true classes in rows, shape (k, k) or (r, k, k).
        said: shares of the predictions, shape (k,) or (r, k).
    """
    return (np.linalg.pinv(np.swapaxes(recalls, -1, -2)) @ said[..., None])[..., 0]


def _interval(value, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of the draws, widened to contain the value."""
    low = np.quantile(draws, _LEVELS[0], axis=0, method="lower")
    high = np.quantile(draws, _LEVELS[1], axis=0, method="higher")
    return np.minimum(low, value), np.maximum(high, value)
