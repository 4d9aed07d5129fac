"""The classification metrics of evaluation.py, each with its 95% interval.

They are computed from confusion matrices, score bins and losses of rows.
"""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from .. import posterior, resampling, skewed
from ..proportions import exact
from . import ranking
from .metric import EXACT, Metric, proportion

# A mean loss is decided by the rarer class: with fewer of it, an interval would be a guess
FEWEST_OF_A_CLASS = 3
# Fewer rows a class, and the share of right ones among those predicted is too coarse to bound
FEWEST_A_CLASS = 5
_EPSILON = float(np.finfo(float).eps)
_LARGEST_LOG_LOSS = -math.log(_EPSILON)


def binary_metrics(matrix: np.ndarray, true: np.ndarray, probabilities, rng) -> dict[str, Metric]:
    """Compute the binary metrics from a 2 x 2 matrix and the positive class's probabilities."""
    (tn, fp), (fn, tp) = matrix.tolist()
    rate = proportion(tp, tp + fn)
    metrics = {
        "area_under_roc": Metric(None),
        "area_under_pr": Metric(None),
        "accuracy": proportion(tp + tn, tn + fp + fn + tp),
        "true_positive_rate": rate,
        "false_positive_rate": proportion(fp, fp + tn),
        "recall": rate,
        "precision": proportion(tp, tp + fp),
        "f1_measure": _f1(tp, tp + fp + fn),
        "matthews_correlation_coefficient": of_table(matrix, _correlation, rng, correlates=True),
    }
    if probabilities is None:
        return metrics
    scores = np.asarray(probabilities, float)
    if 0 < true.sum() < len(true):
        metrics |= _areas(true, scores, rng)
    drawn = skewed.draws(len(true), rng)
    few = min(true.sum(), len(true) - true.sum()) < FEWEST_OF_A_CLASS
    why = f"no interval with fewer than {FEWEST_OF_A_CLASS} rows of a class" if few else ""
    losses = {
        "log_loss": (_log_loss(np.where(true == 1, scores, 1 - scores)), _LARGEST_LOG_LOSS),
        "brier_score": ((scores - true) ** 2, 1.0),
    }
    for name, (values, largest) in losses.items():
        metrics[name] = _mean_loss(values, largest, drawn, why, _if_rarer(values, true))
    return metrics


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; a division by 0 gives 0, as in Spark's metrics."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _f1(hits: int, named: int) -> Metric:
    """Pair F1 with its interval.

    It is 2x / (1 + x), x being the proportion of hits among the rows that the label or the
    prediction calls positive.
    """
    x = proportion(hits, named)
    if x.value is None:
        return x
    bounds = (2 * end / (1 + end) for end in (x.value, x.ci_low, x.ci_high))
    return Metric(*bounds, f"{EXACT}, of tp / (tp + fp + fn)")


def _correlation(tables: np.ndarray) -> np.ndarray:
    """Matthews' correlation coefficient of tables (r, 2, 2)."""
    t_n, f_p, f_n, t_p = (tables[:, i, j].astype(float) for i in (0, 1) for j in (0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (t_p * t_n - f_p * f_n) / np.sqrt(
            (t_p + f_p) * (t_p + f_n) * (t_n + f_p) * (t_n + f_n)
        )


def of_table(
    matrix: np.ndarray, statistic: Callable, rng: np.random.Generator, correlates: bool = False
) -> Metric:
    """Pair a statistic of tables (r, k, k) with its interval.

    One that ``correlates`` lies between -1 and 1, and rises with the rows on the diagonal.
    """
    value = float(statistic(matrix[None].astype(float))[0])
    if not np.isfinite(value):
        return Metric(None)
    if matrix.sum() < FEWEST_A_CLASS * len(matrix):
        return Metric(value, method=f"no interval of fewer than {FEWEST_A_CLASS} rows a class")
    if not correlates:
        return Metric(value, *posterior.interval(value, matrix, statistic, rng), posterior.METHOD)
    best = np.eye(len(matrix), dtype=bool)
    bounds = posterior.interval(value, matrix, statistic, rng, -1.0, best)
    return Metric(value, *bounds, posterior.FAVOURED)


def _of_classes(matrix: np.ndarray, statistic: Callable, rng: np.random.Generator) -> Metric:
    """Pair an average over classes with its interval, longer by what the sample's bias may hide.

    A class that is frequent by chance has more hits and more weight, so that at ten rows a class
    the precision is 0.02 too high.
    """
    found = of_table(matrix, statistic, rng)
    if found.value is None or found.ci_low is None:
        return found
    bias = resampling.bias(found.value, statistic, matrix, rng.spawn(1)[0])
    low, high = max(found.ci_low - max(bias, 0), 0.0), min(found.ci_high - min(bias, 0), 1.0)
    return Metric(found.value, low, high, f"{found.method}; longer by the bootstrap's bias")


def _areas(true: np.ndarray, scores: np.ndarray, rng: np.random.Generator) -> dict[str, Metric]:
    """Compute the exact areas under both curves; their intervals come from score bins."""
    bins = resampling.bin_scores(true, scores)
    roc = float(roc_auc_score(true, scores))
    pr = float(average_precision_score(true, scores))
    return {
        "area_under_roc": Metric(roc, *ranking.auc_interval(roc, bins), ranking.ROC_METHOD),
        "area_under_pr": Metric(
            pr, *ranking.average_precision_interval(pr, bins, rng), ranking.PR_METHOD
        ),
    }


def _log_loss(probability_of_truth: np.ndarray) -> np.ndarray:
    """Negative log-likelihood per row, probabilities kept off zero as scikit-learn does."""
    return -np.log(np.clip(probability_of_truth, _EPSILON, 1))


def _if_rarer(losses: np.ndarray, true: np.ndarray) -> float:
    """Return the mean loss if the rarer class were as rare as its share allows (its lower bound).

    That class has the large losses, and a sample with enough of it to say something is often one
    that has too much of it.
    """
    rare = true == (true.sum() * 2 <= len(true))
    share = float(exact(rare.sum(), len(true))[0])
    parts = [part.mean() if len(part) else 0.0 for part in (losses[rare], losses[~rare])]
    return float(share * parts[0] + (1 - share) * parts[1])


def _mean_loss(
    losses: np.ndarray, largest: float, drawn: np.ndarray, why: str = "", rarer: float = np.inf
) -> Metric:
    """Pair the mean of losses from 0 to ``largest`` with its interval, unless ``why`` speaks.

    Below, chance in the losses and in the share of the rarer class add up (Newcombe's
    square-and-add, 1998); ``rarer`` is the mean for the lower bound of that share.
    """
    value = float(losses.mean())
    bounds = None if why else skewed.mean(losses, drawn)
    if bounds is None:
        return Metric(value, method=why or skewed.why_not(losses))
    reach = math.hypot(value - min(bounds[0], value), value - min(rarer, value))
    return Metric(
        value, max(value - reach, 0.0), min(max(bounds[1], value), largest), skewed.METHOD
    )


def multiclass_metrics(
    matrix: np.ndarray, classes: list, true: np.ndarray, probabilities, rng
) -> dict[str, Metric]:
    """Compute accuracy, and averages over classes weighted by the frequency of each true class."""
    accuracy = proportion(int(np.trace(matrix)), int(matrix.sum()))
    metrics = {
        "accuracy": accuracy,
        # Weighted by the true classes, the recall of all classes is the accuracy
        "weighted_true_positive_rate": accuracy,
        "weighted_false_positive_rate": _of_classes(matrix, _false_rate, rng),
        "weighted_recall": accuracy,
        "weighted_precision": _of_classes(matrix, _precision, rng),
        "weighted_f_measure": _of_classes(matrix, _f_measure, rng),
    }
    if probabilities is not None:
        if isinstance(probabilities, pd.DataFrame):
            probabilities = probabilities.reindex(columns=classes, fill_value=0.0)
        scores = np.asarray(probabilities, float)
        metrics["log_loss"] = Metric(None)
        if scores.shape == (len(true), len(classes)):
            losses = _log_loss(scores[np.arange(len(true)), true])
            drawn = skewed.draws(len(true), rng)
            metrics["log_loss"] = _mean_loss(losses, _LARGEST_LOG_LOSS, drawn)
    return metrics


def _counts(tables: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return hits, true and predicted counts of each class, (r, k), and the rows, (r, 1)."""
    hit = np.diagonal(tables, axis1=1, axis2=2)
    return hit, tables.sum(axis=2), tables.sum(axis=1), tables.sum(axis=(1, 2))[:, None]


def _false_rate(tables: np.ndarray) -> np.ndarray:
    hit, actual, predicted, n = _counts(tables)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.where(actual > 0, (predicted - hit) / (n - actual), 0)
    return (actual / n * rate).sum(axis=1)


def _precision(tables: np.ndarray) -> np.ndarray:
    hit, actual, predicted, n = _counts(tables)
    return (actual / n * share(hit, predicted)).sum(axis=1)


def _f_measure(tables: np.ndarray) -> np.ndarray:
    hit, actual, predicted, n = _counts(tables)
    return (actual / n * share(2 * hit, actual + predicted)).sum(axis=1)
