"""Forgetting: single rows on request, columns that may not be kept, and whole months that are past their time."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from psycopg2 import sql

from helpers.datamart import partitions, schema, tables
from helpers.datamart.database import Cursor

if TYPE_CHECKING:
    from helpers.datamart.subscriptions import Subscription

# Tables of all subscriptions that speak of scored rows, by record_id and row_number. What hangs on a row of theirs goes
# with it, by the foreign keys and triggers of their migrations.
SHARED = ("explanation", "review_row")
# Tables that hold values of the payload: explanations, summaries of windows, reasons why captured lines were refused.
HOLDING = ("explanation", "profile", "payload_error")


def erase_records(cursor: Cursor, subscription: "Subscription", scoring_ids: Sequence[str]) -> int:
    """Delete rows by request id (all its rows) or row id (`<scoring id>-<number>`) and return how many there were.

    They go from the payload, its feedback, explanations and reviews. The request's key stays, without content, so that
    the same request sent again isn't stored again.
    """
    table = tables.read(cursor, subscription.subscription_id)
    if table is None:
        return 0
    cursor.execute(
        "CREATE TEMPORARY TABLE erased ON COMMIT DROP AS SELECT DISTINCT k.record_id, k.scored_at, n AS row_number"
        " FROM scoring_key k CROSS JOIN LATERAL generate_series(1, k.row_count) n WHERE k.subscription_id = %(id)s"
        " AND k.scoring_id IN (SELECT i FROM unnest(%(ids)s) i UNION SELECT regexp_replace(i, '-[0-9]+$', '')"
        " FROM unnest(%(ids)s) i) AND (k.scoring_id = ANY(%(ids)s) OR k.scoring_id || '-' || n = ANY(%(ids)s))",
        {"id": subscription.subscription_id, "ids": list(scoring_ids)},
    )
    count = 0
    for name in (table.payload, table.feedback, *SHARED):
        statement = "DELETE FROM {} t USING erased e WHERE t.record_id = e.record_id AND t.row_number = e.row_number"
        if name == table.payload:
            statement += " AND t.scored_at = e.scored_at"  # opens the partitions concerned only
        cursor.execute(sql.SQL(statement).format(sql.Identifier(name)))
        count += cursor.rowcount if name == table.payload else 0
    cursor.execute(
        "UPDATE scoring_key k SET deleted = e.rows FROM (SELECT record_id, count(*) AS rows FROM erased GROUP BY 1) e"
        " WHERE k.record_id = e.record_id"
    )
    return count


def erase_columns(cursor: Cursor, subscription: "Subscription", names: Sequence[str]) -> None:
    """Empty columns of the payload and feedback tables, and delete what holds their values too (HOLDING)."""
    cursor.execute(schema.locking(exclusive=True), {"id": subscription.subscription_id})
    for name in HOLDING:
        statement = sql.SQL("DELETE FROM {} WHERE subscription_id = {}")
        cursor.execute(statement.format(sql.Identifier(name), sql.Literal(subscription.subscription_id)))
    table = tables.read(cursor, subscription.subscription_id)
    for target in (table.payload, table.feedback) if table else ():
        emptied = [sql.SQL("{} = NULL").format(sql.Identifier(table.named(name).column_name)) for name in names]
        cursor.execute(sql.SQL("UPDATE {} SET {}").format(sql.Identifier(target), sql.SQL(", ").join(emptied)))


def expire(cursor: Cursor, subscription_id: int, keep_days: int, now: datetime) -> int:
    """Drop the months of a subscription that lie wholly before `keep_days` ago; return the number of requests gone."""
    boundary = partitions.first_kept(keep_days, now)
    table = tables.read(cursor, subscription_id)
    if table is None:
        return 0
    partitions.drop_before(cursor, table.payload, boundary)
    whose = {"id": sql.Literal(subscription_id), "boundary": sql.Literal(f"{boundary}-01 00:00:00Z")}
    condition = (
        "record_id IN (SELECT record_id FROM scoring_key WHERE subscription_id = {id} AND scored_at < {boundary})"
    )
    old = sql.SQL(condition).format(**whose)
    for name in (table.feedback, *SHARED):
        cursor.execute(sql.SQL("DELETE FROM {} WHERE {}").format(sql.Identifier(name), old))
    statements = """
        DELETE FROM {feedback} WHERE record_id IS NULL AND record_timestamp < {boundary};
        DELETE FROM payload_error WHERE subscription_id = {id} AND happened_at < {boundary}"""
    cursor.execute(sql.SQL(statements).format(feedback=sql.Identifier(table.feedback), **whose))
    cursor.execute(sql.SQL("DELETE FROM scoring_key WHERE {}").format(old))
    return cursor.rowcount


def maintain(cursor: Cursor, now: datetime | None = None) -> dict[str, int]:
    """Make the months to come and drop those past their time; return, by subscription, the number of requests gone."""
    now = now or datetime.now(UTC)
    cursor.execute("SELECT subscription_id, name, keep_days FROM subscription ORDER BY name")
    gone = {}
    for subscription_id, name, keep_days in cursor.fetchall():
        if table := tables.read(cursor, subscription_id):
            partitions.prepare(cursor, table.payload, partitions.months_to_come(now))
            gone[name] = expire(cursor, subscription_id, keep_days, now) if keep_days else 0
    return gone
