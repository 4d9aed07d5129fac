"""One measured value with its interval, and how the interval was computed."""

from dataclasses import dataclass

from ..proportions import exact

EXACT = "Clopper-Pearson, exact"


@dataclass(frozen=True)
class Metric:
    """Hold one measured value and its 95% interval.

    ``value`` is None if the metric is undefined. ``method`` says how the bounds were computed, or,
    if they are None, why nothing can be said.
    """

    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    method: str = ""


def proportion(successes: int, trials: int) -> Metric:
    """Pair a proportion with its exact interval."""
    if not trials:
        return Metric(None)
    low, high = exact(successes, trials)
    return Metric(successes / trials, float(low), float(high), EXACT)
