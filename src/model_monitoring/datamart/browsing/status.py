"""What pages and listings show, read from the data mart's tables.

Every query is bounded by an index and a limit, so that a page stays quick however long the data
mart has been at it.
"""

from datetime import datetime, timedelta

from psycopg2 import sql

from model_monitoring.datamart import Subscription
from model_monitoring.datamart.postgres.database import Cursor, Database
from model_monitoring.datamart.tables import tables

TREND = 40  # measurements in a trend line
# Measurements drawn one by one; of more, a chart draws the means of as many stretches of time
POINTS = 300
DENSE = 250  # measurements read of each stretch, so that no history is too long to be drawn at once
STRETCHES = 144  # of a chart of traffic: ten minutes each in a day
RUNS, ALERTS = 25, 200  # listed at most
OUTSIDE = "(coalesce(value < lower_limit, false) OR coalesce(value > upper_limit, false))"
UNRESOLVED = "SELECT count(*) FROM alert a WHERE a.state <> 'closed' AND a.subscription_id = "
# One row per monitor (m, s): its last run, and the last that measured something.
LAST_RUNS = """
    FROM monitor m JOIN subscription s USING (subscription_id)
    LEFT JOIN LATERAL (
        SELECT run_uid, state, started FROM run r
        WHERE (r.subscription_id, r.monitor) = (m.subscription_id, m.monitor) ORDER BY started DESC LIMIT 1
    ) last ON true
    LEFT JOIN LATERAL (
        SELECT run_uid FROM run r WHERE (r.subscription_id, r.monitor) = (m.subscription_id, m.monitor)
        AND state = 'finished' ORDER BY started DESC LIMIT 1
    ) measured ON true"""


def subscriptions(database: Database) -> list[dict]:
    """Return every subscription, with its number of unresolved alerts."""
    return database.rows(
        f"""SELECT s.subscription_id, s.subscription_uid AS uid, s.name, s.source_uid,
            s.asset->>'problem_type' AS problem_type, b.name AS binding, b.service_type, s.created_at,
            ({UNRESOLVED} s.subscription_id) AS alerts
        FROM subscription s JOIN binding b USING (binding_uid) ORDER BY lower(s.name)"""
    )


def monitors(database: Database) -> list[dict]:
    """Return every monitor: last run, open alerts, and the measurement most worth showing with its
    trend.

    That is, of the last run that measured something, one outside its limits before one within, one
    with limits before one without, and one of the whole before one of a slice.
    """
    return database.rows(
        f"""SELECT s.subscription_uid AS uid, m.monitor, m.enabled, last.run_uid AS last_run, last.state, last.started,
            h.metric, h.slice, h.value, h.lower_limit, h.upper_limit, h.outside,
            ({UNRESOLVED} m.subscription_id AND a.monitor = m.monitor) AS alerts,
            ARRAY(SELECT value FROM (
                SELECT ts, value FROM measurement
                WHERE (subscription_id, monitor, metric) = (m.subscription_id, m.monitor, h.metric) AND slice = h.slice
                ORDER BY ts DESC LIMIT %s) t ORDER BY ts) AS trend
        {LAST_RUNS}
        LEFT JOIN LATERAL (
            SELECT *, {OUTSIDE} AS outside FROM measurement WHERE run_uid = measured.run_uid
            ORDER BY outside DESC, coalesce(lower_limit, upper_limit) IS NULL, slice <> '', value IS NULL, metric
            LIMIT 1
        ) h ON true
        ORDER BY m.monitor""",
        [TREND],
    )


def last_measurements(database: Database, subscription_uid: str | None = None) -> list[dict]:
    """Return what each monitor's last finished run measured, with each metric's number of
    unresolved alerts.
    """
    return database.rows(
        f"""SELECT s.subscription_uid AS uid, s.name AS subscription, s.source_uid AS deployment,
            m.monitor AS metric_type, v.metric, v.slice, v.value, v.ci_low, v.ci_high, v.lower_limit, v.upper_limit,
            {OUTSIDE} AS outside, v.ts AS timestamp, v.run_uid, ({UNRESOLVED} m.subscription_id
            AND (a.monitor, a.metric, a.slice) = (v.monitor, v.metric, v.slice)) AS issues
        {LAST_RUNS} JOIN measurement v ON v.run_uid = measured.run_uid
        WHERE %(uid)s IS NULL OR s.subscription_uid::text = %(uid)s
        ORDER BY s.name, m.monitor, v.slice, v.metric""",
        {"uid": subscription_uid},
    )


def measurements(database: Database, run_uid: str) -> list[dict]:
    """Return what a run measured."""
    return database.rows(
        f"SELECT metric, slice, value, ci_low, ci_high, lower_limit, upper_limit, {OUTSIDE} AS outside"
        " FROM measurement WHERE run_uid = %s::uuid ORDER BY slice, metric",
        [run_uid],
    )


def runs(database: Database, subscription_id: int) -> list[dict]:
    """Return a subscription's newest runs."""
    return database.rows(
        """SELECT r.run_uid, r.monitor, r.state, r.started, r.finished, r.records, r.details->>'reason' AS reason,
            r.details->>'error' AS error
        FROM monitor m CROSS JOIN LATERAL (
            SELECT * FROM run r WHERE (r.subscription_id, r.monitor) = (m.subscription_id, m.monitor)
            ORDER BY started DESC LIMIT %(most)s
        ) r WHERE m.subscription_id = %(id)s ORDER BY r.started DESC LIMIT %(most)s""",
        {"id": subscription_id, "most": RUNS},
    )


def remarks(database: Database, subscription_id: int) -> list[dict]:
    """Return how a subscription's table changed, and which captured lines could not be taken in,
    newest first.
    """
    return database.rows(
        """(SELECT changed_at AS ts, change AS remark FROM schema_change
            WHERE subscription_id = %(id)s ORDER BY changed_at DESC LIMIT %(most)s)
        UNION ALL
        (SELECT happened_at, format('not taken in: %%s, line %%s: %%s', uri, line_number, reason) FROM payload_error
            WHERE subscription_id = %(id)s ORDER BY happened_at DESC LIMIT %(most)s)
        ORDER BY ts DESC LIMIT %(most)s""",
        {"id": subscription_id, "most": RUNS},
    )


def run(database: Database, run_uid: str) -> dict | None:
    """Return a run, with the model version that it measured."""
    found = database.rows(
        "SELECT r.*, s.name AS subscription, s.subscription_uid, (SELECT d.asset_revision FROM measurement v"
        " JOIN deployment d USING (deployment_key) WHERE v.run_uid = r.run_uid LIMIT 1) AS asset_revision"
        " FROM run r JOIN subscription s USING (subscription_id) WHERE run_uid = %s::uuid",
        [run_uid],
    )
    return found[0] if found else None


def alerts(
    database: Database,
    state: str | None = None,
    subscription_uid: str | None = None,
    run_uid: str | None = None,
) -> list[dict]:
    """Return alerts, unresolved and newest first: all, those in a state, of a subscription, or a
    run's doing.
    """
    return database.rows(
        """SELECT a.*, s.name AS subscription, s.subscription_uid
        FROM alert a JOIN subscription s USING (subscription_id)
        WHERE (%(state)s IS NULL OR a.state = %(state)s) AND (%(uid)s IS NULL OR s.subscription_uid::text = %(uid)s)
        AND (%(run)s IS NULL OR %(run)s IN (a.opened_by_run::text, a.closed_by_run::text))
        ORDER BY a.state = 'closed', a.opened_at DESC, a.alert_id DESC LIMIT %(limit)s""",
        {"state": state, "uid": subscription_uid, "run": run_uid, "limit": ALERTS},
    )


def history(
    database: Database,
    subscription_id: int,
    monitor: str,
    metric: str,
    slice: str,
    span: timedelta | None,
) -> list[dict]:
    """Return a metric's measurements, oldest first, from `span` before the last one: ts, value,
    low, high, outside.

    Up to POINTS of them come as measured, low and high being the interval. More come as the means
    of stretches of time, low and high being the least and the greatest value, and `measurements`
    the number read, DENSE at most.
    """
    which = {
        "id": subscription_id,
        "monitor": monitor,
        "metric": metric,
        "slice": slice,
        "points": POINTS,
    }
    of_metric = (
        "FROM measurement v WHERE (subscription_id, monitor, metric) = (%(id)s, %(monitor)s, %(metric)s)"
        " AND slice = %(slice)s"
    )
    ends = database.rows(
        f"SELECT (SELECT ts {of_metric} ORDER BY ts LIMIT 1) AS first,"
        f" (SELECT ts {of_metric} ORDER BY ts DESC LIMIT 1) AS last",
        which,
    )[0]
    if ends["last"] is None:
        return []
    which["since"] = max(ends["first"], ends["last"] - span) if span else ends["first"]
    single = database.rows(
        f"SELECT ts, value, ci_low AS low, ci_high AS high, lower_limit, upper_limit, {OUTSIDE} AS outside, run_uid,"
        f" deployment_key AS version, 1 AS measurements {of_metric} AND ts >= %(since)s"
        " ORDER BY ts DESC LIMIT %(points)s + 1",
        which,
    )
    if len(single) <= POINTS:
        return single[::-1]
    which["width"] = (ends["last"] - which["since"]) / POINTS + timedelta(microseconds=1)
    return database.rows(
        f"""SELECT stretch.* FROM generate_series(0, %(points)s - 1) n CROSS JOIN LATERAL (
            SELECT min(ts) AS ts, avg(value) AS value, min(value) AS low, max(value) AS high,
                max(lower_limit) AS lower_limit, min(upper_limit) AS upper_limit, bool_or({OUTSIDE}) AS outside,
                max(deployment_key) AS version, count(*) AS measurements
            FROM (
                SELECT * {of_metric} AND ts >= %(since)s + n * %(width)s AND ts < %(since)s + (n + 1) * %(width)s
                ORDER BY ts LIMIT {DENSE}
            ) v
        ) stretch WHERE measurements > 0 ORDER BY n""",
        which,
    )


def newest(
    database: Database, subscription_id: int, monitor: str, metric: str, slice: str
) -> list[dict]:
    """Return the newest measurements of a metric."""
    return database.rows(
        f"SELECT ts, value, ci_low, ci_high, lower_limit, upper_limit, {OUTSIDE} AS outside, v.records, run_uid,"
        " asset_revision FROM measurement v LEFT JOIN deployment d USING (deployment_key)"
        " WHERE (v.subscription_id, monitor, metric, slice) = (%s, %s, %s, %s) ORDER BY ts DESC LIMIT %s",
        [subscription_id, monitor, metric, slice, RUNS],
    )


def traffic(
    database: Database, subscription_id: int, since: datetime, until: datetime
) -> list[dict]:
    """Return rows, requests and response times (ms) of a subscription in STRETCHES equal stretches
    of time.
    """
    return database.rows(
        """SELECT %(since)s + n * %(width)s AS ts, coalesce(k.rows, 0) AS rows, coalesce(k.requests, 0) AS requests,
            k.mean, k.p95, k.version
        FROM generate_series(0, %(stretches)s - 1) n LEFT JOIN (
            SELECT floor(extract(epoch FROM scored_at - %(since)s) / extract(epoch FROM %(width)s))::integer AS n,
                sum(row_count)::bigint AS rows, count(*) AS requests, avg(response_time)::float8 AS mean,
                percentile_disc(0.95) WITHIN GROUP (ORDER BY response_time)::float8 AS p95,
                max(deployment_key) AS version
            FROM scoring_key
            WHERE subscription_id = %(id)s AND scored_at >= %(since)s AND scored_at < %(until)s GROUP BY 1
        ) k USING (n) ORDER BY 1""",
        {
            "id": subscription_id,
            "since": since,
            "until": until,
            "width": (until - since) / STRETCHES,
            "stretches": STRETCHES,
        },
    )


def payload_rows(
    database: Database, subscription: Subscription, limit: int, offset: int
) -> tuple[list[str], list]:
    """Return names and values of payload rows in the order they were stored; ValueError before the
    first payload.
    """
    table = subscription.table()
    part = _part(table.payload, "record_id, row_number", limit, offset)
    query = sql.SQL("{} ORDER BY p.record_id, p.row_number").format(
        tables.payload_query(table, part)
    )
    return _listing(database, query, table)


def feedback_rows(
    database: Database, subscription: Subscription, limit: int, offset: int
) -> tuple[list[str], list]:
    """Return names and values of feedback rows, oldest first; ValueError before the first
    payload.
    """
    table = subscription.table()
    order = "record_timestamp, record_id, row_number"
    part = _part(table.feedback, order, limit, offset)
    query = sql.SQL("{} ORDER BY f.record_timestamp, f.record_id, f.row_number").format(
        tables.feedback_query(table, part)
    )
    return _listing(database, query, table)


def _part(table: str, order: str, limit: int, offset: int) -> sql.Composable:
    return sql.SQL("(SELECT * FROM {} ORDER BY {} LIMIT {} OFFSET {})").format(
        sql.Identifier(table), sql.SQL(order), sql.Literal(limit), sql.Literal(offset)
    )


def _listing(
    database: Database, query: sql.Composable, table: tables.Table
) -> tuple[list[str], list]:
    names = {column.column_name: column.name for column in table.columns}

    def work(cursor: Cursor) -> tuple[list[str], list]:
        cursor.execute(query)
        return [
            names.get(column.name, column.name) for column in cursor.description
        ], cursor.fetchall()

    return database.run(work)
