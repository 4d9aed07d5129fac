"""The payload and feedback tables of a subscription, and the views over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from psycopg2 import sql

from model_monitoring.datamart.postgres.columns import Column
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.naming import column_names, shortened
from model_monitoring.datamart.postgres.schema import LONGEST_NAME
from model_monitoring.datamart.tables import partitions


@dataclass(frozen=True)
class Table:
    """The columns of a subscription's payload, and its label."""

    subscription_id: int
    columns: tuple[Column, ...]

    @property
    def payload(self) -> str:
        """The name of the payload table."""
        return f"payload_{self.subscription_id}"

    @property
    def feedback(self) -> str:
        """The name of the feedback table."""
        return f"feedback_{self.subscription_id}"

    def of(self, *roles: str) -> list[Column]:
        """Return the columns with these roles, role by role."""
        return [column for role in roles for column in self.columns if column.role == role]

    def named(self, name: str) -> Column:
        """Return the column of the model's field with this name."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in reversed(self.columns)}


def read(cursor: Cursor, subscription_id: int) -> Table | None:
    """Read a subscription's columns from the catalogue; None before its first payload."""
    cursor.execute(
        "SELECT name, column_name, role, type FROM feature WHERE subscription_id = %s"
        " ORDER BY ordinal",
        [subscription_id],
    )
    columns = tuple(Column(*row) for row in cursor.fetchall())
    return Table(subscription_id, columns) if columns else None


def create(
    cursor: Cursor, subscription_id: int, name: str, columns: Sequence[tuple[str, str, str]]
) -> Table:
    """Create a subscription's tables and views; `columns` are (name, role, type)."""
    taken = column_names([column for column, _, _ in columns])
    made = tuple(
        Column(c, unique, role, kind)
        for (c, role, kind), unique in zip(columns, taken, strict=True)
    )
    table = Table(subscription_id, made)
    for ordinal, column in enumerate(made):
        cursor.execute(
            "INSERT INTO feature (subscription_id, ordinal, name, column_name, role, type)"
            " VALUES (%s,%s,%s,%s,%s,%s)",
            [subscription_id, ordinal, column.name, column.column_name, column.role, column.type],
        )
    statements = """
        CREATE TABLE {payload} (
            record_id bigint NOT NULL, row_number integer NOT NULL, scored_at timestamptz NOT NULL,
            deployment_key integer NOT NULL, {payload_columns}) PARTITION BY RANGE (scored_at);
        CREATE TABLE {default} PARTITION OF {payload} DEFAULT;
        CREATE INDEX ON {payload} USING brin (record_id, scored_at) WITH (pages_per_range = 16);
        CREATE TABLE {feedback} (
            record_id bigint, row_number integer, record_timestamp timestamptz NOT NULL,
                {feedback_columns},
            UNIQUE (record_id, row_number))"""
    cursor.execute(
        sql.SQL(statements).format(
            payload=sql.Identifier(table.payload),
            default=sql.Identifier(f"{table.payload}_default"),
            feedback=sql.Identifier(table.feedback),
            payload_columns=_definitions(table.of("feature", "output")),
            feedback_columns=_definitions(table.of("feature", "label")),
        )
    )
    partitions.prepare(cursor, table.payload, partitions.months_to_come())
    create_views(cursor, table, name)
    return table


def _definitions(columns: Sequence[Column]) -> sql.Composable:
    """List columns with their types. A type comes from columns.py, never from user input."""
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column.column_name), sql.SQL(column.type))
        for column in columns
    )


def view_name(kind: str, name: str) -> str:
    """Return the name of a subscription's view: `Payload_<name>`, cut to PostgreSQL's limit."""
    full = f"{kind}_{name}"
    return full if len(full.encode()) <= LONGEST_NAME else shortened(full)


def create_views(cursor: Cursor, table: Table, name: str) -> None:
    """Create the views that have OpenScale's table names and columns."""
    for kind, query in (("Payload", payload_query(table)), ("Feedback", feedback_query(table))):
        cursor.execute(
            sql.SQL("CREATE VIEW {} AS {}").format(sql.Identifier(view_name(kind, name)), query)
        )


def drop_views(cursor: Cursor, name: str) -> None:
    """Drop the views, so that their columns can be changed."""
    for kind in ("Payload", "Feedback"):
        cursor.execute(sql.SQL("DROP VIEW {}").format(sql.Identifier(view_name(kind, name))))


def payload_query(table: Table, source: sql.Composable | None = None) -> sql.Composable:
    """Select OpenScale's payload columns from the payload table, or from a part of it."""
    return sql.SQL("""
        SELECT k.scoring_id || '-' || p.row_number AS scoring_id, p.scored_at AS scoring_timestamp,
               d.deployment_id, d.asset_revision, {columns}
        FROM {source} p JOIN scoring_key k USING (record_id)
        JOIN deployment d ON d.deployment_key = p.deployment_key""").format(
        columns=_listed("p.{0}", table.of("feature", "output", "debiased")),
        source=source or sql.Identifier(table.payload),
    )


def feedback_query(table: Table, source: sql.Composable | None = None) -> sql.Composable:
    """Select OpenScale's feedback columns.

    If a label was joined to a scored row, its features come from that row.
    """
    return sql.SQL("""
        SELECT {features}, {label}, f.record_timestamp
        FROM {source} f LEFT JOIN {payload} p USING (record_id, row_number)""").format(
        features=_listed("coalesce(f.{0}, p.{0}) AS {0}", table.of("feature")),
        label=_listed("f.{0}", table.of("label")),
        source=source or sql.Identifier(table.feedback),
        payload=sql.Identifier(table.payload),
    )


def _listed(template: str, columns: Sequence[Column]) -> sql.Composable:
    return sql.SQL(", ").join(
        sql.SQL(template).format(sql.Identifier(column.column_name)) for column in columns
    )
