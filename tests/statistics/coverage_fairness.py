"""How often the intervals of fairness metrics hold the true value, and who is called biased."""

from collections.abc import Iterator

import numpy as np
from scipy.stats import binom, norm

from model_monitoring.analysis.fairness import metrics
from model_monitoring.analysis.fairness.intervals import bounds
from model_monitoring.analysis.fairness.judging import (
    FALSE_DISCOVERIES,
    decide,
    of_twins,
)
from model_monitoring.analysis.fairness.measuring import measure
from model_monitoring.analysis.proportions import ratio_z
from tests.statistics.coverage import Tally

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


def twins(rate: float, ratio: float, rows: int, runs: int, seed: int = 0) -> tuple[float, float]:
    """Return how often the interval of a score with twins holds its true value, and how often a
    group at a threshold of that value is called biased.

    Half of the rows are of the group. Each row has one twin, and both outcomes of a person agree
    unless the model looks at the attribute.
    """
    rng = np.random.default_rng(seed)
    held = called = 0
    for _ in range(runs):
        luck = rng.random(rows)
        good, good_majority = (luck < rate * ratio).astype(float), (luck < rate).astype(float)
        found = of_twins(
            np.column_stack([good, np.ones(rows), good_majority, np.ones(rows)]), ratio
        )
        held += found.low is not None and found.low <= ratio <= found.high
        called += found.p_value <= FALSE_DISCOVERIES
    return held / runs, called / runs


def any_called(rate: float, group: int, runs: int, groups: int = 8, seed: int = 0) -> float:
    """Return how often any of several fair groups is called biased at a threshold of 0.8."""
    rng = np.random.default_rng(seed)
    called = 0
    for _ in range(runs):
        majority, good = rng.binomial(MAJORITY, rate), rng.binomial(group, rate, groups)
        x = np.column_stack([np.full(groups, majority), good])
        p_values = norm.cdf(ratio_z(x, np.array([MAJORITY, group]), 0.8))
        scores = good / group / (majority / MAJORITY)
        rows = [
            {"role": "minority", "warning": "", "finding": "", "threshold": 0.8}
            | {"fairness_score": score, "p_value": p_value}
            for score, p_value in zip(scores, p_values, strict=True)
        ]
        decide(rows)
        called += any(row["biased"] for row in rows)
    return called / runs


def cells(runs: int) -> Iterator[tuple[str, int, Tally]]:
    """Yield (cell, rows of the group, tally) of Clarify's metrics."""
    for group in GROUPS:
        for rate in RATES:
            for model in MODELS:
                yield f"{model}, rate {rate:g}", group, clarify(rate, model, group, runs)
