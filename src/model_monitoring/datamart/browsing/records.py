"""Scored rows, labels and explanations, as the REST API lists them."""

from psycopg2 import sql

from model_monitoring.datamart.postgres.database import Cursor, Database
from model_monitoring.datamart.tables import tables


class Records:
    """The content of a subscription's tables, a part at a time."""

    def __init__(self, database: Database):
        self._database = database

    def payload(self, table: tables.Table, limit: int, offset: int) -> tuple[list[str], list]:
        """Return names and values of payload rows, in the order in which they were stored."""
        part = _part(table.payload, "record_id, row_number", limit, offset)
        query = tables.payload_query(table, part)
        return self._listing(table, query, "p.record_id, p.row_number")

    def feedback(self, table: tables.Table, limit: int, offset: int) -> tuple[list[str], list]:
        """Return names and values of feedback rows, oldest first."""
        part = _part(table.feedback, "record_timestamp, record_id, row_number", limit, offset)
        query = tables.feedback_query(table, part)
        return self._listing(table, query, "f.record_timestamp, f.record_id, f.row_number")

    def explanations(
        self, subscription_id: int, scoring_id: str | None, limit: int, offset: int
    ) -> list[dict]:
        """Return explanations, newest first, of one row or of all."""
        if scoring_id is not None and "\0" in scoring_id:
            return []  # no row has such an id, and PostgreSQL would refuse the string
        return self._database.rows(
            """SELECT scoring_id, created_at, asset_revision, content AS explanation
            FROM explanation
            WHERE subscription_id = %s AND (%s IS NULL OR scoring_id = %s)
            ORDER BY created_at DESC, scoring_id LIMIT %s OFFSET %s""",
            [subscription_id, scoring_id, scoring_id, limit, offset],
        )

    def _listing(
        self, table: tables.Table, query: sql.Composable, order: str
    ) -> tuple[list[str], list]:
        names = {column.column_name: column.name for column in table.columns}
        ordered = sql.SQL("{} ORDER BY {}").format(query, sql.SQL(order))

        def work(cursor: Cursor) -> tuple[list[str], list]:
            cursor.execute(ordered)
            found = [names.get(column.name, column.name) for column in cursor.description]
            return found, cursor.fetchall()

        return self._database.run(work)


def _part(table: str, order: str, limit: int, offset: int) -> sql.Composable:
    """Select the rows before anything is joined to them: a table may hold millions."""
    return sql.SQL("(SELECT * FROM {} ORDER BY {} LIMIT {} OFFSET {})").format(
        sql.Identifier(table), sql.SQL(order), sql.Literal(limit), sql.Literal(offset)
    )
