"""The one writer of labels: a row keeps its first label, even if others follow."""

from collections.abc import Mapping, Sequence

import numpy as np
from psycopg2 import sql

from model_monitoring.datamart.postgres import coercing
from model_monitoring.datamart.postgres.columns import Values, check
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.wording import shown, some
from model_monitoring.datamart.records.feedback_formats import hashable
from model_monitoring.datamart.tables.tables import Table


def checked(table: Table, asset: Mapping, given: Sequence) -> Values:
    """Turn labels into the values that the model predicts, and check them.

    A label is one of label_values, or what the model predicts for it, in any type: "1" is 1.

    Raises:
        ValueError: a label is missing or unknown.
    """
    if known := asset["label_values"]:
        given = _translated(known, given, asset["label_column"])
    labels = check(table.of("label")[0], list(given), lambda row: f"row {row + 1}")
    if labels.missing is not None:
        raise ValueError(
            f"Row {int(np.argmax(labels.missing)) + 1} of the feedback has no label. Nothing was"
            " stored."
        )
    return labels


def _translated(known: Sequence, given: Sequence, name: str) -> list:
    """Return what the model predicts for each label."""
    exact = {value: value for _, value in known} | {label: value for label, value in known}
    by_text = {coercing.text(value): value for _, value in known}
    by_text |= {coercing.text(label): value for label, value in known}
    if 0 in exact and 1 in exact:
        by_text = {"true": exact[1], "false": exact[0]} | by_text

    def translate(label: object) -> object:
        if (key := hashable(label)) in exact:
            return exact[key]
        try:
            written = coercing.text(label)
        except ValueError:
            raise KeyError from None
        return None if written is None else by_text[written]

    found, unknown = [], set()
    for label in given:
        try:
            found.append(translate(label))
        except KeyError:
            unknown.add(shown(label))
    if unknown:
        raise ValueError(
            f"Unknown label {some(sorted(unknown))} in {name!r};"
            f" known are {some(list(exact))}. Nothing was stored."
        )
    return found


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
