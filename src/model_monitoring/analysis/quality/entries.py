"""The values of a model quality statistics.json, each with its standard deviation."""

from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

from .. import resampling
from .metrics import share
from .ranking import auc
from .regression import regression_values

BEST = "_best_constant_classifier"
_REGRESSION = {
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "rmse": "root_of_mean_squared_error",
    "r2": "r2",
}
_BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}
_ROWS_FOR_DEVIATION = 200
_CURVE_POINTS = 1000
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


def _entry(values: np.ndarray, rows: int) -> dict[str, Any]:
    """Pair a value (the first) with the deviation of its replicates (the rest).

    Values that JSON lacks become the string NaN.
    """
    deviation = float(np.nanstd(values[1:])) if rows >= _ROWS_FOR_DEVIATION else np.nan
    pair = {"value": float(values[0]), "standard_deviation": deviation}
    return {key: value if np.isfinite(value) else "NaN" for key, value in pair.items()}


def regression(labels: np.ndarray, predictions: np.ndarray, rng) -> dict[str, Any]:
    """Return regression_metrics."""
    found = regression_values(labels, predictions, rng)
    return {short: _entry(found[name], len(labels)) for short, name in _REGRESSION.items()}


def classification(
    classes: list, true: np.ndarray, predicted: np.ndarray, probabilities, binary: bool, rng
) -> dict[str, Any]:
    """Return binary_classification_metrics or multiclass_classification_metrics.

    ``true`` and ``predicted`` are positions in ``classes``.
    """
    rows, k = len(true), len(classes)
    matrix = np.bincount(true * k + predicted, minlength=k * k).reshape(k, k)
    names = [str(c) for c in classes]
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
            values[f"{name}{BEST}"] = _entry(column, rows)
    if binary and probabilities is not None:
        values |= _curves(true, np.asarray(probabilities, float), rng)
    order = _BINARY_ORDER if binary else list(values)
    return {"confusion_matrix": counted, **{name: values[name] for name in order if name in values}}


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
    """Average per-class rates, weighted by the frequency of each true class, as Spark does."""
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
    """Return AUC and both curves, thinned evenly to 1,000 points.

    If there is only one class, AUC is NaN and there are no curves.
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
