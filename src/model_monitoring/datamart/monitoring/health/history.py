"""What the tables say of each monitor's runs, in a few queries however many monitors there are."""

from collections.abc import Sequence

from model_monitoring.datamart.postgres.database import Cursor

METRIC = "health"  # of alerts on monitors; their slice is the state
RECENT = 40  # runs of a monitor that its rhythm is taken from
MEASURED = 20  # runs that measured something, by which it is known how often one does
LACKING = 60  # runs that are searched for the last one that counts
HUNG = "interval '1 day'"  # a run that is still running then was stopped
STOPPED = "it never ended, so its process was probably stopped"
LONGEST = 300  # characters quoted of an error or a reason

SOUGHT = 1000  # finished runs in which it is sought how often new rows or labels came

# A run of the future is one from before the clock was set back.
OF = """(r.subscription_id, r.monitor) = (m.subscription_id, m.monitor)
    AND r.started < now() + interval '1 hour'"""
# When the newest label came that a run of quality measured, or when the newest row was scored; rows
# from before the monitor was enabled are taken to be no older than that. Drift and performance
# measure no row twice. What is unknown, or ahead, is taken to be as old as the run.
NEWEST = """extract(epoch FROM least(r.finished, CASE
    WHEN r.monitor = 'quality' THEN to_timestamp((r.details->>'last_label')::float8)
    WHEN r.monitor NOT IN ('drift', 'performance') THEN greatest(r.window_end, m.enabled_at)
    END))::float8"""
# What became of a run. One without a baseline needs a person, others may only lack rows.
KIND = f"""CASE
    WHEN state = 'running' AND started < now() - {HUNG} THEN 'failed'
    WHEN state = 'skipped' AND details ? 'no_baseline' THEN 'no baseline'
    ELSE state END"""
# Whether a run's result counts: it has values, one of each metric with a limit, and isn't doubted.
# Only the drift monitor estimates. The details of other runs may be large, and aren't read.
DOUBTED = "(CASE WHEN {run}.monitor = 'drift' THEN {run}.details->>'believable' = 'false' END)"
UNKNOWN = """FROM measurement v WHERE v.run_uid = {run}.run_uid AND value IS NULL
    AND coalesce(lower_limit, upper_limit) IS NOT NULL
    AND NOT EXISTS (SELECT FROM measurement w
        WHERE (w.run_uid, w.metric) = (v.run_uid, v.metric) AND w.value IS NOT NULL)"""
# With EXISTS, PostgreSQL might read all measurements to answer for all runs at once.
COUNTS = f"""((SELECT true {UNKNOWN} LIMIT 1) IS NULL AND {DOUBTED} IS NOT TRUE
    AND (SELECT true FROM measurement v WHERE v.run_uid = {{run}}.run_uid
        AND value IS NOT NULL LIMIT 1) IS NOT NULL)"""

LATEST = f"SELECT run_uid AS last_run FROM run r WHERE {OF} ORDER BY started DESC LIMIT 1"

MONITORS = f"""
    SELECT m.subscription_id, s.subscription_uid AS uid, s.name AS subscription, m.monitor,
        m.enabled, m.enabled_at, now() AS now, ran.starts, last.last_run,
        first.started AS first, ended.*, measured.started AS measured, measured.newest,
        {COUNTS.format(run="measured")} AS counts,
        coalesce(a.alerts, 0) AS alerts, a.opened_at, a.known_blind
    FROM monitor m JOIN subscription s ON s.subscription_id = m.subscription_id
    LEFT JOIN LATERAL (
        SELECT array_agg(extract(epoch FROM started)::float8) AS starts
        FROM (SELECT started FROM run r WHERE {OF} ORDER BY started DESC LIMIT {RECENT}) newest
    ) ran ON true
    LEFT JOIN LATERAL ({LATEST}) last ON true
    LEFT JOIN LATERAL (
        SELECT started FROM run r WHERE {OF} ORDER BY started LIMIT 1
    ) first ON m.enabled
    LEFT JOIN LATERAL (
        SELECT extract(epoch FROM started)::float8 AS ended, {KIND} AS kind,
            CASE state WHEN 'running' THEN '{STOPPED}'
                WHEN 'finished' THEN NULL
                ELSE left(coalesce(details->>'error', details->>'reason'), {LONGEST})
            END AS reason
        FROM run r WHERE {OF} AND (state <> 'running' OR started < now() - {HUNG})
        ORDER BY started DESC LIMIT 1
    ) ended ON m.enabled
    LEFT JOIN LATERAL (
        SELECT run_uid, monitor, started, details, {NEWEST} AS newest
        FROM run r WHERE {OF} AND state = 'finished' ORDER BY started DESC LIMIT 1
    ) measured ON m.enabled
    LEFT JOIN (
        SELECT subscription_id, monitor, count(*) FILTER (WHERE metric <> '{METRIC}') AS alerts,
            min(opened_at) FILTER (WHERE metric <> '{METRIC}') AS opened_at,
            min(opened_at) FILTER (WHERE (metric, slice) = ('{METRIC}', 'blind')) AS known_blind
        FROM alert WHERE state <> 'closed' GROUP BY subscription_id, monitor
    ) a ON (a.subscription_id, a.monitor) = (m.subscription_id, m.monitor)
    WHERE %(id)s IS NULL OR m.subscription_id = %(id)s
    ORDER BY lower(s.name), m.monitor"""

# How long ago runs measured something that counts, and why the last one doesn't.
EARLIER = f"""
    SELECT m.subscription_id, m.monitor, found.*, extract(epoch FROM silent.since)::float8 AS since
    FROM unnest(%(ids)s::integer[], %(monitors)s::text[], %(most)s::integer[])
        AS m (subscription_id, monitor, most)
    CROSS JOIN LATERAL (
        SELECT array_agg(extract(epoch FROM started)::float8) AS starts,
            array_agg(m.most = {MEASURED} OR {COUNTS.format(run="f")}) AS counts,
            (array_agg(f.run_uid))[1] AS newest, max(started) AS last
        FROM (SELECT run_uid, monitor, started, details FROM run r
            WHERE {OF} AND state = 'finished' ORDER BY started DESC LIMIT m.most) f
    ) past
    CROSS JOIN LATERAL (
        SELECT past.starts, past.counts,
            ARRAY(SELECT DISTINCT metric {UNKNOWN.format(run="l")}) AS lacking,
            CASE WHEN {DOUBTED.format(run="l")} THEN l.details->'doubts' END AS doubts,
            l.details->'not_measured' AS left_out
        FROM run l WHERE l.run_uid = past.newest
    ) found
    LEFT JOIN LATERAL (
        SELECT started AS since FROM run r WHERE {OF} AND started > past.last
        ORDER BY started LIMIT 1
    ) silent ON true"""

# How many of the last runs are of a kind.
STREAK = f"""
    SELECT count(*) AS runs, extract(epoch FROM min(started))::float8 AS since
    FROM run r, (SELECT %(id)s AS subscription_id, %(monitor)s AS monitor) m
    WHERE {OF} AND {KIND} = %(kind)s AND started > coalesce((
        SELECT max(started) FROM run r WHERE {OF} AND {KIND} NOT IN (%(kind)s, 'running')
    ), '-infinity')"""

# When the newest rows or labels came that runs measured, each once.
ARRIVALS = f"""
    SELECT DISTINCT newest FROM (
        SELECT {NEWEST} AS newest FROM run r JOIN monitor m ON {OF}
        WHERE (m.subscription_id, m.monitor) = (%(id)s, %(monitor)s) AND state = 'finished'
        ORDER BY r.started DESC LIMIT {SOUGHT}
    ) n ORDER BY newest DESC LIMIT {RECENT}"""


def read(cursor: Cursor, subscription_id: int | None) -> list[dict]:
    """Return what is known of each monitor, of one subscription or of all."""
    return _rows(cursor, MONITORS, {"id": subscription_id})


def earlier(cursor: Cursor, rows: Sequence[dict]) -> dict[tuple[int, str], dict]:
    """Return the earlier measurements of some monitors, by subscription and monitor.

    `starts` and `counts` are those of runs that measured something, newest first; `since` is when
    the first run after them began. If the newest counts, the others are taken to count too.
    """
    asked = {
        "ids": [row["subscription_id"] for row in rows],
        "monitors": [row["monitor"] for row in rows],
        "most": [MEASURED if row["counts"] else LACKING for row in rows],
    }
    found = _rows(cursor, EARLIER, asked) if rows else []
    return {(row["subscription_id"], row["monitor"]): row for row in found}


def newest(
    cursor: Cursor, monitors: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], str | None]:
    """Return the run that each of some monitors (subscription and name) began last, or None."""
    query = f"""SELECT m.subscription_id, m.monitor, last.last_run
        FROM unnest(%(ids)s::integer[], %(names)s::text[]) AS m (subscription_id, monitor)
        LEFT JOIN LATERAL ({LATEST}) last ON true"""
    identifiers, names = zip(*monitors, strict=True)
    found = _rows(cursor, query, {"ids": list(identifiers), "names": list(names)})
    return {(row["subscription_id"], row["monitor"]): row["last_run"] for row in found}


def streak(cursor: Cursor, row: dict, kind: str) -> tuple[int, float]:
    """Return how many of the last runs are of a kind, and when the first of them began."""
    asked = {"id": row["subscription_id"], "monitor": row["monitor"], "kind": kind}
    [found] = _rows(cursor, STREAK, asked)
    return found["runs"], found["since"]


def arrivals(cursor: Cursor, row: dict) -> list[float]:
    """Return when the newest rows, or labels, came that a monitor's runs measured, newest first."""
    asked = {"id": row["subscription_id"], "monitor": row["monitor"]}
    return [found["newest"] for found in _rows(cursor, ARRIVALS, asked)]


def _rows(cursor: Cursor, query: str, parameters: dict) -> list[dict]:
    cursor.execute(query, parameters)
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
