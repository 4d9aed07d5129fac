"""Model quality in Model Monitor's own formats: statistics, constraints and violations from labels
and predictions.

Values follow AWS's documents and files. Standard deviations are seeded bootstraps (resampling.py),
the standard error of the value; AWS's are the spread over five random subsamples of 80%, about half
as large and another one each time. As with AWS they are the text NaN below 200 rows. The best
constant classifier predicts the most frequent label.
"""

from typing import Any, Literal

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

from .. import resampling
from ..data_quality.statistics import VERSION
from . import classes
from .evaluation import check_input
from .metrics import auc, regression_values, share

ProblemType = Literal["BinaryClassification", "MulticlassClassification", "Regression"]
KEYS = {
    "BinaryClassification": "binary_classification",
    "MulticlassClassification": "multiclass_classification",
    "Regression": "regression",
}
_REGRESSION = {
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "rmse": "root_of_mean_squared_error",
    "r2": "r2",
}
_BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}
_ROWS_FOR_DEVIATION = 200
_CURVE_POINTS = 1000


def statistics(
    problem_type: ProblemType,
    labels,
    predictions=None,
    probabilities=None,
    *,
    positive_label=None,
    threshold: float = 0.5,
) -> dict[str, Any]:
    """Return the content of a model quality statistics.json.

    Args:
        problem_type: BinaryClassification, MulticlassClassification or Regression.
        labels: the n true labels or numbers.
        predictions: the n predicted ones; in binary they may be left out if there are
            probabilities.
        probabilities: binary only: of the positive class, shape (n,); without them there is no AUC
            and no curve.
        positive_label: which label counts as positive; may be left out when the labels are 0 and 1.
        threshold: from which probability a missing prediction is positive.

    Raises:
        ValueError: an unknown problem type, or input that evaluation.evaluate refuses.
    """
    if problem_type not in KEYS:
        raise ValueError(f"problem_type is {problem_type!r}; use one of {', '.join(KEYS)}.")
    labels = np.asarray(labels)
    if predictions is None:
        predictions = _from_probabilities(labels, probabilities, positive_label, threshold)
    predictions = np.asarray(predictions)
    check_input(labels, predictions, probabilities)
    rng = np.random.default_rng(0)
    if problem_type == "Regression":
        found = regression_values(labels, predictions, rng)
        values: dict[str, Any] = {
            short: _entry(found[name], len(labels)) for short, name in _REGRESSION.items()
        }
    else:
        binary = problem_type == "BinaryClassification"
        labels, predictions = classes.one_kind(labels, predictions)
        listed = (
            classes.binary(labels, predictions, positive_label)
            if binary
            else classes.seen(labels, predictions)
        )
        true, predicted = (classes.codes(listed, side) for side in (labels, predictions))
        values = _classification(listed, true, predicted, probabilities, binary, rng)
    document = {"version": VERSION, "dataset": {"item_count": len(labels)}}
    return {**document, f"{KEYS[problem_type]}_metrics": values}


def _from_probabilities(
    labels: np.ndarray, probabilities, positive_label, threshold: float
) -> np.ndarray:
    if probabilities is None:
        raise ValueError("There are neither predictions nor probabilities to evaluate.")
    negative, positive = classes.binary(labels, labels, positive_label)
    return np.where(np.asarray(probabilities, float) >= threshold, positive, negative)


def _entry(values: np.ndarray, rows: int) -> dict[str, Any]:
    """Pair a value (first) with the deviation of its replicates (the rest); what JSON lacks becomes
    text.
    """
    deviation = float(np.nanstd(values[1:])) if rows >= _ROWS_FOR_DEVIATION else np.nan
    pair = {"value": float(values[0]), "standard_deviation": deviation}
    return {key: value if np.isfinite(value) else "NaN" for key, value in pair.items()}


def _classification(
    listed: list, true, predicted, probabilities, binary: bool, rng
) -> dict[str, Any]:
    rows, k = len(true), len(listed)
    matrix = np.bincount(true * k + predicted, minlength=k * k).reshape(k, k)
    names = [str(c) for c in listed]
    counted = {
        name: dict(zip(names, line, strict=True))
        for name, line in zip(names, matrix.tolist(), strict=True)
    }
    tables = np.stack([matrix, *resampling.resample_counts(matrix, rng)]).astype(float)
    constant = np.zeros_like(tables)
    constant[:, :, matrix.sum(axis=1).argmax()] = tables.sum(axis=2)
    rates = _binary_rates if binary else _weighted_rates
    values = {name: _entry(column, rows) for name, column in rates(tables).items()}
    for name, column in rates(constant).items():
        if "rate" not in name:
            values[f"{name}_best_constant_classifier"] = _entry(column, rows)
    if binary and probabilities is not None:
        values |= _curves(true, np.asarray(probabilities, float), rng)
    order = _BINARY_ORDER if binary else list(values)
    return {"confusion_matrix": counted, **{name: values[name] for name in order if name in values}}


BEST = "_best_constant_classifier"
_BINARY_ORDER = [
    "recall",
    "precision",
    "accuracy",
    f"recall{BEST}",
    f"precision{BEST}",
    f"accuracy{BEST}",
]
_BINARY_ORDER += [
    "true_positive_rate",
    "true_negative_rate",
    "false_positive_rate",
    "false_negative_rate",
]
_BINARY_ORDER += ["receiver_operating_characteristic_curve", "precision_recall_curve", "auc"]
_BINARY_ORDER += [*_BETAS, *(f"{name}{BEST}" for name in _BETAS)]


def _binary_rates(tables: np.ndarray) -> dict[str, np.ndarray]:
    (tn, fp), (fn, tp) = np.moveaxis(tables, 0, -1)
    recall = share(tp, tp + fn)
    fs = {f: share((1 + b * b) * tp, (1 + b * b) * tp + b * b * fn + fp) for f, b in _BETAS.items()}
    return {
        "recall": recall,
        "precision": share(tp, tp + fp),
        "accuracy": (tp + tn) / (tn + fp + fn + tp),
        "true_positive_rate": recall,
        "true_negative_rate": share(tn, tn + fp),
        "false_positive_rate": share(fp, tn + fp),
        "false_negative_rate": share(fn, tp + fn),
        **fs,
    }


def _weighted_rates(tables: np.ndarray) -> dict[str, np.ndarray]:
    """Average per-class rates, weighted by how often each class is true (Spark's weighted
    metrics).
    """
    hit = np.diagonal(tables, axis1=1, axis2=2)
    actual, predicted = tables.sum(axis=2), tables.sum(axis=1)
    weight = actual / actual.sum(axis=1, keepdims=True)
    per_class = {"weighted_recall": share(hit, actual), "weighted_precision": share(hit, predicted)}
    for f, b in _BETAS.items():
        per_class[f"weighted_{f}"] = share((1 + b * b) * hit, b * b * actual + predicted)
    accuracy = hit.sum(axis=1) / actual.sum(axis=1)
    return {
        "accuracy": accuracy,
        **{name: (weight * rate).sum(axis=1) for name, rate in per_class.items()},
    }


def _curves(true: np.ndarray, scores: np.ndarray, rng) -> dict[str, Any]:
    """Return AUC and both curves, thinned evenly to 1,000 points; nothing if only one class is
    there.
    """
    if not 0 < true.sum() < len(true):
        return {"auc": {"value": "NaN", "standard_deviation": "NaN"}}
    false_rates, true_rates, _ = roc_curve(true, scores, drop_intermediate=False)
    precisions, recalls, _ = precision_recall_curve(true, scores)
    area = float(roc_auc_score(true, scores))
    replicates = resampling.spread(area, auc, resampling.bin_scores(true, scores), rng)
    return {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": _thin(false_rates),
            "true_positive_rates": _thin(true_rates),
        },
        "precision_recall_curve": {
            "precisions": _thin(precisions[::-1]),
            "recalls": _thin(recalls[::-1]),
        },
        "auc": _entry(np.append(area, replicates), len(true)),
    }


def _thin(points: np.ndarray) -> list[float]:
    wanted = np.linspace(0, len(points) - 1, min(len(points), _CURVE_POINTS)).astype(int)
    return points[wanted].tolist()
