"""Erasing single rows on request, columns that may not be kept, and months that are too old."""

from collections.abc import Sequence
from datetime import UTC, datetime

from psycopg2 import sql

from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.tables import changing, partitions, tables, traces
from model_monitoring.datamart.tables.never_stored import erase_from_monitors, erase_from_reviews

# Tables of all subscriptions that refer to scored rows by record_id and row_number. What depends on
# one of their rows is deleted with it, by the foreign keys and triggers of their migrations.
SHARED = ("explanation", "review_row", "label_change")
# Tables that hold values from the payload: explanations, summaries of windows, reasons why captured
# lines were refused.
HOLDING = ("explanation", "profile", "payload_error")
# Replaces the reason of an error
QUOTED = "Erased together with rows whose values it may have quoted."


def erase_records(cursor: Cursor, subscription_id: int, scoring_ids: Sequence[str]) -> int:
    """Erase rows by request id (all its rows) or row id (`<scoring id>-<number>`).

    Returns the number of rows. They are erased from the payload, its feedback, explanations and
    reviews. Runs whose windows held them keep only their measurements. The request's key stays,
    without content and id, so that the same request isn't stored again.
    """
    cursor.execute(changing.locking(exclusive=True), {"id": subscription_id})
    traces.count_erasure(cursor, subscription_id)
    cursor.execute(
        "UPDATE payload_error SET reason = %s WHERE subscription_id = %s", [QUOTED, subscription_id]
    )
    table = tables.read(cursor, subscription_id)
    if table is None:
        return 0
    cursor.execute(
        "CREATE TEMPORARY TABLE erased ON COMMIT DROP AS"
        " SELECT DISTINCT k.record_id, k.scored_at, n AS row_number"
        " FROM scoring_key k CROSS JOIN LATERAL generate_series(1, k.row_count) n"
        " WHERE k.subscription_id = %(id)s AND k.scoring_id IN (SELECT i FROM unnest(%(ids)s) i"
        " UNION SELECT regexp_replace(i, '-[0-9]+$', '') FROM unnest(%(ids)s) i)"
        " AND (k.scoring_id = ANY(%(ids)s) OR k.scoring_id || '-' || n = ANY(%(ids)s));"
        " CREATE INDEX ON erased (scored_at); ANALYZE erased",
        {"id": subscription_id, "ids": list(scoring_ids)},
    )
    windows = (
        "EXISTS (SELECT FROM erased e WHERE e.scored_at BETWEEN r.window_start AND r.window_end)"
    )
    labels = "(f.record_id, f.row_number) IN (SELECT record_id, row_number FROM erased)"
    _erase_traces(cursor, table, sql.SQL(windows), sql.SQL(labels))
    count = _erase_rows(cursor, table)
    cursor.execute(
        "UPDATE scoring_key k SET scoring_id = "
        + traces.TOMBSTONE.format(uid="s.subscription_uid", id="k.scoring_id")
        + " FROM erased, subscription s WHERE s.subscription_id = %s"
        " AND k.record_id = erased.record_id AND k.deleted >= k.row_count",
        [subscription_id],
    )
    return count


def _erase_rows(cursor: Cursor, table: tables.Table) -> int:
    """Delete the rows listed in `erased`; return how many rows of the payload were deleted.

    The requests' keys count their deleted rows.
    """
    count = 0
    for name in (table.payload, *partitions.detached(cursor, table.payload)):
        statement = """WITH gone AS (DELETE FROM {} t USING erased e WHERE t.record_id = e.record_id
                AND t.row_number = e.row_number AND t.scored_at = e.scored_at RETURNING t.record_id)
            UPDATE scoring_key k SET deleted = deleted + rows
            FROM (SELECT record_id, count(*) AS rows FROM gone GROUP BY 1) g
                WHERE k.record_id = g.record_id
            RETURNING rows"""  # with the time, only the partitions concerned are read
        cursor.execute(sql.SQL(statement).format(sql.Identifier(name)))
        count += sum(rows for (rows,) in cursor.fetchall())
    for name in (table.feedback, *SHARED):
        statement = (
            "DELETE FROM {} t USING erased e WHERE t.record_id = e.record_id"
            " AND t.row_number = e.row_number"
        )
        cursor.execute(sql.SQL(statement).format(sql.Identifier(name)))
    return count


def _erase_traces(
    cursor: Cursor, table: tables.Table, windows: sql.Composable, labels: sql.Composable
) -> None:
    """Empty what was derived from rows that are about to be erased.

    `windows` is a condition on the runs (`r`) whose windows hold the rows, `labels` one on their
    feedback (`f`).
    """
    whose = {"id": sql.Literal(table.subscription_id), "feedback": sql.Identifier(table.feedback)}
    # A failed run has no window, and its error may quote any row.
    runs = sql.SQL("r.subscription_id = {id} AND (r.state = 'failed' OR {windows})").format(
        windows=windows, **whose
    )
    traces.empty_runs(cursor, runs)
    made = """c.subscription_id = {id} AND c.content->>'validation' IS NULL AND EXISTS (
        SELECT FROM {feedback} f WHERE f.record_timestamp <= c.created_at AND {labels})"""
    traces.empty_companion(cursor, sql.SQL(made).format(labels=labels, **whose))


def erase_columns(cursor: Cursor, subscription_id: int, names: Sequence[str]) -> None:
    """Empty columns of the payload and feedback tables.

    What holds or may quote their values elsewhere is emptied too.
    """
    cursor.execute(changing.locking(exclusive=True), {"id": subscription_id})
    traces.count_erasure(cursor, subscription_id)
    for name in HOLDING:
        statement = sql.SQL("DELETE FROM {} WHERE subscription_id = {}")
        cursor.execute(statement.format(sql.Identifier(name), sql.Literal(subscription_id)))
    erase_from_monitors(cursor, subscription_id, names)
    erase_from_reviews(cursor, subscription_id, names)
    table = tables.read(cursor, subscription_id)
    targets = (
        [table.payload, *partitions.detached(cursor, table.payload), table.feedback]
        if table
        else []
    )
    for target in targets:
        emptied = [
            sql.SQL("{} = NULL").format(sql.Identifier(column.column_name))
            for column in table.of("feature", *(["output"] if target != table.feedback else []))
            if column.name in names
        ]
        cursor.execute(
            sql.SQL("UPDATE {} SET {}").format(sql.Identifier(target), sql.SQL(", ").join(emptied))
        )


def expire(cursor: Cursor, subscription_id: int, keep_days: int, now: datetime) -> int:
    """Drop the months of a subscription that end before `keep_days` ago.

    Returns the number of requests dropped.
    """
    boundary = partitions.first_kept(keep_days, now)
    table = tables.read(cursor, subscription_id)
    if table is None:
        return 0
    cursor.execute(changing.locking(exclusive=True), {"id": subscription_id})
    whose = {
        "id": sql.Literal(subscription_id),
        "boundary": sql.Literal(f"{boundary}-01 00:00:00Z"),
    }
    condition = (
        "record_id IN (SELECT record_id FROM scoring_key WHERE subscription_id = {id}"
        " AND scored_at < {boundary})"
    )
    old = sql.SQL(condition).format(**whose)
    cursor.execute(sql.SQL("SELECT EXISTS (SELECT FROM scoring_key WHERE {})").format(old))
    if cursor.fetchone()[0]:
        traces.count_erasure(cursor, subscription_id)
        _erase_traces(cursor, table, sql.SQL("r.window_start < {boundary}").format(**whose), old)
    partitions.drop_before(cursor, table.payload, boundary)
    for name in (table.feedback, *SHARED):
        cursor.execute(sql.SQL("DELETE FROM {} WHERE {}").format(sql.Identifier(name), old))
    statements = """
        DELETE FROM {feedback} WHERE record_id IS NULL AND record_timestamp < {boundary};
        DELETE FROM payload_error WHERE subscription_id = {id} AND happened_at < {boundary}"""
    cursor.execute(sql.SQL(statements).format(feedback=sql.Identifier(table.feedback), **whose))
    cursor.execute(sql.SQL("DELETE FROM scoring_key WHERE {}").format(old))
    return cursor.rowcount


def maintain(cursor: Cursor, now: datetime | None = None) -> dict[str, int]:
    """Create the coming months and drop those that are too old.

    Returns the number of requests dropped, by subscription.
    """
    now = now or datetime.now(UTC)
    cursor.execute("SELECT subscription_id, name, keep_days FROM subscription ORDER BY name")
    gone = {}
    for subscription_id, name, keep_days in cursor.fetchall():
        if table := tables.read(cursor, subscription_id):
            partitions.prepare(cursor, table.payload, partitions.months_to_come(now))
            gone[name] = expire(cursor, subscription_id, keep_days, now) if keep_days else 0
    return gone
