"""Agreement of two people, or of a person and a model, beyond what chance would give."""

import numpy as np
import pandas as pd

from .metric import Metric
from .metrics import of_table


def kappa(one: pd.Series, other: pd.Series, *, seed: int = 0) -> Metric:
    """Return Cohen's kappa (1960) of two labels of the same rows, with its interval.

    The value is None if it isn't defined: without rows, or if both gave one and the same label.
    Below five rows a label there is no interval.

    Args:
        one, other: the n labels of each; none is missing.
        seed: of the draws behind the interval.
    """
    labels, codes = np.unique(np.concatenate([one, other]).astype(str), return_inverse=True)
    k, n = len(labels), len(one)
    if k < 2:
        return Metric(None)
    table = np.bincount(codes[:n] * k + codes[n:], minlength=k * k).reshape(k, k)
    return of_table(table, _kappa, np.random.default_rng(seed), correlates=True)


def _kappa(tables: np.ndarray) -> np.ndarray:
    """Compute kappa of tables (r, k, k), of counts or of shares."""
    n = tables.sum(axis=(1, 2))
    agreed = np.trace(tables, axis1=1, axis2=2) / n
    by_chance = (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1) / n**2
    with np.errstate(invalid="ignore", divide="ignore"):
        return (agreed - by_chance) / (1 - by_chance)
