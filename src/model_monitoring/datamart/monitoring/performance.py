"""Performance monitoring: how many records were scored, how fast, and how many per minute."""

from collections.abc import Mapping, Sequence

import numpy as np

from model_monitoring.analysis import skewed
from model_monitoring.analysis.not_measured import NotMeasured
from model_monitoring.datamart.monitoring import expecting
from model_monitoring.datamart.monitoring.base import Monitor
from model_monitoring.datamart.monitoring.decisions import Rule
from model_monitoring.datamart.monitoring.outcomes import Measurement, Outcome

LATENCY = "average_processing_time"
BLOCKS = 1000  # of requests that follow each other; each is one of its own up to as many


class PerformanceMonitoring(Monitor):
    """Response time and throughput of one subscription."""

    name = "performance"
    metrics_view = "PerformanceMetrics"

    def enable(
        self, apt_threshold: float | None = None, rpm_threshold: float | None = None
    ) -> dict:
        """Switch performance monitoring on.

        `apt_threshold` is the upper limit of average_processing_time, in milliseconds per request;
        `rpm_threshold` is the lower limit of records_per_minute.
        """
        limits = {
            LATENCY: (None, apt_threshold),
            "records_per_minute": (rpm_threshold, None),
        }
        return self._enable(
            {}, {metric: limit for metric, limit in limits.items() if limit != (None, None)}
        )

    def _seen(self, parameters: dict, by: Rule) -> str:
        limits = {limit["metric"]: limit["upper_limit"] for limit in self._limits()}
        return expecting.performance(limits.get(LATENCY), self._last_interval(LATENCY), by)

    def _measure(self, parameters: dict) -> Outcome:
        """Measure what was logged since the last run.

        Throughput is measured over the time between the first and the last request.
        """
        first, last = self._unmeasured()
        found = self._database.rows(
            "SELECT count(*) AS requests, coalesce(sum(row_count), 0)::bigint AS records,"
            " avg(response_time)::float8 AS average_processing_time,"
            " min(scored_at) AS first, max(scored_at) AS last FROM scoring_key"
            " WHERE subscription_id = %s AND record_id BETWEEN %s AND %s",
            [self._subscription.subscription_id, first, last],
        )[0]
        if not found["requests"]:
            return Outcome(0, skipped="nothing was logged since the last run")
        minutes = max((found["last"] - found["first"]).total_seconds() / 60, 1.0)
        average = found["average_processing_time"]
        measurements = [
            Measurement("records", found["records"]),
            Measurement("requests", found["requests"]),
            self._latency(average, first, last),
            Measurement("records_per_minute", found["records"] / minutes),
        ]
        left = []
        if average is None:
            reason = "no request says how long it took"
            left.append(NotMeasured("metric", LATENCY, reason))
        window = (found["first"], found["last"])
        return Outcome(
            found["records"], window, measurements, {"last_record": last}, not_measured=left
        )

    def _latency(self, average: float | None, first: int, last: int) -> Measurement:
        """Return the average time of the requests with its interval."""
        if average is None:
            return Measurement(LATENCY, None)
        blocks = self._database.rows(
            "SELECT sum(took)::float8 AS took, count(*)::float8 AS requests FROM ("
            " SELECT response_time AS took, ntile(%s) OVER (ORDER BY record_id) AS block"
            " FROM scoring_key WHERE subscription_id = %s AND record_id BETWEEN %s AND %s"
            " AND response_time IS NOT NULL) t GROUP BY block ORDER BY block",
            [BLOCKS, self._subscription.subscription_id, first, last],
        )
        took, requests = (np.array([row[name] for row in blocks]) for name in ("took", "requests"))
        if (bounds := interval(took, requests)) is not None:
            return Measurement(LATENCY, average, *bounds, method=skewed.METHOD)
        # One request is a fact of its own, and so are times that are all alike
        few = 1 < len(took) < skewed.FEWEST
        chance = _chance(took, self._limits()) if few else None
        return Measurement(LATENCY, average, chance=chance, method=skewed.why_not(took, "requests"))


def interval(took: np.ndarray, requests: np.ndarray) -> tuple[float, float] | None:
    """Return the interval of the average time, None if nothing can be said.

    Times have a long tail (see analysis/skewed.py). Of more than a thousand requests, those that
    follow each other are summed, so that slow spells count as what they are (Künsch 1989).

    Args:
        took: the sum of each block's times, shape (b,).
        requests: how many each block has, shape (b,).
    """
    bounds = skewed.ratio(took, requests, skewed.draws(len(took), np.random.default_rng(0)))
    if bounds is None:
        return None
    average = float(took.sum() / requests.sum())
    return min(bounds[0], average), max(bounds[1], average)


def _chance(took: np.ndarray, limits: Sequence[Mapping]) -> float | None:
    """Return how rare such times are at most, if their true average just meets the upper limit.

    The product of n times, each divided by the limit, averages at most 1 then, whatever their
    distribution; so it exceeds x in at most 1/x of all windows (Markov; Shafer 2021). None: there
    is no limit above 0.
    """
    upper = [limit["upper_limit"] for limit in limits if limit["metric"] == LATENCY]
    if not upper or upper[0] <= 0:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        product = np.log(took / upper[0]).sum()
    return float(min(1.0, np.exp(-product))) if np.isfinite(product) else 1.0
