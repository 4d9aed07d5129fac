"""Claiming the scoring ids of a batch, so that each request is stored once."""

from collections.abc import Mapping, Sequence

import numpy as np
from psycopg2 import errors

from model_monitoring.datamart.postgres.columns import INTEGER, TEXT, Values
from model_monitoring.datamart.postgres.copying import SHORT_INTEGER, TIMESTAMP, copy_in
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.inserting import insert
from model_monitoring.datamart.records.batches import Batch

Columns = Mapping[str, tuple[str, Values]]


def keys(
    subscription_id: int,
    scoring_ids: Sequence[str],
    batch: Batch,
    record_ids: np.ndarray,
    digests: np.ndarray,
    deployments: np.ndarray,
) -> Columns:
    """Lay out the keys of a batch.

    Every writer goes in the order of ids, so that two writers with the same ids never wait for each
    other.
    """
    ids = np.array([scoring_id.encode() for scoring_id in scoring_ids], dtype=object)
    order = np.argsort(ids, kind="stable")
    untimed = np.array([time is None for time in batch.response_times])
    times = np.array([time or 0 for time in batch.response_times])
    return {
        "record_id": (INTEGER, Values(record_ids[order])),
        "subscription_id": (SHORT_INTEGER, Values(np.full(len(ids), subscription_id))),
        "scoring_id": (TEXT, Values(ids[order])),
        "scored_at": (TIMESTAMP, Values(batch.scored_at[order])),
        "row_count": (SHORT_INTEGER, Values(batch.row_counts[order])),
        "digest": (INTEGER, Values(digests[order])),
        "response_time": (SHORT_INTEGER, Values(times, untimed).take(order)),
        "deployment_key": (SHORT_INTEGER, Values(deployments[order])),
    }


def insert_new(cursor: Cursor, columns: Columns, target: str, rows: Columns) -> bool:
    """Store keys and rows of a few requests that most likely are new; say whether they were.

    It needs a savepoint, `claim`. If an id is already there, nothing is stored.
    """
    try:
        insert(cursor, {"scoring_key": columns, target: rows})
    except errors.UniqueViolation:
        cursor.execute("ROLLBACK TO SAVEPOINT claim")
        return False
    return True


def claim(
    cursor: Cursor, columns: Columns, first: int, maybe_all: bool
) -> tuple[np.ndarray, dict[int, int]]:
    """Claim the ids of a batch, whose first record id is `first`; return which records are new.

    Of those that aren't, it returns which have another digest than what is stored: by position in
    the batch, the record id that is stored.

    It needs a savepoint, `claim`. If `maybe_all`, as usual, are new, their keys are written at
    once, at COPY's speed. Only if one is already there does the slower way find out which.
    """
    count = len(columns["record_id"][1].data)
    if maybe_all:
        try:
            copy_in(cursor, "scoring_key", columns)
        except errors.UniqueViolation:
            cursor.execute("ROLLBACK TO SAVEPOINT claim")
        else:
            return np.ones(count, dtype=bool), {}
    cursor.execute(
        "CREATE TEMPORARY TABLE arriving_key (LIKE scoring_key INCLUDING DEFAULTS) ON COMMIT DROP"
    )
    copy_in(cursor, "arriving_key", columns)
    cursor.execute(
        "INSERT INTO scoring_key SELECT * FROM arriving_key ORDER BY scoring_id ON CONFLICT"
        " DO NOTHING"
    )
    cursor.execute(
        "SELECT a.record_id - %s, k.record_id, a.digest <> k.digest"
        "  AND NOT (k.digest = 0 AND k.deleted > 0)"  # as `retyping` leaves it
        " FROM arriving_key a"
        " JOIN scoring_key k USING (subscription_id, scoring_id) WHERE a.record_id <> k.record_id",
        [first],
    )
    known = cursor.fetchall()
    new = np.ones(count, dtype=bool)
    new[[position for position, _, _ in known]] = False
    return new, {position: stored for position, stored, differs in known if differs}
