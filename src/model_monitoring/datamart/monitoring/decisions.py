"""Whether values open or close alerts: chance is weighed, a point isn't held against a line.

A value outside its limit opens an alert if a model that just meets the limit would rarely give it.
How rarely follows from the false alerts that a subscription bears in a month: half of them are left
to a single window, half to two of three windows in a row, which see a smaller change that lasts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from numbers import Real

import numpy as np
from scipy import stats

from model_monitoring.analysis.proportions import Z

RULES = ("chance", "limits")
SPAN = 3  # windows, of which two may be outside together


@dataclass(frozen=True)
class Look:
    """A metric's value in one window, with what an alert on it depends on.

    `chance` is the probability that a model within the limits gives such a value or a worse one.
    """

    value: float
    ci_low: float | None
    ci_high: float | None
    lower: float | None
    upper: float | None
    chance: float
    window: tuple[datetime | None, datetime | None] = (None, None)

    @property
    def outside(self) -> bool:
        """Whether the value itself is beyond a limit."""
        below = self.lower is not None and self.value < self.lower
        return below or (self.upper is not None and self.value > self.upper)

    @property
    def clear(self) -> bool:
        """Whether the whole interval is within the limits."""
        low = self.value if self.ci_low is None else self.ci_low
        high = self.value if self.ci_high is None else self.ci_high
        return (self.lower is None or low >= self.lower) and (
            self.upper is None or high <= self.upper
        )


@dataclass(frozen=True)
class Rule:
    """How rare a value has to be: `alpha` is the false alerts that a metric may open in a run.

    If it is None, every value outside its limit opens an alert. `share` is the monitor's share of
    the false alerts a month.
    """

    alpha: float | None
    false_alerts_a_month: float = 1.0
    share: float = 1.0

    def level(self, repeated: bool) -> float:
        """Return the largest chance that opens an alert, of one window or of two in three.

        Two of three windows are both at most b by chance in about 2 b² of all windows.
        """
        return sqrt(self.alpha / 4) if repeated else self.alpha / 2


@dataclass(frozen=True)
class Decision:
    """Whether a value opens an alert, closes it or does neither, and why, in words."""

    opens: bool = False
    closes: bool = False
    because: str = ""


def settings(false_alerts_a_month: float, rule: str) -> dict:
    """Return settings for `rule`; see `Subscription.set_alerting`."""
    if rule not in RULES:
        raise ValueError(f"{rule!r} is not a rule of alerts: use {' or '.join(RULES)}.")
    number = false_alerts_a_month
    if isinstance(number, bool) or not isinstance(number, Real) or not 0 < number < float("inf"):
        raise ValueError(f"false_alerts_a_month is {number!r}; it must be a number above 0.")
    return {"rule": rule, "false_alerts_a_month": float(number)}


def rule(settings: dict, monitors: int, metrics: int, runs_a_month: float) -> Rule:
    """Share a subscription's false alerts among its monitors, their runs and their metrics.

    `settings` are those of `Subscription.set_alerting`.
    """
    if settings["rule"] == "limits":
        return Rule(None)
    budget = settings["false_alerts_a_month"]
    share = budget / max(1, monitors)
    return Rule(min(share / (metrics * runs_a_month), 0.5), budget, share)


def chance(
    value: float,
    interval: tuple[float | None, float | None],
    lower: float | None,
    upper: float | None,
) -> float:
    """Return the probability of such a value, or a worse one, if the true one just met the limit.

    It is read off the 95% interval: the side that faces the limit is 1.96 standard errors long. A
    value without an interval is a fact: 0 outside the limits, 1 within. At least one limit is set.
    """
    low, high = interval
    if low is None or high is None:
        low = high = value
    below, above = value - low, high - value
    found = [] if lower is None else [_tail(lower - value, below, above)]
    found += [] if upper is None else [_tail(value - upper, above, below)]
    return min(1.0, min(found) * len(found))


def _tail(beyond: float, outwards: float, inwards: float) -> float:
    """Return the chance of a value at least this far `beyond` a limit that is just met.

    A negative distance is within the limit. The interval reaches `outwards` to the side on which
    the limit is exceeded, and `inwards` to the other.
    """
    reach = inwards if beyond > 0 else outwards
    if reach <= 0:
        return float(beyond <= 0)
    return float(stats.norm.sf(Z * beyond / reach))


def corrected(chances: Sequence[float]) -> list[float]:
    """Correct the chances of a metric's slices for their number, after Benjamini & Hochberg (1995).

    Without it, one of many groups is nearly always outside by chance.
    """
    return stats.false_discovery_control(np.asarray(chances, float)).tolist() if chances else []


def decide(now: Look, before: Sequence[Look], by: Rule) -> Decision:
    """Decide about a value; `before` are the same metric's last two looks, the newest first.

    Windows that share rows with this one are no second evidence, so they don't count as repeated.
    An alert closes as soon as the whole interval is within the limits, or the value is for a while:
    a metric close to its limit would otherwise open and close one over and over.
    """
    if now.outside and (why := _reason(now, before, by)):
        return Decision(opens=True, because=f"The value {_written(now)} is outside its limit{why}.")
    if now.outside:
        return Decision()
    if by.alpha is None or now.clear:
        return Decision(closes=True, because=f"The value {_written(now)} is within its limit.")
    if len(before) == SPAN - 1 and not any(look.outside for look in before):
        because = f"The value was within its limit in {SPAN} windows in a row."
        return Decision(closes=True, because=because)
    return Decision()


def _reason(now: Look, before: Sequence[Look], by: Rule) -> str:
    """Say why a value outside its limits opens an alert; return nothing if chance explains it."""
    limit = f" ({_limits(now)})"
    if by.alpha is None or not now.chance:
        return limit
    once, twice = by.level(repeated=False), by.level(repeated=True)
    budget = _budget(by)
    if now.chance <= once:
        return (
            f"{limit}: a model within it would give such a value in {_share(now.chance)} of all"
            f" windows, and {budget} allows {_share(once)}"
        )
    repeated = [one for one in _apart(now, before) if one.outside and one.chance <= twice]
    if now.chance <= twice and repeated:
        return (
            f"{limit} in {len(repeated) + 1} of {SPAN} windows: a model within it would give each"
            f" in at most {_share(twice)} of all windows, which {budget} allows for two together"
        )
    return ""


def _apart(now: Look, before: Sequence[Look]) -> list[Look]:
    """Return the looks at windows that end before the next one begins."""
    found, start = [], now.window[0]
    for look in before:
        begin, end = look.window
        if start is None or end is None or end > start:
            break
        found.append(look)
        start = begin
    return found


def _limits(look: Look) -> str:
    least = [] if look.lower is None else [f"at least {look.lower:.4g}"]
    most = [] if look.upper is None else [f"at most {look.upper:.4g}"]
    return " and ".join([*least, *most])


def _written(look: Look) -> str:
    if look.ci_low is None or look.ci_high is None:
        return f"{look.value:.4g}"
    return f"{look.value:.4g} (95% interval {look.ci_low:.4g} to {look.ci_high:.4g})"


def _budget(by: Rule) -> str:
    number = by.false_alerts_a_month
    return f"a budget of {number:g} false {'alert' if number == 1 else 'alerts'} a month"


def _share(chance: float) -> str:
    return "less than 0.001%" if chance < 1e-5 else f"{100 * chance:.2g}%"
