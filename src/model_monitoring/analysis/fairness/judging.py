"""Is a group's fairness score below its threshold by more than chance?"""

from typing import NamedTuple

import numpy as np
from scipy.stats import false_discovery_control, norm

from ..proportions import Z, ratio, ratio_z
from ..wording import counted

# The share of wrong findings among all of one evaluation
FALSE_DISCOVERIES = 0.05
OF_COUNTS = "score interval of a ratio (Koopman)"
OF_TWINS = "Fieller, a row and its twins as one"


class Score(NamedTuple):
    """Hold a fairness score, its interval, and the probability of so low a score by chance.

    ``p_value`` is that of a model at the threshold, at most. The score is NaN if it is undefined.
    ``method`` says how the interval was computed, or why there is none.
    """

    value: float
    low: float | None
    high: float | None
    p_value: float
    method: str = ""


NO_SCORE = Score(np.nan, None, None, np.nan)


def of_counts(counts: np.ndarray, threshold: float) -> Score:
    """Judge the ratio of two independent rates.

    ``counts`` (2, 2) are the majority (0) and the group (1), by unfavourable (0) and favourable (1)
    outcome. Interval and p-value come from the same score statistic: see proportions.ratio_z.
    """
    good, rows = counts[:, 1].astype(float), counts.sum(axis=1).astype(float)
    if not (rows.all() and good[0]):
        return NO_SCORE
    # Divided once: 60 of 100 against 75 of 100 is 0.8, not a hair less
    value = good[1] * rows[0] / (rows[1] * good[0])
    low, high = (float(end) for end in ratio(good, rows))
    p_value = float(norm.cdf(ratio_z(good, rows, threshold)))
    return Score(float(value), min(low, value), max(high, value), p_value, OF_COUNTS)


def of_twins(sums: np.ndarray, threshold: float) -> Score:
    """Judge the ratio of two rates that the same people have, each row with its twins.

    ``sums`` (n, 4) are of each live row and its twins: the favourable ones and all in the group,
    then the same in the majority. The ratio is tested by Fieller's method (1954), with a variance
    between live rows (a person and their twins stay together; Liang & Zeger 1986).
    """
    good, n, good_a, n_a = sums.T
    if not (n.sum() and n_a.sum() and good_a.sum()):
        return NO_SCORE
    value = good.sum() * n_a.sum() / (n.sum() * good_a.sum())
    rate, rate_a = good.sum() / n.sum(), good_a.sum() / n_a.sum()
    part, part_a = (good - rate * n) / n.sum(), (good_a - rate_a * n_a) / n_a.sum()
    more = len(sums) / max(len(sums) - 1, 1)
    v, v_a = more * (part**2).sum(), more * (part_a**2).sum()
    shared = more * (part * part_a).sum()
    gap = 0.0 if value == threshold else rate - threshold * rate_a
    variance = max(v - 2 * threshold * shared + threshold**2 * v_a, 0.0)
    # Without any variance, a ratio is a fact
    p_value = float(norm.cdf(gap / np.sqrt(variance)) if variance else gap >= 0)
    # The ratios that the test doesn't reject lie between the roots of a quadratic
    a, b, c = rate_a**2 - Z**2 * v_a, rate * rate_a - Z**2 * shared, rate**2 - Z**2 * v
    if a <= 0:
        why = "no interval: the majority's rate may be 0"
        return Score(float(value), None, None, p_value, why)
    root = np.sqrt(max(b * b - a * c, 0.0))
    low, high = max((b - root) / a, 0.0), (b + root) / a
    low, high = float(min(low, value)), float(max(high, value))
    return Score(float(value), low, high, p_value, OF_TWINS)


def decide(rows: list[dict]) -> None:
    """Give each group that can be judged its q-value, and keep the findings that chance can't
    explain.

    The q-value (Benjamini & Hochberg 1995) counts all groups and intersections of an evaluation: of
    the groups called biased, at most 5% are expected to be so by chance.

    Args:
        rows: of ``findings.summarise``; ``q_value``, ``biased`` and ``finding`` are changed.
    """
    judged = [row for row in rows if row["role"] == "minority" and not row["warning"]]
    if not judged:
        return
    q_values = false_discovery_control([row["p_value"] for row in judged])
    for row, q_value in zip(judged, q_values, strict=True):
        row["q_value"] = float(q_value)
        below = row["fairness_score"] < row["threshold"]
        row["biased"] = bool(below and q_value <= FALSE_DISCOVERIES)
        if row["biased"]:
            row["finding"] += f" by more than chance (q = {q_value:.2g}, {_of(len(judged))})."
        else:
            row["finding"] = ""


def _of(groups: int) -> str:
    return counted(groups, "group compared", "groups compared")
