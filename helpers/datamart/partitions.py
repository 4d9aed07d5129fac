"""Monthly partitions of payload tables: made ahead, with a default one for times far off."""

from datetime import UTC, datetime

import numpy as np
from psycopg2 import sql

from helpers.datamart.database import Cursor

MONTHS_AHEAD = 3
MONTHS_BACK = 120  # older rows, and rows of a clock that runs far ahead, go to the default partition


def this_month() -> np.datetime64:
    """Return the current month, in UTC."""
    return np.datetime64(datetime.now(UTC).replace(tzinfo=None), "M")


def prepare(cursor: Cursor, table: str, scored_at: np.ndarray) -> None:
    """Make the partitions that rows of these times (datetime64, UTC) need, and those of the months to come."""
    now = this_month()
    wanted = np.union1d(np.unique(scored_at.astype("datetime64[M]")), now + np.arange(MONTHS_AHEAD + 1))
    wanted = wanted[(wanted >= now - MONTHS_BACK) & (wanted <= now + MONTHS_AHEAD)]
    cursor.execute("SELECT to_regclass(format('%%I', name)) IS NULL FROM unnest(%s) WITH ORDINALITY AS t(name, n)"
                   " ORDER BY n", [[_name(table, month) for month in wanted]])  # fmt: skip
    lacking = [month for month, (is_lacking,) in zip(wanted, cursor.fetchall(), strict=True) if is_lacking]
    if lacking:
        # One at a time: another writer may be at it, and waits here for the transaction to end.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.' || %s, 1))", [table])
    for month in lacking:
        _make(cursor, table, month)


def _name(table: str, month: np.datetime64) -> str:
    return f"{table}_{str(month).replace('-', '_')}"


def _make(cursor: Cursor, table: str, month: np.datetime64) -> None:
    """Make one month's partition and move over what had gone to the default one meanwhile."""
    names = {
        "table": sql.Identifier(table),
        "default": sql.Identifier(f"{table}_default"),
        "partition": sql.Identifier(_name(table, month)),
        "begin": sql.Literal(f"{month}-01 00:00:00+00"),
        "end": sql.Literal(f"{month + 1}-01 00:00:00+00"),
    }
    cursor.execute("SELECT to_regclass(format('%%I', %s::text))", [_name(table, month)])
    if cursor.fetchone()[0]:
        return
    statements = """
        CREATE TABLE {partition} (LIKE {table});
        WITH moved AS (DELETE FROM {default} WHERE scored_at >= {begin} AND scored_at < {end} RETURNING *)
            INSERT INTO {partition} SELECT * FROM moved;
        ALTER TABLE {table} ATTACH PARTITION {partition} FOR VALUES FROM ({begin}) TO ({end})"""
    cursor.execute(sql.SQL(statements).format(**names))
