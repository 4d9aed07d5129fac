"""Requests that come again: a rounded number doesn't make another request of one."""

import math
from collections.abc import Collection, Mapping

import numpy as np
from psycopg2 import sql

from model_monitoring.datamart.postgres.columns import (
    BOOLEAN,
    INTEGER,
    NUMBERS,
    TEXT,
    Values,
    unpacked,
)
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.records.batches import Batch
from model_monitoring.datamart.tables.tables import Table

ROUNDING = 1e-6  # of a number, relatively: float32 has seven digits


def differing(
    cursor: Cursor,
    table: Table,
    batch: Batch,
    values: Mapping[str, Values],
    stored_as: Mapping[int, int],
    first: int,
    never_stored: Collection[str],
) -> list[int]:
    """Return the positions of records that differ from what is stored by more than rounding.

    Args:
        cursor: of the transaction.
        table: the subscription's.
        batch: what came.
        values: its checked values, by field.
        stored_as: by the record's position in the batch, the record id that is stored.
        first: the batch's own first record id; an id may come twice in it.
        never_stored: fields of which nothing can be compared.
    """
    columns = [table.named(name) for name in values if name not in never_stored]
    query = sql.SQL("SELECT record_id, row_number, {} FROM {} WHERE record_id = ANY(%s)").format(
        sql.SQL(", ").join(sql.Identifier(column.column_name) for column in columns),
        sql.Identifier(table.payload),
    )
    cursor.execute(query, [list(stored_as.values())])
    stored: dict[int, dict[int, list]] = {}
    for record_id, number, *row in cursor.fetchall():
        stored.setdefault(record_id, {})[number] = row

    def arrived(position: int) -> dict[int, list]:
        rows = np.flatnonzero(batch.record_of_row == position)
        kinds = [(values[column.name], column.type) for column in columns]
        return {
            int(batch.row_numbers[row]): [value_of(column, kind, row) for column, kind in kinds]
            for row in rows
        }

    def before(record_id: int) -> dict[int, list]:
        own = 0 <= record_id - first < len(batch.scoring_ids)
        return arrived(record_id - first) if own else stored.get(record_id, {})

    return [
        position
        for position, record_id in stored_as.items()
        if not _same_rows(before(record_id), arrived(position))
    ]


def value_of(column: Values, kind: str, row: int) -> object:
    """Return a value as psycopg2 reads it from its column."""
    if column.missing is not None and column.missing[row]:
        return None
    value = column.data[row]
    if kind == TEXT:
        return value.decode()
    if kind == NUMBERS:
        return unpacked(value)
    return {INTEGER: int, BOOLEAN: bool}.get(kind, float)(value)


def _same_rows(stored: Mapping[int, list], arrived: Mapping[int, list]) -> bool:
    return stored.keys() == arrived.keys() and all(
        is_same(one, other)
        for number in stored
        for one, other in zip(stored[number], arrived[number], strict=True)
    )


def is_same(one: object, other: object) -> bool:
    """Say whether two values are the same but for rounding."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=ROUNDING)
    return one == other
