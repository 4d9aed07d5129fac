"""Single rows of a payload, whose index is made for long stretches of it."""

from collections.abc import Sequence

from psycopg2 import sql

from model_monitoring.datamart.postgres.database import Cursor

WHOLE_INDEX = """SELECT brin_summarize_new_values(i.indexrelid) FROM pg_inherits h
    JOIN pg_index i ON i.indrelid = h.inhrelid JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_am m ON m.oid = c.relam WHERE m.amname = 'brin'
        AND h.inhparent = quote_ident(%s)::regclass"""


def prepare(cursor: Cursor, payload: str) -> None:
    """Have the index know the rows that came since the last vacuum: of those it would have to read
    every page.
    """
    cursor.execute(WHOLE_INDEX, [payload])


def find(
    cursor: Cursor, payload: str, columns: Sequence[str], rows: Sequence[dict], lock: str = ""
) -> dict[tuple[int, int], list]:
    """Read columns of some rows, given with record_id, row_number and scored_at, by (record id, row
    number).

    `lock` is SQL that ends the query. Rows that were erased are left out.
    """
    query = "SELECT {} FROM {} WHERE record_id = ANY({}) AND scored_at = ANY({}) " + lock
    listed = sql.SQL(", ").join(map(sql.Identifier, ("record_id", "row_number", *columns)))
    # Times: which months
    wanted = [sql.Literal([row[name] for row in rows]) for name in ("record_id", "scored_at")]
    # Without statistics, the planner takes the index for useless
    cursor.execute("SET LOCAL enable_seqscan = off")
    cursor.execute(sql.SQL(query).format(listed, sql.Identifier(payload), *wanted))
    asked = {(row["record_id"], row["row_number"]) for row in rows}
    return {(r, n): values for r, n, *values in cursor.fetchall() if (r, n) in asked}
