"""A metric and the traffic over time, in as many points as a chart can show."""

from datetime import datetime, timedelta

from model_monitoring.datamart.browsing.fragments import OUTSIDE
from model_monitoring.datamart.postgres.database import Database

# Up to this number of measurements, a chart draws each one. If there are more, it draws the means
# of this number of time intervals.
POINTS = 300
DENSE = 250  # measurements read per interval, so that even a long history is drawn quickly
STRETCHES = 144  # intervals in a chart of traffic: ten minutes each for one day
NEWEST = 25  # measurements listed
OF_METRIC = """FROM measurement v
    WHERE (subscription_id, monitor, metric) = (%(id)s, %(monitor)s, %(metric)s)
        AND slice = %(slice)s"""
ENDS = f"""SELECT (SELECT ts {OF_METRIC} ORDER BY ts LIMIT 1) AS first,
    (SELECT ts {OF_METRIC} ORDER BY ts DESC LIMIT 1) AS last"""
SINGLE = f"""SELECT ts, value, ci_low AS low, ci_high AS high, lower_limit, upper_limit,
        {OUTSIDE} AS outside, run_uid, deployment_key AS version, 1 AS measurements
    {OF_METRIC} AND ts >= %(since)s
    ORDER BY ts DESC LIMIT %(points)s + 1"""
MEANS = f"""SELECT stretch.*
    FROM generate_series(0, %(points)s - 1) n CROSS JOIN LATERAL (
        SELECT min(ts) AS ts, avg(value) AS value, min(value) AS low, max(value) AS high,
            max(lower_limit) AS lower_limit, min(upper_limit) AS upper_limit,
            bool_or({OUTSIDE}) AS outside, max(deployment_key) AS version,
            count(*) AS measurements
        FROM (
            SELECT * {OF_METRIC} AND ts >= %(since)s + n * %(width)s
                AND ts < %(since)s + (n + 1) * %(width)s
            ORDER BY ts LIMIT {DENSE}
        ) v
    ) stretch
    WHERE measurements > 0 ORDER BY n"""


class History:
    """Measurements and traffic of a subscription over time."""

    def __init__(self, database: Database):
        self._database = database

    def points(
        self, subscription_id: int, monitor: str, metric: str, slice: str, span: timedelta | None
    ) -> list[dict]:
        """Return a metric's measurements, oldest first, from `span` before the last one.

        Each has ts, value, low, high, outside and `measurements`. Up to POINTS measurements are
        returned as they are; low and high are then the confidence interval. If there are more, the
        means of time intervals are returned: low and high are then the lowest and the highest
        value, and `measurements` the number that was read, at most DENSE.
        """
        which = {
            "id": subscription_id,
            "monitor": monitor,
            "metric": metric,
            "slice": slice,
            "points": POINTS,
        }
        [ends] = self._database.rows(ENDS, which)
        if ends["last"] is None:
            return []
        which["since"] = max(ends["first"], ends["last"] - span) if span else ends["first"]
        single = self._database.rows(SINGLE, which)
        if len(single) <= POINTS:
            return single[::-1]
        # The last interval must end after the last measurement, not at it.
        which["width"] = (ends["last"] - which["since"]) / POINTS + timedelta(microseconds=1)
        return self._database.rows(MEANS, which)

    def newest(self, subscription_id: int, monitor: str, metric: str, slice: str) -> list[dict]:
        """Return the newest measurements of a metric."""
        return self._database.rows(
            f"""SELECT ts, value, ci_low, ci_high, lower_limit, upper_limit, {OUTSIDE} AS outside,
                v.records, run_uid, asset_revision
            FROM measurement v LEFT JOIN deployment d USING (deployment_key)
            WHERE (v.subscription_id, monitor, metric, slice) = (%s, %s, %s, %s)
            ORDER BY ts DESC LIMIT %s""",
            [subscription_id, monitor, metric, slice, NEWEST],
        )

    def traffic(self, subscription_id: int, since: datetime, until: datetime) -> list[dict]:
        """Return rows, requests and response times (ms) in STRETCHES equal time intervals."""
        return self._database.rows(
            """SELECT %(since)s + n * %(width)s AS ts, coalesce(k.rows, 0) AS rows,
                coalesce(k.requests, 0) AS requests, k.mean, k.p95, k.version
            FROM generate_series(0, %(stretches)s - 1) n LEFT JOIN (
                SELECT floor(
                        extract(epoch FROM scored_at - %(since)s) / extract(epoch FROM %(width)s)
                    )::integer AS n,
                    sum(row_count)::bigint AS rows, count(*) AS requests,
                    avg(response_time)::float8 AS mean,
                    percentile_disc(0.95) WITHIN GROUP (ORDER BY response_time)::float8 AS p95,
                    max(deployment_key) AS version
                FROM scoring_key
                WHERE subscription_id = %(id)s
                    AND scored_at >= %(since)s AND scored_at < %(until)s
                GROUP BY 1
            ) k USING (n) ORDER BY 1""",
            {
                "id": subscription_id,
                "since": since,
                "until": until,
                "width": (until - since) / STRETCHES,
                "stretches": STRETCHES,
            },
        )
