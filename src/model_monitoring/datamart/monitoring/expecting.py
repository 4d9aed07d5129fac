"""What to expect of a monitor: false alerts a month, and the smallest change that it would see."""

from collections.abc import Callable, Mapping
from math import expm1, log, sqrt

import numpy as np
from scipy import stats
from scipy.optimize import brentq

from model_monitoring.analysis import skewed
from model_monitoring.analysis.data_quality.power import visible_shift
from model_monitoring.analysis.proportions import Z, exact, ratio_z
from model_monitoring.analysis.quality.ranking import area_variance
from model_monitoring.analysis.wording import counted
from model_monitoring.datamart.monitoring.decisions import Rule

UNKNOWN = 0.5  # share of positives, or of favourable outcomes, as long as no run has measured it
FAINT = 0.01  # a limit of R² from which on something is said

Interval = tuple[float, float, float]  # a value, and its lower and upper bound


def false_alerts(by: Rule) -> str:
    """Say how many false alerts a monitor may open in a month."""
    return f"False alerts a month: at most about {by.share:.2g}."


def quality(gate: str, limit: float, rows: int, positives: float | None, by: Rule) -> str:
    """Return the value of the gate that opens an alert in half of all windows of `rows` rows.

    `positives` is the share of rows of the positive class, of a binary model that was measured.
    """
    wanted = _wanted(by)
    if positives is not None and not 0 < positives < 1:
        positives = None  # there is no area under ROC of one class
    if gate == "accuracy":
        value = _share(limit, rows, wanted)
    elif gate == "r2":
        value = _explained(limit, rows, wanted)
    else:
        value = limit - wanted * _area(limit, rows, positives or UNKNOWN)
    tail = "; less, if errors have a long tail" if gate == "r2" else ""
    split = f", {positives:.0%} of them positive," if positives else ","
    return (
        f"With {counted(rows, 'labelled row')}{split} a true {gate} of {max(value, 0):.2f} opens"
        f" an alert in half of all windows (limit {limit:g}{tail})."
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


def drift(baseline: Mapping, limits: Mapping[str, float], rows: int, by: Rule) -> str:
    """Return the changes that open an alert in half of all windows of `rows` rows.

    They are a shift of one feature, the share of rows that break a constraint, and the accuracy
    lost, if it is estimated. `limits` are the upper limits by metric.
    """
    statistics, wanted = baseline["statistics"], _wanted(by)
    known, features = statistics["dataset"]["item_count"], len(statistics["features"])
    shift = visible_shift(max(1, known), rows, max(1, features), by.level(repeated=False))
    said = (
        f"With {counted(rows, 'row')}, a shift of one feature's mean by {shift:.2f} standard"
        f" deviations opens an alert in half of all windows (reference: {counted(known, 'row')})."
    )
    broken = limits["data_drift_magnitude"]
    # Rows that break no constraint are a share with a lower limit
    share = 1 - _share(1 - broken, rows, wanted) if broken < 1 else 1.0
    said += f" So does a data_drift_magnitude of {share:.2f} (limit {broken:.2g})"
    if baseline["accuracy"]:
        limit = limits["drift_magnitude"]
        lost = _lost(baseline["accuracy"], limit, rows, wanted)
        said += (
            f", and a drift_magnitude of {lost:.2f} (limit {limit:g})"
            if lost is not None
            else "; no loss of accuracy would be seen in a single window"
        )
    return f"{said}."


def performance(limit: float | None, measured: Interval | None, by: Rule) -> str:
    """Return the average time that opens an alert in half of all windows like the last.

    `measured` is that window's average, with its interval.
    """
    said = "Records per minute are a fact: too few open an alert."
    if limit is None:
        return said
    if measured is None:
        return f"{said} Which average time opens one is said after a run with an interval."
    value, low, _ = measured
    # The interval is one of the logarithm, so its length is a share of the value
    part = 1 - _wanted(by) * (1 - low / value) / Z
    if part <= 0:
        return f"{said} Windows like the last one tell too little of the average time to open one."
    return (
        f"{said} In windows like the last one, an average time of {limit / part:.4g} opens one half"
        f" of the time (limit {limit:g})."
    )


def _wanted(by: Rule) -> float:
    """Return how many standard errors a value of one window has to be outside its limit."""
    return float(stats.norm.isf(by.level(repeated=False)))


def _share(limit: float, rows: int, wanted: float) -> float:
    """Return the share of rows that is `wanted` standard errors below its lower limit.

    The exact interval's upper end as seen from a value is 1.96 standard errors away.
    """
    return _least(
        limit,
        lambda one: Z * (limit - one) / (float(exact(one * rows, rows)[1]) - one) - wanted,
    )


def _lost(reference: Mapping, limit: float, rows: int, wanted: float) -> float | None:
    """Return the loss of accuracy that is `wanted` standard errors above its limit; or None.

    Chance is that of two shares of right answers, in the window and in the labelled reference.
    """
    before, spread = reference["accuracy"], sqrt(1 / rows + 1 / reference["rows"])

    def beyond(after: float) -> float:
        return before - after - limit - wanted * sqrt(after * (1 - after)) * spread

    most = before - limit
    return before - float(brentq(beyond, 0.0, most)) if 0 <= limit < before and most < 1 else None


def _area(area: float, rows: int, positives: float) -> float:
    """Return the standard error of the area under ROC."""
    return sqrt(area_variance(area, rows * positives, rows * (1 - positives)))


def _explained(limit: float, rows: int, wanted: float) -> float:
    """Return the R² that is `wanted` standard errors below its limit.

    Its interval is one of the logarithm of 1 - R², and grows with the square root of R² (Olkin &
    Finn 1995). How long it is at the limit is simulated, with normal errors. With t-distributed
    ones of five degrees, R² has to fall about half as far again.
    """
    if not FAINT < limit < 1:
        return limit
    reach = _reach(limit, rows)

    def beyond(one: float) -> float:
        length = (1 - one) * -expm1(-reach * sqrt(one / limit))
        return Z * (limit - one) / length - wanted

    return _least(limit, beyond)


def _reach(limit: float, rows: int) -> float:
    """Return how far the interval reaches above an R² in the middle of 15 simulated windows."""
    rng, found = np.random.default_rng(0), []
    many, rows = rows, min(max(rows, skewed.FEWEST), 2000)
    for _ in range(15):
        error, explained = rng.normal(size=(2, rows))
        true = explained * sqrt(limit / (1 - limit)) + error
        squares = error**2, (true - true.mean()) ** 2
        bounds = skewed.ratio(*squares, skewed.draws(rows, rng))
        if bounds is not None:
            found.append(log(squares[0].sum() / squares[1].sum() / bounds[0]))
    return float(np.median(found)) * sqrt(rows / max(many, rows)) if found else 0.0
