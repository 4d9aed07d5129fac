"""The metrics of regression, and their intervals."""

import numpy as np

from .. import resampling, skewed
from .metric import Metric

_EXACT = 2.0**53  # whole numbers beyond it are not told apart as floats


def regression_metrics(labels: np.ndarray, predictions: np.ndarray, rng) -> dict[str, Metric]:
    """Compute the regression metrics.

    An error's square has so long a tail that its variance may be infinite: see skewed.py.
    """
    true, error = _centred(labels, predictions)
    values = _of_sums(_rows(true, error).sum(axis=0)[None])
    drawn = skewed.draws(len(true), rng)
    total = (true - true.mean()) ** 2
    squared = skewed.mean(error**2, drawn)
    intervals = {
        "r2": _unexplained(skewed.ratio(error**2, total, drawn)),
        "proportion_explained_variance": _unexplained(
            skewed.ratio((error - error.mean()) ** 2, total, drawn)
        ),
        "mean_absolute_error": skewed.mean(np.abs(error), drawn),
        "mean_squared_error": squared,
        "root_of_mean_squared_error": squared and (squared[0] ** 0.5, squared[1] ** 0.5),
    }
    return {
        name: _metric(float(values[name][0]), bounds, skewed.why_not(error))
        for name, bounds in intervals.items()
    }


def _unexplained(bounds: tuple[float, float] | None) -> tuple[float, float] | None:
    return bounds and (1 - bounds[1], 1 - bounds[0])


def _metric(value: float, bounds: tuple[float, float] | None, why: str) -> Metric:
    if not np.isfinite(value):
        return Metric(None)
    if bounds is None:
        return Metric(value, method=why)
    return Metric(value, min(bounds[0], value), max(bounds[1], value), skewed.METHOD)


def regression_values(labels: np.ndarray, predictions: np.ndarray, rng) -> dict[str, np.ndarray]:
    """Compute each regression metric, followed by its replicates; shape (1 + REPLICATES,).

    All come from sums over rows; labels are centred first, for precision.

    Raises:
        ValueError: labels or predictions aren't finite numbers.
    """
    rows = _rows(*_centred(labels, predictions))
    return _of_sums(np.vstack([rows.sum(axis=0), resampling.resample_sums(rows, rng)]))


def _centred(labels: np.ndarray, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return labels, centred, and errors as floats."""
    try:
        true, error = labels.astype(float), predictions.astype(float) - labels.astype(float)
        if np.abs(true).max() > _EXACT and _are_whole(labels) and _are_whole(predictions):
            pairs = list(zip(labels.tolist(), predictions.tolist(), strict=True))
            true = np.array([int(label) - int(pairs[0][0]) for label, _ in pairs], float)
            error = np.array([int(given) - int(label) for label, given in pairs], float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"regression needs numbers as labels and predictions: {error}.") from None
    if not np.isfinite(error).all():
        raise ValueError("regression needs finite labels and predictions; found infinity.")
    return true - true.mean(), error


def _are_whole(values: np.ndarray) -> bool:
    return values.dtype.kind in "iu" or all(isinstance(value, int) for value in values.tolist())


def _rows(true: np.ndarray, error: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(true)), true, true**2, error, error**2, np.abs(error)])


def _of_sums(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Compute the metrics from sums of ``_rows``, (r, 6)."""
    n, y, yy, e, ee, absolute = sums.T
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
