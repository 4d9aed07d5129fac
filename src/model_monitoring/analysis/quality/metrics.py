"""The metrics of evaluation.py, each with its 95% interval.

They are computed from confusion matrices, score bins and sums over rows.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from .. import resampling


@dataclass(frozen=True)
class Metric:
    """Hold one measured value and its 95% interval; None if undefined."""

    value: float | None
    ci_low: float | None
    ci_high: float | None


def _metric(point, replicates: np.ndarray) -> Metric:
    """Pair a value with its bootstrap interval; an undefined value is None."""
    point = float(point)
    return Metric(point if np.isfinite(point) else None, *resampling.interval(point, replicates))


def _proportion(successes: int, trials: int) -> Metric:
    """Pair a proportion with Wilson's interval."""
    return Metric(*(resampling.wilson(successes, trials) or (None, None, None)))


def binary_metrics(matrix: np.ndarray, true: np.ndarray, probabilities, rng) -> dict[str, Metric]:
    """Compute the binary metrics from a 2 x 2 matrix and the positive class's probabilities."""
    (tn, fp), (fn, tp) = matrix.tolist()
    rate = _proportion(tp, tp + fn)
    table = np.stack([matrix, *resampling.resample_counts(matrix, rng)]).astype(float)
    t_n, f_p, f_n, t_p = table[:, 0, 0], table[:, 0, 1], table[:, 1, 0], table[:, 1, 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = 2 * t_p / (2 * t_p + f_p + f_n)
        mcc = (t_p * t_n - f_p * f_n) / np.sqrt(
            (t_p + f_p) * (t_p + f_n) * (t_n + f_p) * (t_n + f_n)
        )
    metrics = {
        "area_under_roc": Metric(None, None, None),
        "area_under_pr": Metric(None, None, None),
        "accuracy": _proportion(tp + tn, tn + fp + fn + tp),
        "true_positive_rate": rate,
        "false_positive_rate": _proportion(fp, fp + tn),
        "recall": rate,
        "precision": _proportion(tp, tp + fp),
        "f1_measure": _metric(f1[0], f1[1:]),
        "matthews_correlation_coefficient": _metric(mcc[0], mcc[1:]),
    }
    if probabilities is None:
        return metrics
    scores = np.asarray(probabilities, float)
    if 0 < true.sum() < len(true):
        bins = resampling.bin_scores(true, scores)
        for name, exact, binned in (
            ("area_under_roc", roc_auc_score, auc),
            ("area_under_pr", average_precision_score, average_precision),
        ):
            point = float(exact(true, scores))
            replicates = resampling.spread(point, binned, bins, rng)
            metrics[name] = _metric(point, np.clip(replicates, 0, 1))
    rows = np.column_stack(
        [_log_loss(np.where(true == 1, scores, 1 - scores)), (scores - true) ** 2]
    )
    sums = resampling.resample_sums(rows, rng) / len(rows)
    for i, name in enumerate(("log_loss", "brier_score")):
        metrics[name] = _metric(rows[:, i].mean(), sums[:, i])
    return metrics


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; a division by 0 gives 0, as in Spark's metrics."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def auc(tables: np.ndarray) -> np.ndarray:
    """Area under ROC of tables (r, 2, bins): the chance that a positive outranks a negative.

    A tie counts as half.
    """
    negative, positive = tables[:, 0].astype(float), tables[:, 1].astype(float)
    below = np.cumsum(negative, axis=1) - negative / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return (positive * below).sum(axis=1) / (negative.sum(axis=1) * positive.sum(axis=1))


def average_precision(tables: np.ndarray) -> np.ndarray:
    """Area under the precision-recall curve as a step function, as in scikit-learn."""
    counts = tables[:, :, ::-1].astype(float)
    hits, drawn = np.cumsum(counts[:, 1], axis=1), np.cumsum(counts.sum(axis=1), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(drawn > 0, hits / drawn, 0)
        return (counts[:, 1] * precision).sum(axis=1) / hits[:, -1]


def _log_loss(probability_of_truth: np.ndarray) -> np.ndarray:
    """Negative log-likelihood per row, probabilities kept off zero as scikit-learn does."""
    return -np.log(np.clip(probability_of_truth, np.finfo(float).eps, 1))


def multiclass_metrics(
    matrix: np.ndarray, classes: list, true: np.ndarray, probabilities, rng
) -> dict[str, Metric]:
    """Compute accuracy, and averages over classes weighted by the frequency of each true class."""
    tables = np.stack([matrix, *resampling.resample_counts(matrix, rng)]).astype(float)
    n = tables.sum(axis=(1, 2))[:, None]
    hit = np.diagonal(tables, axis1=1, axis2=2)
    actual, predicted = tables.sum(axis=2), tables.sum(axis=1)
    weight = actual / n
    recall, precision, f1 = (
        share(hit, actual),
        share(hit, predicted),
        share(2 * hit, actual + predicted),
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        false_rate = np.where(weight > 0, (predicted - hit) / (n - actual), 0)
    weighted = {
        "weighted_true_positive_rate": recall,
        "weighted_false_positive_rate": false_rate,
        "weighted_recall": recall,
        "weighted_precision": precision,
        "weighted_f_measure": f1,
    }
    metrics = {"accuracy": _proportion(int(np.trace(matrix)), int(matrix.sum()))}
    for name, per_class in weighted.items():
        values = (weight * per_class).sum(axis=1)
        metrics[name] = _metric(values[0], values[1:])
    if probabilities is not None:
        if isinstance(probabilities, pd.DataFrame):
            probabilities = probabilities.reindex(columns=classes, fill_value=0.0)
        scores = np.asarray(probabilities, float)
        metrics["log_loss"] = Metric(None, None, None)
        if scores.shape == (len(true), len(classes)):
            loss = _log_loss(scores[np.arange(len(true)), true])[:, None]
            metrics["log_loss"] = _metric(
                loss.mean(), resampling.resample_sums(loss, rng)[:, 0] / len(loss)
            )
    return metrics


_EXACT = 2.0**53  # whole numbers beyond it are not told apart as floats


def _are_whole(values: np.ndarray) -> bool:
    return values.dtype.kind in "iu" or all(isinstance(value, int) for value in values.tolist())


def regression_metrics(labels: np.ndarray, predictions: np.ndarray, rng) -> dict[str, Metric]:
    """Compute the regression metrics."""
    return {
        name: _metric(v[0], v[1:])
        for name, v in regression_values(labels, predictions, rng).items()
    }


def regression_values(labels: np.ndarray, predictions: np.ndarray, rng) -> dict[str, np.ndarray]:
    """Compute each regression metric, followed by its replicates; shape (1 + REPLICATES,).

    All come from sums over rows; labels are centred first, for precision.

    Raises:
        ValueError: labels or predictions aren't finite numbers.
    """
    try:
        true, error = labels.astype(float), predictions.astype(float) - labels.astype(float)
        if np.abs(true).max() > _EXACT and _are_whole(labels) and _are_whole(predictions):
            pairs = list(zip(labels.tolist(), predictions.tolist(), strict=True))
            true = np.array([int(label) - int(pairs[0][0]) for label, _ in pairs], float)
            error = np.array([int(given) - int(label) for label, given in pairs], float)
    except (TypeError, ValueError):
        raise ValueError("regression needs numbers as labels and predictions.") from None
    if not np.isfinite(error).all():
        raise ValueError("regression needs finite labels and predictions; found infinity.")
    true = true - true.mean()
    rows = np.column_stack([np.ones(len(true)), true, true**2, error, error**2, np.abs(error)])
    n, y, yy, e, ee, absolute = np.vstack([rows.sum(axis=0), resampling.resample_sums(rows, rng)]).T
    total = yy - y * y / n
    with np.errstate(invalid="ignore", divide="ignore"):
        defined = np.where(total > 0, total, np.nan)
        return {
            "r2": 1 - ee / defined,
            "proportion_explained_variance": 1 - (ee - e * e / n) / defined,
            "mean_absolute_error": absolute / n,
            "mean_squared_error": ee / n,
            "root_of_mean_squared_error": np.sqrt(ee / n),
        }
