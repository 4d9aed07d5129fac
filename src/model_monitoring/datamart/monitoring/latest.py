"""The last measurements of every monitor."""

import pandas as pd

from model_monitoring.datamart.postgres.database import Database


def deployment_metrics(database: Database, subscription_id: int | None = None) -> pd.DataFrame:
    """Return each monitor's last measurements, of one subscription or of all, with the number of
    unresolved alerts.
    """
    return database.frame(
        "SELECT s.name AS subscription, s.source_uid AS deployment, m.monitor AS metric_type,"
        " m.metric, m.slice,"
        " m.value, (SELECT count(*) FROM alert a WHERE a.state <> 'closed' AND (a.subscription_id,"
        " a.monitor, a.metric,"
        " a.slice) = (m.subscription_id, m.monitor, m.metric, m.slice)) AS issues, m.ts AS"
        " timestamp"
        " FROM subscription s JOIN monitor o USING (subscription_id) CROSS JOIN LATERAL (SELECT"
        " run_uid FROM run r"
        " WHERE (r.subscription_id, r.monitor, r.state) = (o.subscription_id, o.monitor,"
        " 'finished')"
        " ORDER BY started DESC LIMIT 1) last JOIN measurement m USING (run_uid)"
        " WHERE %s IS NULL OR s.subscription_id = %s ORDER BY s.name, m.monitor, m.metric, m.slice",
        [subscription_id, subscription_id],
    )
