"""Performance monitoring: how many records were scored, how fast, and how many per minute."""

from model_monitoring.analysis.not_measured import NotMeasured
from model_monitoring.datamart.monitoring.base import Monitor
from model_monitoring.datamart.monitoring.outcomes import Measurement, Outcome


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
            "average_processing_time": (None, apt_threshold),
            "records_per_minute": (rpm_threshold, None),
        }
        return self._enable(
            {}, {metric: limit for metric, limit in limits.items() if limit != (None, None)}
        )

    def _measure(self, parameters: dict) -> Outcome:
        """Measure what was logged since the last run.

        Throughput is measured over the time between the first and the last request. The interval of
        the average is that of a mean of many (its standard error, 1.96 times).
        """
        first, last = self._unmeasured()
        found = self._database.rows(
            "SELECT count(*) AS requests, coalesce(sum(row_count), 0)::bigint AS records,"
            " avg(response_time)::float8 AS average_processing_time,"
            " 1.96 * stddev_samp(response_time)::float8 / sqrt(count(response_time)::float8)"
            " AS reach,"
            " min(scored_at) AS first, max(scored_at) AS last FROM scoring_key"
            " WHERE subscription_id = %s AND record_id BETWEEN %s AND %s",
            [self._subscription.subscription_id, first, last],
        )[0]
        if not found["requests"]:
            return Outcome(0, skipped="nothing was logged since the last run")
        minutes = max((found["last"] - found["first"]).total_seconds() / 60, 1.0)
        average, reach = found["average_processing_time"], found["reach"]
        interval = (None, None) if reach is None else (average - reach, average + reach)
        measurements = [
            Measurement("records", found["records"]),
            Measurement("requests", found["requests"]),
            Measurement("average_processing_time", average, *interval),
            Measurement("records_per_minute", found["records"] / minutes),
        ]
        left = []
        if average is None:
            reason = "no request says how long it took"
            left.append(NotMeasured("metric", "average_processing_time", reason))
        window = (found["first"], found["last"])
        return Outcome(
            found["records"], window, measurements, {"last_record": last}, not_measured=left
        )
