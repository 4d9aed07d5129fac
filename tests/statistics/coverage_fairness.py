"""How often the intervals of fairness metrics hold the true value, and who is called biased."""

import numpy as np
from scipy.stats import binom

from model_monitoring.analysis.fairness import metrics
from model_monitoring.analysis.fairness.intervals import bounds
from model_monitoring.analysis.fairness.measuring import measure
from model_monitoring.analysis.proportions import ratio_z

from .coverage import Tally

GROUPS = (20, 50, 100, 200, 1000)
MAJORITY = 600
RATES = (0.05, 0.2, 0.6, 0.9)
# Recall and specificity of the majority and of the group
MODELS = {
    "fair": ((0.8, 0.8), (0.8, 0.8)),
    "fair and strong": ((0.98, 0.98), (0.98, 0.98)),
    "unfair": ((0.9, 0.8), (0.6, 0.9)),
}
_STRATA = 3


def _cells(rate: float, model: tuple[float, float]) -> np.ndarray:
    """Return the probabilities of label and prediction, (3, 3), of one group."""
    recall, specificity = model
    cells = np.zeros((3, 3))
    cells[0, :2] = (1 - rate) * specificity, (1 - rate) * (1 - specificity)
    cells[1, :2] = rate * (1 - recall), rate * recall
    return cells


def _expected(rate: float, model: str, group: int) -> np.ndarray:
    """Return the expected counts, (2, strata, 3, 3)."""
    share = np.full(_STRATA, 1 / _STRATA)[:, None, None]
    each = zip((MAJORITY, group), (rate, rate if model != "unfair" else rate / 2),
               MODELS[model], strict=True)  # fmt: skip
    return np.stack([rows * share * _cells(good, one) for rows, good, one in each])


def clarify(rate: float, model: str, group: int, runs: int, seed: int = 0) -> Tally:
    """Tally Clarify's metrics of a group against a majority of 600."""
    rng = np.random.default_rng(seed)
    expected = _expected(rate, model, group)
    truth = {name: value for name, (value, _, _) in measure(expected, True, rng).items()}
    truth["CI"] = (MAJORITY - group) / (MAJORITY + group)
    tally = Tally()
    shares = expected / (MAJORITY + group)
    for _ in range(runs):
        drawn = rng.multinomial(MAJORITY + group, shares.ravel()).reshape(shares.shape)
        for name, found in bounds(drawn, True, rng).items():
            if np.isfinite(metrics_value(name, drawn)):
                tally.add(name, found.low, found.high, truth[name])
    return tally


def metrics_value(name: str, table: np.ndarray) -> float:
    """Return a metric of one table, 0 for those of strata."""
    return float(metrics.compute(table.sum(axis=1)).get(name, 0.0))


def score(rate: float, ratio: float, group: int, threshold: float = 0.8) -> tuple[float, float]:
    """Return how often the fairness score's interval holds its true value, and how often a group
    is called biased, both without error.
    """
    good, good_majority = np.arange(group + 1), np.arange(MAJORITY + 1)
    chance = binom.pmf(good, group, rate * ratio)[:, None] * binom.pmf(
        good_majority, MAJORITY, rate
    )
    x = np.stack(np.broadcast_arrays(good_majority[None], good[:, None]), axis=-1)
    n = np.array([MAJORITY, group])
    with np.errstate(invalid="ignore"):
        held = np.abs(ratio_z(x, n, ratio)) <= 1.959964
        biased = ratio_z(x, n, threshold) < -1.644854
    known = x[..., 0] > 0
    share = chance[known].sum()
    return (chance * held)[known].sum() / share, (chance * biased)[known].sum() / share
