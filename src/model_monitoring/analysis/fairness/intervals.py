"""95% intervals of Clarify's metrics of one comparison, from its counts.

Differences and ratios of rates have intervals built from those of their parts (proportions.py), so
that they cover at twenty rows, too. A distance is a function of two rates that is 0 where they are
equal: its interval follows from that of their signed difference, and holds 0 if that does. A
bootstrap of a distance never reaches 0.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .. import posterior
from ..proportions import difference, exact, mid_p, paired_ratio, ratio
from . import metrics

SQUARE_AND_ADD = "Newcombe's square-and-add, of mid-P intervals"
RATIO = "score, of the ratio of two proportions (Koopman)"
PAIRED = "square-and-add, of Bonett & Price's ratios of paired proportions"
DISTANCE = f"{SQUARE_AND_ADD}, of the signed distance"
POSTERIOR = posterior.METHOD
EXACT = "Clopper-Pearson, exact"
TOO_FEW = "No interval: too few rows"


class Bounds(NamedTuple):
    """Hold an interval and how it was computed; None and why there is no interval."""

    low: float | None
    high: float | None
    method: str


def bounds(pair: np.ndarray, has_strata: bool, rng: np.random.Generator) -> dict[str, Bounds]:
    """Bound every metric except FT of a comparison, a table (2, strata, 3, 3) as in metrics.py."""
    table = pair.sum(axis=1)
    labels, predictions = table[:, :2].sum(axis=2), table[:, :, :2].sum(axis=1)
    both = table[:, :2, :2]
    found = {
        "CI": _bounds(*_imbalance(table.sum(axis=(1, 2))), EXACT),
        "DI": _bounds(*ratio(predictions[:, 1], predictions.sum(axis=1)), RATIO),
        "GE": _of_table(both.sum(axis=0), _spread, rng, lowest=0.0, back=_entropy_of_spread),
        **_of_rates(labels, predictions, both),
        **_of_margins(both),
    }
    if has_strata:
        strata = np.swapaxes(pair, 0, 1)
        for name, counts in (
            ("CDDL", strata[:, :, :2].sum(axis=-1)),
            ("CDDPL", strata[..., :2].sum(axis=-2)),
        ):
            found[name] = _of_table(counts, metrics.conditional_disparity, rng, lowest=-1.0)
    return found


def _bounds(low, high, method: str) -> Bounds:
    """Keep finite bounds only."""
    low, high = float(low), float(high)
    if not np.isfinite([low, high]).all():
        return Bounds(None, None, TOO_FEW)
    return Bounds(low, high, method)


def _imbalance(rows: np.ndarray) -> tuple[float, float]:
    low, high = exact(rows[1], rows.sum())
    return 1 - 2 * high, 1 - 2 * low


def _of_rates(labels: np.ndarray, predictions: np.ndarray, both: np.ndarray) -> dict[str, Bounds]:
    """Bound all metrics that compare one rate of each group."""
    tn, fp, fn, tp = (both[:, i, j] for i in (0, 1) for j in (0, 1))
    # What counts in the rate, out of which rows, and the sign that the metric has
    parts = {
        "DPL": (labels[:, 1], labels.sum(axis=1), -1),
        "DPPL": (predictions[:, 1], predictions.sum(axis=1), -1),
        "AD": (tn + tp, both.sum(axis=(1, 2)), -1),
        "DAR": (tp, tp + fp, -1),
        "RD": (tp, tp + fn, -1),
        "DRR": (tn, tn + fn, 1),
        "SD": (tn, tn + fp, 1),
        "TE": (fn, fn + fp, 1),
    }
    successes, trials = (np.stack([part[i] for part in parts.values()]) for i in (0, 1))
    low, high = mid_p(successes, trials)
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = successes / trials
        # Wrong rejections per wrong acceptance are the odds of the last rate
        for values in (rates, low, high):
            values[-1] /= 1 - values[-1]
    below, above = difference(rates, (low, high))
    found = {}
    for at, (name, (_, _, sign)) in enumerate(parts.items()):
        ends = (below[at], above[at]) if sign > 0 else (-above[at], -below[at])
        found[name] = _bounds(*ends, SQUARE_AND_ADD)
    return found | _distances(rates[0], low[0], high[0])


def _of_margins(both: np.ndarray) -> dict[str, Bounds]:
    """Bound DCA and DCR: differences of ratios of margins, which share rows."""
    tn, fp, fn, tp = (both[:, i, j].astype(float) for i in (0, 1) for j in (0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        accepted, rejected = (tp + fn) / (tp + fp), (tn + fp) / (tn + fn)
        low, high = difference(accepted, paired_ratio(tp, fn, fp))
        return {
            "DCA": _bounds(-high, -low, PAIRED),
            "DCR": _bounds(*difference(rejected, paired_ratio(tn, fp, fn)), PAIRED),
        }


def _distances(share: np.ndarray, low: np.ndarray, high: np.ndarray) -> dict[str, Bounds]:
    """Bound the distances of two labels' shares from the shares and their bounds, (2,) each.

    JS and KL grow with the square of the difference, so that their signed root is bounded. Two
    labels make KS and TVD the size of the difference, and LP the root of 2 times it.
    """
    if np.isnan(share).any():
        return dict.fromkeys(("JS", "KL", "KS", "LP", "TVD"), Bounds(None, None, TOO_FEW))
    found = {}
    for name, signed, power in (
        ("JS", _signed_js, 2),
        ("KL", _signed_kl, 2),
        ("TVD", lambda a, d: d - a, 1),
    ):
        point = signed(share[0], share[1])
        with np.errstate(invalid="ignore"):
            below, above = (
                point
                + side
                * np.hypot(
                    signed(share[0], of_group) - point, signed(of_reference, share[1]) - point
                )
                for side, of_group, of_reference in ((-1, low[1], high[0]), (1, high[1], low[0]))
            )
        ends = np.abs([below, above])
        nearest = 0.0 if below <= 0 <= above else ends.min()
        found[name] = _bounds(nearest**power, ends.max() ** power, DISTANCE)
    low, high, method = found["KS"] = found["TVD"]
    found["LP"] = _bounds(low * np.sqrt(2), high * np.sqrt(2), method)
    return found


def _signed_js(a: float, d: float) -> float:
    middle = (a + d) / 2
    return _root(a, d, (_kl(a, middle) + _kl(d, middle)) / 2)


def _signed_kl(a: float, d: float) -> float:
    return _root(a, d, _kl(a, d))


def _root(a: float, d: float, distance: float) -> float:
    return np.sign(d - a) * np.sqrt(max(distance, 0.0))


def _kl(a: float, d: float) -> float:
    """Divergence of shares a and 1 - a from d and 1 - d; infinite if d lacks what a has."""
    parts = [(a, d), (1 - a, 1 - d)]
    return sum(0.0 if p == 0 else np.inf if q == 0 else p * np.log(p / q) for p, q in parts)


def _of_table(
    counts: np.ndarray,
    statistic: Callable,
    rng: np.random.Generator,
    lowest: float,
    back: Callable = lambda value: value,
) -> Bounds:
    """Bound a statistic of a table; ``back`` turns it into the metric."""
    point = float(statistic(counts[None].astype(float))[0]) if counts.any() else np.nan
    if not np.isfinite(point):
        return Bounds(None, None, TOO_FEW)
    low, high = posterior.interval(point, counts, statistic, rng, lowest)
    with np.errstate(divide="ignore"):
        return _bounds(back(low), back(high), POSTERIOR)


def _spread(tables: np.ndarray) -> np.ndarray:
    """Squash GE from 0 to infinity into 0..1: the variance of benefits over their mean square."""
    entropy = metrics.entropy(tables)
    return 2 * entropy / (2 * entropy + 1)


def _entropy_of_spread(share: float) -> float:
    return np.float64(share) / (2 * (1 - np.float64(share)))
