"""Locking the shape of a subscription's tables while they are written, and adding a column."""

from psycopg2 import sql

from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.naming import column_names
from model_monitoring.datamart.tables import tables


def locking(exclusive: bool) -> str:
    """Return SQL that locks the shape of a subscription's tables until the transaction ends.

    The subscription is `%(id)s`.
    """
    function = "pg_advisory_xact_lock" if exclusive else "pg_advisory_xact_lock_shared"
    return f"SELECT {function}(hashtextextended(current_schema() || '.payload_' || %(id)s, 2))"


def add_column(cursor: Cursor, table: tables.Table, name: str, role: str, kind: str) -> None:
    """Add a column to the payload table; a feature is added to the feedback table too."""
    unique = column_names([name], {column.column_name for column in table.columns})[0]
    for target in [table.payload] + [table.feedback] * (role == "feature"):
        statement = sql.SQL("ALTER TABLE {} ADD COLUMN {} {}")
        cursor.execute(
            statement.format(sql.Identifier(target), sql.Identifier(unique), sql.SQL(kind))
        )
    cursor.execute(
        "INSERT INTO feature SELECT %s, max(ordinal) + 1, %s, %s, %s, %s FROM feature"
        " WHERE subscription_id = %s",
        [table.subscription_id, name, unique, role, kind, table.subscription_id],
    )
