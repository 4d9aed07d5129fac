"""What to expect of a monitor: false alerts a month, and the smallest change that it would see."""

from collections.abc import Mapping
from math import exp, log, sqrt

from scipy import stats

from model_monitoring.analysis.data_quality.power import visible_shift
from model_monitoring.analysis.quality.ranking import area_variance
from model_monitoring.datamart.monitoring.decisions import Rule

FAVOURED = 0.5  # share of the majority with the favourable outcome, as long as none is known


def false_alerts(by: Rule) -> str:
    """Say how many false alerts a monitor may open in a month."""
    return f"False alerts a month: at most about {by.share:.2g}."


def quality(gate: str, limit: float, rows: int, by: Rule) -> str:
    """Return the value of the gate that opens an alert in half of all windows of `rows` rows."""
    reach = {"area_under_roc": _area, "accuracy": _proportion, "r2": _explained}[gate]
    value = limit - _beyond(by) * reach(limit, rows)
    return (
        f"With {rows} labelled rows, a true {gate} of {max(value, 0):.2f} opens an alert in half of"
        f" all windows (limit {limit:g})."
    )


def fairness(threshold: float, rows: int, by: Rule) -> str:
    """Return the fairness score that opens an alert half of the time, for a group of `rows` rows.

    It goes by the standard error of the logarithm of a ratio of two shares (Katz et al. 1978).
    """
    share = threshold * FAVOURED
    error = sqrt((1 - share) / (rows * share) + (1 - FAVOURED) / (rows * FAVOURED))
    score = exp(log(threshold) - _beyond(by) * error)
    return (
        f"With {rows} rows in each group, of which {FAVOURED:.0%} of the majority get the"
        f" favourable outcome, a true fairness score of {score:.2f} opens an alert in half of"
        f" all windows (threshold {threshold:g})."
    )


def drift(statistics: Mapping, rows: int, by: Rule) -> str:
    """Return the shift of one feature that opens an alert in half of all windows of `rows` rows."""
    known, features = statistics["dataset"]["item_count"], len(statistics["features"])
    shift = visible_shift(max(1, known), rows, max(1, features), by.level(repeated=False))
    return (
        f"With {rows} rows, a shift of one feature's mean by {shift:.2f} standard deviations opens"
        f" an alert in half of all windows (reference: {known} rows)."
    )


def _beyond(by: Rule) -> float:
    """Return how many standard errors beyond its limit a value opens an alert half of the time."""
    return float(stats.norm.isf(by.level(repeated=False)))


def _proportion(share: float, rows: int) -> float:
    return sqrt(share * (1 - share) / rows)


def _area(area: float, rows: int) -> float:
    """Return the standard error of the area under ROC, of two classes of equal size."""
    return sqrt(area_variance(area, rows / 2, rows / 2))


def _explained(share: float, rows: int) -> float:
    """Return the standard error of R², after Olkin & Finn (1995)."""
    return 2 * sqrt(max(share, 0.0)) * (1 - share) / sqrt(rows)
