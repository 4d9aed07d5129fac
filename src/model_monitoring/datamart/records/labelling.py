"""The one writer of labels: a row keeps its first label, even if others follow."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np
from psycopg2 import sql

from model_monitoring.datamart.postgres import coercing
from model_monitoring.datamart.postgres.columns import TEXT, Values, check
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.wording import shown
from model_monitoring.datamart.records.feedback_formats import hashable
from model_monitoring.datamart.tables.tables import Table

# Classes of booleans may be written as numbers, and numbers as booleans
ALIKE = {"true": "1", "false": "0", "1": "true", "0": "false"}


def checked(table: Table, asset: Mapping, given: Sequence, written: bool = False) -> Values:
    """Turn labels into the values that the model predicts, and check them.

    A label is one of label_values, or what the model predicts for it; "1" and 1.0 are 1, by
    whichever door they come. `written` labels are cells of CSV.

    Raises:
        ValueError: a label is missing or unknown.
    """
    column = table.of("label")[0]
    if asset["label_values"]:
        given = as_predicted(asset, given, asset["label_column"])
    elif written:
        given = [coercing.parsed(cell, column.type) for cell in given]
    if column.type == TEXT:  # blanks around a class don't count
        given = [label.strip() if isinstance(label, str) else label for label in given]
    labels = check(column, list(given), lambda row: f"row {row + 1}")
    if labels.missing is not None:
        raise ValueError(
            f"Row {int(np.argmax(labels.missing)) + 1} of the feedback has no label. Nothing was"
            " stored."
        )
    return labels


def as_predicted(asset: Mapping, given: Sequence, name: str) -> Sequence:
    """Return what the model predicts for labels, where label_values says; `name` is their column.

    Raises:
        ValueError: a label is unknown.
    """
    known = asset["label_values"]
    return _translated(known, given, name) if known else given


def _translated(known: Sequence, given: Sequence, name: str) -> list:
    """Return what the model predicts for each label; None if there is none.

    If a label is also what the model predicts for another, it counts as the label.
    """
    translation = {value: value for _, value in known} | {label: value for label, value in known}
    spelt = {coercing.class_name(label): value for label, value in translation.items()}
    found = [_found(label, translation, spelt) for label in given]
    unknown = {
        shown(label)
        for label, value in zip(given, found, strict=True)
        if value is None and not _is_missing(label)
    }
    if unknown:
        raise ValueError(
            f"Unknown label {', '.join(sorted(unknown)[:5])} in {name!r}; known labels:"
            f" {', '.join(map(repr, translation))}. Nothing was stored."
        )
    return found


def _found(label: object, translation: Mapping, spelt: Mapping[str, object]) -> object:
    """Look a label up as it is, else as it is spelt: 1.0 as 1, True as true or else as 1."""
    if hashable(label) in translation:
        return translation[label]
    with suppress(ValueError):
        text = coercing.class_name(label) or ""
        number = coercing.text(_number(text)) or text
        ways = (label, text, number, ALIKE.get(number))
        return next((spelt[way] for way in ways if hashable(way) in spelt), None)
    return None


def _is_missing(label: object) -> bool:
    return label is None or (isinstance(label, str) and not label.strip())


def _number(text: str) -> float | None:
    with suppress(ValueError):
        return coercing.number(text)
    return None


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
    # The same label may come twice. The clock is read once a row is locked, so that corrections at
    # the same time are listed in the order in which they were made
    statement = """WITH given AS (SELECT DISTINCT record_id, row_number, label FROM {arriving}),
        changed AS (
            SELECT f.record_id, f.row_number, f.{label} AS old, given.label AS new
            FROM given JOIN {feedback} f USING (record_id, row_number)
            WHERE f.{label} IS DISTINCT FROM given.label FOR UPDATE OF f),
        noted AS (INSERT INTO label_change
            (subscription_id, record_id, row_number, old_label, new_label, changed_at)
            SELECT {subscription}, record_id, row_number, old::text, new::text, clock_timestamp()
            FROM changed)
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
