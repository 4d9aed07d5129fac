"""After erasing: what PostgreSQL itself keeps of the rows, dead versions and column statistics."""

import warnings

import psycopg2
from psycopg2 import sql

from model_monitoring.datamart.postgres.database import Cursor, Database
from model_monitoring.datamart.postgres.errors import DataMartError

CLEARS_STATISTICS = 180_000  # the first version in which statistics can be deleted


def sweep(database: Database, subscription_id: int) -> None:
    """Vacuum the tables that hold anything of a subscription, and renew their statistics.

    Statistics quote values. If something goes wrong, it is only a warning: the rows are already
    erased.
    """
    others = rf"^(payload|feedback)_(?!{subscription_id}(_|$))\d"
    try:
        names = [row["relname"] for row in database.rows(
            "SELECT relname FROM pg_class"
            " WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind = 'r'"
            " AND relname !~ %s ORDER BY relname", [others])]  # fmt: skip
        listed = sql.SQL(", ").join(map(sql.Identifier, names))
        database.run_alone(sql.SQL("VACUUM (ANALYZE) {}").format(listed))
        database.run(lambda cursor: _renew_whole(cursor, f"payload_{subscription_id}"))
        database.run(lambda cursor: _clear_empty(cursor, names))
    except (psycopg2.Error, DataMartError) as error:
        said = str(error).strip()
        warnings.warn(
            "The rows are erased, but cleaning up their space failed: run VACUUM ANALYZE."
            f" PostgreSQL: {said}",
            stacklevel=2,
        )


def _renew_whole(cursor: Cursor, payload: str) -> None:
    """Renew the statistics of a partitioned table as a whole, if it has any."""
    cursor.execute(
        "SELECT FROM pg_stats WHERE schemaname = current_schema() AND tablename = %s AND inherited"
        " LIMIT 1",
        [payload],
    )
    if cursor.fetchone() is not None:
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(payload)))


def _clear_empty(cursor: Cursor, names: list[str]) -> None:
    """Delete the statistics of tables without rows: ANALYZE doesn't renew those."""
    if cursor.connection.server_version < CLEARS_STATISTICS:
        return
    cursor.execute(
        "SELECT DISTINCT tablename FROM pg_stats WHERE schemaname = current_schema()"
        " AND tablename = ANY(%s)",
        [names],
    )
    for (name,) in cursor.fetchall():
        cursor.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(name)))
        if not cursor.fetchone()[0]:
            cursor.execute(
                "SELECT pg_clear_attribute_stats(schemaname, tablename, attname, inherited)"
                " FROM pg_stats WHERE schemaname = current_schema() AND tablename = %s",
                [name],
            )
