"""The one writer of labels: a row keeps its first label, even if others follow."""

from collections.abc import Mapping, Sequence

import numpy as np
from psycopg2 import sql

from model_monitoring.datamart.postgres.columns import Values, check
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.wording import shown
from model_monitoring.datamart.records.feedback_formats import hashable
from model_monitoring.datamart.tables.tables import Table


def checked(table: Table, asset: Mapping, given: Sequence) -> Values:
    """Turn labels into the values that the model predicts, and check them."""
    if known := asset["label_values"]:
        translation = {label: value for label, value in known} | {
            value: value for _, value in known
        }
        if unknown := sorted(
            {shown(label) for label in given if hashable(label) not in translation}
        ):
            raise ValueError(
                f"Unknown label {', '.join(unknown[:5])} in {asset['label_column']!r}; known"
                f" labels: {', '.join(map(repr, translation))}. Nothing was stored."
            )
        given = [translation[label] for label in given]
    labels = check(table.of("label")[0], list(given), lambda row: f"row {row + 1}")
    if labels.missing is not None:
        raise ValueError(
            f"Row {int(np.argmax(labels.missing)) + 1} of the feedback has no label. Nothing was"
            " stored."
        )
    return labels


def keep(cursor: Cursor, table: Table, arriving: sql.Composable) -> int:
    """Store the labels of rows that have none yet; return how many those were.

    `arriving` is SQL that names a table `arriving` of scoring_id, record_id, row_number and label.
    An existing label isn't overwritten: the caller uses `conflicts` to refuse or to report the new
    one.
    """
    statement = """INSERT INTO {feedback} (record_id, row_number, record_timestamp, {label})
        SELECT record_id, row_number, now(), label FROM {arriving} ORDER BY 1, 2
        ON CONFLICT (record_id, row_number) DO NOTHING"""
    cursor.execute(sql.SQL(statement).format(arriving=arriving, **_names(table)))
    return cursor.rowcount


def conflicts(
    cursor: Cursor, table: Table, arriving: sql.Composable, limit: int
) -> list[tuple[str, int]]:
    """Return scoring id and row number of arriving labels whose rows have a different label."""
    query = """SELECT scoring_id, row_number FROM {arriving}
        JOIN {feedback} f USING (record_id, row_number)
        WHERE f.{label} IS DISTINCT FROM arriving.label LIMIT {limit}"""
    names = {"arriving": arriving, "limit": sql.Literal(limit)} | _names(table)
    cursor.execute(sql.SQL(query).format(**names))
    return cursor.fetchall()


def _names(table: Table) -> dict[str, sql.Composable]:
    return {
        "feedback": sql.Identifier(table.feedback),
        "label": sql.Identifier(table.of("label")[0].column_name),
    }
