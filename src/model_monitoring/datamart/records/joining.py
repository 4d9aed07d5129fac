"""Labels joined to the rows that were scored, by scoring id."""

from collections.abc import Sequence

import numpy as np
from psycopg2 import sql

from model_monitoring.datamart.entities import StoreReport
from model_monitoring.datamart.postgres.columns import TEXT, Values
from model_monitoring.datamart.postgres.copying import SHORT_INTEGER, copy_in
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.errors import ConflictError
from model_monitoring.datamart.postgres.values import row_id, row_key
from model_monitoring.datamart.postgres.wording import SEVERAL, some
from model_monitoring.datamart.records import labelling
from model_monitoring.datamart.tables import changing
from model_monitoring.datamart.tables.tables import Table

ARRIVING = sql.SQL("joined_label AS arriving")


def join(
    cursor: Cursor, table: Table, scoring_ids: Sequence[str], labels: Values, correcting: bool
) -> StoreReport:
    """Give scored rows their labels; if `correcting`, replace those that they have.

    Raises:
        ValueError: there is no such row, or an id fits two; nothing is stored.
        ConflictError: a row has another label, and `correcting` isn't set; nothing is stored.
    """
    _arrive(cursor, table, scoring_ids, labels)
    _refuse_unknown(cursor)
    _refuse_ambiguous(cursor, table)
    _refuse_contradictions(cursor)
    stored = labelling.keep(cursor, table, ARRIVING)
    if correcting:
        stored += labelling.correct(cursor, table, ARRIVING)
    elif stored < len(scoring_ids):
        _refuse_conflicts(cursor, table)
    return StoreReport(stored, len(scoring_ids) - stored, stored)


def _arrive(cursor: Cursor, table: Table, scoring_ids: Sequence[str], labels: Values) -> None:
    """Put labels beside the requests that they belong to, in `joined_label`."""
    # So that nothing is erased meanwhile
    cursor.execute(changing.locking(exclusive=False), {"id": table.subscription_id})
    label = table.of("label")[0]
    keys, numbers = zip(*map(row_key, scoring_ids), strict=True)
    columns = {
        "scoring_id": (TEXT, Values(np.array(keys, dtype=object))),
        "row_number": (SHORT_INTEGER, Values(np.array(numbers))),
        "label": (label.type, labels),
    }
    definition = """CREATE TEMPORARY TABLE arriving_label
        (scoring_id text COLLATE "C", row_number integer, label {}) ON COMMIT DROP"""
    cursor.execute(sql.SQL(definition).format(sql.SQL(label.type)))
    copy_in(cursor, "arriving_label", columns)
    cursor.execute(
        "ANALYZE arriving_label;"
        " CREATE TEMPORARY TABLE joined_label ON COMMIT DROP AS SELECT a.*, k.record_id"
        " FROM arriving_label a LEFT JOIN scoring_key k ON k.subscription_id = %s"
        " AND k.scoring_id = a.scoring_id"
        " AND a.row_number BETWEEN 1 AND k.row_count AND k.deleted < k.row_count",
        [table.subscription_id],
    )


def _refuse_unknown(cursor: Cursor) -> None:
    cursor.execute(
        "SELECT scoring_id, row_number, count(*) OVER () FROM joined_label"
        f" WHERE record_id IS NULL LIMIT {SEVERAL}"
    )
    if found := cursor.fetchall():
        unknown = [row_id(scoring_id, number) for scoring_id, number, _ in found]
        raise ValueError(
            f"No scored row has scoring id {some(unknown, found[0][2])}. A row's id is the"
            " request's scoring id, a hyphen and the row's number, from 1. Rows that were erased,"
            " or are older than keep_days, take no label any more. Nothing was stored."
        )


def _refuse_ambiguous(cursor: Cursor, table: Table) -> None:
    """Refuse an id that is a row's, and the id of a request of one row as well."""
    cursor.execute(
        "SELECT a.scoring_id, a.row_number FROM joined_label a JOIN scoring_key k"
        " ON k.subscription_id = %s AND k.scoring_id = a.scoring_id || '-' || a.row_number"
        " AND k.deleted < k.row_count LIMIT 1",
        [table.subscription_id],
    )
    if found := cursor.fetchone():
        name = row_id(*found)
        raise ValueError(
            f"Scoring id {name!r} is ambiguous: it is row {found[1]} of request {found[0]!r}, and"
            f" a request of its own, whose rows are {name + '-1'!r} and so on. Log one of them"
            " under another id. Nothing was stored."
        )


def _refuse_contradictions(cursor: Cursor) -> None:
    cursor.execute(
        "SELECT scoring_id, row_number FROM joined_label GROUP BY 1, 2"
        " HAVING count(DISTINCT label) > 1"
    )
    if others := [row_id(*names) for names in cursor.fetchall()]:
        raise ConflictError(
            f"Scoring id {some(others)} has several labels in this call, which differ. Nothing was"
            " stored.",
            others,
        )


def _refuse_conflicts(cursor: Cursor, table: Table) -> None:
    others = [row_id(*names) for names in labelling.conflicts(cursor, table, ARRIVING)]
    if others:
        raise ConflictError(
            f"Scoring id {some(others)} has another label already. To replace it, call"
            " feedback_logging.correct. Nothing was stored.",
            others,
        )
