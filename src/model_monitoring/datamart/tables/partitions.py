"""Monthly partitions of payload tables, in UTC.

They are created in advance. A default partition takes the times that are far off.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
from psycopg2 import sql

from model_monitoring.analysis.wording import counted
from model_monitoring.datamart.postgres.database import Cursor

MONTHS_AHEAD = 3
# Older rows, and rows from a clock that is far ahead, go to the default partition
MONTHS_BACK = 120


def months_to_come(now: datetime | None = None) -> np.ndarray:
    """Return this month and the next few, as datetime64[M]."""
    now = (now or datetime.now(UTC)).astimezone(UTC)
    return np.datetime64(now.replace(tzinfo=None), "M") + np.arange(MONTHS_AHEAD + 1)


def first_kept(keep_days: int, now: datetime | None = None) -> np.datetime64:
    """Return the first month that is kept."""
    oldest = (now or datetime.now(UTC)).astimezone(UTC) - timedelta(days=keep_days)
    return np.datetime64(oldest.replace(tzinfo=None), "M")


def prepare(
    cursor: Cursor,
    table: str,
    scored_at: np.ndarray,
    keep_days: int | None = None,
    there: set | None = None,
) -> str:
    """Create the partitions for rows of these times (datetime64, UTC).

    Returns the table to write to: the partition if all rows belong to one, else the whole table.
    `there` remembers partitions that are known to exist.

    Raises:
        ValueError: rows are older than what is kept.
    """
    months, ahead = np.unique(scored_at.astype("datetime64[M]")), months_to_come()
    if keep_days and months[0] < first_kept(keep_days):
        raise ValueError(
            f"Rows of {months[0]} are older than what is kept ({counted(keep_days, 'day')})."
            " Nothing was stored."
        )
    wanted = months[(months >= ahead[0] - MONTHS_BACK) & (months <= ahead[-1])]
    target = _name(table, wanted[0]) if len(wanted) == len(months) == 1 else table
    if there is not None and there.issuperset(wanted.tolist()):
        return target
    cursor.execute(
        "SELECT name FROM unnest(%s::text[]) AS name"
        " WHERE to_regclass(format('%%I', name)) IS NULL",
        [[_name(table, month) for month in wanted]],
    )
    lacking = {name for (name,) in cursor.fetchall()}
    if there is not None:
        there.update(month.item() for month in wanted if _name(table, month) not in lacking)
    if lacking:
        # One at a time: a second writer waits here until the first one's transaction ends.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.' || %s, 1))",
            [table],
        )
    for month in [month for month in wanted if _name(table, month) in lacking]:
        _make(cursor, table, month)
    return target


def at_hand(table: str, scored_at: np.ndarray, keep_days: int | None, there: set) -> str | None:
    """Return the partition for rows of these times if it is known to exist, else None.

    `there` are the months whose partitions are. Rows of several months, or of one that isn't kept,
    have none.
    """
    months = np.unique(scored_at.astype("datetime64[M]"))
    old = keep_days and months[0] < first_kept(keep_days)
    if len(months) > 1 or old or months[0].item() not in there:
        return None
    return _name(table, months[0])


def _name(table: str, month: np.datetime64) -> str:
    return f"{table}_{str(month).replace('-', '_')}"


def _make(cursor: Cursor, table: str, month: np.datetime64) -> None:
    """Create one month's partition, and move the rows there that went to the default partition."""
    # Read from the catalogue itself: to_regclass may have cached that there was no partition before
    # we waited for the lock.
    cursor.execute(
        "SELECT 1 FROM pg_class WHERE relname = %s"
        " AND relnamespace = to_regnamespace(quote_ident(current_schema()))",
        [_name(table, month)],
    )
    if cursor.fetchone():
        return
    names = {
        "table": sql.Identifier(table),
        "default": sql.Identifier(f"{table}_default"),
        "partition": sql.Identifier(_name(table, month)),
        "begin": sql.Literal(f"{month}-01 00:00:00+00"),
        "end": sql.Literal(f"{month + 1}-01 00:00:00+00"),
    }
    statements = """
        CREATE TABLE {partition} (LIKE {table});
        WITH moved AS (DELETE FROM {default} WHERE scored_at >= {begin}
            AND scored_at < {end} RETURNING *)
            INSERT INTO {partition} SELECT * FROM moved;
        ALTER TABLE {table} ATTACH PARTITION {partition} FOR VALUES FROM ({begin}) TO ({end})"""
    cursor.execute(sql.SQL(statements).format(**names))


def drop_before(cursor: Cursor, table: str, month: np.datetime64) -> None:
    """Drop the partitions before a month, detached ones too.

    Rows from before it are deleted from the default partition.
    """
    for name in _months(cursor, table):
        if name < _name(table, month):
            cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))
    statement = sql.SQL("DELETE FROM {} WHERE scored_at < {}")
    cursor.execute(
        statement.format(sql.Identifier(f"{table}_default"), sql.Literal(f"{month}-01 00:00:00+00"))
    )


def detached(cursor: Cursor, table: str) -> list[str]:
    """Return the months that were detached from a table.

    Statements on the table don't reach them.
    """
    cursor.execute(
        "SELECT name FROM unnest(%s::text[]) AS name WHERE NOT EXISTS (SELECT FROM pg_inherits"
        " WHERE inhrelid = to_regclass(format('%%I', name)))",
        [_months(cursor, table)],
    )
    return [name for (name,) in cursor.fetchall()]


def _months(cursor: Cursor, table: str) -> list[str]:
    """Return the names of all months of a table, attached or not."""
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ %s"
        " AND relnamespace = to_regnamespace(quote_ident(current_schema())) ORDER BY relname",
        [f"^{table}_[0-9]{{4}}_[0-9]{{2}}$"],
    )
    return [name for (name,) in cursor.fetchall()]
