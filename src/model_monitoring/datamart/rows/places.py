"""Single rows of a payload, although its index is made for long stretches of rows."""

from collections.abc import Sequence

from psycopg2 import sql

from model_monitoring.datamart.postgres.database import Cursor

WHOLE_INDEX = """SELECT brin_summarize_new_values(i.indexrelid) FROM pg_inherits h
    JOIN pg_index i ON i.indrelid = h.inhrelid JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_am m ON m.oid = c.relam WHERE m.amname = 'brin'
        AND h.inhparent = quote_ident(%s)::regclass"""


def prepare(cursor: Cursor, payload: str) -> None:
    """Add the rows since the last vacuum to the index.

    Otherwise PostgreSQL would read every page of those rows.
    """
    cursor.execute(WHOLE_INDEX, [payload])


def find(
    cursor: Cursor, payload: str, columns: Sequence[str], rows: Sequence[dict], lock: str = ""
) -> dict[tuple[int, int], list]:
    """Read columns of some rows, by (record id, row number).

    `rows` have record_id, row_number and scored_at. `lock` is SQL to end the query with. Rows that
    were erased are left out.
    """
    query = "SELECT {} FROM {} WHERE record_id = ANY({}) AND scored_at = ANY({}) " + lock
    listed = sql.SQL(", ").join(map(sql.Identifier, ("record_id", "row_number", *columns)))
    # The times tell PostgreSQL which months to look into
    wanted = [sql.Literal([row[name] for row in rows]) for name in ("record_id", "scored_at")]
    # Without statistics, the planner would not use the index
    cursor.execute("SET LOCAL enable_seqscan = off")
    cursor.execute(sql.SQL(query).format(listed, sql.Identifier(payload), *wanted))
    asked = {(row["record_id"], row["row_number"]) for row in rows}
    return {(r, n): values for r, n, *values in cursor.fetchall() if (r, n) in asked}
