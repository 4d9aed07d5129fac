"""Feedback on cases that the model wasn't asked about: labels with their own features."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from psycopg2 import sql

from model_monitoring.datamart.entities import StoreReport
from model_monitoring.datamart.postgres.columns import TEXT, Column, Values, check, unquoting
from model_monitoring.datamart.postgres.copying import TIMESTAMP, copy_in
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.errors import ConflictError
from model_monitoring.datamart.postgres.values import checked_id
from model_monitoring.datamart.postgres.wording import some
from model_monitoring.datamart.records import content_ids, repeats
from model_monitoring.datamart.records.digests import digest
from model_monitoring.datamart.tables import changing
from model_monitoring.datamart.tables.tables import Table


def keep(
    cursor: Cursor, table: Table, columns: Mapping[str, Sequence], labels: Values
) -> StoreReport:
    """Store labels with their features, each once.

    A row is known by its feedback_id, or without one by its content: the third row of the same
    content in a call is another than the second, and the same call again stores nothing.
    """
    count = len(labels.data)
    cursor.execute(
        f"{changing.locking(exclusive=True)};"
        " SELECT now() AT TIME ZONE 'UTC', never_store FROM subscription"
        " WHERE subscription_id = %(id)s",
        {"id": table.subscription_id},
    )
    if not (found := cursor.fetchone()):
        raise ValueError(
            "The subscription was deleted: add it again to log feedback. Nothing was stored."
        )
    now, never_store = found
    values = {
        column: _checked(column, columns[column.name], never_store)
        for column in table.of("feature")
        if column.name in columns
    }
    label = table.of("label")[0]
    ids = _ids(columns.get("feedback_id"), [*values.items(), (label, labels)])
    known = _known(cursor, table, ids)
    first = {name: row for row, name in reversed(list(enumerate(ids)))}
    new = np.array([r for r, n in enumerate(ids) if n not in known and first[n] == r], int)
    read = [repeats.value_of(labels, label.type, row) for row in range(count)]
    _refuse_conflicts(ids, read, {n: read[row] for n, row in first.items()} | known)
    stored = {
        "record_timestamp": (TIMESTAMP, Values(np.full(count, np.datetime64(now, "us")))),
        "feedback_id": (TEXT, Values(np.array([name.encode() for name in ids], dtype=object))),
        label.column_name: (label.type, labels),
    }
    for column, given in values.items():
        if column.name not in never_store:
            stored[column.column_name] = (column.type, given)
    if len(new):
        copy_in(cursor, table.feedback, {n: (k, v.take(new)) for n, (k, v) in stored.items()})
    return StoreReport(len(new), count - len(new), len(new))


def _checked(column: Column, given: Sequence, never_store: Collection[str]) -> Values:
    """Check a feature's values; an error quotes the value, unless it is never stored."""
    with unquoting(column.name, never_store):
        return check(column, given, lambda row: f"row {row + 1}")


def _ids(given: Sequence | None, columns: list) -> list[str]:
    """Return each row's feedback_id, made of its content if none is given."""
    given = [None] * len(columns[0][1].data) if given is None else given
    contents = zip(given, digest(columns).tolist(), strict=True)
    made = iter(content_ids.numbered([content for name, content in contents if name is None]))
    return [
        next(made) if name is None else checked_id(name, f"row {row}", "feedback_id")
        for row, name in enumerate(given, 1)
    ]


def _known(cursor: Cursor, table: Table, ids: list[str]) -> dict[str, object]:
    """Return the labels of the rows that are stored already, by feedback_id."""
    query = sql.SQL("SELECT feedback_id, {} FROM {} WHERE feedback_id = ANY(%s)")
    names = sql.Identifier(table.of("label")[0].column_name), sql.Identifier(table.feedback)
    cursor.execute(query.format(*names), [ids])
    return dict(cursor.fetchall())


def _refuse_conflicts(ids: list[str], labels: list, known: Mapping[str, object]) -> None:
    """Raise ConflictError if a feedback_id stands for another label already."""
    others = [
        name
        for name, label in zip(ids, labels, strict=True)
        if not repeats.is_same(known[name], label)
    ]
    if others:
        raise ConflictError(
            f"Feedback id {some(sorted(set(others)))} has another label already. Nothing was"
            " stored.",
            others,
        )
