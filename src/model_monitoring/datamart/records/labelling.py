"""The one writer of labels: a row keeps its first label, even if others follow."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

import numpy as np
from psycopg2 import sql

from model_monitoring.datamart.postgres import coercing
from model_monitoring.datamart.postgres.columns import Values, check
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.wording import shown
from model_monitoring.datamart.records.feedback_formats import hashable
from model_monitoring.datamart.tables.tables import Table


def checked(table: Table, asset: Mapping, given: Sequence, written: bool = False) -> Values:
    """Turn labels into the values that the model predicts, and check them.

    A label is one of label_values, or what the model predicts for it. `written` labels are cells of
    CSV, where 1 is "1".

    Raises:
        ValueError: a label is missing or unknown.
    """
    column = table.of("label")[0]
    if known := asset["label_values"]:
        given = _translated(known, given, asset["label_column"], written)
    elif written:
        given = [coercing.parsed(cell, column.type) for cell in given]
    labels = check(column, list(given), lambda row: f"row {row + 1}")
    if labels.missing is not None:
        raise ValueError(
            f"Row {int(np.argmax(labels.missing)) + 1} of the feedback has no label. Nothing was"
            " stored."
        )
    return labels


def _translated(known: Sequence, given: Sequence, name: str, written: bool) -> list:
    """Return what the model predicts for each label."""
    translation = {label: value for label, value in known} | {value: value for _, value in known}
    if written:
        translation = {coercing.text(label): value for label, value in translation.items()}
        given = [_spelt(cell, translation) for cell in given]
    if unknown := sorted({shown(label) for label in given if hashable(label) not in translation}):
        raise ValueError(
            f"Unknown label {', '.join(unknown[:5])} in {name!r}; known labels:"
            f" {', '.join(map(repr, translation))}. Nothing was stored."
        )
    return [translation[label] for label in given]


def _number(cell: str) -> float | None:
    with suppress(ValueError):
        return coercing.number(cell)
    return None


def _spelt(cell: str, known: Collection[str]) -> str:
    """Return a label of CSV as it is known: 1.0 as 1, True as true or else as 1."""
    number = coercing.text(_number(cell))
    truth = {"true": "1", "false": "0"}.get(cell.lower())
    return next((way for way in (cell, cell.lower(), number, truth) if way in known), cell)


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


def correct(cursor: Cursor, table: Table, arriving: sql.Composable) -> int:
    """Replace the labels of rows that have a different one; return how many those were.

    What they were is kept in label_change.
    """
    statement = """WITH changed AS (
            SELECT f.record_id, f.row_number, f.{label} AS old, arriving.label AS new
            FROM {arriving} JOIN {feedback} f USING (record_id, row_number)
            WHERE f.{label} IS DISTINCT FROM arriving.label FOR UPDATE OF f),
        noted AS (INSERT INTO label_change
            (subscription_id, record_id, row_number, old_label, new_label)
            SELECT {subscription}, record_id, row_number, old::text, new::text FROM changed)
        UPDATE {feedback} f SET {label} = c.new, record_timestamp = now() FROM changed c
        WHERE (f.record_id, f.row_number) = (c.record_id, c.row_number)"""
    names = {"arriving": arriving, "subscription": sql.Literal(table.subscription_id)}
    cursor.execute(sql.SQL(statement).format(**names, **_names(table)))
    return cursor.rowcount


def conflicts(cursor: Cursor, table: Table, arriving: sql.Composable) -> list[tuple[str, int]]:
    """Return scoring id and row number of arriving labels whose rows have a different label."""
    query = """SELECT scoring_id, row_number FROM {arriving}
        JOIN {feedback} f USING (record_id, row_number)
        WHERE f.{label} IS DISTINCT FROM arriving.label"""
    names = {"arriving": arriving} | _names(table)
    cursor.execute(sql.SQL(query).format(**names))
    return cursor.fetchall()


def _names(table: Table) -> dict[str, sql.Composable]:
    return {
        "feedback": sql.Identifier(table.feedback),
        "label": sql.Identifier(table.of("label")[0].column_name),
    }
