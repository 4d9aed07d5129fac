"""What to expect of a monitor: false alerts a month, and the smallest change that it would see."""

from collections.abc import Callable, Mapping
from math import sqrt

from scipy import stats
from scipy.optimize import brentq

from model_monitoring.analysis.data_quality.power import visible_shift
from model_monitoring.analysis.proportions import Z, exact, ratio_z
from model_monitoring.analysis.quality.ranking import area_variance
from model_monitoring.analysis.wording import counted
from model_monitoring.datamart.monitoring.decisions import Rule

UNKNOWN = 0.5  # share of positives, or of favourable outcomes, as long as no run has measured it


def false_alerts(by: Rule) -> str:
    """Say how many false alerts a monitor may open in a month."""
    return f"False alerts a month: at most about {by.share:.2g}."


def quality(gate: str, limit: float, rows: int, positives: float | None, by: Rule) -> str:
    """Return the value of the gate that opens an alert in half of all windows of `rows` rows.

    `positives` is the share of rows of the positive class, of a binary model that was measured.
    """
    wanted = float(stats.norm.isf(by.level(repeated=False)))
    if positives is not None and not 0 < positives < 1:
        positives = None  # there is no area under ROC of one class
    if gate == "accuracy":
        # The interval's upper end as seen from a value is 1.96 standard errors away
        value = _least(
            limit,
            lambda one: Z * (limit - one) / (float(exact(one * rows, rows)[1]) - one) - wanted,
        )
    else:
        errors = {"area_under_roc": _area, "r2": _explained}
        value = limit - wanted * errors[gate](limit, rows, positives or UNKNOWN)
    split = f", {positives:.0%} of them positive," if positives else ","
    return (
        f"With {counted(rows, 'labelled row')}{split} a true {gate} of {max(value, 0):.2f} opens"
        f" an alert in half of all windows (limit {limit:g})."
    )


def fairness(
    threshold: float, rows: tuple[int, int], favoured: float | None, groups: int, by: Rule
) -> str:
    """Return the fairness score that opens an alert half of the time, for one of `groups` groups.

    `rows` are those of the majority and of the group, and `favoured` is the share of the majority
    with the favourable outcome. If only one group is treated otherwise, its chance has to be as
    small as that of all others together (Benjamini & Hochberg 1995).
    """
    z = float(stats.norm.isf(by.level(repeated=False) / groups))
    favoured = favoured or UNKNOWN

    def beyond(score: float) -> float:
        good = [rows[0] * favoured, rows[1] * favoured * score]
        return -float(ratio_z(good, rows, threshold)) - z

    score = _least(threshold, beyond)
    about = (
        f"With {counted(round(rows[1]), 'row')} in a group, and {rows[0]:.0f} in the majority, of"
        f" which {favoured:.0%} get the favourable outcome,"
    )
    if score <= 0:
        return f"{about} no unfairness would be seen in a single window (threshold {threshold:g})."
    return (
        f"{about} a true fairness score of {score:.2f} opens an alert in half of all windows"
        f" (threshold {threshold:g})."
    )


def _least(limit: float, beyond: Callable[[float], float]) -> float:
    """Return where `beyond`, which falls from 0 to `limit`, is 0; or 0 if it is below there."""
    near = limit * (1 - 1e-6)
    return float(brentq(beyond, 1e-6, near)) if beyond(1e-6) > 0 else 0.0


def drift(statistics: Mapping, rows: int, by: Rule) -> str:
    """Return the shift of one feature that opens an alert in half of all windows of `rows` rows."""
    known, features = statistics["dataset"]["item_count"], len(statistics["features"])
    shift = visible_shift(max(1, known), rows, max(1, features), by.level(repeated=False))
    return (
        f"With {counted(rows, 'row')}, a shift of one feature's mean by {shift:.2f} standard"
        f" deviations opens an alert in half of all windows (reference: {counted(known, 'row')})."
    )


def _area(area: float, rows: int, positives: float) -> float:
    """Return the standard error of the area under ROC."""
    return sqrt(area_variance(area, rows * positives, rows * (1 - positives)))


def _explained(share: float, rows: int, _: float) -> float:
    """Return the standard error of R², after Olkin & Finn (1995)."""
    return 2 * sqrt(max(share, 0.0)) * (1 - share) / sqrt(rows)
