"""The state of every subscription: its monitors, and what each of them last measured."""

import pandas as pd

from model_monitoring.datamart.browsing.fragments import OUTSIDE, UNRESOLVED
from model_monitoring.datamart.postgres.database import Database

TREND = 40  # measurements in a trend line
MONITORS = "FROM monitor m JOIN subscription s USING (subscription_id)"
# For each monitor, the last run that measured something.
MEASURED = """
    LEFT JOIN LATERAL (
        SELECT run_uid FROM run r
        WHERE (r.subscription_id, r.monitor) = (m.subscription_id, m.monitor)
            AND r.state = 'finished'
        ORDER BY started DESC LIMIT 1
    ) measured ON true"""
LAST_MEASUREMENTS = f"""
    SELECT s.subscription_uid AS uid, s.name AS subscription, s.source_uid AS deployment,
        m.monitor AS metric_type, v.metric, v.slice, v.value, v.ci_low, v.ci_high,
        v.lower_limit, v.upper_limit, {OUTSIDE} AS outside, v.chance, v.ts AS timestamp, v.run_uid,
        ({UNRESOLVED} m.subscription_id
            AND (a.monitor, a.metric, a.slice) = (v.monitor, v.metric, v.slice)) AS issues
    {MONITORS} {MEASURED} JOIN measurement v ON v.run_uid = measured.run_uid
    WHERE %(id)s IS NULL OR s.subscription_id = %(id)s"""


class Overview:
    """Every subscription and its monitors, as they are now."""

    def __init__(self, database: Database):
        self._database = database

    def subscriptions(self) -> list[dict]:
        """Return every subscription, with its number of unresolved alerts."""
        return self._database.rows(
            f"""SELECT s.subscription_id, s.subscription_uid AS uid, s.name, s.source_uid,
                s.asset->>'problem_type' AS problem_type, b.name AS binding, b.service_type,
                s.created_at, ({UNRESOLVED} s.subscription_id) AS alerts
            FROM subscription s JOIN binding b USING (binding_uid) ORDER BY lower(s.name)"""
        )

    def monitors(self) -> list[dict]:
        """Return one measurement of every monitor, and its trend.

        Its state is in `mart.alerts.check_health()`. The measurement is from the last run that
        measured something. Values with an unresolved alert come first, then values outside their
        limits, then values with limits, then values of all rows rather than of a slice.
        """
        return self._database.rows(
            f"""SELECT s.subscription_uid AS uid, m.monitor,
                h.metric, h.slice, h.value, h.lower_limit, h.upper_limit, h.outside,
                ARRAY(SELECT value FROM (
                    SELECT ts, value FROM measurement
                    WHERE (subscription_id, monitor, metric)
                        = (m.subscription_id, m.monitor, h.metric) AND slice = h.slice
                    ORDER BY ts DESC LIMIT %s) t ORDER BY ts) AS trend
            {MONITORS} {MEASURED}
            LEFT JOIN LATERAL (
                SELECT *, {OUTSIDE} AS outside FROM measurement v WHERE run_uid = measured.run_uid
                ORDER BY ({UNRESOLVED} m.subscription_id AND (a.monitor, a.metric, a.slice)
                        = (m.monitor, v.metric, v.slice)) DESC,
                    outside DESC, coalesce(lower_limit, upper_limit) IS NULL, slice <> '',
                    value IS NULL, metric, slice
                LIMIT 1
            ) h ON true
            ORDER BY m.monitor""",
            [TREND],
        )

    def last_measurements(self, subscription_id: int | None = None) -> list[dict]:
        """Return what each monitor's last finished run measured, for one subscription or all.

        `issues` is the metric's number of unresolved alerts.
        """
        return self._database.rows(
            f"{LAST_MEASUREMENTS} ORDER BY s.name, m.monitor, v.slice, v.metric",
            {"id": subscription_id},
        )


def deployment_metrics(database: Database, subscription_id: int | None = None) -> pd.DataFrame:
    """Return `Overview.last_measurements` as a frame with AI OpenScale's columns."""
    return database.frame(
        f"""SELECT subscription, deployment, metric_type, metric, slice, value, issues, timestamp
        FROM ({LAST_MEASUREMENTS}) last
        ORDER BY subscription, metric_type, metric, slice""",
        {"id": subscription_id},
    )
